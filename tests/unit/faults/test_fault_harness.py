"""The harness finds the bugs that it is there to find, and lets right work pass."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import requests
from faults import (
    Cut,
    check_every_cut,
    check_every_refusal,
    fresh,
    until_quiet,
)
from toy_world import KEY, Toy, count_up, nothing, put_event, record_and_publish, record_once

from worlds.aws import AwsWorld


def test_work_that_is_right_passes() -> None:
    def work(toy: Toy) -> None:
        record_once(toy)
        put_event(toy, "done")

    def state(toy: Toy) -> object:
        return toy.counted(), toy.published()

    checked = check_every_cut(fresh(Toy), work, work, state)

    assert checked.calls == ("dynamodb UpdateItem", "events PutEvents")
    assert checked.runs == 4
    assert check_every_refusal(fresh(Toy), work, work, state).runs == 7


def test_a_lost_fact_is_found_and_its_place_named() -> None:
    with pytest.raises(AssertionError) as caught:
        check_every_cut(fresh(Toy), record_and_publish, record_and_publish, Toy.published)

    message = str(caught.value)
    assert "2 of 6 disturbed runs end wrongly" in message
    assert "cut off after call 2 = dynamodb UpdateItem" in message
    assert "cut off before call 3 = events PutEvents" in message
    assert "-['done']" in message


def test_a_double_effect_is_found() -> None:
    def work(toy: Toy) -> None:
        count_up(toy)
        toy.notes.append("acknowledged")

    def redelivered(toy: Toy) -> None:
        if not toy.notes:
            work(toy)

    with pytest.raises(AssertionError) as caught:
        check_every_cut(fresh(Toy), work, redelivered, Toy.counted)
    assert "1 of 2 disturbed runs end wrongly" in str(caught.value)
    assert "cut off after call 1 = dynamodb UpdateItem" in str(caught.value)


def test_a_lost_answer_taken_for_a_refusal_is_found() -> None:
    def work(toy: Toy) -> None:
        toy.table.update(KEY, "ADD #count :one", {":one": 1})

    def recover(toy: Toy) -> None:
        if toy.counted() != 1:
            count_up(toy)

    def impatient(toy: Toy) -> None:
        try:
            work(toy)
        except Exception:
            work(toy)

    check_every_refusal(fresh(Toy), work, recover, Toy.counted)
    with pytest.raises(
        AssertionError, match=r"call 1 has its effect and loses its answer = dynamodb UpdateItem"
    ):
        check_every_refusal(fresh(Toy), impatient, recover, Toy.counted)


def test_work_that_catches_everything_is_found() -> None:
    def work(toy: Toy) -> None:
        try:
            record_once(toy)
        except BaseException:
            toy.notes.append("all is well")

    with pytest.raises(AssertionError, match="the work caught the cut and went on"):
        check_every_cut(fresh(Toy), work, record_once, Toy.counted)


def test_a_process_that_was_cut_off_makes_no_further_call() -> None:
    def work(toy: Toy) -> None:
        try:
            record_once(toy)
        finally:
            count_up(toy)

    def state(toy: Toy) -> object:
        return min(toy.counted(), 2)

    def recover(toy: Toy) -> None:
        if toy.counted() == 0:
            record_once(toy)
        if toy.counted() == 1:
            count_up(toy)

    check_every_cut(fresh(Toy), work, recover, state)


def test_recovery_that_never_ends_is_found() -> None:
    with pytest.raises(AssertionError, match="still something to do after 50 rounds"):
        until_quiet(lambda: 1)


def test_work_without_outside_calls_is_no_check() -> None:
    with pytest.raises(AssertionError, match="nothing to disturb"):
        check_every_cut(fresh(Toy), nothing, nothing, Toy.counted)


def test_a_cut_is_no_exception_that_a_handler_would_catch() -> None:
    assert not issubclass(Cut, Exception)


def test_nothing_is_left_behind() -> None:
    before: Callable[..., Any] = requests.Session.send
    with pytest.raises(AssertionError):
        check_every_cut(fresh(Toy), record_and_publish, record_and_publish, Toy.published)
    assert requests.Session.send is before


def test_a_world_within_another_is_refused(aws: AwsWorld) -> None:
    with pytest.raises(RuntimeError, match="leave out the fixture"):
        check_every_cut(fresh(Toy), record_once, nothing, Toy.counted)
