"""Webhooks on the platform API: registered as documented, checked before an answer is believed."""

from __future__ import annotations

import json
from typing import Any

import pytest

from outbound.cxone.errors import Forbidden, InvalidRequest, Unavailable, UnexpectedAnswer
from outbound.cxone.platform.subscriptions import PlatformSubscriptions
from outbound.cxone.ports.subscriptions import Subscribed, Topic
from outbound.cxone.settings import SURFACES
from sandbox.running import Tenant
from worlds.aws import AwsWorld, FakeClock
from worlds.cxone import Access, Reply, ScriptedCxone
from worlds.runtime import WorldRuntime
from worlds.subscriptions import DIALER_HOST, HOOK, configure, surfaces_at, wanted

CAMPAIGNS, DIALER = "/api/v2/omnichannel/webhooks", "/api/v1/integrations/webhooks"
IN_CAMPAIGNS_FORM = {
    "name": "outbound campaigns",
    "callbackUrl": HOOK,
    "events": ["omnichannel.campaign.metrics.update", "omnichannel.campaign.state.change"],
    "enabled": True,
    "headers": {
        "X-Webhook-Source": "outbound-bridge/outbound",
        "X-Webhook-Secret": "hush",
        "Authorization": "Bearer hush",
    },
}
IN_DIALER_FORM = {
    "name": "outbound dialer",
    "url": HOOK,
    "events": ["dialer.settings.updated", "dialer.campaign.activated"],
    "auth": {"type": "bearer", "token": "hush"},
    "retryPolicy": {"maxRetries": 3, "backoffMultiplier": 2, "timeoutSec": 10},
}


@pytest.fixture
def port(aws: AwsWorld, clock: FakeClock, cxone: ScriptedCxone) -> PlatformSubscriptions:
    surface = {"base_url": cxone.url, "token": {"url": f"{cxone.url}/oauth/token"}}
    access = Access(aws, clock, cxone.url, surfaces={"campaigns": surface, "dialer": surface})
    return PlatformSubscriptions(access.http)


@pytest.mark.parametrize(
    ("topic", "path", "body"),
    [("campaigns", CAMPAIGNS, IN_CAMPAIGNS_FORM), ("dialer", DIALER, IN_DIALER_FORM)],
)
def test_a_webhook_is_registered_and_replaced_in_the_form_of_its_surface(
    port: PlatformSubscriptions, cxone: ScriptedCxone, topic: Topic, path: str, body: dict[str, Any]
) -> None:
    cxone.answers = [Reply(201, {"id": "wh-1"}), Reply(200, {"id": "wh-1"}), Reply(204, b"")]

    assert port.register(wanted(topic)) == "wh-1"
    port.replace("wh-1", wanted(topic))
    port.remove("wh-1", topic)

    asked = [(one.method, one.path) for one in cxone.asked]
    assert asked == [("POST", path), ("PUT", f"{path}/wh-1"), ("DELETE", f"{path}/wh-1")]
    assert [json.loads(one.body) for one in cxone.asked[:2]] == [body, body]


