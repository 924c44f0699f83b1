"""Receives webhooks: checked, verified, safe on the ingress queue, answered; the rest happens behind it.

The order of the checks is what strangers may learn: that a path is there and what it takes, from the first
four; whether a body is JSON only senders that have proven who they are.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

import orjson
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from outbound.clock import Clock
from outbound.logs import logger
from outbound.metrics import measure, metrics
from outbound.runtime import Runtime, end_cold_start
from outbound.secrets import Secrets
from outbound.settings import ConfigurationError
from outbound.webhooks.delivery import Delivery, delivery_id, kept_headers
from outbound.webhooks.metrics import WebhookMetric
from outbound.webhooks.problems import Accepted, Refusal, RefusalReason, accepted_response, problem_response
from outbound.webhooks.request import WebhookRequest, from_api_gateway
from outbound.webhooks.settings import Provider, Providers
from outbound.webhooks.signatures.schemes import SharedSecret
from outbound.webhooks.signatures.verifier import verify_with_rotation

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext
    from mypy_boto3_sqs import SQSClient

ProviderOf = Callable[[Providers, Mapping[str, Any]], Provider | None]
"""Returns the provider that an API Gateway event is from, by its path alone; None where there is none."""

# Senders wait five seconds or so, and send again what was not answered: better an early 503.
_CLIENT = Config(connect_timeout=1, read_timeout=2, retries={"mode": "standard", "total_max_attempts": 2})


class Receiver:
    """Takes webhooks in."""

    def __init__(
        self,
        settings: Callable[[], Providers],
        secrets: Secrets,
        stack: str,
        queue: IngressQueue,
        clock: Clock,
    ) -> None:
        """Read settings and secrets from these, and put what is believed on this queue."""
        self._settings = settings
        self._secrets = secrets
        self._stack = stack
        self._queue = queue
        self._clock = clock

    @classmethod
    def of(cls, runtime: Runtime) -> Receiver:
        """Return the receiver of a stack."""
        documents = runtime.documents
        return cls(
            settings=lambda: documents.get("ingress", Providers),
            secrets=runtime.secrets,
            stack=runtime.name("STACK_NAME"),
            queue=IngressQueue(runtime.client("sqs"), runtime.name("INGRESS_QUEUE_URL")),
            clock=runtime.clock,
        )

    def receive(self, event: Mapping[str, Any], provider_of: ProviderOf) -> dict[str, Any]:
        """Answer an API Gateway event: with 202 once the queue has the delivery, else with the problem."""
        taken = self._taken_or_refused(event, provider_of)
        if isinstance(taken, Delivery):
            return accepted_response(taken.delivery_id)
        return _refused(taken)

    def _taken_or_refused(
        self, event: Mapping[str, Any], provider_of: ProviderOf
    ) -> Delivery | Refusal | str:
        """Return the delivery that the queue has, or the refusal, or the name of the problem.

        Whatever is wrong on our side is a refusal with its own reason; it never looks like a sender's fault.
        """
        try:
            settings = self._settings()
        except ConfigurationError as error:
            return _at_fault(RefusalReason.SETTINGS_INVALID, error)
        except (ClientError, BotoCoreError) as error:
            return _at_fault(RefusalReason.SETTINGS_UNAVAILABLE, error)
        provider = provider_of(settings, event)
        if provider is None:
            return "unknown-path"
        if event.get("httpMethod") != "POST":
            return "method-not-allowed"
        request = from_api_gateway(event, settings.public_base_url)
        if isinstance(request, Refusal):
            logger.warning("a request cannot be read", extra={"reason": request.reason.value})
            return "bad-request"
        return self._form_problem(request, provider) or self._verified(request, provider, event)

    @staticmethod
    def _form_problem(request: WebhookRequest, provider: Provider) -> str:
        if len(request.body) > provider.max_body_bytes:
            return "too-large"
        return "" if _is_json_type(request.headers.get("content-type", ())) else "unsupported-media-type"

    def _verified(
        self, request: WebhookRequest, provider: Provider, event: Mapping[str, Any]
    ) -> Delivery | Refusal | str:
        now = self._clock.now()
        secret_id = secret_name(self._stack, provider.name)
        verdict = verify_with_rotation(request, provider, self._secrets, secret_id, now)
        if isinstance(verdict, Refusal):
            said = {"provider": provider.name, "reason": verdict.reason.value}
            logger.warning("a webhook was not believed", extra=said)
            return verdict if verdict.is_ours else "unauthenticated"
        if not _is_json(request.body):
            return "not-json"
        delivery = _delivery(request, provider, verdict, event, now)
        try:
            self._queue.put(delivery)
        except (ClientError, BotoCoreError) as error:
            return _at_fault(RefusalReason.QUEUE_UNAVAILABLE, error)
        return delivery


class IngressQueue:
    """The queue behind the receivers."""

    def __init__(self, client: SQSClient, url: str) -> None:
        """Send to the queue of this URL."""
        self._client = client
        self._url = url

    def put(self, delivery: Delivery) -> None:
        """Put a delivery on the queue; when this returns, it is safe."""
        self._client.send_message(QueueUrl=self._url, MessageBody=delivery.to_message())


class _RequestId(logging.Filter):
    """Names the invocation in each of its log lines: most invocations write none.

    It is all that these lines need of the context; Powertools' decorators take longer than the work.
    """

    current = ""

    def filter(self, record: logging.LogRecord) -> bool:
        record.function_request_id = self.current
        return True


_request_id = _RequestId()


def make_handler(provider_of: ProviderOf) -> Callable[[dict[str, Any], LambdaContext], dict[str, Any]]:
    """Return the handler of a function that receives webhooks; `provider_of` says from which provider one is.

    What it uses is made now, from the function's environment.
    """
    receiver = Receiver.of(Runtime.of_function(_CLIENT))
    logger.addFilter(_request_id)
    end_cold_start()

    def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
        _request_id.current = context.aws_request_id
        return receiver.receive(event, provider_of)

    return handler


def secret_name(stack: str, provider: str) -> str:
    """The name of the secret that a provider's webhooks are verified with."""
    return f"{stack}/webhooks/{provider}"


