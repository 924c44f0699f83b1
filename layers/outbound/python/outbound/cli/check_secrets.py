"""Whether every secret that is needed is there, with a value of the right form; and what to type if not."""

from __future__ import annotations

from collections.abc import Iterator

from botocore.exceptions import ClientError

from outbound.cli.findings import Finding, create_secret, put_secret, safely
from outbound.cli.stack import Stack
from outbound.dashboard.login import FIELD
from outbound.deliveries.settings import DeliverySettings
from outbound.deliveries.signature import Signer
from outbound.secrets import Secrets
from outbound.settings import ConfigurationError
from outbound.webhooks.settings import CXONE, Providers

_OF_DESTINATIONS = {"crm": "CrmSecret", "warehouse": "WarehouseSecret", "wfm": "WfmSecret"}
# What senders who sign with a key of their own have in the place of a secret that both sides know.
_PUBLIC_KEY = "public_key"


def secrets(stack: Stack) -> Iterator[Finding]:
    """Look whether every secret that is needed has a value of the right form."""
    store = Secrets(stack.client("secretsmanager"), stack.clock)
    yield _finding(stack, store, stack.outputs["CxoneSecret"], "client_id", "client_secret")
    yield _finding(stack, store, stack.outputs["DashboardSecret"], FIELD)
    yield from safely("secrets of destinations", lambda: _of_destinations(stack, store))
    yield from safely("secrets of senders", lambda: _of_senders(stack, store))


def _of_destinations(stack: Stack, store: Secrets) -> Iterator[Finding]:
    documents = stack.documents.get("deliveries", DeliverySettings)
    named = [name for name, one in documents.destinations.items() if one.url]
    if not named:
        fix = "write a url into a file (README, Deliveries), then: outbound config put deliveries FILE"
        yield Finding("note", "destinations", "none has a url: outcomes are delivered to none", fix)
    for name in named:
        if secret_id := stack.outputs.get(_OF_DESTINATIONS.get(name, ""), ""):
            yield _of_destination(stack, store, secret_id)


def _of_destination(stack: Stack, store: Secrets, secret_id: str) -> Finding:
    found = _finding(stack, store, secret_id, "key")
    if found.state != "ok":
        return found
    try:
        Signer(store, secret_id).check()
    except ConfigurationError as error:
        return Finding("wrong", found.check, str(error), put_secret(secret_id, "key"))
    return found


def _of_senders(stack: Stack, store: Secrets) -> Iterator[Finding]:
    providers = stack.documents.get("ingress", Providers)
    for name in [*([CXONE] if providers.cxone else []), *providers.providers]:
        yield _finding(stack, store, f"{stack.stack_name}/webhooks/{name}", "secret", instead=_PUBLIC_KEY)


def _finding(stack: Stack, store: Secrets, secret_id: str, *names: str, instead: str = "") -> Finding:
    """Look at one secret, which needs texts of these names, or the one that may stand instead of them."""
    check = f"secret {secret_id}"
    if absent := _absent(stack, check, secret_id, names):
        return absent
    try:
        value = store.current(secret_id)
    except ConfigurationError as error:
        return Finding("wrong", check, str(error), put_secret(secret_id, *names))
    lacking = [name for name in names if not value.get(name)]
    if not lacking or value.get(instead):
        return Finding("ok", check)
    said = f"{'lacks' if len(lacking) < len(names) else 'is empty: it lacks'} {', '.join(lacking)}"
    return Finding("wrong", check, said, put_secret(secret_id, *names))


def _absent(stack: Stack, check: str, secret_id: str, names: tuple[str, ...]) -> Finding | None:
    """Return what is wrong with a secret that AWS does not give, as far as that says what to type."""
    try:
        stack.client("secretsmanager").get_secret_value(SecretId=secret_id)
    except ClientError as error:
        said = error.response.get("Error", {})
        if said.get("Code") == "ResourceNotFoundException":
            # AWS tells a secret that is not there from one that was created without a value by this alone.
            if "staging label" in said.get("Message", ""):
                return Finding("wrong", check, "is empty: it has no value", put_secret(secret_id, *names))
            return _missing(check, secret_id, names)
        if said.get("Code") == "InvalidRequestException" and "marked" in said.get("Message", ""):
            fix = f"aws secretsmanager restore-secret --secret-id {secret_id}"
            return Finding("wrong", check, "is being deleted", fix)
    return None


def _missing(check: str, secret_id: str, names: tuple[str, ...]) -> Finding:
    # The stack's own has an address that CloudFormation chose; no other can take its place.
    if secret_id.startswith("arn:"):
        return Finding("wrong", check, "is missing: it was deleted", "deploy the stack under another name")
    return Finding("wrong", check, "is missing", create_secret(secret_id, *names))
