"""What is wrong with a settings document although its form is right: checked when it is put, not at night.

A function believes the document that is in force. These checks ask what only an operator's machine knows:
whether names lead anywhere, and whether credentials would travel in the clear.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from outbound.archive.settings import ArchiveSettings
from outbound.cli.stack import Stack
from outbound.clock import parse_time
from outbound.cxone.settings import BUDGETS, SURFACES, CxoneSettings
from outbound.deliveries.bodies import best_match
from outbound.deliveries.settings import PACKAGED, DeliverySettings
from outbound.events.catalogue import CATALOGUE
from outbound.webhooks.mapping import BadMapping, check_mapping
from outbound.webhooks.settings import Providers
from outbound.webhooks.signatures.verifier import LONGEST_WINDOW


def objections(settings: Any, stack: Stack) -> list[str]:
    """Return what is wrong with settings of any capability, each as `field: what`."""
    check = _CHECKS.get(type(settings))
    return list(check(settings, stack)) if check else []


def _cxone(settings: CxoneSettings, _: Stack) -> Iterator[str]:
    yield from _unknown("surfaces", settings.surfaces, SURFACES)
    yield from _unknown("budgets", settings.budgets, BUDGETS)
    for name in sorted(set(settings.surfaces) & set(SURFACES)):
        surface = settings.surface(name)
        yield from _insecure(f"surfaces.{name}.base_url", surface.base_url)
        yield from _insecure(f"surfaces.{name}.token.url", surface.token.url)


def _deliveries(settings: DeliverySettings, _: Stack) -> Iterator[str]:
    yield from _unknown("destinations", settings.destinations, PACKAGED)
    for name, destination in settings.destinations.items():
        if not destination.url:
            continue
        place = f"destinations.{name}"
        if destination.url.startswith("http:") and not destination.allow_insecure:
            yield f"{place}.url: is not encrypted; use https://, or set allow_insecure for a test"
        yield from _undeliverable(f"{place}.event_types", destination.event_types)
        yield from _undeliverable(f"{place}.bodies", destination.bodies)


def _undeliverable(place: str, patterns: Iterable[str]) -> Iterator[str]:
    """Object to patterns that fit no event of the catalogue which a destination is ever told of."""
    facts = [contract.event_type.value for contract in CATALOGUE.values() if contract.is_delivered]
    for pattern in patterns:
        if not any(best_match(fact, [pattern]) for fact in facts):
            known = ", ".join(sorted(facts))
            yield f"{place}: {pattern!r} fits no event that is delivered; use some of {known}"


def _archiving(settings: ArchiveSettings, stack: Stack) -> Iterator[str]:
    for place in ("campaigns", "except_campaigns"):
        for campaign_id in sorted(getattr(settings, place) - {"*"}):
            if stack.registry.get(campaign_id) is None:
                known = f"outbound campaigns register {campaign_id}"
                yield f"{place}: {campaign_id!r} is not registered; use: {known}"


def _ingress(settings: Providers, _: Stack) -> Iterator[str]:
    if settings.public_base_url:
        yield from _insecure("public_base_url", settings.public_base_url)
    for provider in (settings.cxone, *settings.providers.values()):
        if provider is None:
            continue
        until = provider.callback_verification_until
        if until and parse_time(until) > datetime.now(UTC) + LONGEST_WINDOW:
            place = f"providers.{provider.name}.callback_verification_until"
            yield f"{place}: is more than four hours away, and a callback has to be verified within four"
        try:
            # Receivers do without JMESPath, so their model does not look into mappings.
            check_mapping(provider)
        except BadMapping as bad:
            yield f"providers.{bad}"


def _unknown(place: str, given: Mapping[str, Any], known: Collection[str]) -> Iterator[str]:
    for name in given:
        if name not in known:
            yield f"{place}.{name}: is not known here; use one of {', '.join(sorted(known))}"


def _insecure(place: str, url: str) -> Iterator[str]:
    """Object to plain http, unless it stays on this machine or in a private network."""
    parts = urlsplit(url)
    if parts.scheme != "https" and not _is_private(parts.hostname or ""):
        yield f"{place}: is not encrypted; use https:// (http is for private addresses alone)"


def _is_private(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return False


_CHECKS: dict[type, Callable[[Any, Stack], Iterator[str]]] = {
    ArchiveSettings: _archiving,
    CxoneSettings: _cxone,
    DeliverySettings: _deliveries,
    Providers: _ingress,
}
