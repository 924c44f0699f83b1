"""Fresh token caches that are filled at once, as by so many cold starts in the same moment."""

import hashlib
import threading
import time


def prepare(caches):
    import boto3
    from botocore.config import Config

    from outbound.clock import SystemClock
    from outbound.cxone.auth import Tokens
    from outbound.cxone.settings import CxoneSettings
    from outbound.secrets import Secrets
    from outbound.settings import Documents, tenant, variable
    from outbound.store.table import Table

    clock = SystemClock()
    # One client for all: what is measured is the race for the token, not for the machine's two processors.
    client = boto3.client("dynamodb", config=Config(max_pool_connections=caches))
    settings = Documents.from_environment(clock).get("cxone", CxoneSettings)
    secrets = Secrets(boto3.client("secretsmanager"), clock)
    secret_id = variable("CXONE_SECRET")
    secrets.current(secret_id)
    table = Table(client, variable("TOKEN_TABLE"))
    fresh = [Tokens(table, tenant(), secrets, secret_id, lambda: settings, clock) for _ in range(caches)]
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
