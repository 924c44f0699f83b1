"""The world as a JSON document, read strictly: a misspelt setting is not a silent default."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sandbox.world.attempt_shape import Attempts
from sandbox.world.list_shape import ContactList
from sandbox.world.moments import iso, moment
from sandbox.world.shape import (
    ALL_SCOPES,
    DEFAULT_QUOTAS,
    DEFAULT_TOKEN_FORMS,
    Campaign,
    OAuthClient,
    Quota,
    TokenForm,
    World,
)

Document = Mapping[str, Any]

_PLAIN = ("seed", "retention_days", "token_lifetime", "grant_partial_scope", "webhook_pause")
_CAMPAIGN_PLAIN = (
    "id",
    "name",
    "calls",
    "agents",
    "codes",
    "inbound",
    "bad",
    "queue_id",
    "contacts",
    "busy",
    "state_seconds",
    "status",
    "pause_seconds",
)
_LIST = ("id", "campaign_id", "contacts", "consent", "zoned", "confirmed", "attempted", "attributes")
_ATTEMPTS = ("count", "outcomes", "odd", "archive_seconds")
_PARTS = ("clients", "quotas", "campaigns", "contact_lists", "token_forms", "receivers")
_TUPLES = ("outcome_codes", "archivable_codes")


def read_world(document: Document, now: datetime | None = None) -> World:
    """Return the world of a document, its relative times resolved against `now`.

    Raises ValueError for a key that means nothing, a time that cannot be read, or a campaign
    that cannot be generated.
    """
    now = (now or datetime.now(UTC)).replace(microsecond=0)
    _only(document, (*_PLAIN, *_TUPLES, *_PARTS))
    parts: dict[str, Any] = {key: document[key] for key in _PLAIN if key in document}
    parts |= {key: tuple(document[key]) for key in _TUPLES if key in document}
    if "clients" in document:
        parts["clients"] = tuple(_client(one) for one in document["clients"])
    _only(document.get("quotas", {}), tuple(DEFAULT_QUOTAS))
    quotas = {name: _quota(one) for name, one in document.get("quotas", {}).items()}
    _only(document.get("token_forms", {}), tuple(DEFAULT_TOKEN_FORMS))
    forms = {path: _forms(rows) for path, rows in document.get("token_forms", {}).items()}
    return World(
        quotas={**DEFAULT_QUOTAS, **quotas},
        campaigns=tuple(_campaign(one, now) for one in document.get("campaigns", ())),
        contact_lists=tuple(_contact_list(one) for one in document.get("contact_lists", ())),
        token_forms={**DEFAULT_TOKEN_FORMS, **forms},
        receivers={name: tuple(keys) for name, keys in document.get("receivers", {}).items()},
        **parts,
    )


def write_world(world: World) -> dict[str, Any]:
    """Return the document that reads back as exactly `world`, at any time."""
    return {
        **{key: getattr(world, key) for key in _PLAIN},
        **{key: list(getattr(world, key)) for key in _TUPLES},
        "clients": [
            {"client_id": c.client_id, "client_secret": c.client_secret, "scopes": list(c.scopes)}
            for c in world.clients
        ],
        "quotas": {
            name: quota and {"limit": quota.limit, "seconds": quota.seconds, "fixed": quota.fixed}
            for name, quota in world.quotas.items()
        },
        "campaigns": [_campaign_document(one) for one in world.campaigns],
        "contact_lists": [{key: getattr(one, key) for key in _LIST} for one in world.contact_lists],
        "token_forms": {
            path: [
                {"encoding": f.encoding, "credentials": f.credentials, "scope": f.scope_required}
                for f in forms
            ]
            for path, forms in world.token_forms.items()
        },
        "receivers": {name: list(keys) for name, keys in world.receivers.items()},
    }


def _campaign_document(campaign: Campaign) -> dict[str, Any]:
    plain = {key: getattr(campaign, key) for key in _CAMPAIGN_PLAIN}
    attempts = {key: getattr(campaign.attempts, key) for key in _ATTEMPTS}
    return {**plain, "from": iso(campaign.start), "to": iso(campaign.end), "attempts": attempts}


def _campaign(document: Document, now: datetime) -> Campaign:
    _only(document, (*_CAMPAIGN_PLAIN, "from", "to", "attempts"))
    plain = {key: document[key] for key in _CAMPAIGN_PLAIN if key in document}
    _only(document.get("attempts", {}), _ATTEMPTS)
    plain["attempts"] = Attempts(**document.get("attempts", {}))
    start, end = (moment(document[key], now) for key in ("from", "to"))
    # Calls start on whole seconds, as in the documents' example.
    return Campaign(start=start.replace(microsecond=0), end=end.replace(microsecond=0), **plain)


def _contact_list(document: Document) -> ContactList:
    _only(document, _LIST)
    return ContactList(**document)


def _client(document: Document) -> OAuthClient:
    _only(document, ("client_id", "client_secret", "scopes"))
    scopes = tuple(document.get("scopes", ALL_SCOPES))
    return OAuthClient(document["client_id"], document["client_secret"], scopes)


def _quota(document: Document | None) -> Quota | None:
    if document is None:
        return None
    _only(document, ("limit", "seconds", "fixed"))
    return Quota(document["limit"], document["seconds"], document.get("fixed", False))


def _forms(rows: list[Document]) -> tuple[TokenForm, ...]:
    for row in rows:
        _only(row, ("encoding", "credentials", "scope"))
    return tuple(TokenForm(row["encoding"], row["credentials"], row["scope"]) for row in rows)


def _only(document: Document, keys: tuple[str, ...]) -> None:
    if unknown := set(document) - set(keys):
        raise ValueError(f"unknown settings in the world: {sorted(unknown)}")
