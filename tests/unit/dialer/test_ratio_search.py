"""The highest ratio under a target, and its picture."""

from __future__ import annotations

from xml.etree import ElementTree as Xml

import pytest
from teams import paced, team

from outbound.dialer.model.capacity import simulate_capacity
from outbound.dialer.model.chart import chart
from outbound.dialer.model.document import ModelDocument, Pacing
from outbound.dialer.model.search import HighestRatio, NothingToSearch, search

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def document() -> ModelDocument:
    return team(replications=20)


@pytest.fixture(scope="module")
def found(document: ModelDocument) -> list[HighestRatio]:
    return search(document)


def measured(document: ModelDocument, agents: int, ratio: float) -> tuple[float, float]:
    """Return mean and upper bound of a ratio that is simulated by itself."""
    assert document.pacing is not None
    pacing = {**document.pacing.model_dump(), "ratio": ratio}
    again = ModelDocument.model_validate({**document.model_dump(), "agents": agents, "pacing": pacing})
    abandonment = simulate_capacity(again).abandonment
    return abandonment.mean, abandonment.high


@pytest.mark.slow
def test_the_upper_bound_of_the_ratio_is_under_the_target_and_that_of_the_next_is_not(
    document: ModelDocument, found: list[HighestRatio]
) -> None:
    assert [one.agents for one in found] == [30, 50]
    for one in found:
        assert one.found is not None
        assert one.found.replications == document.replications
        mean, high = measured(document, one.agents, one.found.ratio)
        assert (one.found.capacity.abandonment.mean, one.found.capacity.abandonment.high) == (mean, high)
        assert high < 0.03
        assert measured(document, one.agents, round(one.found.ratio + 0.01, 2))[1] >= 0.03


def test_fewer_agents_need_a_lower_ratio(found: list[HighestRatio]) -> None:
    fewer, all_of_them = (one.found for one in found)
    assert fewer is not None
    assert all_of_them is not None
    assert 1 < fewer.ratio < all_of_them.ratio


@pytest.mark.slow
def test_a_stricter_target_needs_a_lower_ratio(found: list[HighestRatio]) -> None:
    pacing = {"policy": "fixed_ratio", "ratio": 1, "target": 0.01}
    (strict,) = search(team(replications=20, pacing=pacing), shares=[1.0])
    assert strict.found is not None
    assert found[1].found is not None
    assert strict.found.ratio < found[1].found.ratio


@pytest.mark.slow
def test_a_ratio_per_busy_agent_is_searched_from_next_to_none() -> None:
    (one,) = search(paced("free_plus_busy", 1.0), shares=[1.0])
    assert one.found is not None
    assert 0 < one.found.ratio < 0.5


def test_where_even_the_lowest_ratio_abandons_too_many_none_is_named() -> None:
    # All agents leave for a pause again and again, while calls ring.
    staffing = [{"at_seconds": 60 * n, "agents": 0 if n % 2 else 5} for n in range(1, 59)]
    (one,) = search(
        team(agents=5, staffing=staffing, pacing={"policy": "fixed_ratio", "ratio": 1}), shares=[1.0]
    )
    assert one.found is None
    assert one.as_document()["ratio"] is None
    assert "no ratio keeps to the target" in chart([one], Pacing(policy="fixed_ratio", ratio=1))


def test_where_no_person_answers_nothing_is_known_and_no_ratio_is_named() -> None:
    (one,) = search(team(answer_rate=0.0, replications=2), shares=[1.0])
    assert one.found is None
    assert one.points[-1].capacity.abandonment == (0, 0, 1)


@pytest.mark.parametrize("policy", ["progressive", "adaptive"])
def test_a_pacing_without_a_ratio_has_none_to_search(policy: str) -> None:
    with pytest.raises(NothingToSearch, match="fixed_ratio or free_plus_busy"):
        search(paced(policy))


def test_arrivals_have_no_ratio_to_search() -> None:
    with pytest.raises(NothingToSearch):
        search(ModelDocument.model_validate({"arrivals_per_second": 1, "agents": 1, "talk_seconds": 1}))


def test_the_picture_says_in_words_what_it_shows(document: ModelDocument, found: list[HighestRatio]) -> None:
    assert document.pacing is not None
    picture = Xml.fromstring(chart(found, document.pacing))
    named = {one.get("id"): one.text for one in picture if one.get("id")}
    assert picture.get("role") == "img"
    assert picture.get("aria-labelledby") == "title description"
    assert named["title"] == "Abandoned calls by ratio"
    for one in found:
        assert one.found is not None
        assert f"With {one.agents} agents, a ratio of up to {one.found.ratio:.2f}" in (
            named["description"] or ""
        )


def test_every_team_has_a_line_of_its_own_with_its_points(
    document: ModelDocument, found: list[HighestRatio]
) -> None:
    assert document.pacing is not None
    picture = Xml.fromstring(chart(found, document.pacing))
    lines = list(picture.iter(f"{SVG}polyline"))
    # Without colours they still differ.
    assert len({line.get("stroke-dasharray") for line in lines}) == len(found)
    titles = [one.text or "" for one in picture.iter(f"{SVG}title")]
    for one in found:
        assert one.found is not None
        assert any(title.startswith(f"ratio {one.found.ratio:.2f}: ") for title in titles)
    for line in lines:
        places = [tuple(map(float, place.split(","))) for place in (line.get("points") or "").split()]
        assert places == sorted(places)
        # More is abandoned to the right, which is further up.
        assert [y for _, y in places] == sorted((y for _, y in places), reverse=True)
    assert any("target 3.0%" in (one.text or "") for one in picture.iter(f"{SVG}text"))
