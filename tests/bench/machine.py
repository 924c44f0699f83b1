"""What else the machine does meanwhile: a ratio of times is only as good as the machine was quiet."""

from __future__ import annotations

import resource
from types import TracebackType
from typing import Self

import psutil


class Others:
    """The share of the processors' time that processes which are not ours take while the block lasts."""

    share = 0.0

    def __enter__(self) -> Self:
        self._before = _busy(), _own(), _all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        busy, own, every = (
            now - then for now, then in zip((_busy(), _own(), _all()), self._before, strict=True)
        )
        self.share = max(0.0, busy - own) / every if every else 0.0


def _all() -> float:
    # A guest's time is part of the user's.
    times = psutil.cpu_times()._asdict()
    return sum(seconds for kind, seconds in times.items() if not kind.startswith("guest"))


def _busy() -> float:
    times = psutil.cpu_times()
    return _all() - times.idle - getattr(times, "iowait", 0.0)


def _own() -> float:
    """The time of this process and of all that it started, ended or not."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = ended.ru_utime + ended.ru_stime
    this = psutil.Process()
    for process in (this, *this.children(recursive=True)):
        times = process.cpu_times()
        seconds += times.user + times.system
    return seconds
