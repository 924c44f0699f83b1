"""Checks that the compiled libraries of a folder can be loaded where the C library is of a given version.

    python check_glibc.py 2.26 FOLDER

A library names the versions of the C library that it needs (`GLIBC_2.28`); the loader refuses it where one is
missing, and a function would not start.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

Version = tuple[int, ...]

_NEEDED = re.compile(rb"GLIBC_(\d+(?:\.\d+)+)")


def needed(library: bytes) -> Version:
    """Return the newest version of the C library that a compiled library asks for; () if it asks for none."""
    return max((_version(found.decode()) for found in _NEEDED.findall(library)), default=())


def too_new(folder: Path, glibc: Version) -> Iterator[str]:
    """Yield a sentence about each library that cannot be loaded with this C library."""
    for path in sorted(folder.rglob("*.so*")):
        if (wants := needed(path.read_bytes())) > glibc:
            yield f"{path.relative_to(folder)} needs glibc {_text(wants)}, and the runtime has {_text(glibc)}"


def _version(text: str) -> Version:
    return tuple(map(int, text.split(".")))


def _text(version: Version) -> str:
    return ".".join(map(str, version))


if __name__ == "__main__":
    sentences = list(too_new(Path(sys.argv[2]), _version(sys.argv[1])))
    sys.exit("\n".join(sentences) or None)
