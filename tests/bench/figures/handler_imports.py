"""What a cold start imports, beside the least that it could import."""

from __future__ import annotations

from collections.abc import Iterator

from bench.handlers import Handler, handlers
from bench.measured import Measured, Target
from bench.processes import run
from bench.rounds import rounds
from bench.stage import Stage

NAME = "imports"

RECEIVER = Target("at most", 1.15)
OTHER = Target("at most", 1.6)
# The fastest of so many: whatever else the machine does can only make an import slower.
_ROUNDS, _SECONDS = 6, 60
_HANDLER = "import app"


def measure(stage: Stage) -> Iterator[Measured]:
    """Compare every handler's import with its floor: boto3, its clients, Powertools' Logger and Metrics."""
    found = handlers()
    floors = {handler.name: _floor(handler) for handler in found}
    times: dict[str, list[tuple[float, float]]] = {handler.name: [] for handler in found}
    for _ in rounds(_ROUNDS, _SECONDS):
        for handler in found:
            pair = _seconds(handler, floors[handler.name]), _seconds(handler, _HANDLER)
            times[handler.name].append(pair)
    for handler in found:
        floor, own = (min(column) * 1000 for column in zip(*times[handler.name], strict=True))
        yield Measured(
            f"import of {handler.name} / floor",
            own / floor,
            RECEIVER if handler.receives_webhooks else OTHER,
            note=f"{own:.0f} ms / {floor:.0f} ms",
            detail={"milliseconds": round(own, 1), "floor_milliseconds": round(floor, 1)},
        )


def _floor(handler: Handler) -> str:
    """Give the statements that the handler could not do without."""
    clients = run("creating_clients", handler.path, handler.environment)
    lines = [
        "import boto3",
        "from botocore.config import Config",
        "from aws_lambda_powertools import Logger, Metrics",
        "Logger(), Metrics()",
        # As the project configures its clients: another retry mode would load other models.
        "config = Config(retries={'mode': 'standard'})",
        *(f"boto3.client({client!r}, config=config)" for client in clients),
    ]
    return "\n".join(lines)


def _seconds(handler: Handler, statements: str) -> float:
    environment = {**handler.environment, "AWS_LAMBDA_FUNCTION_NAME": handler.name}
    seconds: float = run("importing", handler.path, environment, statements=statements)
    return seconds
