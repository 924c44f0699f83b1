"""Moto without what it works out anew at each call: most of these tests' time is its and botocore's.

Nothing of what moto answers changes: pure functions remember their results, and a URL is compared with the
patterns of the services that are used here, not with those of all that moto knows.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from threading import Lock
from typing import Any
from unittest.mock import patch

import botocore.useragent
import moto.backend_index
import moto.core.responses
import moto.dynamodb.responses
import moto.sqs.models
from moto import mock_aws

from outbound.store import table

# What the bridge and its tests call.
SERVICES = frozenset(
    {
        *("cloudformation", "cloudwatch", "dynamodb", "events", "logs", "s3", "scheduler", "secretsmanager"),
        *("sns", "sqs", "ssm", "stepfunctions", "sts"),
    }
)


# A sweep reads every shard of every kind of duty, also where nothing is due: with the product's eight, most
# calls of a test of crashes would be those.
_DUE_SHARDS = 1


@contextmanager
def quick_aws() -> Iterator[None]:
    """Let every call to AWS go to moto, and keep what is due in one shard."""
    with mock_aws(), patch.object(table, "DUE_SHARDS", _DUE_SHARDS):
        yield


def hasten() -> None:
    """Do it once in a process."""
    patterns = moto.backend_index.backend_url_patterns
    patterns[:] = [entry for entry in patterns if entry[0] in SERVICES]
    for module, name in (
        (moto.core.responses, "camelcase_to_underscores"),
        (moto.core.responses, "method_names_from_class"),
        (moto.sqs.models, "camelcase_to_underscores"),
    ):
        setattr(module, name, lru_cache(maxsize=None)(getattr(module, name)))
    _let_threads_take_turns()
    botocore.useragent.UserAgentString.to_string = lambda _: "tests"  # type: ignore[method-assign]


def _let_threads_take_turns() -> None:
    """Moto copies all tables for a transaction, which fails while another thread reads one."""
    handler, turn = moto.dynamodb.responses.DynamoHandler, Lock()
    call_action = handler.call_action

    def in_turn(self: Any) -> Any:
        with turn:
            return call_action(self)

    handler.call_action = in_turn  # type: ignore[method-assign]
