"""Records many changes of consent at once: some fifty contacts in one transaction.

A slice of changes is read with one call and written with one. Where another writer is faster with one of its
contacts, what is left of the slice is done change by change. Of two changes of one contact the second waits
for the first; all else is done side by side, for what stands follows from the changes and not from their
order.

Refusals are published one by one, since calls have to stop because of each. Grants are not: the fact of
their file tells of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

from outbound.batches import batches_of
from outbound.clock import Clock
from outbound.consent.facts import ConsentFacts, Origin
from outbound.consent.metrics import ConsentMetric
from outbound.consent.settings import RevocationScope, counting, revocations_of
from outbound.contact_ids import ledger_id
from outbound.events import Event
from outbound.logs import logger
from outbound.metrics import measure
from outbound.queues import TryLater
from outbound.runtime import Runtime
from outbound.store.consent_state import Change
from outbound.store.consents import ConsentLedger, OwnState
from outbound.store.outbox import Outbox
from outbound.store.table import Item, Key

# One read takes a hundred keys and one transaction a hundred writes; a change has two of each.
_TOGETHER = 50
# Invocations that write the same contact at the same moment: each round one of them is done.
_ROUNDS = 10
_AGAIN_SECONDS = 15
# Changes that one line of the log names.
_MOST_NAMED = 20


class BulkRecorder:
    """Records changes by the slice."""

    def __init__(
        self,
        ledger: ConsentLedger,
        outbox: Outbox,
        clock: Clock,
        revocations: Callable[[], RevocationScope],
        at_once: int,
    ) -> None:
        """Record in this ledger, whose table the outbox publishes from, with so many calls at once."""
        self._ledger = ledger
        self._outbox = outbox
        self._clock = clock
        self._revocations = revocations
        self._facts = ConsentFacts(ledger, clock)
        self._at_once = at_once

    @classmethod
    def of(cls, runtime: Runtime, at_once: int) -> BulkRecorder:
        """Return the recorder of a stack."""
        ledger = ConsentLedger(runtime.consent, runtime.tenant, runtime.clock)
        outbox = runtime.outbox_of(runtime.consent)
        return cls(ledger, outbox, runtime.clock, revocations_of(runtime), at_once)

    def record(self, changes: Sequence[Change], origin: Origin) -> None:
        """Record changes; return when that is durable, and published what has to be.

        Any number of times, in any slices: what is recorded already stays as it is.

        Raises:
            TryLater: Other invocations keep changing the same contact.
            PublishFailed: The bus refuses; the sweeper publishes what is left.
        """

        def record_slice(part: Sequence[Change]) -> int:
            return self._record_slice(part, origin)

        with ThreadPoolExecutor(self._at_once) as threads:
            for apart in _of_different_contacts(changes):
                slices = batches_of(apart, _TOGETHER, _TOGETHER, lambda _: 1)
                measure(ConsentMetric.CONSENT_RECORDED, sum(threads.map(record_slice, slices)))

    def _record_slice(self, changes: Sequence[Change], origin: Origin) -> int:
        """Record a slice; return how many of its changes were not recorded before."""
        counted = [counting(change, self._revocations) for change in changes]
        found = self._ledger.look_up(counted)
        # Facts that a run left which was cut off behind its write.
        left = {self._key(change): _carrying(known) for change, known, recorded in found if recorded}
        new = [(change, known) for change, known, recorded in found if recorded is None]
        _say_refused([change for change, known in new if known.has_no_room(change)])
        told = [self._told(change, known, origin) for change, known in new]
        now = self._clock.now()
        writes = [
            self._ledger.writes_of(change, known, facts, now)
            for (change, known), facts in zip(new, told, strict=True)
        ]
        if self._ledger.write([write for each in writes for write in each]):
            left |= {
                self._key(change): _carrying(known, facts)
                for (change, known), facts in zip(new, told, strict=True)
            }
        else:
            for change, _ in new:
                self._record_alone(change, origin)
        self._outbox.publish_many(left)
        return len(new)

    def _key(self, change: Change) -> Key:
        return self._ledger.state_key(change.contact_id)

    def _record_alone(self, change: Change, origin: Origin) -> None:
        for _ in range(_ROUNDS):
            [(_, known, recorded)] = self._ledger.look_up([change])
            facts = [] if recorded else self._told(change, known, origin)
            now = self._clock.now()
            if recorded or self._ledger.write(self._ledger.writes_of(change, known, facts, now)):
                self._outbox.publish_many({self._key(change): _carrying(known, facts)})
                return
        raise TryLater(_AGAIN_SECONDS, "other invocations keep changing the consent of the same contact")

    def _told(self, change: Change, known: OwnState, origin: Origin) -> list[Event]:
        return self._facts.of_change(change, known, origin) if change.value.forbids else []


def _say_refused(changes: Sequence[Change]) -> None:
    """Let it be heard that grants count for nothing; a slice that comes again says so again."""
    if changes:
        measure(ConsentMetric.CONSENT_REJECTED, len(changes))
        ids = [change.event_id for change in changes[:_MOST_NAMED]]
        logger.warning("grants to more sellers than are kept were refused", extra={"changes": ids})


def _carrying(known: OwnState, facts: Sequence[Event] = ()) -> Item:
    """Return the facts that a contact's state carries once a change has joined its own to it."""
    return {"facts": [*known.item.get("facts", []), *(fact.to_json() for fact in facts)]}


def _of_different_contacts(changes: Sequence[Change]) -> Iterator[list[Change]]:
    """Divide changes so that none of two of one contact are together, each in its order."""
    left = changes
    while left:
        seen: set[str] = set()
        now, later = list[Change](), list[Change]()
        for change in left:
            contact = ledger_id(change.contact_id)
            (later if contact in seen else now).append(change)
            seen.add(contact)
        yield now
        left = later
