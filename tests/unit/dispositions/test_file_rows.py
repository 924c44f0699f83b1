"""Rows of files: what a line is, what a record is, and where to go on, whatever stands in them."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outbound.dispositions.files.rows import Row, rows_of
from outbound.files.content import LONGEST_LINE, Place, content_of, lines_of
from outbound.files.names import FileRefused, RowFormat

COLUMNS = ("campaign_id", "contact_id", "outcome_code", "notes")


def _pieces(content: bytes, size: int) -> Iterator[bytes]:
    for first in range(0, len(content), size):
        yield content[first : first + size]


def _rows(
    content: bytes, kind: RowFormat = RowFormat.CSV, size: int = 7, start: Place | None = None
) -> list[Row]:
    place = start or Place()
    lines = lines_of(_pieces(content[place.offset :], size), place.offset)
    return list(rows_of(kind, COLUMNS, lines, place))


def _data(rows: list[Row]) -> list[tuple[dict[str, object], str]]:
    return [(row.data, row.wrong.message if row.wrong else "") for row in rows]


@pytest.mark.parametrize("size", [1, 2, 7, 1000])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_pieces_and_line_ends_make_no_difference(size: int, end: str) -> None:
    content = end.join(["s,c1,BUSY,a", "", 's,c2,BUSY,"b,', 'b ""x"""', "s,c3,BUSY,ü"]).encode()
    rows = _rows(content, size=size)
    assert [row.data["contact_id"] for row in rows] == ["c1", "c2", "c3"]
    assert [row.data["notes"] for row in rows] == ["a", f'b,{end}b "x"', "ü"]
    assert [row.place.line for row in rows] == [1, 4, 5]
    assert rows[-1].place == Place(3, 5, len(content))


cells = st.text(st.characters(codec="utf-8", exclude_characters="\0\ufeff"), max_size=8)


@given(st.lists(st.tuples(cells, cells, cells, cells), max_size=6), st.integers(1, 9))
def test_whatever_a_writer_of_csv_writes_is_read_and_resumed_behind_any_row(
    table: list[tuple[str, ...]], size: int
) -> None:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(table)
    content = text.getvalue().encode()
    rows = _rows(content, size=size)
    assert [row.wrong for row in rows] == [None] * len(rows)
    plain = [[row.data.get(name, "") for name in COLUMNS] for row in rows]
    wanted = [[*map(str.strip, line[:3]), line[3]] for line in table if any(line)]
    assert plain == wanted
    for number, row in enumerate(rows, 1):
        assert _rows(content, size=size, start=row.place) == rows[number:]


def test_json_lines_are_resumed_behind_any_row() -> None:
    content = (
        b'\xef\xbb\xbf{"contactId": "c1"}\n\n{"contact_id": "c2", "outcomeCode": null}\n{"agentId": "a"}'
    )
    rows = _rows(content, RowFormat.JSONL)
    assert [row.data for row in rows] == [{"contact_id": "c1"}, {"contact_id": "c2"}, {"agent_id": "a"}]
    for number, row in enumerate(rows, 1):
        assert _rows(content, RowFormat.JSONL, start=row.place) == rows[number:]


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        ("s,c9,BUSY", "has 3 cells; the header has 4"),
        ("s,c9,BUSY,a,b", "has 5 cells; the header has 4"),
        ('s,c9,BUSY,"a"b', "is not CSV"),
        ("s,c9,BUSY,a\rb", "is not CSV"),
    ],
)
def test_a_broken_row_is_one_row_and_shows_whose_it_is(broken: str, message: str) -> None:
    rows = _rows(f"s,c1,BUSY,\n{broken}\ns,c2,BUSY,\n".encode())
    assert [row.data.get("contact_id") for row in rows if not row.wrong] == ["c1", "c2"]
    (wrong,) = (row for row in rows if row.wrong)
    assert wrong.wrong is not None
    assert message in wrong.wrong.message
    assert wrong.data["contact_id"] == "c9"


