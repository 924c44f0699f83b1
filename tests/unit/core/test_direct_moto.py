"""Moto that is asked directly answers as it does over HTTP: values, errors, and what an error carries."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from unittest.mock import patch

import pytest
from botocore.exceptions import ClientError
from moto.core.botocore_stubber import BotocoreStubber

from worlds import direct_moto
from worlds.aws import ENVIRONMENT, AwsWorld, client
from worlds.quick_moto import quick_aws

_TABLE = ENVIRONMENT["STATE_TABLE"]
# What differs from call to call, and what only HTTP has.
_OF_ONE_CALL = {
    *("ARN", "ApproximateFirstReceiveTimestamp", "CreatedDate", "CreationDateTime", "EventId"),
    *("LastModifiedDate", "MessageId", "ReceiptHandle", "RequestId", "ResponseMetadata", "SentTimestamp"),
    *("TableId", "VersionId"),
}

Calls = Callable[[AwsWorld], list[tuple[str, str, dict[str, Any]]]]


def _item(sort: str, **more: Any) -> dict[str, Any]:
    return {"pk": {"S": "a"}, "sk": {"S": sort}, **more}


def _of_a_table(_: AwsWorld) -> list[tuple[str, str, dict[str, Any]]]:
    table, key = {"TableName": _TABLE}, _item("1")
    inner = {"L": [{"S": "é"}, {"M": {"deep": {"BOOL": True}, "none": {"NULL": True}}}]}
    only_new = {"ConditionExpression": "attribute_not_exists(pk)"}
    told = {"ReturnValuesOnConditionCheckFailure": "ALL_OLD"}
    put = {**table, "Item": _item("1", n={"N": "12.50"}, inner=inner, some={"SS": ["x", "y"]})}
    of_a = {"KeyConditionExpression": "pk = :a", "ExpressionAttributeValues": {":a": {"S": "a"}}}
    add = {"UpdateExpression": "ADD #n :one", "ExpressionAttributeNames": {"#n": "n"}}
    one = {"ExpressionAttributeValues": {":one": {"N": "1"}}}
    third = {"Put": {**table, "Item": _item("3")}}
    again = {"Put": {**table, "Item": _item("1"), **only_new, **told}}
    return [
        ("dynamodb", "put_item", put),
        ("dynamodb", "put_item", {**put, **only_new, **told}),
        ("dynamodb", "put_item", {**table, "Item": _item("b", raw={"B": b"\0\1"})}),
        ("dynamodb", "get_item", {**table, "Key": key, "ConsistentRead": True}),
        ("dynamodb", "get_item", {**table, "Key": _item("b")}),
        ("dynamodb", "get_item", {**table, "Key": _item("none")}),
        ("dynamodb", "get_item", {"TableName": "no-such-table", "Key": key}),
        ("dynamodb", "update_item", {**table, "Key": key, **add, **one, "ReturnValues": "ALL_NEW"}),
        ("dynamodb", "update_item", {**table, "Key": key, **add, **one, **only_new, **told}),
        ("dynamodb", "update_item", {**table, "Key": key, "UpdateExpression": "SET nonsense"}),
        ("dynamodb", "query", {**table, **of_a, "Limit": 1, "ReturnConsumedCapacity": "TOTAL"}),
        ("dynamodb", "query", {**table, **of_a, "Select": "COUNT"}),
        ("dynamodb", "scan", table),
        ("dynamodb", "batch_get_item", {"RequestItems": {_TABLE: {"Keys": [key, _item("2")]}}}),
        ("dynamodb", "batch_write_item", {"RequestItems": {_TABLE: [{"PutRequest": {"Item": _item("2")}}]}}),
        (
            "dynamodb",
            "transact_write_items",
            {"TransactItems": [third, again]},
        ),
        ("dynamodb", "transact_write_items", {"TransactItems": [third]}),
        ("dynamodb", "delete_item", {**table, "Key": key, "ReturnValues": "ALL_OLD"}),
        ("dynamodb", "describe_table", {"TableName": "no-such-table"}),
        ("dynamodb", "describe_table", table),
        ("dynamodb", "list_tables", {}),
    ]


def _of_a_queue(aws: AwsWorld) -> list[tuple[str, str, dict[str, Any]]]:
    queue = {"QueueUrl": aws.queue_urls["watched"]}
    attribute = {"kind": {"StringValue": "x", "DataType": "String"}}
    binary = {"kind": {"BinaryValue": b"\0", "DataType": "Binary"}}
    entries = [{"Id": "1", "MessageBody": "b"}, {"Id": "2", "MessageBody": "c", "MessageAttributes": binary}]
    every = {
        "MessageAttributeNames": ["All"],
        "MessageSystemAttributeNames": ["All"],
        "MaxNumberOfMessages": 10,
    }
    return [
        ("sqs", "receive_message", queue),
        ("sqs", "send_message", {**queue, "MessageBody": "ü", "MessageAttributes": attribute}),
        ("sqs", "send_message_batch", {**queue, "Entries": entries}),
        ("sqs", "send_message_batch", {**queue, "Entries": [entries[0], entries[0]]}),
        ("sqs", "receive_message", {**queue, **every, "MaxNumberOfMessages": 10}),
        ("sqs", "delete_message", {**queue, "ReceiptHandle": "none"}),
        ("sqs", "change_message_visibility", {**queue, "ReceiptHandle": "none", "VisibilityTimeout": 1}),
        ("sqs", "send_message", {"QueueUrl": queue["QueueUrl"] + "-none", "MessageBody": "x"}),
    ]


def _of_the_rest(_: AwsWorld) -> list[tuple[str, str, dict[str, Any]]]:
    entry = {"Source": "s", "DetailType": "t", "Detail": "{}", "EventBusName": ENVIRONMENT["BUS_NAME"]}
    return [
        ("events", "put_events", {"Entries": [entry]}),
        ("ssm", "put_parameter", {"Name": "/a", "Value": "1", "Type": "String"}),
        ("ssm", "put_parameter", {"Name": "/a", "Value": "1", "Type": "String"}),
        ("ssm", "get_parameter", {"Name": "/none"}),
        ("secretsmanager", "create_secret", {"Name": "b", "SecretBinary": b"\0"}),
        ("secretsmanager", "get_secret_value", {"SecretId": "b"}),
        ("secretsmanager", "get_secret_value", {"SecretId": "none"}),
        ("secretsmanager", "create_secret", {"Name": "b", "SecretString": "x"}),
    ]


@pytest.mark.parametrize("calls", [_of_a_table, _of_a_queue, _of_the_rest])
def test_it_answers_as_over_http(calls: Calls) -> None:
    direct = _answers(calls)
    with patch.object(direct_moto, "_HANDLERS", {}):
        over_http = _answers(calls)
    assert direct == over_http


def test_a_transaction_that_is_refused_leaves_all_as_it_was() -> None:
    with quick_aws():
        dynamodb = AwsWorld().dynamodb
        known, fresh = _item("1", n={"N": "1"}, tags={"SS": ["x"]}), _item("2")
        dynamodb.put_item(TableName=_TABLE, Item=known)
        more = {":n": {"N": "1"}, ":y": {"SS": ["y"]}}
        add = {"UpdateExpression": "ADD n :n, tags :y", "ExpressionAttributeValues": more}
        never = {"ConditionExpression": "attribute_exists(pk)"}
        with pytest.raises(dynamodb.exceptions.TransactionCanceledException):
            dynamodb.transact_write_items(
                TransactItems=[
                    {"Update": {"TableName": _TABLE, "Key": _item("1"), **add}},
                    {"Put": {"TableName": _TABLE, "Item": fresh}},
                    {"Put": {"TableName": _TABLE, "Item": _item("3"), **never}},
                ]
            )
        assert dynamodb.scan(TableName=_TABLE)["Items"] == [known]


def test_it_makes_no_web_request() -> None:
    with quick_aws(), patch.object(BotocoreStubber, "process_request", side_effect=AssertionError):
        client("sqs").list_queues()


def _answers(calls: Calls) -> list[Any]:
    with quick_aws():
        aws = AwsWorld()
        return [(service, method, _answer(service, method, given)) for service, method, given in calls(aws)]


def _answer(service: str, method: str, given: dict[str, Any]) -> Any:
    try:
        found = getattr(client(service), method)(**given)
    except ClientError as error:
        return (
            type(error).__name__,
            error.response["ResponseMetadata"]["HTTPStatusCode"],
            _lasting(error.response),
        )
    return found["ResponseMetadata"]["HTTPStatusCode"], _lasting(found)


def _lasting(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _lasting(each) for name, each in value.items() if name not in _OF_ONE_CALL}
    return [_lasting(each) for each in value] if isinstance(value, list) else value
