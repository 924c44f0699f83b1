"""The scenario from the first setting to the verdict, on a stack that is up and a cast that is ready."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

from rich.console import Console

from scenario.archive import start_archive, what_was_archived
from scenario.cast import Cast
from scenario.dispositions import send_dispositions
from scenario.opt_outs import send_opt_outs, what_went_wrong
from scenario.steps import connect, make_trouble, register
from scenario.verdict import Verdict, judge
from scenario.watching import Watcher
from scenario.webhooks import connect_senders, send_webhooks


def play(cast: Cast, quota: bool, console: Console) -> Verdict:
    """Play the scenario and give the verdict."""
    console.print("an operator connects the stack, registers the campaigns and lets senders in")
    connect(cast, quota)
    register(cast)
    crms = connect_senders(cast)
    faults = make_trouble(cast)
    console.print(f"the schedule fires; {faults} faults lie in wait")
    began = time.monotonic()
    cast.stack.fire("plan_pulls")
    console.print("an operator has a campaign archived that is dialling")
    start_archive(cast)
    console.print("webhooks come in: from the tenant, from three CRMs, and three that nobody should believe")
    watcher = Watcher(cast)
    with ThreadPoolExecutor(max_workers=1) as senders:
        coming = senders.submit(send_webhooks, cast, crms)
        watcher.until_done(console)
        webhooks = coming.result()
        console.print("dispositions come in, from a CRM and from a file; some contacts are on the phone")
        webhooks += send_dispositions(cast, crms[2])
        console.print("three contacts say no in odd ways")
        webhooks += send_opt_outs(cast, crms[2])
        webhooks += what_was_archived(cast)
        webhooks.append(what_went_wrong(cast))
    seconds = time.monotonic() - began
    _let_the_audit_finish(watcher)
    return judge(cast, watcher.look(), webhooks, seconds, quota)


def _let_the_audit_finish(watcher: Watcher) -> None:
    """Wait until the audit bucket has not grown for two seconds, half a minute at most."""
    before, still_since = -1, time.monotonic()
    stop = time.monotonic() + 30
    while time.monotonic() < stop and time.monotonic() - still_since < 2:
        now = watcher.look().audit_objects
        if now != before:
            before, still_since = now, time.monotonic()
        time.sleep(0.25)
