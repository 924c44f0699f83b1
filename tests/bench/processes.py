"""Fresh processes that see what a function on Lambda sees, each running one piece of `bench.inside`."""

from __future__ import annotations

import json
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from tempfile import NamedTemporaryFile
from types import TracebackType
from typing import Any, Self

from local.places import LAMBDA_PYTHON, clean_environment

_INSIDE = Path(__file__).with_name("inside")
# Nothing that is measured here takes longer; a process that hangs must not hang the run.
_LONGEST_SECONDS = 300.0
_POLL_SECONDS = 0.01


class PieceFailed(RuntimeError):
    """A piece did not end well; the message is the end of what it printed."""


class Process:
    """A piece under way in a process of its own."""

    def __init__(
        self, piece: str, path: Sequence[str], environment: Mapping[str, str], given: Mapping[str, Any]
    ) -> None:
        self._output = NamedTemporaryFile()  # noqa: SIM115 - closed with the process
        document = json.dumps({"piece": piece, "path": list(path), **given})
        self._process = subprocess.Popen(
            [LAMBDA_PYTHON, "-I", "-B", _INSIDE, document],
            env=clean_environment(**environment),
            stdin=subprocess.PIPE,
            stdout=self._output,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._watchdog = threading.Timer(_LONGEST_SECONDS, self._process.kill)
        self._watchdog.daemon = True
        self._watchdog.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self._watchdog.cancel()
        self._process.kill()
        self._process.wait()
        self._output.close()

    def wait_until_ready(self) -> None:
        """Wait until everything is prepared for the work."""
        while "ready\n" not in self._said():
            if self._process.poll() is not None:
                raise PieceFailed(self._said()[-2000:])
            time.sleep(_POLL_SECONDS)

    def go(self) -> None:
        """Let the work begin."""
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()

    def answer(self) -> Any:
        """Wait for the end of the work and give what came of it."""
        if self._process.wait() != 0:
            raise PieceFailed(self._said()[-2000:])
        return json.loads(self._said().splitlines()[-1])

    def _said(self) -> str:
        return Path(self._output.name).read_text()


def run(piece: str, path: Sequence[str], environment: Mapping[str, str], **given: Any) -> Any:
    """Run a piece in one process and give what came of it."""
    (answer,) = run_at_once(1, piece, path, environment, **given)
    return answer


def run_at_once(
    count: int, piece: str, path: Sequence[str], environment: Mapping[str, str], **given: Any
) -> list[Any]:
    """Run a piece in so many processes, all of which begin when the last one is ready; give their answers."""
    with ExitStack() as running:
        processes = [running.enter_context(Process(piece, path, environment, given)) for _ in range(count)]
        for process in processes:
            process.wait_until_ready()
        for process in processes:
            process.go()
        return [process.answer() for process in processes]
