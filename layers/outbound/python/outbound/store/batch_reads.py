"""BatchGetItem without what the SDK does key by key and value by value.

The SDK checks and walks through each key that is asked for, and each value that comes, along the description
of the service: that takes ten times as long as the JSON itself. So the keys are put into the request when it
has been checked with one of them, and the items stay as the answer's JSON has them. All else is the SDK's:
signing, time-outs, retries, the answer's checksum, errors, and the keys for which there was no room.

    batch_get_item -> [keys aside] -> checked -> [keys in] -> signed, sent, retried -> [items aside] -> parsed
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_ASIDE = "batch_read"


def read_batches_quickly(client: DynamoDBClient) -> None:
    """Let a client's BatchGetItem answer with items as JSON has them, for `plain_value`; once a client."""
    handlers: tuple[tuple[str, Any], ...] = (
        ("provide-client-params", _put_keys_aside),
        ("before-call", _put_keys_in),
        ("before-parse", _put_items_aside),
    )
    for moment, handler in handlers:
        name = f"{moment}.dynamodb.BatchGetItem"
        client.meta.events.register(name, handler, unique_id=f"{_ASIDE}-{moment}")


def _put_keys_aside(params: dict[str, Any], context: dict[str, Any], **_: Any) -> dict[str, Any]:
    context[_ASIDE] = params
    first = {name: {**asked, "Keys": asked["Keys"][:1]} for name, asked in params["RequestItems"].items()}
    return {**params, "RequestItems": first}


def _put_keys_in(params: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
    # As the SDK writes it.
    params["body"] = json.dumps(context.pop(_ASIDE)).encode()


def _put_items_aside(
    response_dict: dict[str, Any], customized_response_dict: dict[str, Any], **_: Any
) -> None:
    if response_dict["status_code"] != 200:
        return
    try:
        answer = orjson.loads(response_dict["body"])
    except orjson.JSONDecodeError:
        # The SDK refuses it.
        return
    customized_response_dict["Responses"] = answer.pop("Responses", {})
    response_dict["body"] = orjson.dumps(answer)
