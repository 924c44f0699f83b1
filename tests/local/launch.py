"""Starts MiniStack inside its own environment, with what its settings do not offer.

Run by `local.emulator` with the emulator's Python, never imported by anything else.
"""

import hashlib
import os
import queue
import select
import signal
import sys
import tempfile
import threading
import zipfile
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from ministack.app import main as serve
from ministack.core import iam_evaluator, lambda_runtime
from ministack.services import apigateway_v1, eventbridge, lambda_svc, scheduler


def die_with_parent() -> None:
    """End this process when its parent is gone, however that went: the parent holds our standard input."""
    sys.stdin.read()
    os.kill(os.getpid(), signal.SIGTERM)


def run_functions_on(python: str) -> None:
    """Run functions with a Python that has what Lambda's has, not with the emulator's own packages."""
    detect = lambda_runtime._detect_runtime_binary

    def binary(runtime: str) -> tuple[str, str]:
        found, script = detect(runtime)
        return (python if runtime.startswith("python") else found), script

    lambda_runtime._detect_runtime_binary = binary


def ask_for_the_permissions_that_aws_asks_for() -> None:
    """Let the batch calls of SQS need what they need on AWS: there are no actions of their own."""
    enforce = iam_evaluator.enforce

    def as_on_aws(access_key: str, action: str, *rest: Any, **named: Any) -> Any:
        if action.startswith("sqs:"):
            action = action.removesuffix("Batch")
        return enforce(access_key, action, *rest, **named)

    iam_evaluator.enforce = as_on_aws


def read_numbers_given_as_parameters() -> None:
    """Take a concurrency that is a parameter of the template for the number that it is: they are all text."""
    allowed = lambda_svc._sqs_esm_concurrency

    def as_number(esm: dict[str, Any], *rest: Any, **named: Any) -> int:
        scaling = esm.get("ScalingConfig") or {}
        if "MaximumConcurrency" in scaling:
            scaling["MaximumConcurrency"] = int(scaling["MaximumConcurrency"])
        return allowed(esm, *rest, **named)

    lambda_svc._sqs_esm_concurrency = as_number


def read_rest_apis_whole() -> None:
    """Take from an OpenAPI document what API Gateway takes: a method for all, bytes, its own answers."""
    put_operation, read_document = apigateway_v1._import_operation, apigateway_v1._import_rest_api

    def operation(api: str, resource: str, method: str, *rest: Any, **named: Any) -> Any:
        method = "ANY" if method.lower() == "x-amazon-apigateway-any-method" else method
        return put_operation(api, resource, method, *rest, **named)

    def document(spec: dict[str, Any], base: dict[str, Any] | None = None) -> Any:
        binary = spec.get("x-amazon-apigateway-binary-media-types", [])
        api = read_document(spec, {**(base or {}), "binaryMediaTypes": binary})
        for kind, answer in spec.get("x-amazon-apigateway-gateway-responses", {}).items():
            apigateway_v1._put_gateway_response(api, kind, answer)
        return api

    apigateway_v1._OPENAPI_HTTP_METHODS.add("x-amazon-apigateway-any-method")
    apigateway_v1._import_operation, apigateway_v1._import_rest_api = operation, document


class SharedLayers(zipfile.ZipFile):
    """Unpacks a layer once for the processes of all functions: thousands of files, which they only read."""

    _one_at_a_time = threading.Lock()

    def namelist(self) -> list[str]:
        """Name the topmost folders alone: they stand for what is in them."""
        return sorted({name.split("/", 1)[0] for name in super().namelist()})

    def extractall(self, path: str) -> None:
        """Unpack the zip, a layer by links into what was unpacked before."""
        place = Path(path)
        if not place.name.startswith("layer_"):
            super().extractall(path, super().namelist())
            return
        for entry in self._unpacked().iterdir():
            (place / entry.name).symlink_to(entry)

    def _unpacked(self) -> Path:
        digest = hashlib.sha256(Path(str(self.filename)).read_bytes()).hexdigest()
        shared = Path(tempfile.gettempdir(), "layers", digest)
        with self._one_at_a_time:
            if not shared.exists():
                unfinished = shared.with_suffix(".unfinished")
                super().extractall(unfinished, super().namelist())
                unfinished.rename(shared)
        return shared


def share_layers() -> None:
    """Let functions start as fast as if their layers lay there already, as in Lambda they do."""
    lambda_runtime.zipfile = SimpleNamespace(
        ZipFile=SharedLayers, BadZipFile=zipfile.BadZipFile, LargeFileError=zipfile.LargeZipFile
    )


class Logs:
    """What a function's process writes beside its answers, kept without losing a line.

    The emulator waits a few milliseconds for it once the answer is there; on a busy machine the end of it
    comes later than that. Here the caller reads the pipe itself: what was written before the answer is in
    it.
    """

    def __init__(self, pipe: Any, lines: queue.Queue[str]) -> None:
        """Read this pipe into this queue of lines."""
        self._pipe = pipe
        self._lines = lines
        self._one_at_a_time = threading.Lock()
        self._unfinished = b""
        self._ended = False

    def follow(self) -> None:
        """Read until the pipe ends, so that it never fills up."""
        while not self._ended:
            select.select([self._pipe], [], [])
            self.read_what_is_there()

    def read_what_is_there(self) -> None:
        """Read all that was written so far."""
        with self._one_at_a_time:
            while not self._ended and select.select([self._pipe], [], [], 0)[0]:
                piece = os.read(self._pipe.fileno(), 65_536)
                self._ended = not piece
                *lines, self._unfinished = (self._unfinished + piece).split(b"\n")
                for line in lines:
                    self._lines.put(line.decode(errors="replace"))


def keep_every_line_of_the_logs() -> None:
    """Hand CloudWatch what a function wrote before it answered, all of it, with that invocation."""
    worker = lambda_runtime.Worker

    def follow(self: Any) -> None:
        self.logs = Logs(self._proc.stderr, self._stderr_queue)
        with suppress(OSError, ValueError):
            self.logs.follow()

    def drain(self: Any, **_: float) -> str:
        if logs := getattr(self, "logs", None):
            with suppress(OSError, ValueError):
                logs.read_what_is_there()
        return str(self._drain_stderr())

    worker._read_stderr, worker._drain_stderr_bounded = follow, drain


def main() -> None:
    """Serve until told to stop."""
    threading.Thread(target=die_with_parent, daemon=True).start()
    run_functions_on(os.environ.pop("FUNCTION_PYTHON"))
    ask_for_the_permissions_that_aws_asks_for()
    read_numbers_given_as_parameters()
    read_rest_apis_whole()
    share_layers()
    keep_every_line_of_the_logs()
    # Schedules are looked at every ten seconds otherwise, which is most of a test's time.
    scheduler._SCHEDULE_TICK_INTERVAL = 1
    eventbridge._SCHEDULER_TICK_INTERVAL = 1
    sys.argv = ["ministack"]
    serve()


main()
