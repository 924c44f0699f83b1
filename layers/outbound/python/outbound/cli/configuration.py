"""`outbound config`: the settings documents, found, explained, and checked before they are written."""

from __future__ import annotations

import argparse
import json
from datetime import datetime
from pathlib import Path
from typing import Any

from outbound.cli.document_checks import objections
from outbound.cli.json_files import json_text
from outbound.cli.output import Output
from outbound.cli.settings_reference import MODELS, fields, json_schema
from outbound.cli.stack import Stack
from outbound.clock import format_time
from outbound.logs import MASKED
from outbound.settings import InvalidDocument, merged, read_document

# Parameter Store takes no larger text.
_MAX_BYTES = 8192


def add_commands(groups: Any) -> None:
    """Add this group's commands to the parser."""
    commands = groups.add_parser("config", help="see and change settings documents").add_subparsers(
        required=True
    )
    show = commands.add_parser("show", help="the settings in force, defaults filled in")
    show.add_argument("capability", choices=sorted(MODELS))
    show.set_defaults(run=_show)
    schema = commands.add_parser("schema", help="every field, its form and its default (--json: JSON Schema)")
    schema.add_argument("capability", choices=sorted(MODELS))
    schema.set_defaults(run=_schema, needs_stack=False)
    put = commands.add_parser("put", help="check a document and put it in force (within a minute)")
    put.add_argument("capability", choices=sorted(MODELS))
    put.add_argument("file", type=Path, help="a JSON file; what it leaves out has its default again")
    put.add_argument(
        "--merge", action="store_true", help="lay the file over the document that was put before"
    )
    put.set_defaults(run=_put)


def _show(stack: Stack, chosen: argparse.Namespace, output: Output) -> None:
    output.document(_masked(_in_force(stack, chosen.capability)))


def _in_force(stack: Stack, capability: str) -> Any:
    return _plain(stack.documents.get(capability, MODELS[capability]).model_dump())


def _plain(value: Any) -> Any:
    """Return settings as JSON has them, in an order that is the same every time."""
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, set | frozenset):
        return sorted(_plain(each) for each in value)
    if isinstance(value, datetime):
        return format_time(value)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return [_plain(each) for each in value] if isinstance(value, list | tuple) else value


def _masked(settings: Any) -> Any:
    for destination in settings.get("destinations", {}).values():
        destination["headers"] = dict.fromkeys(destination["headers"], MASKED)
    return settings


def _schema(_: Stack | None, chosen: argparse.Namespace, output: Output) -> None:
    output.described(json_schema(chosen.capability), [field.row() for field in fields(chosen.capability)])


def _put(stack: Stack, chosen: argparse.Namespace, output: Output) -> None:
    contents, name = json_text(chosen.file), stack.documents.parameter_name(chosen.capability)
    before = _put_before(stack, name)
    try:
        # First as it is: only a document of the right form has headers to look for.
        read_document(MODELS[chosen.capability], contents)
        document = json.loads(contents)
        document = merged(before, document) if chosen.merge else document
        text = _unmasked(stack, chosen.capability, document)
        wrong = objections(read_document(MODELS[chosen.capability], text), stack)
    except InvalidDocument as error:
        raise ValueError(f"{chosen.file}: {error}") from error
    if wrong:
        raise ValueError(f"{chosen.file}: {'; '.join(wrong)}")
    _write(stack, name, text)
    dropped = sorted(_places(before) - _places(document))
    sentence = f"{name} is in force within a minute"
    if dropped:
        sentence += f"; as the file leaves them out, these have their defaults again: {', '.join(dropped)}"
        sentence += " (--merge keeps what was put before)"
    output.said(sentence, parameter=name, defaults_again=dropped)


def _put_before(stack: Stack, name: str) -> dict[str, Any]:
    """Return the document that was put before; empty where there is none, or none that can be read."""
    client = stack.client("ssm")
    try:
        document = json.loads(client.get_parameter(Name=name)["Parameter"]["Value"])
    except (client.exceptions.ParameterNotFound, ValueError):
        return {}
    return document if isinstance(document, dict) else {}


def _places(document: Any, above: str = "") -> set[str]:
    """Return the places of a document's values, like `surfaces.outcomes.base_url`."""
    if not isinstance(document, dict) or not document:
        return {above} if above and document is not None else set()
    return {
        place
        for name, value in document.items()
        for place in _places(value, f"{above}.{name}" if above else name)
    }


def _unmasked(stack: Stack, capability: str, document: Any) -> str:
    """Return a document compact, with values that `config show` masked as they are in force."""
    for name, destination in document.get("destinations", {}).items() if capability == "deliveries" else ():
        headers = (destination or {}).get("headers") or {}
        for header in [header for header, value in headers.items() if value == MASKED]:
            known = _in_force(stack, capability)["destinations"].get(name, {}).get("headers", {})
            if header not in known:
                raise InvalidDocument(f"destinations.{name}.headers.{header}: is masked; write its value")
            headers[header] = known[header]
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False)


def _write(stack: Stack, name: str, text: str) -> None:
    if (size := len(text.encode())) > _MAX_BYTES:
        raise ValueError(
            f"{name}: has {size} bytes, Parameter Store takes {_MAX_BYTES}; leave out what is as packaged"
        )
    # Intelligent-Tiering takes the dearer tier only for a document of more than 4 KB.
    stack.client("ssm").put_parameter(
        Name=name, Value=text, Type="String", Overwrite=True, Tier="Intelligent-Tiering"
    )
