"""Functions die: at random, at any moment, without a word; for a while, as often as once a second."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random

from local import Emulator

SECONDS = 45.0
_EVERY_SECONDS = 1.0


@dataclass
class Chaos:
    """Kills functions until its time is up or it is stopped."""

    emulator: Emulator
    seconds: float
    random: Random
    kills: int = 0
    _stop: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        """Kill a function's process, and another a moment later."""
        for _ in range(int(self.seconds / _EVERY_SECONDS)):
            if self._stop.wait(_EVERY_SECONDS):
                return
            running = self.emulator.function_processes()
            if running:
                self.kills += kill(self.random.choice(running))

    def stop(self) -> None:
        """Kill no more."""
        self._stop.set()


def kill(pid: int) -> bool:
    """Kill a process as nothing can be prepared for, and say whether it was there."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True


@contextmanager
def chaos(emulator: Emulator, seconds: float = SECONDS, seed: int | None = None) -> Iterator[Chaos]:
    """Kill functions at random beside what the block does, for so long or until the block ends."""
    killing = Chaos(emulator, seconds, Random(seed))
    thread = threading.Thread(target=killing.run, daemon=True)
    thread.start()
    try:
        yield killing
    finally:
        killing.stop()
        thread.join(timeout=10)
