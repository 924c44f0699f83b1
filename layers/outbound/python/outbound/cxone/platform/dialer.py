"""The dialer's settings on the platform API: one set for the tenant, with a version and operations.

The calls, If-Match, 412 and 202 are documented. That settings in a body carry no versionTag, the form of
violations and warnings, and that 404 answers for an operation that is not known any more are assumptions.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from outbound.cxone.errors import CxoneError, Forbidden, NotFound, UnexpectedAnswer
from outbound.cxone.http import Answer, Call, CxoneHttp
from outbound.cxone.ports.dialer import (
    AcceptedChange,
    Operation,
    OperationStatus,
    PolicyFinding,
    PolicyVerdict,
    Settings,
    SettingsInForce,
    TrunkCapacity,
)
from outbound.logs import masked_text

_SURFACE, _BUDGET = "dialer", "dialer"
_SETTINGS = "/api/v1/dialer/settings"
_OPERATIONS = "/api/v1/dialer/operations"
_POLICIES = "/api/v1/dialer/policies/validate"
_VERSION = "versionTag"
_ROLE = "Dialer Administrator"

# All that CXone can be asked to check.
_CHECKS = ("tcpa_abandonment", "dnc_compliance", "calling_hours")
_ENDED = {
    "COMPLETED": OperationStatus.COMPLETED,
    "FAILED": OperationStatus.FAILED,
}
_MOST_FINDINGS, _LONGEST_TEXT = 20, 300


class PlatformDialer:
    """Reads and changes the dialer's settings."""

    def __init__(self, http: CxoneHttp) -> None:
        """Call through this session."""
        self._http = http

    def settings(self, campaign_ids: Sequence[str]) -> SettingsInForce:  # noqa: ARG002 - one set for all
        """Return what is in force. Raises UnexpectedAnswer where the answer has no version."""
        body = self._call(Call(_SURFACE, _BUDGET, "GET", _SETTINGS)).body
        if not isinstance(body, dict):
            raise UnexpectedAnswer(f"GET {_SETTINGS} answered without settings")
        version = _text_of(body, _VERSION, f"GET {_SETTINGS}")
        return SettingsInForce({name: value for name, value in body.items() if name != _VERSION}, version)

    def change(
        self,
        settings: Settings,
        version: str,
        campaign_ids: Sequence[str],  # noqa: ARG002 - one set for all
        *,
        urgent: bool = False,
    ) -> AcceptedChange:
        """Put settings in the place of those of a version; a lost answer is in doubt."""
        answer = self._call(
            Call(
                _SURFACE,
                _BUDGET,
                "PUT",
                _SETTINGS,
                json={name: value for name, value in settings.items() if name != _VERSION},
                headers={"If-Match": version},
                priority="high" if urgent else "normal",
            )
        )
        try:
            named = [_text_of(answer.body, name, f"PUT {_SETTINGS}") for name in (_VERSION, "operationId")]
        except UnexpectedAnswer as error:
            # Accepted, and only its answer is not understood.
            error.in_doubt = True
            raise
        return AcceptedChange(*named)

    def operation(self, operation_id: str, *, urgent: bool = False) -> Operation:
        """Return how an operation is; a status that is not known here is one of those before the end."""
        path = f"{_OPERATIONS}/{quote(operation_id, safe='')}"
        priority = "high" if urgent else "normal"
        try:
            answer = self._call(Call(_SURFACE, _BUDGET, "GET", path, priority=priority))  # type: ignore[arg-type]
        except NotFound:
            return Operation(OperationStatus.GONE)
        if answer.nothing:
            return Operation(OperationStatus.GONE)
        status = _text_of(answer.body, "status", f"GET {path}").upper()
        return Operation(_ENDED.get(status, OperationStatus.IN_PROGRESS), _said(answer.body, "errorDetails"))

    def validate(self, settings: Settings, capacity: TrunkCapacity | None) -> PolicyVerdict:
        """Return what the tenant's policies say; only the very word PASS lets settings pass."""
        body: dict[str, Any] = {"campaign_config": dict(settings), "regulatory_checks": list(_CHECKS)}
        if capacity is not None:
            percent = round(100 * capacity.used, 2)
            body["carrier_capacity"] = {
                "max_trunks": capacity.trunks,
                "current_utilization_percent": int(percent) if percent.is_integer() else percent,
            }
        answer = self._call(Call(_SURFACE, _BUDGET, "POST", _POLICIES, json=body)).body
        status = _text_of(answer, "compliance_status", f"POST {_POLICIES}")
        return PolicyVerdict(status == "PASS", _findings(answer, "violations"), _findings(answer, "warnings"))

    def _call(self, call: Call) -> Answer:
        try:
            return self._http.call(call)
        except Forbidden as error:
            raise _as_left(Forbidden(error.message, error.scopes, _ROLE), error) from error


def _as_left(named: CxoneError, error: CxoneError) -> CxoneError:
    named.in_doubt = error.in_doubt
    return named


def _text_of(body: Any, name: str, call: str) -> str:
    value = body.get(name) if isinstance(body, dict) else None
    if not isinstance(value, str) or not value:
        raise UnexpectedAnswer(f"{call} answered without a text {name!r}")
    return value


def _said(body: Any, name: str) -> str:
    """Return what CXone says in a field, short and without personal data; empty where it says nothing."""
    value = body.get(name) if isinstance(body, dict) else body
    return masked_text(value)[:_LONGEST_TEXT] if isinstance(value, str) else ""


def _findings(body: Any, name: str) -> tuple[PolicyFinding, ...]:
    found = body.get(name)
    listed = found if isinstance(found, list) else []
    return tuple(
        PolicyFinding(
            _said(each, "check") if isinstance(each, dict) else "",
            _said(each, "message") or "CXone says no more",
        )
        for each in listed[:_MOST_FINDINGS]
    )
