"""Whether a campaign's caps hold together, and stay within what the law leaves in its states."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from outbound.campaigns.plan import PlanCaps
from outbound.complaints import Complaint
from outbound.compliance.contact import Purpose
from outbound.compliance.rules import UNKNOWN, Row, Rules

_DEBT_CALLS, _DEBT_CITATION = 7, "12 CFR 1006.14(b)(2)"


def check_caps(
    caps: PlanCaps, purpose: Purpose, states: Sequence[str], rules: Rules, today: date
) -> list[Complaint]:
    """Return what is wrong with caps; without `states` the strictest row counts."""
    rows = [rules.row(state, today) for state in states or (UNKNOWN,)]
    return [*_consistent(caps), *_within_rows(caps, rows), *_of_debts(caps, purpose)]


def _consistent(caps: PlanCaps) -> Iterator[Complaint]:
    if caps.per_day and caps.per_week and caps.per_week < caps.per_day:
        message = f"{caps.per_week} a week is below the {caps.per_day} a day, which could never be reached"
        yield Complaint("caps.per_week", "caps_inconsistent", message)
    if caps.per_day and caps.campaign_per_day and caps.campaign_per_day < caps.per_day:
        message = f"{caps.campaign_per_day} of the campaign a day are fewer than {caps.per_day} to one person"
        yield Complaint("caps.campaign_per_day", "caps_inconsistent", message)


def _within_rows(caps: PlanCaps, rows: Sequence[Row]) -> Iterator[Complaint]:
    for row in rows:
        most = row.max_calls_24h
        if most is None or (caps.per_day or most + 1) <= most:
            continue
        said = f"{caps.per_day} a day is above" if caps.per_day else "is missing: it has to be at most"
        strictest = "of the strictest state, for `states` names none"
        where = strictest if row.state == UNKNOWN else f"of {row.state}"
        message = f"{said} the {most} calls in 24 hours {where}"
        yield Complaint("caps.per_day", "state_cap", message, row.citation)


def _of_debts(caps: PlanCaps, purpose: Purpose) -> Iterator[Complaint]:
    if purpose is Purpose.DEBT_COLLECTION and (caps.per_week or _DEBT_CALLS + 1) > _DEBT_CALLS:
        said = f"{caps.per_week} a week is above" if caps.per_week else "is missing: it has to be at most"
        message = f"{said} the {_DEBT_CALLS} calls in 7 days that are presumed lawful for a debt"
        yield Complaint("caps.per_week", "debt_cap", message, _DEBT_CITATION)
