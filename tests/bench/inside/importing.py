"""How long a few statements take, imports most of all.

In CPU time: an import waits for nothing but files that are in memory after the first time, and so a busy
machine makes it later, but hardly longer.
"""

from time import process_time


def prepare(statements: str):
    code = compile(statements, "statements", "exec")

    def work() -> float:
        began = process_time()
        exec(code, {})
        return process_time() - began

    return work
