"""`outbound --stack NAME ...`: what an operator does with a deployed stack.

Each module of this package adds one group of commands. Every command prints for a person, or for a
script with `--json`; refusals go to standard error with exit code 2, what the stack cannot do now with 1.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from botocore.exceptions import BotoCoreError, ClientError

from outbound.campaigns.registering import RegistrationConflict
from outbound.events import PublishFailed
from outbound.ops import (
    archive,
    campaigns,
    check,
    configuration,
    consent,
    deliveries,
    dispositions,
    outcomes,
    queues,
    webhooks,
)
from outbound.ops.printing import Output, without_log
from outbound.ops.stack import Stack, StackNotFound
from outbound.ops.times import with_joined_times
from outbound.settings import ConfigurationError
from outbound.store.archive_objects import CopyDiffers

GROUPS = (
    check,
    campaigns,
    outcomes,
    dispositions,
    archive,
    webhooks,
    consent,
    deliveries,
    configuration,
    queues,
)


def parser() -> argparse.ArgumentParser:
    """Give the parser of the whole command line."""
    top = argparse.ArgumentParser(
        prog="outbound", description="Operate a deployed stack of the outbound bridge."
    )
    top.add_argument(
        "--stack", default=os.environ.get("OUTBOUND_STACK", "outbound-bridge"), help="name of the stack"
    )
    top.add_argument("--json", action="store_true", help="print JSON, for scripts")
    groups = top.add_subparsers(dest="group", required=True, metavar="GROUP")
    for module in GROUPS:
        module.add_commands(groups)
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and give its exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    # Wherever it stands: scripts put it last.
    given.sort(key=lambda argument: argument != "--json")
    chosen = parser().parse_args(with_joined_times(given))
    try:
        # What only explains the program needs no stack.
        stack = Stack.named(chosen.stack) if getattr(chosen, "needs_stack", True) else None
        with without_log():
            code: int | None = chosen.run(stack, chosen, Output(as_json=chosen.json))
        return code or 0
    except BrokenPipeError:
        # Whoever read the output has had enough of it; what is left of it goes nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (StackNotFound, ValueError) as refusal:
        print(f"outbound: {refusal}", file=sys.stderr)
        return 2
    except ClientError as failure:
        print(f"outbound: AWS refused: {failure}", file=sys.stderr)
        return 1
    except BotoCoreError as failure:
        print(f"outbound: AWS cannot be reached: {failure}", file=sys.stderr)
        return 1
    except (ConfigurationError, CopyDiffers, PublishFailed, RegistrationConflict) as failure:
        print(f"outbound: {failure}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
