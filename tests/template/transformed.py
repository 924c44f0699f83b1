"""The template as CloudFormation sees it: SAM's transform applied, references followed."""

from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse

ROOT = Path(__file__).resolve().parents[2]

# Longest that a name which only CloudFormation knows (a queue's URL, a table's name) becomes.
LONGEST_REFERENCE = 140


class Template:
    """The transformed template, with questions that tests ask of it."""

    def __init__(self, path: Path = ROOT / "template.yaml") -> None:
        self._text = path.read_text()
        self.source: dict[str, Any] = yaml_parse(self._text)
        self.parameters: dict[str, Any] = self.source["Parameters"]

    @cached_property
    def resources(self) -> dict[str, Any]:
        """Every resource by its logical id."""
        source = yaml_parse(self._text)
        for resource in source["Resources"].values():
            _pretend_it_is_uploaded(resource)
        defaults = {name: parameter.get("Default") for name, parameter in self.parameters.items()}
        found: dict[str, Any] = transform(source, defaults, _NoManagedPolicies())["Resources"]
        return found

    def of_type(self, kind: str) -> dict[str, Any]:
        """Return the properties of all resources of a type, by logical id."""
        return {
            name: resource.get("Properties", {})
            for name, resource in self.resources.items()
            if resource["Type"] == kind
        }

    @cached_property
    def dead_letter_queues(self) -> set[str]:
        """The queues that something names as its dead-letter queue."""
        redrives = (queue.get("RedrivePolicy") for queue in self.of_type("AWS::SQS::Queue").values())
        found = {target(redrive["deadLetterTargetArn"]) for redrive in redrives if redrive}
        configs = (config for config in values_of(self.resources, "DeadLetterConfig") if config)
        return found | {target(config.get("Arn", config.get("TargetArn"))) for config in configs}

    def statements(self, role: str) -> list[dict[str, Any]]:
        """Return every statement of a role: its own, those of attached policies of this template."""
        properties = self.resources[role]["Properties"]
        documents = [policy["PolicyDocument"] for policy in properties.get("Policies", [])]
        for attached in properties.get("ManagedPolicyArns", []):
            name = target(attached)
            if name in self.resources:
                documents.append(self.resources[name]["Properties"]["PolicyDocument"])
        return [statement for document in documents for statement in document["Statement"]]

    def allows(self, role: str, action: str, resource: str) -> bool:
        """Return True if a role allows an action on a resource of this template."""
        return any(
            action in as_list(statement["Action"]) and resource in map(target, as_list(statement["Resource"]))
            for statement in self.statements(role)
        )

    def bounds(self, value: Any) -> tuple[float, float]:
        """Return the least and the greatest that a number can be, a parameter's by what it allows."""
        if not isinstance(value, dict):
            return value, value
        parameter = self.parameters[target(value)]
        return parameter["MinValue"], parameter["MaxValue"]

    def length(self, value: Any) -> int:
        """Estimate, from above, how long a value is when CloudFormation has resolved it."""
        if not isinstance(value, dict):
            return len(str(value))
        parameter = self.parameters.get(str(value.get("Ref")))
        if parameter is not None:
            choices = map(str, parameter.get("AllowedValues", [parameter.get("Default", "")]))
            return max(map(len, choices))
        return LONGEST_REFERENCE


class _NoManagedPolicies:
    """Roles here are written out, so no policy template of SAM or AWS is ever looked up."""

    def load(self) -> dict[str, str]:
        return {}


def _pretend_it_is_uploaded(resource: dict[str, Any]) -> None:
    properties = resource.get("Properties", {})
    for name in ("CodeUri", "ContentUri", "DefinitionUri"):
        if name in properties:
            properties[name] = "s3://bucket/key"


def target(reference: Any) -> str:
    """Return the logical id that a Ref, GetAtt or Sub points at; a plain value as it is."""
    if not isinstance(reference, Mapping):
        return str(reference)
    if "Ref" in reference:
        return str(reference["Ref"])
    if "Fn::GetAtt" in reference:
        attribute = reference["Fn::GetAtt"]
        return str(attribute.split(".")[0] if isinstance(attribute, str) else attribute[0])
    if "Fn::Sub" in reference:
        text = reference["Fn::Sub"]
        return text.removeprefix("${").split(".")[0] if text.startswith("${") else text
    return str(reference)


def as_list(value: Any) -> list[Any]:
    """Return a list as it is and anything else as the only member of one."""
    return value if isinstance(value, list) else [value]


def values_of(tree: Any, key: str) -> Iterator[Any]:
    """Return every value that stands under a key, at any depth."""
    if isinstance(tree, Mapping):
        for name, value in tree.items():
            if name == key:
                yield value
            yield from values_of(value, key)
    elif isinstance(tree, list):
        for value in tree:
            yield from values_of(value, key)
