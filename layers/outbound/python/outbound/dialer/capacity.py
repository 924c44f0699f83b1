"""What a team, its calls and its pacing come to: by the model, and beside it what CXone's simulator says.

    a document of the model
    or {"document": ..., "settings": {"concurrency": ..., "algorithm": ...}, "search": true}
        -> {"outcome": "simulated", "model": {...}, "search": [...], "cxone": {"outcome": "simulated", ...}}
         | {"outcome": "invalid", "message": ...}

The model says how sure it is; CXone's simulator says a number. Where CXone does not answer the model stands
alone, and the answer says why. Settings are those that are to be active: CXone is asked about them rather
than about what the document comes to. A search is for the highest ratio that keeps the target.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil
from typing import Any

from outbound.clock import Deadline, Invocation
from outbound.complaints import complaints
from outbound.cxone.errors import CxoneError
from outbound.cxone.ports.simulator import SimulatorAnswer, SimulatorPort, SimulatorRun
from outbound.dialer.model.capacity import Trial
from outbound.dialer.model.document import ModelDocument, Pacing
from outbound.dialer.model.search import NothingToSearch, search
from outbound.logs import logger
from outbound.runtime import Runtime, Work

# So many replications before the clock is looked at again.
_BLOCK = 2
# Some ten seconds of a function's processor: a replication is not cut off.
MAX_CALLS_A_REPLICATION = 1_000_000
# Left for CXone's simulator, which answers within its read time-out or not at all.
_FOR_CXONE_SECONDS = 35.0
_HOUR = 3600


class InvalidDocument(ValueError):
    """What was given is not a document of the model; names each wrong field."""


@dataclass(frozen=True, slots=True)
class _Given:
    """What is asked of both."""

    document: ModelDocument
    settings: Mapping[str, Any]
    searches: bool = False


class CapacitySimulation:
    """Simulates documents, and lets CXone do the same."""

    def __init__(self, port: SimulatorPort, deadline: Deadline) -> None:
        """Ask CXone through a port; be done at a deadline."""
        self._port = port
        self._deadline = deadline

    def simulate(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return both answers, or what is wrong with what was given."""
        try:
            asked = _read(given)
            found = search(asked.document) if asked.searches else None
        except (InvalidDocument, NothingToSearch) as wrong:
            return {"outcome": "invalid", "message": str(wrong)}
        answer: dict[str, Any] = {"outcome": "simulated", "model": self._modelled(asked.document)}
        if found is not None:
            answer["search"] = [each.as_document() for each in found]
        return answer | {"cxone": self._by_cxone(asked.document, asked.settings)}

    def _modelled(self, document: ModelDocument) -> dict[str, Any]:
        """Run the replications that there is time for, two at least, and say how many were run."""
        trial = Trial(document)
        while not trial.is_complete:
            trial.run(trial.replications + _BLOCK)
            if self._deadline.left() < _FOR_CXONE_SECONDS:
                break
        found = trial.capacity().as_document()
        return found | {"replications": trial.replications, "complete": trial.is_complete}

    def _by_cxone(self, document: ModelDocument, settings: Mapping[str, Any]) -> dict[str, Any]:
        if document.pacing is None:
            return {"outcome": "not_asked", "message": "calls that arrive by themselves are not dialled"}
        run = _run(document, document.pacing, settings)
        try:
            return _shown(self._port.run(run))
        except CxoneError as error:
            logger.warning("CXone's simulator did not answer", extra={"reason": error.reason})
            return {"outcome": "failed", "reason": error.reason, "message": str(error)}


def _read(given: Mapping[str, Any]) -> _Given:
    if "document" not in given:
        return _Given(_document(given), {})
    if unknown := sorted(set(given) - {"document", "settings", "search"}):
        raise InvalidDocument(f"{str(unknown[0])[:64]}: is not known beside document, settings and search")
    searches = given.get("search", False)
    if not isinstance(searches, bool):
        raise InvalidDocument("search: must be true or false")
    return _Given(_document(given["document"]), _settings(given.get("settings")), searches)


def _document(given: object) -> ModelDocument:
    try:
        read = ModelDocument.model_validate(given)
    except ValueError as error:
        said = complaints(error)
        raise InvalidDocument(said) from None
    if _calls_a_replication(read) > MAX_CALLS_A_REPLICATION:
        raise InvalidDocument(
            f"hours: make more than {MAX_CALLS_A_REPLICATION:,} calls a replication, more than a function has"
            " time for; take fewer hours, or use: outbound dialer model FILE"
        )
    return read


def _settings(given: Any) -> Mapping[str, Any]:
    if given is None:
        return {}
    for name in ("concurrency", "algorithm"):
        if not isinstance(given, Mapping) or not isinstance(given.get(name), Mapping):
            raise InvalidDocument(f"settings.{name}: must be an object")
    settings: Mapping[str, Any] = given
    return settings


def _calls_a_replication(document: ModelDocument) -> float:
    seconds = document.warm_up_seconds + document.hours * _HOUR
    return seconds * (document.arrivals_per_second or 1000 / document.spacing_ms)


def _run(document: ModelDocument, pacing: Pacing, settings: Mapping[str, Any]) -> SimulatorRun:
    """Return what CXone is asked: the settings that are to be active, else what the document comes to."""
    concurrency = settings.get("concurrency") or {
        "max_agents": document.agents,
        "max_simultaneous_calls": document.trunks or _calls_at_once(document, pacing),
        "call_spacing_ms": ceil(document.spacing_ms),
    }
    algorithm = settings.get("algorithm") or {
        "type": "predictive",
        "abandonment_rate_target": pacing.target,
        "dial_ratio": pacing.ratio or 1.0,
    }
    return SimulatorRun(
        minutes=max(1, round(document.hours * 60)),
        calls=_calls(document, pacing),
        concurrency=concurrency,
        algorithm=algorithm,
        trunks=document.trunks,
    )


def _calls_at_once(document: ModelDocument, pacing: Pacing) -> int:
    return ceil(document.agents * max(1.0, pacing.ratio or 1.0))


def _calls(document: ModelDocument, pacing: Pacing) -> int:
    """Return how many dials keep the team at work for the document's hours, as far as the spacing allows.

    Each agent takes a call after the other, and of the dials only a share reaches a person.
    """
    seconds = document.hours * _HOUR
    handling = document.talk_seconds.mean + document.wrap_seconds.mean + document.ring_seconds
    persons = document.agents * seconds / max(1.0, handling)
    dials = persons / max(0.01, document.answer_rate or 1.0) * max(1.0, pacing.ratio or 1.0)
    return max(1, ceil(min(dials, seconds * 1000 / document.spacing_ms)))


def _shown(answer: SimulatorAnswer) -> dict[str, Any]:
    return {
        "outcome": "simulated",
        "abandonment": answer.abandonment,
        "occupancy": answer.occupancy,
        "caller_wait_seconds": answer.caller_wait_seconds,
        "answer": dict(answer.source),
    }


def build(runtime: Runtime) -> Work:
    """Return the work of the function that the workflow, or an operator, gives a document."""
    runtime.warm_up("cxone")

    def simulate(event: dict[str, Any], invocation: Invocation) -> dict[str, Any]:
        deadline = runtime.deadline(invocation)
        return CapacitySimulation(runtime.cxone.until(deadline).simulator, deadline).simulate(event)

    return simulate
