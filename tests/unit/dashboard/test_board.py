"""Which campaigns the page shows, in which order, and what it says of each."""

from __future__ import annotations

import re
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html import unescape
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outbound.campaign_records.health_records import Attention, FailoverView, HealthRecord
from outbound.campaign_records.overviews import ArchiveView, PullsView
from outbound.dashboard.board import Board, Card, Order, _sort_key
from outbound.dashboard.campaign_card import campaign_card
from outbound.dashboard.words import ATTENTION, STATES
from outbound.steering.situation import CampaignState
from worlds.dashboard import DashboardWorld, furnish, seen, spans, worked

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)


def _names(page: str) -> list[str]:
    return re.findall(r'<article id="[^"]+" class="card"[^>]*data-name="([^"]*)"', page)


def _text(html: str) -> str:
    return unescape(" ".join(re.sub(r"<[^>]+>", " ", html).split()))


def test_campaigns_come_by_their_need_of_attention_and_then_by_name(world: DashboardWorld) -> None:
    furnish(world)
    assert _names(world.ask()["body"]) == [
        "Solar survey",
        "Winter offers",
        "Membership",
        "New leads",
        "Autumn renewals",
        "Loyalty calls",
        "Spring renewals",
    ]


@given(st.lists(st.sets(st.sampled_from(list(Attention))), max_size=12))
def test_no_campaign_stands_behind_one_that_is_less_urgent(needs: list[set[Attention]]) -> None:
    order = list(Attention)
    cards = [
        Card(f"c{number}", seen(f"c{number}", NOW, attention=tuple(sorted(need, key=order.index))))
        for number, need in enumerate(needs)
    ]
    cards.sort(key=lambda card: _sort_key(card, Order.ATTENTION, NOW))
    firsts = [min(map(order.index, card.health.attention), default=99) for card in cards if card.health]
    assert all(before <= after for before, after in pairwise(firsts))


def test_the_form_shows_those_that_are_open_and_says_how_many_are_not_shown(world: DashboardWorld) -> None:
    furnish(world)
    page = world.ask("/dashboard?open=1&sort=name")["body"]
    assert _names(page) == ["Membership", "Solar survey", "Spring renewals", "Winter offers"]
    assert "3 not open and not shown" in page
    assert re.search(r'<option value="name" selected>', page)
    assert re.search(r'<input [^>]*name="open"[^>]* checked', page)


def test_sorted_by_open_those_that_are_open_come_first(world: DashboardWorld) -> None:
    furnish(world)
    names = _names(world.ask("/dashboard?sort=open")["body"])
    assert set(names[:4]) == {"Membership", "Solar survey", "Spring renewals", "Winter offers"}
    assert names[4:] == ["Autumn renewals", "New leads", "Loyalty calls"]


@pytest.mark.parametrize("query", ["?sort=", "?sort=nothing", "?sort=name&sort=open", "?open="])
def test_a_form_that_is_filled_in_oddly_shows_all(world: DashboardWorld, query: str) -> None:
    furnish(world)
    assert len(_names(world.ask(f"/dashboard{query}")["body"])) == 7


def test_a_campaign_that_is_registered_and_was_never_looked_at_is_shown_as_unknown(
    world: DashboardWorld,
) -> None:
    world.put_overviews(worked("new-leads", world.clock.now()))
    text = _text(world.ask()["body"])
    assert "State unknown" in text
    assert "Not looked at yet" in text
    assert "unknown no threshold" in text


@pytest.mark.parametrize("attention", list(Attention))
def test_every_reason_has_words_and_an_icon(attention: Attention) -> None:
    card = campaign_card(Card("c", seen("c", NOW, attention=(attention,))), NOW)
    word = ATTENTION[attention]
    assert word.said in _text(card)
    assert word.more in _text(card)
    assert re.search(
        r'<span class="badge (bad|warn)"><span aria-hidden="true" class="icon">[▲◆]</span>', card
    )


@pytest.mark.parametrize("state", list(CampaignState))
def test_every_state_has_words(state: CampaignState) -> None:
    assert STATES[state].said in _text(campaign_card(Card("c", seen("c", NOW, state=state)), NOW))


def test_numbers_stand_beside_their_limits_with_what_they_were_counted_from() -> None:
    text = _text(campaign_card(Card("c", seen("c", NOW), worked("c", NOW)), NOW))
    for said in (
        "21.1 % threshold 15.0 %",
        "87 of 412 calls in 30 min",
        "95 % sure: 18.1 % to 24.6 %",
        "23 calls now, 31 agents",
        "1.39 % limit 3 %",
        "This period: 38 of 2,841 = 1.34 %",
        "Last 30 days: 61 of 4,377 = 1.39 %",
        "18,420 callable, 6,311 later (2,745 capped), 902 refused",
        "21 min behind",
        "Deferred 3 dispositions, the oldest 14 min ago",
        "40,112 archived",
        "until 20:00 America/New_York",
    ):
        assert said in text, said


def test_what_an_operator_had_pulled_is_shown_before_the_schedule_has_begun() -> None:
    asked_for = PullsView(None, NOW - timedelta(hours=6), NOW - timedelta(minutes=5), 867)
    text = _text(campaign_card(Card("c", seen("c", NOW), worked("c", NOW, pulls=asked_for)), NOW))
    assert "by request until 11:55 UTC; the schedule has not begun" in text
    nothing = worked("c", NOW, pulls=PullsView())
    assert "nothing pulled yet" in _text(campaign_card(Card("c", seen("c", NOW), nothing), NOW))


