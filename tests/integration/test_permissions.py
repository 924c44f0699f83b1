"""Each function may do what it is for and nothing else: asked of the emulator as the function's own role."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from local import Stack
from local.places import REGION

Client = Callable[[str], Any]
Attempt = Callable[[Stack, Client], Any]

_ITEM = {"pk": {"S": "nobody"}, "sk": {"S": "nothing"}}


@cache
def _session(stack_endpoint: str, role: str) -> boto3.Session:
    root = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": REGION}
    sts = boto3.client("sts", endpoint_url=stack_endpoint, **root)
    issued = sts.assume_role(RoleArn=role, RoleSessionName="tests")["Credentials"]
    return boto3.Session(
        issued["AccessKeyId"], issued["SecretAccessKey"], issued["SessionToken"], region_name=REGION
    )


def _as(stack: Stack, function: str) -> Client:
    """Give clients with the credentials of a function's role."""
    configuration = stack.client("lambda").get_function_configuration(FunctionName=stack.physical(function))
    session = _session(stack.endpoint, configuration["Role"])
    return lambda service: session.client(service, endpoint_url=stack.endpoint)


def _refusal(attempt: Attempt, stack: Stack, function: str) -> str:
    """Let a function attempt something; give the code of the refusal, empty where it may."""
    try:
        attempt(stack, _as(stack, function))
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return ""


def _secret(name: str) -> Attempt:
    return lambda stack, client: client("secretsmanager").get_secret_value(SecretId=stack.outputs[name])


def _put(bucket: str, key: str) -> Attempt:
    return lambda stack, client: client("s3").put_object(Bucket=stack.outputs[bucket], Key=key, Body=b"")


def _get(bucket: str, key: str) -> Attempt:
    return lambda stack, client: client("s3").get_object(Bucket=stack.outputs[bucket], Key=key)


def _delete(bucket: str, key: str) -> Attempt:
    return lambda stack, client: client("s3").delete_object(Bucket=stack.outputs[bucket], Key=key)


def _item(table: str) -> Attempt:
    return lambda stack, client: client("dynamodb").get_item(TableName=stack.outputs[table], Key=_ITEM)


def _remove_item(table: str) -> Attempt:
    return lambda stack, client: client("dynamodb").delete_item(TableName=stack.outputs[table], Key=_ITEM)


def _count_failure(stack: Stack, client: Client) -> None:
    client("dynamodb").update_item(
        TableName=stack.outputs["StateTable"],
        Key=_ITEM,
        UpdateExpression="SET failures = :one",
        ExpressionAttributeValues={":one": {"N": "1"}},
    )


def _scan(table: str) -> Attempt:
    return lambda stack, client: client("dynamodb").scan(TableName=stack.outputs[table])


def _send(queue: str) -> Attempt:
    return lambda stack, client: client("sqs").send_message(QueueUrl=stack.outputs[queue], MessageBody="{}")


def _receive(queue: str) -> Attempt:
    return lambda stack, client: client("sqs").receive_message(QueueUrl=stack.outputs[queue])


def _settings(capability: str) -> Attempt:
    name = f"/outbound/config/{capability}"
    return lambda _, client: client("ssm").get_parameter(Name=name)


def _due(stack: Stack, client: Client) -> None:
    client("dynamodb").query(
        TableName=stack.outputs["StateTable"],
        IndexName="due",
        KeyConditionExpression="due_kind = :kind",
        ExpressionAttributeValues={":kind": {"S": "nothing"}},
    )


def _change_settings(_: Stack, client: Client) -> None:
    client("ssm").put_parameter(Name="/outbound/config/cxone", Value="{}", Type="String", Overwrite=True)


def _invoke(_: Stack, client: Client) -> None:
    client("lambda").invoke(FunctionName="outbound-sweep", Payload=b"{}")


def _publish(stack: Stack, client: Client) -> None:
    client("events").put_events(
        Entries=[{"EventBusName": stack.outputs["BusName"], "Source": "a", "DetailType": "b", "Detail": "{}"}]
    )


ALLOWED: dict[str, Attempt] = {
    "deliver_crm signs with its own secret": _secret("CrmSecret"),
    "deliver_wfm signs with its own secret": _secret("WfmSecret"),
    "deliver_crm reads its settings": _settings("deliveries"),
    "cxone_webhook reads what CXone proves itself with": _secret("CxoneWebhookSecret"),
    "plan_pulls reads the state": _item("StateTable"),
    "pull_outcomes reads its credentials": _secret("CxoneSecret"),
    "pull_outcomes writes the lake": _put("LakeBucket", "set-aside/outcomes/nothing"),
    "pull_outcomes stages what is pulled again": _put("LakeBucket", "staged/outcomes/nothing"),
    "pull_outcomes shares tokens": _item("TokenTable"),
    "record_consent counts failures": _count_failure,
    "record_problems counts failures": _count_failure,
    "audit_calls reads the ledger of consent": _item("ConsentTable"),
    "audit_calls stages judgements": _put("LakeBucket", "staged/call_audit/nothing"),
    "segment_contacts reads consent": _item("ConsentTable"),
    "segment_contacts writes segments": _put("LakeBucket", "segments/nothing"),
    "segment_contacts shares tokens": _item("TokenTable"),
    "segment_contacts publishes": _publish,
    "suppress_contacts reads consent": _item("ConsentTable"),
    "suppress_contacts counts failures": _count_failure,
    "suppress_contacts publishes": _publish,
    "collect_dialer_reports writes the lake": _put("LakeBucket", "dialer_metrics/nothing"),
    "collect_dialer_reports sets odd rows aside": _put("LakeBucket", "set-aside/dialer_audit/nothing"),
    "collect_dialer_reports publishes": _publish,
    "simulate_capacity shares tokens": _item("TokenTable"),
    "sweep finds what is due": _due,
}

