"""May this contact be called now, and if not, why, and when next?

    where is it?   zones and states, each with its source                       situation
    consent        do-not-call, revoked, missing, ended, of the wrong kind      consent
    checks         registry, reassigned numbers                                 consent
    bans, holds    of a state; an emergency has an end                          here
    caps           rolling, per person and subject                              caps
    window         open in every pair of zone and rule                          openings

Every rule is evaluated and every refusal has a name. Not legal advice.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from outbound.compliance.caps import Cap, Made, caps_of, made_calls
from outbound.compliance.consent import refusals_of, refusals_of_checks
from outbound.compliance.contact import Campaign, Checks, ConsentView, Contact, Kind, Policy, Purpose
from outbound.compliance.hours import local_date
from outbound.compliance.openings import Closed, Openings
from outbound.compliance.places import ZONES
from outbound.compliance.rules import FEDERAL_CITATION, UNKNOWN, Hold, Row, Rules
from outbound.compliance.situation import Situation, situation_of

# Refusals of contacts that have had the calls that a cap allows.
CAPPED = frozenset({"cap_24h", "cap_day", "cap_week", "cap_conversation"})
# Refusals that time alone lifts; with any other there is no next opening.
PASSING = CAPPED | {"outside_window", "weekday", "holiday", "emergency_hold"}
# Each round moves past one window, hold or cap.
_MAX_ROUNDS = 200


@dataclass(frozen=True, slots=True)
class Refusal:
    """One reason against a call."""

    name: str
    message: str
    citation: str = ""


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether a contact may be called, with everything that it rests on.

    `callable_until` is the end of the opening, exact to the second; `next_opening` the first moment at which
    everything that passes has passed. `zones` and `states` map names to their sources.
    """

    refusals: tuple[Refusal, ...]
    callable_until: datetime | None
    next_opening: datetime | None
    zones: dict[str, str]
    states: dict[str, str]
    rows: tuple[str, ...]
    rules_version: str

    @property
    def callable(self) -> bool:
        """Whether the call may be made."""
        return not self.refusals


