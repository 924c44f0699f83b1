"""Campaigns on the platform API.

The documents know two hosts that have campaigns, and which one does what is decided here alone:

    status, pause, resume           `/api/v2/campaigns/{id}` on the archive's host
    read, find, create, set_state   `/api/v2/omnichannel/campaigns` on the campaigns' host

A hold reads, pauses and resumes at the same place, for it must see, and take back, the pause that it asked
for. What is decided of a campaign goes where its settings are, with an idempotency key. What is created has
all its settings, which only the campaigns' host knows.

Pausing and creating are documented. That a campaign can be read at the archive's host, its states PAUSING and
ACTIVE, that campaigns are listed by name, and how, are assumptions.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import time
from typing import Any
from urllib.parse import quote

from outbound.campaign_ids import is_campaign_id
from outbound.cxone.errors import NotFound, UnexpectedAnswer
from outbound.cxone.http import Call, CxoneHttp
from outbound.cxone.ports.campaigns import CampaignRecord, CampaignStatus, DialingWindow, NewCampaign
from outbound.cxone.quota_places import Priority

Body = dict[str, Any]

# Whose host and token steer a campaign, whose know its settings, and the quota of both.
_STEERING, _SETTINGS, _BUDGET = "archive", "campaigns", "campaigns"
_PATH = "/api/v2/omnichannel/campaigns"

_STATUSES = {
    "ACTIVE": CampaignStatus.ACTIVE,
    "PAUSING": CampaignStatus.PAUSING,
    "PAUSED": CampaignStatus.PAUSED,
}
_DAYS = {
    "mon": "Monday",
    "tue": "Tuesday",
    "wed": "Wednesday",
    "thu": "Thursday",
    "fri": "Friday",
    "sat": "Saturday",
    "sun": "Sunday",
}
# How the documents write the end of a day is not said; its last second is understood by everything.
_DAYS_END = "23:59:59"

# Campaigns of a name are looked for in pages of so many, and in so many pages at most.
_PAGE_SIZE, _MAX_PAGES = 100, 100
_STATUS_NAME = re.compile(r"[A-Za-z_ -]{1,40}")


class PlatformCampaigns:
    """Reads, creates and steers campaigns."""

    def __init__(self, http: CxoneHttp) -> None:
        """Call through this session."""
        self._http = http

    def status(self, campaign_id: str) -> CampaignStatus:
        """Return a campaign's status. Raises UnexpectedAnswer where the answer has none."""
        return self._steered("GET", campaign_id, "normal")

    def pause(self, campaign_id: str) -> CampaignStatus:
        """Ask for a pause and return the status then."""
        return self._steered("PATCH", campaign_id, "high", {"status": "PAUSED"})

    def resume(self, campaign_id: str) -> CampaignStatus:
        """Ask a campaign to dial again and return the status then."""
        return self._steered("PATCH", campaign_id, "high", {"status": "ACTIVE"})

    def set_state(self, campaign_id: str, status: CampaignStatus, idempotency_key: str) -> None:
        """Ask a campaign to be ACTIVE or PAUSED. A status is sent alone, never together with settings."""
        path, body = f"{_PATH}/{quote(campaign_id, safe='')}", {"status": status.value}
        call = Call(
            _SETTINGS, _BUDGET, "PUT", path, json=body, priority="high", idempotency_key=idempotency_key
        )
        self._http.call(call)

    def read(self, campaign_id: str) -> CampaignRecord:
        """Return a campaign. Raises UnexpectedAnswer where the answer is not one."""
        path = f"{_PATH}/{quote(campaign_id, safe='')}"
        answer = self._http.call(Call(_SETTINGS, _BUDGET, "GET", path))
        if answer.nothing:
            raise NotFound(f"GET {path} answered 204: there is no such campaign")
        return _record(answer.body, f"GET {path}")

    def find(self, name: str) -> list[CampaignRecord]:
        """Return every campaign of exactly that name.

        CXone may take the name for the beginning of one, or not look at it at all: it is compared here too.
        Raises UnexpectedAnswer where the list has no end.
        """
        return [
            _record(each, f"GET {_PATH}")
            for each in self._listed(name)
            if isinstance(each, dict) and each.get("name") == name
        ]

    def create(self, campaign: NewCampaign, idempotency_key: str) -> CampaignRecord:
        """Create a campaign, paused, and return it; a lost answer is in doubt, and not tried again here.

        The document has the key for changes of a status. That it holds here too is not relied on.
        """
        headers = {"X-Idempotency-Key": idempotency_key}
        answer = self._http.call(
            Call(_SETTINGS, _BUDGET, "POST", _PATH, json=_body(campaign), headers=headers)
        )
        try:
            return _record(answer.body, f"POST {_PATH}")
        except UnexpectedAnswer as error:
            # Created, and only its answer is not understood.
            error.in_doubt = True
            raise

    def _listed(self, name: str) -> Iterator[Any]:
        for page in range(1, _MAX_PAGES + 1):
            params = {"name": name, "page": page, "pageSize": _PAGE_SIZE}
            answer = self._http.call(Call(_SETTINGS, _BUDGET, "GET", _PATH, params=params))
            if answer.nothing:
                return
            campaigns = answer.body.get("campaigns") if isinstance(answer.body, dict) else None
            if not isinstance(campaigns, list):
                raise UnexpectedAnswer(f"GET {_PATH} answered without a list 'campaigns'")
            yield from campaigns
            if len(campaigns) < _PAGE_SIZE:
                return
        raise UnexpectedAnswer(f"GET {_PATH} answered with more than {_MAX_PAGES} pages of campaigns")

    def _steered(self, method: str, campaign_id: str, priority: Priority, body: Any = None) -> CampaignStatus:
        path = f"/api/v2/campaigns/{quote(campaign_id, safe='')}"
        answer = self._http.call(Call(_STEERING, _BUDGET, method, path, json=body, priority=priority))
        if answer.nothing and method == "GET":
            raise NotFound(f"GET {path} answered 204: there is no such campaign")
        status = answer.body.get("status") if isinstance(answer.body, dict) else None
        if not isinstance(status, str):
            raise UnexpectedAnswer(f"{method} {path} answered with a campaign that has no text 'status'")
        return _STATUSES.get(status.upper(), CampaignStatus.OTHER)


