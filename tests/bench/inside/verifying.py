"""Checking webhooks in a warm function, beside the least that could be done with their bodies."""

import hmac
import json
from base64 import b64decode
from time import perf_counter


def prepare(cases, rounds, calls):
    from outbound.clock import parse_time
    from outbound.webhooks.problems import Accepted
    from outbound.webhooks.request import from_api_gateway
    from outbound.webhooks.settings import Providers
    from outbound.webhooks.signatures.verifier import verify

    def measured(case):
        settings = {"public_base_url": case["base_url"], "providers": {"x": {"scheme": case["scheme"]}}}
        providers, now = Providers.model_validate(settings), parse_time(case["now"])
        event, secrets = case["event"], case["secrets"]
        body, key = b64decode(event["body"]), b"k" * 32

        def receive():
            request = from_api_gateway(event, providers.public_base_url)
            return verify(request, providers.crm("x"), secrets, now), json.loads(request.body)

        def floor():
            return hmac.digest(key, body, "sha256"), json.loads(body)

        verdict, _ = receive()
        if not isinstance(verdict, Accepted):
            raise RuntimeError(f"{case['scheme']}: {verdict}")
        # In turn, and the fastest of each: whatever else the machine does can only slow one down.
        pairs = [(_seconds(floor, calls), _seconds(receive, calls)) for _ in range(rounds)]
        return [min(column) for column in zip(*pairs, strict=True)]

    def work():
        return {name: measured(case) for name, case in cases.items()}

    return work


def _seconds(call, calls):
    began = perf_counter()
    for _ in range(calls):
        call()
    return (perf_counter() - began) / calls
