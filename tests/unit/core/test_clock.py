"""Time is UTC, aware, and written one way."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outbound.backoff import pause, retry_after
from outbound.clock import Deadline, SystemClock, format_time, midnight_after, parse_time
from worlds.aws import FakeClock

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)


@given(st.datetimes(timezones=st.just(UTC)))
def test_a_time_is_read_back_as_written(moment: datetime) -> None:
    assert parse_time(format_time(moment)) == moment
    assert format_time(moment).endswith("Z")


def test_a_time_with_an_offset_is_given_in_utc() -> None:
    assert format_time(parse_time("2026-03-10T08:00:00-05:00")) == "2026-03-10T13:00:00Z"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "2026-03-10",
        "2026-03-10T08:00:00",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
    ],
)
def test_a_text_that_names_no_one_moment_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parse_time(text)


def test_a_naive_time_is_not_written_down() -> None:
    with pytest.raises(ValueError, match="without UTC offset"):
        format_time(datetime(2026, 3, 10))  # noqa: DTZ001 - what is refused


def test_a_day_ends_at_the_next_utc_midnight() -> None:
    assert midnight_after(datetime(2026, 3, 10, tzinfo=UTC)) == datetime(2026, 3, 11, tzinfo=UTC)
    assert midnight_after(parse_time("2026-03-10T22:00:00-05:00")) == datetime(2026, 3, 12, tzinfo=UTC)


def test_a_deadline_passes(clock: FakeClock) -> None:
    deadline = Deadline(clock, 10)
    clock.sleep(12)

    assert deadline.left() == -2
    assert Deadline(SystemClock(), 5).left() <= 5


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7),
        ("0", 0),
        (" 12 ", 12),
        ("Tue, 10 Mar 2026 12:00:30 GMT", 30),
        ("Tue, 10 Mar 2026 11:00:00 GMT", 0),
        ("9" * 5000, 1e9),
        ("86400000", 86_400_000),
        (str(int(NOW.timestamp())), None),
        (str(int(NOW.timestamp()) + 90), None),
        (str(int(NOW.timestamp() - 3600) * 1000), None),
        (None, None),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
        ("٣", None),
        ("Tue, 99 Mar 2026 12:00:30 GMT", None),
    ],
)
def test_both_forms_of_retry_after_are_read_and_junk_is_none(
    header: str | None, seconds: float | None
) -> None:
    assert retry_after(header, NOW) == seconds


@given(st.text(max_size=60))
def test_no_retry_after_makes_trouble(header: str) -> None:
    wait = retry_after(header, NOW)

    assert wait is None or wait >= 0


@given(st.integers(0, 40))
def test_a_pause_is_bounded(attempt: int) -> None:
    assert 0 <= pause(attempt) <= 8
