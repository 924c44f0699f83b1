"""What can happen to an outside call: the process ends there, or the other side refuses once, or in part."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import requests
from botocore.exceptions import ReadTimeoutError
from requests.adapters import HTTPAdapter
from urllib3 import HTTPResponse

from faults.outside import HTTP, Cut, Make, OutsideCall


@dataclass(frozen=True, slots=True)
class CutOff:
    """The process ends at its nth call: before it leaves, or between its effect and its answer."""

    number: int
    after: bool

    @property
    def kind(self) -> str:
        return "after" if self.after else "before"

    def meets(self, call: OutsideCall) -> bool:
        return call.number == self.number

    def happen(self, call: OutsideCall, make: Make) -> Any:
        if self.after:
            answer = make(call.parameters)
            if isinstance(answer, requests.Response):
                answer.close()
        raise Cut(str(self))

    def __str__(self) -> str:
        return f"cut off {self.kind} call {self.number}"


@dataclass(frozen=True, slots=True)
class Refusal:
    """The other side fails the nth call, this once, in one of the ways of `REFUSALS`."""

    number: int
    way: Way

    @property
    def kind(self) -> str:
        return self.way.name

    def meets(self, call: OutsideCall) -> bool:
        return call.number == self.number

    def happen(self, call: OutsideCall, make: Make) -> Any:
        return self.way.fail(call, make)

    def __str__(self) -> str:
        return f"call {self.number} {self.way.name}"


@dataclass(frozen=True, slots=True)
class Way:
    """A way for a call to fail, and which calls can fail so."""

    name: str
    applies: Callable[[OutsideCall], bool]
    fail: Callable[[OutsideCall, Make], Any]


def refusals_of(call: OutsideCall) -> Iterator[Refusal]:
    """Give every way in which this call can fail."""
    return (Refusal(call.number, way) for way in REFUSALS if way.applies(call))


def _throttled(call: OutsideCall, make: Make) -> Any:
    code = "ProvisionedThroughputExceededException" if call.service == "dynamodb" else "ThrottlingException"
    raise _aws_error(call, code, HTTPStatus.BAD_REQUEST)


def _unavailable(call: OutsideCall, make: Make) -> Any:
    raise _aws_error(call, "ServiceUnavailable", HTTPStatus.SERVICE_UNAVAILABLE)


def _answer_lost(call: OutsideCall, make: Make) -> Any:
    make(call.parameters)
    raise ReadTimeoutError(endpoint_url=call.client.meta.endpoint_url)


def _aws_error(call: OutsideCall, code: str, status: HTTPStatus) -> Exception:
    answer = {
        "Error": {"Code": code, "Message": "Refused."},
        "ResponseMetadata": {"HTTPStatusCode": status.value},
    }
    error: Exception = call.client.exceptions.from_code(code)(answer, call.operation)
    return error


@dataclass(frozen=True, slots=True)
class _Batch:
    """How a batch call names its entries and says which of them failed."""

    entries: str
    answer: Callable[[dict[str, Any], list[Any], int], dict[str, Any]]
    """Made of the answer for the others, all entries, and the place of the refused one."""


def _events_answer(passed: dict[str, Any], entries: list[Any], refused: int) -> dict[str, Any]:
    results = list(passed.get("Entries", []))
    results.insert(refused, {"ErrorCode": "ThrottlingException", "ErrorMessage": "Refused."})
    return {"FailedEntryCount": 1, "Entries": results}


def _queue_answer(passed: dict[str, Any], entries: list[Any], refused: int) -> dict[str, Any]:
    failed = {"Id": entries[refused]["Id"], "SenderFault": False, "Code": "ServiceUnavailable"}
    return {"Successful": passed.get("Successful", []), "Failed": [failed]}


_BATCHES = {
    "PutEvents": _Batch("Entries", _events_answer),
    "SendMessageBatch": _Batch("Entries", _queue_answer),
    "DeleteMessageBatch": _Batch("Entries", _queue_answer),
    "ChangeMessageVisibilityBatch": _Batch("Entries", _queue_answer),
}


def _in_part(place: int) -> Callable[[OutsideCall, Make], Any]:
    def fail(call: OutsideCall, make: Make) -> Any:
        batch = _BATCHES[call.operation]
        entries = list(call.parameters[batch.entries])
        refused = range(len(entries))[place]
        others = entries[:refused] + entries[refused + 1 :]
        passed = make({**call.parameters, batch.entries: others}) if others else {}
        return batch.answer(passed, entries, refused)

    return fail


def _http_answers(status: HTTPStatus, **headers: str) -> Callable[[OutsideCall, Make], Any]:
    def fail(call: OutsideCall, make: Make) -> Any:
        raw = HTTPResponse(io.BytesIO(b""), status=status.value, headers=headers, preload_content=False)
        return HTTPAdapter().build_response(call.parameters, raw)

    return fail


def _not_connected(call: OutsideCall, make: Make) -> Any:
    raise requests.exceptions.ConnectionError("refused")


def _http_answer_lost(call: OutsideCall, make: Make) -> Any:
    make(call.parameters).close()
    raise requests.exceptions.ConnectionError("cut")


def _aws(call: OutsideCall) -> bool:
    return call.service != HTTP


def _http(call: OutsideCall) -> bool:
    return call.service == HTTP


def _batch(call: OutsideCall) -> bool:
    return _aws(call) and call.operation in _BATCHES


def _long_batch(call: OutsideCall) -> bool:
    return _batch(call) and len(call.parameters[_BATCHES[call.operation].entries]) > 1


REFUSALS = (
    Way("is throttled", _aws, _throttled),
    Way("meets a service that is unavailable", _aws, _unavailable),
    Way("has its effect and loses its answer", _aws, _answer_lost),
    Way("has its first entry refused", _batch, _in_part(0)),
    Way("has its last entry refused", _long_batch, _in_part(-1)),
    Way("finds no connection", _http, _not_connected),
    Way("has its effect and loses its answer", _http, _http_answer_lost),
    Way("is answered 503", _http, _http_answers(HTTPStatus.SERVICE_UNAVAILABLE)),
    Way("is answered 429", _http, _http_answers(HTTPStatus.TOO_MANY_REQUESTS, **{"Retry-After": "1"})),
)
