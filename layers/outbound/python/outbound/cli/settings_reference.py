"""Every settings document field by field, made from the models: for `config schema` and docs/settings.md."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from outbound.archive.settings import ArchiveSettings
from outbound.calling.settings import ComplianceSettings
from outbound.cli.ingress_schema import INGRESS_SCHEMA
from outbound.cxone.settings import CxoneSettings
from outbound.deliveries.settings import DeliverySettings
from outbound.dialer.reports.settings import DialerReportSettings
from outbound.dialer.settings import DialerSettings
from outbound.dispositions.settings import DispositionSettings
from outbound.outcomes.settings import OutcomeSettings
from outbound.segments.settings import SegmentSettings
from outbound.steering.settings import SteeringSettings
from outbound.webhooks.settings import Providers

Schema = Mapping[str, Any]

MODELS: dict[str, type[BaseModel] | type[Providers]] = {
    "archiving": ArchiveSettings,
    "campaigns": SteeringSettings,
    "compliance": ComplianceSettings,
    "cxone": CxoneSettings,
    "deliveries": DeliverySettings,
    "dialer_reports": DialerReportSettings,
    "dialer": DialerSettings,
    "dispositions": DispositionSettings,
    "ingress": Providers,
    "outcomes": OutcomeSettings,
    "segments": SegmentSettings,
}
_TITLES = {
    "archiving": "Archiving finished attempts",
    "campaigns": "Following campaigns, abandoned calls, and failing over",
    "compliance": "The rules of calling",
    "cxone": "Access to CXone: hosts, token requests, quotas",
    "deliveries": "Deliveries to CRM, warehouse and WFM",
    "dialer_reports": "Reports of the dialer: metrics by the hour, and who changed it",
    "dialer": "Rolling out dialer settings",
    "dispositions": "Applying dispositions",
    "ingress": "Senders of webhooks",
    "outcomes": "Pulling outcomes",
    "segments": "Judging the contacts of campaigns' lists",
}
_SIMPLE = {"integer": "whole number", "number": "number", "boolean": "true or false", "string": "text"}
_LONGEST_DEFAULT = 60
_TOO_LONG = "see config show"


@dataclass(frozen=True, slots=True)
class SettingsField:
    """One field of a document. `NAME` in its path stands for a name that the operator chooses."""

    path: str
    form: str
    default: str
    meaning: str

    def row(self) -> dict[str, str]:
        """Return the field as a row of a table."""
        return {"field": self.path, "form": self.form, "default": self.default, "meaning": self.meaning}


def json_schema(capability: str) -> dict[str, Any]:
    """Return the JSON Schema of a capability's document."""
    model = MODELS[capability]
    return dict(INGRESS_SCHEMA) if model is Providers else model.model_json_schema()  # type: ignore[union-attr]


def fields(capability: str) -> list[SettingsField]:
    """Return every field of a capability's document, in the order of its model."""
    schema = json_schema(capability)
    return list(_fields("", schema, schema.get("$defs", {})))


def reference() -> str:
    """Return the text of docs/settings.md."""
    parts = [_INTRODUCTION]
    for capability, title in _TITLES.items():
        parts.append(f"## `{capability}`: {title}\n")
        parts.append("| field | form | default | meaning |\n|---|---|---|---|")
        parts += [_line(field) for field in fields(capability)]
        parts.append("")
    return "\n".join(parts)


_INTRODUCTION = """# Settings

Made from the models by `make docs`; do not edit it by hand.

Each capability has one JSON document, `/<stack>/config/<capability>` in Parameter Store. It is merged in
depth over the defaults below and holds only what differs. Lists and single values replace the default,
objects are merged name by name, and `null` takes an entry out or gives a setting its default again.

`outbound config show` prints what is in force, `outbound config schema` what may be said, and
`outbound config put` checks a file and puts it in force within a minute. `NAME` in a field stands for a name
that you choose.
"""


def _line(field: SettingsField) -> str:
    default = f"`{field.default}`" if field.default not in ("", _TOO_LONG) else field.default
    cells = (f"`{field.path}`", field.form, default, field.meaning)
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _fields(place: str, schema: Schema, known: Schema) -> Iterator[SettingsField]:
    for name, field in schema.get("properties", {}).items():
        yield from _field(f"{place}.{name}" if place else name, field, known)


def _field(path: str, field: Schema, known: Schema) -> Iterator[SettingsField]:
    whole = _resolved(field, known)
    yield SettingsField(path, form_of(whole, known), _default(field), str(field.get("description", "")))
    for each in (whole, *whole.get("anyOf", ())):
        yield from _fields(path, _resolved(each, known), known)
    if isinstance(entry := whole.get("additionalProperties"), dict):
        yield from _fields(f"{path}.NAME", _resolved(entry, known), known)


def _resolved(schema: Schema, known: Schema) -> Schema:
    """Follow a schema's reference, if it is one."""
    target: Schema = known[schema["$ref"].rsplit("/", 1)[1]] if "$ref" in schema else schema
    return target


def form_of(schema: Schema, known: Schema) -> str:
    """Return in words what a value looks like."""
    if "anyOf" in schema:
        return " or ".join(form_of(_resolved(each, known), known) for each in schema["anyOf"])
    if "enum" in schema:
        return ", ".join(map(str, schema["enum"]))
    match schema.get("type"):
        case "array":
            return _list_form(schema, known)
        case "object":
            return _object_form(schema, known)
        case "null":
            return "null"
    return _SIMPLE.get(schema.get("type", ""), "any") + _bounds(schema)


def _object_form(schema: Schema, known: Schema) -> str:
    entry = schema.get("additionalProperties")
    if not isinstance(entry, Mapping) or not entry:
        return "object"
    entry = _resolved(entry, known)
    form = form_of(entry, known)
    if form == "any":
        return "object"
    return f"each one of {form}" if "enum" in entry else f"object of {_plural(form)}"


def _list_form(schema: Schema, known: Schema) -> str:
    if "prefixItems" in schema:
        return f"list of {len(schema['prefixItems'])} texts"
    entry = _resolved(schema.get("items", {}), known)
    form = form_of(entry, known)
    return f"list out of {form}" if "enum" in entry else f"list of {_plural(form)}"


def _plural(form: str) -> str:
    for name in _SIMPLE.values():
        if form == name or form.startswith(f"{name},"):
            return form.replace(name, f"{name}s", 1)
    return "objects" if form == "object" else form


def _bounds(schema: Schema) -> str:
    least, most = schema.get("minimum"), schema.get("maximum")
    above, below = schema.get("exclusiveMinimum"), schema.get("exclusiveMaximum")
    said = []
    if least is not None and most is not None:
        said.append(f"{least} to {most}")
    elif least is not None:
        said.append(f"{least} or more")
    elif most is not None:
        said.append(f"{most} or less")
    said += [f"more than {above}"] if above is not None else []
    said += [f"less than {below}"] if below is not None else []
    return f", {', '.join(said)}" if said else ""


def _default(field: Schema) -> str:
    """Return a default that is short enough to be read in a table."""
    if "default" not in field:
        return ""
    value = field["default"]
    # Sets come in any order; a list of texts whose order means something is longer than one line anyway.
    if isinstance(value, list) and field.get("uniqueItems"):
        value = sorted(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST_DEFAULT else _TOO_LONG


if __name__ == "__main__":
    print(reference(), end="")
