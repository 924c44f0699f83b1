"""The functions of the built template: their code, their layers, and their environment."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from local.build import built_template
from local.deployment import STACK_NAME
from local.places import REGION

_PSEUDO = {
    "AWS::AccountId": "123456789012",
    "AWS::Partition": "aws",
    "AWS::Region": REGION,
    "AWS::StackName": STACK_NAME,
    "AWS::URLSuffix": "amazonaws.com",
}
_PLACEHOLDER = re.compile(r"\$\{([^!}][^}]*)\}")


@dataclass(frozen=True)
class Handler:
    """A function's code as it is deployed; several functions may share one."""

    name: str
    path: tuple[str, ...]
    environment: Mapping[str, str]

    @property
    def receives_webhooks(self) -> bool:
        """Whether a sender waits for its answer: such a function's folder is called `..._webhook`."""
        return self.name.endswith("_webhook")


@lru_cache
def handlers() -> list[Handler]:
    """Return every handler of the built template, in the order in which the template names them.

    Of functions that share a handler the first one's environment is taken.
    """
    path = built_template()
    template = yaml.safe_load(path.read_text())
    resources: dict[str, Any] = template["Resources"]
    layers = [_folder(path, layer, "ContentUri") / "python" for layer in _of_type(resources, "LayerVersion")]
    shared = template["Globals"]["Function"]["Environment"]["Variables"]
    values = Values(template)
    found: dict[str, Handler] = {}
    for function in _of_type(resources, "Function"):
        code = _folder(path, function, "CodeUri")
        own = function.get("Environment", {}).get("Variables", {})
        environment = {name: values.resolved(value) for name, value in (shared | own).items()}
        found.setdefault(code.name, Handler(code.name, (str(code), *map(str, layers)), environment))
    return list(found.values())


def handler_named(name: str) -> Handler:
    """Return the handler of a folder's name."""
    return next(handler for handler in handlers() if handler.name == name)


def _of_type(resources: Mapping[str, Any], kind: str) -> list[Mapping[str, Any]]:
    return [
        resource["Properties"]
        for resource in resources.values()
        if resource["Type"] == f"AWS::Serverless::{kind}"
    ]


def _folder(template: Path, properties: Mapping[str, Any], name: str) -> Path:
    return (template.parent / properties[name]).resolve()


class Values:
    """What a template's expressions amount to: defaults for parameters, logical ids for resources."""

    def __init__(self, template: Mapping[str, Any]) -> None:
        self._parameters = {name: p.get("Default", "") for name, p in template.get("Parameters", {}).items()}
        self._conditions = template.get("Conditions", {})

    def resolved(self, value: Any) -> str:
        """Return the text that an expression stands for."""
        if not isinstance(value, Mapping):
            return str(value)
        (function, arguments), *_ = value.items()
        match function:
            case "Ref":
                return self._named(arguments)
            case "Fn::GetAtt":
                return arguments if isinstance(arguments, str) else ".".join(arguments)
            case "Fn::Sub":
                text, extra = (arguments, {}) if isinstance(arguments, str) else arguments
                return _PLACEHOLDER.sub(lambda found: self._substituted(found[1], extra), text)
            case "Fn::Join":
                return str(arguments[0]).join(map(self.resolved, arguments[1]))
            case "Fn::If":
                condition, then, otherwise = arguments
                return self.resolved(then if self._holds(self._conditions[condition]) else otherwise)
        raise ValueError(f"a function's environment uses {function}, which is not understood here")

    def _named(self, name: str) -> str:
        return str(_PSEUDO.get(name, self._parameters.get(name, name)))

    def _substituted(self, name: str, extra: Mapping[str, Any]) -> str:
        return self.resolved(extra[name]) if name in extra else self._named(name)

    def _holds(self, condition: Mapping[str, Any]) -> bool:
        (function, arguments), *_ = condition.items()
        match function:
            case "Fn::Equals":
                return self.resolved(arguments[0]) == self.resolved(arguments[1])
            case "Fn::Not":
                return not self._holds(arguments[0])
            case "Fn::And":
                return all(map(self._holds, arguments))
            case "Fn::Or":
                return any(map(self._holds, arguments))
            case "Condition":
                return self._holds(self._conditions[arguments])
        raise ValueError(f"a condition uses {function}, which is not understood here")
