"""`python -m local up`: deploys to an emulator and stays until Ctrl-C."""

import argparse
import signal
import sys
import time
from contextlib import ExitStack, suppress

from rich.console import Console
from rich.table import Column, Table

from local.containers import reachable_host, write_environment
from local.places import ROOT, SAM
from local.stack import Stack, running_stack

_INVOKE = f"{SAM.relative_to(ROOT)} local invoke PlanPulls --config-env local -e events/plan_pulls/due.json"


def up(console: Console, parameters: dict[str, str]) -> None:
    """Run a stack, say how to reach it, and wait for the person to be done."""
    began = time.monotonic()
    with ExitStack() as open_until_done:
        with console.status("starting the embedded AWS and deploying to it"):
            stack = open_until_done.enter_context(running_stack(parameters, host=reachable_host()))
            write_environment(stack)
        _show(console, stack, time.monotonic() - began)
        with suppress(KeyboardInterrupt):
            signal.pause()
        console.print("stopping")


def _show(console: Console, stack: Stack, seconds: float) -> None:
    table = Table(
        "output",
        Column("value", overflow="fold"),
        title=f"stack {stack.name}, up after {seconds:.0f} s",
        title_justify="left",
    )
    for name, value in sorted(stack.outputs.items()):
        table.add_row(name, value)
    console.print(table)
    console.print("To speak to it with any AWS tool:", style="bold")
    console.print(f"  export AWS_ENDPOINT_URL={stack.endpoint} AWS_DEFAULT_REGION=us-east-1")
    console.print(f"  export AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test OUTBOUND_STACK={stack.name}")
    console.print("To run a function in a container, after `make build ARCHITECTURE=x86_64`:", style="bold")
    console.print(f"  {_INVOKE} --parameter-overrides Architecture=x86_64", soft_wrap=True)
    console.print(f"Its log, with what functions print: {stack.emulator.log}", soft_wrap=True)
    console.print("Ctrl-C stops it and forgets everything.")


def main() -> int:
    """Read the command line and obey."""
    parser = argparse.ArgumentParser(prog="local")
    parser.add_argument("command", choices=["up"])
    parser.add_argument("parameters", nargs="*", metavar="NAME=VALUE", help="parameters of the template")
    chosen = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    up(Console(emoji=False), dict(pair.split("=", 1) for pair in chosen.parameters))
    return 0


sys.exit(main())
