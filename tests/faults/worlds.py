"""Fresh worlds for a check, made in some hundredths of a second each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol, TypeVar

from moto.core.models import MockAWS

from faults.checking import until_quiet
from faults.redelivery import QueueTrigger
from worlds.aws import AwsWorld, FakeClock
from worlds.quick_moto import quick_aws

W = TypeVar("W")


def fresh(build: Callable[[AwsWorld, FakeClock], W]) -> Callable[[], AbstractContextManager[W]]:
    """Make the `make_world` of a check: each world has AWS resources and a clock of its own."""

    @contextmanager
    def make() -> Iterator[W]:
        if MockAWS._mocks_active:
            raise RuntimeError("a check makes its own worlds in moto: leave out the fixture `aws`")
        with quick_aws():
            yield build(AwsWorld(), FakeClock())

    return make


class QueueWorld(Protocol):
    """A world with one function behind a queue."""

    clock: FakeClock
    trigger: QueueTrigger

    def start_afresh(self) -> object:
        """Begin a new process, which remembers nothing."""

    def sweep(self) -> int:
        """Finish what was left undone; give how much that was."""


def work_off_a_batch(world: QueueWorld) -> None:
    """The `work` of a check: one life of the function."""
    world.trigger.poll()


def recover(world: QueueWorld) -> None:
    """The `recover` of a check: leases end, messages come back, the sweeper runs, until it is quiet."""
    world.clock.advance(minutes=15)
    world.start_afresh()
    for _ in range(10):
        world.trigger.let_time_pass()
        world.clock.advance(minutes=15)
        if not world.trigger.poll():
            break
    until_quiet(world.sweep)
