"""The least that reading a list takes: GET and json.loads, page by page, and AWS if asked."""

import json
import time
from concurrent.futures import ThreadPoolExecutor


def prepare(url, token, parameters, reads=False):
    import requests

    session = requests.Session()
    session.trust_env = False
    session.headers["Authorization"] = f"Bearer {token}"
    read = _items() if reads else lambda contacts: None

    def work():
        records, page, contacts = 0, 1, [None]
        began, began_cpu = time.perf_counter(), time.process_time()
        while contacts:
            answer = json.loads(session.get(url, params=parameters | {"page": page}, timeout=30).content)
            contacts = answer["contacts"] if records < answer["total"] else []
            read(contacts)
            records, page = records + len(contacts), page + 1
            if records >= answer["total"]:
                break
        seconds, cpu_seconds = time.perf_counter() - began, time.process_time() - began_cpu
        return {"records": records, "seconds": seconds, "cpu_seconds": cpu_seconds}

    return work


def _items():
    """Return what reads the two items of each contact of a page, a table a thread, for nothing."""
    from outbound.calling.attempts import RecentAttempts
    from outbound.runtime import Runtime
    from outbound.store.consents import Consents

    runtime = Runtime.of_function()
    consents, attempts = runtime.consent, runtime.state
    consent_key = Consents(consents, runtime.tenant).state_key
    attempts_key = RecentAttempts(attempts, runtime.tenant).key
    threads = ThreadPoolExecutor(2)

    def read(contacts):
        ids = [contact["contactId"] for contact in contacts]
        tables = ((consents, consent_key), (attempts, attempts_key))
        list(threads.map(lambda asked: asked[0].get_many(map(asked[1], ids)), tables))

    return read
