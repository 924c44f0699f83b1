"""Workers that call CXone as often as the shared budget lets them, each with a session of its own."""

import threading
import time
from math import ceil


def prepare(threads, seconds, campaign_id, start, end):
    from outbound.clock import Deadline, SystemClock, parse_time
    from outbound.cxone.errors import RateLimited
    from outbound.cxone.ports.outcomes import OutcomeQuery
    from outbound.runtime import Runtime

    clock = SystemClock()
    query = OutcomeQuery(campaign_id, parse_time(start), parse_time(end), (), 1)
    workers = [Runtime.of_function().cxone for _ in range(threads)]

    def call_until(worker, stop):
        while time.monotonic() < stop:
            try:
                worker.until(Deadline(clock, 120)).outcomes.page(query, "")
            except RateLimited as refusal:
                # Its message would go back to the queue, and become visible after whole seconds.
                time.sleep(ceil(max(0.0, (refusal.retry_at - clock.now()).total_seconds())))

    def work():
        # What is counted begins with the first call and lasts as long as was asked for.
        stop = time.monotonic() + seconds + 1
        running = [threading.Thread(target=call_until, args=(worker, stop)) for worker in workers]
        for thread in running:
            thread.start()
        for thread in running:
            thread.join()
        return len(running)

    return work
