"""The completed attempts of one campaign, each computed from its number and from nothing else."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from sandbox.world.attempt_shape import ODD_ATTEMPTS
from sandbox.world.contacts import Contacts
from sandbox.world.drawing import borders, key_of, mix, slots, uuid_prefix
from sandbox.world.shape import Campaign, World

#: The kinds that can be archived.
ARCHIVABLE_KINDS = frozenset({"valid", "without_extras"})

_UNAPPROVED = ("CONVERTED", "INTERESTED", "CALLBACK_REQUESTED", "DO_NOT_CALL")
_RETENTIONS = (30, 90, 365, 730)
_LACKS: Mapping[str, tuple[str, ...]] = {
    "without_anonymised": ("anonymized",),
    "without_outcome": ("outcomeCode",),
    "without_contact": ("contactId",),
    "without_id": ("id",),
    "without_extras": ("disposition", "duration", "retentionDays"),
}
# A repeated attempt is this far behind at most: on another page more often than on the same one.
_FURTHEST_REPEAT = 1000


class CampaignAttempts:
    """Every completed attempt of one campaign.

    Place n of the list shows attempt n, or an earlier one again. Attempts that appear later have
    the numbers from `len` on.
    """

    def __init__(self, seed: int, campaign: Campaign) -> None:
        """Prepare what a record is put together from."""
        asked = campaign.attempts
        self._count = asked.count
        self._key = key_of(seed, campaign.id, "attempt")
        self._prefix = f"att-{uuid_prefix(seed, campaign.id, 'attempt')[:8]}"
        self._contacts = Contacts(seed, campaign)
        self._outcomes = slots(asked.outcomes)
        self._kinds = borders(asked.odd, ODD_ATTEMPTS)
        self.repeats_any = asked.odd.get("repeated", 0) > 0

    def __len__(self) -> int:
        """Return how many places the list begins with."""
        return self._count

    def id_of(self, number: int) -> str:
        """Return the id of an attempt, also of one that is listed without it."""
        return f"{self._prefix}-{number:08x}"

    def number_of(self, attempt_id: str) -> int | None:
        """Return the number that the id was made from, None if it is no such id."""
        try:
            number = int(attempt_id.rpartition("-")[2], 16)
        except ValueError:
            return None
        return number if self.id_of(number) == attempt_id else None

    def number_at(self, place: int) -> int:
        """Return which attempt a place of the first list shows."""
        while self._drawn(draw := mix(place, self._key)) == "repeated":
            back = 1 + (draw >> 32) % _FURTHEST_REPEAT
            if place < back:
                break
            place -= back
        return place

    def kind_of(self, number: int) -> str:
        """Return "valid", or which of ODD_ATTEMPTS but "repeated" the attempt is."""
        kind = self._drawn(mix(number, self._key))
        return "valid" if kind == "repeated" else kind

    def record(self, number: int) -> dict[str, Any]:
        """Return the attempt as it is listed."""
        draw, kind = mix(number, self._key), self.kind_of(number)
        outcome = self._outcomes[draw >> 20 & 0xFFF]
        if kind == "unapproved":
            outcome = _UNAPPROVED[(draw >> 32) % len(_UNAPPROVED)]
        fields = {
            "id": self.id_of(number),
            "contactId": self._contacts.id_of(number % len(self._contacts)),
            "outcomeCode": outcome,
            "disposition": "COMPLETED",
            "duration": 0 if outcome in ("NO_ANSWER", "BUSY") else 20 + (draw >> 36) % 900,
            "anonymized": kind != "not_anonymised",
            "retentionDays": _RETENTIONS[(draw >> 46) % len(_RETENTIONS)],
        }
        return {name: value for name, value in fields.items() if name not in _LACKS.get(kind, ())}

    def _drawn(self, draw: int) -> str:
        point = draw & 0xFFFFF
        return next((kind for border, kind in self._kinds if point < border), "valid")


def archivable_ids(world: World, campaign_id: str) -> list[str]:
    """Return the ids of the attempts that a faithful client archives, each once, in the list's order."""
    attempts = _attempts(world, campaign_id)
    numbers = dict.fromkeys(attempts.number_at(place) for place in range(len(attempts)))
    return [
        attempts.id_of(number)
        for number in numbers
        if attempts.kind_of(number) in ARCHIVABLE_KINDS
        and attempts.record(number)["outcomeCode"] in world.archivable_codes
    ]


def attempt_kinds(world: World, campaign_id: str) -> Counter[str]:
    """Count the attempts of each kind, each once, and the places that are "repeated"."""
    attempts = _attempts(world, campaign_id)
    shown = [attempts.number_at(place) for place in range(len(attempts))]
    kinds = Counter(attempts.kind_of(number) for number in set(shown))
    return kinds + Counter(repeated=len(shown) - len(set(shown)))


def _attempts(world: World, campaign_id: str) -> CampaignAttempts:
    campaign = world.campaign(campaign_id)
    if campaign is None:
        raise KeyError(campaign_id)
    return CampaignAttempts(world.seed, campaign)
