"""Which calls of AWS a function's code can make: what it imports, read as text."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from template.transformed import ROOT

PACKAGES = ROOT / "layers" / "outbound" / "python"

#: What Lambda does for a function, or with its data: no line of its own calls it.
OF_LAMBDA_ITSELF = frozenset(
    {
        *("logs:CreateLogStream", "logs:PutLogEvents"),
        *("xray:PutTraceSegments", "xray:PutTelemetryRecords"),
        *("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"),
    }
)

# DynamoDB is reached through `Table` alone, whose module has every call: what counts is who calls the table.
_TABLE = "outbound.store.table"
_RUNTIME = "outbound.runtime"
_OF_A_TABLE = {
    "dynamodb:GetItem": r"table\.(get|get_many)\(",
    "dynamodb:BatchGetItem": r"table\.get_many\(",
    "dynamodb:PutItem": r"table\.(put|putting)\(",
    "dynamodb:UpdateItem": r"table\.(update|updating)\(",
    "dynamodb:DeleteItem": r"table\.(delete|deleting)\(",
    "dynamodb:Query": r"table\.(query|due)\(",
}
# Permissions that no call is named after.
_BY_ANOTHER_NAME = {
    "s3:ListBucket": r"\.(list_objects_v2|head_object|get_object)\b|list_objects_v2",
    "s3:PutObjectTagging": r"\bTagging=",
}


def uses(code: dict[str, str], action: str) -> bool:
    """Return True if a function's modules (name to text) have a line that makes the call of an IAM action."""
    others = [text for name, text in code.items() if name != _TABLE]
    if action in _OF_A_TABLE:
        return any(re.search(_OF_A_TABLE[action], text) for text in others)
    call = re.sub(r"(?<!^)(?=[A-Z])", "_", action.partition(":")[2]).lower()
    return any(re.search(_BY_ANOTHER_NAME.get(action, rf"\b{call}\w*\b"), text) for text in others)


def code_of(app: Path) -> dict[str, str]:
    """Return the text of every module of this project that a function imports, however far away, by name.

    A runtime has what all functions use; what counts of it is what is asked for.
    """
    found = {"app": app.read_text()}
    waiting = list(_imports(app))
    asked: set[str] = set()
    while waiting or (more := _parts_asked_for(found) - asked):
        if not waiting:
            asked |= more
            waiting = [module for part in more for module in _runtime_parts().get(part, set())]
            continue
        name = waiting.pop()
        path = _path(name)
        if name not in found and path is not None and name != _RUNTIME:
            found[name] = path.read_text()
            waiting += _imports(path)
    return found


def _parts_asked_for(code: dict[str, str]) -> set[str]:
    """Name the parts of the runtime that modules ask for, and the parts that these are made of."""
    parts = {name for text in code.values() for name in re.findall(r"\bruntime\.(\w+)", text)}
    parts |= {
        name
        for text in code.values()
        for given in re.findall(r"\bwarm_up\(([^)]*)\)", text)
        for name in re.findall(r"\w+", given)
    }
    while more := {name for part in parts for name in _runtime_needs().get(part, ())} - parts:
        parts |= more
    return parts


@cache
def _runtime() -> ast.Module:
    path = _path(_RUNTIME)
    assert path is not None
    return ast.parse(path.read_text())


def _members() -> dict[str, ast.FunctionDef]:
    return {node.name: node for node in ast.walk(_runtime()) if isinstance(node, ast.FunctionDef)}


def _imported(nodes: Iterable[ast.AST]) -> dict[str, str]:
    """The names that are imported from modules of this project, with their modules."""
    return {
        alias.name: node.module
        for node in nodes
        if isinstance(node, ast.ImportFrom) and node.module
        for alias in node.names
    }


def _runtime_parts() -> dict[str, set[str]]:
    """The modules that each part of the runtime is made from."""
    at_the_top = _imported(_runtime().body)
    parts = {}
    for name, member in _members().items():
        used = {node.id for node in ast.walk(member) if isinstance(node, ast.Name)}
        parts[name] = {
            *_imported(ast.walk(member)).values(),
            *(module for imported, module in at_the_top.items() if imported in used),
        }
    return parts


def _runtime_needs() -> dict[str, set[str]]:
    """The other parts that each part of the runtime is made of."""
    return {
        name: {
            node.attr
            for node in ast.walk(member)
            if isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Name)
            and node.value.id == "self"
        }
        for name, member in _members().items()
    }


def _path(name: str) -> Path | None:
    base = PACKAGES / name.replace(".", "/")
    return next((path for path in (base.with_suffix(".py"), base / "__init__.py") if path.is_file()), None)


@cache
def _imports(path: Path) -> tuple[str, ...]:
    return tuple(_names(ast.parse(path.read_text())))


def _names(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
