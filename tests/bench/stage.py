"""What figures are measured on: an AWS emulator with the stack's resources in it, and sandbox tenants."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from local import running_emulator
from local.places import ROOT_CREDENTIALS
from sandbox.running import Tenant, running_tenant
from worlds.aws import ENVIRONMENT, AwsWorld

if TYPE_CHECKING:
    from worlds.outcomes import PullWorld


class Stage:
    """Set up as far as the figures ask for it, and taken down at the end.

    `full` asks for the sizes and times of the design where a figure usually takes less.
    """

    def __init__(self, *, full: bool = False) -> None:
        self.full = full
        self._up = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self._up.close()

    @cached_property
    def environment(self) -> dict[str, str]:
        """What tells a function, and this process, where its resources are; policies are not enforced."""
        self._emulator = emulator = self._up.enter_context(running_emulator(policies=False))
        found = {**ENVIRONMENT, **ROOT_CREDENTIALS, "AWS_ENDPOINT_URL": emulator.endpoint}
        # The project's own package reads it here as well, where jobs are planned.
        os.environ.update(found)
        return found

    def emulator_cpu_seconds(self) -> float:
        """Return the processor time that the emulator has taken so far; 0 where the system does not tell."""
        try:
            told = Path(f"/proc/{self._emulator.process.pid}/stat").read_text()
        except FileNotFoundError:
            return 0.0
        # Behind the command's name, which may have blanks: user's and system's ticks are 12th and 13th.
        ticks = told.rpartition(")")[2].split()[11:13]
        return sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")

    @cached_property
    def aws(self) -> AwsWorld:
        """The stack's tables, buckets, queues and secrets."""
        assert self.environment
        return AwsWorld()

    @contextmanager
    def tenant(self, world: Mapping[str, Any]) -> Iterator[tuple[Tenant, PullWorld]]:
        """Run a tenant with the stack pointed at it, for as long as the block lasts."""
        aws = self.aws
        # Only now: what is imported there reads the environment.
        from outbound.clock import SystemClock
        from worlds.outcomes import PullWorld

        with running_tenant(world) as tenant:
            yield tenant, PullWorld(aws, tenant, SystemClock())

    def configure(self, capability: str, document: Mapping[str, Any]) -> None:
        """Put a settings document in force."""
        name = f"/{ENVIRONMENT['STACK_NAME']}/config/{capability}"
        self.aws.ssm.put_parameter(Name=name, Type="String", Overwrite=True, Value=json.dumps(document))
