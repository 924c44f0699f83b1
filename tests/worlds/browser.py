"""A headless Chromium, where there is one: Debian's own, or what CHROMIUM names."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_INSTALL = "apt-get install chromium"


def chromium() -> str:
    """Return the path of Chromium, empty where there is none."""
    named = os.environ.get("CHROMIUM", "")
    return named or next((found for name in _NAMES if (found := shutil.which(name))), "")


def missing() -> str:
    """Return what a test in a browser lacks, with what to type, empty where nothing is missing."""
    if not find_spec("playwright") or not find_spec("axe_playwright_python"):
        return "playwright and axe are not installed: make environments"
    return "" if chromium() else f"there is no Chromium: {_INSTALL}"


@contextmanager
def browser() -> Iterator[Any]:
    """Have a browser."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        # Chromium's own sandbox does not work for root in a container; it opens our own page alone.
        opened = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        try:
            yield opened
        finally:
            opened.close()
