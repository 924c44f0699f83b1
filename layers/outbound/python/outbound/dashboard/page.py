"""The dashboard's pages: all campaigns, one campaign, and what is said where there is none."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from outbound.campaign_records.overviews import StackOverview
from outbound.clock import format_time
from outbound.dashboard import texts
from outbound.dashboard.board import OLD, Board, Card, Order
from outbound.dashboard.campaign_card import badge, campaign_card
from outbound.dashboard.markup import Markup, document, joined, tag, trusted
from outbound.dashboard.responses import SCRIPT, STYLE
from outbound.dashboard.words import Word

REFRESH_SECONDS = 15
"""How often the page looks for news; the monitor itself looks each minute."""

# For the script: how often, and from which age on data is old.
_RHYTHM = {"data_every": REFRESH_SECONDS, "data_old": int(OLD.total_seconds())}
_TITLE = "Outbound campaigns"
_ORDERS = {
    Order.ATTENTION: "need of attention",
    Order.OPEN: "open now, then attention",
    Order.NAME: "name",
}


def board_page(board: Board) -> Markup:
    """Return the page of all campaigns."""
    needy = sum(card.needs_attention(board.now) for card in board.all_cards)
    title = f"{needy} need attention · {_TITLE}" if needy else _TITLE
    cards = tag("div", [campaign_card(card, board.now) for card in board.cards], class_="cards")
    counted = board.stack.noted_at if board.stack else None
    lead = tag(
        "div",
        _summary(board, needy),
        _age(board.now, _newest(board), counted),
        _stack(board.stack, board.now),
        class_="lead",
    )
    main = joined(lead, cards if board.cards else _none(board))
    return _page(title, tag("h1", _TITLE), _form(board), main)


def campaign_page(card: Card, now: datetime) -> Markup:
    """Return the page of one campaign, with two days of it."""
    back = tag("p", tag("a", "All campaigns", href="?", id="all"), class_="back")
    seen = card.health.looked_at if card.health else None
    cards = tag("div", campaign_card(card, now, detailed=True), class_="cards")
    return _page(f"{card.name} · {_TITLE}", back, None, joined(_age(now, seen), cards))


def missing_page(campaign_id: str) -> Markup:
    """Return the page that says that nothing is known of a campaign."""
    back = tag("p", tag("a", "All campaigns", href="?", id="all"), class_="back")
    said = f"Nothing is known of {campaign_id}: outbound campaigns list shows what is registered."
    main = joined(tag("h1", "No such campaign"), tag("p", said, class_="empty"))
    return _page(f"No such campaign · {_TITLE}", back, None, main)


def _page(title: str, first: Markup, form: Markup | None, main: Markup) -> Markup:
    return document(
        "en",
        tag(
            "head",
            tag("meta", charset="utf-8"),
            tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
            tag("meta", name="color-scheme", content="light dark"),
            tag("meta", name="robots", content="noindex"),
            tag("title", title),
            tag("link", rel="icon", href="data:,"),
            tag("style", trusted(STYLE)),
        ),
        tag(
            "body",
            tag("a", "To the campaigns", href="#main", class_="skip"),
            tag("header", first, _controls(), form, class_="top", **_RHYTHM),
            tag("div", "", id="said", role="status", class_="quiet"),
            tag("p", "", id="trouble", role="alert", class_="trouble", hidden=True),
            tag("main", main, id="main", tabindex=-1),
            tag("script", trusted(SCRIPT)),
        ),
    )


def _controls() -> Markup:
    every = f"Refreshes every {REFRESH_SECONDS} s"
    return tag(
        "div",
        tag("span", every, id="every", hidden=True),
        tag("button", "Pause", type="button", id="pause", aria_pressed="false", hidden=True),
        tag("a", "Refresh", href="", id="refresh", class_="button"),
        class_="controls",
    )


def _form(board: Board) -> Markup:
    options = [
        tag("option", said, value=order.value, selected=order is board.order)
        for order, said in _ORDERS.items()
    ]
    return tag(
        "form",
        tag("label", "Sorted by ", tag("select", options, name="sort", id="sort")),
        tag(
            "label",
            tag("input", type="checkbox", name="open", value="1", id="open", checked=board.open_only),
            " open now only",
        ),
        tag("button", "Show", type="submit", id="show"),
        method="get",
        class_="filter",
    )


def _age(now: datetime, seen: datetime | None, counted: datetime | None = None) -> Markup:
    """Say how old what is shown is; `data-at` lets the script count on.

    Args:
        now: When the page is made.
        seen: When the monitor last looked at a campaign.
        counted: When queues and work were last counted.
    """
    made = f"{now.astimezone(UTC):%H:%M:%S} UTC"
    if seen is None:
        return tag("p", f"As of {made}. The monitor has not looked at anything yet.", class_="age old")
    old = now - seen > OLD
    queues = [", queues counted ", texts.ago(counted, now)] if counted else None
    said = joined("Data of ", texts.ago(seen, now), queues, f"; shown as of {made}.")
    warning = badge(Word("The data is old: look at monitor_campaigns' log.", "warn")) if old else None
    moment = format_time(seen.replace(microsecond=0))
    return tag("p", said, " " if old else None, warning, class_="age old" if old else "age", data_at=moment)


def _newest(board: Board) -> datetime | None:
    return max((card.health.looked_at for card in board.all_cards if card.health), default=None)


def _summary(board: Board, needy: int) -> Markup:
    total = len(board.all_cards)
    opened = sum(card.is_open is True for card in board.all_cards)
    word = Word(f"{needy} need attention", "warn") if needy else Word("None needs attention", "calm")
    said = f" of {texts.counted(total, 'campaign')}; {opened} open now"
    hidden = f"; {board.hidden} not open and not shown" if board.open_only else ""
    return tag("p", badge(word), said, hidden, class_="summary", id="summary")


def _none(board: Board) -> Markup:
    if board.all_cards:
        return tag("p", "No campaign is open now.", class_="empty")
    said = (
        "No campaign is registered yet: outbound campaigns register, or provision, makes the first one known."
    )
    return tag("p", said, class_="empty")


def _stack(stack: StackOverview | None, now: datetime) -> Markup:
    """Return what is of no campaign alone."""
    if stack is None:
        return tag("p", "What waits in queues is not counted yet.", class_="stack")
    parts = [tag("li", each) for each in _stack_parts(stack, now)]
    return tag("ul", parts, class_="stack", aria_label="The whole stack")


def _stack_parts(stack: StackOverview, now: datetime) -> Iterator[Markup]:
    dead = {name: count for name, count in stack.dead_letters.items() if count}
    unknown = sorted(name for name, count in stack.dead_letters.items() if count is None)
    named = ", ".join(f"{name} {count:,}" for name, count in sorted(dead.items()))
    word = Word(f"{sum(map(int, filter(None, dead.values()))):,} dead letters", "bad" if dead else "calm")
    yield joined(
        badge(word), f" {named}" if named else "", f" unknown: {', '.join(unknown)}" if unknown else ""
    )
    total = sum(stack.problems.values())
    least = "at least " if stack.problems_are_least else ""
    problems = Word(f"{least}{texts.counted(total, 'problem')} in 24 h", "warn" if total else "calm")
    kinds = ", ".join(f"{name} {count:,}" for name, count in stack.problems.items())
    yield joined(badge(problems), f" {kinds}" if kinds else "")
    if waiting := stack.waiting:
        oldest = joined(", the oldest ", texts.ago(waiting.oldest, now)) if waiting.oldest else ""
        deferred = texts.counted(waiting.count, "disposition")
        least = "at least " if waiting.is_least else ""
        yield joined(badge(Word(f"{least}{deferred} deferred", "plain")), oldest)
    if now - stack.noted_at > OLD:
        yield joined(badge(Word("Queues and work are old", "warn")), " ", texts.ago(stack.noted_at, now))