def _record(body: Any, call: str) -> CampaignRecord:
    if not isinstance(body, dict) or not is_campaign_id(body.get("id")):
        raise UnexpectedAnswer(f"{call} answered with a campaign that has no usable 'id'")
    status = _text(body, "status")
    return CampaignRecord(
        campaign_id=body["id"],
        name=_text(body, "name"),
        status=_STATUSES.get(status.upper(), CampaignStatus.OTHER),
        status_name=status if _STATUS_NAME.fullmatch(status) else "",
        contact_list_id=_text(body, "contactListId"),
        queue_id=_text(body, "queueId"),
        version=str(body["version"])[:64] if isinstance(body.get("version"), str | int) else "",
        calls_under_way=_count(body, "activeCalls"),
    )


def _count(body: Body, name: str) -> int | None:
    value = body.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _text(body: Body, name: str) -> str:
    value = body.get(name)
    return value if isinstance(value, str) else ""


def _body(campaign: NewCampaign) -> Body:
    pacing = campaign.pacing
    body: Body = {
        "name": campaign.name,
        "description": campaign.description,
        # Created paused: that it dials is asked for apart, and never together with settings.
        "status": "paused",
        "dialerConfig": {
            "type": "predictive",
            "predictiveSettings": {
                "answerRatio": pacing.answer_ratio,
                "maxCallsInFlight": pacing.max_calls_in_flight,
                "callRate": pacing.call_rate,
                "abandonmentThreshold": pacing.abandonment_threshold,
            },
        },
        "complianceConfig": _compliance(campaign),
        "contactListId": campaign.contact_list_id,
        "queueId": campaign.queue_id,
    }
    if failover := campaign.failover:
        body["failoverConfig"] = {
            "enabled": failover.enabled,
            "thresholdType": failover.threshold_type,
            "thresholdValue": failover.threshold_value,
            "evaluationWindowMinutes": failover.window_minutes,
        }
    return body


def _compliance(campaign: NewCampaign) -> Body:
    window, limits = campaign.window, campaign.limits
    rates = {
        "maxCallsPerContactPerDay": limits.per_contact_per_day,
        "maxCallsPerContactPerWeek": limits.per_contact_per_week,
        "maxCallsPerDay": limits.per_day,
    }
    return {
        "timeZone": window.time_zone,
        "dialingRules": {
            "startTime": window.start.strftime("%H:%M:%S"),
            "endTime": _end(window),
            "allowedDays": [_DAYS[day] for day in window.days],
        },
        "rateLimits": {name: value for name, value in rates.items() if value is not None},
    }


def _end(window: DialingWindow) -> str:
    return _DAYS_END if window.end == time(0) else window.end.strftime("%H:%M:%S")
