"""ASGI in the few forms that the middlewares need."""

from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from typing import Any

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

#: Calls under this prefix steer the sandbox: no quota, fault or statistic touches them.
CONTROL = "/_sandbox"

#: Where the server leaves the connection of a request, so that a fault can close it.
TRANSPORT = "sandbox.transport"
#: Set on a request whose connection was closed on purpose.
CUT = "sandbox.cut"


@dataclass(slots=True)
class Answer:
    """A whole HTTP answer, held back so that it can be changed, cut or dropped."""

    status: int = 200
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    body: bytes = b""

    async def keep(self, message: Message) -> None:
        """Take in what the application sends."""
        if message["type"] == "http.response.start":
            self.status, self.headers = message["status"], list(message["headers"])
        elif message["type"] == "http.response.body":
            self.body += message.get("body", b"")

    async def send_through(self, send: Send) -> None:
        """Send all of it."""
        await self._start(send)
        await send({"type": "http.response.body", "body": self.body})

    async def send_half(self, send: Send) -> None:
        """Announce the whole body and send the first half of it."""
        await self._start(send)
        half = self.body[: len(self.body) // 2]
        await send({"type": "http.response.body", "body": half, "more_body": True})

    async def _start(self, send: Send) -> None:
        kept = [(name, value) for name, value in self.headers if name.lower() != b"content-length"]
        length = (b"content-length", str(len(self.body)).encode())
        headers = [*kept, length] if self.status not in (204, 304) else kept
        await send({"type": "http.response.start", "status": self.status, "headers": headers})


def is_control(scope: Scope) -> bool:
    """Tell whether the call steers the sandbox."""
    return str(scope["path"]).startswith(CONTROL + "/")


async def hang_up(scope: Scope, receive: Receive) -> None:
    """Close the connection after what was written so far, and wait until it is closed."""
    scope[CUT] = True
    scope[TRANSPORT].close()
    while (await receive())["type"] != "http.disconnect":
        pass


async def drain(receive: Receive) -> None:
    """Read the request's body to its end, so that a client is not stopped while it sends."""
    while (message := await receive())["type"] == "http.request" and message.get("more_body"):
        pass
