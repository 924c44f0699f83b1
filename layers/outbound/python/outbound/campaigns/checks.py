"""Whether a campaign may be provisioned: every complaint at once, with its field, its rule and its citation.

Pure: rules, day and what was looked up elsewhere are passed in. Not legal advice.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any

from outbound.campaign_ids import CAMPAIGN_ID
from outbound.campaigns.caps_checks import check_caps
from outbound.campaigns.field_reader import FieldReader, Form
from outbound.campaigns.plan import CampaignPlan, Hours, PlanCaps, derived_key
from outbound.campaigns.plan_fields import (
    read_caps,
    read_failover,
    read_hours,
    read_pacing,
    read_purpose,
    read_states,
    read_zone,
)
from outbound.campaigns.window_checks import check_window
from outbound.complaints import Complaint
from outbound.compliance.contact import Purpose
from outbound.compliance.places import EASTERN, ZONES
from outbound.compliance.rules import Rules
from outbound.compliance.zone_names import zone_near

_KEY = Form(r"[A-Za-z0-9_-]{1,64}", "1 to 64 letters, digits, '-' and '_'")
_CAMPAIGN_ID = Form(CAMPAIGN_ID, "1 to 64 letters, digits, '-' and '_'")
_ID = Form(r"[\w:@-][\w.:@-]{0,127}", "1 to 128 letters, digits, '.', ':', '@', '-' and '_', no '.' first")
_FIELDS = (
    *("name", "key", "description", "purpose", "seller", "subject", "contact_list_id", "queue_id"),
    *("time_zone", "predictive", "hours", "caps", "failover", "backup_campaign_id", "states"),
)


class ListState(StrEnum):
    """What is known of the list that a plan names."""

    NOT_LOOKED_AT = "not_looked_at"
    MISSING = "missing"
    EMPTY = "empty"
    FILLED = "filled"


@dataclass(frozen=True, slots=True)
class Lookups:
    """What was looked up of the things that a plan names.

    Attributes:
        contact_list: How the list is.
        backup_exists: Whether there is a campaign of the backup's id; None where that was not looked up.
        backup_name: What the backup is called.
        backup_chain: The backup's own backup, that one's, and so on.
        own_id: The id of the plan's campaign, where it is provisioned already.
    """

    contact_list: ListState = ListState.NOT_LOOKED_AT
    backup_exists: bool | None = None
    backup_name: str = ""
    backup_chain: tuple[str, ...] = ()
    own_id: str = ""


@dataclass(frozen=True, slots=True)
class Checked:
    """What came of a check: the plan where there is no complaint, and warnings, which hold nothing up."""

    plan: CampaignPlan | None
    complaints: tuple[Complaint, ...]
    warnings: tuple[Complaint, ...]


@dataclass(slots=True)
class _Draft:
    """What could be read of a plan; None, or empty, where that is missing or wrong."""

    states: tuple[str, ...] | None = ()
    time_zone: str = ""
    hours: Hours | None = None
    caps: PlanCaps | None = None
    purpose: Purpose | None = None
    complaints: list[Complaint] = field(default_factory=list)
    warnings: list[Complaint] = field(default_factory=list)


def check(document: Mapping[str, Any], rules: Rules, today: date, lookups: Lookups | None = None) -> Checked:
    """Check a plan as it was written.

    Args:
        document: The plan, as JSON has it.
        rules: The rules of calling.
        today: The day from which on the campaign may dial.
        lookups: What was looked up elsewhere; what was not, is not judged.

    Returns:
        The plan, or all complaints about it, and warnings either way.
    """
    draft = _Draft()
    reader = FieldReader(document, draft.complaints)
    reader.refuse_unknown(_FIELDS)
    name = _name(reader, required=True)
    draft.purpose = read_purpose(reader)
    draft.states = read_states(reader)
    draft.time_zone = read_zone(reader)
    draft.hours = read_hours(reader)
    draft.caps = read_caps(reader)
    plan_of = _identity(reader, name, draft.purpose) | {
        "pacing": read_pacing(reader, draft.warnings),
        "failover": read_failover(reader),
        "backup_campaign_id": _backup(reader, name, lookups or Lookups()),
    }
    _check_list(reader, lookups or Lookups())
    _check_law(draft, draft.time_zone or _assumed_zone(document, draft.states or ()), rules, today)
    if draft.complaints:
        return Checked(None, tuple(draft.complaints), tuple(draft.warnings))
    plan_of |= {name: getattr(draft, name) for name in ("states", "time_zone", "hours", "caps", "purpose")}
    return Checked(CampaignPlan(**plan_of), (), tuple(draft.warnings))


def name_and_key(document: Mapping[str, Any]) -> tuple[str, str]:
    """Return the name and the key of a plan, each empty where it is missing or wrong."""
    reader = FieldReader(document, [])
    name = _name(reader)
    key = reader.text("key", longest=64, form=_KEY)
    return name, key or (derived_key(name) if name else "")


def _name(reader: FieldReader, *, required: bool = False) -> str:
    """Return the name in one spelling: what looks the same to a person is one campaign."""
    return " ".join(unicodedata.normalize("NFC", reader.text("name", longest=200, required=required)).split())


def named_things(document: Mapping[str, Any]) -> tuple[str, str]:
    """Return the ids of the list and of the backup that a plan names, each empty where there is none."""
    reader = FieldReader(document, [])
    backup = reader.text("backup_campaign_id", longest=64, form=_CAMPAIGN_ID)
    return reader.text("contact_list_id", longest=128, form=_ID), backup


def _identity(reader: FieldReader, name: str, purpose: Purpose | None) -> dict[str, Any]:
    seller = reader.text("seller", longest=128)
    if not seller and purpose is Purpose.TELEMARKETING and not reader.value("seller"):
        message = "is missing: consent to sales calls is given to a seller by name"
        reader.complain("seller", "required", message, "47 CFR 64.1200(f)(9)")
    return {
        "name": name,
        "key": reader.text("key", longest=64, form=_KEY) or derived_key(name),
        "seller": seller,
        "subject": reader.text("subject", longest=128),
        "description": reader.text("description", longest=1000),
        "contact_list_id": reader.text("contact_list_id", longest=128, required=True, form=_ID),
        "queue_id": reader.text("queue_id", longest=128, required=True, form=_ID),
    }


def _backup(reader: FieldReader, name: str, lookups: Lookups) -> str:
    where = "backup_campaign_id"
    backup = reader.text(where, longest=64, form=_CAMPAIGN_ID)
    if not backup:
        return ""
    chain = (backup, *lookups.backup_chain)
    if lookups.backup_exists is False:
        reader.complain(where, "backup_missing", f"there is no campaign {backup}")
    if backup == lookups.own_id or (name and lookups.backup_name == name):
        reader.complain(where, "backup_itself", "is the campaign itself; a backup is another one")
    elif len(set(chain)) < len(chain) or lookups.own_id in chain:
        circle = " -> ".join(chain)
        reader.complain(where, "backup_circle", f"leads in a circle: {circle}; nothing would take over")
    return backup


def _check_list(reader: FieldReader, lookups: Lookups) -> None:
    if lookups.contact_list is ListState.MISSING:
        reader.complain("contact_list_id", "list_missing", "there is no list of that id in CXone")
    elif lookups.contact_list is ListState.EMPTY:
        reader.complain("contact_list_id", "list_empty", "the list has no contact to call")


def _assumed_zone(document: Mapping[str, Any], states: Sequence[str]) -> str:
    """Return the clock by which hours are judged where the plan's zone is missing or wrong.

    The one that was meant, as it seems, else that of the first state: a wrong zone hides no wrong hours.
    """
    written = document.get("time_zone")
    meant = zone_near(written) if isinstance(written, str) else ""
    return meant or (ZONES[states[0]][0] if states else EASTERN)


def _check_law(draft: _Draft, time_zone: str, rules: Rules, today: date) -> None:
    """Judge what was read of hours and caps against the law, as far as it could be read."""
    if draft.states is None:
        return
    if draft.hours:
        found = check_window(draft.hours, time_zone, draft.states, rules, today)
        draft.complaints += found.complaints
        draft.warnings += found.warnings
    if draft.caps and draft.purpose:
        draft.complaints += check_caps(draft.caps, draft.purpose, draft.states, rules, today)


def messages(complaints: Sequence[Complaint]) -> str:
    """Return complaints as one text."""
    return "; ".join(str(complaint) for complaint in complaints)
