"""`outbound campaigns pause` and `resume`, and what `show` says of decisions about a campaign's state."""

from __future__ import annotations

import argparse
import secrets
from typing import Any

from outbound.campaign_ids import is_campaign_id
from outbound.campaign_records.journals import DecisionNote, Journals, Result
from outbound.campaigns.control.transition_facts import explained, not_done
from outbound.cli.errors import REFUSED
from outbound.cli.output import Output
from outbound.cli.stack import Stack
from outbound.cli.wait_option import add_wait, awaited
from outbound.clock import format_time
from outbound.events import EventType, event_of_type
from outbound.events.requests.by_type import validated
from outbound.steering.transitions import Target, wanted_state
from outbound.store.holds import Holds

_WAIT_SECONDS = 300
# So many of the latest decisions are shown.
_SHOWN = 10


def add_steering(commands: Any) -> None:
    """Add these commands to their group."""
    for name, target, text in (
        ("pause", Target.PAUSED, "have a campaign begin no more calls, registered or not"),
        ("resume", Target.ACTIVE, "have a campaign dial again: within its hours, and where nothing holds it"),
    ):
        command = commands.add_parser(name, help=text)
        command.add_argument("campaign_id", metavar="ID", help="its id in CXone")
        command.add_argument("--reason", required=True, metavar="TEXT", help="why, for the audit")
        command.add_argument(
            "--by", default="operator", metavar="ROLE", help="who, for the audit: a role, no name (operator)"
        )
        add_wait(command, "CXone does it, or why not", _WAIT_SECONDS)
        command.set_defaults(run=_request, target=target)


def _request(stack: Stack, chosen: argparse.Namespace, output: Output) -> int | None:
    campaign_id, target = chosen.campaign_id, chosen.target
    if not is_campaign_id(campaign_id):
        raise ValueError(
            f"{campaign_id!r} is not the id of a campaign; `outbound campaigns list` has the ids"
        )
    given = {"target_state": target.value, "reason": chosen.reason, "requested_by": chosen.by}
    data = validated(EventType.TRANSITION_REQUESTED, {"campaign_id": campaign_id, **given})
    now = stack.clock.now()
    # Asking twice is two requests: the second may come after another party did the opposite.
    event = event_of_type(EventType.TRANSITION_REQUESTED, stack.tenant, now, [secrets.token_hex(16)], data)
    stack.bus.publish([event])
    if not chosen.wait:
        output.said(
            f"asked for {campaign_id} to be {target}; see whether it is:"
            f" outbound campaigns show {campaign_id}",
            campaign_id=campaign_id,
            request_id=event.event_id,
            result=None,
        )
        return None
    return _result(campaign_id, target, _awaited(stack, campaign_id, event.event_id, chosen.wait), output)


def _awaited(stack: Stack, campaign_id: str, decision_id: str, seconds: int) -> DecisionNote:
    """Return what became of a decision."""
    journals = Journals(stack.state, stack.tenant)

    def look() -> tuple[DecisionNote | None, str]:
        note = journals.get(campaign_id).note_of(decision_id)
        if note is None:
            return None, f"the request {decision_id} waits in the queue"
        is_known = note.result is not Result.PENDING
        return (note if is_known else None), f"{decision_id} is decided, and CXone does not do it yet"

    goes_on = f"outbound campaigns show {campaign_id}, outbound queues list"
    return awaited(stack.clock, seconds, look, goes_on)


def _result(campaign_id: str, target: Target, note: DecisionNote, output: Output) -> int | None:
    values: dict[str, Any] = {"campaign_id": campaign_id, "request_id": note.decision.decision_id}
    values |= {"result": note.result.value, "reasons": list(note.refusals)}
    if note.result is Result.APPLIED:
        output.said(f"{campaign_id} is {target}", **values)
        return None
    why = explained(campaign_id, note.refusals) or "a newer decision counts"
    output.said(f"{not_done(campaign_id, target)}: {why}", **values)
    return REFUSED


def steering_of(stack: Stack, campaign_id: str) -> dict[str, Any] | None:
    """Return what is wanted of a campaign, who holds it and what was decided; None where nothing is known."""
    known = Journals(stack.state, stack.tenant).get(campaign_id)
    holds = Holds(stack.state, stack.tenant).of_campaign(campaign_id)
    held_by = [hold.owner for hold in holds if not hold.releasing]
    if not known.revision and not held_by:
        return None
    wanted = wanted_state(known.journal, held_by) if known.journal else None
    return {
        "wanted": wanted.value if wanted else None,
        "held_by": held_by,
        "in_doubt": known.is_in_doubt(stack.clock.now()),
        "decisions": [_decision(note) for note in reversed(known.notes[-_SHOWN:])],
    }


def _decision(note: DecisionNote) -> dict[str, Any]:
    return {
        "at": format_time(note.decision.decided_at),
        "target": note.decision.target.value,
        "party": note.decision.party.value,
        "requested_by": note.requested_by or None,
        "reason": note.reason or None,
        "result": note.result.value,
        "refusals": list(note.refusals),
        "request_id": note.decision.decision_id,
    }
