"""`outbound config`: the settings documents, checked before they are written."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from outbound.archiving.settings import ArchiveSettings
from outbound.cxone.settings import CxoneSettings
from outbound.deliveries.settings import DeliverySettings
from outbound.dispositions.settings import DispositionSettings
from outbound.ingress.fields import InvalidSettings
from outbound.ingress.mapping import BadMapping, check_mapping
from outbound.ingress.providers import Providers
from outbound.ops.printing import Output
from outbound.ops.refusals import named
from outbound.ops.stack import Stack
from outbound.outcomes.settings import OutcomeSettings

MODELS: dict[str, type[BaseModel] | type[Providers]] = {
    "archiving": ArchiveSettings,
    "cxone": CxoneSettings,
    "deliveries": DeliverySettings,
    "dispositions": DispositionSettings,
    "ingress": Providers,
    "outcomes": OutcomeSettings,
}


def add_commands(groups: Any) -> None:
    """Add this group's commands to the parser."""
    commands = groups.add_parser("config", help="see and change settings documents").add_subparsers(
        required=True
    )
    show = commands.add_parser("show", help="the settings in force, defaults filled in")
    show.add_argument("capability", choices=sorted(MODELS))
    show.set_defaults(run=_show)
    put = commands.add_parser("put", help="check a document and put it in force (within a minute)")
    put.add_argument("capability", choices=sorted(MODELS))
    put.add_argument("file", type=Path, help="a JSON file; what it leaves out keeps its default")
    put.set_defaults(run=_put)


def _show(stack: Stack, chosen: argparse.Namespace, output: Output) -> None:
    output.document(stack.documents.get(chosen.capability, MODELS[chosen.capability]).model_dump(mode="json"))


def _contents(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise ValueError(f"{file}: {error.strerror}") from error


def _put(stack: Stack, chosen: argparse.Namespace, output: Output) -> None:
    text = _contents(chosen.file)
    try:
        _check(MODELS[chosen.capability].model_validate_json(text))
    except ValidationError as error:
        raise ValueError(f"{chosen.file}: {named(error)}") from error
    except (InvalidSettings, BadMapping) as error:
        raise ValueError(f"{chosen.file}: {error}") from error
    name = stack.documents.parameter_name(chosen.capability)
    compact = json.dumps(json.loads(text), separators=(",", ":"))
    # Intelligent-Tiering takes the dearer tier only for a document of more than 4 KB.
    stack.ssm.put_parameter(
        Name=name, Value=compact, Type="String", Overwrite=True, Tier="Intelligent-Tiering"
    )
    output.said(f"{name} is in force within a minute", parameter=name)


def _check(settings: BaseModel | Providers) -> None:
    """Check what only the function behind the ingress queue reads: receivers do without JMESPath."""
    if isinstance(settings, Providers):
        for provider in (settings.cxone, *settings.providers.values()):
            if provider is not None:
                check_mapping(provider)
