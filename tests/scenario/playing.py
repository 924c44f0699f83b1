"""The scenario from the first setting to the verdict, on a stack that is up and a cast that is ready."""

from __future__ import annotations

import time

from rich.console import Console

from scenario.cast import Cast
from scenario.steps import connect, make_trouble, register
from scenario.verdict import Verdict, judge
from scenario.watching import Watcher


def play(cast: Cast, quota: bool, console: Console) -> Verdict:
    """Play the scenario and give the verdict."""
    console.print("an operator connects the stack and registers the campaigns")
    connect(cast, quota)
    register(cast)
    faults = make_trouble(cast)
    console.print(f"the schedule fires; {faults} faults lie in wait")
    began = time.monotonic()
    cast.stack.fire("plan_pulls")
    watcher = Watcher(cast)
    watcher.until_done(console)
    seconds = time.monotonic() - began
    _let_the_audit_finish(watcher)
    return judge(cast, watcher.look(), seconds, quota)


def _let_the_audit_finish(watcher: Watcher) -> None:
    """Wait until the audit bucket has not grown for two seconds, half a minute at most."""
    before, still_since = -1, time.monotonic()
    stop = time.monotonic() + 30
    while time.monotonic() < stop and time.monotonic() - still_since < 2:
        now = watcher.look().audit_objects
        if now != before:
            before, still_since = now, time.monotonic()
        time.sleep(0.25)
