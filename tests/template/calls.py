"""Which calls of AWS a function's code can make: what it imports, read as text."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
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
    """Tell whether a function's modules (name to text) have a line that makes the call of an IAM action."""
    others = [text for name, text in code.items() if name != _TABLE]
    if action in _OF_A_TABLE:
        return any(re.search(_OF_A_TABLE[action], text) for text in others)
    call = re.sub(r"(?<!^)(?=[A-Z])", "_", action.partition(":")[2]).lower()
    return any(re.search(_BY_ANOTHER_NAME.get(action, rf"\b{call}\w*\b"), text) for text in others)


def code_of(app: Path) -> dict[str, str]:
    """Return the text of every module of this project that a function imports, however far away, by name."""
    found = {"app": app.read_text()}
    waiting = list(_imports(app))
    while waiting:
        name = waiting.pop()
        path = _path(name)
        if name not in found and path is not None:
            found[name] = path.read_text()
            waiting += _imports(path)
    return found


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
