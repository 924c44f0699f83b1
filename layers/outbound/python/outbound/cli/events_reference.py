"""docs/events.md and a JSON Schema per event type, made from the models: `make docs`."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from outbound.cli.settings_reference import form_of
from outbound.events.catalogue import CATALOGUE, Contract, Kind

_INTRODUCTION = """# Events

Made from the models by `make docs`; do not edit it by hand.

Every event on the bus has the same envelope; its `data` is described here by type. A JSON Schema of each
type's data is in [schemas/events](schemas/events), one of each body that CXone sends in
[schemas/webhooks](schemas/webhooks).

| field | form | meaning |
|---|---|---|
| `event_id` | text | derives from what the event is about: the same event published twice has the same one |
| `event_type` | text | one of those below; the `detail-type` of EventBridge is the same |
| `occurred_at` | text | when it happened: ISO 8601 in UTC with `Z`, like all times here |
| `correlation_id` | text | what the event belongs to, from the first request on |
| `tenant` | text | whose event it is |
| `schema_version` | whole number | changes when a field changes its meaning |
| `data` | object | below |
"""
_SECTIONS = {
    Kind.REQUEST: (
        "Requests",
        "They ask for an effect. Webhooks and operators may send them; fields may be in camelCase there.",
    ),
    Kind.REPORT: ("Reports of CXone", "CXone sends them by webhook; they may have more fields than these."),
    Kind.FACT: ("Facts", "They state what was done, or could not be. Destinations may be told of them."),
}


def reference() -> str:
    """Return the text of docs/events.md."""
    parts = [_INTRODUCTION]
    for kind, (title, text) in _SECTIONS.items():
        parts.append(f"## {title}\n\n{text}\n")
        parts += [_section(contract) for contract in CATALOGUE.values() if contract.kind is kind]
    return "\n".join(parts)


def schemas() -> dict[str, str]:
    """Return the JSON Schema of each type's data as text, by the name of its file."""
    return {f"{event_type.value}.json": _schema(contract) for event_type, contract in CATALOGUE.items()}


def write(folder: Path) -> None:
    """Write page and schemas into the folder of documents, and remove schemas of types that are gone."""
    (folder / "events.md").write_text(reference())
    place = folder / "schemas" / "events"
    place.mkdir(parents=True, exist_ok=True)
    texts = schemas()
    for path in place.glob("*.json"):
        if path.name not in texts:
            path.unlink()
    for name, text in texts.items():
        (place / name).write_text(text)


def _schema(contract: Contract) -> str:
    head = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:outbound-bridge:event:{contract.event_type.value}",
        "title": contract.event_type.value,
        "description": contract.description,
    }
    return json.dumps(head | contract.schema(), indent=2) + "\n"


def _section(contract: Contract) -> str:
    lines = [f"### `{contract.event_type.value}`\n", contract.description, ""]
    if rows := list(_rows("", contract.schema(), contract.schema().get("$defs", {}))):
        lines += ["| field | form | meaning |", "|---|---|---|", *rows, ""]
    return "\n".join(lines)


def _rows(place: str, schema: Mapping[str, Any], known: Mapping[str, Any]) -> Iterator[str]:
    required = schema.get("required", ())
    for name, given in schema.get("properties", {}).items():
        field = known[given["$ref"].rpartition("/")[2]] if "$ref" in given else given
        form = form_of(field, known) + ("" if name in required else ", optional")
        yield f"| `{place}{name}` | {form} | {given.get('description', '')} |"
        parts = field.get("items", field) if field.get("type") == "array" else field
        yield from _rows(f"{place}{name}.", parts, known)


if __name__ == "__main__":
    write(Path(sys.argv[1]))
