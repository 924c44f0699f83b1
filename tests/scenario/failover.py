"""A campaign's success collapses, its backup takes over, once, and it takes over again when it has recovered.

The tenant's time runs sixty times faster here: a window of five minutes is five seconds. It sends its metrics
by webhook as it does its states, so nothing waits for the next time that they are asked for.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from scenario.cast import PRIMARY, RENEWALS_LIST, SELLER, STAND_IN, Cast
from scenario.verdict import audited
from scenario.webhooks import Row

_SPEED = 60.0
_WINDOW_MINUTES = 5
# A failover has to be complete before the next may begin, and its ticks may be killed.
_COOL_DOWN_SECONDS, _WITHIN_SECONDS = 40.0, 120.0
# Between two ticks of the schedule, which the story does not wait a minute for: each takes four calls and
# more of the hundred that campaigns have a minute.
_TICK_SECONDS = 5.0

States = Mapping[str, str]
_AS_BEGUN: States = {PRIMARY: "ACTIVE", STAND_IN: "PAUSED"}
_FAILED_OVER: States = {PRIMARY: "PAUSED", STAND_IN: "ACTIVE"}


def prepare_failover(cast: Cast) -> None:
    """Register a campaign with a backup, and let a failover take seconds where it takes minutes."""
    cast.operator.configure(
        "campaigns",
        {
            "failover": {
                "window_minutes": _WINDOW_MINUTES,
                "cool_down_minutes": _COOL_DOWN_SECONDS / 60,
                "complete_within_minutes": _COOL_DOWN_SECONDS / 60,
                "fail_back": True,
            }
        },
    )
    about = ("--disabled", "--purpose", "telemarketing", "--seller", SELLER, "--subject", "autumn offers")
    hours = ("--list", RENEWALS_LIST, "--time-zone", _zone_of_noon())
    cast.operator.run("campaigns", "register", STAND_IN, *about, *hours)
    cast.operator.run("campaigns", "register", PRIMARY, *about, *hours, "--backup", STAND_IN)
    cast.tenant.follow_script(STAND_IN, "healthy", speed=_SPEED)
    for campaign_id in (PRIMARY, STAND_IN):
        cast.tenant.announce_states(campaign_id)


def fail_over_and_back(cast: Cast) -> list[Row]:
    """Play the collapse and the recovery, and give what came of each."""
    cast.tenant.follow_script(PRIMARY, "healthy", speed=_SPEED)
    rows = [_row(cast, "does well", "stays", _ticks(cast, _AS_BEGUN, at_least=2), _AS_BEGUN)]
    cast.tenant.follow_script(PRIMARY, "collapse", speed=_SPEED)
    rows.append(_row(cast, "collapses", "gives way", _ticks(cast, _FAILED_OVER), _FAILED_OVER))
    cast.tenant.follow_script(PRIMARY, "recovery", speed=_SPEED)
    rows.append(_row(cast, "recovers", "dials again", _ticks(cast, _AS_BEGUN), _AS_BEGUN))
    rows.append(_told(cast))
    return rows


def _zone_of_noon() -> str:
    """Return a zone in which it is about noon now, so that the story can be played at any hour."""
    ahead = 12 - datetime.now(UTC).hour
    # The names count westwards: Etc/GMT+5 is five hours behind.
    return "Etc/GMT" if ahead == 0 else f"Etc/GMT{-ahead:+d}"


def _ticks(cast: Cast, wanted: States, at_least: int = 1) -> States:
    """Let the schedule tick until the campaigns are as wanted, or time is up; return how they are."""
    stop, ticks = time.monotonic() + _WITHIN_SECONDS, 0
    while True:
        for campaign_id in wanted:
            cast.tenant.emit_metrics(campaign_id, _WINDOW_MINUTES)
        cast.stack.fire("monitor_campaigns")
        ticks += 1
        time.sleep(_TICK_SECONDS)
        states = {one: cast.tenant.campaign_status(one).status for one in wanted}
        if (states == wanted and ticks >= at_least) or time.monotonic() > stop:
            return states


def _row(cast: Cast, does: str, then: str, states: States, wanted: States) -> Row:
    shown = ", ".join(f"{one} {state.lower()}" for one, state in states.items())
    return Row("tenant", f"{PRIMARY} {does}", f"{then}: {shown}", states == wanted)


def _told(cast: Cast) -> Row:
    """Compare what was switched with what was said: each once."""

    def asked(campaign_id: str) -> list[str]:
        return [one.status for one in cast.tenant.campaign_status(campaign_id).changes]

    switched = (asked(PRIMARY), asked(STAND_IN))
    facts = _until(lambda: _facts(cast), lambda found: len(found) >= 2)
    directions = sorted(fact["data"]["direction"] for fact in facts)
    once = switched == (["PAUSED", "ACTIVE"], ["ACTIVE", "PAUSED"])
    as_meant = once and directions == ["fail_back", "fail_over"]
    return Row("all", "failovers", f"{len(facts)} said, {sum(map(len, switched))} commands", as_meant)


def _facts(cast: Cast) -> Sequence[Mapping[str, Any]]:
    told = (event for event in audited(cast) if event["event_type"] == "campaign.failed_over")
    return [fact for fact in told if fact["data"]["campaign_id"] in (PRIMARY, STAND_IN)]


def _until(found: Callable[[], Any], enough: Callable[[Any], bool]) -> Any:
    stop = time.monotonic() + _WITHIN_SECONDS
    while True:
        seen = found()
        if enough(seen) or time.monotonic() > stop:
            return seen
        time.sleep(1)
