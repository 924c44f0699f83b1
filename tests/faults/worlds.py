"""Fresh worlds for a check, made in some hundredths of a second each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TypeVar

from moto.core.models import MockAWS

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