class Judge:
    """Decides by one set of rules and one policy; makes no call and keeps no state."""

    def __init__(self, rules: Rules, policy: Policy | None = None) -> None:
        """Decide by these rules."""
        self._rules = rules
        self._policy = policy or Policy()

    def decide(
        self,
        campaign: Campaign,
        contact: Contact,
        at: datetime,
        consent: ConsentView | None = None,
        checks: Checks | None = None,
        *,
        foresee: bool = True,
    ) -> Decision:
        """Decide about a call at a moment, timezone-aware. Without `consent` nothing is said of consent.

        An opening is asked itself before it is promised, unless nothing can be other by then: another rule
        may be in force, a grant may have ended, or a cap may apply whose attempts are unknown. Without
        `foresee` neither the end of an opening nor the next one is looked for, as of a call that was made.
        """
        decision = self._decide_at(campaign, contact, at, consent, checks, foresee)
        opening = decision.next_opening
        if opening is None or self._is_the_same_at(opening, decision, consent, checks):
            return decision
        for _ in range(_MAX_ROUNDS):
            then = self._decide_at(campaign, contact, opening, consent, checks)
            if then.callable or then.next_opening is None:
                return replace(decision, next_opening=opening if then.callable else None)
            opening = then.next_opening
        return replace(decision, next_opening=None)

    def situation(self, campaign: Campaign, contact: Contact) -> Situation:
        """Return where a contact may be, as a decision about a call of a campaign sees it."""
        return situation_of(contact, campaign, self._policy)

    def fewest_calls(self, campaign: Campaign, states: Collection[str]) -> float:
        """Return how many calls a contact in these states must have had for any cap to ask when they were."""
        # Of every day's rows: which of them hold is not asked.
        rows = [row for state in (*states, UNKNOWN) for row in self._rules.of_state(state)]
        return min((cap.calls for cap in caps_of(campaign, rows) if cap.calls), default=float("inf"))

    def _is_the_same_at(
        self, opening: datetime, decision: Decision, consent: ConsentView | None, checks: Checks | None
    ) -> bool:
        """Return True if what holds at an opening is what held when it was looked for: rows and consent."""
        grant = consent.grant if consent else None
        if checks is not None or (grant and grant.expires_at and grant.expires_at <= opening):
            return False
        rows = self._rows(tuple(decision.states), decision.zones, opening.timestamp())
        return tuple(row.id for row in rows) == decision.rows

    def _decide_at(
        self,
        campaign: Campaign,
        contact: Contact,
        at: datetime,
        consent: ConsentView | None,
        checks: Checks | None,
        foresee: bool = True,
    ) -> Decision:
        """Decide by the rules as they are at that moment, also about what comes next."""
        moment = at.timestamp()
        situation = self.situation(campaign, contact)
        states = tuple(situation.states)
        rows = self._rows(states, situation.zones, moment)
        openings = Openings(
            tuple(situation.zones), states, self._rules, campaign.window, self._policy.closing_margin_seconds
        )
        caps, made = list(caps_of(campaign, rows)), made_calls(contact, campaign)
        closed, closes = openings.at(moment)
        refusals = [
            *(Refusal(*found) for found in self._consent(campaign, at, consent, checks)),
            *_bans(rows, campaign, contact, consent),
            *self._holds(states, moment),
            *_capped(caps, made, contact, moment),
            *_closed(situation, closed),
        ]
        until = opening = None
        if not foresee:
            pass
        elif not refusals:
            until = self._until(closes, states, consent, moment)
        elif all(refusal.name in PASSING for refusal in refusals):
            opening = self._next(openings, states, caps, made, moment)
        return Decision(
            tuple({(one.name, one.message): one for one in refusals}.values()),
            _moment(until),
            _moment(opening),
            situation.zones,
            situation.states,
            tuple(row.id for row in rows),
            self._rules.version,
        )

    def _rows(self, states: tuple[str, ...], zones: Collection[str], moment: float) -> list[Row]:
        """Return the rows that hold: a day may have begun in one of the zones and not in another."""
        days = {local_date(moment, zone) for zone in zones or ("UTC",)}
        found = [self._rules.row(state, day) for state in states for day in sorted(days)]
        return list({row.id: row for row in found}.values())

    def _consent(
        self, campaign: Campaign, at: datetime, consent: ConsentView | None, checks: Checks | None
    ) -> Iterator[tuple[str, str, str]]:
        if consent is not None:
            yield from refusals_of(consent, campaign, self._policy, at)
        if consent is not None or checks is not None:
            written = _is_written(consent)
            exempt = written or campaign.purpose is not Purpose.TELEMARKETING
            yield from refusals_of_checks(checks or Checks(), exempt, self._policy, at)

    def _holds(self, states: tuple[str, ...], moment: float) -> Iterator[Refusal]:
        for hold in self._holds_of(states):
            if hold.starts.timestamp() <= moment < hold.ends.timestamp():
                yield Refusal("emergency_hold", hold.reason, hold.citation)

    def _holds_of(self, states: tuple[str, ...]) -> Iterator[Hold]:
        if not self._rules.holds:
            return iter(())
        # Of whom the state is not known may be in any.
        anywhere = any(state not in ZONES for state in states)
        return (hold for hold in self._rules.holds if anywhere or not set(states).isdisjoint(hold.states))

    def _until(
        self, closes: float, states: tuple[str, ...], consent: ConsentView | None, moment: float
    ) -> float:
        ends = [closes]
        ends += [
            hold.starts.timestamp() for hold in self._holds_of(states) if hold.starts.timestamp() > moment
        ]
        if consent and consent.grant and consent.grant.expires_at:
            ends.append(consent.grant.expires_at.timestamp())
        return min(ends)

    def _next(
        self,
        openings: Openings,
        states: tuple[str, ...],
        caps: Sequence[Cap],
        made: Made,
        moment: float,
    ) -> float | None:
        """Return the first moment at which window, holds and caps all allow a call."""
        for _ in range(_MAX_ROUNDS):
            later: list[float | None] = [openings.next_open(moment)]
            later += [cap.free_at(made, moment) for cap in caps]
            later += [
                hold.ends.timestamp()
                for hold in self._holds_of(states)
                if hold.starts.timestamp() <= moment < hold.ends.timestamp()
            ]
            if None in later:
                return None
            latest = max(each for each in later if each is not None)
            if latest == moment:
                return moment
            moment = latest
        return None


def _bans(
    rows: list[Row], campaign: Campaign, contact: Contact, consent: ConsentView | None
) -> Iterator[Refusal]:
    """A ban is of unsolicited sales calls to mobiles: written consent makes a call one that was asked for."""
    if campaign.purpose is not Purpose.TELEMARKETING or contact.mobile is False:
        return
    if consent is None or _is_written(consent):
        return
    for row in rows:
        if row.unsolicited_mobile_ban:
            message = f"{row.state}: unsolicited sales calls to a mobile are banned at any hour"
            yield Refusal("state_ban", message, row.citation)


def _capped(caps: list[Cap], made: Made, contact: Contact, moment: float) -> Iterator[Refusal]:
    if caps and contact.attempts is None:
        yield Refusal("attempts_unknown", "there is a cap, and the calls that were made are unknown")
        return
    for cap in caps:
        free = cap.free_at(made, moment)
        if free is None or free > moment:
            hours = round(cap.seconds / 3600)
            what = "conversation" if cap.conversations else f"{cap.calls} calls"
            yield Refusal(cap.name, f"{what} within {hours} hours", cap.citation)


def _closed(situation: Situation, found: list[Closed]) -> Iterator[Refusal]:
    if situation.abroad_problem:
        yield Refusal("not_us_number", situation.abroad_problem)
    if situation.zone_problem:
        yield Refusal("zone_unknown", situation.zone_problem)
        return
    for closed in found:
        citation = closed.citation or FEDERAL_CITATION
        yield Refusal(closed.name, f"closed in {closed.zone} by {closed.row_id or 'the campaign'}", citation)


def _is_written(consent: ConsentView | None) -> bool:
    return bool(consent and consent.grant and consent.grant.kind is Kind.WRITTEN)


def _moment(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(0, UTC) + timedelta(seconds=seconds)
