"""One message given to the function that pulls outcomes."""

import contextlib
import resource
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import sampling

# The function is to pull the whole window in one run.
_MILLISECONDS = 3_600_000


def prepare(event, profile=False):
    import app

    context = SimpleNamespace(
        function_name="bench",
        memory_limit_in_mb=512,
        invoked_function_arn="arn:aws:lambda:us-east-1:123456789012:function:bench",
        aws_request_id="00000000-0000-4000-8000-000000000000",
        get_remaining_time_in_millis=lambda: _MILLISECONDS,
    )

    def work():
        with sampling.Sampler() if profile else contextlib.nullcontext() as sampler:
            began, began_cpu = time.perf_counter(), time.process_time()
            answer = app.handler(event, context)
            seconds, cpu_seconds = time.perf_counter() - began, time.process_time() - began_cpu
        return {
            "answer": answer,
            "seconds": seconds,
            "cpu_seconds": cpu_seconds,
            "peak_kib": _peak_kib(),
            "profile": sampler.seconds() if sampler else {},
        }

    return work


def _peak_kib() -> int:
    """The most memory that was resident. `ru_maxrss` would also count the process that started this one."""
    status = Path("/proc/self/status")
    if status.exists():
        return next(int(line.split()[1]) for line in status.open() if line.startswith("VmHWM"))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak // 1024 if sys.platform == "darwin" else peak
