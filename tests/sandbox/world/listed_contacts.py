"""The contacts of a list, each computed from its number and from nothing else."""

from datetime import timedelta
from typing import Any, NamedTuple

from sandbox.world.contacts import Contacts
from sandbox.world.drawing import key_of, mix, slots
from sandbox.world.list_shape import ContactList
from sandbox.world.moments import iso
from sandbox.world.shape import Campaign, World


class Home(NamedTuple):
    """Where a contact lives, and the area code of a number from there."""

    state: str
    postal_code: str
    zone: str
    area_code: str


#: Some states with rules of their own, and some without.
HOMES: tuple[Home, ...] = (
    Home("NY", "10001", "America/New_York", "212"),
    Home("FL", "33101", "America/New_York", "305"),
    Home("TX", "75001", "America/Chicago", "214"),
    Home("CA", "90001", "America/Los_Angeles", "213"),
    Home("AZ", "85001", "America/Phoenix", "602"),
    Home("WA", "98101", "America/Los_Angeles", "206"),
    Home("IL", "60601", "America/Chicago", "312"),
    Home("CO", "80202", "America/Denver", "303"),
    Home("PA", "19102", "America/New_York", "215"),
    Home("LA", "70112", "America/Chicago", "504"),
    Home("OH", "43004", "America/New_York", "614"),
    Home("GA", "30301", "America/New_York", "404"),
)


class ListedContacts:
    """Every contact of a list, by the number that it has in its campaign."""

    def __init__(self, seed: int, listed: ContactList, campaign: Campaign) -> None:
        """Prepare what contacts are made of."""
        self._list = listed
        self._campaign = campaign
        self._key = key_of(seed, listed.id, "listed contact")
        self._values = {name: slots(weights) for name, weights in listed.attributes.items()}
        self.contacts = Contacts(seed, campaign)
        self.count = (
            len(self.contacts) if listed.contacts is None else min(listed.contacts, len(self.contacts))
        )

    def record(self, number: int) -> dict[str, Any]:
        """Return a contact as it was when the world began.

        Assumption: the document names `contacts`, `consentFlags.outbound.call` and `lastModifiedTime`, and
        not how address, zone, numbers and attempts are called.
        """
        draw, other = mix(number, self._key), mix(number, self._key ^ 0x5DEECE66D)
        home = HOMES[draw % len(HOMES)]
        zoned = _below(draw >> 8, self._list.zoned)
        return {
            "contactId": self.contacts.id_of(number),
            "phoneNumbers": [f"+1{home.area_code}55501{number % 100:02}"],
            "address": {"state": home.state, "postalCode": home.postal_code},
            "timeZone": home.zone if zoned else None,
            "timeZoneConfirmed": zoned and _below(draw >> 28, self._list.confirmed),
            "consentFlags": {"outbound": {"call": _below(draw >> 44, self._list.consent)}},
            "attempts": self._attempts(other),
            "attributes": {
                name: values[mix(number, key_of(self._key, name)) % len(values)]
                for name, values in self._values.items()
            },
            "lastModifiedTime": iso(self._campaign.end - timedelta(seconds=(other >> 40) % 86_400)),
        }

    def _attempts(self, draw: int) -> dict[str, Any]:
        if not _below(draw, self._list.attempted):
            return {"count": 0, "lastAttemptAt": None}
        last = self._campaign.end - timedelta(minutes=(draw >> 24) % 1440 + 1)
        return {"count": 1 + (draw >> 20) % 3, "lastAttemptAt": iso(last)}


def listed_contacts(world: World, listed: ContactList) -> ListedContacts:
    """Return the contacts of a list of a world."""
    campaign = world.campaign(listed.campaign_id)
    if campaign is None:
        raise KeyError(listed.campaign_id)
    return ListedContacts(world.seed, listed, campaign)


def _below(draw: int, share: float) -> bool:
    return (draw & 0xFFFFF) < round(share * 2**20)
