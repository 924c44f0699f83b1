"""The contacts of one campaign and its agents, each computed from its number and from nothing else."""

from sandbox.world.drawing import key_of, mix, uuid_prefix
from sandbox.world.shape import Campaign, World

READY = "READY"

#: The states of a contact that is on a call, in the order in which a call goes through them.
BLOCKED_STATES: tuple[str, ...] = ("DIALING", "RINGING", "CONNECTED", "WRAP_UP")


class Contacts:
    """Every contact of one campaign, by number: call i goes to the contact i % len(contacts)."""

    def __init__(self, seed: int, campaign: Campaign) -> None:
        """Prepare what ids and first states are made of."""
        self.prefix = uuid_prefix(seed, campaign.id, "contact")
        self._campaign = campaign
        self._count = campaign.contact_count()
        self._key = key_of(seed, campaign.id, "contact state")

    def __len__(self) -> int:
        """Return how many contacts the campaign has."""
        return self._count

    def id_of(self, number: int) -> str:
        """Return the contact's id, which no other contact in the world has."""
        return f"{self.prefix}-{number:012x}"

    def number_of(self, contact_id: str) -> int | None:
        """Return the number of the contact of that id, None if the campaign has none."""
        head, _, last = contact_id.rpartition("-")
        try:
            number = int(last, 16)
        except ValueError:
            return None
        # Written again, so that no other spelling of the number is taken for the id.
        return number if number < self._count and self.id_of(number) == f"{head}-{last}" else None

    def state_of(self, number: int, elapsed: float) -> str:
        """Return the dialer state of a contact `elapsed` seconds after the world began."""
        draw = mix(number, self._key)
        if (draw & 0xFFFFF) >= round(self._campaign.busy * 2**20):
            return READY
        step, seconds = (draw >> 20) % len(BLOCKED_STATES), self._campaign.state_seconds
        if seconds is not None:
            # A part of the first state has passed already, so that not all change at one moment.
            step += int(elapsed / seconds + (draw >> 32 & 0xFFF) / 2**12)
        return BLOCKED_STATES[step] if step < len(BLOCKED_STATES) else READY


def agent_ids(seed: int, campaign: Campaign) -> tuple[str, ...]:
    """Return the ids of the agents who take the campaign's calls."""
    prefix = uuid_prefix(seed, "agent")
    return tuple(f"{prefix}-{number:012x}" for number in range(campaign.agents))


def contacts_of(world: World, campaign_id: str) -> list[str]:
    """Return the ids of a campaign's contacts in the order of their numbers."""
    contacts = Contacts(world.seed, _known(world, campaign_id))
    return [contacts.id_of(number) for number in range(len(contacts))]


def agents_of(world: World, campaign_id: str) -> tuple[str, ...]:
    """Return the ids of the agents whom a campaign's dispositions may name."""
    return agent_ids(world.seed, _known(world, campaign_id))


def _known(world: World, campaign_id: str) -> Campaign:
    campaign = world.campaign(campaign_id)
    if campaign is None:
        raise KeyError(campaign_id)
    return campaign
