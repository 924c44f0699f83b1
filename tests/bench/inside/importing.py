"""How long a few statements take, imports most of all."""

from time import perf_counter


def prepare(statements: str):
    code = compile(statements, "statements", "exec")

    def work() -> float:
        began = perf_counter()
        exec(code, {})
        return perf_counter() - began

    return work