def test_what_is_unknown_is_not_shown_as_nothing() -> None:
    fine = seen("c", NOW)
    assert fine.calls is not None
    unsaid = replace(fine.calls, success_rate=None, calls=None, calls_under_way=None, agents_at_work=None)
    text = _text(campaign_card(Card("c", replace(fine, calls=unsaid, abandonment=None)), NOW))
    assert "unknown threshold 15.0 %" in text
    assert "unknown calls now, unknown agents" in text
    assert "unknown limit 3 %" in text
    assert "0 calls" not in text


def test_where_a_period_has_begun_with_no_answered_call_the_rolling_share_is_shown() -> None:
    view = spans(NOW.date(), 1, 100, 0, 4377)
    view = replace(view, period=replace(view.period, answered=0, abandoned=0), reported=None)
    text = _text(campaign_card(Card("c", seen("c", NOW, abandonment=view)), NOW))
    assert "0.00 % limit 3 % This period: no answered calls Last 30 days: 0 of 4,377 = 0.00 %" in text
    nothing = replace(view, rolling=view.period)
    text = _text(campaign_card(Card("c", seen("c", NOW, abandonment=nothing)), NOW))
    assert "unknown limit 3 %" in text


def test_a_campaign_that_was_not_looked_at_for_a_while_says_so() -> None:
    old = seen("c", NOW - timedelta(minutes=20))
    assert "Old data" in _text(campaign_card(Card("c", old), NOW))
    assert Card("c", old).needs_attention(NOW)
    assert not Card("c", seen("c", NOW)).needs_attention(NOW)


def test_a_page_of_old_data_warns(world: DashboardWorld) -> None:
    furnish(world)
    assert "The data is old" not in world.ask()["body"]
    world.clock.advance(minutes=10)
    assert "The data is old" in world.ask()["body"]


def test_dead_letters_and_problems_are_named(world: DashboardWorld) -> None:
    furnish(world)
    text = _text(world.ask()["body"])
    assert "4 dead letters DeliverCrm 4" in text
    assert "9 problems in 24 h disposition.rejected 7, webhook.unmapped 2" in text
    assert "9 dispositions deferred" in text


def test_the_page_of_one_campaign_has_two_days(world: DashboardWorld) -> None:
    now = world.clock.now()
    world.put(seen("spring-renewals", now))
    for hours in range(60):
        world.put_sample("spring-renewals", now - timedelta(hours=hours, minutes=1), hours / 100, 0.01)
    page = world.ask("/dashboard?campaign_id=spring-renewals")["body"]
    assert "<h1" in page
    assert page.count("<svg") == 2
    assert 'href="?"' in page
    rows = re.findall(r'<th scope="row"><time datetime="([^"]+)">[^<]*</time></th><td>([\d.]+)\xa0%', page)
    assert [float(share) for _, share in rows] == list(range(48)), "the newest first, and no older ones"
    assert rows[0][0] == "2026-03-10T11:59:00Z"


def test_the_page_of_a_campaign_without_samples_says_that_there_is_no_data(world: DashboardWorld) -> None:
    world.put_overviews(worked("spring-renewals", world.clock.now()))
    page = world.ask("/dashboard?campaign_id=spring-renewals")["body"]
    assert "No data since" in page


def test_the_page_of_an_unknown_campaign_is_not_found_and_says_so(world: DashboardWorld) -> None:
    for campaign_id in ("none", "%3Cscript%3E", ""):
        answer = world.ask(f"/dashboard?campaign_id={campaign_id}")
        assert answer["statusCode"] == 404
        assert "No such campaign" in answer["body"]
        assert "<script>alert" not in answer["body"]


_EVIL = "<script>alert('x')</script>\"'&"


def test_whatever_a_campaign_says_of_itself_stays_text(world: DashboardWorld) -> None:
    now = world.clock.now()
    world.put(
        seen(
            "spring-renewals",
            now,
            name=_EVIL,
            status_name=_EVIL,
            held_by=(_EVIL,),
            time_zone=_EVIL,
            failover=FailoverView(_EVIL, (_EVIL,), switched=_EVIL, switched_at=now),
        )
    )
    world.put_overviews(
        worked(
            "spring-renewals",
            now,
            _EVIL,
            pulls=PullsView(now, reason=_EVIL, waiting=1),
            archive=ArchiveView("r", _EVIL, now),
        )
    )
    for path in ("/dashboard", "/dashboard?campaign_id=spring-renewals"):
        page = world.ask(path)["body"]
        assert page.count("<script>") == 1, "its own"
        assert "alert('x')" not in page
        assert page.count("&lt;script&gt;alert(&#x27;x&#x27;)&lt;/script&gt;&quot;&#x27;&amp;") >= 5


@pytest.mark.slow
def test_two_hundred_campaigns_are_shown_within_a_second(world: DashboardWorld) -> None:
    now = world.clock.now()
    for number in range(200):
        world.put(seen(f"campaign-{number}", now, attention=(Attention.BREACH,) if number % 3 else ()))
        world.put_overviews(worked(f"campaign-{number}", now))
    spent = []
    for _ in range(3):
        began = time.thread_time()
        answer = world.ask(accept_encoding="gzip")
        spent.append(time.thread_time() - began)
    assert len(answer["body"]) < 1_000_000, "a function's answer may have 6 MB"
    # Moto answers in the same thread; what others do on this machine does not count.
    assert min(spent) < 1.0


def test_a_board_knows_nothing_where_nothing_is(world: DashboardWorld) -> None:
    assert Board(NOW).cards == ()
    page = world.ask()["body"]
    assert "No campaign is registered yet" in page
    assert isinstance(seen("c", NOW), HealthRecord)
