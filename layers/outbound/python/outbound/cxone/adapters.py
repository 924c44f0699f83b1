"""The one place where the adapter is chosen: the stack parameter `CxoneApi` picks it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import boto3

from outbound.clock import Clock, SystemClock
from outbound.cxone.auth import Tokens
from outbound.cxone.http import CxoneHttp
from outbound.cxone.platform.attempts import PlatformAttempts
from outbound.cxone.platform.campaigns import PlatformCampaigns
from outbound.cxone.platform.dispositions import PlatformDispositions
from outbound.cxone.platform.outcomes import PlatformOutcomes
from outbound.cxone.platform.subscriptions import PlatformSubscriptions
from outbound.cxone.ports import (
    AttemptsPort,
    CampaignsPort,
    DispositionsPort,
    OutcomesPort,
    SubscriptionsPort,
)
from outbound.cxone.quota import Budgets
from outbound.cxone.settings import CxoneSettings
from outbound.secrets import Secrets
from outbound.settings import AWS_CLIENT, ConfigurationError, Documents, tenant, variable
from outbound.store.table import Table


@dataclass(frozen=True, slots=True)
class Cxone:
    """CXone as the capabilities see it: the ports, and the session whose deadline they set."""

    http: CxoneHttp
    outcomes: OutcomesPort
    subscriptions: SubscriptionsPort
    dispositions: DispositionsPort
    campaigns: CampaignsPort
    attempts: AttemptsPort


def connect(clock: Clock | None = None) -> Cxone:
    """Give access to the tenant that the environment names.

    Makes no call: tokens and settings are fetched when they are first needed.
    """
    clock = clock or SystemClock()
    documents = Documents.from_environment(clock)
    settings = partial(documents.get, "cxone", CxoneSettings)
    table = Table(boto3.client("dynamodb", config=AWS_CLIENT), variable("TOKEN_TABLE"))
    secrets = Secrets(boto3.client("secretsmanager", config=AWS_CLIENT), clock)
    tokens = Tokens(table, tenant(), secrets, variable("CXONE_SECRET"), settings, clock)
    return assemble(tokens, Budgets(table, tenant(), clock), settings, clock, variable("CXONE_API"))


def assemble(
    tokens: Tokens, budgets: Budgets, settings: Callable[[], CxoneSettings], clock: Clock, api: str
) -> Cxone:
    """Return the ports of an API, over one session. Raises ConfigurationError where there is no such API."""
    if api != "platform":
        raise ConfigurationError(
            f"CxoneApi is {api!r}: outcomes, subscriptions, dispositions, campaigns and attempts are"
            " available on 'platform'"
        )
    http = CxoneHttp(tokens, budgets, settings, clock)
    return Cxone(
        http,
        PlatformOutcomes(http),
        PlatformSubscriptions(http),
        PlatformDispositions(http),
        PlatformCampaigns(http),
        PlatformAttempts(http),
    )
