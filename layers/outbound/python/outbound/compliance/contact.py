"""Who is to be called, by whom and for what: what a decision is about."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from outbound.compliance.hours import Hours
from outbound.compliance.numbers import Number


class Purpose(StrEnum):
    """What a campaign calls for: it chooses the consent that is needed, the caps, and abandonment's limit."""

    TELEMARKETING = "telemarketing"
    INFORMATIONAL = "informational"
    DEBT_COLLECTION = "debt_collection"


class Kind(StrEnum):
    """The kind of a grant of consent, the weakest first."""

    BARE = "bare"
    """A flag that says yes, and nothing of how it was given."""

    EXPRESS = "express"
    WRITTEN = "written"


@dataclass(frozen=True, slots=True)
class Caps:
    """The campaign's own bounds of calls to one person about one subject, rolling; None means no bound."""

    per_day: int | None = None
    per_week: int | None = None


@dataclass(frozen=True, slots=True)
class Window:
    """The campaign's own days and hours, in the zones of the called person."""

    week: tuple[Hours | None, ...]


@dataclass(frozen=True, slots=True)
class Campaign:
    """What a campaign says of its calls."""

    purpose: Purpose = Purpose.TELEMARKETING
    seller: str = ""
    subject: str = ""
    window: Window | None = None
    caps: Caps = Caps()


@dataclass(frozen=True, slots=True)
class Attempt:
    """A call that was made. One whose outcome is unknown counts like any; a conversation counts more."""

    at: datetime
    subject: str = ""
    conversation: bool = False


@dataclass(frozen=True, slots=True)
class Contact:
    """What is known of a contact. `attempts` is None where they are unknown."""

    contact_id: str = ""
    numbers: tuple[Number, ...] = ()
    state: str = ""
    zip_code: str = ""
    zone: str = ""
    zone_confirmed: bool = False
    attempts: tuple[Attempt, ...] | None = ()
    mobile: bool | None = None
    """Whether the number is a mobile's; None where that is not known, which counts as one."""


@dataclass(frozen=True, slots=True)
class Grant:
    """A grant of consent with what proves it."""

    kind: Kind = Kind.BARE
    granted_at: datetime | None = None
    expires_at: datetime | None = None
    seller: str = ""
    evidence: str = ""


@dataclass(frozen=True, slots=True)
class ConsentView:
    """What the ledger says of a contact at a moment: a grant, or why there is none."""

    do_not_call: bool = False
    revoked: bool = False
    grant: Grant | None = None
    deleted: bool = False
    """Whether the CRM, which keeps the contact, has it no more."""


@dataclass(frozen=True, slots=True)
class Checks:
    """Checks of a number against lists that others keep; None where there was none."""

    registry_checked_at: datetime | None = None
    registry_listed: bool = False
    reassigned_checked_at: datetime | None = None
    reassigned: bool = False


@dataclass(frozen=True, slots=True)
class Policy:
    """What the settings decide beside the rows."""

    closing_margin_seconds: int = 60
    unknown_zone: str = "closed"
    """`closed`, `contiguous_states` or `all_states`: the window that is open in all of them."""

    accept_bare_consent: bool = False
    registry_required: bool = False
    registry_max_age_days: int = 31
    reassigned_required: bool = False
    reassigned_max_age_days: int = 31
