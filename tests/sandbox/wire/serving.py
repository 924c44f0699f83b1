"""Serving an application until told to stop, and saying where."""

import json
import os
import socket
import sys
import threading
from pathlib import Path

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from sandbox.wire.asgi import TRANSPORT, App

#: Longer than any pause in a test: a client must not meet a closed connection by accident.
_KEEP_ALIVE_SECONDS = 120
#: A request that a fault delays must not keep the server from stopping.
_LAST_REQUESTS_SECONDS = 1


class _CuttableHttp(HttpToolsProtocol):
    """HTTP whose requests carry their connection, so that a fault can close it."""

    def on_message_begin(self) -> None:
        """Begin a request."""
        super().on_message_begin()
        self.scope[TRANSPORT] = self.transport  # type: ignore[literal-required]


class _AnnouncingServer(uvicorn.Server):
    """A server that writes where it listens into a file once it does."""

    def __init__(self, config: uvicorn.Config, url: str, ready_file: Path | None) -> None:
        super().__init__(config)
        self._url = url
        self._ready_file = ready_file

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self._ready_file is not None:
            # Renamed into place, so that whoever waits for it never reads half of it.
            written = self._ready_file.with_suffix(".writing")
            written.write_text(json.dumps({"url": self._url, "pid": os.getpid()}))
            written.replace(self._ready_file)


def serve(
    app: App, host: str, port: int, ready_file: Path | None, *, until_stdin_closes: bool = False
) -> None:
    """Serve `app` until a signal, or until whoever holds the other end of stdin is gone."""
    listener = socket.create_server((host, port), backlog=2048)
    reachable = "127.0.0.1" if host in ("0.0.0.0", "") else host
    config = uvicorn.Config(
        app,
        http=_CuttableHttp,
        access_log=False,
        log_level="warning",
        lifespan="off",
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=_LAST_REQUESTS_SECONDS,
        server_header=False,
    )
    url = f"http://{reachable}:{listener.getsockname()[1]}"
    server = _AnnouncingServer(config, url, ready_file)
    if until_stdin_closes:
        threading.Thread(target=_stop_at_end_of_stdin, args=(server,), daemon=True).start()
    server.run(sockets=[listener])


def _stop_at_end_of_stdin(server: uvicorn.Server) -> None:
    """Stop the server when its parent is gone, even if the parent was killed."""
    sys.stdin.buffer.read()
    server.should_exit = True
