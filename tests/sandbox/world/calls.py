"""The calls of one campaign, each computed from its index and from nothing else.

A campaign of any size costs no memory, and page 500 costs what page 1 costs. Calls are ordered by
their start, which is a whole second as in the documents' example.
"""

import json
from datetime import UTC, datetime, timedelta
from functools import cache
from hashlib import blake2b
from itertools import accumulate

from sandbox.world.shape import BAD_KINDS, Campaign

#: Nobody answered, so no agent was ever connected.
UNANSWERED = frozenset({"NO_ANSWER", "BUSY"})

# Assumption: a contact is tried three times. Call i is the attempt i // contacts + 1 to the
# contact i % contacts, so attempt numbers rise with time for every contact.
ATTEMPTS_PER_CONTACT = 3

_MASK = 2**64 - 1
_SHARE_UNITS = 2**20
_CODE_SLOTS = 2**12
_DAY = 86_400


class CampaignCalls:
    """Every call of one campaign, in the order of its start."""

    def __init__(self, seed: int, campaign: Campaign) -> None:
        """Prepare the tables from which a record is put together."""
        self.campaign = campaign
        self._key = int.from_bytes(_digest(seed, campaign.id, "key")[:8], "big")
        self._call_prefix = _uuid_prefix(_digest(seed, campaign.id, "call"))
        self._contact_prefix = _uuid_prefix(_digest(seed, campaign.id, "contact"))
        agent_prefix = _uuid_prefix(_digest(seed, "agent"))
        self._agents = tuple(f"{agent_prefix}-{n:012x}" for n in range(campaign.agents))
        self._contacts = max(1, -(-campaign.calls // ATTEMPTS_PER_CONTACT))
        self._origin = int(campaign.start.timestamp())
        self._span = int(campaign.end.timestamp()) - self._origin
        self._kinds = _shares(campaign)
        self._codes = _slots(campaign)
        self._parts = {code: self._parts_of(code) for code in campaign.codes}
        _clock()  # built now, so that the first page is not the slow one

    def __len__(self) -> int:
        """Return how many calls were generated for the campaign."""
        return self.campaign.calls

    def start_of(self, index: int) -> int:
        """Return the second since the epoch at which the call started."""
        draw = _mix(index, self._key)
        return self._origin + (index * 256 + (draw >> 56)) * self._span // (256 * len(self))

    def index_at(self, second: int) -> int:
        """Return the first index whose call started at `second` or later."""
        low, high = 0, len(self)
        while low < high:
            middle = (low + high) // 2
            if self.start_of(middle) < second:
                low = middle + 1
            else:
                high = middle
        return low

    def id_of(self, index: int) -> str:
        """Return the call's id, which no other call in the world has."""
        return f"{self._call_prefix}-{index:012x}"

    def kind_of(self, index: int) -> str:
        """Return "valid", "inbound", or which of BAD_KINDS the record is."""
        return self._kind(_mix(index, self._key))

    def code_of(self, index: int) -> str | None:
        """Return the disposition code in the record, None where the record has none."""
        draw = _mix(index, self._key)
        if self._kind(draw) in ("without_code", "not_an_object"):
            return None
        return self._codes[draw >> 20 & 0xFFF]

    def render(self, first: int, beyond: int) -> list[str]:
        """Return the records from `first` until before `beyond`, each as JSON text.

        Written for speed: a benchmark that pulls half a million calls should not be measuring
        this loop, which is why it formats text and does not build dicts.
        """
        key, origin, scale = self._key, self._origin, 256 * len(self)
        span, contacts, special = self._span, self._contacts, self._kinds[-1][0]
        codes, parts, clock, dates = self._codes, self._parts, _clock(), _Dates()
        call_id, contact_id = self._call_prefix, self._contact_prefix
        records = []
        for index in range(first, beyond):
            draw = _mix(index, key)
            head, shortest, spread, tails = parts[codes[draw >> 20 & 0xFFF]]
            start = origin + (index * 256 + (draw >> 56)) * span // scale
            end = start + shortest + (draw >> 32 & 0xFFF) % spread
            attempt, contact = divmod(index, contacts)
            record = (
                f'{{"id":"{call_id}-{index:012x}",{head}'
                f'"startTime":"{dates[start // _DAY]}{clock[start % _DAY]}",'
                f'"endTime":"{dates[end // _DAY]}{clock[end % _DAY]}","direction":"OUTBOUND",'
                f'"contactId":"{contact_id}-{contact:012x}","attemptNumber":{attempt + 1}'
                f"{tails[(draw >> 44 & 0xFFF) % len(tails)]}"
            )
            records.append(record if draw & 0xFFFFF >= special else self._odd(record, draw))
        return records

    def _kind(self, draw: int) -> str:
        point = draw & 0xFFFFF
        return next((kind for border, kind in self._kinds if point < border), "valid")

    def _odd(self, record: str, draw: int) -> str:
        """Return an ordinary record made inbound or unusable."""
        kind, call = self._kind(draw), json.loads(record)
        if kind == "inbound":
            call["direction"] = "INBOUND"
        elif kind == "without_code":
            del call["dispositionCode"]
        elif kind == "bad_start_time":
            call["startTime"] = "yesterday, about noon"
        elif kind == "end_before_start":
            start = datetime.fromisoformat(call["startTime"])
            earlier = start - timedelta(seconds=1 + (draw >> 32 & 0xFFF))
            call["endTime"] = earlier.isoformat().replace("+00:00", "Z")
        else:
            call = (None, "torn record", ["torn", "record"])[(draw >> 32) % 3]
        return json.dumps(call, separators=(",", ":"))

    def _parts_of(self, code: str) -> tuple[str, int, int, tuple[str, ...]]:
        """Return what records of one code share: beginning, shortest, spread, endings."""
        head = f'"campaignId":{json.dumps(self.campaign.id)},"dispositionCode":{json.dumps(code)},'
        queue = f',"queueId":{json.dumps(self.campaign.queue_id)}'
        # Assumptions, for the document is silent: a record carries contactId, attemptNumber and
        # queueId; one that reached an agent carries agentId.
        if code in UNANSWERED:
            return head, 5, 40, (queue + "}",)
        return head, 20, 900, tuple(f'{queue},"agentId":"{agent}"}}' for agent in self._agents)


def _mix(index: int, key: int) -> int:
    """Return 64 bits for an index that look drawn at random (the finaliser of SplitMix64)."""
    draw = index * 0x9E3779B97F4A7C15 + key & _MASK
    draw = (draw ^ draw >> 30) * 0xBF58476D1CE4E5B9 & _MASK
    draw = (draw ^ draw >> 27) * 0x94D049BB133111EB & _MASK
    return draw ^ draw >> 31


def _digest(*parts: object) -> bytes:
    return blake2b("\0".join(map(str, parts)).encode(), digest_size=16).digest()


def _uuid_prefix(digest: bytes) -> str:
    """Return the first four groups of a version 4 UUID; an index makes the fifth."""
    text = digest.hex()
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-8{text[17:20]}"


def _shares(campaign: Campaign) -> tuple[tuple[int, str], ...]:
    """Return for each kind the border below which a draw belongs to it."""
    kinds = (*BAD_KINDS, "inbound")
    shares = [campaign.bad.get(kind, 0.0) for kind in BAD_KINDS] + [campaign.inbound]
    return tuple(
        (round(border * _SHARE_UNITS), kind) for border, kind in zip(accumulate(shares), kinds, strict=True)
    )


def _slots(campaign: Campaign) -> tuple[str, ...]:
    """Return a code for each of the slots that a draw can hit, as many as its weight asks for."""
    total, reached = sum(campaign.codes.values()), 0.0
    slots: list[str] = []
    for code, weight in campaign.codes.items():
        reached += weight
        slots += [code] * (round(reached / total * _CODE_SLOTS) - len(slots))
    return tuple(slots)


@cache
def _clock() -> tuple[str, ...]:
    """Return the time of day as a record writes it, for each second of a day."""
    return tuple(
        f"T{hour:02d}:{minute:02d}:{second:02d}Z"
        for hour in range(24)
        for minute in range(60)
        for second in range(60)
    )


class _Dates(dict[int, str]):
    """The date of each day since the epoch, worked out when first asked for."""

    def __missing__(self, day: int) -> str:
        """Work out one date."""
        self[day] = datetime.fromtimestamp(day * _DAY, UTC).strftime("%Y-%m-%d")
        return self[day]
