"""The one place where the adapter is chosen: the stack parameter `CxoneApi` names it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Protocol

from outbound.settings import ConfigurationError

if TYPE_CHECKING:
    from outbound.clock import Deadline
    from outbound.cxone.http import CxoneHttp
    from outbound.cxone.ports.attempts import AttemptsPort
    from outbound.cxone.ports.campaigns import CampaignsPort
    from outbound.cxone.ports.contact_lists import ContactListsPort
    from outbound.cxone.ports.dialer import DialerPort
    from outbound.cxone.ports.dialer_reports import DialerReportsPort
    from outbound.cxone.ports.dispositions import DispositionsPort
    from outbound.cxone.ports.metrics import MetricsPort
    from outbound.cxone.ports.outcomes import OutcomesPort
    from outbound.cxone.ports.simulator import SimulatorPort
    from outbound.cxone.ports.subscriptions import SubscriptionsPort

# An adapter is a package with a function `ports(http)`, imported when it is chosen.
ADAPTERS: Mapping[str, str] = {"platform": "outbound.cxone.platform"}


class Cxone(Protocol):
    """CXone as the capabilities see it. A port is imported when it is first asked for."""

    @property
    def outcomes(self) -> OutcomesPort:
        """What became of calls."""

    @property
    def subscriptions(self) -> SubscriptionsPort:
        """Which webhooks are registered."""

    @property
    def dispositions(self) -> DispositionsPort:
        """Contacts and their dispositions."""

    @property
    def campaigns(self) -> CampaignsPort:
        """Campaigns and their states."""

    @property
    def attempts(self) -> AttemptsPort:
        """Attempts, and their archive."""

    @property
    def contact_lists(self) -> ContactListsPort:
        """Contact lists and who is on them."""

    @property
    def dialer_reports(self) -> DialerReportsPort:
        """What the dialer measured, and who changed it."""

    @property
    def simulator(self) -> SimulatorPort:
        """CXone's own model of the dialer."""

    @property
    def metrics(self) -> MetricsPort:
        """What campaigns measure."""

    @property
    def dialer(self) -> DialerPort:
        """The dialer's settings and operations."""


class Connection:
    """One session to a tenant's CXone; `until` gives its ports to an invocation."""

    def __init__(self, api: str, http: CxoneHttp) -> None:
        """Use the adapter of an API. Raises ConfigurationError where there is none."""
        adapter = ADAPTERS.get(api)
        if adapter is None:
            known = ", ".join(sorted(ADAPTERS))
            raise ConfigurationError(f"CxoneApi is {api!r}; there are adapters for: {known}")
        self._ports: Callable[[CxoneHttp], Cxone] = import_module(adapter).ports
        self.http = http

    def until(self, deadline: Deadline) -> Cxone:
        """Return the ports for calls that end before a deadline."""
        return self._ports(self.http.until(deadline))
