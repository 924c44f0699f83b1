"""Judges the calls of a window, part by part, and ends it with its result and its fact.

First every call is recorded for the caps, then each is judged against those before it: whatever order CXone
lists calls in, a call sees all earlier ones of its window. Both can be done again, and come to the same.
Calls of other windows that began later and were recorded first, as another campaign's of the same hour, were
judged without these: their hours are judged again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from botocore.exceptions import ClientError

from outbound.call_audit.call_judge import CallJudge, Knowledge
from outbound.call_audit.calls import Call, calls_of
from outbound.call_audit.consent_then import ConsentThen
from outbound.call_audit.ledger import AuditLedger, Claim, LostLease, NotClaimed
from outbound.call_audit.marks import AuditMarks
from outbound.call_audit.metrics import CallAuditMetric
from outbound.call_audit.results import PartResult, Results
from outbound.call_audit.tally import tally_of
from outbound.call_audit.windows import PulledWindow, pulled_window
from outbound.calling.attempts import CAPS_LOOK_BACK, KEPT, RecentAttempts, RecordedAttempt
from outbound.calling.places import Places
from outbound.calling.profile import CallingProfile
from outbound.calling.settings import ComplianceSettings
from outbound.clock import Clock, Deadline, format_time
from outbound.compliance.contact import Campaign
from outbound.compliance.decision import Judge
from outbound.events import Event, new_event
from outbound.events.facts.calls import AuditedWindow, CallsAudited
from outbound.logs import logger
from outbound.metrics import measure
from outbound.queues import Refused, TryLater
from outbound.runtime import Runtime
from outbound.store.consents import Consents
from outbound.store.objects import Lake
from outbound.store.outbox import Outbox
from outbound.store.registry import Registry

# A part of 10,000 calls takes some seconds, a minute where the history of every contact has to be read; with
# less time left (seconds) a run hands over.
_PART_SECONDS = 45.0
# The claim outlives the invocation.
_LEASE_MARGIN = 15.0
_AGAIN_SECONDS = 1.0
# Objects of a window that is pulled again are replaced within seconds.
_REPLACED_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class _Rules:
    """By what the calls of a campaign are judged."""

    campaign: Campaign
    judge: Judge
    version: str
    number_column: str


class Auditor:
    """Judges windows."""

    def __init__(
        self,
        ledger: AuditLedger,
        lake: Lake,
        registry: Registry,
        known: Knowledge,
        marks: AuditMarks,
        outbox: Outbox,
        clock: Clock,
    ) -> None:
        """Judge the calls of this lake.

        Args:
            ledger: How far each window is, and whose calls they are.
            lake: Where calls are read and judgements written.
            registry: What campaigns say of their calls.
            known: What calls are judged by; the calls of a window are added to the attempts.
            marks: Which hours are to be judged again.
            outbox: Publishes facts of the ledger's items.
            clock: The time.
        """
        self._ledger = ledger
        self._lake = lake
        self._results = Results(lake)
        self._registry = registry
        self._known = known
        self._marks = marks
        self._outbox = outbox
        self._clock = clock

    @classmethod
    def of(cls, runtime: Runtime) -> Auditor:
        """Return the auditor of a stack."""
        return cls(
            AuditLedger(runtime.state, runtime.tenant),
            runtime.lake,
            runtime.registry,
            Knowledge(
                ConsentThen(Consents(runtime.consent, runtime.tenant, runtime.clock)),
                RecentAttempts(runtime.state, runtime.tenant),
                Places.of(runtime),
            ),
            AuditMarks(runtime.state, runtime.bus, runtime.tenant, runtime.clock),
            runtime.outbox,
            runtime.clock,
        )

    def audit(
        self,
        manifest: str,
        settings: ComplianceSettings,
        deadline: Deadline,
        since: datetime | None = None,
        correlation_id: str = "",
    ) -> None:
        """Judge the calls of a window that was pulled, unless that was done.

        Args:
            manifest: The key of the window's manifest.
            settings: The rules of calling.
            deadline: When the work is to be handed over.
            since: Judged before that it is judged again: more is known now.
            correlation_id: What asked for it.

        Raises:
            TryLater: Time is up, another run has the window, or it is just being replaced.
            Refused: The lake has no such manifest.
        """
        while True:
            document = self._lake.read_document(manifest)
            if document is None:
                raise Refused(f"the lake has no manifest {manifest[:200]}: it has expired, or never was")
            window = pulled_window(manifest, document)
            claim = self._ledger.claim(window, self._clock.now(), deadline.left() + _LEASE_MARGIN, since)
            if isinstance(claim, NotClaimed):
                if claim.done:
                    self._outbox.publish_left(self._ledger.key(window))
                    return
                raise TryLater(claim.seconds, "another run judges the calls of the same window")
            self._work(claim, settings, deadline, correlation_id)

    def _work(
        self, claim: Claim, settings: ComplianceSettings, deadline: Deadline, correlation_id: str
    ) -> None:
        rules = self._rules(claim.window, settings)
        try:
            claim = self._record(claim, rules, deadline)
            claim = self._judge(claim, rules, deadline)
            self._finish(claim, rules, correlation_id)
        except LostLease:
            raise TryLater(_AGAIN_SECONDS, "another run took the window over") from None
        except ClientError as error:
            if error.response["Error"]["Code"] != "NoSuchKey":
                raise
            self._ledger.release(claim)
            raise TryLater(_REPLACED_SECONDS, "a part of the window is being replaced") from error

    def _rules(self, window: PulledWindow, settings: ComplianceSettings) -> _Rules:
        registered = self._registry.get(window.campaign_id)
        profile = CallingProfile.model_validate(registered.calling if registered else {})
        # What closes a window early is for calls to come: of one that was made its start counts.
        policy = replace(settings.policy, closing_margin_seconds=0)
        return _Rules(
            profile.campaign(), Judge(settings.rules, policy), settings.rules.version, settings.number_column
        )

    def _record(self, claim: Claim, rules: _Rules, deadline: Deadline) -> Claim:
        """Record the calls for the caps, from the part on that an earlier run had come to."""
        for part in claim.window.parts[claim.work.recorded :]:
            self._hand_over(claim, deadline)
            calls = self._calls(part.key, rules)
            made, mark = self._made(claim.window, calls, rules), partial(self._mark, claim.window)
            self._known.attempts.add(made, self._clock.now(), mark)
            claim = self._ledger.check_off(claim, recorded=claim.work.recorded + 1)
        return claim

    def _mark(self, window: PulledWindow, later: Iterable[RecordedAttempt]) -> None:
        """Mark the hours of calls that were judged without an earlier one; this window's are still to be."""
        hours = {
            (one.campaign_id, one.at.replace(minute=0, second=0, microsecond=0))
            for one in later
            if one.campaign_id != window.campaign_id or not window.start <= one.at < window.end
        }
        for campaign_id, hour in sorted(hours):
            self._marks.mark(campaign_id, hour)

    def _made(
        self, window: PulledWindow, calls: Iterable[Call], rules: _Rules
    ) -> dict[str, list[RecordedAttempt]]:
        made: dict[str, list[RecordedAttempt]] = defaultdict(list)
        for call in calls:
            if call.contact_id:
                made[call.contact_id].append(call.attempt(window.campaign_id, rules.campaign.subject))
        return made

    def _judge(self, claim: Claim, rules: _Rules, deadline: Deadline) -> Claim:
        """Judge the calls, from the part on that an earlier run had come to."""
        window = claim.window
        # The calls before an older one are forgotten.
        since = self._clock.now() - KEPT + CAPS_LOOK_BACK
        judge = CallJudge(window.campaign_id, rules.campaign, rules.judge, self._known, since)
        for part in window.parts[claim.work.judged :]:
            self._hand_over(claim, deadline)
            tally = tally_of(claim.work.tally)
            result = PartResult(rules.campaign, window.campaign_id)
            for judgements in judge.judge(self._calls(part.key, rules)):
                result.add(judgements)
                for judgement in judgements:
                    tally.add(judgement)
            pages = {**claim.work.pages, str(part.page): self._results.stage(window, part.page, result)}
            claim = self._ledger.check_off(
                claim, judged=claim.work.judged + 1, tally=tally.document(), pages=pages
            )
        if not window.parts:
            claim = self._ledger.check_off(claim, tally=tally_of({}).document())
        return claim

    def _calls(self, key: str, rules: _Rules) -> list[Call]:
        """Return the calls of a part, some ten thousand."""
        return list(calls_of(self._lake.lines(key), rules.number_column))

    def _finish(self, claim: Claim, rules: _Rules, correlation_id: str) -> None:
        """Put the judgements into their place, and end the window with its fact."""
        window = claim.window
        document = self._lake.read_document(window.manifest) or {}
        if claim.work.changes is None:
            if document.get("generation") != window.generation:
                # Pulled again meanwhile: some parts may be of one generation and some of the other.
                self._ledger.release(claim)
                raise TryLater(_AGAIN_SECONDS, "the window was pulled again while it was judged")
            claim = self._ledger.check_off(claim, changes=self._results.changes(claim))
        changes = claim.work.changes or {}
        facts: list[Event] = []
        if not changes["same"]:
            result = self._results.switch(claim, rules.version)
            facts = [self._fact(claim, result, rules, correlation_id)]
        now = self._clock.now()
        item = self._ledger.complete(claim, facts, now)
        self._results.remove_staged(claim)
        _measure(claim)
        self._outbox.publish_or_leave(self._ledger.key(window), item)

    def _fact(self, claim: Claim, result: str, rules: _Rules, correlation_id: str) -> Event:
        window, tally, changes = claim.window, claim.work.tally, claim.work.changes or {}
        fact = CallsAudited(
            campaign_id=window.campaign_id,
            job_id=window.job_id,
            window=AuditedWindow(start=format_time(window.start), end=format_time(window.end)),
            generation=window.generation,
            revision=changes["revision"],
            result=result,
            calls=tally["calls"],
            clean=tally["clean"],
            violations=tally["violation"],
            new_violations=changes["new_violations"],
            cannot_be_judged=tally["cannot_be_judged"],
            by_violation=tally["by_violation"],
            by_reason=tally["by_reason"],
            recorded_after_the_call=tally["recorded_after_the_call"],
            purpose=rules.campaign.purpose.value,
            rules_version=rules.version,
        )
        effect = [window.job_id, str(window.generation), str(changes["revision"])]
        return new_event(fact, self._ledger.tenant, self._clock.now(), effect, correlation_id)

    def _hand_over(self, claim: Claim, deadline: Deadline) -> None:
        """Leave the rest to the next run where too little time is left for a part."""
        if deadline.left() < _PART_SECONDS:
            self._ledger.release(claim)
            raise TryLater(_AGAIN_SECONDS, "the next run resumes the window")


def _measure(claim: Claim) -> None:
    """Count what is new: a window that is judged again counts once."""
    changes = claim.work.changes or {}
    measure(CallAuditMetric.CALLS_JUDGED, changes["more_calls"])
    measure(CallAuditMetric.CALL_VIOLATIONS, changes["new_violations"])
    measure(CallAuditMetric.CALLS_NOT_JUDGED, changes["more_not_judged"])
    # The dashboard sums these lines up by campaign, which as a dimension would be a metric each.
    said = {"campaign_id": claim.window.campaign_id, "violations": changes["new_violations"]}
    logger.info("calls were judged", extra=said)
