"""What asks for a rollout: a document with settings, or the id of a rollout whose snapshot is to be in force.

{"settings": {...}, "campaigns": ["spring"], "reason": "more agents from Monday on",
"override": {"rules": ["ring_seconds"], "approved_by": "compliance", "reason": "..."},
"guard": {"minutes": 60}}
{"restore": "20260310T120000-0123456789abcdef", "campaigns": ["spring"], "reason": "..."}
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from outbound.complaints import Complaint, described, each_complaint
from outbound.dialer.checks import form_complaints
from outbound.dialer.configuration import canonical
from outbound.events.fields import CampaignId

# What is asked for is kept in one item, with snapshots of the same size.
_MOST_BYTES = 50_000

_ID = described(r"^[0-9A-Za-z-]{1,64}$", "the id of a rollout: letters, digits and '-'")
_ROLLOUT_ID = re.compile(_ID.removeprefix("^").removesuffix("$"))
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class Override(_Strict):
    """Which rules a rollout goes beyond, and who takes that upon them."""

    rules: list[Literal["abandonment_target", "ring_seconds"]] = Field(min_length=1, max_length=10)
    approved_by: Text
    reason: Text


class GuardChoice(_Strict):
    """What a rollout wants of the guard in place of the settings."""

    minutes: Annotated[float, Field(ge=0, le=24 * 60)] | None = None
    roll_back: bool | None = None


class _Document(_Strict):
    """A rollout document but for its settings, which are checked apart."""

    settings: dict[str, Any] | None = None
    restore: Annotated[str, Field(pattern=_ID)] | None = None
    campaigns: list[CampaignId] = Field(default_factory=list, max_length=50)
    reason: Text
    override: Override | None = None
    guard: GuardChoice | None = None
    requested_by: Annotated[str, Field(max_length=128)] | None = None


class InvalidRollout(ValueError):
    """A request that cannot be fulfilled; it says all that is wrong."""

    def __init__(self, complaints: list[Complaint]) -> None:
        """Object to these fields."""
        super().__init__("; ".join(map(str, complaints)))
        self.complaints = tuple(complaints)


@dataclass(frozen=True, slots=True)
class RolloutRequest:
    """A request whose form is right."""

    settings: Mapping[str, Any] | None
    """As the document has them; None where a snapshot is asked for."""

    restore: str
    campaigns: tuple[str, ...]
    reason: str
    requested_by: str
    override: Mapping[str, Any] | None
    guard: Mapping[str, Any]

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> RolloutRequest:
        """Return the request that a document, or an event's data, makes.

        Raises InvalidRollout naming every field that is missing or wrong.
        """
        complaints: list[Complaint] = []
        document = _read(data, complaints)
        complaints += _settings_complaints(data)
        if document is None or complaints:
            raise InvalidRollout(complaints)
        return cls(
            settings=document.settings,
            restore=document.restore or "",
            campaigns=tuple(dict.fromkeys(document.campaigns)),
            reason=document.reason,
            requested_by=document.requested_by or "",
            override=document.override.model_dump() if document.override else None,
            guard=document.guard.model_dump(exclude_none=True) if document.guard else {},
        )


def is_rollout_id(text: object) -> bool:
    """Return True if a text can be the id of a rollout: of others none is there."""
    return isinstance(text, str) and _ROLLOUT_ID.fullmatch(text) is not None


def _read(data: Mapping[str, Any], complaints: list[Complaint]) -> _Document | None:
    try:
        return _Document.model_validate(dict(data))
    except ValueError as error:
        complaints += each_complaint(error)
    return None


def _settings_complaints(data: Mapping[str, Any]) -> list[Complaint]:
    settings, restore = data.get("settings"), data.get("restore")
    if restore is not None and settings is not None:
        return [Complaint("restore", "form", "stands beside settings; leave one of them out")]
    if restore is not None:
        return []
    if settings is None:
        return [Complaint("settings", "required", "is missing")]
    if not isinstance(settings, dict):
        # The document's own form says so.
        return []
    found = list(form_complaints(settings))
    if not found and len(canonical(settings).encode(errors="surrogatepass")) > _MOST_BYTES:
        found.append(Complaint("settings", "range", f"must have {_MOST_BYTES} bytes at most"))
    return found
