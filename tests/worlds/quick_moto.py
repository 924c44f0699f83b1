"""Moto without what it works out anew at each call: most of these tests' time is its and botocore's.

Nothing of what moto answers changes: pure functions remember their results, and a URL is compared with the
patterns of the services that are used here, not with those of all that moto knows.
"""

from __future__ import annotations

from abc import ABCMeta
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy, deepcopy
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
    ResponseSerializer,
)
from moto.dynamodb.comparisons import ConditionExpressionParser
from moto.dynamodb.models.dynamo_type import DynamoType
from moto.dynamodb.models.table import Table
from moto.dynamodb.parsing.ast_nodes import DepthFirstTraverser, Node
from moto.dynamodb.parsing.expressions import UpdateExpressionParser
from moto.dynamodb.parsing.validators import ActionCountValidator, OverlappingPathsValidator

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
    _tell_nodes_by_their_class(Node)
    Node.__deepcopy__ = _copied  # type: ignore[attr-defined]
    DepthFirstTraverser.traverse = _traversed  # type: ignore[method-assign]
    for validator in (ActionCountValidator, OverlappingPathsValidator):
        validator.traverse = _processed_whole  # type: ignore[method-assign]
    ConditionExpressionParser._lex_condition_expression = (  # type: ignore[method-assign]
        lambda parser: deque(_lexed(parser.condition_expression))
    )
    _share_values_that_never_change()
    Table.__deepcopy__ = _table_before  # type: ignore[attr-defined]
    for module in (moto.core.responses, moto.utilities.aws_headers):
        module.gen_amzn_requestid_long = _request_id
    _remember_names_of_members()
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


class _ByClass(ABCMeta):
    """Classes of which nothing is an instance by registration: that is looked for at every node."""

    __instancecheck__ = type.__instancecheck__


def _tell_nodes_by_their_class(node: type) -> None:
    node.__class__ = _ByClass  # type: ignore[assignment]
    for kind in node.__subclasses__():
        _tell_nodes_by_their_class(kind)


def _copied(node: Any, _: object = None) -> Any:
    """A copy of a tree of an expression, below a node that has no parent."""
    made = object.__new__(type(node))
    vars(made).update(vars(node), parent=None)
    if node.children is not None:
        made.children = [_copied(each) if isinstance(each, Node) else each for each in node.children]
        for each in made.children:
            if isinstance(each, Node):
                each.parent = made
    return made


def _traversed(traverser: Any, node: Any) -> Any:
    """Process a tree's nodes as moto does, without asking at each of them what is processed at all."""
    kinds, ahead = traverser.nodes_to_be_processed(), traverser.pre_processing_of_child
    if type(traverser).pre_processing_of_child is DepthFirstTraverser.pre_processing_of_child:
        ahead = None

    def below(node: Any, child_id: int) -> Any:
        parent = node.parent
        for number, child in enumerate(node.children or ()):
            if ahead:
                ahead(node, number)
            if isinstance(child, Node):
                below(child, number)
        if isinstance(node, kinds):
            node = traverser.process(node)
            node.parent = parent
            if parent:
                parent.children[child_id] = node
        return node

    return below(node, -1)


def _processed_whole(traverser: Any, node: Any) -> Any:
    """Process an expression and not each that is nested in it: what is looked at is that of the whole."""
    return traverser.process(node)


@lru_cache(maxsize=1000)
def _lexed(expression: str) -> tuple[Any, ...]:
    return tuple(_lex(ConditionExpressionParser(expression, {}, {})))


_lex = ConditionExpressionParser._lex_condition_expression


def _table_before(table: Any, memo: dict[int, Any]) -> Any:
    """A table as it is, for when a transaction fails: only its items are changed by one."""
    before = copy(table)
    before.items = deepcopy(table.items, memo)
    return before


def _share_values_that_never_change() -> None:
    """Moto copies an item that it changes, and for a transaction all: a text or a number is never changed."""
    deep_copy = DynamoType.__deepcopy__

    def quick(value: DynamoType, memo: dict[int, Any]) -> DynamoType:
        return value if value.type in ("S", "N", "BOOL", "NULL") else deep_copy(value, memo)

    DynamoType.__deepcopy__ = quick  # type: ignore[method-assign]


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


def _let_threads_take_turns() -> None:
    """Moto copies all tables for a transaction, which fails while another thread reads one."""
    handler = moto.dynamodb.responses.DynamoHandler
    call_action = handler.call_action

    def in_turn(self: Any) -> Any:
        with TURN:
            return call_action(self)

    handler.call_action = in_turn  # type: ignore[method-assign]
