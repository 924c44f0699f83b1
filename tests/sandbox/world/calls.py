"""The calls of one campaign, each computed from its index and from nothing else.

A campaign of any size costs no memory, and page 500 costs what page 1 costs. Calls are ordered by
their start, which is a whole second as in the documents' example.
"""

import json
from datetime import UTC, datetime, timedelta
from functools import cache

from sandbox.world.contacts import Contacts, agent_ids
from sandbox.world.drawing import borders, key_of, mix, slots, uuid_prefix
from sandbox.world.shape import BAD_KINDS, Campaign

#: Nobody answered, so no agent was ever connected.
UNANSWERED = frozenset({"NO_ANSWER", "BUSY"})

_DAY = 86_400


class CampaignCalls:
    """Every call of one campaign, in the order of its start."""

    def __init__(self, seed: int, campaign: Campaign) -> None:
        """Prepare the tables from which a record is put together."""
        self.campaign = campaign
        self._key = key_of(seed, campaign.id, "key")
        self._call_prefix = uuid_prefix(seed, campaign.id, "call")
        self.contacts = Contacts(seed, campaign)
        self.agents = agent_ids(seed, campaign)
        self._origin = int(campaign.start.timestamp())
        self._span = int(campaign.end.timestamp()) - self._origin
        self._kinds = borders({**campaign.bad, "inbound": campaign.inbound}, (*BAD_KINDS, "inbound"))
        self._codes = slots(campaign.codes)
        self._parts = {code: self._parts_of(code) for code in campaign.codes}
        _clock()  # built now, so that the first page is not the slow one

    def __len__(self) -> int:
        """Return how many calls were generated for the campaign."""
        return self.campaign.calls

    def start_of(self, index: int) -> int:
        """Return the second since the epoch at which the call started."""
        draw = mix(index, self._key)
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
        return self._kind(mix(index, self._key))

    def code_of(self, index: int) -> str | None:
        """Return the disposition code in the record, None where the record has none."""
        draw = mix(index, self._key)
        if self._kind(draw) in ("without_code", "not_an_object"):
            return None
        return self._codes[draw >> 20 & 0xFFF]

    def last_of(self, contact: int, beyond: int) -> int | None:
        """Return the index of the contact's last call before the call `beyond`, None without any."""
        contacts = len(self.contacts)
        last = beyond - 1 - (beyond - 1 - contact) % contacts
        return last if last >= 0 else None

    def render(self, first: int, beyond: int) -> list[str]:
        """Return the records from `first` until before `beyond`, each as JSON text.

        Written for speed: a benchmark that pulls half a million calls should not be measuring
        this loop, which is why it formats text and does not build dicts.
        """
        key, origin, scale = self._key, self._origin, 256 * len(self)
        span, contacts, special = self._span, len(self.contacts), self._kinds[-1][0]
        codes, parts, clock, dates = self._codes, self._parts, _clock(), _Dates()
        call_id, contact_id = self._call_prefix, self.contacts.prefix
        records = []
        for index in range(first, beyond):
            draw = mix(index, key)
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
        return head, 20, 900, tuple(f'{queue},"agentId":"{agent}"}}' for agent in self.agents)


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