def _answered(form: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {"id": "wh-1", "createdTime": "2026-03-10T12:00:00Z", **form, **changes}


@pytest.mark.parametrize(
    ("topic", "shown", "as_wanted"),
    [
        ("campaigns", _answered(IN_CAMPAIGNS_FORM), True),
        ("campaigns", _answered(IN_CAMPAIGNS_FORM, events=IN_CAMPAIGNS_FORM["events"][::-1]), True),
        ("campaigns", _answered(IN_CAMPAIGNS_FORM, events=IN_CAMPAIGNS_FORM["events"][:1]), False),
        ("campaigns", _answered(IN_CAMPAIGNS_FORM, events=None), False),
        ("campaigns", _answered(IN_CAMPAIGNS_FORM, enabled=False), False),
        ("campaigns", _answered(IN_CAMPAIGNS_FORM, callbackUrl="https://elsewhere.example.com"), False),
        ("campaigns", _answered(IN_CAMPAIGNS_FORM, headers={}), False),
        ("campaigns", _answered(IN_CAMPAIGNS_FORM, headers=None), False),
        (
            "campaigns",
            _answered(IN_CAMPAIGNS_FORM, headers={"X-Webhook-Source": "outbound-bridge/outbound"}),
            True,
        ),
        (
            "campaigns",
            _answered(IN_CAMPAIGNS_FORM, headers=dict.fromkeys(IN_CAMPAIGNS_FORM["headers"], "other")),
            False,
        ),
        ("dialer", _answered(IN_DIALER_FORM), True),
        ("dialer", _answered(IN_DIALER_FORM, auth={"type": "bearer"}), True),
        ("dialer", _answered(IN_DIALER_FORM, auth={"type": "bearer", "token": "*****"}), True),
        ("dialer", _answered(IN_DIALER_FORM, auth={"type": "bearer", "token": "another"}), False),
        ("dialer", _answered(IN_DIALER_FORM, auth={"type": "basic"}), False),
        ("dialer", _answered(IN_DIALER_FORM, retryPolicy={"maxRetries": 3}), False),
    ],
)
def test_what_is_shown_is_compared_and_what_is_hidden_is_not_guessed(
    port: PlatformSubscriptions, cxone: ScriptedCxone, topic: Topic, shown: dict[str, Any], as_wanted: bool
) -> None:
    others = [{"id": "wh-2", "name": "somebody else's"}, None, "text", {"id": 7}]
    cxone.answers = [Reply(body={"webhooks": [*others, shown]})]

    assert port.find(wanted(topic)) == [Subscribed("wh-1", as_wanted)]


@pytest.mark.parametrize("body", [[], None, {}, {"webhooks": None}, {"webhooks": {}}, {"items": []}])
def test_an_answer_of_the_wrong_shape_is_no_empty_list(
    port: PlatformSubscriptions, cxone: ScriptedCxone, body: Any
) -> None:
    cxone.answers = [Reply(body=body)]

    with pytest.raises(UnexpectedAnswer, match="without a list 'webhooks'"):
        port.find(wanted())


@pytest.mark.parametrize("webhook_id", [None, "", 7, "../campaigns", "a/b", "ä", "x" * 129])
def test_an_id_that_cannot_stand_in_a_path_is_not_believed(
    port: PlatformSubscriptions, cxone: ScriptedCxone, webhook_id: Any
) -> None:
    cxone.answers = [Reply(201, {"id": webhook_id})]

    with pytest.raises(UnexpectedAnswer, match="no usable id"):
        port.register(wanted())


def test_a_registration_whose_answer_is_lost_is_not_repeated(
    port: PlatformSubscriptions, cxone: ScriptedCxone
) -> None:
    cxone.answers = [Reply(cut="before"), Reply(201, {"id": "wh-1"})]

    with pytest.raises(Unavailable):
        port.register(wanted())
    assert len(cxone.asked) == 1


def test_what_is_away_already_is_removed(port: PlatformSubscriptions, cxone: ScriptedCxone) -> None:
    cxone.answers = [Reply(404, {"error": "not_found"})]

    port.remove("wh-1", "dialer")
    assert len(cxone.asked) == 1


def test_neither_secret_nor_url_of_a_webhook_shows_in_its_text() -> None:
    assert "hush" not in repr(wanted())


# Against the sandbox tenant, which checks what it is asked.


@pytest.fixture
def at_the_tenant(aws: AwsWorld, clock: FakeClock, tenant_process: Tenant) -> Any:
    configure(aws, tenant_process.url)
    return WorldRuntime(aws, clock).ports.subscriptions


@pytest.mark.parametrize("topic", ["campaigns", "dialer"])
def test_the_tenant_takes_what_is_registered_with_the_packaged_settings(
    at_the_tenant: Any, tenant_process: Tenant, topic: Topic
) -> None:
    subscription_id = at_the_tenant.register(wanted(topic))

    assert at_the_tenant.find(wanted(topic)) == [Subscribed(subscription_id, True)]
    assert at_the_tenant.find(wanted(topic, url="https://new.example.com")) == [
        Subscribed(subscription_id, False)
    ]
    at_the_tenant.replace(subscription_id, wanted(topic, url="https://new.example.com"))
    assert [one.url for one in tenant_process.webhooks()] == ["https://new.example.com"]
    at_the_tenant.remove(subscription_id, topic)
    at_the_tenant.remove(subscription_id, topic)
    assert at_the_tenant.find(wanted(topic)) == []
    assert tenant_process.stats().token_requests == 1


def test_each_surface_has_a_token_of_its_own(at_the_tenant: Any, tenant_process: Tenant) -> None:
    for topic in ("campaigns", "dialer", "campaigns", "dialer"):
        at_the_tenant.find(wanted(topic))

    stats = tenant_process.stats()
    assert stats.count("POST /api/v2/oauth/token", 200) == 1
    assert stats.count("POST /oauth/token", 200) == 1


def test_a_field_that_the_tenant_refuses_is_named(at_the_tenant: Any) -> None:
    with pytest.raises(InvalidRequest, match="callbackUrl"):
        at_the_tenant.register(wanted(url="no address"))


@pytest.mark.parametrize(
    ("topic", "lacks"), [("campaigns", "omnichannel:webhooks:write"), ("dialer", "webhooks:write")]
)
def test_a_client_without_the_scope_is_told_which(
    aws: AwsWorld, clock: FakeClock, tenant_process: Tenant, topic: Topic, lacks: str
) -> None:
    scopes = [scope for scope in SURFACES[topic].token.scopes if scope != lacks]
    client = {"client_id": "bridge", "client_secret": "sandbox-only", "scopes": scopes}
    tenant_process.use_world({"clients": [client]})
    configure(aws, tenant_process.url)

    with pytest.raises(Forbidden) as caught:
        WorldRuntime(aws, clock).ports.subscriptions.find(wanted(topic))
    assert lacks in caught.value.scopes


def test_the_packaged_surfaces_are_those_of_the_documents() -> None:
    dialer, campaigns = SURFACES["dialer"], SURFACES["campaigns"]

    assert (dialer.base_url, dialer.token.url) == (DIALER_HOST, f"{DIALER_HOST}/oauth/token")
    assert (dialer.token.body, dialer.token.send_scopes, dialer.token.early_seconds) == ("json", False, 300)
    assert campaigns.token.url == "https://api.cxone.com/api/v2/oauth/token"
    assert (campaigns.token.body, campaigns.token.credentials) == ("form", "body")
    assert (campaigns.token.send_scopes, campaigns.token.early_seconds) == (True, 60)
    assert "https://" not in json.dumps(surfaces_at("http://sandbox"))
