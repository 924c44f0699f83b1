"""What is configured about destinations: where they are, what they want, and how long to try.

The document is `/<stack>/config/deliveries`; what it leaves out is as packaged here. A destination without a
URL is not configured: its events are taken and nothing is kept of them.
"""

from __future__ import annotations

import re
import ssl
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from outbound.deliveries.bodies import BadExpression, compiled

# Some three days of tries: an outage over a weekend heals without an operator.
_WAITS = (5.0, 30.0, 120.0, 600.0, 1800.0, 7200.0, 18000.0, 36000.0, 50400.0, 72000.0, 86400.0)
_ONE_DAY = 86400
# Headers that a delivery's own meaning or framing hangs on.
_RESERVED = re.compile(
    r"webhook-.*|host|content-.*|transfer-encoding|connection|user-agent|expect|upgrade", re.I
)
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")

Wait = Annotated[float, Field(gt=0, le=7 * _ONE_DAY)]


class _Strict(BaseModel):
    """A misspelt setting is an error; a wrong value is not repeated, for it may be a credential."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class CircuitSettings(_Strict):
    """When a destination counts as down, and how long it is left alone then."""

    failures: int = Field(5, ge=1, le=100, description="failures in a row that open the circuit")
    recovery_seconds: int = Field(60, ge=30, le=900, description="pause before one delivery tries again")


class Destination(_Strict):
    """One system that facts are delivered to.

    `event_types` are exact, or a beginning followed by `*`; so are the keys of `bodies`, whose values
    are JMESPath expressions over the event's envelope. Without one the whole envelope is the body.
    """

    url: str = Field("", description="where deliveries are posted; empty: the destination is not configured")
    event_types: tuple[str, ...] = Field((), description="that it gets; `outcomes.*` for several")
    bodies: dict[str, str] = Field(
        {}, description="JMESPath over the event, by event type: the body; without one the whole event"
    )
    headers: dict[str, str] = Field({}, repr=False, description="added to each delivery; shown masked")
    connect_timeout_seconds: float = Field(3.05, gt=0, le=10, description="until a connection stands")
    # Thirty at most, so that a batch of slow ones still hands over in time.
    timeout_seconds: float = Field(10.0, gt=0, le=30, description="in total, answer included")
    waits_seconds: tuple[Wait, ...] = Field(_WAITS, description="before the second try, the third, ...")
    max_retry_after_seconds: int = Field(
        _ONE_DAY, ge=1, description="a longer Retry-After is clamped to this"
    )
    circuit: CircuitSettings = Field(CircuitSettings(), description="when it counts as down")
    allow_insecure: bool = Field(False, description="http as well as https")
    allow_private: bool = Field(False, description="private and loopback addresses too")
    ca_certificates: str = Field("", description="PEM; trusted instead of the public authorities")

    @property
    def max_attempts(self) -> int:
        """How many times a delivery is tried in all."""
        return len(self.waits_seconds) + 1

    @field_validator("url")
    @classmethod
    def _is_a_web_address(cls, url: str) -> str:
        if not url:
            return url
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username is not None:
            raise ValueError("is not an https:// address with a host and without a user name")
        if not url.isascii() or any(character <= " " for character in url) or parts.port == 0:
            raise ValueError("has a character or a port that no address has")
        return url

    @field_validator("event_types")
    @classmethod
    def _are_patterns(cls, patterns: tuple[str, ...]) -> tuple[str, ...]:
        for pattern in patterns:
            if not pattern or "*" in pattern[:-1]:
                raise ValueError(f"{pattern!r} is not an event type; '*' may only stand at its end")
        return patterns

    @field_validator("headers")
    @classmethod
    def _are_free(cls, headers: dict[str, str]) -> dict[str, str]:
        for name, value in headers.items():
            if not _HEADER_NAME.fullmatch(name) or _RESERVED.fullmatch(name):
                raise ValueError(f"{name!r} is not a header that a setting may add")
            if not (value.isascii() and value.isprintable()):
                raise ValueError(f"the value of {name!r} has characters that no header has")
        return headers

    @field_validator("ca_certificates")
    @classmethod
    def _are_certificates(cls, pem: str) -> str:
        if not pem:
            return pem
        try:
            ssl.create_default_context(cadata=pem)
        except (ssl.SSLError, ValueError):
            raise ValueError("has no certificate in PEM form") from None
        return pem


class DeliverySettings(_Strict):
    """All settings of the deliveries."""

    destinations: dict[str, Destination] = Field(
        default_factory=lambda: dict(PACKAGED), description="systems that facts are delivered to, by name"
    )

    @model_validator(mode="after")
    def _make_sense(self) -> DeliverySettings:
        for name, destination in self.destinations.items():
            if destination.url and not destination.event_types:
                raise ValueError(
                    f"destination {name!r} has a url and no event_types: nothing would be delivered"
                )
            for event_type, expression in destination.bodies.items():
                _check(name, event_type, expression)
        return self

    def destination(self, name: str) -> Destination:
        """Return a destination's settings: the document's, else the packaged ones."""
        return self.destinations.get(name) or PACKAGED.get(name) or Destination()


def _check(name: str, event_type: str, expression: str) -> None:
    try:
        compiled(expression)
    except BadExpression as error:
        raise ValueError(f"destination {name!r}, body of {event_type!r}: {error}") from None


_PULL_RESULT = "{metrics: data.metrics, audit: data.audit}"
_BATCH_ARCHIVED = (
    "{event_type: 'CAMPAIGN_CONTACT_ARCHIVED', campaign_id: data.campaign_id, archived_count:"
    " data.archived_count, failed_count: data.failed_count, migration_job_id: data.migration_job_id,"
    " timestamp: data.timestamp}"
)
_DISPOSITION = (
    "{event: 'DISPOSITION_UPDATE', source: 'CXone_Outbound_Sync', data: {timestamp: data.timestamp,"
    " contact_id: data.contact_id, campaign_id: data.campaign_id, outcome_code: data.outcome_code,"
    " agent_id: data.agent_id, status: data.status, latency_ms: data.latency_ms}}"
)

PACKAGED: dict[str, Destination] = {
    "crm": Destination(
        event_types=(
            *("outcomes.pulled", "outcomes.pull_failed", "disposition.applied", "disposition.file_finished"),
            # What was refused of what the CRM, or others for it, sent: it can repair that, and we cannot.
            *("consent.rejected", "webhook.rejected", "disposition.rejected"),
        ),
        bodies={
            "outcomes.pulled": _PULL_RESULT,
            "outcomes.pull_failed": _PULL_RESULT,
            "disposition.applied": _DISPOSITION,
        },
    ),
    "warehouse": Destination(
        event_types=("outcomes.pulled", "attempts.archived", "archive.finished"),
        bodies={"attempts.archived": _BATCH_ARCHIVED},
    ),
    # What CXone says of its dialer, changes of any party. What rollouts of our own say is left out: each of
    # their changes comes from CXone, too, and would be told twice.
    "wfm": Destination(event_types=("dialer.campaign_activated", "dialer.settings_updated")),
}
