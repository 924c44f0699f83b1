"""The contacts of a campaign as they are now: their dialer states and what was written to them."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import inf
from typing import Any

from sandbox.world import iso
from sandbox.world.calllog import CallLog
from sandbox.world.contacts import READY
from sandbox.world.moments import microseconds

_WRITTEN = ("outcomeCode", "agentId", "notes", "customFields", "dispositionTimestamp")
_DO_NOT_CALL = "DO_NOT_CALL"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Write:
    """A body that was accepted, and when it arrived."""

    arrived: float
    body: Mapping[str, Any]


class ContactBook:
    """One campaign's contacts. What nobody touched costs no memory."""

    def __init__(self, log: CallLog, clock: Callable[[], float] = time.monotonic) -> None:
        """Start with the first states, and with nothing written."""
        self._log = log
        self._clock = clock
        self._began = clock()
        self._states: dict[int, tuple[str, float]] = {}
        self._writes: dict[int, list[Write]] = {}
        self.contacts = log.calls.contacts
        self.agents = frozenset(log.calls.agents)

    def state_of(self, number: int) -> str:
        """Return the dialer state of a contact."""
        if number not in self._states:
            return self.contacts.state_of(number, self._clock() - self._began)
        state, until = self._states[number]
        return state if self._clock() < until else READY

    def set_state(self, number: int, state: str, seconds: float | None) -> None:
        """Put a contact into a state for some seconds, after which it is READY, or for ever."""
        self._states[number] = (state, inf if seconds is None else self._clock() + seconds)

    def write(self, number: int, body: Mapping[str, Any]) -> None:
        """Write a disposition to a contact and to its last call."""
        now = datetime.now(UTC)
        self._writes.setdefault(number, []).append(Write(now.timestamp(), body))
        place = self._log.last_call(number, microseconds(now))
        if place is not None:
            self._log.dispose(place, body["outcomeCode"])

    def written(self) -> list[int]:
        """Return the contacts that something was written to, in the order of their first write."""
        return list(self._writes)

    def shown(self, number: int) -> dict[str, Any]:
        """Return a contact as the API answers it.

        Assumptions: a field that a write leaves out stays as it was, and custom fields are replaced
        as a whole; before the first write they are all null.
        """
        written: dict[str, Any] = dict.fromkeys(_WRITTEN)
        for write in self._writes.get(number, ()):
            written |= write.body
        return {
            "id": self.contacts.id_of(number),
            "campaignId": self._log.calls.campaign.id,
            "state": self.state_of(number),
            **written,
            # Assumption: the document has no such field, without which nobody could tell whether a
            # disposition is about the contact's last call or about one before it.
            "lastAttemptAt": self._last_attempt(number),
        }

    def history(self, number: int) -> dict[str, Any]:
        """Return a contact and what was written to it, for whoever steers the sandbox."""
        writes = [{"arrived": one.arrived, "body": one.body} for one in self._writes.get(number, ())]
        return {**self.shown(number), "suppressed": self.is_suppressed(number), "writes": writes}

    def is_suppressed(self, number: int) -> bool:
        """Return True if the campaign may not dial a contact any more.

        Assumption: a do-not-call that was written once stays, whatever is written after it.
        """
        return any(one.body["outcomeCode"] == _DO_NOT_CALL for one in self._writes.get(number, ()))

    def _last_attempt(self, number: int) -> str | None:
        place = self._log.last_call(number, microseconds(datetime.now(UTC)))
        return None if place is None else iso(_EPOCH + timedelta(microseconds=place.start))
