"""The page in a headless Chromium: nothing that axe finds, charts, a refresh that does not disturb."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from outbound.campaign_records.health_records import Attention
from outbound.dashboard.page import REFRESH_SECONDS
from outbound.steering.situation import CampaignState
from worlds.aws import AwsWorld, FakeClock
from worlds.browser import browser, missing
from worlds.dashboard import PASSWORD, DashboardWorld, furnish, seen, served, served_by, worked
from worlds.quick_moto import quick_aws

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(120),
    pytest.mark.skipif(bool(missing()), reason=missing() or "nothing is missing"),
]

SIZES = {"wide": 1280, "narrow": 360}
DETAIL = "/dashboard?campaign_id=solar-survey"
# Where screenshots go, if they are wanted.
PICTURES = os.environ.get("OUTBOUND_PICTURES", "")


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """One browser for all."""
    with browser() as opened:
        yield opened


@pytest.fixture(scope="module")
def world() -> Iterator[DashboardWorld]:
    """A stack with campaigns in many states, by the browser's own clock."""
    with quick_aws():
        world = DashboardWorld(AwsWorld(), FakeClock(datetime.now(UTC).replace(microsecond=0)))
        furnish(world)
        yield world


@pytest.fixture(scope="module")
def url(world: DashboardWorld) -> Iterator[str]:
    """Where the page is."""
    with served(world) as url:
        yield url


@contextmanager
def _page(chromium: Any, size: str = "wide", scheme: str = "light", **options: Any) -> Iterator[Any]:
    """Open a page in a context of its own; what the page complains of fails the test."""
    given = {"http_credentials": {"username": "operator", "password": PASSWORD}, **options}
    context = chromium.new_context(
        viewport={"width": SIZES[size], "height": 900}, color_scheme=scheme, **given
    )
    complaints: list[str] = []
    page = context.new_page()
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    try:
        yield page
        assert complaints == []
    finally:
        context.close()


def _picture(page: Any, name: str) -> None:
    if PICTURES:
        page.screenshot(path=f"{PICTURES}/{name}.png", full_page=True)


