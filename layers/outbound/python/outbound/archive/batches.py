"""The ledger of an archive run's batches: each is copied, sent, and settled once.

    copied -> sending -> settled            every attempt is archived, CXone says
               |
               v
              open -> sending -> ...        which are left is read from CXone's list
               |
               v
             settled

A batch that is `sending` when a later step reads it was sent and its answer is lost: it is open, too.

An attempt counts as archived where CXone said so, or where its answer is lost and a complete reading of the
list does not show it any more. What a reading did not show that was not complete is unknown.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from outbound.events import Event
from outbound.store.outbox import SET_FACTS, facts_values
from outbound.store.table import Item, Key, Table

if TYPE_CHECKING:
    from outbound.cxone.ports.attempts import Archived

_REMEMBERED = timedelta(days=400)


class BatchStatus(StrEnum):
    """How far a batch is."""

    COPIED = "copied"
    SENDING = "sending"
    OPEN = "open"
    SETTLED = "settled"


@dataclass(frozen=True, slots=True)
class BatchResult:
    """What became of a batch's attempts: each is in exactly one of these."""

    archived: int
    left: tuple[str, ...] = ()
    """CXone still lists them."""

    gone: int = 0
    """CXone did not archive them, it said, and does not list them any more: they left by another way."""

    unknown: int = 0

    @property
    def failed(self) -> int:
        """How many are not known to be archived."""
        return len(self.left) + self.gone + self.unknown


@dataclass(frozen=True, slots=True)
class Batch:
    """One batch: its copy in cold storage, and what became of it.

    `sent_round` is the round in which it was sent last; `left` are the attempts that CXone still lists.
    """

    number: int
    size: int
    key: str
    sha256: str
    stored_bytes: int
    retention_days: int
    status: BatchStatus = BatchStatus.COPIED
    sent_round: int = -1
    failed: int = 0
    """Of those that were sent last, as CXone counted."""

    answers: int = 0
    """How often CXone said that some of it failed, or leave later."""

    in_progress: bool = False
    job_ids: tuple[str, ...] = ()
    left: tuple[str, ...] = field(default=())
    narrowed: bool = False
    """Whether `left` is all that is to be sent again."""

    narrowed_round: int = -1
    """The round whose check has narrowed it last."""

    archived: int = 0
    gone: int = 0
    unknown: int = 0

    @property
    def remaining(self) -> int:
        """How many attempts were sent last, or are to be sent."""
        return len(self.left) if self.narrowed else self.size

    @property
    def _acknowledged(self) -> int:
        """How many of the remaining attempts CXone said it archives."""
        return max(0, self.remaining - self.failed)

    @property
    def result(self) -> BatchResult:
        """What became of a settled batch."""
        return BatchResult(self.archived, self.left, self.gone, self.unknown)

    def by_list(self, left: Sequence[str]) -> BatchResult:
        """Return what became of the batch if these alone are left in a complete reading of the list."""
        absent = self.remaining - len(left)
        archived = absent if self.status is BatchStatus.SENDING else min(absent, self._acknowledged)
        return BatchResult(self.archived + archived, tuple(left), self.gone + absent - archived)

    def by_answers(self, seen: Sequence[str]) -> BatchResult:
        """Return what is known without a complete reading: CXone's final answers, and what was seen."""
        final = self.status is BatchStatus.OPEN and not self.in_progress
        archived = min(self._acknowledged, self.remaining - len(seen)) if final else 0
        unknown = self.remaining - archived - len(seen)
        return BatchResult(self.archived + archived, tuple(seen), self.gone, unknown)

    def all_left(self, left: Sequence[str]) -> BatchResult:
        """Return what became of the batch if CXone will not have any of the remaining attempts."""
        return BatchResult(self.archived, tuple(left), self.gone)

    def all_archived(self) -> BatchResult:
        """Return what became of the batch if CXone has archived all of the remaining attempts."""
        return BatchResult(self.archived + self.remaining, (), self.gone)


