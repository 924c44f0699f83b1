"""Who must not be called because of a file is said first, however broken row, file or settings are."""

from __future__ import annotations

import gzip
import json
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from outbound.clock import Deadline, format_time
from outbound.dispositions.files.opt_outs import opt_outs_by
from outbound.dispositions.settings import DispositionSettings
from outbound.files.content import Place
from outbound.files.refusals import refusals_of
from outbound.queues import TryLater
from outbound.settings import ConfigurationError
from sandbox.running import Tenant
from worlds.aws import AwsWorld, FakeClock
from worlds.disposition_files import HEADER, DispositionFileWorld, lines, row
from worlds.dispositions import DispositionWorld


@pytest.fixture
def world(aws: AwsWorld, clock: FakeClock) -> DispositionFileWorld:
    return DispositionFileWorld(aws, clock)


def _said(world: DispositionFileWorld) -> list[str]:
    return sorted(fact["data"]["contact_id"] for fact in world.aws.published("consent.changed"))


_RIGHT = {"campaign_id": "s", "contact_id": "c7", "outcome_code": "DO_NOT_CALL"}
_DNC = row("c7", "DO_NOT_CALL")
_JSON = json.dumps(_RIGHT)
_OTHERS = [row(f"c{number}") for number in range(100, 120)]

# What a file holds, and who must not be called because of it.
_FILES: dict[str, tuple[str, str | bytes, list[str]]] = {
    "a right row": ("a.csv", lines(*_OTHERS, _DNC), ["c7"]),
    "a right JSON line": ("a.jsonl", _JSON + "\n", ["c7"]),
    "a number": ("a.jsonl", '{"contact_id": 12345, "outcome_code": "DNC"}\n', ["12345"]),
    "a number in a broken line": (
        "a.jsonl",
        '{"contact_id": 12345, "outcome_code": "DNC", "notes": "x\n',
        ["12345"],
    ),
    "an escaped id in a broken line": (
        "a.jsonl",
        '{"contactId": "K\\u00fchn", "outcomeCode": "DNC", \n',
        ["Kühn"],
    ),
    "a code twice": ("a.jsonl", _JSON[:-1] + ', "outcome_code": "INTERESTED"}\n', ["c7"]),
    "a code twice, the other way": (
        "a.jsonl",
        '{"contact_id": "c7", "outcome_code": "BUSY", "outcomeCode": "DNC"}\n',
        ["c7"],
    ),
    "two contacts": ("a.jsonl", _JSON[:-1] + ', "contactId": "c8"}\n', ["c7", "c8"]),
    "a CR in a cell": ("a.csv", lines(*_OTHERS, row("c7", "DO_NOT_CALL", "a,one\rtwo,,")), ["c7"]),
    "rows ended by CR": (
        "a.csv",
        HEADER + "\n" + "\r".join([*_OTHERS, _DNC, row("c8", "DNC")]),
        ["c7", "c8"],
    ),
    "all ended by CR": ("a.csv", "\r".join([HEADER, *_OTHERS, _DNC, ""]), ["c7"]),
    "some ended by CR": (
        "a.csv",
        lines(*_OTHERS, _DNC + "\r" + row("c8", "DNC") + "\r" + row("c9")),
        ["c7", "c8"],
    ),
    "semicolons": ("a.csv", lines(*_OTHERS, _DNC).replace(",", ";"), ["c7"]),
    "one row with semicolons": ("a.csv", lines(*_OTHERS, _DNC.replace(",", ";")), ["c7"]),
    "sep=": ("a.csv", "sep=;\r\n" + lines(_DNC).replace(",", ";"), ["c7"]),
    "tabs": ("a.csv", lines(_DNC).replace(",", "\t"), ["c7"]),
    "behind a quote that stays open": ("a.csv", lines(row("c1", rest='a,"x,,'), *_OTHERS, _DNC), ["c7"]),
    "a contact with blanks": ("a.csv", lines(row(" c7\u00a0", "do not call.")), ["c7"]),
    "an unknown column": ("a.csv", lines(_DNC + ",1", header=HEADER + ",phone"), ["c7"]),
    "a column twice": ("a.csv", lines(_DNC + ",", header=HEADER + ",notes"), ["c7"]),
    "names of another spelling": ("a.csv", "Contact ID;Outcome-Code\nc7;DNC\n", ["c7"]),
    "Latin-1": ("a.csv", lines(row("Kühn", "DO_NOT_CALL")).encode("latin-1"), ["Kühn"]),
    "UTF-16": ("a.csv", lines(_DNC).encode("utf-16"), ["c7"]),
    "gzip that is cut off": ("a.csv.gz", gzip.compress(lines(_DNC, *_OTHERS * 999).encode())[:-9], ["c7"]),
    "gzip without its name": ("a.csv", gzip.compress(lines(_DNC).encode()), ["c7"]),
    "no gzip": ("a.csv.gz", lines(_DNC), ["c7"]),
    "JSON named CSV": ("a.csv", _JSON + "\n", ["c7"]),
    "CSV named JSON": ("a.jsonl", lines(_DNC), ["c7"]),
    "a JSON array": ("a.jsonl", f"[{_JSON}, {_JSON.replace('c7', 'c8')}]", ["c7", "c8"]),
    "another extension": ("a.txt", lines(_DNC), ["c7"]),
    "a result sent again": (
        "a.csv.result.csv",
        "row,contact_id,campaign_id,outcome_code,outcome,reason,field,message\n1,'-c7,s,DNC,applied,,,\n",
        ["-c7"],
    ),
    "nobody": ("a.csv", lines(*_OTHERS, row("c8", rest='a,"s,c9,DO_NOT_CALL,\ns,c9,DO_NOT_CALL,",,')), []),
}


