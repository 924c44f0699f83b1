"""What a running tenant knows, and forgets when it is reset."""

from datetime import UTC, datetime
from uuid import uuid4

from starlette.requests import Request

from sandbox.tenant.archive_book import ArchiveBook
from sandbox.tenant.campaign_book import CampaignBook
from sandbox.tenant.campaign_status import CampaignStatus
from sandbox.tenant.contact_book import ContactBook
from sandbox.tenant.dialer_book import DialerBook
from sandbox.tenant.list_book import ListBook
from sandbox.tenant.quota import Quotas
from sandbox.tenant.tokens import Tokens
from sandbox.tenant.webhook_sending import Webhooks
from sandbox.world import Campaign, World, iso, listed_contacts
from sandbox.world.calllog import CallLog
from sandbox.world.metrics_script import MetricsScript


class TenantState:
    """The world and everything that requests have changed since."""

    def __init__(self, world: World) -> None:
        """Start with `world` untouched."""
        self.webhooks = Webhooks()
        self.load(world)

    def load(self, world: World) -> None:
        """Go over to `world`, forgetting tokens, windows, added calls, writes and webhooks."""
        self.world = world
        self.tokens = Tokens(world.token_lifetime)
        self.quotas = Quotas(world.quotas)
        self.webhooks.start_afresh(world.webhook_pause)
        self.calls: dict[str, CallLog] = {}
        self.contacts: dict[str, ContactBook] = {}
        self.statuses: dict[str, CampaignStatus] = {}
        self.archives: dict[str, ArchiveBook] = {}
        self.scripts: dict[str, MetricsScript] = {}
        self.dialer = DialerBook(changed=self._tell_of_dialer)
        self.dialer_shares: dict[str, float] = {}
        self.campaigns = CampaignBook()
        self.lists = {one.id: ListBook(listed_contacts(world, one)) for one in world.contact_lists}
        for one in world.campaigns:
            self.add_campaign(one)

    def add_campaign(self, campaign: Campaign) -> None:
        """Have a campaign on every surface, until the tenant is reset."""
        self.calls[campaign.id] = CallLog(self.world.seed, campaign)
        self.contacts[campaign.id] = ContactBook(self.calls[campaign.id])
        self.statuses[campaign.id] = CampaignStatus(campaign)
        self.archives[campaign.id] = ArchiveBook(self.world.seed, campaign)

    def _tell_of_dialer(self) -> None:
        """Send the dialer's settings to the webhooks that asked for them."""
        event = {"id": f"evt_{uuid4().hex}", "type": "dialer.settings.updated"}
        data = {**self.dialer.active, "versionTag": self.dialer.version}
        self.webhooks.emit({**event, "occurredAt": iso(datetime.now(UTC)), "data": data})

    def reset(self) -> None:
        """Go back to the beginning of the same world."""
        self.load(self.world)


def state_of(request: Request) -> TenantState:
    """Return the state of the tenant that serves the request."""
    state: TenantState = request.app.state.tenant
    return state