def cxone_of(settings: Providers, event: Mapping[str, Any]) -> Provider | None:
    """Return CXone for its path."""
    return settings.cxone if event.get("resource") == "/webhooks/cxone" else None


def crm_of(settings: Providers, event: Mapping[str, Any]) -> Provider | None:
    """Return the CRM that a path names."""
    if event.get("resource") != "/webhooks/crm/{name}":
        return None
    return settings.crm(str((event.get("pathParameters") or {}).get("name", "")))


def _delivery(
    request: WebhookRequest,
    provider: Provider,
    verdict: Accepted,
    event: Mapping[str, Any],
    received_at: datetime,
) -> Delivery:
    secret = provider.scheme.header if isinstance(provider.scheme, SharedSecret) else ""
    return Delivery(
        delivery_id=delivery_id(provider.name, verdict.signed_id, request.body),
        provider=provider.name,
        received_at=received_at,
        method=request.method,
        path=str(event["path"]),
        headers=kept_headers(request.headers, secret),
        body=request.body,
        body_base64=request.body_base64,
    )


def _at_fault(reason: RefusalReason, error: Exception) -> Refusal:
    """Log what is wrong on our side. Secrets are named in a configuration error, their values never are."""
    what = str(error) if isinstance(error, ConfigurationError) else type(error).__name__
    logger.error("a delivery could not be taken", extra={"kind": reason.value, "reason": what})
    return Refusal(reason)


def _refused(refused: Refusal | str) -> dict[str, Any]:
    name = refused if isinstance(refused, str) else "unavailable"
    reason = "" if isinstance(refused, str) else refused.reason.value
    # What strangers bring about by signatures of their own does not count as our failure, and rings no alarm.
    ours = reason not in ("", RefusalReason.SECRET_TOO_OLD.value)
    measure(WebhookMetric.WEBHOOKS_NOT_TAKEN if ours else WebhookMetric.WEBHOOKS_REFUSED)
    if reason:
        metrics.add_metadata(key="reason", value=reason)
    # Only here: writing metrics out takes longer than a delivery that is taken.
    metrics.flush_metrics()
    logger.info("a webhook was answered with a problem", extra={"problem": name, "reason": reason})
    return problem_response(name)


def _is_json_type(values: tuple[str, ...]) -> bool:
    media_type = values[0].partition(";")[0].strip().lower() if len(values) == 1 else ""
    return media_type == "application/json" or (
        media_type.startswith("application/") and media_type.endswith("+json")
    )


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


_decode = json.JSONDecoder(parse_constant=_no_number).decode


def _is_json(body: bytes) -> bool:
    """Return True if a body is one JSON document in UTF-8, UTF-16 or UTF-32."""
    try:
        # Stricter, and three times as quick: what it reads is JSON, what it does not is looked at once more.
        orjson.loads(body)
    except orjson.JSONDecodeError:
        return _is_json_at_all(body)
    return True


def _is_json_at_all(body: bytes) -> bool:
    """As Python reads JSON: in its other encodings, and with halves of surrogates, which servers write."""
    try:
        _decode(body.decode(json.detect_encoding(body)))
    except (ValueError, RecursionError):
        return False
    return True
