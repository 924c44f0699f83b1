"""What a first deployment to an AWS account, and a change of its parameters later, come to."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import tomllib
from itertools import count
from typing import Any

import pytest
from samtranslator.model import apigateway

from outbound.cli.__main__ import parser
from outbound.deliveries.settings import PACKAGED
from outbound.events import EventType
from template.transformed import ROOT, Template, target, values_of

LONGEST_FUNCTION_NAME = 64
SAMCONFIG: dict[str, Any] = tomllib.loads((ROOT / "samconfig.toml").read_text())


def test_the_api_waits_for_the_account_to_have_a_role_for_access_logs(template: Template) -> None:
    (stage,) = template.of_type("AWS::ApiGateway::Stage").values()
    assert stage["AccessLogSetting"]
    api = template.resources[target(stage["RestApiId"])]
    # DependsOn itself knows no condition, and ApiLogging is left out where the account has a role.
    condition, awaited, otherwise = api["Metadata"]["DependsOn"]["Fn::If"]
    logging = template.resources[target(awaited)]
    assert (logging["Type"], logging["Condition"]) == ("AWS::ApiGateway::Account", condition)
    assert otherwise == ""


def test_what_is_kept_for_good_does_not_outlive_a_deployment_that_failed(template: Template) -> None:
    kept = {
        name: resource
        for name, resource in template.resources.items()
        if "Retain" in str(resource.get("DeletionPolicy"))
    }
    assert {"StateTable", "ConsentTable", "AuditBucket", "RecordAuditLog", "ApiLogging"} <= kept.keys()
    for name, resource in kept.items():
        assert resource["DeletionPolicy"] == "RetainExceptOnCreate", name
        assert resource["UpdateReplacePolicy"] == "Retain", name


@pytest.mark.slow
def test_other_source_addresses_are_another_deployment(monkeypatch: pytest.MonkeyPatch) -> None:
    """CloudFormation transforms the template anew for every change, some time after the one before."""
    seconds = count(1_800_000_000)
    monkeypatch.setattr(apigateway.time, "time", lambda: next(seconds))
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    ids = set()
    for addresses in ("192.0.2.0/24", "198.51.100.0/24"):
        changed = Template()
        changed.parameters["WebhookSourceAddresses"]["Default"] = addresses
        (stage,) = changed.of_type("AWS::ApiGateway::Stage").values()
        (deployment,) = changed.of_type("AWS::ApiGateway::Deployment")
        assert target(stage["DeploymentId"]) == deployment
        ids.add(deployment)
    assert len(ids) == 2


def test_references_of_the_api_s_definition_are_to_schemas_alone(template: Template) -> None:
    """API Gateway imports schemas as models and follows no other reference."""
    document = template.of_type("AWS::ApiGateway::RestApi")["WebhookApi"]["Body"]
    references = list(values_of(document, "$ref"))
    assert references
    assert {reference.rpartition("/")[0] for reference in references} == {"#/components/schemas"}
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            if method == "parameters":
                continue
            assert all("description" in one for one in operation["responses"].values()), (path, method)


def test_no_level_of_the_log_cuts_the_audit_log(template: Template) -> None:
    function = template.resources["RecordAudit"]["Properties"]
    level = function["Environment"]["Variables"]["POWERTOOLS_LOG_LEVEL"]
    assert level == {"Fn::If": ["IsDebug", "DEBUG", "INFO"]}
    assert function["LoggingConfig"]["ApplicationLogLevel"] == {"Fn::If": ["IsDebug", "DEBUG", "INFO"]}


def test_the_lake_keeps_everything_in_it_as_long_as_was_promised(template: Template) -> None:
    bucket = template.of_type("AWS::S3::Bucket")["LakeBucket"]
    days = {
        rule.get("Prefix", ""): target(rule["ExpirationInDays"])
        for rule in bucket["LifecycleConfiguration"]["Rules"]
        if isinstance(rule.get("ExpirationInDays"), dict)
    }
    whole = template.parameters[days.pop("")]
    assert days
    for name in days.values():
        assert template.parameters[name]["MaxValue"] <= whole["MinValue"], name
    assert str(whole["MinValue"]) in whole["ConstraintDescription"]


def test_a_stack_s_name_leaves_room_for_the_names_of_its_functions(template: Template) -> None:
    names = [
        function["FunctionName"]["Fn::Sub"] for function in template.of_type("AWS::Lambda::Function").values()
    ]
    longest = max(len(name.removeprefix("${AWS::StackName}")) for name in names)
    room = LONGEST_FUNCTION_NAME - longest
    (limit,) = re.findall(r"^LONGEST_STACK_NAME := (\d+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert int(limit) == room
    assert _make("stack-name", f"STACK={'a' * room}").returncode == 0
    refused = _make("stack-name", f"STACK={'a' * (room + 1)}")
    assert refused.returncode != 0
    assert f"has {room + 1} characters" in refused.stderr
    assert "Give it a shorter one" in refused.stderr


def test_deploy_refuses_a_name_before_it_builds_and_passes_its_choices_on() -> None:
    refused = _make("-n", "deploy", f"STACK={'a' * 42}")
    given = 'LogLevel=DEBUG PullSchedule="rate(5 minutes)"'
    commands = _make("-n", "deploy", "STAGE=prod", f"PARAMETERS={given}").stdout.replace("\\\n", "")
    assert refused.stdout.index("characters; it may have") < refused.stdout.index("sam build")
    (deploy,) = [line for line in commands.splitlines() if "sam deploy" in line]
    words = shlex.split(deploy)
    assert words[words.index("--config-env") + 1] == "prod"
    assert words[words.index("--stack-name") + 1] == "outbound-bridge"
    # One word, quotes and all: sam takes it apart itself.
    choices = words[words.index("--parameter-overrides") + 1]
    assert choices == f"Stage=prod Runtime=python3.13 Architecture=arm64 {given}"


def test_one_stack_has_one_name_for_every_tool() -> None:
    deployed = {SAMCONFIG[name]["global"]["parameters"]["stack_name"] for name in ("default", "dev", "prod")}
    (made,) = re.findall(r"^STACK \?= (\S+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert deployed == {made} == {parser().get_default("stack")}


def test_no_stage_turns_on_what_cannot_be_taken_back(template: Template) -> None:
    for name, environment in SAMCONFIG.items():
        if isinstance(environment, dict):
            assert "Audit" not in str(environment.get("deploy", {})), name
    assert template.parameters["AuditRetentionMode"]["Default"] == "GOVERNANCE"
    assert template.parameters["AuditRetentionDays"]["Default"] == 1
    assert "AuditRetention" not in _make("-n", "deploy", "STAGE=prod").stdout
    lock = template.of_type("AWS::S3::Bucket")["AuditBucket"]["ObjectLockConfiguration"]
    assert "IsProd" not in str(lock)


def test_every_packaged_subscriber_waits_for_events_that_exist() -> None:
    known = {one.value for one in EventType}
    for name, destination in PACKAGED.items():
        assert set(destination.event_types) <= known, name
        assert destination.bodies.keys() <= set(destination.event_types), name


def _make(*arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    return subprocess.run(
        ["make", "-C", str(ROOT), *arguments], env=environment, capture_output=True, text=True, check=False
    )
