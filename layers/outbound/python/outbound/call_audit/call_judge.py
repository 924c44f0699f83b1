"""Was a call allowed when it began? Its contact's consent, attempts and zones, and the rules of that day.

    refused by a rule, by consent, by a cap      violation, with the names
    something that a rule needs is not known     cannot be judged, with the reasons
    neither                                      clean

A call is judged as of its start and without the margin that closes a window early for calls to come.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from outbound.call_audit.calls import Call
from outbound.call_audit.consent_then import ConsentBasis, ConsentThen, Moment, basis_of
from outbound.calling.attempts import CAPS_LOOK_BACK, RecentAttempts, RecordedAttempt
from outbound.calling.consent_view import view_of
from outbound.calling.places import Place, Places
from outbound.clock import format_time
from outbound.compliance.contact import Attempt, Campaign, Contact
from outbound.compliance.decision import Decision, Judge
from outbound.store.consent_state import Consent

NOT_PROVEN = frozenset(
    {"zone_unknown", "attempts_unknown", "not_us_number", "registry_stale", "number_check_stale"}
)
"""Refusals that keep a call from being made, and that prove nothing of one that was."""

CONTACT_UNKNOWN = "contact_unknown"
"""The record of a call names no contact."""

# Calls whose contacts' consent and attempts are read together.
_BATCH = 500
_REFUSED = frozenset({"do_not_call", "consent_revoked", "contact_deleted"})
_BY_CONSENT = _REFUSED | {"consent_expired", "consent_kind_insufficient", "consent_other_seller"}


class Verdict(StrEnum):
    """How a call is judged."""

    CLEAN = "clean"
    VIOLATION = "violation"
    NOT_JUDGED = "cannot_be_judged"


@dataclass(frozen=True, slots=True)
class Judgement:
    """A call, how it is judged, and what that rests on."""

    call: Call
    decision: Decision
    violations: tuple[str, ...]
    not_proven: tuple[str, ...]
    consent: tuple[ConsentBasis, ...] = ()
    recorded_after_the_call: bool = False

    @property
    def verdict(self) -> Verdict:
        """How the call is judged: one violation is enough, whatever else cannot be judged."""
        if self.violations:
            return Verdict.VIOLATION
        return Verdict.NOT_JUDGED if self.not_proven else Verdict.CLEAN

    def row(self, campaign: Campaign, campaign_id: str) -> dict[str, Any]:
        """Return the judgement as a row of the lake."""
        refusals = self.decision.refusals
        return {
            "call_id": self.call.call_id,
            "campaign_id": campaign_id,
            "contact_id": self.call.contact_id or None,
            "started_at": format_time(self.call.started_at),
            "verdict": self.verdict.value,
            "violations": self.violations,
            "not_proven": self.not_proven,
            "reasons": list(dict.fromkeys(refusal.message for refusal in refusals)),
            "citations": list(dict.fromkeys(one.citation for one in refusals if one.citation)),
            "rule_rows": self.decision.rows,
            "rules_version": self.decision.rules_version,
            "purpose": campaign.purpose.value,
            "zones": self.decision.zones,
            "states": self.decision.states,
            "consent": [
                {name: getattr(each, name) for name in ConsentBasis.__slots__} for each in self.consent
            ],
            "recorded_after_the_call": self.recorded_after_the_call,
        }


@dataclass(frozen=True, slots=True)
class Knowledge:
    """Where what calls are judged by is read."""

    consents: ConsentThen
    attempts: RecentAttempts
    places: Places


class CallJudge:
    """Judges the calls of one campaign."""

    def __init__(
        self, campaign_id: str, campaign: Campaign, judge: Judge, known: Knowledge, attempts_since: datetime
    ) -> None:
        """Judge by these rules, whose closing margin has to be none, and by what is known now.

        Of calls before `attempts_since` caps cannot be judged: the calls before them are forgotten.
        """
        self._campaign_id = campaign_id
        self._campaign = campaign
        self._judge = judge
        self._known = known
        self._attempts_since = attempts_since

    def judge(self, calls: Sequence[Call]) -> Iterator[list[Judgement]]:
        """Judge the calls of a part, some hundred at a time.

        Their places are read at once: a segment is read from one end to the other for a few as for many.
        """
        contacts = {call.contact_id for call in calls if call.contact_id}
        places = self._known.places.of_contacts(self._campaign_id, contacts)
        for first in range(0, len(calls), _BATCH):
            yield self._batch(calls[first : first + _BATCH], places)

    def _batch(self, calls: Sequence[Call], places: Mapping[str, Place]) -> list[Judgement]:
        consents = self._known.consents.at({_moment(call) for call in calls if call.contact_id})
        merged: dict[str, tuple[str, ...]] = {}
        for (contact_id, _), consent in consents.items():
            merged[contact_id] = max(merged.get(contact_id, ()), consent.merged, key=len)
        attempts = self._known.attempts.of_persons(merged)
        judged = [
            self._judged(call, consents[_moment(call)], attempts[call.contact_id], places)
            if call.contact_id
            else self._of_unknown_contact(call)
            for call in calls
        ]
        return self._with_proofs(judged, consents)

    def _judged(
        self,
        call: Call,
        consent: Consent,
        made: Sequence[RecordedAttempt],
        places: Mapping[str, Place],
    ) -> Judgement:
        place = places.get(call.contact_id)
        known = place.contact() if place else Contact(call.contact_id)
        contact = replace(known, numbers=known.numbers or _numbers(call), attempts=self._before(call, made))
        decision = self._judge.decide(
            self._campaign,
            contact,
            call.started_at,
            view_of(consent, self._campaign, call.started_at),
            foresee=False,
        )
        names = _names(decision)
        basis = tuple(basis_of(consent, self._campaign)) if _BY_CONSENT & set(names) else ()
        return Judgement(call, decision, *_divided(names), basis)

    def _with_proofs(
        self, judged: Sequence[Judgement], consents: Mapping[Moment, Consent]
    ) -> list[Judgement]:
        """Add to refusals of persons when they were recorded: what other violations rest on is known."""
        moments = {_moment(each.call) for each in judged if _REFUSED & set(each.violations)}
        proofs = self._known.consents.proofs({moment: consents[moment] for moment in moments}, self._campaign)
        return [
            replace(each, consent=proof.basis, recorded_after_the_call=proof.recorded_after_the_call)
            if (proof := proofs.get(_moment(each.call)))
            else each
            for each in judged
        ]

    def _of_unknown_contact(self, call: Call) -> Judgement:
        """Judge the window alone, by the number where the record has one."""
        contact = Contact(numbers=_numbers(call), attempts=None)
        decision = self._judge.decide(self._campaign, contact, call.started_at, foresee=False)
        violations, not_proven = _divided(_names(decision))
        return Judgement(call, decision, violations, (CONTACT_UNKNOWN, *not_proven))

    def _before(self, call: Call, made: Sequence[RecordedAttempt]) -> tuple[Attempt, ...] | None:
        """Return the calls that were made to a contact before one; None where they are forgotten."""
        if call.started_at < self._attempts_since:
            return None
        this, oldest = (call.started_at, call.call_id), call.started_at - CAPS_LOOK_BACK
        return tuple(one.attempt() for one in made if one.at >= oldest and (one.at, one.call_id) < this)


def _moment(call: Call) -> Moment:
    return call.contact_id, call.started_at


def _numbers(call: Call) -> tuple[Any, ...]:
    return (call.number,) if call.number else ()


def _names(decision: Decision) -> list[str]:
    return list(dict.fromkeys(refusal.name for refusal in decision.refusals))


def _divided(names: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the violations, and what proves nothing."""
    return (
        tuple(name for name in names if name not in NOT_PROVEN),
        tuple(name for name in names if name in NOT_PROVEN),
    )
