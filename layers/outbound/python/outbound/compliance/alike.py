"""Decisions of one campaign at one moment: contacts that are alike for the rules are decided about once.

    contact -> its place as it was given -> zones and states ---+
    ledger  -> what of a grant the rules ask for ---------------+-> decision
    calls   -> those that a cap may count ----------------------+

A list of a million contacts has some thousand places, and lies in some hundred sets of zones and states.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from outbound.compliance.caps import WEEK
from outbound.compliance.contact import Attempt, Campaign, ConsentView, Contact
from outbound.compliance.decision import Decision, Judge
from outbound.compliance.places import prefix_of_zip

T = TypeVar("T")

# What no cap can count any more is left out; a day more, for this is not what knows it to the second.
_COUNTED = timedelta(seconds=WEEK, days=1)
# So many are remembered; then all are forgotten, some ten megabytes.
_MOST = 20_000


@dataclass(frozen=True, slots=True)
class _Place:
    """What of a contact's place decisions follow from, and how many calls a cap there takes to count them."""

    alike: Hashable
    fewest_calls: float


class AlikeDecisions(Generic[T]):
    """Decides about contacts for one campaign at one moment; bounded in what it remembers."""

    def __init__(self, judge: Judge, campaign: Campaign, at: datetime, told: Callable[[Decision], T]) -> None:
        """Decide by this judge about calls of a campaign at a moment; keep what is `told` of a decision."""
        self._judge = judge
        self._campaign = campaign
        self._at = at
        self._told = told
        self._places: dict[Hashable, _Place] = {}
        self._decisions: dict[Hashable, T] = {}

    def decide(self, contact: Contact, consent: ConsentView) -> T:
        """Return what is told of the decision about a contact.

        The sources of zones and states may be those of another contact that is alike.
        """
        place = self._place(contact)
        alike = (place.alike, self._consent(consent), self._attempts(contact, place), contact.mobile)
        told = self._decisions.get(alike)
        if told is None:
            if len(self._decisions) >= _MOST:
                self._decisions.clear()
            told = self._told(self._judge.decide(self._campaign, contact, self._at, consent))
            self._decisions[alike] = told
        return told

    def _place(self, contact: Contact) -> _Place:
        given = (
            tuple([(number.area.code, number.is_us) for number in contact.numbers]),
            contact.state,
            prefix_of_zip(contact.zip_code),
            contact.zone,
            contact.zone_confirmed,
        )
        place = self._places.get(given)
        if place is None:
            if len(self._places) >= _MOST:
                self._places.clear()
            place = self._places[given] = self._found(contact)
        return place

    def _found(self, contact: Contact) -> _Place:
        found = self._judge.situation(self._campaign, contact)
        alike = (tuple(found.zones), tuple(found.states), found.zone_problem, found.abroad_problem)
        return _Place(alike, self._judge.fewest_calls(self._campaign, found.states))

    def _consent(self, consent: ConsentView) -> Hashable:
        grant = consent.grant
        if grant is None:
            return consent.do_not_call, consent.revoked, consent.deleted
        # That it is granted later than now is asked, and not when it was.
        began = grant.granted_at is None or grant.granted_at <= self._at
        said = (consent.do_not_call, consent.revoked, consent.deleted)
        return said, grant.kind, began, grant.expires_at, grant.seller

    def _attempts(self, contact: Contact, place: _Place) -> tuple[Attempt, ...] | None:
        if not contact.attempts:
            return contact.attempts
        oldest = self._at - _COUNTED
        counted = tuple([one for one in contact.attempts if one.at > oldest])
        return counted if len(counted) >= place.fewest_calls else ()
