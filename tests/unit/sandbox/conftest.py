"""One tenant and one set of receivers for all tests of the sandbox, reset between them."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from archive_calls import token_of
from contact_calls import SCOPES as CONTACT_SCOPES

from sandbox.running import Receivers, Tenant, running_receivers, running_tenant
from sandbox.world import ODD_ATTEMPTS, World, read_world
from worlds.signed_webhooks import SCOPES as WEBHOOK_SCOPES
from worlds.signed_webhooks import Receiver, running_receiver

SCOPES = "outbound:call:read outbound:campaign:read"


@pytest.fixture(scope="session")
def tenant_process() -> Iterator[Tenant]:
    with running_tenant() as tenant:
        yield tenant


@pytest.fixture(scope="session")
def receivers_process() -> Iterator[Receivers]:
    with running_receivers() as receivers:
        yield receivers


@pytest.fixture
def world() -> World:
    """A world with every oddity in it; its times stay the same for the length of a test."""
    campaign: dict[str, Any] = {
        "id": "camp-a",
        "calls": 2500,
        "from": "-7d",
        "to": "-1h",
        "codes": {"CONVERTED": 3, "NO_ANSWER": 5, "NOT_INTERESTED": 4, "LEFT_PARCEL": 1},
        "inbound": 0.05,
        "bad": {
            "without_code": 0.02,
            "bad_start_time": 0.02,
            "end_before_start": 0.02,
            "not_an_object": 0.02,
        },
    }
    clients = [
        {"client_id": "bridge", "client_secret": "sandbox-only"},
        {"client_id": "narrow", "client_secret": "sandbox-too", "scopes": ["outbound:call:read"]},
    ]
    odd = dict.fromkeys((one for one in ODD_ATTEMPTS if one != "repeated"), 0.02)
    campaign["attempts"] = {"count": 1500, "odd": {**odd, "repeated": 0.05}}
    return read_world({"seed": 11, "campaigns": [campaign], "clients": clients})


@pytest.fixture
def tenant(tenant_process: Tenant, world: World) -> Tenant:
    tenant_process.reset()
    tenant_process.use_world(world)
    return tenant_process


@pytest.fixture
def receivers(receivers_process: Receivers) -> Receivers:
    receivers_process.reset()
    return receivers_process


@pytest.fixture
def window() -> dict[str, str]:
    """The parameters of a query for the last six days."""
    now = datetime.now(UTC).replace(microsecond=0)
    start = (now - timedelta(days=6)).isoformat()
    return {"campaignId": "camp-a", "startDateTime": start, "endDateTime": now.isoformat()}


@pytest.fixture
def new_token(tenant: Tenant) -> Callable[..., str]:
    def ask(client: tuple[str, str] = ("bridge", "sandbox-only"), scope: str = SCOPES) -> str:
        form = {"grant_type": "client_credentials", "scope": scope}
        answer = requests.post(f"{tenant.url}/oauth/token", data=form, auth=client, timeout=5)
        answer.raise_for_status()
        return str(answer.json()["access_token"])

    return ask


@pytest.fixture
def get_calls(tenant: Tenant, new_token: Callable[..., str]) -> Callable[..., requests.Response]:
    """Returns a call of GET /api/v2/outbound/calls with a valid token and any parameters."""
    headers = {"Authorization": f"Bearer {new_token()}"}
    session = requests.Session()

    def get(params: Any, **options: Any) -> requests.Response:
        url = f"{tenant.url}/api/v2/outbound/calls"
        return session.get(url, params=params, **{"headers": headers, "timeout": 5, **options})

    return get


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Somebody who receives webhooks."""
    with running_receiver() as receiver:
        yield receiver


@pytest.fixture
def quick(tenant: Tenant) -> Tenant:
    """A tenant that waits a twentieth of a second before it sends a webhook again."""
    tenant.use_world(replace(tenant.world, webhook_pause=0.05))
    return tenant


@pytest.fixture
def call(quick: Tenant, new_token: Callable[..., str]) -> Callable[..., requests.Response]:
    """Returns any call of that tenant with a token that may register webhooks."""
    headers = {"Authorization": f"Bearer {new_token(scope=WEBHOOK_SCOPES)}"}

    def call(method: str, path: str, json: Any = None, **options: Any) -> requests.Response:
        url = quick.url + path
        return requests.request(method, url, json=json, **{"headers": headers, "timeout": 5, **options})

    return call


@pytest.fixture
def contacts_call(tenant: Tenant, new_token: Callable[..., str]) -> Callable[..., requests.Response]:
    """Returns any call with a token that may write dispositions, of a tenant without that quota."""
    tenant.use_world(replace(tenant.world, quotas={**tenant.world.quotas, "contacts": None}))
    form = {"grant_type": "client_credentials", "client_id": "bridge", "client_secret": "sandbox-only"}
    answer = requests.post(f"{tenant.url}/api/v1/oauth2/token", {**form, "scope": CONTACT_SCOPES}, timeout=5)
    headers = {"Authorization": f"Bearer {answer.json()['access_token']}"}

    def call(method: str, path: str, json: Any = None, **options: Any) -> requests.Response:
        given = {"json": json, "headers": headers, "timeout": 10, **options}
        return requests.request(method, tenant.url + path, **given)

    return call


@pytest.fixture
def archive_call(tenant: Tenant) -> Callable[..., requests.Response]:
    """Returns any call with the token of the archive's document, which asks for no scope."""
    quotas = {**tenant.world.quotas, "archive": None, "campaigns": None}
    tenant.use_world(replace(tenant.world, quotas=quotas))
    headers = {"Authorization": f"Bearer {token_of(tenant)}"}

    def call(method: str, path: str, json: Any = None, **options: Any) -> requests.Response:
        given = {"json": json, "headers": headers, "timeout": 10, **options}
        return requests.request(method, tenant.url + path, **given)

    return call
