"""Where settings come from: the environment for names, SSM documents for structure.

A Lambda's environment holds 4 KB, so it carries names and flags only. Whatever has structure
(mappings, destinations, budgets) is one JSON document per capability in SSM Parameter Store under
`/<stack>/config/<capability>`; a capability without one runs on its packaged defaults.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Protocol, TypeVar

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from outbound.clock import Clock, SystemClock
from outbound.observability import logger

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


class Document(Protocol):
    """A typed settings document: a pydantic model by its structure; this module needs no pydantic."""

    @classmethod
    def model_validate_json(cls, text: str, /) -> Document:
        """Parse and check a JSON text."""

    @classmethod
    def model_validate(cls, value: object, /) -> Document:
        """Check a Python value."""


D = TypeVar("D", bound=Document)


def variable(name: str) -> str:
    """Give the value of an environment variable that a function cannot work without."""
    value = os.environ.get(name, "")
    if not value:
        raise ConfigurationError(
            f"environment variable {name} is not set: give it to the function in the template"
        )
    return value


def tenant() -> str:
    """The tenant that this stack serves: one stack, one tenant."""
    return variable("TENANT")


class Documents:
    """Reads settings documents, each at most once a minute."""

    def __init__(self, client: SSMClient, stack: str, clock: Clock) -> None:
        """Read the documents of one stack."""
        self._client = client
        self._stack = stack
        self._clock = clock
        self._read: dict[str, tuple[float, object]] = {}

    @classmethod
    def from_environment(cls, clock: Clock | None = None) -> Documents:
        """Read the documents of the stack that this function belongs to."""
        return cls(boto3.client("ssm", config=AWS_CLIENT), variable("STACK_NAME"), clock or SystemClock())

    def parameter_name(self, capability: str) -> str:
        """The SSM parameter that holds a capability's document."""
        return f"/{self._stack}/config/{capability}"

    def get(self, capability: str, model: type[D]) -> D:
        """Give a capability's settings: the document if there is one, else the packaged defaults.

        Raises ConfigurationError where the document does not fit the model; a broken document
        must stop the work visibly rather than run it on defaults that nobody chose.
        """
        now = self._clock.monotonic()
        read_at, value = self._read.get(capability, (0.0, None))
        if value is None or now - read_at >= DOCUMENT_MAX_AGE:
            value = self._load(capability, model, value)
            self._read[capability] = (now, value)
        return value  # type: ignore[return-value]

    def _load(self, capability: str, model: type[D], known: object) -> D:
        name = self.parameter_name(capability)
        try:
            text = self._client.get_parameter(Name=name)["Parameter"]["Value"]
        except self._client.exceptions.ParameterNotFound:
            return model.model_validate({})  # type: ignore[return-value]
        except (ClientError, BotoCoreError) as error:
            if known is None:
                raise
            # Settings that are a minute old are better than work that stands still.
            reason = {"document": name, "reason": type(error).__name__}
            logger.warning("settings could not be read again", extra=reason)
            return known  # type: ignore[return-value]
        try:
            return model.model_validate_json(text)  # type: ignore[return-value]
        except ValueError as error:
            complaints = _complaints(error)
            raise ConfigurationError(f"the settings document {name} is not valid: {complaints}") from None


def _complaints(error: ValueError) -> str:
    """Say what a model objects to and where, without the values: somebody may have put a secret there."""
    errors = getattr(error, "errors", None)
    if errors is None:
        return type(error).__name__
    found = errors(include_url=False, include_context=False, include_input=False)
    return "; ".join(f"{'.'.join(map(str, each['loc'])) or 'document'}: {each['msg']}" for each in found)
