"""Moto without what it works out anew at each call: most of these tests' time is its and botocore's.

Nothing of what moto answers changes: pure functions remember their results, and a URL is compared with the
patterns of the services that are used here, not with those of all that moto knows.
"""

from __future__ import annotations

from functools import lru_cache

import botocore.useragent
import moto.backend_index
import moto.core.responses
import moto.sqs.models

# What the bridge and its tests call.
SERVICES = frozenset(
    {
        *("cloudformation", "cloudwatch", "dynamodb", "events", "logs", "s3", "scheduler", "secretsmanager"),
        *("sns", "sqs", "ssm", "stepfunctions", "sts"),
    }
)


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
    botocore.useragent.UserAgentString.to_string = lambda _: "tests"  # type: ignore[method-assign]
