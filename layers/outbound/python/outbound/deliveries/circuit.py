"""A circuit a destination: one that is down is left alone, and its deliveries wait without being tried.

The state lies in the state table and is shared by all workers. Powertools counts the failures in a row in
each of them, so the first to see a destination down opens the circuit for all.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from aws_lambda_powertools.utilities.circuit_breaker import (
    CircuitBreakerConfig,
    CircuitBreakerOpenError,
    CircuitTransition,
    circuit_breaker,
)
from aws_lambda_powertools.utilities.circuit_breaker.persistence import CircuitBreakerDynamoDBPersistence

from outbound.deliveries.settings import CircuitSettings
from outbound.logs import logger

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

T = TypeVar("T")


class CircuitOpen(Exception):
    """The destination is down; it was not spoken to."""


def circuit_store(client: DynamoDBClient, table: str, tenant: str) -> CircuitBreakerDynamoDBPersistence:
    """Keep the circuits of a tenant's destinations in the state table."""
    return CircuitBreakerDynamoDBPersistence(
        table_name=table,
        key_attr="pk",
        static_pk_value=f"{tenant}#circuit",
        sort_key_attr="sk",
        expiry_attr="ttl",
        boto3_client=client,
    )


class Circuit:
    """The circuit of one destination."""

    def __init__(self, name: str, store: CircuitBreakerDynamoDBPersistence, failing: type[Exception]) -> None:
        """Count exceptions of the type `failing`, and no other, as failures."""
        self._name = name
        self._store = store
        self._failing = failing

    def call(self, settings: CircuitSettings, attempt: Callable[[], T]) -> T:
        """Make an attempt and return what it returns. Raises CircuitOpen where it was not made."""
        config = CircuitBreakerConfig(
            failure_threshold=settings.failures,
            recovery_timeout=settings.recovery_seconds,
            # One answer shows that the destination is back, and only one worker may ask.
            success_threshold=1,
            handled_exceptions=self._failing,
        )
        guard = circuit_breaker(
            name=self._name, persistence_store=self._store, config=config, on_transition=_log_transition
        )
        try:
            answer: T = guard(attempt)()
        except CircuitBreakerOpenError as error:
            raise CircuitOpen(f"the circuit of {self._name} is open") from error
        return answer


def _log_transition(transition: CircuitTransition) -> None:
    logger.warning(
        "circuit changed",
        extra={
            "destination": transition.circuit_name,
            "from": transition.from_state.value,
            "to": transition.to_state.value,
        },
    )
