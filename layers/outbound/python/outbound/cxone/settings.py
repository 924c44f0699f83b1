"""What is configured about CXone: hosts, token requests and budgets, per surface.

A surface is one part of the API as its documentation describes it. They disagree on hosts, token
URLs and the form of the token request, so all of that is data. The document is
`/<stack>/config/cxone`; what it leaves out is as here. Packaged hosts differ by `region` and `instance`.
"""

from __future__ import annotations

import re
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from outbound.complaints import described

Api = Literal["platform", "acd"]


def _checked_url(url: str) -> str:
    """Refuse what is not a URL, or has credentials in it, which would show up in messages."""
    parts = urlsplit(url)
    if parts.scheme not in ("https", "http") or not parts.hostname:
        raise ValueError("a URL begins with https:// and a host")
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise ValueError("a URL here has no credentials, no query and no fragment")
    if set(_PLACEHOLDER.findall(url)) - {"{region}", "{instance}"}:
        raise ValueError("a URL here may have {region} and {instance} in braces, and nothing else")
    return url


_PLACEHOLDER = re.compile(r"\{[^}]*\}?")
_HOST_PART = described(
    r"^[a-z0-9](-?[a-z0-9]){0,39}$", "1 to 40 small letters and digits, with single hyphens between them"
)
HostPart = Annotated[str, Field(pattern=_HOST_PART)]
Url = Annotated[str, AfterValidator(_checked_url)]


class _Strict(BaseModel):
    """A misspelt setting is an error, not a setting without effect."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class TokenRequest(_Strict):
    """How a surface hands out tokens (OAuth 2.0 client credentials)."""

    url: Url = Field(description="where tokens are asked for; may have {region} and {instance} in it")
    body: Literal["form", "json"] = Field("form", description="the form of the request's body")
    credentials: Literal["basic", "body"] = Field(
        "body", description="client id and secret in a Basic header, or in the body"
    )
    scopes: tuple[str, ...] = Field((), description="that the surface's calls need, and a token must have")
    send_scopes: bool = Field(True, description="name the scopes in the request")
    early_seconds: int = Field(60, ge=0, description="refresh that long before the token expires")
    assumed_lifetime_seconds: int = Field(300, ge=1, description="used where the answer names no expires_in")


class Surface(_Strict):
    """One part of the API: where it is and how to get in."""

    base_url: Annotated[Url, AfterValidator(lambda url: url.rstrip("/"))] = Field(
        description="what calls begin with; may have {region} and {instance} in it"
    )
    token: TokenRequest = Field(description="how tokens are asked for")


class Budget(_Strict):
    """A quota of the tenant that all functions share."""

    calls: int = Field(ge=1, description="so many in any window")
    per_seconds: float = Field(gt=0, description="the length of the window")
    reserved: float = Field(0.0, ge=0, lt=1, description="share kept for calls of high priority")
    per_campaign: bool = Field(False, description="each campaign has such a quota of its own")
    jitter_seconds: float = Field(
        0.0, ge=0, description="how much later than it left a call may arrive without being one too many"
    )
    enforced: bool = Field(True, description="false: calls leave uncounted, for tests")

    @model_validator(mode="after")
    def _two_priorities_need_two_calls(self) -> Budget:
        if self.reserved and self.calls < 2:
            raise ValueError("a quota of one call cannot be shared by two priorities: leave out reserved")
        return self


class CxoneSettings(_Strict):
    """All settings of the access to CXone."""

    region: HostPart = Field("na1", description="stands for {region} in hosts: na1, eu1, uk1, au1, ca1, jp1")
    instance: HostPart = Field("api", description="stands for {instance} in hosts: the tenant's own")
    surfaces: dict[str, Surface] = Field(
        default_factory=lambda: dict(SURFACES), description="parts of the API: hosts and token requests"
    )
    budgets: dict[str, Budget] = Field(
        default_factory=lambda: dict(BUDGETS), description="quotas of the tenant, shared by all functions"
    )
    connect_timeout_seconds: float = Field(3.05, gt=0, description="until a connection stands")
    read_timeout_seconds: float = Field(30, gt=0, description="until an answer comes")
    max_tries: int = Field(4, ge=1, le=10, description="of a call that may be repeated")
    max_retry_after_seconds: int = Field(120, ge=1, description="a longer Retry-After is clamped to this")

    def surface(self, name: str) -> Surface:
        """Return a surface's settings, with region and instance filled into its hosts."""
        surface = self.surfaces.get(name) or SURFACES[name]
        urls = surface.base_url, surface.token.url
        base_url, token_url = (self._filled(url) for url in urls)
        if (base_url, token_url) == urls:
            return surface
        token = surface.token.model_copy(update={"url": token_url})
        return surface.model_copy(update={"base_url": base_url, "token": token})

    def _filled(self, url: str) -> str:
        return url.replace("{region}", self.region).replace("{instance}", self.instance)

    def budget(self, name: str) -> Budget:
        """Return a budget's settings: the document's, else the packaged ones."""
        return self.budgets.get(name) or BUDGETS[name]


SURFACES: dict[str, Surface] = {
    "outcomes": Surface(
        base_url="https://api.nicecxone.com",
        token=TokenRequest(
            url="https://login.nicecxone.com/oauth/token",
            credentials="basic",
            scopes=("outbound:call:read", "outbound:campaign:read"),
        ),
    ),
    "campaigns": Surface(
        base_url="https://api.cxone.com",
        token=TokenRequest(
            url="https://api.cxone.com/api/v2/oauth/token",
            scopes=(
                "omnichannel:campaigns:write",
                "omnichannel:campaigns:read",
                "omnichannel:contactlists:read",
                "omnichannel:webhooks:write",
                "analytics:read",
            ),
        ),
    ),
    "dispositions": Surface(
        base_url="https://{instance}.niceincontact.com",
        token=TokenRequest(
            url="https://{instance}.niceincontact.com/api/v1/oauth2/token",
            scopes=("outbound:campaign:write", "outbound:contact:write", "outbound:disposition:write"),
        ),
    ),
    # The document leaves the region open: every part of it is a setting. Its token request names no scopes.
    "archive": Surface(
        base_url="https://api.{region}.nicecxone.com",
        token=TokenRequest(
            url="https://api.{region}.nicecxone.com/oauth/token",
            scopes=("campaigns:write", "contacts:write", "analytics:read"),
            send_scopes=False,
        ),
    ),
    # Grants what the client may do, without being told; what is granted is checked against these.
    "dialer": Surface(
        base_url="https://platform.nicecxone.com",
        token=TokenRequest(
            url="https://platform.nicecxone.com/oauth/token",
            body="json",
            scopes=(
                "dialer:read",
                "dialer:write",
                "campaigns:read",
                "campaigns:write",
                "analytics:read",
                "audit:read",
                "webhooks:read",
                "webhooks:write",
            ),
            send_scopes=False,
            early_seconds=300,
        ),
    ),
}

# The one table of quotas. Nothing on the outbound quota is urgent; a pause or a rollback on the
# campaigns' and the dialer's is, and finds a tenth of the quota kept free for it.
BUDGETS: dict[str, Budget] = {
    "outbound": Budget(calls=100, per_seconds=60),
    "campaigns": Budget(calls=100, per_seconds=60, reserved=0.1),
    "dialer": Budget(calls=100, per_seconds=60, reserved=0.1),
    # A second is short: calls that bunch up by some tens of milliseconds are more than ten in one.
    "contacts": Budget(calls=10, per_seconds=1, per_campaign=True, jitter_seconds=0.06),
    "archive": Budget(calls=100, per_seconds=60),
}
