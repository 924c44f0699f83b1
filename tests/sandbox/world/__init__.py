"""What exists in a sandbox, and what a faithful client must therefore find."""

from sandbox.world.calls import CampaignCalls
from sandbox.world.contacts import BLOCKED_STATES, agents_of, contacts_of
from sandbox.world.expected import KNOWN_CODES, Expected, expected, expected_ids
from sandbox.world.moments import iso, moment, parse_time
from sandbox.world.shape import (
    ALL_SCOPES,
    BAD_KINDS,
    DEFAULT_OUTCOME_CODES,
    DEFAULT_QUOTAS,
    DEFAULT_TOKEN_FORMS,
    Campaign,
    OAuthClient,
    Quota,
    World,
)
from sandbox.world.worldfile import read_world, write_world

__all__ = [
    "ALL_SCOPES",
    "BAD_KINDS",
    "BLOCKED_STATES",
    "DEFAULT_OUTCOME_CODES",
    "DEFAULT_QUOTAS",
    "DEFAULT_TOKEN_FORMS",
    "KNOWN_CODES",
    "Campaign",
    "CampaignCalls",
    "Expected",
    "OAuthClient",
    "Quota",
    "World",
    "agents_of",
    "contacts_of",
    "expected",
    "expected_ids",
    "iso",
    "moment",
    "parse_time",
    "read_world",
    "write_world",
]
