"""Whether a file is what its name says, found out before any row of it has an effect."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from dataclasses import replace

from outbound.clock import Deadline
from outbound.dispositions.files.columns import columns_of
from outbound.dispositions.files.content import Block, content_of, lines_of
from outbound.dispositions.files.names import Form, Kind, Unfit, form_of
from outbound.dispositions.files.rows import Feed, records_of, without_bom
from outbound.store.disposition_files import DispositionFile, FileState, Place

# How files begin that are something else.
_OTHERS = {
    b"PK\x03\x04": "it is a zip archive or a workbook; save it as CSV in UTF-8",
    b"PK\x05\x06": "it is an empty zip archive",
    b"\xd0\xcf\x11\xe0": "it is a workbook; save it as CSV in UTF-8",
    b"%PDF": "it is a PDF",
    b"\x1f\x8b": "it is gzipped; its name then ends in .gz",
    b"\xff\xfe": "it is in UTF-16; save it in UTF-8",
    b"\xfe\xff": "it is in UTF-16; save it in UTF-8",
}


def check(file: DispositionFile, block: Block, most: int, deadline: Deadline) -> DispositionFile:
    """Give a file as far as it could be checked by the deadline; one that is right is ready to be read.

    `most` is how many bytes it may have, unpacked. Raises Unfit.
    """
    form = form_of(file.key)
    if file.size == 0:
        raise Unfit("empty", "it is empty")
    if file.size > most:
        raise _too_large(most)
    if not file.columns and file.checked == 0:
        columns, place = _beginning(form, _content(file, block, form, 0))
        file = replace(file, columns=columns, place=place)
    return _encoding(file, _content(file, block, form, file.checked), most, deadline)


def _content(file: DispositionFile, block: Block, form: Form, start: int) -> Iterator[bytes]:
    return content_of(block, file.size, form.gzipped, start)


def _beginning(form: Form, pieces: Iterator[bytes]) -> tuple[tuple[str, ...], Place]:
    """Give the columns and the place of the first row; JSON has no columns, and begins at once."""
    head = next(pieces, b"")
    if not head.strip():
        raise Unfit("empty", "it is empty")
    for beginning, what in _OTHERS.items():
        if head.startswith(beginning):
            raise Unfit("not_what_its_name_says", what)
    first = without_bom(head).lstrip()[:1]
    if form.kind is Kind.JSONL:
        if first != b"{":
            raise Unfit("not_what_its_name_says", "it does not begin with a JSON object, one a line")
        return (), Place()
    if first in (b"{", b"["):
        raise Unfit("not_what_its_name_says", "it begins like JSON; JSON lines have a name in .jsonl")
    return _header(head, pieces)


def _header(head: bytes, pieces: Iterator[bytes]) -> tuple[tuple[str, ...], Place]:
    def whole() -> Iterator[bytes]:
        yield head
        yield from pieces

    feed = Feed(lines_of(whole(), 0), Place())
    cells, wrong = next(((cells, wrong) for cells, wrong in records_of(feed) if cells or wrong), ([], None))
    if wrong:
        raise Unfit("no_header", f"its header {wrong.message}")
    if "\0" in "".join(cells) or "\ufffd" in "".join(cells):
        raise Unfit("not_utf8", "its header is not in UTF-8")
    return columns_of(cells), Place(0, feed.line, feed.offset)


def _encoding(
    file: DispositionFile, pieces: Iterator[bytes], most: int, deadline: Deadline
) -> DispositionFile:
    """Read all of it, as text; what cannot be unpacked or read shows before the first row has gone out."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    seen = file.checked
    for piece in pieces:
        seen += len(piece)
        if seen > most:
            raise _too_large(most)
        _decode(decoder, piece, final=False)
        if deadline.left() <= 0:
            # A character whose end is still to come is read again.
            return replace(file, checked=seen - len(decoder.getstate()[0]))
    _decode(decoder, b"", final=True)
    return replace(file, checked=seen, state=FileState.READING)


def _decode(decoder: codecs.IncrementalDecoder, piece: bytes, final: bool) -> None:
    try:
        decoder.decode(piece, final)
    except UnicodeDecodeError:
        raise Unfit("not_utf8", "it is not in UTF-8") from None
    if b"\0" in piece:
        raise Unfit("not_what_its_name_says", "it holds zero bytes, which no text does")


def _too_large(most: int) -> Unfit:
    return Unfit("too_large", f"it has more than {most} bytes, unpacked; split it")
