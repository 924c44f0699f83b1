"""The adapter for the platform API, the default of the stack parameter `CxoneApi`.

Imports stand where a port is made: a function loads those that it uses.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
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
    return _Ports(http)


class _Ports:
    """The ports, each made when it is first asked for."""

    def __init__(self, http: CxoneHttp) -> None:
        self._http = http

    @cached_property
    def outcomes(self) -> PlatformOutcomes:
        from outbound.cxone.platform.outcomes import PlatformOutcomes

        return PlatformOutcomes(self._http)

    @cached_property
    def subscriptions(self) -> PlatformSubscriptions:
        from outbound.cxone.platform.subscriptions import PlatformSubscriptions

        return PlatformSubscriptions(self._http)

    @cached_property
    def dispositions(self) -> PlatformDispositions:
        from outbound.cxone.platform.dispositions import PlatformDispositions

        return PlatformDispositions(self._http)

    @cached_property
    def campaigns(self) -> PlatformCampaigns:
        from outbound.cxone.platform.campaigns import PlatformCampaigns

        return PlatformCampaigns(self._http)

    @cached_property
    def attempts(self) -> PlatformAttempts:
        from outbound.cxone.platform.attempts import PlatformAttempts

        return PlatformAttempts(self._http)

    @cached_property
    def contact_lists(self) -> PlatformContactLists:
        from outbound.cxone.platform.contact_lists import PlatformContactLists

        return PlatformContactLists(self._http)

    @cached_property
    def dialer_reports(self) -> PlatformDialerReports:
        from outbound.cxone.platform.dialer_reports import PlatformDialerReports

        return PlatformDialerReports(self._http)

    @cached_property
    def simulator(self) -> PlatformSimulator:
        from outbound.cxone.platform.simulator import PlatformSimulator

        return PlatformSimulator(self._http)

    @cached_property
    def metrics(self) -> PlatformMetrics:
        from outbound.cxone.platform.metrics import PlatformMetrics

        return PlatformMetrics(self._http)

    @cached_property
    def dialer(self) -> PlatformDialer:
        from outbound.cxone.platform.dialer import PlatformDialer

        return PlatformDialer(self._http)
