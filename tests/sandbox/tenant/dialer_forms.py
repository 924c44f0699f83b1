"""What dialer settings must look like, read strictly, and what the tenant's own policies say of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.tenant.reading import fields_of, invalid

_TYPES = ("predictive", "progressive", "preview")
_CONCURRENCY = {"max_agents": 10_000, "max_simultaneous_calls": 100_000, "call_spacing_ms": 60_000}
_ALGORITHM = ("type", "abandonment_rate_target", "agent_availability_estimate", "dial_ratio")
_OPTIONAL = ("warm_line_timeout_sec", "ring_timeout_sec")

#: The checks that can be asked for.
CHECKS = ("tcpa_abandonment", "dnc_compliance", "calling_hours")


def read_settings(document: Any, name: str = "body") -> dict[str, Any]:
    """Read dialer settings, or refuse them naming the field. A versionTag is not one of their fields."""
    given = fields_of(document, name, ("name", "type", "concurrency", "algorithm"))
    prefix = "" if name == "body" else f"{name}."
    if not isinstance(given.get("name"), str) or not given["name"]:
        raise invalid(f"{prefix}name", "is a text")
    if given.get("type") not in _TYPES:
        raise invalid(f"{prefix}type", f"is one of {', '.join(_TYPES)}")
    concurrency = fields_of(given.get("concurrency"), f"{prefix}concurrency", tuple(_CONCURRENCY))
    for part, most in _CONCURRENCY.items():
        _check_number(concurrency, part, f"{prefix}concurrency.", 0, most, whole=True)
    algorithm = fields_of(given.get("algorithm"), f"{prefix}algorithm", (*_ALGORITHM, *_OPTIONAL))
    for part in ("abandonment_rate_target", "agent_availability_estimate"):
        _check_number(algorithm, part, f"{prefix}algorithm.", 0, 1)
    _check_number(algorithm, "dial_ratio", f"{prefix}algorithm.", 0, 20)
    for part in _OPTIONAL:
        if part in algorithm:
            _check_number(algorithm, part, f"{prefix}algorithm.", 0, 600)
    return dict(given)


def judge(settings: Mapping[str, Any], checks: Any, capacity: Any) -> dict[str, Any]:
    """Return what the tenant's policies say of settings: PASS or FAIL, violations and warnings."""
    if not isinstance(checks, list) or any(check not in CHECKS for check in checks):
        raise invalid("regulatory_checks", f"is a list out of {', '.join(CHECKS)}")
    violations: list[dict[str, Any]] = []
    if "tcpa_abandonment" in checks and settings["algorithm"]["abandonment_rate_target"] > 0.03:
        violations.append(
            {"check": "tcpa_abandonment", "message": "The abandonment rate target is above 3 percent."}
        )
    free = _free_trunks(capacity)
    wanted = settings["concurrency"]["max_simultaneous_calls"]
    warnings = []
    if free is not None and wanted > free:
        warnings.append({"check": "carrier_capacity", "message": f"{wanted} calls, {free} trunks are free."})
    return {
        "compliance_status": "FAIL" if violations else "PASS",
        "violations": violations,
        "warnings": warnings,
    }


def _free_trunks(capacity: Any) -> int | None:
    if capacity is None:
        return None
    given = fields_of(capacity, "carrier_capacity", ("max_trunks", "current_utilization_percent"))
    _check_number(given, "max_trunks", "carrier_capacity.", 0, 1_000_000, whole=True)
    used = given.get("current_utilization_percent", 0)
    return int(given["max_trunks"] * (100 - used) / 100)


def _check_number(
    given: Mapping[str, Any], part: str, prefix: str, least: float, most: float, whole: bool = False
) -> None:
    value = given.get(part)
    kinds = (int,) if whole else (int, float)
    if isinstance(value, bool) or not isinstance(value, kinds) or not least <= value <= most:
        raise invalid(f"{prefix}{part}", f"is a {'whole ' if whole else ''}number from {least} to {most}")
