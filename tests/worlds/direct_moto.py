"""Moto's handlers, asked where a request would be made: it is not written for HTTP, routed, and read again.

The client still checks what it is given and writes the request's body, and moto does all that it does for it.
What is left out is between the two: signing, headers, retries, the web request that moto makes of it, and,
where an answer is plain, its way into JSON and back. That was half of the time of a test of crashes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from threading import RLock
from typing import Any, cast
from uuid import uuid4

import moto.dynamodb.responses
import moto.events.responses
import moto.secretsmanager.responses
import moto.sqs.responses
import moto.ssm.responses
import moto.stepfunctions.responses
from botocore import handlers
from botocore.awsrequest import AWSResponse, HeadersDict
from botocore.endpoint import Endpoint, convert_to_response_dict
from botocore.model import OperationModel
from botocore.parsers import ResponseParserFactory
from moto.core import DEFAULT_ACCOUNT_ID
from moto.core.botocore_stubber import MockRawResponse
from moto.core.exceptions import HTTPException, ServiceException
from moto.core.models import botocore_stubber
from moto.core.responses import ActionResult, BaseResponse, camelcase_to_underscores

_HANDLERS = {
    "dynamodb": moto.dynamodb.responses.DynamoHandler,
    "events": moto.events.responses.EventsHandler,
    "secretsmanager": moto.secretsmanager.responses.SecretsManagerResponse,
    "sqs": moto.sqs.responses.SQSResponse,
    "ssm": moto.ssm.responses.SimpleSystemManagerResponse,
    "stepfunctions": moto.stepfunctions.responses.StepFunctionResponse,
}
"""The services that take and answer JSON."""

# What is base64 on the way, and bytes at both ends.
_BYTES = (b'"B":', b'"BS":', b'BinaryValue":')
_PARSERS = ResponseParserFactory()
# Moto copies all tables for a transaction, which fails while another thread reads one.
TURN = RLock()
"""Held while moto answers."""


def ask_moto_directly() -> None:
    """Do it once in a process: every client that is made from now on asks moto so, while it is mocked."""
    handlers.BUILTIN_HANDLERS.append(("before-call", _answer))


def _answer(
    model: OperationModel, params: Mapping[str, Any], context: Mapping[str, Any], **_: Any
) -> tuple[AWSResponse, dict[str, Any]] | None:
    """Answer a call as moto does; None leaves it to the way over HTTP."""
    handler_class = _HANDLERS.get(model.service_model.service_name)
    if handler_class is None or not botocore_stubber.enabled or ".amazonaws.com" not in params["url"]:
        return None
    body = params["body"]
    if any(each in body for each in _BYTES):
        return None
    handler = _set_up(handler_class(), params, context)
    return _answered(handler, model)


def _set_up(handler: BaseResponse, params: Mapping[str, Any], context: Mapping[str, Any]) -> BaseResponse:
    """Give a handler what it would read from a web request."""
    handler.body = params["body"].decode()
    handler.params = json.loads(handler.body)
    handler.headers = params["headers"]
    handler.uri = params["url"]
    handler.path = params["url_path"]
    handler.querystring, handler.uri_match, handler.response_headers = {}, {}, {}
    handler.region = context["client_region"]
    handler.current_account = DEFAULT_ACCOUNT_ID
    if isinstance(handler, moto.dynamodb.responses.DynamoHandler):
        handler.body = handler.params
    return handler


def _answered(handler: BaseResponse, model: OperationModel) -> tuple[AWSResponse, dict[str, Any]]:
    try:
        with TURN:
            result = getattr(handler, camelcase_to_underscores(model.name))()
    except ServiceException as error:
        result = ActionResult(error)
    except HTTPException as error:
        result = error.description, {**dict(error.get_headers() or []), "status": error.code}
    if isinstance(result, ActionResult) and (parsed := _plain(result.result, model)) is not None:
        answer = AWSResponse(handler.uri, 200, HeadersDict(), MockRawResponse(b""))
        return answer, parsed | {"ResponseMetadata": _metadata(200, {})}
    return _parsed(handler, model, result)


def _parsed(handler: BaseResponse, model: OperationModel, result: Any) -> tuple[AWSResponse, dict[str, Any]]:
    """Write a result as moto does, and read it as the client does."""
    if isinstance(result, ActionResult):
        status, headers, body = handler.serialized(result)
    else:
        made = (result, {}) if isinstance(result, str) else result
        status, headers, body = handler._transform_response({}, made)
    answer = AWSResponse(handler.uri, int(status), HeadersDict(headers), MockRawResponse(body))
    parser = _PARSERS.create_parser(model.service_model.resolved_protocol)
    read = convert_to_response_dict(answer, model)
    parsed = parser.parse(read, model.output_shape)
    if answer.status_code >= 300:
        Endpoint._add_modeled_error_fields(cast("Any", None), read, parsed, model, parser)
    metadata = parsed.get("ResponseMetadata", {}) | _metadata(status, headers)
    return answer, parsed | {"ResponseMetadata": metadata}


def _metadata(status: int, headers: Mapping[str, str]) -> dict[str, Any]:
    return {
        "RequestId": uuid4().hex.upper(),
        "HTTPStatusCode": int(status),
        "HTTPHeaders": {name.lower(): value for name, value in headers.items()},
        "RetryAttempts": 0,
    }


def _plain(result: object, model: OperationModel) -> dict[str, Any] | None:
    """Return an answer of DynamoDB's as the client gives it; None where it has to be made by way of JSON."""
    if not isinstance(result, dict) or model.service_model.service_name != "dynamodb":
        return None
    found = {name: value for name, value in result.items() if value is not None}
    return found if all(map(_is_plain, found.values())) else None


def _is_plain(value: object) -> bool:
    """Whether it is of dicts, lists, texts and numbers alone; all of them are moto's answer's own."""
    kind = type(value)
    if kind is str or kind is int or kind is bool or kind is float:
        return True
    if kind is dict:
        return "SS" not in value and "NS" not in value and all(map(_is_plain, value.values()))
    return kind is list and all(map(_is_plain, value))
