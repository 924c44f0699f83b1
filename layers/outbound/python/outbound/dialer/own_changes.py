"""Which changes of the dialer's settings are this stack's own: written down before CXone is asked for them.

    asked     -> CXone was asked, and no answer is known yet: in doubt
    accepted  -> it took the change, under this version and as this operation
    refused   -> it did not, or what became of it was looked for and it had no effect

Who changes settings writes; who reads the tenant's audit log compares.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from outbound.clock import format_time, parse_time
from outbound.store.table import Key, Table

# The tenant's log is read within hours; an operator may look back for weeks.
_REMEMBERED = timedelta(days=90)
_ASKED, _ACCEPTED, _REFUSED = "asked", "accepted", "refused"


@dataclass(frozen=True, slots=True)
class KnownChanges:
    """The changes that this stack asked CXone for, and since when one of them is in doubt."""

    versions: Mapping[str, str] = field(default_factory=dict)
    """Who asked (see `OwnChanges.asking`), by the version that a change was given."""

    operations: Mapping[str, str] = field(default_factory=dict)
    """The same by the operation."""

    in_doubt_since: datetime | None = None
    """When the oldest change was asked for of which it is not known what became of it."""

    def asked_by(self, version: str, operation_id: str) -> str:
        """Return who asked for the change of this version or operation; empty where it is not ours."""
        return self.operations.get(operation_id, "") or self.versions.get(version, "")

    def may_be_ours(self, moment: datetime) -> bool:
        """Return True if a change of that moment can be the one that is in doubt."""
        return self.in_doubt_since is not None and moment >= self.in_doubt_since


class OwnChanges:
    """Reads and writes the changes of one tenant's dialer that this stack asked for."""

    def __init__(self, table: Table, tenant: str) -> None:
        """Keep them in the state table."""
        self._table = table
        self._partition = f"{tenant}#dialer-change"

    def asking(self, ask_id: str, now: datetime) -> None:
        """Write down that CXone is about to be asked for a change; what is known of an ask already stays.

        Args:
            ask_id: Who asks, in which step: the same for each try of it.
            now: The present moment.
        """
        self._table.update(
            Key(self._partition, ask_id),
            "SET #state = :asked, #asked_at = :now, #ttl = :ttl",
            {
                ":asked": _ASKED,
                ":now": format_time(now),
                ":ttl": int((now + _REMEMBERED).timestamp()),
            },
            "attribute_not_exists(#state)",
        )

    def accepted(self, ask_id: str, version: str, operation_id: str, now: datetime) -> None:
        """Write down what CXone took; the operation is empty where its answer was lost.

        Args:
            ask_id: Who asked.
            version: The version that the settings have by this change.
            operation_id: The operation that carries it out.
            now: The present moment.
        """
        self._table.update(
            Key(self._partition, ask_id),
            "SET #state = :accepted, #version = :version, #operation_id = :operation, #ttl = :ttl,"
            " #asked_at = if_not_exists(#asked_at, :now)",
            {
                ":accepted": _ACCEPTED,
                ":version": version,
                ":operation": operation_id,
                ":now": format_time(now),
                ":ttl": int((now + _REMEMBERED).timestamp()),
            },
        )

    def refused(self, ask_id: str) -> None:
        """Write down that a change was not taken, or had no effect."""
        self._table.update(
            Key(self._partition, ask_id),
            "SET #state = :refused",
            {":refused": _REFUSED, ":asked": _ASKED},
            "#state = :asked",
        )

    def known(self) -> KnownChanges:
        """Return every change that is remembered."""
        versions: dict[str, str] = {}
        operations: dict[str, str] = {}
        in_doubt: list[datetime] = []
        for item in self._table.query(self._partition):
            if item.get("version"):
                versions[item["version"]] = item["sk"]
            if item.get("operation_id"):
                operations[item["operation_id"]] = item["sk"]
            if item["state"] == _ASKED:
                in_doubt.append(parse_time(item["asked_at"]))
        return KnownChanges(versions, operations, min(in_doubt, default=None))
