"""Fresh token caches that are filled at once, as by so many cold starts in the same moment."""

import hashlib
import threading
import time


def prepare(caches):
    from botocore.config import Config

    from outbound.cxone.auth import Tokens
    from outbound.cxone.settings import CxoneSettings
    from outbound.runtime import Runtime

    # One client for all: what is measured is the race for the token, not for the machine's two processors.
    runtime = Runtime.of_function(Config(max_pool_connections=caches))
    settings = runtime.documents.get("cxone", CxoneSettings)
    secret_id = runtime.name("CXONE_SECRET")
    runtime.secrets.current(secret_id)
    table, tenant, secrets, clock = runtime.tokens, runtime.tenant, runtime.secrets, runtime.clock
    fresh = [Tokens(table, tenant, secrets, secret_id, lambda: settings, clock) for _ in range(caches)]
    found = []

    def fill(tokens):
        found.append(tokens.get("outcomes"))

    def work():
        threads = [threading.Thread(target=fill, args=(tokens,)) for tokens in fresh]
        began = time.perf_counter()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if len(found) != caches:
            raise RuntimeError(f"{caches - len(found)} caches stayed empty")
        tokens = sorted({hashlib.sha256(token.encode()).hexdigest() for token in found})
        return {"tokens": tokens, "seconds": time.perf_counter() - began}

    return work
