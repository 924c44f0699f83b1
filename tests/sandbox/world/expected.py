"""What a faithful client must find in a window: the ground truth that tests compare with."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from sandbox.world.calls import CampaignCalls
from sandbox.world.moments import microseconds
from sandbox.world.shape import BAD_KINDS, World

#: The codes that the outcomes document puts into a category.
KNOWN_CODES = frozenset(
    {
        "CONVERTED",
        "APPOINTMENT_SET",
        "INTERESTED",
        "CALLBACK_REQUESTED",
        "NOT_INTERESTED",
        "BUSY",
        "NO_ANSWER",
        "DISCONNECTED",
        "WRONG_NUMBER",
    }
)


@dataclass(frozen=True, slots=True)
class Expected:
    """The calls of a window, counted.

    `by_code` and `unknown_codes` (those that no category knows) count valid outbound calls;
    `inbound` and the kinds in `set_aside` are the rest of `total`.
    """

    total: int
    valid: int
    inbound: int
    set_aside: Mapping[str, int]
    by_code: Mapping[str, int]
    unknown_codes: Mapping[str, int]


def expected(
    world: World,
    campaign_id: str,
    start: datetime,
    end: datetime,
    *,
    codes: Collection[str] = (),
    closed: bool = False,
) -> Expected:
    """Count the generated calls that started from `start` until before `end`.

    `closed` counts those at `end` as well, as the tenant serves them; `codes` counts only what
    a query for these codes is answered with. Calls added while a tenant runs are not known here.
    """
    kinds: Counter[str] = Counter()
    by_code: Counter[str] = Counter()
    for calls, index in _window(world, campaign_id, start, end, codes, closed):
        kind = calls.kind_of(index)
        kinds[kind] += 1
        if kind == "valid":
            by_code[calls.code_of(index) or ""] += 1
    return Expected(
        total=kinds.total(),
        valid=kinds["valid"],
        inbound=kinds["inbound"],
        set_aside={kind: kinds[kind] for kind in BAD_KINDS if kinds[kind]},
        by_code=dict(by_code),
        unknown_codes={code: n for code, n in by_code.items() if code not in KNOWN_CODES},
    )


def expected_ids(
    world: World,
    campaign_id: str,
    start: datetime,
    end: datetime,
    *,
    kinds: Collection[str] = ("valid",),
    codes: Collection[str] = (),
    closed: bool = False,
) -> Iterator[str]:
    """Yield the ids of the window's calls of these kinds, in the order in which they are served.

    Kinds are "valid", "inbound" and those of BAD_KINDS. A record that is not an object has an id
    here, but nothing that arrives can show it.
    """
    for calls, index in _window(world, campaign_id, start, end, codes, closed):
        if calls.kind_of(index) in kinds:
            yield calls.id_of(index)


def _window(
    world: World,
    campaign_id: str,
    start: datetime,
    end: datetime,
    codes: Collection[str],
    closed: bool,
) -> Iterator[tuple[CampaignCalls, int]]:
    campaign = world.campaign(campaign_id)
    if campaign is None:
        raise KeyError(campaign_id)
    calls = CampaignCalls(world.seed, campaign)
    first = calls.index_at(-(-microseconds(start) // 10**6))
    last_moment = microseconds(end) - (0 if closed else 1)
    for index in range(first, calls.index_at(last_moment // 10**6 + 1)):
        if not codes or calls.code_of(index) in codes:
            yield calls, index