@pytest.mark.parametrize("case", _FILES)
def test_an_opt_out_of_a_file_is_published(world: DispositionFileWorld, case: str) -> None:
    name, content, contacts = _FILES[case]
    world.read(name, content)
    assert _said(world) == contacts
    assert world.sweep() == 0


def test_it_is_published_before_a_row_is_queued_and_once(world: DispositionFileWorld) -> None:
    """Ten rows a slice: the last row's refusal is out before the first row is on its queue."""
    order: list[str] = []
    send, publish = world.aws.sqs.send_message_batch, world.aws.events.put_events
    content = lines(*[row(f"c{number}") for number in range(30)], _DNC)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(world.aws.sqs, "send_message_batch", lambda **g: order.append("row") or send(**g))
        patch.setattr(world.aws.events, "put_events", lambda **g: order.append("refusal") or publish(**g))
        found = world.read("a.csv", content)

    assert order[0] == "refusal"
    assert order.count("refusal") == 1
    assert len(world.queued()) == 31
    assert world.clock.slept, "what is said gets a head start"
    assert world.file(found).refusals == 1
    assert world.report is not None


def test_the_function_that_applies_a_row_does_not_say_it_again(
    aws: AwsWorld, clock: FakeClock, tenant: Tenant
) -> None:
    files, applying = DispositionFileWorld(aws, clock), DispositionWorld(aws, clock, tenant)
    contact_id = applying.contact_id("c1")
    files.read("a.csv", lines(row(contact_id, "DO_NOT_CALL", f"{applying.agent},,,")))
    while applying.trigger.poll():
        pass
    (fact,) = aws.published("consent.changed")
    assert fact["data"]["contact_id"] == contact_id
    assert applying.contact("c1").outcome_code == "DO_NOT_CALL"


@pytest.mark.parametrize("moment", ["never", "2999-01-01T00:00:00Z", ""])
def test_an_opt_out_without_a_time_counts_from_the_upload(world: DispositionFileWorld, moment: str) -> None:
    found = world.read("a.csv", lines(row("c7", "DO_NOT_CALL", f"a,,{moment},")))
    (fact,) = world.aws.published("consent.changed")
    assert fact["data"]["occurred_at"] == format_time(world.file(found).uploaded_at)
    assert fact["correlation_id"] == found


def test_it_is_published_though_the_settings_are_broken_and_the_rows_wait(
    world: DispositionFileWorld,
) -> None:
    def broken() -> Any:
        raise ConfigurationError("the settings document is not valid")

    record = world.drop("a.csv", lines(_DNC))
    with pytest.raises(TryLater):
        world.processor.take(record, broken, Deadline(world.clock, 100), lambda: {"DO_NOT_CALL"})
    assert _said(world) == ["c7"]
    assert world.queued() == []
    assert world.take(record) is not None
    assert len(world.queued()) == 1
    assert _said(world) == []


def test_a_file_of_opt_outs_that_takes_longer_than_a_run_resumes_where_it_was_left(
    world: DispositionFileWorld,
) -> None:
    refusals = [row(f"c{number}", "DNC") for number in range(25)]
    record = world.drop("a.csv", lines(*refusals, *[row("d")] * 3000))
    runs = 0
    while (later := world.take(record, seconds=0)) is not None and not world.queued():
        assert later.seconds == 0
        world.start_afresh()
        runs += 1
    assert runs >= 4
    assert len(_said(world)) == 25, "each once"


@pytest.mark.slow
def test_one_broken_row_may_hold_any_number_of_opt_outs(world: DispositionFileWorld) -> None:
    content = lines(row("c0", "DNC", 'a,"'), *[row(f"c{n}", "DNC") for n in range(1, 60)])
    found = world.read("a.csv", content)
    assert len(_said(world)) == 60
    assert world.rejected(found).keys() == {1}
    assert len(world.row(found, 1)["noted"]) == 1, "an item of the table holds 400 KB"
    assert world.sweep() == 0


# --- Whatever is done to a row that leaves contact and code to be read ---------------------------------