@pytest.mark.parametrize("path", ["/dashboard", DETAIL, "/dashboard?campaign_id=none"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
def test_axe_finds_nothing(chromium: Any, url: str, size: str, scheme: str, path: str) -> None:
    from axe_playwright_python.sync_playwright import Axe

    # An answer that is not found is a complaint of the browser's console.
    with _page(chromium, size, scheme) if "none" not in path else _any_page(chromium) as page:
        page.goto(url + path)
        for details in page.query_selector_all("details"):
            details.evaluate("each => { each.open = true }")
        _picture(page, f"{size}-{scheme}-{path.rpartition('=')[2].strip('/')}")
        found = Axe().run(page).response
        assert [f"{each['id']}: {each['nodes'][0]['html']}" for each in found["violations"]] == []
        assert len(found["passes"]) > 15
        assert page.evaluate("document.documentElement.scrollWidth") <= SIZES[size], "no scrolling sideways"


@contextmanager
def _any_page(chromium: Any) -> Iterator[Any]:
    given = {"username": "operator", "password": PASSWORD}
    context = chromium.new_context(http_credentials=given, viewport={"width": 360, "height": 900})
    try:
        yield context.new_page()
    finally:
        context.close()


def test_charts_are_there_with_their_words_and_numbers(chromium: Any, url: str) -> None:
    with _page(chromium) as page:
        page.goto(url + "/dashboard")
        charts = page.get_by_role("img", name="Success rate of Spring renewals")
        assert charts.count() == 1
        box = charts.bounding_box()
        assert box["width"] > 100
        assert box["height"] > 20
        assert page.locator("#main svg .line").count() >= 10
        assert page.locator("#main svg .threshold").count() >= 8
        card = page.locator(".card", has=page.get_by_role("link", name="Spring renewals"))
        card.get_by_text("Numbers of the charts").click()
        assert card.get_by_role("table").locator("tbody tr").count() >= 8


# Lines of text in an element: boxes of its text that begin below those before them.
_LINES = """each => {
  const range = document.createRange();
  range.selectNodeContents(each);
  let lines = 0, bottom = -1;
  for (const box of [...range.getClientRects()].sort((one, other) => one.top - other.top)) {
    if (box.top > bottom - 3) lines += 1;
    bottom = Math.max(bottom, box.bottom);
  }
  return lines;
}"""


@pytest.mark.parametrize("width", [360, 700, 1110, 1120, 1343, 1440])
def test_numbers_keep_their_units_and_charts_take_the_room_there_is(
    chromium: Any, url: str, width: int
) -> None:
    with _page(chromium) as page:
        page.set_viewport_size({"width": width, "height": 900})
        page.goto(url + "/dashboard")
        texts = page.locator(".share p:not(.legend), dt")
        assert texts.count() > 60
        broken = [each.inner_text() for each in texts.all() if each.evaluate(_LINES) > 1]
        assert broken == []
        card = page.locator(".card", has=page.get_by_role("link", name="Solar survey"))
        charts = [chart.bounding_box() for chart in card.locator("svg").all()]
        assert len(charts) == 2
        assert all(box["height"] >= 50 and box["width"] >= 280 for box in charts)
        assert charts[0]["height"] == charts[1]["height"]
        if width >= 1440:
            assert card.bounding_box()["height"] < 260


def _fast(page: Any) -> None:
    """Let the page's own clock stand still until it is told."""
    page.clock.install()


def test_a_change_of_state_shows_within_the_refresh_and_disturbs_no_reader(
    chromium: Any, world: DashboardWorld, url: str
) -> None:
    now = world.clock.now()
    fine = seen("yearly-review", now)
    world.put(fine)
    with _page(chromium) as page:
        _fast(page)
        page.goto(url + "/dashboard")
        link = page.get_by_role("link", name="Yearly review")
        card = page.locator(".card", has=link)
        card.get_by_text("Numbers of the charts").click()
        page.evaluate("window.kept = document.querySelectorAll('.card')[1]")
        link.focus()
        page.evaluate("scrollTo(0, 400)")
        world.put(replace(fine, state=CampaignState.PAUSED, status_name="paused", looked_at=now))
        with page.expect_response(lambda answer: "/dashboard" in answer.url):
            page.clock.fast_forward(REFRESH_SECONDS * 1000)
        card.locator(".state .badge", has_text="Paused").wait_for(timeout=5000)
        assert page.evaluate("document.activeElement.textContent") == "Yearly review"
        assert page.evaluate("scrollY") == 400
        assert card.locator("details").evaluate("each => each.open")
        assert page.evaluate("window.kept.isConnected"), "what is as it was stays the same element"
        assert page.locator("#said").text_content() == "", "who needs attention has not changed"
        world.put(replace(fine, looked_at=now, attention=(Attention.UNATTENDED,)))
        page.get_by_role("link", name="Refresh").click()
        page.locator("#said", has_text="Yearly review: Calls without agents").wait_for(timeout=5000)
        assert page.locator(".card h2").all_text_contents()[1] == "Yearly review", "it is more urgent now"
        assert page.title().startswith("5 need attention")
    world.forget("yearly-review")


def test_a_pause_stops_it_and_says_so(chromium: Any, world: DashboardWorld, url: str) -> None:
    with _page(chromium) as page:
        _fast(page)
        page.goto(url + "/dashboard")
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        pause = page.get_by_role("button", name="Pause")
        assert pause.get_attribute("aria-pressed") == "false"
        assert page.get_by_text(f"Refreshes every {REFRESH_SECONDS} s").is_visible()
        pause.focus()
        page.keyboard.press("Enter")
        assert pause.get_attribute("aria-pressed") == "true"
        page.clock.fast_forward(20 * 60 * 1000)
        assert asked == []
        assert "its data is" in page.get_by_role("alert").text_content()
        with page.expect_response(lambda answer: answer.status == 200):
            page.keyboard.press("Enter")
        assert pause.get_attribute("aria-pressed") == "false"


def test_a_refresh_that_fails_warns_and_the_next_one_takes_the_warning_back(chromium: Any, url: str) -> None:
    with _any_page(chromium) as page:
        _fast(page)
        page.goto(url + "/dashboard")
        page.route("**/dashboard", lambda route: route.abort())
        page.clock.fast_forward(REFRESH_SECONDS * 1000)
        page.get_by_text("The page could not be refreshed").wait_for(timeout=5000)
        assert page.locator(".card").count() == 7, "what is there stays"
        page.unroute("**/dashboard")
        page.clock.fast_forward(REFRESH_SECONDS * 1000)
        page.locator("#trouble").wait_for(state="hidden", timeout=5000)


def test_without_scripts_a_link_refreshes_and_the_form_filters(chromium: Any, url: str) -> None:
    with _page(chromium, java_script_enabled=False) as page:
        page.goto(url + "/dashboard")
        assert not page.get_by_role("button", name="Pause").is_visible()
        assert page.locator(".card").count() == 7
        page.get_by_label("open now only").check()
        page.get_by_role("button", name="Show").click()
        assert page.locator(".card").count() == 4
        page.get_by_role("link", name="Refresh").click()
        assert page.locator(".card").count() == 4, "as it was filtered"
        page.get_by_role("link", name="Solar survey").click()
        assert page.get_by_role("heading", level=1).text_content() == "Solar survey"


def test_the_keyboard_reaches_everything_and_shows_where_it_is(chromium: Any, url: str) -> None:
    with _page(chromium) as page:
        page.goto(url + "/dashboard")
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.className") == "skip"
        reached = set()
        for _ in range(40):
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement === document.body"):
                break
            reached.add(page.evaluate("document.activeElement.id || document.activeElement.textContent"))
            style = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
            assert style != "none"
        assert {"sort", "open", "show", "pause", "refresh"} <= reached


def test_a_script_in_a_campaign_s_name_stays_text(chromium: Any, world: DashboardWorld, url: str) -> None:
    evil = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>"
    now = world.clock.now()
    world.put(seen("evil", now, name=evil, attention=(Attention.BREACH,)))
    world.put_overviews(worked("evil", now, evil))
    with _page(chromium) as page:
        for path in ("/dashboard", "/dashboard?campaign_id=evil"):
            page.goto(url + path)
            page.get_by_role("link", name="Refresh").click()
            page.wait_for_timeout(300)
            assert page.get_by_text(evil, exact=True).count() == 1
            assert "owned" not in page.title().replace(evil, "")
            assert page.locator("#main img").count() == 0
    world.forget("evil")


@pytest.mark.parametrize("password", ["wrong", None])
def test_without_the_password_the_browser_is_asked_for_it(
    chromium: Any, url: str, password: str | None
) -> None:
    given = {"username": "operator", "password": password} if password else None
    context = chromium.new_context(**({"http_credentials": given} if given else {}))
    try:
        page = context.new_page()
        answer = page.request.get(url + "/dashboard")
        assert answer.status == 401
        assert answer.headers["www-authenticate"].startswith("Basic ")
        assert "Spring" not in answer.text()
    finally:
        context.close()


def test_another_page_can_neither_read_nor_frame_it_and_may_link_to_it(
    chromium: Any, world: DashboardWorld, url: str
) -> None:
    html = f'<a href="{url}/dashboard">look</a><iframe src="{url}/dashboard"></iframe>'

    def elsewhere(*_: object) -> dict[str, Any]:
        headers = {"Content-Type": "text/html"}
        return {"statusCode": 200, "headers": headers, "body": html, "isBase64Encoded": False}

    with _any_page(chromium) as page, served_by(elsewhere) as other:
        world.answered.clear()
        # Another site: the same machine under another name.
        page.goto(other.replace("127.0.0.1", "localhost"))
        page.wait_for_load_state("networkidle")
        asked = f"fetch('{url}/dashboard', {{credentials: 'include'}}).then(() => 'read', () => 'refused')"
        assert page.evaluate(asked) == "refused"
        assert set(world.answered) == {403}
        page.get_by_role("link", name="look").click()
        assert page.get_by_role("heading", level=1).text_content() == "Outbound campaigns"


def test_two_hundred_campaigns_load_within_a_second_of_the_handler_s_answer(
    chromium: Any, url: str, world: DashboardWorld
) -> None:
    now = world.clock.now()
    for number in range(193):
        world.put(seen(f"many-{number}", now))
        world.put_overviews(worked(f"many-{number}", now))
    with _page(chromium) as page:
        page.goto(url + "/dashboard")
        assert page.locator(".card").count() == 200
        timing = "performance.getEntriesByType('navigation')[0].toJSON()"
        took = page.evaluate(timing)
        assert took["loadEventEnd"] - took["responseStart"] < 1000
    for number in range(193):
        world.forget(f"many-{number}")
