"""What a running tenant knows, and forgets when it is reset."""

from starlette.requests import Request

from sandbox.tenant.archive_book import ArchiveBook
from sandbox.tenant.campaign_status import CampaignStatus
from sandbox.tenant.contact_book import ContactBook
from sandbox.tenant.list_book import ListBook
from sandbox.tenant.quota import Quotas
from sandbox.tenant.tokens import Tokens
from sandbox.tenant.webhook_sending import Webhooks
from sandbox.world import World, listed_contacts
from sandbox.world.calllog import CallLog


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
        self.calls = {one.id: CallLog(world.seed, one) for one in world.campaigns}
        self.contacts = {name: ContactBook(log) for name, log in self.calls.items()}
        self.lists = {one.id: ListBook(listed_contacts(world, one)) for one in world.contact_lists}
        self.statuses = {one.id: CampaignStatus(one) for one in world.campaigns}
        self.archives = {one.id: ArchiveBook(world.seed, one) for one in world.campaigns}

    def reset(self) -> None:
        """Go back to the beginning of the same world."""
        self.load(self.world)


def state_of(request: Request) -> TenantState:
    """Return the state of the tenant that serves the request."""
    state: TenantState = request.app.state.tenant
    return state
