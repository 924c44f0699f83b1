"""Where the time of each thread goes, looked up several hundred times a second.

A profiler that hooks into every call would double the cost of the calls that are made once a record, and see
one thread only. A thread that looks would be let in only where the others rest, so a signal interrupts: it is
handled between two steps of the main thread, wherever that is.
"""

import signal
import sys
import threading
import time
from collections import Counter

_EVERY_SECONDS = 0.002
_PROJECT = "/python/outbound/"


class Sampler:
    """Samples all threads while the block lasts; to be used in the main thread."""

    def __init__(self) -> None:
        self._counts: dict[str, Counter[str]] = {}
        self._last = 0.0

    def __enter__(self):
        self._last = time.perf_counter()
        signal.signal(signal.SIGALRM, self._sample)
        signal.setitimer(signal.ITIMER_REAL, _EVERY_SECONDS, _EVERY_SECONDS)
        return self

    def __exit__(self, *error) -> None:
        signal.setitimer(signal.ITIMER_REAL, 0)

    def seconds(self):
        """Give each thread's seconds by where they were spent, most first."""
        return {thread: dict(counts.most_common()) for thread, counts in self._counts.items()}

    def _sample(self, number, interrupted) -> None:
        # A sample stands for the time since the one before it: some come late.
        now = time.perf_counter()
        elapsed, self._last = now - self._last, now
        frames = sys._current_frames() | {threading.get_ident(): interrupted}
        for thread in threading.enumerate():
            place = _place(frames.get(thread.ident))
            if place:
                self._counts.setdefault(thread.name, Counter())[place] += elapsed


def _place(frame) -> str:
    """Name the project's innermost function of a stack, and the library that it waits for."""
    library = ""
    while frame is not None:
        file = frame.f_code.co_filename
        if _PROJECT in file:
            module = file.rpartition(_PROJECT)[2].removesuffix(".py").replace("/", ".")
            return f"{module} > {library}" if library else f"{module}.{_function(frame)}"
        library = _library(file)
        frame = frame.f_back
    return ""


def _function(frame) -> str:
    """The function's name; a comprehension belongs to the function around it."""
    while frame.f_code.co_name.startswith("<") and frame.f_back is not None:
        frame = frame.f_back
    return frame.f_code.co_name


def _library(file: str) -> str:
    installed = file.partition("/site-packages/")[2] or file.rpartition("/python/")[2]
    standard = file.rpartition("/lib/python3.")[2].partition("/")[2]
    return (installed or standard).partition("/")[0].removesuffix(".py")
