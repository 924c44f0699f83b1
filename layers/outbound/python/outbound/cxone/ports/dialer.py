"""The dialer's settings: read, checked by CXone's policies, and changed in operations that take their time.

Settings are blocks of fields, as CXone has them, without their version. An API without versions makes one of
what it reads, and compares before it writes; one without operations answers with a change that has no
operation, and writes its blocks one after the other, so that a change can be in force in part.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

Settings = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class SettingsInForce:
    """What the dialer does now, and the version of it, which is another one after every accepted change."""

    settings: Settings
    version: str


@dataclass(frozen=True, slots=True)
class AcceptedChange:
    """A change that CXone has accepted: its version, and the operation, empty where it is done already."""

    version: str
    operation_id: str


class OperationStatus(StrEnum):
    """How an operation is."""

    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    FAILED = "failed"
    GONE = "gone"
    """CXone does not know it, or not any more: it may have done anything."""


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation as CXone shows it; `details` is what it says of a failure."""

    status: OperationStatus
    details: str = ""


@dataclass(frozen=True, slots=True)
class TrunkCapacity:
    """The trunks of the carrier, and the share of them that others use, from 0 to 1."""

    trunks: int
    used: float


@dataclass(frozen=True, slots=True)
class PolicyFinding:
    """Something that CXone's policies object to, or warn of: the check's name and its words."""

    check: str
    message: str


@dataclass(frozen=True, slots=True)
class PolicyVerdict:
    """What CXone's policies say of settings."""

    passed: bool
    violations: tuple[PolicyFinding, ...] = ()
    warnings: tuple[PolicyFinding, ...] = ()


class DialerPort(Protocol):
    """Reads and changes the dialer's settings. All raise the errors of `outbound.cxone.errors`.

    `campaign_ids` says whose settings, where an API has settings of each campaign; the platform API has one
    set for the tenant.
    """

    def settings(self, campaign_ids: Sequence[str]) -> SettingsInForce:
        """Return what is in force."""

    def change(
        self, settings: Settings, version: str, campaign_ids: Sequence[str], *, urgent: bool = False
    ) -> AcceptedChange:
        """Put settings in the place of those of a version, and return how CXone accepted it.

        Raises VersionConflict where another version is there. Where the error is `in_doubt` the change may
        have been accepted, or may still be: read what is in force before trying again.
        """

    def operation(self, operation_id: str, *, urgent: bool = False) -> Operation:
        """Return how an operation is; one that CXone does not know is `gone`."""

    def validate(self, settings: Settings, capacity: TrunkCapacity | None) -> PolicyVerdict:
        """Return what CXone's policies say of settings; nothing is changed."""
