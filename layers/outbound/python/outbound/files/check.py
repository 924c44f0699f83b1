"""Whether a file is what its name says, before any row of it has an effect."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from dataclasses import replace

from outbound.clock import Deadline
from outbound.files.content import Block, Place, content_of, without_bom
from outbound.files.ledger import F, FileState
from outbound.files.names import FileFormat, FileRefused, RowFormat, format_of
from outbound.files.tables import Columns, has_cr_ends, header_of

_SAVE_AS = "save it as CSV UTF-8"
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


def check(file: F, columns: Columns, block: Block, max_bytes: int, deadline: Deadline) -> F:
    """Return a file as far as it could be checked by the deadline; one that is right is ready to be read.

    Args:
        file: The file, as far as an earlier run has checked it.
        columns: How the names of its columns are read.
        block: Fetches its bytes.
        max_bytes: How many bytes it may have, unpacked.
        deadline: When to stop.

    Raises:
        FileRefused: It is not what its name says.
    """
    form = format_of(file.key)
    if file.size == 0:
        raise FileRefused("empty", "it is empty")
    if file.size > max_bytes:
        raise _too_large(max_bytes)
    if not file.columns and file.checked == 0:
        file = _begun(file, columns, form, next(_content(file, block, form, 0), b""))
    return _encoding(file, _content(file, block, form, file.checked), max_bytes, deadline)


def _content(file: F, block: Block, form: FileFormat, start: int) -> Iterator[bytes]:
    return content_of(block, file.size, form.gzipped, start)


def _begun(file: F, columns: Columns, form: FileFormat, head: bytes) -> F:
    """Return a file with its columns and the place of its first row; JSON lines begin at once."""
    if not head.strip():
        raise FileRefused("empty", "it is empty")
    for beginning, what in _OTHERS.items():
        if head.startswith(beginning):
            raise FileRefused("not_what_its_name_says", what)
    first = without_bom(head).lstrip()[:1]
    if form.kind is RowFormat.JSONL:
        if first != b"{":
            raise FileRefused("not_what_its_name_says", "it does not begin with a JSON object, one a line")
        return replace(file, place=Place(), ends_with_cr=has_cr_ends(head))
    if first in (b"{", b"["):
        raise FileRefused("not_what_its_name_says", "it begins like JSON; JSON lines have a name in .jsonl")
    return _with_header(file, columns, head)


def _with_header(file: F, columns: Columns, head: bytes) -> F:
    header = header_of(head, columns.is_like_a_field)
    if header.wrong:
        raise FileRefused("no_header", f"its header {header.wrong}")
    try:
        head[: header.place.offset].decode()
    except UnicodeDecodeError:
        raise FileRefused("not_utf8", f"its header is not in UTF-8; {_SAVE_AS}") from None
    if "\0" in "".join(header.names):
        raise FileRefused("not_utf8", f"its header is not in UTF-8; {_SAVE_AS}")
    return replace(
        file,
        columns=columns.fields_of(header.names),
        place=header.place,
        delimiter=header.delimiter,
        ends_with_cr=header.ends_with_cr,
    )


def _encoding(file: F, pieces: Iterator[bytes], max_bytes: int, deadline: Deadline) -> F:
    """Read all of it, as text; what cannot be unpacked or read shows before the first row has gone out."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    seen = file.checked
    for piece in pieces:
        seen += len(piece)
        if seen > max_bytes:
            raise _too_large(max_bytes)
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
        raise FileRefused("not_utf8", f"it is not in UTF-8; {_SAVE_AS}") from None
    if b"\0" in piece:
        raise FileRefused("not_what_its_name_says", "it holds zero bytes, which no text does")


def _too_large(max_bytes: int) -> FileRefused:
    return FileRefused("too_large", f"it has more than {max_bytes} bytes, unpacked; split it")
