"""Judging the contacts of a page: by the rules of calling, the ledger of consent, and the calls so far."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from outbound.calling.attempts import RecentAttempts, RecordedAttempt
from outbound.calling.consent_view import view_of
from outbound.calling.forbidden import Forbidden, forbidden_by
from outbound.clock import format_time
from outbound.compliance.alike import AlikeDecisions
from outbound.compliance.contact import Campaign
from outbound.compliance.decision import Decision, Judge
from outbound.compliance.places import prefix_of_zip
from outbound.cxone.ports.contact_lists import ListPage
from outbound.segments.contacts import Listed, read_listed
from outbound.segments.query import fits, has_agreed
from outbound.segments.tally import State
from outbound.store.consent_state import Consent
from outbound.store.consents import Consents

NO_CONSENT, NUMBER_UNREADABLE = "no_consent", "number_unreadable"
"""Refusals of segmentation's own: CXone's flag does not say yes; a number that cannot be read."""

# Read a million times.
_CALLABLE, _LATER, _REFUSED = State.CALLABLE.value, State.LATER.value, State.REFUSED.value


@dataclass(frozen=True, slots=True)
class Known:
    """A page of a list with all that is asked of AWS about its contacts."""

    contacts: Sequence[Listed]
    consents: Mapping[str, Consent]
    attempts: Mapping[str, Sequence[RecordedAttempt]]
    read: int
    total: int | None
    not_matching: int
    unreadable: int


@dataclass(frozen=True, slots=True)
class Judged:
    """A contact's row, and what forbids it although CXone lists it as agreed."""

    row: dict[str, Any]
    conflict: Forbidden | None


@dataclass(frozen=True, slots=True)
class _Told:
    """What a row tells of a decision, as contacts that are alike have it in common."""

    refusals: list[str]
    callable_until: str | None
    next_opening: str | None
    zones: list[str]
    states: list[str]
    rules_version: str


class PageReader:
    """Finds out what the stack knows of a page's contacts; threads may share it."""

    def __init__(self, consents: Consents, attempts: RecentAttempts) -> None:
        """Read the ledger of consent, and the calls that were made."""
        self._consents = consents
        self._attempts = attempts

    def known(self, page: ListPage, attributes: Mapping[str, str], beside: Executor) -> Known:
        """Return the contacts of a page that have the attributes, each with its consent and attempts.

        The attempts are read `beside`, by another thread, at the same time as the ledger.
        """
        fitting = [each for each in page.contacts if fits(each, attributes)]
        listed = [each for each in map(read_listed, fitting) if each]
        ids = [each.contact_id for each in listed]
        attempts = beside.submit(self._attempts.get_many, ids)
        consents = self._consents.get_many(ids)
        # Few are another record of a person whom the CRM had twice.
        merged = {each: consent.merged for each, consent in consents.items() if consent.merged}
        return Known(
            listed,
            consents,
            {**attempts.result(), **(self._attempts.of_persons(merged) if merged else {})},
            len(page.contacts),
            page.total,
            len(page.contacts) - len(fitting),
            len(fitting) - len(listed),
        )


class SegmentJudge:
    """Judges contacts for one campaign at one moment."""

    def __init__(self, judge: Judge, campaign: Campaign, campaign_id: str, run_id: str, at: datetime) -> None:
        """Judge by these rules what the campaign calls for; rows name campaign and run."""
        self._decisions = AlikeDecisions(judge, campaign, at, _told)
        self._campaign = campaign
        self._at = at
        self._about = {"campaign_id": campaign_id, "run_id": run_id, "judged_at": format_time(at)}

    def judged(self, listed: Listed, known: Known) -> Judged:
        """Return the row of a contact of a page."""
        consent = known.consents[listed.contact_id]
        contact = listed.contact(known.attempts.get(listed.contact_id, ()))
        view = view_of(consent, self._campaign, self._at)
        told = self._decisions.decide(contact, view)
        agreed = has_agreed(listed.source)
        conflict = forbidden_by(consent, self._campaign.purpose) if agreed else None
        return Judged(self._row(listed, told, agreed, conflict), conflict)

    def _row(self, listed: Listed, told: _Told, agreed: bool, conflict: Forbidden | None) -> dict[str, Any]:
        own = _own_refusals(listed, agreed)
        refusals = list(dict.fromkeys((*own, *told.refusals))) if own else told.refusals
        opening = None if own else told.next_opening
        return {
            "contact_id": listed.contact_id,
            **self._about,
            "state": _state(refusals, opening),
            "callable_until": None if refusals else told.callable_until,
            "next_opening": opening,
            "refusals": refusals,
            "conflict": conflict.reason if conflict else None,
            "zones": told.zones,
            "states": told.states,
            "zone": listed.zone,
            "zone_confirmed": listed.zone_confirmed,
            "address_state": listed.state,
            # What cannot be read as a ZIP code says nothing, its first digits neither.
            "zip_prefix": prefix_of_zip(listed.zip_code),
            "area_codes": [number.area.code for number in listed.numbers],
            "rules_version": told.rules_version,
        }


def _own_refusals(listed: Listed, agreed: bool) -> list[str]:
    refusals = [] if agreed else [NO_CONSENT]
    return refusals if listed.all_numbers_read else [*refusals, NUMBER_UNREADABLE]


def _told(decision: Decision) -> _Told:
    return _Told(
        list(dict.fromkeys(one.name for one in decision.refusals)),
        _text(decision.callable_until),
        _text(decision.next_opening),
        list(decision.zones),
        list(decision.states),
        decision.rules_version,
    )


def _state(refusals: Sequence[str], opening: str | None) -> str:
    if not refusals:
        return _CALLABLE
    return _LATER if opening else _REFUSED


def _text(moment: datetime | None) -> str | None:
    return format_time(moment) if moment else None
