"""The record of what was asked and how it was answered, without secrets."""

import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import parse_qsl, urlencode
from uuid import uuid4

from starlette.routing import BaseRoute, Match

from sandbox.wire.asgi import CUT, App, Message, Receive, Scope, Send, is_control

#: Enough for a test to look at; a load run must not fill the memory.
LOGGED_REQUESTS = 10_000

#: Under which the requests of every call are counted together.
_ALL = ""
_NO_SUCH_CALL = "(no such call)"

#: Query parameters that would put a secret into the log.
_SECRET = frozenset({"access_token", "token", "client_secret", "refresh_token"})


class Traffic:
    """Counts by path template and status, and the latest requests."""

    def __init__(self) -> None:
        """Start with nothing recorded."""
        self._counts: Counter[tuple[str, str]] = Counter()
        self._log: deque[dict[str, Any]] = deque(maxlen=LOGGED_REQUESTS)
        self._under_way: Counter[str] = Counter()
        self._most: Counter[str] = Counter()

    def clear(self) -> None:
        """Forget everything but the requests under way."""
        self._counts.clear()
        self._log.clear()
        self._most = +self._under_way

    def arrives(self, call: str) -> float:
        """Note a request and return its arrival time."""
        for counted in (call, _ALL):
            self._under_way[counted] += 1
            self._most[counted] = max(self._most[counted], self._under_way[counted])
        return time.time()

    def leaves(self, scope: Scope, call: str, status: str, arrived: float) -> None:
        """Note how a request ended: its status, "cut", or "none" if there was no answer."""
        self._under_way.subtract((call, _ALL))
        self._counts[call, status] += 1
        self._log.append(
            {
                "method": scope["method"],
                "path": scope["path"],
                "query": _without_secrets(scope["query_string"].decode("latin-1")),
                "status": int(status) if status.isdigit() else status,
                "arrived": arrived,
                "seconds": round(time.time() - arrived, 6),
            }
        )

    def requests(self) -> list[dict[str, Any]]:
        """Return the latest requests in the order in which they ended."""
        return list(self._log)

    def counts(self) -> dict[str, dict[str, int]]:
        """Return how often each call was answered with each status."""
        table: dict[str, dict[str, int]] = {}
        for (call, status), count in sorted(self._counts.items()):
            table.setdefault(call, {})[status] = count
        return table

    def most_at_once(self) -> int:
        """Return how many requests were under way together at most."""
        return self._most[_ALL]

    def most_at_once_by_call(self) -> dict[str, int]:
        """Return the same of each call by itself."""
        return {call: most for call, most in sorted(self._most.items()) if call != _ALL}


class RecordTraffic:
    """Gives every answer an X-Request-Id and records every request that is not a control call."""

    def __init__(self, app: App, traffic: Traffic, template_of: Callable[[Scope], str]) -> None:
        """Stand before `app`, outside the faults, so that what they do is recorded too."""
        self._app = app
        self._traffic = traffic
        self._template_of = template_of

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve and record one request."""
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        status = "none"

        async def send_noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = str(message["status"])
                request_id = (b"x-request-id", uuid4().hex.encode())
                message = {**message, "headers": [*message["headers"], request_id]}
            await send(message)

        if is_control(scope):
            return await self._app(scope, receive, send_noting)
        call = f"{scope['method']} {self._template_of(scope)}"
        arrived = self._traffic.arrives(call)
        try:
            await self._app(scope, receive, send_noting)
        finally:
            ended = "cut" if scope.get(CUT) else status
            self._traffic.leaves(scope, call, ended, arrived)


def path_template(routes: Sequence[BaseRoute]) -> Callable[[Scope], str]:
    """Return what finds the route of a request before it is served."""

    def template_of(scope: Scope) -> str:
        # A path that is served, though not by this method, is counted as itself; paths that
        # nothing serves are counted together: there is no end of them.
        for wanted in (Match.FULL, Match.PARTIAL):
            route = next((one for one in routes if one.matches(scope)[0] is wanted), None)
            if route is not None:
                return str(getattr(route, "path", _NO_SUCH_CALL))
        return _NO_SUCH_CALL

    return template_of


def _without_secrets(query: str) -> str:
    pairs = parse_qsl(query, keep_blank_values=True)
    return urlencode([(name, "***" if name in _SECRET else value) for name, value in pairs])
