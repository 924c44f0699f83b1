"""Where a stack listens, so that containers reach it."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from local.containers import reachable_host, write_environment


@pytest.fixture
def docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A `docker` that says what it is told to: `docker("172.17.0.1")`."""
    monkeypatch.setenv("PATH", str(tmp_path))

    def says(text: str, code: int = 0) -> None:
        program = tmp_path / "docker"
        program.write_text(f"#!/bin/sh\necho '{text}'\nexit {code}\n")
        program.chmod(0o755)

    return says


def test_a_stack_listens_where_docker_s_bridge_meets_this_machine(docker: Any) -> None:
    docker("127.0.0.7 ")
    assert reachable_host() == "127.0.0.7"


def test_the_bridge_begins_with_this_machine_where_docker_names_the_network_alone(docker: Any) -> None:
    docker("127.8.0.0/16 ")
    assert reachable_host() == "127.8.0.1"


@pytest.mark.parametrize("said", ["", "192.0.2.1 ", "127.0.0.1"])
def test_a_stack_listens_to_this_machine_alone_where_the_bridge_is_not_on_it(docker: Any, said: str) -> None:
    docker(said, code=0 if said else 1)
    assert reachable_host() == "127.0.0.1"


def test_without_docker_a_stack_listens_to_this_machine_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert reachable_host() == "127.0.0.1"


def test_the_environments_are_those_of_the_deployed_functions_as_containers_see_them(tmp_path: Path) -> None:
    found = [
        {
            "LogicalResourceId": "Sweep",
            "PhysicalResourceId": "o-sweep",
            "ResourceType": "AWS::Lambda::Function",
        },
        {"LogicalResourceId": "Bus", "PhysicalResourceId": "o", "ResourceType": "AWS::Events::EventBus"},
    ]
    variables = {"AWS_ENDPOINT_URL": "http://127.0.0.1:4566", "TENANT": "main"}
    pages = SimpleNamespace(paginate=lambda **_: [{"StackResourceSummaries": found}])
    clients = {
        "cloudformation": SimpleNamespace(get_paginator=lambda _: pages),
        "lambda": SimpleNamespace(
            get_function_configuration=lambda **_: {"Environment": {"Variables": variables}}
        ),
    }
    stack: Any = SimpleNamespace(name="o", client=clients.__getitem__)
    file = write_environment(stack, tmp_path / "new" / "env.json")
    assert json.loads(file.read_text()) == {
        "Sweep": {"AWS_ENDPOINT_URL": "http://host.docker.internal:4566", "TENANT": "main"}
    }