_junk = st.text(st.characters(codec="utf-8", exclude_characters='"\\\0\n\r,;|\t\ufeff'), max_size=12)
_code = st.sampled_from(
    [
        "DO_NOT_CALL",
        "do not call",
        "DoNotCall",
        "DNC",
        "d.n.c.",
        "\uff24\uff2e\uff23",
        "DO\u2011NOT\u2011CALL",
    ]
)
_contact = st.sampled_from(["c7", " c7 ", "\u00a0c7"])


@st.composite
def _broken_csv(draw: st.DrawFn) -> bytes:
    """A row whose contact and code are where the header says, and around it whatever there is."""
    delimiter = draw(st.sampled_from(",;\t"))
    end = draw(st.sampled_from(["\n", "\r\n", "\r"]))
    cells = ["s", draw(_contact), draw(_code), *draw(st.lists(_junk, min_size=1, max_size=7))]
    text = delimiter.join(cells) + draw(st.sampled_from(["", '"', '"x', "\r", 'a"b"c', delimiter * 3]))
    before = [row(f"b{n}").replace(",", delimiter) for n in range(draw(st.integers(0, 3)))]
    after = [draw(st.sampled_from(["", "x", '"', row("b9").replace(",", delimiter)]))]
    header = HEADER + draw(st.sampled_from(["", ",phone", ",notes", ",contactid "]))
    content = end.join([header.replace(",", delimiter), *before, text, *after])
    encoding = draw(st.sampled_from(["utf-8", "utf-8", "utf-8-sig"]))
    return content.encode(encoding) + draw(st.sampled_from([b"", b"\xff", b"\0", end.encode()]))


@st.composite
def _broken_json(draw: st.DrawFn) -> bytes:
    """A line whose contact and code can be read, cut and added to anywhere else."""
    contact = draw(st.sampled_from(['"c7"', '" c7 "', '"c\\u0037"']))
    names = draw(st.sampled_from([("contact_id", "outcome_code"), ("contactId", "outcomeCode")]))
    pairs = [f'"{names[0]}": {contact}', f'"{names[1]}": {json.dumps(draw(_code))}']
    pairs += draw(
        st.lists(
            st.sampled_from(
                [
                    '"phone": "1"',
                    '"outcome_code": "BUSY"',
                    '"notes": "\\ud800"',
                    '"x": 1e999',
                    '"a": {"b": [1]}',
                    '"occurred_at": 7',
                    '"custom_fields": "no"',
                    '"agent_id": null',
                ]
            ),
            max_size=4,
        )
    )
    line = (
        "{"
        + ", ".join(draw(st.permutations(pairs)))
        + draw(st.sampled_from(["}", "", ",}", "}}", ', "n": "x', "} x"]))
    )
    before = draw(st.sampled_from(["", '{"contact_id": "b1"}\n', "{\n", "\n\n"]))
    return (before + line + draw(st.sampled_from(["\n", "\r\n", "\r", ""]))).encode()


_kinds = st.tuples(st.just("a.csv"), _broken_csv()) | st.tuples(st.just("a.jsonl"), _broken_json())


# The same content under the same name is the same file.
_numbers = count()


def _check_said(world: DispositionFileWorld, file: tuple[str, bytes]) -> None:
    name, content = file
    world.read(f"{next(_numbers)}{name}", content)
    assert "c7" in _said(world), file
    world.queued()


def _examples(number: int) -> settings:
    unimportant = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
    return settings(max_examples=number, deadline=None, suppress_health_check=unimportant)


def _check_found(file: tuple[str, bytes]) -> None:
    """Look for refusals as the processor does, without what it writes of them."""
    _, content = file

    def block(first: int, size: int) -> bytes:
        return content[first : first + size]

    codes = DispositionSettings().do_not_call_codes
    rows = refusals_of(block, len(content), opt_outs_by(codes), Place())
    found = [one.contact_id for row in rows for one in row.refusals]
    assert "c7" in found, file


@pytest.mark.slow
@_examples(400)
@given(file=_kinds)
def test_whatever_is_wrong_with_a_file_a_readable_opt_out_is_found(file: tuple[str, bytes]) -> None:
    _check_found(file)


@pytest.mark.slow
@_examples(25)
@given(file=_kinds)
def test_whatever_is_wrong_with_a_file_a_readable_opt_out_is_published(
    world: DispositionFileWorld, file: tuple[str, bytes]
) -> None:
    _check_said(world, file)


@pytest.mark.load
@pytest.mark.timeout(900)
@_examples(20_000)
@given(file=_kinds)
def test_in_twenty_thousand_broken_files_every_opt_out_is_found(file: tuple[str, bytes]) -> None:
    _check_found(file)


# In parts, each with an emulated AWS of its own: it forgets nothing.
@pytest.mark.load
@pytest.mark.timeout(900)
@pytest.mark.parametrize("part", range(4))
@_examples(250)
@given(file=_kinds)
def test_of_a_thousand_broken_files_every_opt_out_is_published(
    world: DispositionFileWorld, part: int, file: tuple[str, bytes]
) -> None:
    _check_said(world, file)
