"""The figures of a report, and that they can be counted bit by bit."""

from __future__ import annotations

import json
from random import Random
from typing import Any

import pytest

from outbound.dispositions.reports import Tally


def _item(status: str, **about: Any) -> dict[str, Any]:
    return {"status": status, "about": about}


def test_nothing_has_no_rates() -> None:
    report = Tally().report()
    assert (report["processed"], report["successful"], report["failed"]) == (0, 0, 0)
    assert report["accuracy_rate_percent"] is None
    assert report["average_latency_ms"] is None
    assert report["p95_latency_ms"] is None


def test_the_accuracy_is_that_of_what_was_tried() -> None:
    tally = Tally()
    for item in (
        _item("applied", latency_ms=10.0),
        _item("applied"),
        _item("unchanged", outcome_before="BUSY"),
        _item("superseded"),
        _item("rejected", reason="contact_not_found", field="contact_id"),
        _item("waiting"),
        {"noted_at": "2026-03-10T12:00:00Z"},
    ):
        tally.add(item)
    report = tally.report()
    assert (report["processed"], report["successful"], report["failed"]) == (5, 3, 1)
    assert report["accuracy_rate_percent"] == 66.67
    assert report["average_latency_ms"] == 10.0
    assert report["outcomes"]["waiting"] == 2
    assert report["rejections"] == {"contact_not_found": 1}


@pytest.mark.parametrize("size", [1, 2, 19, 20, 21, 1000])
def test_the_percentile_is_right_within_one_per_cent(size: int) -> None:
    random = Random(size)
    latencies = [round(random.lognormvariate(5, 1.5), 2) for _ in range(size)]
    tally = Tally()
    for latency in latencies:
        tally.add(_item("applied", latency_ms=latency))
    wanted = sorted(latencies)[-(-95 * size // 100) - 1]
    assert tally.report()["p95_latency_ms"] == pytest.approx(wanted, rel=0.01, abs=0.01)
    assert tally.report()["average_latency_ms"] == pytest.approx(sum(latencies) / size, abs=0.01)


def test_counting_may_be_interrupted_anywhere() -> None:
    items = [_item("applied", latency_ms=float(n)) for n in range(50)] + [_item("rejected", reason="too_old")]
    whole, parts = Tally(), Tally()
    for item in items:
        whole.add(item)
        parts.add(item)
        parts = Tally(json.loads(json.dumps(parts.to_json())))
    assert parts.report() == whole.report()


def test_a_tally_stays_small_however_much_it_counts() -> None:
    random, tally = Random(1), Tally()
    for _ in range(50_000):
        tally.add(_item("applied", latency_ms=random.uniform(0, 120_000)))
    assert len(json.dumps(tally.to_json())) < 40_000
