"""Where settings come from: the environment for names, SSM documents for structure.

A Lambda's environment holds 4 KB, so it carries names and flags only. Whatever has structure
(mappings, destinations, budgets) is one JSON document per capability in SSM Parameter Store under
`/<stack>/config/<capability>`, merged in depth over the packaged defaults: it holds only what differs.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from outbound.clock import Clock
from outbound.complaints import complaints
from outbound.logs import logger
from outbound.metrics import FunctionMetric, measure

if TYPE_CHECKING:
    from mypy_boto3_ssm import SSMClient

# A change of a document reaches every warm environment within this time (seconds).
DOCUMENT_MAX_AGE = 60.0

# AWS answers within milliseconds or not at all; three tries cover a lost connection, and the
# total stays far below any function's time-out.
# Some functions work on many messages at once; a pool smaller than that would open a connection a call.
AWS_CLIENT = Config(
    connect_timeout=2,
    read_timeout=10,
    retries={"mode": "standard", "total_max_attempts": 3},
    max_pool_connections=50,
)


class ConfigurationError(Exception):
    """The deployment is set up wrongly; the message says which setting, and what to do."""


class InvalidDocument(ValueError):
    """A settings document is not valid; the message names each wrong field, and never shows a value."""


class Document(Protocol):
    """A typed settings document: a pydantic model by its structure; this module needs no pydantic."""

    @classmethod
    def model_validate(cls, value: object, /) -> Document:
        """Check a Python value; the empty object gives the packaged defaults."""

    def model_dump(self, *, mode: str = ...) -> dict[str, Any]:
        """Return the settings as JSON-like values; `model_validate` reads them back."""


D = TypeVar("D", bound=Document)


class Documents:
    """Reads settings documents, each at most once a minute, and holds on to the last good one."""

    def __init__(self, client: SSMClient, stack: str, clock: Clock) -> None:
        """Read the documents of one stack."""
        self._client = client
        self._stack = stack
        self._clock = clock
        self._good: dict[tuple[str, type], tuple[float, object]] = {}
        self._packaged: dict[tuple[str, type], tuple[float, object]] = {}

    def parameter_name(self, capability: str) -> str:
        """The SSM parameter that holds a capability's document."""
        return f"/{self._stack}/config/{capability}"

    def get(self, capability: str, model: type[D], *, else_packaged: bool = False) -> D:
        """Return a capability's settings: the document if there is one, else the packaged defaults.

        A document that breaks, or cannot be read, leaves the last good one in force; that is logged as an
        error and counted, for an operator would not see otherwise that a change has no effect.

        Args:
            capability: The name of the document.
            model: What it has to fit.
            else_packaged: Return the packaged defaults where this process knows no good document. Only for
                what may not wait and is right with them, like the codes that mean do-not-call; most work on
                settings that no operator chose does more harm than work that waits.

        Raises:
            ConfigurationError: The document does not fit the model and no good one is known. It says what
                is wrong without the values.
            ClientError, BotoCoreError: The document cannot be read and no good one is known.
        """
        key, now = (capability, model), self._clock.monotonic()
        for known in (self._good, self._packaged) if else_packaged else (self._good,):
            read_at, value = known.get(key, (0.0, None))
            if value is not None and now - read_at < DOCUMENT_MAX_AGE:
                return value  # type: ignore[return-value]
        try:
            value = self._load(capability, model)
        except (ConfigurationError, ClientError, BotoCoreError) as error:
            return self._in_place_of(key, model, error, else_packaged)  # type: ignore[return-value]
        self._good[key] = (now, value)
        return value

    def _load(self, capability: str, model: type[D]) -> D:
        name = self.parameter_name(capability)
        try:
            text = self._client.get_parameter(Name=name)["Parameter"]["Value"]
        except self._client.exceptions.ParameterNotFound:
            return model.model_validate({})  # type: ignore[return-value]
        try:
            return read_document(model, text)
        except InvalidDocument as error:
            complaint = str(error)
        # Raised out here: what the error derives from shows the values.
        raise ConfigurationError(f"the settings document {name} is not valid: {complaint}")

    def _in_place_of(
        self, key: tuple[str, type], model: type[D], error: Exception, else_packaged: bool
    ) -> object:
        """Return what is in force while a document cannot be used, or raise what is wrong with it."""
        _, good = self._good.get(key, (0.0, None))
        in_force = "the last good document" if good is not None else "nothing"
        if good is None and else_packaged:
            good, in_force = model.model_validate({}), "the packaged defaults"
            self._packaged[key] = (self._clock.monotonic(), good)
        elif good is not None:
            # Not asked for again at once.
            self._good[key] = (self._clock.monotonic(), good)
        reason = str(error) if isinstance(error, ConfigurationError) else type(error).__name__
        said = {"document": self.parameter_name(key[0]), "reason": reason, "in_force": in_force}
        logger.error("a settings document cannot be used; `outbound config put` checks one", extra=said)
        measure(FunctionMetric.SETTINGS_UNUSABLE)
        if good is None:
            raise error
        return good


def read_document(model: type[D], text: str | bytes) -> D:
    """Return the settings that a JSON text gives when it is merged over the packaged defaults.

    Raises InvalidDocument naming every field that does not fit.
    """
    value = _parsed(text)
    if not isinstance(value, dict):
        raise InvalidDocument("document: must be a JSON object")
    try:
        packaged = model.model_validate({}).model_dump(mode="json")
        return model.model_validate(merged(packaged, value))  # type: ignore[return-value]
    except ValueError as error:
        raise InvalidDocument(complaints(error)) from None


def merged(defaults: Mapping[str, Any], document: Mapping[str, Any]) -> dict[str, Any]:
    """Return defaults with a document laid over them in depth.

    Objects are merged name by name; lists and single values replace. Null takes an entry out, or gives a
    setting its default again.
    """
    whole = dict(defaults)
    for name, value in document.items():
        known = whole.get(name)
        if value is None:
            whole.pop(name, None)
        elif isinstance(value, dict) and isinstance(known, dict):
            whole[name] = merged(known, value)
        else:
            whole[name] = value
    return whole


def with_current_names(model: type[Any], values: Any, former_names: Mapping[str, str]) -> Any:
    """Return the values of a model with fields that had another name once under their names of today.

    In a document that was merged over the packaged defaults the name of today has its default.

    Args:
        model: The pydantic model that the values are for.
        values: What it is made from; anything but an object is returned as it is.
        former_names: The name of today of each former name.

    Raises:
        ValueError: A field is there under both names, with two values.
    """
    if not isinstance(values, dict):
        return values
    renamed = {new: values[old] for old, new in former_names.items() if old in values}
    for new, value in renamed.items():
        if values.get(new, value) not in (value, model.model_fields[new].default):
            raise ValueError(f"{new} is there by its former name, too: write it once")
    return {name: value for name, value in values.items() if name not in former_names} | renamed


def _parsed(text: str | bytes) -> object:
    try:
        # Some editors begin a file with a byte order mark.
        plain = text.decode("utf-8-sig") if isinstance(text, bytes) else text
        return json.loads(plain.removeprefix("\ufeff"), parse_constant=_refuse_constant)
    except UnicodeDecodeError:
        raise InvalidDocument("document: must be text in UTF-8") from None
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise InvalidDocument(f"document: is not valid JSON at {place}") from None
    except RecursionError:
        raise InvalidDocument("document: is nested too deeply") from None
    except InvalidDocument:
        raise
    except ValueError:
        raise InvalidDocument("document: has a number that is too long") from None


def _refuse_constant(name: str) -> object:
    raise InvalidDocument(f"document: {name} is not a number that JSON has")
