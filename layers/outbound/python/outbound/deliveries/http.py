"""One POST to a destination: safe about where it goes, bounded in time and bytes.

The connection is opened here rather than by an HTTP library, because the address that was checked has
to be the one connected to. It goes through no proxy, follows no redirect and is closed after one answer.
"""

from __future__ import annotations

import http.client
import re
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache
from io import BufferedIOBase, BytesIO
from typing import Any
from urllib.parse import SplitResult, urlsplit

from outbound.clock import Clock, Deadline
from outbound.deliveries.addresses import AddressRefused, Resolve, Unresolved, allowed_addresses, resolve
from outbound.http_statuses import is_interim

# An answer is read for the log of a refusal alone.
_MAX_BODY_BYTES = 64 * 1024
# Interim answers and headers together; most servers allow 8 to 64 KB.
_MAX_HEAD_BYTES = 1024 * 1024
_KEPT = frozenset({b"content-length", b"transfer-encoding", b"connection", b"retry-after"})


@dataclass(frozen=True, slots=True)
class Target:
    """Where a delivery goes, and what is allowed on the way there. Times in seconds, `timeout` in total."""

    url: str
    timeout: float
    connect_timeout: float
    allow_insecure: bool = False
    allow_private: bool = False
    ca_certificates: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a destination answered."""

    status: int
    retry_after: str | None
    body: bytes


class Unreachable(Exception):
    """No answer came: no address, no connection, a broken one, or not in time. The text says which."""


class Outgoing:
    """Posts to destinations."""

    def __init__(self, clock: Clock, resolver: Resolve = resolve) -> None:
        """Resolve host names with this resolver."""
        self._clock = clock
        self._resolve = resolver

    def post(self, target: Target, headers: Mapping[str, str], body: bytes) -> Answer:
        """Send a body and return the answer, whatever its status.

        Raises AddressRefused where the target may not be spoken to, Unreachable where no answer came.
        A status counts as answered even if the body behind it is cut off: the destination has decided.
        """
        parts = urlsplit(target.url)
        if parts.scheme != "https" and not target.allow_insecure:
            raise AddressRefused("the url is not https, and allow_insecure is not set")
        deadline = Deadline(self._clock, target.timeout)
        try:
            return self._exchange(target, parts, deadline, headers, body)
        except (OSError, http.client.HTTPException, Unresolved) as error:
            raise Unreachable(_why(error, deadline)) from error

    def _exchange(
        self, target: Target, parts: SplitResult, deadline: Deadline, headers: Mapping[str, str], body: bytes
    ) -> Answer:
        host = parts.hostname or ""
        port = parts.port or (443 if parts.scheme == "https" else 80)
        addresses = allowed_addresses(host, port, target.allow_private, self._resolve)
        raw = _connected(addresses, port, target.connect_timeout, deadline)
        with raw, _cut_off(raw, deadline.left()):
            context = _trusting(target.ca_certificates) if parts.scheme == "https" else None
            with _ConnectedTo(raw, host, port, context) as connection:
                path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
                connection.request("POST", path, body, dict(headers))
                return _read(connection.getresponse())


class _Response(http.client.HTTPResponse):
    """The final answer to a request, whatever was said before it and however many headers it has.

    The library takes any 1xx but 100 for the final answer, and refuses a hundred headers. Of the headers only
    those are kept that say where the body ends and when to come again.
    """

    def begin(self, **options: Any) -> None:
        if getattr(self, "headers", None) is not None:
            return
        connection = self.fp
        self.fp = BytesIO(_final_head(connection))  # type: ignore[assignment]
        try:
            super().begin(**options)
        finally:
            self.fp = connection


def _final_head(lines: BufferedIOBase) -> bytes:
    """Read the status line and the headers of the final answer, of these the ones that matter.

    Raises HTTPException where it does not end. The caller cuts it off in time.
    """
    left = _MAX_HEAD_BYTES
    while True:
        status_line, *headers = _head(lines, left)
        left -= len(status_line) + sum(map(len, headers))
        if not is_interim(_status_in(status_line)):
            kept = {line.partition(b":")[0].strip().lower(): line for line in reversed(headers)}
            return status_line + b"".join(line for name, line in kept.items() if name in _KEPT) + b"\r\n"


def _head(lines: BufferedIOBase, most_bytes: int) -> list[bytes]:
    """Read the lines of one answer, the empty one not included; none but b"" where nothing came."""
    head: list[bytes] = []
    while (line := lines.readline(most_bytes + 1)) not in (b"\r\n", b"\n", b""):
        head.append(line)
        most_bytes -= len(line)
        if most_bytes < 0:
            raise http.client.HTTPException("the head of the answer is too long")
    return head or [b""]


def _status_in(status_line: bytes) -> int:
    """Return the number in a status line, 0 where there is none."""
    parts = status_line.split(None, 2)
    return int(parts[1]) if len(parts) > 1 and re.fullmatch(rb"[0-9]{3}", parts[1]) else 0


class _ConnectedTo(http.client.HTTPConnection):
    """An HTTP connection over a socket that is connected already, speaking TLS where a context is given."""

    response_class = _Response

    def __init__(self, raw: socket.socket, host: str, port: int, context: ssl.SSLContext | None) -> None:
        self.default_port = 80 if context is None else 443
        super().__init__(host, port)
        self._raw = raw
        self._context = context

    def connect(self) -> None:
        # The certificate and SNI are about the name, whatever address it was resolved to.
        self.sock = (
            self._context.wrap_socket(self._raw, server_hostname=self.host) if self._context else self._raw
        )

    def __enter__(self) -> _ConnectedTo:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _connected(addresses: list[str], port: int, connect_timeout: float, deadline: Deadline) -> socket.socket:
    """Connect to the first of the addresses that takes the connection."""
    failure: OSError = TimeoutError("no time left to connect")
    for address in addresses:
        left = deadline.left()
        if left <= 0:
            break
        try:
            connection = socket.create_connection((address, port), min(connect_timeout, left))
        except OSError as error:
            failure = error
            continue
        connection.settimeout(max(0.001, deadline.left()))
        return connection
    raise failure


@contextmanager
def _cut_off(raw: socket.socket, seconds: float) -> Iterator[None]:
    """End a connection when its time is up.

    A socket's own time-out bounds the silence between two bytes, so a server that sends one byte a
    second would hold a function to its end. TLS takes over the socket object; a duplicate reaches the
    same connection through it.
    """
    handle = raw.dup()

    def end() -> None:
        with suppress(OSError):
            handle.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(max(0.0, seconds), end)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()
        handle.close()


def _read(response: http.client.HTTPResponse) -> Answer:
    body = b""
    with suppress(OSError, http.client.HTTPException):
        body = response.read(_MAX_BODY_BYTES)
    return Answer(response.status, response.getheader("Retry-After"), body)


@lru_cache(maxsize=8)
def _trusting(ca_certificates: str) -> ssl.SSLContext:
    return ssl.create_default_context(cadata=ca_certificates or None)


def _why(error: Exception, deadline: Deadline) -> str:
    if deadline.left() <= 0 or isinstance(error, TimeoutError):
        return "timed out"
    return f"no answer ({type(error).__name__})"
