"""Getting answers and reading their bodies, bounded in size and in time.

A read time-out bounds the pause between two pieces and not the whole: a server that sends a byte every few
seconds would keep a function busy until it is cut off. So the time left is looked at after every piece.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import requests
import urllib3
from urllib3.exceptions import HTTPError

from outbound.cxone.errors import UnexpectedAnswer
from outbound.final_response import FinalResponse

# What reading an answer can end with where the connection breaks, stalls or speaks no HTTP.
BROKEN = (requests.RequestException, HTTPError, OSError)

_PIECE = 256 * 1024
# Of the body of a refusal only the beginning matters.
_MOST_OF_A_REFUSAL = 64 * 1024
# A read that may wait no longer still gets a moment, for what has arrived already.
_SHORTEST_WAIT = 0.1


class _Connection(urllib3.connection.HTTPConnection):
    response_class = FinalResponse


class _TlsConnection(urllib3.connection.HTTPSConnection):
    response_class = FinalResponse


class _Pool(urllib3.HTTPConnectionPool):
    ConnectionCls = _Connection


class _TlsPool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


class _Adapter(requests.adapters.HTTPAdapter):
    """Connects so that an interim answer is not taken for the final one, through a proxy too."""

    def init_poolmanager(self, *args: Any, **more: Any) -> None:
        super().init_poolmanager(*args, **more)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _TlsPool}

    def proxy_manager_for(self, *args: Any, **more: Any) -> Any:
        manager = super().proxy_manager_for(*args, **more)
        manager.pool_classes_by_scheme = {"http": _Pool, "https": _TlsPool}
        return manager


class DirectSession(requests.Session):
    """A session that sees no redirects: an answer of 3xx is an answer, one of 1xx is none.

    Telling `requests` not to follow them is not enough: it would still read their bodies, without bounds.
    """

    def __init__(self, connections: int = 10) -> None:
        """Keep up to so many connections to a host."""
        super().__init__()
        adapter = _Adapter(pool_maxsize=connections)
        for scheme in ("https://", "http://"):
            self.mount(scheme, adapter)

    def get_redirect_target(self, resp: requests.Response) -> str | None:  # noqa: ARG002 - its own name
        """Find none."""
        return None


def whole_body(response: requests.Response, most: int, left: Callable[[], float]) -> bytes:
    """Read a body to its end.

    Args:
        response: An answer whose body is not read yet.
        most: The most bytes that it may have.
        left: Returns the seconds that are left; looked at after every piece.

    Raises:
        UnexpectedAnswer: The body has more bytes.
        RequestException: Or another of `BROKEN`: the body is cut off, or the time runs out.
    """
    pieces: list[bytes] = []
    size = 0
    for piece in _pieces(response, left):
        size += len(piece)
        if size > most:
            raise UnexpectedAnswer(f"an answer of more than {most} bytes: ask for smaller pages")
        pieces.append(piece)
    return b"".join(pieces)


def refusal_body(response: requests.Response, left: Callable[[], float]) -> bytes:
    """Read the beginning of a refusal's body, or what of it there is: its status says enough without."""
    body = b""
    with suppress(*BROKEN):
        for piece in _pieces(response, left):
            body += piece
            if len(body) >= _MOST_OF_A_REFUSAL:
                break
    return body[:_MOST_OF_A_REFUSAL]


def _pieces(response: requests.Response, left: Callable[[], float]) -> Iterator[bytes]:
    """Return what has arrived, as it arrives; waits for each piece no longer than there is time left."""
    socket = getattr(response.raw.connection, "sock", None)
    longest = socket.gettimeout() if socket else None
    while True:
        seconds = left()
        if seconds <= 0:
            raise requests.exceptions.ReadTimeout("the answer comes too slowly")
        if socket and longest:
            socket.settimeout(max(_SHORTEST_WAIT, min(longest, seconds)))
        piece = response.raw.read1(_PIECE, decode_content=True)
        if not piece:
            return
        yield piece
