"""A campaign's window by its own clock: open or closed, since when, and when that changes."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from outbound.calling.profile import CallingProfile
from outbound.campaigns.control.dialing_window import WindowState, window_at
from outbound.clock import parse_time

_WEEKDAYS = {"days": ["mon", "tue", "wed", "thu", "fri"], "start": "09:00", "end": "20:00"}
_ALWAYS = {"days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"], "start": "00:00", "end": "24:00"}


def _window(at: str, hours: dict[str, Any] | None = None, time_zone: str = "America/New_York") -> WindowState:
    profile = CallingProfile.model_validate({"time_zone": time_zone, "hours": hours})
    return window_at(profile, parse_time(at))


def _moment(text: str) -> datetime:
    return parse_time(text)


def test_without_a_zone_nothing_is_known() -> None:
    assert _window("2026-07-15T16:00:00Z", time_zone="") == WindowState()


# New York is four hours behind UTC in July, five in January; the 15th is a Wednesday, the 17th a Friday.
@pytest.mark.parametrize(
    ("at", "hours", "is_open", "changes_at"),
    [
        ("2026-07-15T11:59:59Z", None, False, "2026-07-15T12:00:00Z"),
        ("2026-07-15T12:00:00Z", None, True, "2026-07-16T01:00:00Z"),
        ("2026-07-16T00:59:59Z", None, True, "2026-07-16T01:00:00Z"),
        ("2026-07-16T01:00:00Z", None, False, "2026-07-16T12:00:00Z"),
        ("2026-07-18T16:00:00Z", None, True, "2026-07-19T01:00:00Z"),
        ("2026-07-17T23:59:59Z", _WEEKDAYS, True, "2026-07-18T00:00:00Z"),
        ("2026-07-18T00:00:00Z", _WEEKDAYS, False, "2026-07-20T13:00:00Z"),
        ("2026-01-15T13:30:00Z", _WEEKDAYS, False, "2026-01-15T14:00:00Z"),
        # The clocks change on 8 March 2026, a Sunday.
        ("2026-03-08T12:00:00Z", None, True, "2026-03-09T01:00:00Z"),
        ("2026-03-07T13:00:00Z", None, True, "2026-03-08T02:00:00Z"),
    ],
)
def test_a_window_opens_and_closes_by_the_zone_s_clock(
    at: str, hours: dict[str, Any] | None, is_open: bool, changes_at: str
) -> None:
    window = _window(at, hours)
    assert (window.is_open, window.changes_at) == (is_open, _moment(changes_at))
    assert (window.opened_at is not None) == is_open


def test_a_window_says_since_when_it_is_open() -> None:
    assert _window("2026-07-15T16:00:00Z", _WEEKDAYS).opened_at == _moment("2026-07-15T13:00:00Z")


def test_hours_that_follow_without_a_gap_are_one_window() -> None:
    window = _window("2026-07-15T16:00:00Z", _ALWAYS)
    assert window.is_open
    assert window.opened_at is not None
    assert window.opened_at <= _moment("2026-07-14T04:00:00Z")
    assert window.changes_at is not None
    assert window.changes_at > _moment("2026-07-25T00:00:00Z")
