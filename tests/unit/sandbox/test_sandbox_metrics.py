"""Metrics follow a script: what a window holds is counted, and follows from the script alone."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from sandbox.running import Tenant, running_tenant
from sandbox.world.metrics_script import STAGES, MetricsScript, Stage, read_script

PATH = "/api/v2/omnichannel/campaigns/spring"
SCOPES = "analytics:read omnichannel:campaigns:read omnichannel:campaigns:write omnichannel:webhooks:write"
Call = Callable[..., requests.Response]


@pytest.fixture(scope="module")
def metrics_tenant() -> Iterator[Tenant]:
    spring = {"id": "spring", "name": "Spring", "from": "-2h", "to": "-1h", "pause_seconds": 0.2}
    with running_tenant({"campaigns": [spring], "quotas": {"campaigns": None}}) as tenant:
        yield tenant


@pytest.fixture
def tenant(metrics_tenant: Tenant) -> Tenant:
    metrics_tenant.reset()
    return metrics_tenant


@pytest.fixture
def call(tenant: Tenant) -> Call:
    client = tenant.world.clients[0]
    fields = {"grant_type": "client_credentials", "scope": SCOPES}
    answer = requests.post(
        f"{tenant.url}/oauth/token", fields, auth=(client.client_id, client.client_secret), timeout=5
    )
    headers = {"Authorization": f"Bearer {answer.json()['access_token']}"}

    def send(method: str, path: str, body: Any = None, **params: Any) -> requests.Response:
        return requests.request(
            method, f"{tenant.url}{path}", json=body, params=params, headers=headers, timeout=5
        )

    return send


def test_a_campaign_that_was_never_measured_has_no_metrics(call: Call) -> None:
    assert call("GET", f"{PATH}/metrics").status_code == 204
    assert call("GET", "/api/v2/omnichannel/campaigns/none/metrics").status_code == 404


@pytest.mark.slow
def test_a_healthy_campaign_names_its_counts(tenant: Tenant, call: Call) -> None:
    tenant.follow_script("spring", "healthy", speed=600)
    time.sleep(1)
    said = call("GET", f"{PATH}/metrics", windowMinutes=60).json()
    assert said["totalCalls"] >= 600
    assert said["successRate"] == pytest.approx(0.25, abs=0.02)
    assert said["abandonedCalls"] <= said["answeredCalls"] <= said["totalCalls"]
    assert (said["activeCalls"], said["agentsWorking"]) == (12, 8)
    assert said["windowEnd"] == said["lastUpdated"]


@pytest.mark.slow
def test_a_paused_campaign_makes_no_calls_but_those_of_its_agents(tenant: Tenant, call: Call) -> None:
    tenant.set_campaign_status("spring", "PAUSED")
    tenant.follow_script("spring", "healthy", speed=600)
    time.sleep(0.2)
    said = call("GET", f"{PATH}/metrics").json()
    assert (said["totalCalls"], said["activeCalls"], said.get("successRate")) == (0, 0, None)
    tenant.follow_script("spring", "recovery", speed=600)
    time.sleep(0.5)
    assert call("GET", f"{PATH}/metrics").json()["totalCalls"] >= 200


@pytest.mark.slow
def test_silence_leaves_what_was_measured_last(tenant: Tenant, call: Call) -> None:
    tenant.follow_script("spring", {"name": "healthy", "seconds": 0.3}, "silence", speed=60)
    time.sleep(0.6)
    first = call("GET", f"{PATH}/metrics").json()
    time.sleep(0.3)
    assert call("GET", f"{PATH}/metrics").json() == first


def test_counts_may_be_missing(tenant: Tenant, call: Call) -> None:
    tenant.follow_script("spring", "counts_missing", speed=600)
    time.sleep(0.3)
    said = call("GET", f"{PATH}/metrics").json()
    assert 0 < said["successRate"] < 1
    assert not {"totalCalls", "successfulCalls", "answeredCalls", "abandonedCalls"} & set(said)


@pytest.mark.parametrize(
    ("query", "field"), [({"windowMinutes": 0}, "windowMinutes"), ({"window": 5}, "window")]
)
def test_odd_queries_are_refused(call: Call, query: dict[str, Any], field: str) -> None:
    answer = call("GET", f"{PATH}/metrics", **query)
    assert (answer.status_code, answer.json()["field"]) == (400, field)


@pytest.mark.slow
def test_states_are_sent_while_a_pause_takes_its_time(tenant: Tenant, call: Call) -> None:
    events = ["omnichannel.campaign.metrics.update", "omnichannel.campaign.state.change"]
    webhook = {"name": "all", "callbackUrl": f"{tenant.url}/nowhere", "events": events, "enabled": True}
    assert call("POST", "/api/v2/omnichannel/webhooks", webhook).status_code in (200, 201)
    tenant.announce_states("spring")
    assert call("PUT", PATH, {"status": "paused"}).json()["status"] == "pausing"
    time.sleep(0.4)
    tenant.follow_script("spring", "healthy")
    assert tenant.emit_metrics("spring") == 1
    (sent,) = tenant.sent_webhooks()
    assert sent.acknowledged + sent.failed == 3


@given(
    st.lists(st.sampled_from(sorted(STAGES)), min_size=1, max_size=4),
    st.lists(st.floats(0, 500), min_size=3, max_size=3).map(sorted),
)
def test_windows_that_meet_add_up(names: list[str], moments: list[float]) -> None:
    stages = [{"name": name, "seconds": 60} for name in names]
    script = read_script({"stages": stages, "speed": 2}, 0.0)
    start, middle, end = moments
    dialled = [(0.0, 200.0), (300.0, 1000.0)]
    one, two, whole = (
        script.counts(*window, dialled) for window in ((start, middle), (middle, end), (start, end))
    )
    assert one.calls + two.calls == whole.calls
    assert one.successes + two.successes == whole.successes
    assert 0 <= whole.abandoned <= whole.answered + 1
    assert script.counts(start, end, []).calls <= whole.calls


def test_stages_follow_each_other_and_the_last_goes_on() -> None:
    script = MetricsScript(100.0, (Stage(seconds=10), Stage(seconds=10, silent=True), Stage(agents=1)))
    assert [script.measured_at(at) for at in (99, 105, 115, 125)] == [None, 105, 110, 125]
    assert script.stage_at(1e6).agents == 1


@pytest.mark.parametrize(
    "document",
    [
        {"stages": []},
        {"stages": [{"name": "healthy"}], "speed": 0},
        {"stages": [{"name": "none"}]},
        {"stages": [{"succes": 0.1}]},
        {"stages": [{"success": 1.1}]},
        {"stages": [{"seconds": 0}]},
        {"stages": [{}], "more": 1},
    ],
)
def test_a_script_that_cannot_be_played_is_refused(tenant: Tenant, document: dict[str, Any]) -> None:
    answer = requests.put(f"{tenant.url}/_sandbox/campaigns/spring/metrics", json=document, timeout=5)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_control")
