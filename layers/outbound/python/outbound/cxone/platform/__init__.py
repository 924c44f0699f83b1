"""The adapter for the platform API, the default of the stack parameter `CxoneApi`."""

from __future__ import annotations

from outbound.cxone.adapters import Cxone
from outbound.cxone.http import CxoneHttp
from outbound.cxone.platform.attempts import PlatformAttempts
from outbound.cxone.platform.campaigns import PlatformCampaigns
from outbound.cxone.platform.contact_lists import PlatformContactLists
from outbound.cxone.platform.dialer import PlatformDialer
from outbound.cxone.platform.dialer_reports import PlatformDialerReports
from outbound.cxone.platform.dispositions import PlatformDispositions
from outbound.cxone.platform.metrics import PlatformMetrics
from outbound.cxone.platform.outcomes import PlatformOutcomes
from outbound.cxone.platform.simulator import PlatformSimulator
from outbound.cxone.platform.subscriptions import PlatformSubscriptions


def ports(http: CxoneHttp) -> Cxone:
    """Return this API's ports over one session."""
    return Cxone(
        outcomes=PlatformOutcomes(http),
        subscriptions=PlatformSubscriptions(http),
        dispositions=PlatformDispositions(http),
        campaigns=PlatformCampaigns(http),
        attempts=PlatformAttempts(http),
        contact_lists=PlatformContactLists(http),
        dialer_reports=PlatformDialerReports(http),
        simulator=PlatformSimulator(http),
        metrics=PlatformMetrics(http),
        dialer=PlatformDialer(http),
    )
