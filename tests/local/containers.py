"""How a Docker container reaches the stack: the address to listen on, and the file for `sam local`.

`sam local invoke --env-vars FILE` gives a function its environment. Here that is the deployed function's
own, so a function in a container works on the very tables, queues and buckets of the running stack.
"""

from __future__ import annotations

import json
import subprocess
from ipaddress import ip_network
from pathlib import Path

from local.emulator import LOOPBACK, free_port
from local.places import LOCAL
from local.stack import Stack

ENVIRONMENT_FILE = LOCAL / "env.json"
"""What `sam local invoke --env-vars` is to be given while `make up` is running."""

# Docker Desktop runs containers in a machine of its own, which knows this one by that name alone.
_DESKTOP = "host.docker.internal"
# Docker leaves the gateway out where it is the usual one: the network's first address.
_GATEWAY = "{{range .IPAM.Config}}{{or .Gateway .Subnet}} {{end}}"


def reachable_host() -> str:
    """Return the address of this machine that containers reach, too, and loopback where there is none."""
    gateway = _gateway()
    try:
        free_port(gateway)
    except OSError:
        return LOOPBACK
    return gateway


def write_environment(stack: Stack, file: Path = ENVIRONMENT_FILE) -> Path:
    """Write the environment of every function, by its name in the template."""
    functions = stack.client("lambda")
    known = {
        logical: functions.get_function_configuration(FunctionName=physical)["Environment"]["Variables"]
        for logical, physical in _functions(stack).items()
    }
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(known, indent=2).replace(f"//{LOOPBACK}:", f"//{_DESKTOP}:"))
    return file


def _functions(stack: Stack) -> dict[str, str]:
    pages = (
        stack.client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=stack.name)
    )
    return {
        resource["LogicalResourceId"]: resource["PhysicalResourceId"]
        for page in pages
        for resource in page["StackResourceSummaries"]
        if resource["ResourceType"] == "AWS::Lambda::Function"
    }


def _gateway() -> str:
    command = ["docker", "network", "inspect", "bridge", "--format", _GATEWAY]
    try:
        asked = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return LOOPBACK
    found = asked.stdout.split() or [LOOPBACK]
    return str(ip_network(found[0])[1]) if "/" in found[0] else found[0]
