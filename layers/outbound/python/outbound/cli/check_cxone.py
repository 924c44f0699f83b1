"""Whether CXone lets us in: a fresh token, its scopes and a call for each surface, and our subscriptions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial

from outbound.archive.settings import ArchiveSettings
from outbound.cli.findings import Finding, put_secret, safely
from outbound.cli.stack import Stack
from outbound.clock import Deadline
from outbound.cxone.adapters import Connection, Cxone
from outbound.cxone.errors import CxoneError, Forbidden, InvalidRequest, NotFound, Unauthorised
from outbound.cxone.fresh_tokens import FreshTokens
from outbound.cxone.http import CxoneHttp
from outbound.cxone.ports.outcomes import OutcomeQuery
from outbound.cxone.ports.subscriptions import Subscription, Topic
from outbound.cxone.quota import Budgets
from outbound.cxone.settings import CxoneSettings
from outbound.dispositions.files.ledger import DispositionFiles
from outbound.settings import ConfigurationError
from outbound.webhooks.settings import Providers

_SECONDS_A_CALL = 45.0
# No campaign and no contact is called that: an answer that it does not exist is an answer.
_NOBODY = "outbound-check"
_TOPICS: tuple[Topic, ...] = ("campaigns", "dialer")


def surfaces(stack: Stack) -> Iterator[Finding]:
    """Ask each surface for a token and make one call that changes nothing."""
    settings = stack.documents.get("cxone", CxoneSettings)
    campaigns = list(stack.registry.all())
    campaign_id = campaigns[0].campaign_id if campaigns else _NOBODY
    connection = _connection(stack, settings)
    used = _used(stack, bool(campaigns))
    for name, call in _calls(stack, campaign_id).items():
        cxone = connection.until(Deadline(stack.clock, _SECONDS_A_CALL))
        yield _finding(stack, settings, name, partial(call, cxone), used[name])


def _connection(stack: Stack, settings: CxoneSettings) -> Connection:
    """Return a connection that asks for tokens of its own: a cached one proves nothing of the secret."""
    secret_id = stack.outputs["CxoneSecret"]
    tokens = FreshTokens(stack.tokens, stack.tenant, stack.secrets, secret_id, lambda: settings, stack.clock)
    budgets = Budgets(stack.tokens, stack.tenant, stack.clock)
    return Connection("platform", CxoneHttp(tokens, budgets, lambda: settings, stack.clock))


def _calls(stack: Stack, campaign_id: str) -> dict[str, Callable[[Cxone], object]]:
    """Return one reading call a surface."""
    end = stack.clock.now().replace(microsecond=0) - timedelta(minutes=1)
    query = OutcomeQuery(campaign_id, end - timedelta(minutes=1), end, (), 1)
    return {
        "outcomes": lambda cxone: cxone.outcomes.page(query, ""),
        "dispositions": lambda cxone: cxone.dispositions.contact(campaign_id, _NOBODY),
        "archive": lambda cxone: cxone.attempts.page(campaign_id, 1, 0),
        **{topic: partial(_find, _subscription(stack, topic)) for topic in _TOPICS},
    }


def _find(subscription: Subscription, cxone: Cxone) -> object:
    return cxone.subscriptions.find(subscription)


def _subscription(stack: Stack, topic: Topic) -> Subscription:
    """Return a subscription by the name that ours has; nothing of it is written."""
    return Subscription(f"{stack.stack_name} {topic}", topic, "", "", "")


def _used(stack: Stack, has_campaigns: bool) -> dict[str, bool]:
    """Return which surfaces something of this stack depends on."""
    ingress = stack.documents.get("ingress", Providers)
    senders = [sender for sender in (ingress.cxone, *ingress.providers.values()) if sender]
    asked = any("disposition.requested" in sender.request_types for sender in senders)
    files = next(iter(DispositionFiles(stack.state, stack.tenant).all()), None)
    return {
        "outcomes": has_campaigns,
        "dispositions": asked or files is not None,
        "archive": bool(stack.documents.get("archiving", ArchiveSettings).campaigns),
        **dict.fromkeys(_TOPICS, ingress.cxone is not None),
    }


def _finding(
    stack: Stack, settings: CxoneSettings, name: str, call: Callable[[], object], used: bool
) -> Finding:
    check, url = f"CXone {name}", settings.surface(name).base_url
    try:
        call()
    except NotFound:
        # Past token and scopes: CXone knows the question, and no contact of that name.
        pass
    except (CxoneError, ConfigurationError) as error:
        message = str(error) if used else f"{error} (nothing here uses it yet)"
        return Finding("wrong" if used else "note", check, message, _fix(stack, error))
    return Finding("ok", check, url)


def _fix(stack: Stack, error: Exception) -> str:
    if isinstance(error, Unauthorised | ConfigurationError):
        return put_secret(stack.outputs["CxoneSecret"], "client_id", "client_secret")
    if isinstance(error, Forbidden):
        return f"grant them in CXone's admin to the API client: {', '.join(error.scopes)}"
    if isinstance(error, InvalidRequest):
        return "compare the campaign's id with CXone: outbound campaigns list"
    return "look at the hosts: outbound config show cxone"


def subscriptions(stack: Stack) -> Iterator[Finding]:
    """Look whether CXone has our webhooks, each once, where CXone is to send any."""
    if stack.documents.get("ingress", Providers).cxone is None:
        fix = "write cxone into a file (README, Receive webhooks), then: outbound config put ingress FILE"
        yield Finding("note", "subscriptions", "CXone is not configured as a sender", fix)
        return
    connection = _connection(stack, stack.documents.get("cxone", CxoneSettings))
    for topic in _TOPICS:
        yield from safely(f"subscription {topic}", partial(_subscribed, stack, connection, topic))


def _subscribed(stack: Stack, connection: Connection, topic: Topic) -> Iterator[Finding]:
    check = f"subscription {topic}"
    cxone = connection.until(Deadline(stack.clock, _SECONDS_A_CALL))
    try:
        count = len(cxone.subscriptions.find(_subscription(stack, topic)))
    except CxoneError as error:
        yield Finding("unknown", check, str(error), _fix(stack, error))
        return
    if count == 1:
        yield Finding("ok", check)
    else:
        message = "is not registered at CXone" if not count else f"is registered {count} times"
        yield Finding("wrong", check, message, "outbound webhooks register")
