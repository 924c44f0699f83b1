"""The parts of a world, with the defaults that a small test wants."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sandbox.world.attempt_shape import DEFAULT_ARCHIVABLE_CODES, Attempts
from sandbox.world.list_shape import ContactList

#: Every scope that one of the five documents asks for.
ALL_SCOPES: tuple[str, ...] = (
    "outbound:call:read",
    "outbound:campaign:read",
    "outbound:campaign:write",
    "outbound:contact:write",
    "outbound:disposition:write",
    "omnichannel:campaigns:write",
    "omnichannel:campaigns:read",
    "omnichannel:contactlists:read",
    "omnichannel:webhooks:write",
    "analytics:read",
    "dialer:read",
    "dialer:write",
    "campaigns:read",
    "campaigns:write",
    "contacts:read",
    "contacts:write",
    "audit:read",
    "webhooks:read",
    "webhooks:write",
)

#: The ways in which a record can be unusable.
BAD_KINDS: tuple[str, ...] = (
    "without_code",
    "bad_start_time",
    "end_before_start",
    "not_an_object",
)

#: A mix that resembles a day of consumer dialling.
DEFAULT_CODES: Mapping[str, float] = {
    "NO_ANSWER": 38,
    "BUSY": 9,
    "NOT_INTERESTED": 17,
    "DISCONNECTED": 9,
    "CALLBACK_REQUESTED": 8,
    "INTERESTED": 7,
    "WRONG_NUMBER": 5,
    "APPOINTMENT_SET": 4,
    "CONVERTED": 3,
}


#: The outcomes that the dispositions document knows, and so the ones that a tenant takes.
DEFAULT_OUTCOME_CODES: tuple[str, ...] = (
    "INTERESTED",
    "NOT_INTERESTED",
    "CALLBACK_LATER",
    "DO_NOT_CALL",
    "NO_ANSWER",
    "BUSY",
)

#: What a campaign can be asked to be.
CAMPAIGN_STATUSES: tuple[str, ...] = ("ACTIVE", "PAUSED")

#: What a campaign is that somebody has ended. Assumption: the documents say neither how they are spelt nor
#: that a campaign which has ended may not be asked to dial again, so the tenant does as it is asked.
ENDED_STATUSES: tuple[str, ...] = ("COMPLETED", "STOPPING", "STOPPED", "ARCHIVED", "DISABLED")

# Assumption: a contact is tried three times, where a campaign does not say how many contacts it has.
_TRIES_PER_CONTACT = 3


@dataclass(frozen=True, slots=True)
class OAuthClient:
    """A registered client and the scopes that it may ask for."""

    client_id: str
    client_secret: str = field(repr=False)
    scopes: tuple[str, ...] = ALL_SCOPES


@dataclass(frozen=True, slots=True)
class Quota:
    """At most `limit` requests in any `seconds`; with `fixed` only in those that end at a multiple of them.

    No document says how CXone counts. A fixed window lets twice the limit pass around its end.
    """

    limit: int
    seconds: float
    fixed: bool = False


#: The limits that the documents name; None is no limit. `contacts` counts for each campaign.
#: `token` is off because no document gives a figure for the token calls.
DEFAULT_QUOTAS: Mapping[str, Quota | None] = {
    "outbound": Quota(100, 60),
    "campaigns": Quota(100, 60),
    "dialer": Quota(100, 60),
    "contacts": Quota(10, 1),
    "archive": Quota(100, 60),
    "token": None,
}


@dataclass(frozen=True, slots=True)
class TokenForm:
    """One way of asking for a token that a token path accepts."""

    encoding: str
    credentials: str
    scope_required: bool


#: The documents share a path and disagree on its form, so a path takes several.
DEFAULT_TOKEN_FORMS: Mapping[str, tuple[TokenForm, ...]] = {
    "/oauth/token": (
        TokenForm("form", "basic", scope_required=True),  # outcomes
        TokenForm("form", "body", scope_required=False),  # archive
        TokenForm("json", "body", scope_required=False),  # dialer
    ),
    "/api/v2/oauth/token": (TokenForm("form", "body", scope_required=True),),  # campaigns
    "/api/v1/oauth2/token": (TokenForm("form", "body", scope_required=True),),  # dispositions
}


@dataclass(frozen=True, slots=True)
class Campaign:
    """A campaign and the calls that it made from `start` until just before `end`.

    `codes` are weights; `inbound` and the values of `bad` are shares of all calls, and one call is
    at most one of these. `contacts` None is as many as its calls and attempts need. The share `busy`
    of them is on a call when the world begins, and goes on to the next dialer state every
    `state_seconds` (None: never). The campaign begins in `status`; pausing it takes `pause_seconds`
    (None: for ever).
    """

    id: str
    start: datetime
    end: datetime
    name: str = ""
    calls: int = 0
    agents: int = 20
    codes: Mapping[str, float] = field(default_factory=lambda: dict(DEFAULT_CODES))
    inbound: float = 0.0
    bad: Mapping[str, float] = field(default_factory=dict)
    queue_id: str = "default_outbound_queue"
    contacts: int | None = None
    busy: float = 0.0
    state_seconds: float | None = 5.0
    status: str = "ACTIVE"
    pause_seconds: float | None = 0
    attempts: Attempts = field(default_factory=Attempts)

    def __post_init__(self) -> None:
        """Refuse what could not be generated as asked."""
        if self.end <= self.start:
            raise ValueError(f"campaign {self.id}: to must be after from")
        if self.calls < 0 or self.agents < 1:
            raise ValueError(f"campaign {self.id}: calls from 0 and agents from 1")
        self._check_calls()
        self._check_contacts()
        if self.status not in (*CAMPAIGN_STATUSES, *ENDED_STATUSES):
            known = (*CAMPAIGN_STATUSES, *ENDED_STATUSES)
            raise ValueError(f"campaign {self.id}: status is one of {known}")
        if self.pause_seconds is not None and self.pause_seconds < 0:
            raise ValueError(f"campaign {self.id}: pause_seconds is from 0, or null for ever")

    def contact_count(self) -> int:
        """Return how many contacts the campaign has."""
        tries = max(self.calls, self.attempts.count)
        return -(-tries // _TRIES_PER_CONTACT) if self.contacts is None else self.contacts

    def _check_calls(self) -> None:
        if not self.codes or min(self.codes.values()) < 0 or sum(self.codes.values()) <= 0:
            raise ValueError(f"campaign {self.id}: codes need weights")
        if unknown := set(self.bad) - set(BAD_KINDS):
            raise ValueError(f"campaign {self.id}: no such bad kind {sorted(unknown)}")
        shares = (self.inbound, *self.bad.values())
        if min(shares) < 0 or sum(shares) > 1:
            raise ValueError(f"campaign {self.id}: shares are from 0 and at most 1 together")

    def _check_contacts(self) -> None:
        if self.contact_count() < (1 if self.calls or self.attempts.count else 0):
            raise ValueError(f"campaign {self.id}: calls and attempts need contacts")
        if not 0 <= self.busy <= 1:
            raise ValueError(f"campaign {self.id}: busy is a share from 0 to 1")
        if self.state_seconds is not None and self.state_seconds <= 0:
            raise ValueError(f"campaign {self.id}: state_seconds is above 0, or null for ever")


@dataclass(frozen=True, slots=True)
class World:
    """Everything that a sandbox is started with."""

    seed: int = 1
    clients: tuple[OAuthClient, ...] = (OAuthClient("bridge", "sandbox-only"),)
    quotas: Mapping[str, Quota | None] = field(default_factory=lambda: dict(DEFAULT_QUOTAS))
    campaigns: tuple[Campaign, ...] = ()
    contact_lists: tuple[ContactList, ...] = ()
    retention_days: float = 90
    token_lifetime: float = 3600
    grant_partial_scope: bool = False
    webhook_pause: float = 1.0
    outcome_codes: tuple[str, ...] = DEFAULT_OUTCOME_CODES
    archivable_codes: tuple[str, ...] = DEFAULT_ARCHIVABLE_CODES
    token_forms: Mapping[str, tuple[TokenForm, ...]] = field(
        default_factory=lambda: dict(DEFAULT_TOKEN_FORMS)
    )
    receivers: Mapping[str, tuple[str, ...]] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        """Refuse a world of which a part could not be told from another."""
        ids = [one.id for one in self.campaigns]
        if len(set(ids)) < len(ids):
            raise ValueError("two campaigns have the same id")
        for one in self.contact_lists:
            if one.campaign_id not in ids:
                raise ValueError(f"contact list {one.id}: there is no campaign {one.campaign_id}")

    def campaign(self, campaign_id: str) -> Campaign | None:
        """Return the campaign of that id, or None."""
        return next((one for one in self.campaigns if one.id == campaign_id), None)
