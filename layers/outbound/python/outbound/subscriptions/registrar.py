"""Registers our webhooks at CXone: each once, under its name, whatever is cut off or lost on the way."""

from __future__ import annotations

import secrets as random_bytes
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from outbound.backoff import pause
from outbound.clock import Clock, Deadline, Invocation
from outbound.cxone.errors import CxoneError, Unavailable
from outbound.cxone.ports.subscriptions import Subscribed, Subscription, SubscriptionsPort, Topic
from outbound.events import Event, new_event
from outbound.events.facts.webhooks import WebhooksRegistered
from outbound.logs import logger
from outbound.runtime import Runtime, Work
from outbound.settings import ConfigurationError
from outbound.store.outbox import Outbox
from outbound.store.table import Item
from outbound.subscriptions.ledger import SubscriptionLedger, proof_of

# Longer than a function may run: when a claim has run out, the invocation that made it is over.
_CLAIM_SECONDS = 180
# How often a registration whose answer was lost is looked for and, if it is not there, made again.
_TRIES = 3

_TOPICS: tuple[Topic, ...] = ("campaigns", "dialer")


@dataclass(frozen=True, slots=True)
class SubscriptionResult:
    """How the registration of one webhook ended.

    `outcome` is `unchanged`, `registered`, `replaced`, `cleared` (of doubles), `busy` or `failed`.
    """

    name: str
    outcome: str
    subscription_id: str = ""
    message: str = ""

    def as_data(self) -> dict[str, str]:
        """Return the result as the function answers it."""
        return asdict(self)


class NotRegistered(Exception):
    """Webhooks that an event asked for could not be registered."""


class SubscriptionRegistrar:
    """Brings the subscriptions at CXone into agreement with those that are given."""

    def __init__(
        self, port: SubscriptionsPort, ledger: SubscriptionLedger, outbox: Outbox, tenant: str, clock: Clock
    ) -> None:
        """Register through this port, for one tenant."""
        self._port = port
        self._ledger = ledger
        self._outbox = outbox
        self._tenant = tenant
        self._clock = clock

    @classmethod
    def of(cls, runtime: Runtime, deadline: Deadline) -> SubscriptionRegistrar:
        """Return the registrar of one invocation, whose calls of CXone end before a deadline."""
        port = runtime.cxone.until(deadline).subscriptions
        ledger = SubscriptionLedger(runtime.state, runtime.tenant)
        return cls(port, ledger, runtime.outbox, runtime.tenant, runtime.clock)

    def register(self, wanted: Subscription, again: bool = False) -> SubscriptionResult:
        """Make sure that a webhook is registered once and as wanted, and return what that took.

        Args:
            wanted: The webhook as it is to be.
            again: Whether it is written even where it seems to be as wanted: CXone may hold another secret
                than the one that was registered, without showing it.
        """
        owner = random_bytes.token_hex(8)
        item = self._ledger.claim(wanted.name, owner, self._clock.now(), _CLAIM_SECONDS)
        if item is None:
            return SubscriptionResult(wanted.name, "busy", message="another run is registering it")
        try:
            return self._agree(wanted, item, owner, again)
        except CxoneError as error:
            said = {"webhook": wanted.name, "reason": error.reason}
            logger.error("a webhook could not be registered", extra=said)
            return SubscriptionResult(wanted.name, "failed", message=f"{error.reason}: {error}")
        finally:
            self._ledger.release(wanted.name, owner)

    def _agree(self, wanted: Subscription, item: Item, owner: str, again: bool) -> SubscriptionResult:
        # What a run before this one recorded and did not say.
        self._outbox.publish_or_leave(self._ledger.key(wanted.name), item)
        proof = proof_of(wanted.secret, wanted.name)
        known = not again and item.get("proof") == proof
        subscription_id, change = self._brought_about(wanted, self._port.find(wanted), known)
        if change == "replaced" and "subscription_id" not in item:
            # Made by a run that was cut off before it could write that down.
            change = "registered"
        if change != "unchanged":
            fact = self._fact(wanted, subscription_id, change, int(item.get("revision", 0)) + 1)
            now = self._clock.now()
            recorded = self._ledger.record(wanted.name, owner, subscription_id, proof, fact, now)
            if recorded is None:
                return SubscriptionResult(wanted.name, "busy", subscription_id, "another run took it over")
            self._outbox.publish_or_leave(self._ledger.key(wanted.name), recorded)
        return SubscriptionResult(wanted.name, change, subscription_id)

    def _brought_about(
        self, wanted: Subscription, found: Sequence[Subscribed], known: bool
    ) -> tuple[str, str]:
        """Register, replace or leave alone; return the id and what was done."""
        if not found:
            return self._registered(wanted), "registered"
        kept, *doubles = found
        change = "unchanged"
        for double in doubles:
            # Each would bring every event once more.
            self._port.remove(double.subscription_id, wanted.topic)
            change = "cleared"
        if not (kept.as_wanted and known):
            self._port.replace(kept.subscription_id, wanted)
            change = "replaced"
        return kept.subscription_id, change

    def _registered(self, wanted: Subscription) -> str:
        """Register what is not there yet; where an answer is lost, look before doing it again."""
        for attempt in range(_TRIES):
            try:
                return self._port.register(wanted)
            except Unavailable:
                self._clock.sleep(pause(attempt))
                if found := self._port.find(wanted):
                    return found[0].subscription_id
                if attempt == _TRIES - 1:
                    raise
        raise AssertionError("the last try returns or raises")

    def _fact(self, wanted: Subscription, subscription_id: str, change: str, revision: int) -> Event:
        fact = WebhooksRegistered(
            name=wanted.name,
            topic=wanted.topic,
            subscription_id=subscription_id,
            url=wanted.url,
            change=change,
        )
        return new_event(fact, self._tenant, self._clock.now(), (wanted.name, str(revision)))


def build(runtime: Runtime) -> Work:
    """Return the work of the function that registers our webhooks at CXone."""
    stack, url = runtime.name("STACK_NAME"), runtime.name("WEBHOOK_URL")
    # The receiver's own; it accepts two versions, and CXone sends the current one.
    secret_id = f"{stack}/webhooks/cxone"
    secrets = runtime.secrets
    runtime.warm_up("cxone", "outbox")

    def subscription(topic: Topic) -> Subscription:
        secret = secrets.current(secret_id).get("secret")
        if not secret:
            raise ConfigurationError(f'the secret {secret_id} has no text "secret": put one there first')
        return Subscription(f"{stack} {topic}", topic, url, f"outbound-bridge/{stack}", secret)

    def register(event: dict[str, Any], invocation: Invocation) -> dict[str, Any]:
        """Register every webhook; with `again` also those that CXone seems to have already."""
        registrar = SubscriptionRegistrar.of(runtime, runtime.deadline(invocation))
        # An environment may be warm since before a rotation.
        secrets.reread(secret_id)
        again = event.get("again") is True
        results = [registrar.register(subscription(topic), again) for topic in _TOPICS]
        if "detail-type" in event:
            # An event is not answered: it has to fail, so that Lambda tries again and an alarm rings.
            _check(results)
        return {"webhooks": [result.as_data() for result in results]}

    return register


def _check(results: Sequence[SubscriptionResult]) -> None:
    """Raise NotRegistered where a webhook could not be registered."""
    failed = [f"{result.name}: {result.message}" for result in results if result.outcome == "failed"]
    if failed:
        raise NotRegistered("; ".join(failed))