class Batches:
    """Reads and writes the batches of one tenant's runs."""

    def __init__(self, table: Table, tenant: str) -> None:
        """Keep the ledger in the state table."""
        self._table = table
        self._tenant = tenant

    def key(self, run_id: str, number: int) -> Key:
        """The key of a batch."""
        return Key(f"{self._tenant}#archive-batch#{run_id}", f"{number:06}")

    def all(self, run_id: str) -> Iterator[Batch]:
        """Yield a run's batches in order."""
        for item in self._table.query(self.key(run_id, 0).pk):
            yield _batch(item)

    def get(self, run_id: str, number: int) -> Batch | None:
        """Return a batch, or None where it is not copied yet."""
        item = self._table.get(self.key(run_id, number))
        return _batch(item) if item else None

    def add_copied(self, run_id: str, batch: Batch, now: datetime) -> None:
        """Add a batch that has its copy; one that is in the ledger already stays as it is."""
        item = {
            "number": batch.number,
            "size": batch.size,
            "key": batch.key,
            "sha256": batch.sha256,
            "stored_bytes": batch.stored_bytes,
            "retention_days": batch.retention_days,
            "status": BatchStatus.COPIED.value,
            "ttl": int((now + _REMEMBERED).timestamp()),
        }
        self._table.put(self.key(run_id, batch.number), item, "attribute_not_exists(#pk)")

    def mark_sending(self, run_id: str, batch: Batch, round_: int) -> bool:
        """Note, before it leaves, that a batch is sent in a round.

        Args:
            run_id: The run that the batch is of.
            batch: The batch as it was read.
            round_: The number of the round: a batch is sent once in each.

        Returns:
            False if it was noted as sent in this round already: whether CXone has it is then not known.
        """
        return self._table.update(
            self.key(run_id, batch.number),
            "SET #status = :sending, #sent_round = :round",
            {":sending": BatchStatus.SENDING.value, ":round": round_, ":settled": BatchStatus.SETTLED.value},
            "#status <> :settled AND (attribute_not_exists(#sent_round) OR #sent_round < :round)",
        ).done

    def mark_not_sent(self, run_id: str, batch: Batch, round_: int) -> None:
        """Take `sending` of a round back: CXone did not act on it."""
        self._table.update(
            self.key(run_id, batch.number),
            "SET #status = :before, #sent_round = :sent_round",
            {
                ":before": batch.status.value,
                ":sent_round": batch.sent_round,
                ":sending": BatchStatus.SENDING.value,
                ":round": round_,
            },
            "#status = :sending AND #sent_round = :round",
        )

    def mark_open(self, run_id: str, batch: Batch, answer: Archived) -> None:
        """Note an answer that says that some attempts failed, or leave later: which ones is open."""
        self._table.update(
            self.key(run_id, batch.number),
            "SET #status = :open, #in_progress = :in_progress, #failed = :failed,"
            " #job_ids = list_append(if_not_exists(#job_ids, :none), :job_ids) ADD #answers :one",
            {
                ":open": BatchStatus.OPEN.value,
                ":in_progress": answer.in_progress,
                ":none": [],
                ":job_ids": [answer.migration_job_id] if answer.migration_job_id else [],
                ":failed": answer.failed,
                ":one": 1,
                ":sending": BatchStatus.SENDING.value,
            },
            "#status = :sending",
        )

    def narrow(self, run_id: str, batch: Batch, result: BatchResult, round_: int) -> None:
        """Note the result of a round's check: only what CXone still lists is sent again.

        Args:
            run_id: The run that the batch is of.
            batch: The batch as it was read.
            result: What the check found of its attempts.
            round_: The number of the round whose check this is.
        """
        self._table.update(
            self.key(run_id, batch.number),
            "SET #status = :open, #left = :left, #failed = :failed, #archived = :archived, #gone = :gone,"
            " #narrowed = :true, #narrowed_round = :round, #in_progress = :false",
            {
                ":open": BatchStatus.OPEN.value,
                ":left": list(result.left),
                ":failed": len(result.left),
                ":archived": result.archived,
                ":gone": result.gone,
                ":round": round_,
                ":true": True,
                ":false": False,
                ":settled": BatchStatus.SETTLED.value,
            },
            "#status <> :settled",
        )

    def settle(
        self,
        run_id: str,
        batch: Batch,
        result: BatchResult,
        job_ids: Sequence[str],
        fact: Event,
        now: datetime,
    ) -> Item:
        """Settle a batch with its fact.

        Args:
            run_id: Whose batch.
            batch: The batch as it was read.
            result: What became of its attempts.
            job_ids: CXone's, of every order that it was in.
            fact: What is published about it.
            now: The present moment.

        Returns:
            The batch's item; of one that was settled before, as it was settled then.
        """
        return self._table.update(
            self.key(run_id, batch.number),
            "SET #status = :settled, #archived = :archived, #left = :left, #gone = :gone,"
            f" #unknown = :unknown, #job_ids = :job_ids, {SET_FACTS}",
            {
                ":settled": BatchStatus.SETTLED.value,
                ":archived": result.archived,
                ":left": list(result.left),
                ":gone": result.gone,
                ":unknown": result.unknown,
                ":job_ids": list(job_ids),
                **facts_values([fact], now),
            },
            "#status <> :settled",
        ).item


def _batch(item: Item) -> Batch:
    size, left = int(item["size"]), tuple(item.get("left", ()))
    narrowed = bool(item.get("narrowed", False))
    return Batch(
        number=int(item["number"]),
        size=size,
        key=item["key"],
        sha256=item["sha256"],
        stored_bytes=int(item["stored_bytes"]),
        retention_days=int(item["retention_days"]),
        status=BatchStatus(item["status"]),
        sent_round=int(item.get("sent_round", -1)),
        failed=int(item.get("failed", 0)),
        answers=int(item.get("answers", 0)),
        in_progress=bool(item.get("in_progress", False)),
        job_ids=tuple(item.get("job_ids", ())),
        left=left,
        narrowed=narrowed,
        narrowed_round=int(item.get("narrowed_round", -1)),
        # What was narrowed before this was counted: all that is not left had gone from the list.
        archived=int(item.get("archived", size - len(left) if narrowed else 0)),
        gone=int(item.get("gone", 0)),
        unknown=int(item.get("unknown", 0)),
    )
