"""Holds: which owners keep a campaign paused, and what has to be undone in the end.

A hold is written before its pause is requested, and is in the due index: whatever becomes of its owner, the
sweeper has it seen to. It is released in three steps, each of which can be the last of a run:

    marked as releasing  ->  no other hold? resumed if it should be  ->  ended

Two that release at once each see the other marked, so both resume rather than neither. Between a pause that
is requested and its answer it is not known when it takes effect; `asking_until` says until when it may.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from outbound.store.table import Item, Key, Table

DUE_HOLDS = "archive_resume"

# A hold is due when its owner has not renewed it for so long.
_ABANDONED = timedelta(minutes=15)
_REMEMBERED = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Hold:
    """One owner's hold of a campaign. `fence` tells the executions of an owner apart.

    `paused_at` is when our pause was answered; the moments behind it are what others did meanwhile, empty
    where they did not. All of them are texts that sort.
    """

    campaign_id: str
    owner: str
    fence: int
    was_active: bool
    placed_at: str
    waiting_since: float
    """When the campaign was last asked, or seen, to pause (Unix seconds)."""

    asking_until: float
    pauses: int
    """How often it was asked to pause since the hold was placed: more than once where others resume it."""

    releasing: bool
    paused_at: str
    resumed_at: str
    pause_asked_at: str
    active_asked_at: str

    @property
    def to_stay_paused(self) -> bool:
        """Whether another party wants the campaign paused, and none has changed that since."""
        return self.pause_asked_at > self.active_asked_at


class Holds:
    """Reads and writes the holds of one tenant's campaigns."""

    def __init__(self, table: Table, tenant: str) -> None:
        """Keep holds in the state table."""
        self._table = table
        self._tenant = tenant

    def of_campaign(self, campaign_id: str) -> list[Hold]:
        """Return all holds of a campaign that are not ended, those that are releasing too."""
        items = self._table.query(self._key(campaign_id, "").pk)
        return [_hold(item) for item in items if "due_kind" in item]

    def get(self, campaign_id: str, owner: str) -> Hold | None:
        """Return an owner's hold, or None where it has none."""
        item = self._table.get(self._key(campaign_id, owner))
        return _hold(item) if item and "due_kind" in item else None

    def place(self, campaign_id: str, owner: str, fence: int, was_active: bool, now: datetime) -> None:
        """Hold a campaign; a hold that is there already keeps what others did meanwhile.

        Args:
            campaign_id: What is held.
            owner: Who holds it.
            fence: The owner's execution; without effect where a later one holds the campaign.
            was_active: Whether the campaign is to dial again in the end.
            now: The present moment.
        """
        self._table.update(
            self._key(campaign_id, owner),
            "SET #campaign_id = :campaign, #owner = :owner, #fence = :fence, #was_active = :was_active,"
            " #placed_at = if_not_exists(#placed_at, :now), #due_kind = :kind, #due_at = :due,"
            " #waiting_since = if_not_exists(#waiting_since, :since)"
            " REMOVE #releasing, #ttl",
            {
                ":campaign": campaign_id,
                ":owner": owner,
                ":fence": fence,
                ":was_active": was_active,
                ":now": sortable(now),
                ":since": now.timestamp(),
                ":kind": DUE_HOLDS,
                ":due": _abandoned_at(now),
            },
            "attribute_not_exists(#fence) OR #fence <= :fence",
        )

    def request_pause(self, campaign_id: str, owner: str, fence: int, now: datetime, until: datetime) -> bool:
        """Note, before CXone is asked, that a pause may take effect until a moment.

        Args:
            campaign_id: What is to be paused.
            owner: Who holds it.
            fence: Which execution of the owner asks.
            now: The moment of asking.
            until: When a pause that left now has arrived at the latest.

        Returns:
            False where the hold is no longer this execution's, or is being released.
        """
        return self._table.update(
            self._key(campaign_id, owner),
            "SET #asking_until = :until, #waiting_since = :now, #due_at = :due REMOVE #resumed_at"
            " ADD #pauses :one",
            {
                ":one": 1,
                ":until": until.timestamp(),
                ":now": now.timestamp(),
                ":due": _abandoned_at(now),
                ":fence": fence,
            },
            "#fence = :fence AND attribute_not_exists(#releasing) AND attribute_exists(#due_kind)",
        ).done

    def confirm_pause(self, campaign_id: str, owner: str, fence: int, now: datetime) -> None:
        """Note that a pause that was requested is answered: it takes effect no later than now.

        Args:
            campaign_id: What was to be paused.
            owner: Who holds it.
            fence: Which execution of the owner asked.
            now: The moment of the answer.
        """
        self._table.update(
            self._key(campaign_id, owner),
            "SET #asking_until = :zero, #paused_at = :now REMOVE #resumed_at",
            {":zero": 0, ":now": sortable(now), ":fence": fence},
            "#fence = :fence",
        )

    def renew(self, campaign_id: str, owner: str, now: datetime) -> None:
        """Put off the moment at which a hold is due."""
        self._table.update(
            self._key(campaign_id, owner),
            "SET #due_at = :due",
            {":due": _abandoned_at(now), ":kind": DUE_HOLDS},
            "#due_kind = :kind AND attribute_not_exists(#releasing)",
        )

    def mark_releasing(self, hold: Hold) -> bool:
        """Mark a hold as about to be ended; False where it is another fence's by now."""
        return self._table.update(
            self._key(hold.campaign_id, hold.owner),
            "SET #releasing = :true REMOVE #pauses",
            {":true": True, ":fence": hold.fence, ":kind": DUE_HOLDS},
            "#fence = :fence AND #due_kind = :kind",
        ).done

    def recheck_at(self, hold: Hold, at: datetime) -> None:
        """Let a hold be due at a moment that is sooner than its usual one."""
        self._table.update(
            self._key(hold.campaign_id, hold.owner),
            "SET #due_at = :at",
            {":at": int(at.timestamp()) + 1, ":fence": hold.fence, ":kind": DUE_HOLDS},
            "#fence = :fence AND #due_kind = :kind",
        )

    def end(self, hold: Hold, now: datetime) -> None:
        """End a hold that is releasing; without effect where it was placed anew meanwhile."""
        self._table.update(
            self._key(hold.campaign_id, hold.owner),
            "SET #released_at = :now, #ttl = :ttl REMOVE #due_kind, #due_at, #releasing, #asking_until,"
            " #waiting_since, #paused_at, #resumed_at, #pause_asked_at, #active_asked_at, #placed_at",
            {
                ":now": sortable(now),
                ":ttl": int((now + _REMEMBERED).timestamp()),
                ":fence": hold.fence,
                ":true": True,
            },
            "#fence = :fence AND #releasing = :true",
        )

    def note(self, hold: Hold, name: str, moment: datetime) -> None:
        """Note at a hold when another party did something; the latest counts.

        `name` is the field of the hold that says so, such as `resumed_at`.
        """
        values = {":moment": sortable(moment), ":kind": DUE_HOLDS}
        self._table.update(
            self._key(hold.campaign_id, hold.owner),
            f"SET #{name} = :moment",
            values,
            f"#due_kind = :kind AND (attribute_not_exists(#{name}) OR #{name} < :moment)",
        )

    def _key(self, campaign_id: str, owner: str) -> Key:
        return Key(f"{self._tenant}#hold#{campaign_id}", owner)


def other_holds(holds: Sequence[Hold], owner: str) -> list[Hold]:
    """Return the holds of other owners that are not about to end."""
    return [hold for hold in holds if hold.owner != owner and not hold.releasing]


def sortable(moment: datetime) -> str:
    """Return a moment as a text that sorts as moments do."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"


def _abandoned_at(now: datetime) -> int:
    return int((now + _ABANDONED).timestamp())


def _hold(item: Item) -> Hold:
    return Hold(
        campaign_id=item["campaign_id"],
        owner=item["owner"],
        fence=int(item["fence"]),
        was_active=bool(item["was_active"]),
        placed_at=item.get("placed_at", ""),
        waiting_since=float(item.get("waiting_since", 0)),
        asking_until=float(item.get("asking_until", 0)),
        pauses=int(item.get("pauses", 0)),
        releasing=bool(item.get("releasing", False)),
        paused_at=item.get("paused_at", ""),
        resumed_at=item.get("resumed_at", ""),
        pause_asked_at=item.get("pause_asked_at", ""),
        active_asked_at=item.get("active_asked_at", ""),
    )
