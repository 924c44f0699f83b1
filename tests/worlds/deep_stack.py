"""Room for deep calls: Python's stack of frames grows, and shrinks, by 16 KB that the system maps each time.

Moto is called some eighty frames deep. Where a loop of its happens to lie at the border of two pieces, every
turn maps and unmaps one: a quarter of all time of a test of crashes was the kernel's.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

# A frame that does not fit gets a piece of 32, 64, 128 KB, ...: one of a little more than 512 KB is put into
# one of a megabyte, and leaves nearly half of it to the frames above, some thousands.
_SLOTS = 70_000


def on_deep_stack(call: Callable[[], T]) -> T:
    """Return what a call returns; frames above this one need no memory of the system."""
    return call()


on_deep_stack.__code__ = on_deep_stack.__code__.replace(co_stacksize=_SLOTS)
