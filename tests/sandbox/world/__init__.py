"""What exists in a sandbox, and what a faithful client must therefore find."""

from sandbox.world.attempt_shape import DEFAULT_ARCHIVABLE_CODES, ODD_ATTEMPTS, Attempts
from sandbox.world.attempts import CampaignAttempts, archivable_ids, attempt_kinds
from sandbox.world.calls import CampaignCalls
from sandbox.world.contacts import BLOCKED_STATES, agents_of, contacts_of
from sandbox.world.expected import KNOWN_CODES, Expected, expected, expected_ids
from sandbox.world.list_shape import ContactList
from sandbox.world.listed_contacts import ListedContacts, listed_contacts
from sandbox.world.moments import iso, moment, parse_time
from sandbox.world.shape import (
    ALL_SCOPES,
    BAD_KINDS,
    CAMPAIGN_STATUSES,
    DEFAULT_OUTCOME_CODES,
    DEFAULT_QUOTAS,
    DEFAULT_TOKEN_FORMS,
    ENDED_STATUSES,
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
    "CAMPAIGN_STATUSES",
    "DEFAULT_ARCHIVABLE_CODES",
    "DEFAULT_OUTCOME_CODES",
    "DEFAULT_QUOTAS",
    "DEFAULT_TOKEN_FORMS",
    "ENDED_STATUSES",
    "KNOWN_CODES",
    "ODD_ATTEMPTS",
    "Attempts",
    "Campaign",
    "CampaignAttempts",
    "CampaignCalls",
    "ContactList",
    "Expected",
    "ListedContacts",
    "OAuthClient",
    "Quota",
    "World",
    "agents_of",
    "archivable_ids",
    "attempt_kinds",
    "contacts_of",
    "expected",
    "expected_ids",
    "iso",
    "listed_contacts",
    "moment",
    "parse_time",
    "read_world",
    "write_world",
]
