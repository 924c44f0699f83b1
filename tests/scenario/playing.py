"""The scenario from the first setting to the verdict, on a stack that is up and a cast that is ready."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

from rich.console import Console

from scenario.archive import start_archive, what_was_archived
from scenario.calling import call_by_the_rules
from scenario.cast import PATIENCE_SECONDS, Cast
from scenario.chaos import chaos
from scenario.dispositions import send_dispositions
from scenario.failover import fail_over_and_back, prepare_failover
from scenario.opt_outs import send_opt_outs, what_went_wrong
from scenario.rollouts import prepare_rollouts, roll_out
from scenario.steps import connect, make_trouble, register
from scenario.verdict import Verdict, judge
from scenario.watching import Watcher
from scenario.webhooks import Row, connect_senders, send_webhooks


def play(cast: Cast, quota: bool, console: Console, with_chaos: bool = False) -> Verdict:
    """Play the scenario and give the verdict; with chaos, functions are killed while it is played."""
    console.print("an operator connects the stack, registers the campaigns and lets senders in")
    connect(cast, quota)
    register(cast)
    crms = connect_senders(cast)
    prepare_failover(cast)
    prepare_rollouts(cast)
    faults = make_trouble(cast)
    console.print(f"the schedule fires; {faults} faults lie in wait")
    cast = cast.begun()
    began = time.monotonic()
    with ExitStack() as ending:
        killing = ending.enter_context(chaos(cast.stack.emulator)) if with_chaos else None
        cast.stack.fire("plan_pulls")
        console.print("an operator has a campaign archived that is dialling")
        start_archive(cast)
        console.print("webhooks come in: from the tenant, three CRMs, and three that nobody should believe")
        watcher = Watcher(cast)
        with ThreadPoolExecutor(max_workers=1) as senders:
            coming = senders.submit(send_webhooks, cast, crms)
            watcher.until_done(console)
            webhooks = coming.result()
        console.print("beside all that a campaign's success collapses, and its backup takes over")
        beside = ending.enter_context(ThreadPoolExecutor(max_workers=2))
        moved = beside.submit(fail_over_and_back, cast)
        console.print(
            "dialer settings are rolled out: one refused, one that fails, one that the guard undoes"
        )
        rolled_out = beside.submit(roll_out, cast)
        console.print("dispositions come in, from a CRM and from a file; some contacts are on the phone")
        webhooks += send_dispositions(cast, crms[2])
        console.print("three contacts say no in odd ways")
        webhooks += send_opt_outs(cast, crms[2])
        console.print("a campaign is provisioned by the rules of calling; one contact is called against them")
        webhooks += call_by_the_rules(cast, crms[2])
        webhooks += moved.result() + rolled_out.result()
        webhooks += what_was_archived(cast)
        webhooks.append(what_went_wrong(cast))
    seconds = time.monotonic() - began
    verdict = _verdict(cast, watcher, webhooks, seconds, quota)
    if killing is not None:
        verdict.figures["functions killed"] = killing.kills
        verdict.figures["seconds until everything had arrived"] = round(time.monotonic() - began, 1)
        verdict.expect(killing.kills > 0, "no function was killed")
    return verdict


def _verdict(cast: Cast, watcher: Watcher, webhooks: list[Row], seconds: float, quota: bool) -> Verdict:
    """Judge what has arrived, until it is as it should be or the time for that is up."""
    while True:
        _let_the_audit_finish(watcher)
        verdict = judge(cast, watcher.look(), webhooks, seconds, quota)
        # What came of the webhooks was waited for; the rest of it may still be on its way.
        if not verdict.deviations or not all(row.as_meant for row in webhooks):
            return verdict
        if cast.patience.left() <= 0:
            verdict.deviations.append(f"not all of it had arrived within {PATIENCE_SECONDS:.0f} seconds")
            return verdict
        time.sleep(2)


def _let_the_audit_finish(watcher: Watcher) -> None:
    """Wait until the audit bucket has not grown for two seconds, half a minute at most."""
    before, still_since = -1, time.monotonic()
    stop = time.monotonic() + 30
    while time.monotonic() < stop and time.monotonic() - still_since < 2:
        now = watcher.look().audit_objects
        if now != before:
            before, still_since = now, time.monotonic()
        time.sleep(0.25)
