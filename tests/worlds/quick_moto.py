"""Moto without what it works out anew at each call: most of these tests' time is its and botocore's.

Nothing of what moto answers changes: pure functions remember their results, and a URL is compared with the
patterns of the services that are used here, not with those of all that moto knows.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any
from unittest.mock import patch
from uuid import uuid4

import botocore.useragent
import jsonpath_ng.ext
import moto.backend_index
import moto.core.responses
import moto.dynamodb.responses
import moto.sqs.models
import moto.utilities.aws_headers
from moto import mock_aws
from moto.core.base_backend import BaseBackend
from moto.core.serialize import (
    AttributePicker,
    AttributePickerContext,
    BaseJSONSerializer,
    ResponseSerializer,
)
from moto.dynamodb.parsing.ast_nodes import DepthFirstTraverser
from moto.dynamodb.parsing.expressions import UpdateExpressionParser

from outbound.store import table
from worlds.direct_moto import TURN, ask_moto_directly

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
    ask_moto_directly()
    patterns = moto.backend_index.backend_url_patterns
    patterns[:] = [entry for entry in patterns if entry[0] in SERVICES]
    for module, name in (
        (moto.core.responses, "camelcase_to_underscores"),
        (moto.core.responses, "method_names_from_class"),
        (moto.sqs.models, "camelcase_to_underscores"),
        (jsonpath_ng.ext, "parse"),
    ):
        setattr(module, name, lru_cache(maxsize=None)(getattr(module, name)))
    # Whoever changes what was read copies it first.
    UpdateExpressionParser.make = lru_cache(maxsize=1000)(UpdateExpressionParser.make)
    _remember_urls()
    DepthFirstTraverser.nodes_to_be_processed = _nodes_of  # type: ignore[method-assign]
    for module in (moto.core.responses, moto.utilities.aws_headers):
        module.gen_amzn_requestid_long = _request_id
    _remember_names_of_members()
    _take_values_of_dynamodb_as_they_are()
    _let_threads_take_turns()
    botocore.useragent.UserAgentString.to_string = lambda _: "tests"  # type: ignore[method-assign]


def _remember_urls() -> None:
    """The addresses of a service, which moto makes anew for every request, and imports anew for S3's."""
    make, known = BaseBackend.urls.fget, {}

    def urls(backend: BaseBackend) -> dict[str, Any]:
        if type(backend) not in known:
            known[type(backend)] = make(backend)
        return known[type(backend)]

    BaseBackend.urls = property(urls)  # type: ignore[assignment]


def _nodes_of(traverser: Any) -> tuple[type, ...]:
    """The types of nodes that a traverser processes; it is asked at every node."""
    known: tuple[type, ...] | None = vars(traverser).get("_nodes")
    if known is None:
        known = traverser._nodes = tuple(traverser._processing_map())
    return known


def _request_id(headers: Any = None) -> str:
    """A request's id, random as moto's, which draws each of its 52 letters."""
    made = uuid4().hex.upper()
    if isinstance(headers, dict):
        headers["x-amzn-requestid"] = made
    return made


def _remember_names_of_members() -> None:
    """By what names a member of an answer may stand in a dict; moto works it out for every value."""
    get_value = ResponseSerializer.get_value
    # With its shape, which stays alive by that: its id is no other's.
    names: dict[tuple[int, str], tuple[Any, tuple[str, ...]]] = {}

    def names_of(serializer: Any, value: Any, key: str, shape: Any) -> tuple[str, ...]:
        known = names.get((id(shape), key))
        if known is None:
            operation = serializer.operation_model
            context = AttributePickerContext(value, key, shape, operation, operation.service_model, "")
            found = tuple(dict.fromkeys(serializer._value_picker.get_possible_keys(context)))
            known = names[id(shape), key] = shape, found
        return known[1]

    def quick(serializer: Any, value: Any, key: str, shape: Any) -> Any:
        picker = serializer._value_picker
        if type(value) is not dict or not isinstance(picker, AttributePicker) or picker.response_transformers:
            return get_value(serializer, value, key, shape)
        for name in names_of(serializer, value, key, shape):
            if name in value:
                return value[name]
        return None

    ResponseSerializer.get_value = quick  # type: ignore[method-assign]


def _take_values_of_dynamodb_as_they_are() -> None:
    """Moto keeps an item's values as they are answered, and still looks for all ten kinds in each."""
    serialize = BaseJSONSerializer._serialize_type_structure

    def quick(serializer: Any, serialized: Any, value: Any, shape: Any, key: str) -> None:
        if shape.name == "AttributeValue" and key and _is_answered_as_it_is(value):
            serializer._default_serialize(serialized, value, shape, key)
        else:
            serialize(serializer, serialized, value, shape, key)

    BaseJSONSerializer._serialize_type_structure = quick  # type: ignore[method-assign]


def _is_answered_as_it_is(value: Any) -> bool:
    """Whether it is a value of DynamoDB's in which no bytes are."""
    if type(value) is not dict or len(value) != 1:
        return False
    ((kind, inner),) = value.items()
    if kind in ("S", "N"):
        return type(inner) is str
    if kind == "M":
        return type(inner) is dict and all(map(_is_answered_as_it_is, inner.values()))
    if kind == "L":
        return type(inner) is list and all(map(_is_answered_as_it_is, inner))
    return kind in ("BOOL", "NULL") and type(inner) is bool


def _let_threads_take_turns() -> None:
    """Moto copies all tables for a transaction, which fails while another thread reads one."""
    handler = moto.dynamodb.responses.DynamoHandler
    call_action = handler.call_action

    def in_turn(self: Any) -> Any:
        with TURN:
            return call_action(self)

    handler.call_action = in_turn  # type: ignore[method-assign]
