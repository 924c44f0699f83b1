"""`python -m local up`: a stack with a tenant, until Ctrl-C. `python -m local webhook`: a signed webhook."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import time
from contextlib import ExitStack
from types import FrameType

from rich.console import Console

from local.parameters import refusal
from local.places import ROOT, SAM
from local.playground import CAMPAIGN, FOLDER, NotUp, playground, send_webhook

_HERE = FOLDER.relative_to(ROOT)
# Printed as they are and short: a terminal of 80 columns must not fold what is to be copied.
_NEXT = f"""
Type this in another terminal, in this folder:

  source {_HERE}/activate
  outbound check
  outbound consent import {_HERE}/consent.csv
  outbound campaigns provision {_HERE}/campaign.json
  outbound consent files
  outbound campaigns preview {CAMPAIGN} --wait
  outbound compliance explain --campaign {CAMPAIGN} --state FL
  outbound outcomes pull {CAMPAIGN} --from -20h
  outbound outcomes jobs {CAMPAIGN}
  make webhook ARGS=revoked
  outbound webhooks list
  outbound campaigns preview {CAMPAIGN} --wait
  outbound dispositions put {_HERE}/dispositions.csv
  outbound dispositions files
  outbound deliveries list
  outbound compliance audit --limit 3
  outbound campaigns show "Summer renewals"
  outbound dashboard
  outbound problems

`make webhook` sends a signed change of consent, as a CRM would. The newest
calls are pulled a minute after the request: by then they are settled. They
were made at all hours, so the audit finds violations, and so do problems.
"""
_PAGE = """The page of campaigns, to be opened in a browser:
  {url}
It asks for a password, which this prints (any user's name will do):
  outbound dashboard --password
"""
_MORE = f"""To run a function in a container, see README, Develop ({SAM.relative_to(ROOT)}).
The stack's outputs: {_HERE}/outputs.json
"""


class _Stopped(BaseException):
    """The person at the terminal, or the system, asked for the end."""


def _stop(number: int, frame: FrameType | None) -> None:
    # Once: what is cleaning up then must not be cut off by impatience.
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, signal.SIG_IGN)
    raise _Stopped


def up(parameters: dict[str, str]) -> None:
    """Run a stack with everything around it, say what to type, and wait for the person to be done."""
    began = time.monotonic()
    console = Console(emoji=False)
    try:
        with ExitStack() as open_until_done:
            with console.status("starting: an embedded AWS with the stack, a CXone tenant, a CRM"):
                cast = open_until_done.enter_context(playground(parameters))
            print(f"stack {cast.stack.name} is up after {time.monotonic() - began:.0f} s")
            print(_NEXT)
            print(_PAGE.format(url=cast.stack.outputs["DashboardUrl"]))
            print(
                f"{_MORE}The log, with what functions print:\n  {cast.stack.emulator.log.relative_to(ROOT)}"
            )
            print("Ctrl-C stops it and forgets everything.", flush=True)
            while True:
                signal.pause()
    except _Stopped:
        print("stopped")


def webhook(change: str) -> int:
    """Send one signed change of consent and show what was sent and answered."""
    try:
        event, answer = send_webhook(change)
    except NotUp as error:
        print(f"local: {error}", file=sys.stderr)
        return 1
    print(json.dumps(event, indent=2))
    print(f"answered {answer.status or 'nothing'}: {answer.text}")
    return 0 if answer.status == 202 else 1


def _parameter(text: str) -> tuple[str, str]:
    name, separator, value = text.partition("=")
    if not (name and separator):
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a parameter; write NAME=VALUE, quoted if it has blanks"
        )
    return name, value


def main() -> int:
    """Read the command line and obey."""
    parser = argparse.ArgumentParser(prog="local")
    commands = parser.add_subparsers(dest="command", required=True)
    starting = commands.add_parser("up")
    starting.add_argument(
        "parameters", nargs="*", type=_parameter, metavar="NAME=VALUE", help="parameters of the template"
    )
    sending = commands.add_parser("webhook")
    sending.add_argument("change", nargs="?", default="granted", help="granted, revoked, do_not_call, ...")
    chosen = parser.parse_args()
    if chosen.command == "webhook":
        return webhook(chosen.change)
    if wrong := refusal(name for name, _ in chosen.parameters):
        print(f"local: {wrong}", file=sys.stderr)
        return 2
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _stop)
    up(dict(chosen.parameters))
    return 0


sys.exit(main())