DENIED: dict[str, Attempt] = {
    "deliver_crm reads the warehouse's secret": _secret("WarehouseSecret"),
    "deliver_crm reads the credentials of CXone": _secret("CxoneSecret"),
    "deliver_crm reads tokens": _item("TokenTable"),
    "crm_webhook reads what CXone proves itself with": _secret("CxoneWebhookSecret"),
    "pull_outcomes removes from the state": _remove_item("StateTable"),
    "deliver_crm removes from the ledger": _remove_item("StateTable"),
    "deliver_crm writes the lake": _put("LakeBucket", "outcomes/nothing"),
    "deliver_crm sends to the warehouse": _send("DeliverWarehouseQueueUrl"),
    "deliver_crm reads how CXone is reached": _settings("cxone"),
    "deliver_warehouse reads the CRM's secret": _secret("CrmSecret"),
    "deliver_wfm takes the CRM's messages": _receive("DeliverCrmQueueUrl"),
    "plan_pulls reads the credentials of CXone": _secret("CxoneSecret"),
    "plan_pulls reads tokens": _item("TokenTable"),
    "plan_pulls writes the lake": _put("LakeBucket", "outcomes/nothing"),
    "plan_pulls scans the state": _scan("StateTable"),
    "pull_outcomes writes outside its prefixes": _put("LakeBucket", "attempts/nothing"),
    "pull_outcomes writes beside its prefix": _put("LakeBucket", "manifests/nothing"),
    "pull_outcomes writes the audit log": _put("AuditBucket", "audit/nothing"),
    "pull_outcomes reads the CRM's secret": _secret("CrmSecret"),
    "pull_outcomes removes tokens": _remove_item("TokenTable"),
    "pull_outcomes plans jobs": _send("PullOutcomesQueueUrl"),
    "pull_outcomes changes settings": _change_settings,
    "record_audit removes from the audit log": _delete("AuditBucket", "audit/nothing"),
    "record_audit reads the audit log": _get("AuditBucket", "audit/nothing"),
    "record_audit writes elsewhere": _put("AuditBucket", "nothing"),
    "record_audit writes the lake": _put("LakeBucket", "outcomes/nothing"),
    "record_audit publishes": _publish,
    "record_audit reads the state": _item("StateTable"),
    "record_consent reads the state": _item("StateTable"),
    "record_problems reads the state": _item("StateTable"),
    "record_problems publishes": _publish,
    "record_problems writes the audit log": _put("AuditBucket", "audit/nothing"),
    "audit_calls writes what was pulled": _put("LakeBucket", "outcomes/nothing"),
    "audit_calls removes consent": _remove_item("ConsentTable"),
    "audit_calls reads the credentials of CXone": _secret("CxoneSecret"),
    "segment_contacts writes outcomes": _put("LakeBucket", "outcomes/nothing"),
    "segment_contacts scans consent": _scan("ConsentTable"),
    "suppress_contacts reads the credentials of CXone": _secret("CxoneSecret"),
    "suppress_contacts writes segments": _put("LakeBucket", "segments/nothing"),
    "collect_dialer_reports writes outcomes": _put("LakeBucket", "outcomes/nothing"),
    "collect_dialer_reports removes from the state": _remove_item("StateTable"),
    "collect_dialer_reports changes settings": _change_settings,
    "simulate_capacity reads the state": _item("StateTable"),
    "simulate_capacity writes the lake": _put("LakeBucket", "dialer_metrics/nothing"),
    "simulate_capacity publishes": _publish,
    "sweep reads a secret": _secret("CrmSecret"),
    "sweep removes from the state": _remove_item("StateTable"),
    "sweep scans the state": _scan("StateTable"),
    "sweep gives messages up": _send("DeliverCrmDeadLettersUrl"),
    "sweep reads the lake": _get("LakeBucket", "outcomes/nothing"),
    "sweep starts functions": _invoke,
}


@pytest.mark.parametrize("what", ALLOWED)
def test_a_function_may(what: str, stack: Stack) -> None:
    function, _ = what.split(maxsplit=1)
    assert _refusal(ALLOWED[what], stack, function) == ""


@pytest.mark.parametrize("what", DENIED)
def test_a_function_may_not(what: str, stack: Stack) -> None:
    function, _ = what.split(maxsplit=1)
    assert _refusal(DENIED[what], stack, function) in ("AccessDenied", "AccessDeniedException")
