"""Decides on failovers and takes their steps: written down first, then paused, then started, then said.

    cause is proven --> the backup is looked at, its list and its two days of metrics --> decided again
                    --> written down, if nothing has changed since --> stepped
    a failover that is under way --> how both campaigns are says which step is next --> stepped

A tick that is cut off anywhere leaves what the next tick finds: a step that was taken is seen to have been.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from outbound.campaign_records.journals import CampaignJournal, Result
from outbound.campaign_records.switches import FailoverRecord, Switches, SwitchRecord
from outbound.campaigns.monitoring.failover_facts import ended_fact, evidence_of, said_of
from outbound.campaigns.monitoring.looks import Look, Looks
from outbound.clock import Clock, format_time
from outbound.events import deterministic_id
from outbound.logs import logger
from outbound.runtime import Runtime
from outbound.steering.failover import Action, Decision, Direction, Pair, decide
from outbound.steering.settings import FailoverSettings
from outbound.steering.situation import NOT_DIALLING, CampaignState, Situation
from outbound.steering.switch import ENDS, NextStep, Step, Switch, next_step
from outbound.steering.transitions import Party, StateDecision, Target
from outbound.store.outbox import Outbox

BACKUP_SHARED = "backup_shared"
"""Why there is no fail-back: the backup dials for another campaign as well."""

# A switch has two steps, each of which is seen to have been taken; then it is complete.
_MAX_STEPS = 4
# The number of the pause that withdraws a start; the first pause is that of the other campaign.
_WITHDRAWAL = 1
_DIRECTIONS = {Action.FAIL_OVER: Direction.FAIL_OVER, Action.FAIL_BACK: Direction.FAIL_BACK}
_TARGETS = {Step.PAUSE: Target.PAUSED, Step.RESUME: Target.ACTIVE}


@dataclass(frozen=True, slots=True)
class FailoverState:
    """How the failover of a campaign stands, and what was decided; None while one is under way."""

    record: FailoverRecord
    decision: Decision | None = None
    waits_for: tuple[str, ...] = ()
    """What keeps the one that is under way from its next step."""


class Failovers:
    """Moves the calls of campaigns to their backups and back, in one tick."""

    def __init__(
        self,
        switches: Switches,
        looks: Looks,
        outbox: Outbox,
        tenant: str,
        settings: FailoverSettings,
        clock: Clock,
    ) -> None:
        """Decide by these looks; write down to these switches, whose facts this outbox publishes."""
        self._with_backups = _with_backups(switches.all())
        self._switches = switches
        self._looks = looks
        self._outbox = outbox
        self._tenant = tenant
        self._settings = settings
        self._clock = clock

    @classmethod
    def of(cls, runtime: Runtime, looks: Looks, settings: FailoverSettings) -> Failovers:
        """Return the failovers of one tick."""
        switches = Switches(runtime.state, runtime.tenant)
        return cls(switches, looks, runtime.outbox, runtime.tenant, settings, runtime.clock)

    def tend(self, look: Look, record: FailoverRecord) -> FailoverState:
        """Take the next steps of a campaign's failover, or decide whether there is to be one, and return it.

        Args:
            look: The campaign that has a backup, or a failover that is under way.
            record: What is kept of its failover.
        """
        if record.last and record.last.ended is None:
            return self._go_on(record, record.last)
        decision, pair = self._decide(look, record)
        direction = _DIRECTIONS.get(decision.action)
        if direction is None or pair.backup is None or decision.cause is None:
            return FailoverState(record, decision)
        shared = self._with_backups.get(pair.backup.campaign_id, set()) - {look.campaign_id}
        if direction is Direction.FAIL_BACK and shared:
            # The backup has the calls of another campaign too: to pause it would leave those without one.
            return FailoverState(record, None, (BACKUP_SHARED,))
        ids = (look.campaign_id, pair.backup.campaign_id)
        leaving, taking_over = ids if direction is Direction.FAIL_OVER else ids[::-1]
        now = self._clock.now()
        opened = self._switches.open(
            look.campaign_id,
            Switch(direction, leaving, taking_over, now),
            evidence_of(decision.cause),
            deterministic_id("failover", self._tenant, look.campaign_id, format_time(now)),
            record,
        )
        if opened is None:
            # Another tick began one, or a person holds it by now: the next tick sees which.
            return FailoverState(record, decision)
        extra = {"campaign_id": look.campaign_id, "direction": direction.value, "taking_over": taking_over}
        logger.warning("a failover begins", extra=extra)
        return self._go_on(replace(record, last=opened), opened)

    def _decide(self, look: Look, record: FailoverRecord) -> tuple[Decision, Pair]:
        """Decide on what is known; where there is cause, again on all that can be known."""
        backup_id = look.profile.backup_campaign_id
        moved = bool(record.last and record.last.switch.direction is Direction.FAIL_OVER)
        backup = None
        if backup_id:
            is_looked_at = moved and look.situation.state is not CampaignState.ACTIVE
            backup = (
                self._looks.at(backup_id).situation
                if is_looked_at
                else Situation(backup_id, CampaignState.UNKNOWN)
            )
        pair = Pair(
            look.situation,
            backup,
            record.last.last if record.last else None,
            record.hold is not None,
            look.profile.failover_threshold,
        )
        decision = decide(pair, self._settings, self._clock.now())
        if decision.action is Action.NONE or backup is None:
            return decision, pair
        if look.situation.state is CampaignState.ACTIVE:
            pair = replace(pair, backup=self._looks.ready_to_start(backup_id))
        else:
            pair = replace(pair, primary=self._looks.ready_to_start(look.campaign_id))
        return decide(pair, self._settings, self._clock.now()), pair

    def _go_on(self, record: FailoverRecord, last: SwitchRecord) -> FailoverState:
        before: Step | None = None
        waits_for: tuple[str, ...] = ()
        for _ in range(_MAX_STEPS):
            last, following = self._next(last)
            waits_for = tuple(each.value for each in following.refusals)
            if following.step in ENDS:
                return FailoverState(replace(record, last=self._end(last, following.step, waits_for)))
            if following.step is Step.WAIT or following.step is before:
                break
            before = following.step
            self._take(last, following.step)
        return FailoverState(replace(record, last=last), None, waits_for)

    def _next(self, last: SwitchRecord) -> tuple[SwitchRecord, NextStep]:
        switch, now = last.switch, self._clock.now()
        leaving = self._looks.at(switch.leaving_id).situation
        taking_over = self._looks.at(switch.taking_over_id).situation
        if leaving.state in NOT_DIALLING:
            if not switch.paused:
                last = self._switches.note_paused(last)
            if taking_over.state is not CampaignState.ACTIVE:
                taking_over = self._looks.ready_to_start(switch.taking_over_id)
        decided = [
            _newest_other(self._looks.journal_of(each), switch)
            for each in (switch.leaving_id, switch.taking_over_id)
        ]
        newest_other = max((moment for moment in decided if moment), default=None)
        return last, next_step(last.switch, leaving, taking_over, newest_other, self._settings, now)

    def _take(self, last: SwitchRecord, step: Step) -> None:
        """Decide the one step, and have CXone do it."""
        switch, target = last.switch, _TARGETS[step]
        campaign_id = switch.leaving_id if step is Step.PAUSE else switch.taking_over_id
        number = _refused(self._looks.journal_of(campaign_id), last, target)
        self._looks.control.request(
            campaign_id,
            StateDecision(last.decision_id(target, number), target, switch.decided_at, Party.FAILOVER),
            reason=said_of(last),
            requested_by="failover",
            correlation_id=last.correlation_id,
            situation=self._looks.at(campaign_id).situation,
        )
        self._looks.again(campaign_id)

    def _withdraw(self, last: SwitchRecord) -> None:
        """Let a start that is decided, and that CXone has not done yet, not be done later either.

        A pause of the same moment counts before it, and not before what was decided since.
        """
        campaign_id, target = last.switch.taking_over_id, Target.ACTIVE
        known = self._looks.journal_of(campaign_id)
        note = known.note_of(last.decision_id(target, _refused(known, last, target)))
        if note is None or note.result is not Result.PENDING:
            return
        decision_id = last.decision_id(Target.PAUSED, _WITHDRAWAL)
        self._looks.control.request(
            campaign_id,
            StateDecision(decision_id, Target.PAUSED, last.switch.decided_at, Party.FAILOVER),
            reason="the failover was not completed",
            requested_by="failover",
            correlation_id=last.correlation_id,
        )
        self._looks.again(campaign_id)

    def _end(self, last: SwitchRecord, step: Step, refusals: Sequence[str]) -> SwitchRecord:
        if step is not Step.COMPLETE:
            self._withdraw(last)
        now = self._clock.now()
        fact = ended_fact(last, step, refusals, self._tenant, now)
        item = self._switches.end(last, step, refusals, [fact], now)
        if item is None:
            return self._switches.get(last.primary_id).last or last
        extra = {"campaign_id": last.primary_id, "end": step.value, "refusals": list(refusals)}
        logger.warning("a failover has come to its end", extra=extra)
        self._outbox.publish_or_leave(self._switches.key(last.primary_id), item)
        return replace(last, ended=step, ended_at=now, refusals=tuple(refusals))


def _with_backups(records: Iterable[FailoverRecord]) -> Mapping[str, set[str]]:
    """Return by backup the campaigns whose calls are with it, or on their way there."""
    moved: dict[str, set[str]] = {}
    for record in records:
        last = record.last
        if last and last.switch.direction is Direction.FAIL_OVER and last.ended in (None, Step.COMPLETE):
            moved.setdefault(last.switch.taking_over_id, set()).add(record.primary_id)
    return moved


def _newest_other(known: CampaignJournal, switch: Switch) -> datetime | None:
    """Return when a decision about a campaign was last made beside those of a switch."""
    if known.journal is None:
        return None
    others = tuple(
        each
        for each in known.journal.decisions
        if not (each.party is Party.FAILOVER and each.decided_at == switch.decided_at)
    )
    return replace(known.journal, decisions=others).newest().decided_at


def _refused(known: CampaignJournal, last: SwitchRecord, target: Target) -> int:
    """Return how many decisions of a switch were refused: the next one is another decision."""
    number = 0
    while (note := known.note_of(last.decision_id(target, number))) and note.result is Result.REFUSED:
        number += 1
    return number
