"""`python -m sandbox tenant|receivers`: one server, announced in a file once it listens."""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from sandbox.receivers.app import receivers_app
from sandbox.tenant.app import tenant_app
from sandbox.wire.serving import serve
from sandbox.world import World, read_world


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve what the arguments name until stopped."""
    asked = _parser().parse_args(arguments)
    world = read_world(json.loads(asked.world.read_text())) if asked.world else World()
    tenant = asked.server == "tenant"
    app = tenant_app(world) if tenant else receivers_app(_secrets(world, asked.secret))
    serve(
        app,
        asked.host,
        asked.port,
        asked.ready_file,
        until_stdin_closes=asked.until_stdin_closes,
    )


def _secrets(world: World, given: Sequence[str]) -> dict[str, list[str]]:
    """Return every receiver's signing secrets, from the world and from NAME=SECRET arguments."""
    secrets = {name: list(keys) for name, keys in world.receivers.items()}
    for one in given:
        name, _, secret = one.partition("=")
        secrets.setdefault(name, []).append(secret)
    return secrets


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="sandbox", description="The world outside the bridge.")
    parser.add_argument("server", choices=("tenant", "receivers"))
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 takes any free port")
    parser.add_argument("--world", type=Path, metavar="FILE.json")
    parser.add_argument("--secret", action="append", default=[], metavar="NAME=SECRET")
    parser.add_argument("--ready-file", type=Path, metavar="FILE", help="gets the url as JSON")
    parser.add_argument(
        "--until-stdin-closes", action="store_true", help="stop when the parent process is gone"
    )
    return parser


if __name__ == "__main__":
    main()