def test_a_quote_that_is_not_closed_names_the_lines_that_it_swallowed() -> None:
    rows = _rows(b's,c1,BUSY,\ns,c2,BUSY,"oh\ns,c3,BUSY,\ns,c4,BUSY,\n')
    assert _data(rows)[0] == ({"campaign_id": "s", "contact_id": "c1", "outcome_code": "BUSY"}, "")
    assert len(rows) == 2
    assert rows[1].wrong is not None
    assert "lines 2 to 4" in rows[1].wrong.message
    assert rows[1].data["contact_id"] == "c2"


def test_a_huge_cell_is_one_broken_row_and_what_is_behind_it_is_read() -> None:
    huge = b"x" * (2 * LONGEST_LINE)
    quoted = b'"' + (b"y" * 999 + b'""\n') * 2500 + b'"'
    content = b"s,c1,BUSY,%b\ns,c2,BUSY,%b\ns,c3,BUSY,%b\ns,c4,BUSY,a\n" % (huge, quoted, b'"' + huge + b'"')
    rows = _rows(content, size=65536)
    assert [row.data["contact_id"] for row in rows] == ["c1", "c2", "c3", "c4"]
    assert ["is longer than" in row.wrong.message if row.wrong else "" for row in rows] == [True] * 3 + [""]


def test_a_huge_json_line_is_one_broken_row_that_shows_whose_it_is() -> None:
    line = b'{"contactId": "c1", "outcome_code": "DO_NOT_CALL", "notes": "\\"contact_id\\": \\"c7\\" %b"}'
    content = line % (b"x" * 2 * LONGEST_LINE) + b'\n{"contact_id": "c2"}\n{"contact_id": "c3", \n[1]\n'
    rows = _rows(content, RowFormat.JSONL, size=65536)
    assert [row.data.get("contact_id") for row in rows] == ["c1", "c2", "c3", None]
    assert rows[0].data["outcome_code"] == "DO_NOT_CALL"
    assert [bool(row.wrong) for row in rows] == [True, False, True, True]


@pytest.mark.parametrize(
    ("row", "field", "message"),
    [
        (b'{"contact_id": "c", "contactId": "d"}', "contact_id", "twice"),
        (b'{"phone": "1"}', "", "'phone'"),
        (b"[" * 100_000, "", "not a JSON object"),
        (b'{"contact_id": ' + b"1" * 5000 + b"}", "", "not a JSON object"),
        (b"nonsense", "", "not a JSON object"),
    ],
    ids=["twice", "unknown", "deep", "long number", "text"],
)
def test_what_is_wrong_with_a_json_line_is_named(row: bytes, field: str, message: str) -> None:
    (found,) = _rows(row, RowFormat.JSONL, size=4096)
    assert found.wrong is not None
    assert (found.wrong.field, message in found.wrong.message) == (field, True)


def _unpacked(packed: bytes, start: int = 0) -> bytes:
    return b"".join(content_of(lambda first, size: packed[first : first + size], len(packed), True, start))


def test_gzip_of_several_members_and_padding_is_unpacked_from_any_place() -> None:
    content = b"".join(b"row %d\n" % number for number in range(200_000))
    packed = gzip.compress(content[:1000]) + gzip.compress(content[1000:]) + b"\0" * 512
    assert _unpacked(packed) == content
    for start in (1, 999, 1000, 1001, len(content) - 1, len(content)):
        assert _unpacked(packed, start) == content[start:]


def test_a_bomb_is_unpacked_a_piece_at_a_time() -> None:
    packed = gzip.compress(b"0" * 50_000_000)
    pieces = content_of(lambda first, size: packed[first : first + size], len(packed), True, 0)
    sizes = [len(piece) for piece in pieces]
    assert sum(sizes) == 50_000_000
    assert max(sizes) <= 1024 * 1024


@pytest.mark.parametrize(
    "packed",
    [b"a,b\n", gzip.compress(b"a,b\n" * 100)[:-9], gzip.compress(b"a") + b"junk", b"\x1f\x8b\x08"],
    ids=["plain", "cut off", "junk behind", "only the beginning"],
)
def test_what_is_not_gzip_is_refused(packed: bytes) -> None:
    with pytest.raises(FileRefused, match="gzip"):
        _unpacked(packed)
