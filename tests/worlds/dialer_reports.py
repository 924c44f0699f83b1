"""Reports of the dialer, wired as their function wires them, on moto and the sandbox tenant."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Mapping
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from typing import Any

import requests

from outbound.campaign_records.reported_abandonment import ReportedAbandonment, ReportedAbandonments
from outbound.clock import format_time
from outbound.dialer.reports.collector import build
from outbound.dialer.reports.settings import DialerReportSettings
from outbound.dialer.reports.watermarks import Watermark, Watermarks
from outbound.events import event_of_type
from outbound.events.types import EventType
from outbound.store.registry import registration_fields
from outbound.store.table import Key
from sandbox.running import Tenant
from sandbox.tenant.dialer_book import FIRST_SETTINGS
from worlds.aws import ENVIRONMENT, AwsWorld, FakeClock, Invocation
from worlds.runtime import WorldRuntime
from worlds.subscriptions import configure

TENANT = ENVIRONMENT["TENANT"]
SPRING, AUTUMN = "spring", "autumn"
SCOPES = "dialer:read dialer:write"
#: When the tests began: the tenant has reports up to then, and no hour ends in the middle of a test.
BEGUN = datetime.now(UTC)


def other_settings(ratio: float = 2.0) -> dict[str, Any]:
    """The tenant's first settings with another ratio."""
    settings = deepcopy(dict(FIRST_SETTINGS))
    settings["algorithm"] = {**settings["algorithm"], "dial_ratio": ratio}
    return settings


class DialerReportWorld:
    """Campaigns that are registered, a tenant with its log and metrics, and the lake."""

    def __init__(self, aws: AwsWorld, clock: FakeClock, tenant: Tenant, *campaigns: str) -> None:
        self.aws = aws
        self.clock = clock
        self.tenant = tenant
        self.settings = DialerReportSettings()
        self.seconds = 120.0
        configure(aws, tenant.url)
        self.start_afresh()
        for campaign_id in campaigns:
            self.register(campaign_id)

    def start_afresh(self) -> None:
        """Wire everything anew, as a cold start does."""
        given: Mapping[str, Callable[[], Any]] = {"dialer_reports": lambda: self.settings}
        self.runtime = WorldRuntime(self.aws, self.clock, given=given)
        self.marks = Watermarks(self.runtime.state, TENANT)

    def register(self, campaign_id: str, enabled: bool = True) -> None:
        """Register a campaign."""
        registry, now = self.runtime.registry, self.clock.now()
        fact = event_of_type(EventType.CAMPAIGN_REGISTERED, TENANT, now, [campaign_id], {})
        fields = registration_fields("", (), 1000, None, enabled)
        registry.register(campaign_id, fields, registry.revision(campaign_id), fact, now)
        # Its fact is another capability's matter.
        self.runtime.state.update(registry.key(campaign_id), "REMOVE #facts, #due_kind, #due_at", {})

    def collect(self) -> dict[str, Any]:
        """Do what a tick of the schedule does."""
        answer: dict[str, Any] = build(self.runtime)({}, Invocation(self.seconds))  # type: ignore[arg-type]
        return answer

    def later(self, **parts: float) -> None:
        """Let time pass and collect."""
        self.clock.advance(**parts)
        self.collect()

    def changed_by_us(self, rollout_id: str = "r-1", ratio: float = 2.0, **progress: Any) -> dict[str, Any]:
        """Change the settings as a rollout does, with its ledger; parts of its progress may be given."""
        said = self._put_settings(other_settings(ratio))
        sent = {"sent": True, "version": said["versionTag"], "operation_id": said["operationId"]}
        self.rollout(rollout_id, **{"own_versions": [said["versionTag"]], "activation": sent, **progress})
        return said

    def rollout(self, rollout_id: str, finished_at: str = "", **progress: Any) -> None:
        """Put a rollout into its ledger, in the form of that."""
        item = {
            "rollout_id": rollout_id,
            "requested_at": format_time(self.clock.now()),
            "finished_at": finished_at or None,
            "progress": progress,
        }
        self.runtime.state.put(Key(f"{TENANT}#dialer", f"rollout#{rollout_id}"), item)

    def _put_settings(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        client, url = self.tenant.world.clients[0], self.tenant.url
        form = {"grant_type": "client_credentials", "scope": SCOPES}
        answer = requests.post(
            f"{url}/oauth/token", form, auth=(client.client_id, client.client_secret), timeout=5
        )
        bearer = {"Authorization": f"Bearer {answer.json()['access_token']}"}
        version = self.tenant.dialer()["version"]
        changed = requests.put(
            f"{url}/api/v1/dialer/settings", json=settings, headers={**bearer, "If-Match": version}, timeout=5
        )
        assert changed.status_code == 202, changed.text
        said: dict[str, Any] = changed.json()
        return said

    def rows(self, prefix: str) -> list[dict[str, Any]]:
        """Every row below a prefix of the lake."""
        objects = self.aws.objects("LAKE_BUCKET", f"{prefix}/")
        lines = [line for key in sorted(objects) for line in gzip.decompress(objects[key]).splitlines()]
        return [json.loads(line) for line in lines]

    def keys(self, prefix: str) -> list[str]:
        """The keys of the lake's objects below a prefix."""
        return sorted(self.aws.objects("LAKE_BUCKET", f"{prefix}/"))

    def mark(self, report: str) -> Watermark:
        """The watermark of a report."""
        return self.marks.all()[report]

    def told(self) -> list[dict[str, Any]]:
        """What the bus has carried of changes by others since it was asked last."""
        return [event["data"] for event in self.aws.published("dialer.changed_by_others")]

    def reported(self, campaign_id: str = SPRING) -> ReportedAbandonment | None:
        """What is known of the share that CXone reports."""
        return ReportedAbandonments(self.runtime.state, TENANT).of_campaign(campaign_id)


def present() -> datetime:
    """The present moment by the tenant's clock, which is the machine's."""
    return datetime.now(UTC)


def whole_hour(back: float = 0) -> datetime:
    """The beginning of an hour so many hours ago."""
    return BEGUN.replace(minute=0, second=0, microsecond=0) - timedelta(hours=back)
