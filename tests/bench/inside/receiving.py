"""A warm receiver from event to answer, beside the least that could be done with the body.

The AWS clients answer at once from memory, so that all that is measured is the function's own.
"""

import hmac
import json
from base64 import b64decode
from time import perf_counter
from types import SimpleNamespace


def prepare(settings, secrets, cases, rounds, calls):
    import boto3

    aws = _Aws(json.dumps(settings), secrets)
    boto3.client = lambda service, **_: aws
    import app

    context = SimpleNamespace(aws_request_id="c6af9ac6-7b61-11e6-9a41-93e8deadbeef")

    def measured(event):
        body, key = b64decode(event["body"]), b"k" * 32

        def receive():
            return app.handler(event, context)

        def floor():
            return hmac.digest(key, body, "sha256"), json.loads(body)

        answer, before = receive(), aws.sent
        if answer["statusCode"] != 202:
            raise RuntimeError(f"{event['path']}: {answer}")
        # In turn, and the fastest of each: whatever else the machine does can only slow one down.
        pairs = [(_seconds(floor, calls), _seconds(receive, calls)) for _ in range(rounds)]
        if aws.sent - before != rounds * calls:
            raise RuntimeError(
                f"{event['path']}: of {rounds * calls} deliveries {aws.sent - before} were sent"
            )
        return [len(body), *(min(column) for column in zip(*pairs, strict=True))]

    def work():
        return {name: measured(event) for name, event in cases.items()}

    return work


class _Aws:
    """What the receivers call of SSM, Secrets Manager and SQS."""

    def __init__(self, settings, secrets):
        self._settings = settings
        self._secrets = secrets
        self.exceptions = SimpleNamespace(ResourceNotFoundException=LookupError)
        self.sent = 0

    def get_parameter(self, **_):
        return {"Parameter": {"Value": self._settings}}

    def get_secret_value(self, **asked):
        if asked["VersionStage"] != "AWSCURRENT":
            raise LookupError("no such version")
        return {"SecretString": json.dumps(self._secrets[asked["SecretId"].rpartition("/")[2]])}

    def send_message(self, **_):
        self.sent += 1


def _seconds(call, calls):
    began = perf_counter()
    for _ in range(calls):
        call()
    return (perf_counter() - began) / calls
