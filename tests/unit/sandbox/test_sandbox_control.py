"""The control calls tell the truth, and the processes start and stop when they should."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from sandbox import running
from sandbox.running import Tenant, running_tenant

Get = Callable[..., requests.Response]
OUTBOUND = "GET /api/v2/outbound/calls"
TESTS = Path(running.__file__).resolve().parents[1]


def test_requests_are_counted_by_call_and_status(tenant: Tenant, window: dict, get_calls: Get) -> None:
    get_calls(window)
    get_calls(window)
    get_calls({})
    requests.get(f"{tenant.url}/no/such/1", timeout=5)
    requests.get(f"{tenant.url}/no/such/2", timeout=5)
    stats = tenant.stats()
    assert stats.requests == {
        OUTBOUND: {"200": 2, "400": 1},
        "GET (no such call)": {"404": 2},
        "POST /oauth/token": {"200": 1},
    }
    assert (stats.count(OUTBOUND), stats.count(OUTBOUND, 400), stats.count("GET /x")) == (3, 1, 0)
    assert (stats.token_requests, stats.tokens_issued) == (1, 1)


def test_the_most_requests_at_once_are_counted(tenant: Tenant) -> None:
    tenant.add_fault({"delay": 0.3, "status": 200}, times=3)
    with ThreadPoolExecutor(3) as pool:
        answers = pool.map(lambda _: requests.get(f"{tenant.url}/x", timeout=5), range(3))
        assert [one.status_code for one in answers] == [200] * 3
    assert tenant.stats().most_at_once == 3


def test_the_request_log_shows_the_query_and_no_secret(
    tenant: Tenant, window: dict, new_token: Callable[..., str], get_calls: Get
) -> None:
    token = new_token()
    get_calls(window | {"access_token": token}, headers={"Authorization": f"Bearer {token}"})
    logged = tenant.requests()[-1]
    assert (logged.method, logged.path, logged.status) == ("GET", "/api/v2/outbound/calls", 400)
    assert "campaignId=camp-a" in logged.query
    assert abs(logged.arrived - time.time()) < 5
    assert token not in repr(tenant.requests())
    assert "sandbox-only" not in repr(tenant.requests())


def test_reset_goes_back_to_the_beginning(tenant: Tenant, window: dict, get_calls: Get) -> None:
    tenant.add_fault({"status": 500}, path="^/oauth", times=None)
    tenant.add_call("camp-a", {"id": "late", "startTime": window["startDateTime"]})
    assert get_calls(window).json()["calls"][0]["id"] == "late"
    tenant.reset()
    assert get_calls(window).status_code == 401
    stats = tenant.stats()
    assert (tenant.faults(), stats.tokens_issued, stats.quotas["outbound"].admitted) == ([], 0, 0)
    assert stats.requests == {OUTBOUND: {"401": 1}}


@pytest.mark.slow
def test_a_process_is_gone_after_its_block_even_with_a_request_under_way() -> None:
    with running_tenant() as tenant:
        tenant.add_fault({"delay": 60})
        with pytest.raises(requests.ReadTimeout):
            requests.get(f"{tenant.url}/x", timeout=0.2)
        begin = time.monotonic()
    assert time.monotonic() - begin < 5
    with pytest.raises(requests.ConnectionError):
        requests.get(f"{tenant.url}/_sandbox/health", timeout=5)


@pytest.mark.slow
def test_a_server_that_cannot_start_says_why() -> None:
    with running_tenant() as tenant:
        port = int(tenant.url.rpartition(":")[2])
        with pytest.raises(RuntimeError, match="in use"), running_tenant(port=port):
            pass


@pytest.mark.slow
def test_a_server_ends_with_the_process_that_started_it(tmp_path: Path) -> None:
    program = (
        "import sys, time; from sandbox.running import running_tenant\n"
        "with running_tenant() as tenant: print(tenant.url, flush=True); time.sleep(60)"
    )
    environment = {**os.environ, "PYTHONPATH": str(TESTS)}
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, env=environment
    ) as parent:
        assert parent.stdout is not None
        url = parent.stdout.readline().strip()
        assert requests.get(f"{url}/_sandbox/health", timeout=5).ok
        parent.send_signal(signal.SIGKILL)
    assert gone_within(url, seconds=5)


def gone_within(url: str, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            requests.get(f"{url}/_sandbox/health", timeout=1)
        except requests.ConnectionError:
            return True
        time.sleep(0.05)
    return False


@pytest.mark.slow
def test_the_command_announces_where_it_listens(tmp_path: Path) -> None:
    world, ready = tmp_path / "world.json", tmp_path / "ready.json"
    world.write_text(json.dumps({"token_lifetime": 17}))
    command = [sys.executable, "-m", "sandbox", "tenant", "--port", "0"]
    command += ["--world", str(world), "--ready-file", str(ready)]
    with subprocess.Popen(command, env={**os.environ, "PYTHONPATH": str(TESTS)}) as server:
        try:
            deadline = time.monotonic() + 20
            while not ready.exists() and time.monotonic() < deadline:
                time.sleep(0.02)
            url = json.loads(ready.read_text())["url"]
            form = {"grant_type": "client_credentials", "scope": "dialer:read"}
            auth = ("bridge", "sandbox-only")
            answer = requests.post(f"{url}/oauth/token", form, auth=auth, timeout=5)
            assert answer.json()["expires_in"] == 17
        finally:
            server.terminate()
