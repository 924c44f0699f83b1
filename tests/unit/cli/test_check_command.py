"""`outbound check`: what is wrong with a stack and what to type, on a tenant that is really asked."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from outbound.cli.check_stack import SCHEDULES
from outbound.cli.stack import Stack
from outbound.clock import SystemClock
from sandbox.running import Tenant, running_tenant
from sandbox.world import iso
from worlds.aws import ACCOUNT, ENVIRONMENT, REGION, AwsWorld, FakeClock
from worlds.command import Command
from worlds.outcomes import PullWorld, hours_ago
from worlds.runtime import WorldRuntime
from worlds.subscriptions import configure, surfaces_at

KEY = json.dumps({"key": "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"})
INGRESS = {
    "cxone": {"scheme": "bearer"},
    "providers": {"acme": {"scheme": "github", "request_types": ["disposition.requested"]}},
}


@pytest.fixture
def tenant(clock: FakeClock) -> Iterator[Tenant]:
    spring = {"id": "spring", "calls": 5, "from": iso(hours_ago(clock, 4)), "to": iso(hours_ago(clock, 3))}
    with running_tenant({"retention_days": 3650, "campaigns": [spring]}) as tenant:
        yield tenant


@pytest.fixture
def stack(aws: AwsWorld, tenant: Tenant, outbound: Command, monkeypatch: pytest.MonkeyPatch) -> AwsWorld:
    """A stack on which nothing is wrong."""
    configure(aws, tenant.url)
    client = tenant.world.clients[0]
    credentials = {"client_id": client.client_id, "client_secret": client.client_secret}
    aws.secrets.put_secret_value(SecretId=ENVIRONMENT["CXONE_SECRET"], SecretString=json.dumps(credentials))
    for name, value in (
        ("crm", KEY),
        ("dashboard", '{"token": "t"}'),
        ("webhooks/cxone", '{"secret": "s"}'),
        ("webhooks/acme", '{"secret": "s"}'),
    ):
        aws.secrets.create_secret(Name=f"outbound/{name}", SecretString=value)
    put(aws, "ingress", INGRESS)
    put(aws, "deliveries", {"destinations": {"crm": {"url": "https://a.example"}}})
    topic = boto3.client("sns").create_topic(Name="alarms")["TopicArn"]
    boto3.client("sns").subscribe(TopicArn=topic, Protocol="email", Endpoint="a@b.example")
    more = {"AlarmTopic": topic, "CrmSecret": "outbound/crm"}
    named = Stack.named
    monkeypatch.setattr(Stack, "named", lambda name: with_outputs(named(name), more))
    for schedule in SCHEDULES:
        boto3.client("scheduler").create_schedule(
            Name=f"outbound-{schedule}",
            ScheduleExpression="rate(15 minutes)",
            FlexibleTimeWindow={"Mode": "OFF"},
            Target={"Arn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:q", "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/r"},
        )
    assert outbound("campaigns", "register", "spring").code == 0
    register_webhooks(aws, tenant)
    return aws


def with_outputs(stack: Stack, more: dict[str, str]) -> Stack:
    stack.outputs = {**stack.outputs, **more}
    return stack


def put(aws: AwsWorld, capability: str, document: object) -> None:
    aws.ssm.put_parameter(
        Name=f"/outbound/config/{capability}", Value=json.dumps(document), Type="String", Overwrite=True
    )


def register_webhooks(aws: AwsWorld, tenant: Tenant) -> None:
    from outbound.cxone.ports.subscriptions import Subscription

    for topic in ("campaigns", "dialer"):
        wanted = Subscription(f"outbound {topic}", topic, "https://hooks.example/cxone", "s", "secret")  # type: ignore[arg-type]
        WorldRuntime(aws, FakeClock()).ports.subscriptions.register(wanted)


@pytest.fixture
def check(stack: AwsWorld, outbound: Command) -> Callable[..., Any]:
    def run(*arguments: str) -> tuple[int, dict[str, dict[str, Any]]]:
        said = outbound("--json", "check", *arguments)
        assert said.out, said.err
        return said.code, {one["check"]: one for one in json.loads(said.out)["findings"]}

    return run


def test_on_a_stack_that_is_well_nothing_is_wrong(check: Any) -> None:
    code, findings = check()
    bad = {name: one for name, one in findings.items() if one["state"] in ("wrong", "unknown")}
    assert (code, bad) == (0, {})
    assert {f"CXone {name}" for name in ("outcomes", "dispositions", "archive", "campaigns", "dialer")} < set(
        findings
    )
    assert findings["settings cxone"]["state"] == "ok"
    assert findings["subscription dialer"]["state"] == "ok"


def test_wrong_credentials_are_found_although_a_token_is_still_good(
    check: Any, stack: AwsWorld, tenant: Tenant, outbound: Command
) -> None:

    # A function has a token that lasts an hour.
    WorldRuntime(stack, SystemClock()).ports.attempts.page("spring", 1, 0)
    wrong = json.dumps({"client_id": "bridge", "client_secret": "mistyped"})
    stack.secrets.put_secret_value(SecretId=ENVIRONMENT["CXONE_SECRET"], SecretString=wrong)

    code, findings = check()
    assert code == 1
    found = findings["CXone outcomes"]
    assert found["state"] == "wrong"
    assert "check the client id and secret in outbound/cxone" in found["message"]
    assert found["fix"].startswith("aws secretsmanager put-secret-value --secret-id outbound/cxone")
    assert "mistyped" not in json.dumps(findings)
    # Whom nobody needs is not called wrong.
    assert findings["CXone archive"]["state"] == "note"

    said = outbound("check")
    assert said.code == 1
    assert said.out.startswith("wrong ")
    assert "\n        $ aws secretsmanager put-secret-value" in said.out


def test_a_secret_without_a_value_is_found_with_what_to_type(check: Any, stack: AwsWorld) -> None:
    stack.secrets.put_secret_value(
        SecretId=ENVIRONMENT["CXONE_SECRET"], SecretString='{"client_id": "bridge"}'
    )
    stack.secrets.delete_secret(SecretId="outbound/webhooks/acme", ForceDeleteWithoutRecovery=True)
    code, findings = check()
    assert code == 1
    assert findings["secret outbound/cxone"]["message"] == "lacks client_secret"
    missing = findings["secret outbound/webhooks/acme"]
    assert missing["message"] == "is missing"
    create = "aws secretsmanager create-secret --name outbound/webhooks/acme"
    assert missing["fix"] == f"""{create} --secret-string '{{"secret": "..."}}'"""


def test_a_secret_that_is_empty_is_said_to_be_so_with_what_to_type(check: Any, stack: AwsWorld) -> None:
    # As the template makes it.
    empty = '{"client_id": "", "client_secret": ""}'
    stack.secrets.put_secret_value(SecretId=ENVIRONMENT["CXONE_SECRET"], SecretString=empty)
    stack.secrets.put_secret_value(SecretId="outbound/crm", SecretString="{}")
    stack.secrets.delete_secret(SecretId="outbound/webhooks/acme", ForceDeleteWithoutRecovery=True)
    stack.secrets.create_secret(Name="outbound/webhooks/acme")
    code, findings = check()
    assert code == 1
    said = {
        name: (one["message"], one["fix"]) for name, one in findings.items() if name.startswith("secret ")
    }
    put = "aws secretsmanager put-secret-value --secret-id"
    assert said["secret outbound/cxone"] == (
        "is empty: it lacks client_id, client_secret",
        f"""{put} outbound/cxone --secret-string '{{"client_id": "...", "client_secret": "..."}}'""",
    )
    assert said["secret outbound/crm"] == (
        "is empty: it lacks key",
        f"""{put} outbound/crm --secret-string '{{"key": "..."}}'""",
    )
    assert said["secret outbound/webhooks/acme"] == (
        "is empty: it has no value",
        f"""{put} outbound/webhooks/acme --secret-string '{{"secret": "..."}}'""",
    )


def test_a_secret_that_is_being_deleted_can_be_restored(check: Any, stack: AwsWorld) -> None:
    stack.secrets.delete_secret(SecretId="outbound/webhooks/acme")
    _, findings = check()
    found = findings["secret outbound/webhooks/acme"]
    assert found["message"] == "is being deleted"
    assert found["fix"] == "aws secretsmanager restore-secret --secret-id outbound/webhooks/acme"


def test_a_public_key_stands_in_the_place_of_a_secret(check: Any, stack: AwsWorld) -> None:
    stack.secrets.put_secret_value(SecretId="outbound/webhooks/acme", SecretString='{"public_key": "k"}')
    _, findings = check()
    assert findings["secret outbound/webhooks/acme"]["state"] == "ok"


def test_what_is_found_fits_the_terminal_and_what_is_to_be_typed_is_whole(
    check: Any, stack: AwsWorld, outbound: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(stack, "outcomes", {"retention_days": 0, "max_pages": 0, "spread_seconds": -1})
    stack.secrets.delete_secret(SecretId="outbound/webhooks/acme", ForceDeleteWithoutRecovery=True)
    monkeypatch.setenv("COLUMNS", "80")
    lines = outbound("check").out.splitlines()
    assert [line for line in lines if len(line) >= 80 and not line.startswith("        $ ")] == []
    create = "aws secretsmanager create-secret --name outbound/webhooks/acme"
    assert f"""        $ {create} --secret-string '{{"secret": "..."}}'""" in lines
    get = "aws ssm get-parameter --name /outbound/config/outcomes --query Parameter.Value --output text"
    place = lines.index(f"        $ {get} > outcomes.json")
    assert lines[place + 1 : place + 3] == [
        "        -> correct it, then:",
        "        $ outbound config put outcomes outcomes.json",
    ]


def test_a_missing_scope_is_named(check: Any, stack: AwsWorld, tenant: Tenant) -> None:
    tenant.add_fault(
        {"body": json.dumps({"access_token": "t", "expires_in": 60, "scope": "outbound:call:read"})},
        method="POST",
        path="/oauth/token",
        times=50,
    )
    _, findings = check()
    assert findings["CXone outcomes"]["state"] == "wrong"
    assert "outbound:campaign:read" in findings["CXone outcomes"]["fix"]


def test_a_wrong_host_is_found(check: Any, stack: AwsWorld, tenant: Tenant) -> None:
    surfaces = surfaces_at(tenant.url)
    surfaces["outcomes"]["base_url"] = "http://127.0.0.1:9"
    put(stack, "cxone", {"surfaces": surfaces})
    _, findings = check()
    assert findings["CXone outcomes"]["state"] == "wrong"
    assert findings["CXone outcomes"]["fix"] == "look at the hosts: outbound config show cxone"
    assert findings["CXone dispositions"]["state"] == "ok"


def test_settings_that_do_not_hold_are_found(check: Any, stack: AwsWorld) -> None:
    put(stack, "outcomes", {"retention_days": 0})
    put(stack, "archiving", {"campaigns": ["autumn"]})
    code, findings = check()
    assert code == 1
    assert "retention_days: must be 1 or more" in findings["settings outcomes"]["message"]
    assert "'autumn' is not registered" in findings["settings archiving"]["message"]


def test_a_subscription_that_is_not_there_or_twice_is_found(
    check: Any, stack: AwsWorld, tenant: Tenant
) -> None:
    register_webhooks(stack, tenant)
    _, findings = check()
    assert findings["subscription campaigns"]["message"] == "is registered 2 times"
    assert findings["subscription campaigns"]["fix"] == "outbound webhooks register"


def test_a_schedule_that_is_off_or_gone_is_found(check: Any) -> None:
    scheduler = boto3.client("scheduler")
    scheduler.delete_schedule(Name="outbound-sweep")
    target = scheduler.get_schedule(Name="outbound-plan-pulls")
    wanted = ("Name", "ScheduleExpression", "FlexibleTimeWindow", "Target")
    scheduler.update_schedule(**{name: target[name] for name in wanted}, State="DISABLED")
    _, findings = check()
    assert findings["schedule outbound-sweep"]["message"] == "is not there"
    assert findings["schedule outbound-plan-pulls"]["message"] == "is switched off"
    assert findings["schedule outbound-plan-archives"]["state"] == "ok"


def test_dead_letters_and_ringing_alarms_are_found(check: Any, stack: AwsWorld) -> None:
    stack.sqs.send_message(QueueUrl=stack.queue_urls["deliver-crm-dlq"], MessageBody="{}")
    cloudwatch = boto3.client("cloudwatch")
    for name in ("outbound-PullLag", "elsewhere-PullLag"):
        cloudwatch.put_metric_alarm(
            AlarmName=name,
            AlarmDescription="Outcomes arrive late",
            MetricName="m",
            Namespace="n",
            Period=60,
            EvaluationPeriods=1,
            Threshold=1,
            Statistic="Sum",
            ComparisonOperator="GreaterThanThreshold",
        )
        cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="test")
    code, findings = check()
    assert code == 1
    assert findings["queue DeliverCrm"]["fix"] == "outbound queues dead DeliverCrm"
    assert findings["alarm outbound-PullLag"]["message"] == "Outcomes arrive late"
    assert "alarm elsewhere-PullLag" not in findings


def test_what_cannot_be_looked_at_is_not_called_well(check: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    client = boto3.client("cloudwatch")
    real = boto3.client
    monkeypatch.setattr(
        boto3, "client", lambda name, **_: client if name == "cloudwatch" else real(name, **_)
    )
    with Stubber(client) as stubber:
        stubber.add_client_error("describe_alarms", "AccessDenied", http_status_code=403)
        code, findings = check()
    assert code == 1
    assert findings["alarms"]["state"] == "unknown"
    assert findings["alarms"]["message"] == "AWS refused DescribeAlarms (AccessDenied)"


def test_waiting_pulls_are_told_with_their_reason_and_let_go(
    check: Any, stack: AwsWorld, tenant: Tenant, clock: FakeClock, outbound: Command
) -> None:
    world = PullWorld(stack, tenant, clock)
    configure(stack, tenant.url)
    client = tenant.world.clients[0]
    right = json.dumps({"client_id": client.client_id, "client_secret": client.client_secret})
    wrong = json.dumps({"client_id": client.client_id, "client_secret": "mistyped"})
    stack.secrets.put_secret_value(SecretId=ENVIRONMENT["CXONE_SECRET"], SecretString=wrong)
    world.ask("spring", hours_ago(clock, 4), hours_ago(clock, 3))
    (body,) = world.messages()
    world.pull(body)

    _, findings = check("--release")
    assert "refused our credentials" in findings["pulls of spring"]["message"]
    assert findings["pulls of spring"]["fix"].endswith("outbound outcomes retry")
    assert world.messages() == [], "nothing is let go while CXone refuses us"

    stack.secrets.put_secret_value(SecretId=ENVIRONMENT["CXONE_SECRET"], SecretString=right)
    assert json.loads(outbound("--json", "check", "--release").out)["released"] == 1
    assert len(world.messages()) == 1


def test_status_asks_cxone_nothing(stack: AwsWorld, outbound: Command, tenant: Tenant) -> None:
    before = len(tenant.requests())
    said = outbound("status")
    assert said.code == 0
    assert "campaign spring: waits for the schedule's first tick" in said.out
    assert said.out.endswith("nothing needs to be done\n")
    assert len(tenant.requests()) == before


def test_a_refusal_of_a_whole_look_stops_no_other() -> None:
    from outbound.cli.findings import Finding, safely

    def look() -> Iterator[Finding]:
        yield Finding("ok", "first")
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": "hush"}}, "GetThing")

    assert [(one.state, one.message) for one in safely("look", look)] == [
        ("ok", ""),
        ("unknown", "AWS refused GetThing (AccessDenied)"),
    ]
