"""Settings compared field by field: canonical JSON, changes, targets, merges."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from outbound.dialer.configuration import (
    ABSENT,
    canonical,
    changes,
    consists_of,
    merge,
    read_canonical,
    target_of,
)
from worlds.rollouts import EXAMPLE, first_settings

_values = st.one_of(st.none(), st.booleans(), st.integers(-5, 5), st.floats(-2, 2), st.text(max_size=3))
_settings: st.SearchStrategy[dict[str, Any]] = st.recursive(
    st.dictionaries(st.sampled_from("abc"), _values, max_size=3),
    lambda inner: st.dictionaries(st.sampled_from("abcd"), st.one_of(_values, inner), max_size=3),
    max_leaves=6,
)


def test_canonical_json_is_the_same_however_settings_are_written() -> None:
    turned = {name: EXAMPLE[name] for name in reversed(EXAMPLE)}
    assert canonical(turned) == canonical(EXAMPLE)
    whole = copy.deepcopy(EXAMPLE)
    whole["algorithm"]["dial_ratio"] = 4
    assert canonical(whole) == canonical(EXAMPLE)
    assert canonical(first_settings()) != canonical(EXAMPLE)


def test_true_is_not_one() -> None:
    (change,) = changes({"a": True}, {"a": 1})
    assert (change.before, change.after) == (True, 1)


def test_a_field_that_is_not_there_is_not_one_that_is_null() -> None:
    (change,) = changes({}, {"a": None})
    assert (change.before, change.after) == (ABSENT, None)
    assert change.as_document() == {"field": "a", "after": None}


@given(_settings)
def test_canonical_json_is_read_back_as_the_same(settings: dict[str, Any]) -> None:
    assert canonical(read_canonical(canonical(settings))) == canonical(settings)


@given(_settings, _settings)
def test_no_change_means_the_same(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert changes(one, one) == ()
    assert (not changes(one, other)) == (canonical(one) == canonical(other))


@given(_settings, _settings)
def test_a_merge_with_a_party_that_changed_nothing_is_ours(
    base: dict[str, Any], ours: dict[str, Any]
) -> None:
    merged = merge(base, ours, base)
    assert merged.settings is not None
    assert not changes(merged.settings, ours)


@given(_settings, _settings, _settings)
def test_a_merge_takes_nothing_back_that_either_party_changed(
    base: dict[str, Any], ours: dict[str, Any], theirs: dict[str, Any]
) -> None:
    merged = merge(base, ours, theirs)
    if merged.settings is None:
        assert merged.conflicts
        return
    assert consists_of(merged.settings, ours, theirs)
    for party in (ours, theirs):
        wanted = {each.path: each.after for each in changes(base, party)}
        missing = {each.path for each in changes(merged.settings, party)} & set(wanted)
        assert not missing


def test_a_change_of_a_whole_block_touches_each_of_its_fields() -> None:
    base = {"block": {"a": 1, "b": 2}}
    assert merge(base, {"block": 7}, {"block": {"a": 1, "b": 3}}).conflicts


def test_what_both_made_the_same_is_no_conflict() -> None:
    base, both = {"a": 1, "b": 1}, {"a": 2, "b": 1}
    merged = merge(base, both, {"a": 2, "b": 5})
    assert merged.settings == {"a": 2, "b": 5}


def test_settings_that_consist_of_two_sources_have_no_third_value() -> None:
    part = {**first_settings(), "concurrency": EXAMPLE["concurrency"]}
    assert consists_of(part, first_settings(), EXAMPLE)
    part["algorithm"] = {**part["algorithm"], "dial_ratio": 2.2}
    assert not consists_of(part, first_settings(), EXAMPLE)
    assert not consists_of({**first_settings(), "note": 1}, first_settings(), EXAMPLE)


def test_a_target_keeps_what_a_document_cannot_name_and_drops_what_it_can() -> None:
    there = first_settings(warm_line_timeout_sec=20, seed=7)
    there |= {"note": "theirs"}
    target = target_of(EXAMPLE, there)
    assert (target["note"], target["algorithm"]["seed"]) == ("theirs", 7)
    assert "warm_line_timeout_sec" not in target["algorithm"]
    assert target["algorithm"]["dial_ratio"] == 4.0
