"""Objects of the lake in which the lines of a few contacts are found by one small read.

Lines are sorted into buckets by the contact that they are about, and each bucket is a gzip member of its own.
Members behind each other are one gzip file, so Athena reads the object as any other; a reader that knows
where the members begin reads one of them alone::

    object     member 0 | member 1 | ... | member 63
    offsets    0        | 5210     | ... | 331042   | 336710 (the object's size)
"""

from __future__ import annotations

import gzip
import hashlib
import zlib
from array import array
from collections.abc import Iterable, Sequence
from typing import SupportsBytes

from outbound.contact_ids import ledger_id

Bytes = SupportsBytes
"""Bytes as DynamoDB gives them back."""

BUCKETS = 64
_LEVEL = 1


def fingerprint(contact_id: str) -> int:
    """Return 64 bits that stand for a contact: all ids of one contact have the same."""
    text = ledger_id(contact_id).encode(errors="surrogatepass")
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "big")


def bucket_of(mark: int) -> int:
    """Return the bucket of a contact with this fingerprint."""
    return mark % BUCKETS


class BucketedLines:
    """Lines of an object, by bucket; compressed when the object is finished."""

    def __init__(self) -> None:
        """Begin without a line."""
        self.count = 0
        self.size = 0
        self.offsets = array("I")
        self._lines: list[list[bytes]] = [[] for _ in range(BUCKETS)]

    def add(self, mark: int, line: bytes) -> None:
        """Add a line, with its end, about a contact with this fingerprint."""
        self._lines[mark % BUCKETS].append(line)
        self.count += 1
        self.size += len(line)

    def finished(self) -> tuple[bytes, str]:
        """Return the compressed bytes, and the SHA-256 of the lines; `offsets` is known from then on."""
        digest, members, end = hashlib.sha256(), [], 0
        self.offsets = array("I", [0])
        for lines in self._lines:
            block = b"".join(lines)
            digest.update(block)
            # Window bits of 31 mean the frame of gzip, without a time: the same lines, the same bytes.
            compressor = zlib.compressobj(_LEVEL, zlib.DEFLATED, 31)
            member = compressor.compress(block) + compressor.flush()
            members.append(member)
            end += len(member)
            self.offsets.append(end)
        return b"".join(members), digest.hexdigest()


def stored_offsets(offsets: array[int]) -> bytes:
    """Return offsets as an item stores them."""
    return offsets.tobytes()


def members_range(stored: Bytes, first: int, last: int) -> tuple[int, int]:
    """Return the first and the last byte of the members of some buckets, both included.

    Args:
        stored: Offsets as an item stores them.
        first: The first bucket.
        last: The last one.
    """
    offsets = array("I")
    offsets.frombytes(bytes(stored))
    return offsets[first], offsets[last + 1] - 1


def lines_of_members(members: bytes) -> Sequence[bytes]:
    """Return the lines of members that lie behind each other."""
    return gzip.decompress(members).splitlines()


def stored_marks(marks: Iterable[int]) -> bytes:
    """Return fingerprints as an item stores them, in order."""
    return array("Q", sorted(marks)).tobytes()


def marks_in(stored: Bytes) -> array[int]:
    """Return the fingerprints that an item stores, in order."""
    marks = array("Q")
    marks.frombytes(bytes(stored))
    return marks
