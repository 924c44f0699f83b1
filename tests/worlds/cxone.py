"""Access to CXone, wired as functions wire it, on moto and a server whose every answer a test writes itself.

The sandbox tenant is faithful; this server is not: it drips, lies, floods and hangs up, and shows what it was
asked, with every header.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from outbound.clock import Clock
from outbound.cxone.auth import Tokens
from outbound.cxone.http import Answer, Call, CxoneHttp
from outbound.cxone.quota import Budgets
from outbound.cxone.settings import BUDGETS, CxoneSettings
from outbound.secrets import Secrets
from worlds.aws import ENVIRONMENT, AwsWorld, FakeClock

SCOPES = ["outbound:call:read", "outbound:campaign:read"]
TOKEN_PATH = "/oauth/token"
# What the stack's secret holds in tests.
SECRET = "bridge-secret"


@dataclass
class Reply:
    """One answer: `cut` hangs up "before" a byte or half-way in the "body"; `drip` waits after each byte.

    Answers of the `interim` statuses come before it.
    """

    status: int = 200
    body: Any = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    delay: float = 0
    cut: str = ""
    drip: float = 0
    interim: tuple[int, ...] = ()

    def content(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


def issued(**fields: Any) -> Reply:
    """A token answer, with these fields over the usual ones."""
    return Reply(body={"access_token": "abc", "expires_in": 3600, **fields})


@dataclass
class Asked:
    """A request as the server got it."""

    method: str
    path: str
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    body: bytes


class ScriptedCxone:
    """Answers with what a test put down, one after the other, and usually well when that is used up."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.tokens: list[Reply] = []
        self.answers: list[Reply] = []
        self.usual_token: dict[str, Any] = {"expires_in": 3600, "token_type": "Bearer"}
        self.asked: list[Asked] = []
        self.token_requests: list[Asked] = []
        self._lock = threading.Lock()

    def reply(self, asked: Asked) -> Reply:
        with self._lock:
            if asked.path == TOKEN_PATH:
                self.token_requests.append(asked)
                token = {"access_token": f"token-{len(self.token_requests)}"} | self.usual_token
                return self.tokens.pop(0) if self.tokens else Reply(body=token)
            self.asked.append(asked)
            return self.answers.pop(0) if self.answers else Reply(body={"calls": []})

    def bearers(self) -> list[str]:
        """The tokens that calls came with."""
        return [asked.headers["Authorization"].removeprefix("Bearer ") for asked in self.asked]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Any

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        asked = Asked(self.command, parts.path, parse_qs(parts.query), dict(self.headers), body)
        reply = self.server.scripted.reply(asked)
        time.sleep(reply.delay)
        with suppress(ConnectionError):
            self._send(reply)

    do_POST = do_PUT = do_PATCH = do_DELETE = do_GET  # noqa: N815 - the base class's own

    def _send(self, reply: Reply) -> None:
        if reply.cut == "before":
            self.close_connection = True
            return
        content = reply.content()
        for status in reply.interim:
            self.send_response_only(status)
            self.send_header("Link", "</style.css>; rel=preload")
            self.end_headers()
        self.send_response(reply.status)
        for name, value in {"Content-Length": str(len(content)), **reply.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if reply.cut == "body":
            self.wfile.write(content[: len(content) // 2])
            self.close_connection = True
        elif reply.drip:
            self._drip(content, reply.drip)
        else:
            self.wfile.write(content)

    def _drip(self, content: bytes, seconds: float) -> None:
        for number in range(len(content)):
            self.wfile.write(content[number : number + 1])
            time.sleep(seconds)

    def log_message(self, *_: object) -> None:
        return None


@contextmanager
def scripted_cxone() -> Iterator[ScriptedCxone]:
    """Run a scripted server for the length of a `with` block."""
    server: Any = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    server.scripted = ScriptedCxone(f"http://127.0.0.1:{server.server_port}")
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield server.scripted
    finally:
        server.shutdown()
        server.server_close()


class Access:
    """One execution environment's access to CXone."""

    def __init__(
        self, aws: AwsWorld, clock: Clock, url: str, token: Mapping[str, Any] | None = None, **settings: Any
    ) -> None:
        self.aws = aws
        self.clock = clock
        request = {"url": f"{url}{TOKEN_PATH}", "credentials": "basic", "scopes": SCOPES, **(token or {})}
        surface = {"base_url": url, "token": request}
        budgets = {name: budget.model_dump() | {"enforced": False} for name, budget in BUDGETS.items()}
        document = {"surfaces": {"outcomes": surface}, "budgets": budgets, **settings}
        self.settings = CxoneSettings.model_validate(document)
        self.table = aws.table("TOKEN_TABLE")
        self.start_afresh()

    def start_afresh(self) -> None:
        """Wire everything anew, as a cold start does: nothing is remembered."""
        self.secrets = Secrets(self.aws.secrets, self.clock)
        self.tokens = self.new_tokens()
        self.budgets = Budgets(self.table, ENVIRONMENT["TENANT"], self.clock)
        self.http = CxoneHttp(self.tokens, self.budgets, lambda: self.settings, self.clock)

    def new_tokens(self) -> Tokens:
        """The tokens of another environment, with nothing in memory."""
        tenant, secret = ENVIRONMENT["TENANT"], ENVIRONMENT["CXONE_SECRET"]
        return Tokens(self.table, tenant, self.secrets, secret, lambda: self.settings, self.clock)

    def token(self) -> str:
        return self.tokens.get("outcomes")

    def old_token(self) -> str:
        """Get a token and let some seconds pass: one that was issued just now is not dropped."""
        token = self.token()
        assert isinstance(self.clock, FakeClock)
        self.clock.advance(seconds=10)
        return token

    def rotate(self, **secret: str) -> None:
        """Put a new version of the client's secret where it is kept."""
        self.aws.secrets.put_secret_value(
            SecretId=ENVIRONMENT["CXONE_SECRET"], SecretString=json.dumps(secret)
        )

    def call(self, method: str = "GET", path: str = "/api/v2/outbound/calls", **parts: Any) -> Answer:
        return self.http.call(Call("outcomes", "outbound", method, path, **parts))
