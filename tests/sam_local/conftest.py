"""A stack, a tenant and receivers that containers reach, with a campaign that the events are about."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from integration.listening import Listener
from local import Stack
from local.containers import reachable_host, write_environment
from local.stack import eventually
from sam_local.docker import missing
from sam_local.invoking import Functions
from sandbox.world import read_world
from scenario.cast import Cast, assembled
from scenario.steps import connect, register
from worlds.webhooks import SECRETS, SETTINGS

DASHBOARD_PASSWORD = "dashboard-password"
# The events are about a day that CXone has long forgotten by now, and this tenant has not.
_WORLD = {
    "retention_days": 3650,
    "campaigns": [
        {
            "id": "spring-renewals",
            "from": "2026-03-01T00:00:00Z",
            "to": "2026-03-02T00:00:00Z",
            "calls": 400,
        }
    ],
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run only when asked to, and where it can be."""
    mine = [item for item in items if Path(__file__).parent in item.path.parents]
    if not mine:
        return
    reason = missing() if os.environ.get("OUTBOUND_SAM_LOCAL") else "`make test-sam-local` runs it"
    for item in mine:
        item.add_marker(pytest.mark.sam_local)
        if reason:
            item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session")
def cast() -> Iterator[Cast]:
    """Everybody, where containers reach them; a pull is planned, and only a container takes it."""
    with assembled(read_world(_WORLD), reachable_host()) as cast:
        connect(cast, quota=True)
        cast.operator.configure("outcomes", {"retention_days": 3650})
        cast.operator.configure("dispositions", {"max_age_days": 365})
        register(cast)
        _let_senders_in(cast)
        _let_operators_in(cast)
        _keep_from_its_queue(cast.stack, "pull_outcomes")
        window = ("--from", "2026-03-01T00:00:00Z", "--to", "2026-03-01T06:00:00Z")
        cast.operator.run("outcomes", "pull", "spring-renewals", *window)
        eventually(lambda: cast.stack.queue_depth(cast.stack.outputs["PullOutcomesQueueUrl"]) == 1)
        yield cast


def _let_senders_in(cast: Cast) -> None:
    """Let in, on the stack, the senders that the events of the receivers are of."""
    secrets = cast.stack.client("secretsmanager")
    for sender, secret in SECRETS.items():
        value = {"SecretString": json.dumps({"secret": secret})}
        name = f"{cast.stack.name}/webhooks/{sender}"
        if sender == "cxone":
            secrets.put_secret_value(SecretId=name, **value)
        else:
            secrets.create_secret(Name=name, **value)
    cast.operator.configure("ingress", SETTINGS)


def _let_operators_in(cast: Cast) -> None:
    """Give the dashboard the password that its events have."""
    value = json.dumps({"token": DASHBOARD_PASSWORD})
    secrets = cast.stack.client("secretsmanager")
    secrets.put_secret_value(SecretId=cast.stack.outputs["DashboardSecret"], SecretString=value)


def _keep_from_its_queue(stack: Stack, function: str) -> None:
    lambdas = stack.client("lambda")
    mappings = lambdas.list_event_source_mappings(FunctionName=stack.physical(function))
    for mapping in mappings["EventSourceMappings"]:
        lambdas.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)


@pytest.fixture(scope="session")
def listener(cast: Cast) -> Listener:
    """Who hears every event from before the first container on."""
    return Listener(cast.stack)


@pytest.fixture(scope="session")
def environments(cast: Cast, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file with the environment of every function."""
    return write_environment(cast.stack, tmp_path_factory.mktemp("environment") / "env.json")


@pytest.fixture(scope="session")
def functions(cast: Cast, listener: Listener, environments: Path) -> Functions:
    """The functions of the template, to be invoked in containers."""
    return Functions(environments, cast.operator.environment)
