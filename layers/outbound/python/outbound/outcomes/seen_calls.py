"""Which calls of a window were written already: eight bytes a call, however long its id is.

A call comes again on the next page where pages overlap, or pages later where CXone's list shifts while it
is read. What is remembered is a digest of its id, of 64 bits: among a million calls two share one with a
probability of one in thirty million. Digests lie in buckets by their first bits; finding one in its bucket
is a search for eight bytes in a few hundred.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b

from outbound.observability import logger

_SIZE = 8
_BUCKETS = 1 << 14
# 32 MB; a window with more calls than this is none, and its later calls are compared with these.
_MOST = 4_000_000


class SeenCalls:
    """The ids of the calls that a pull has written, whichever run of it wrote them."""

    def __init__(self, earlier: Iterable[bytes] = ()) -> None:
        """Begin with the digests that earlier runs wrote down with their pages."""
        self._buckets: list[bytearray | None] = [None] * _BUCKETS
        self._count = 0
        for page in earlier:
            for start in range(0, len(page), _SIZE):
                self._add(page[start : start + _SIZE])

    def add(self, call_id: str) -> bytes:
        """Return the digest of an id that is new, and remember it; nothing for one that was seen."""
        # An id may hold half a surrogate, which UTF-8 has no form for.
        return self._add(blake2b(call_id.encode(errors="surrogatepass"), digest_size=_SIZE).digest())

    def _add(self, digest: bytes) -> bytes:
        number = digest[0] << 6 | digest[1] >> 2
        bucket = self._buckets[number]
        if bucket is None:
            bucket = self._buckets[number] = bytearray()
        elif (at := bucket.find(digest)) >= 0:
            # Where two digests meet, their halves may look like a third.
            while at >= 0 and at % _SIZE:
                at = bucket.find(digest, at + 1)
            if at >= 0:
                return b""
        if self._count < _MOST:
            bucket += digest
            self._count += 1
            if self._count == _MOST:
                logger.warning(
                    "a window has more calls than are looked at for doubles", extra={"most": _MOST}
                )
        return digest
