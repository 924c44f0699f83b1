"""The webhook API as API Gateway will have it: every answer is ours, and bytes stay bytes."""

import json
from typing import Any

import pytest

from outbound.webhooks import problems
from outbound.webhooks.settings import Provider
from template.transformed import Template, as_list, target, values_of

ANY = "x-amazon-apigateway-any-method"
POSTED = {"/webhooks/cxone": "CxoneWebhook", "/webhooks/crm/{name}": "CrmWebhook"}


@pytest.fixture
def document(template: Template) -> dict[str, Any]:
    """The OpenAPI document that the API is made of."""
    found: dict[str, Any] = template.of_type("AWS::ApiGateway::RestApi")["WebhookApi"]["Body"]
    return found


def _function(operation: dict[str, Any]) -> str:
    uri: str = operation["x-amazon-apigateway-integration"]["uri"]["Fn::Sub"]
    return uri.partition("${")[2].rpartition("${")[2].partition(".Arn}")[0]


def test_every_method_of_every_path_goes_to_a_function(document: dict[str, Any]) -> None:
    assert document["paths"].keys() == {*POSTED, "/{proxy+}", "/"}
    for path, operations in document["paths"].items():
        assert operations[ANY]["x-amazon-apigateway-integration"]["type"] == "aws_proxy", path
    for path, function in POSTED.items():
        assert _function(document["paths"][path]["post"]) == function
        assert _function(document["paths"][path][ANY]) == function


def test_the_api_may_call_the_functions_that_it_goes_to(template: Template, document: dict[str, Any]) -> None:
    called = {
        _function(each)
        for path in document["paths"].values()
        for each in path.values()
        if "responses" in each
    }
    allowed = {
        target(permission["FunctionName"])
        for permission in template.of_type("AWS::Lambda::Permission").values()
        if permission["Principal"] == "apigateway.amazonaws.com"
        and "${WebhookApi}" in permission["SourceArn"]["Fn::Sub"]
    }
    assert called == allowed == set(POSTED.values())


def test_bodies_pass_as_bytes(document: dict[str, Any]) -> None:
    assert document["x-amazon-apigateway-binary-media-types"] == ["*/*"]


def test_the_document_says_every_answer_that_a_receiver_gives(document: dict[str, Any]) -> None:
    given = {"202", *(str(status) for status, _, _ in problems._PROBLEMS.values())}
    for path in POSTED:
        assert document["paths"][path]["post"]["responses"].keys() == given


def test_every_reference_of_the_document_leads_somewhere(document: dict[str, Any]) -> None:
    references = list(values_of(document, "$ref"))
    assert references
    for reference in references:
        place: Any = document
        for step in reference.removeprefix("#/").split("/"):
            place = place[step]


def test_what_the_gateway_answers_itself_has_the_form_of_our_answers(document: dict[str, Any]) -> None:
    responses = document["x-amazon-apigateway-gateway-responses"]
    assert {"DEFAULT_4XX", "DEFAULT_5XX", "THROTTLED", "REQUEST_TOO_LARGE"} <= responses.keys()
    for name, response in responses.items():
        problem = json.loads(response["responseTemplates"]["application/problem+json"])
        assert problem.keys() == {"type", "title", "status", "detail"}, name
        assert str(problem["status"]) == response["statusCode"], name
        if known := problems._PROBLEMS.get(problem["type"].rpartition(":")[2]):
            assert (problem["status"], problem["title"], problem["detail"]) == known, name


def test_the_addresses_that_may_call_are_a_choice(document: dict[str, Any]) -> None:
    condition, policy, otherwise = document["x-amazon-apigateway-policy"]["Fn::If"]
    assert condition == "HasSourceAddresses"
    assert otherwise == {"Ref": "AWS::NoValue"}
    denial = policy["Statement"][1]
    assert denial["Effect"] == "Deny"
    assert denial["Condition"] == {"NotIpAddress": {"aws:SourceIp": {"Ref": "WebhookSourceAddresses"}}}


def test_the_stage_is_throttled_and_logs_no_headers(template: Template) -> None:
    (stage,) = template.of_type("AWS::ApiGateway::Stage").values()
    (settings,) = stage["MethodSettings"]
    assert settings["ThrottlingRateLimit"] == {"Ref": "WebhookRateLimit"}
    assert settings["ThrottlingBurstLimit"] == {"Ref": "WebhookBurstLimit"}
    assert (settings["ResourcePath"], settings["HttpMethod"]) == ("/*", "*")
    assert settings.get("DataTraceEnabled", False) is False
    assert stage["TracingEnabled"] is True
    assert target(stage["AccessLogSetting"]["DestinationArn"]) in template.of_type("AWS::Logs::LogGroup")
    assert "header" not in json.dumps(stage["AccessLogSetting"]["Format"]).lower()


def _secrets(template: Template, function: str, effect: str) -> list[Any]:
    role = target(template.resources[function]["Properties"]["Role"])
    return [
        resource
        for statement in template.statements(role)
        if statement["Effect"] == effect and "secretsmanager:GetSecretValue" in as_list(statement["Action"])
        for resource in as_list(statement["Resource"])
    ]


def test_each_receiver_reads_its_own_secrets_and_not_the_other_one_s(template: Template) -> None:
    """A CRM may be called cxone2: no pattern of names tells them apart, so CXone's is denied by its ARN."""
    cxones = {"Fn::GetAtt": ["CxoneWebhookSecret", "Id"]}
    assert _secrets(template, "CxoneWebhook", "Allow") == [cxones]
    assert _secrets(template, "CxoneWebhook", "Deny") == []
    (crms,) = _secrets(template, "CrmWebhook", "Allow")
    assert crms["Fn::Sub"].endswith(":secret:${AWS::StackName}/webhooks/*")
    assert _secrets(template, "CrmWebhook", "Deny") == [cxones]


def test_the_ingress_queue_holds_the_largest_delivery(template: Template) -> None:
    largest = 3 * Provider.__dataclass_fields__["max_body_bytes"].default + 16_384
    for name in ("RouteWebhooksQueue", "RouteWebhooksDeadLetters"):
        assert template.of_type("AWS::SQS::Queue")[name]["MaximumMessageSize"] >= largest


def test_kept_webhooks_expire_by_their_own_parameter(template: Template) -> None:
    rules = template.of_type("AWS::S3::Bucket")["LakeBucket"]["LifecycleConfiguration"]["Rules"]
    days = {rule.get("Prefix", ""): rule["ExpirationInDays"] for rule in rules}
    # As long as the parts of a pull that is not at its end; see outbound.outcomes.parts.
    assert days.pop("staged/") == 120
    days = {prefix: parameter["Ref"] for prefix, parameter in days.items()}
    assert days == {
        "": "LakeRetentionDays",
        "webhooks/": "WebhookRetentionDays",
        "archiving/": "ArchiveWorkRetentionDays",
        "dispositions/": "DispositionFileRetentionDays",
        "consent/": "ConsentFileRetentionDays",
    }
    variables = template.resources["RouteWebhooks"]["Properties"]["Environment"]["Variables"]
    assert variables["WEBHOOK_RETENTION_DAYS"] == {"Ref": "WebhookRetentionDays"}


def test_the_bus_is_archived_where_the_account_has_an_archive(template: Template) -> None:
    archive = template.resources["BusArchive"]
    assert archive["Condition"] == "OnAws"
    assert archive["Properties"]["RetentionDays"] == {"Ref": "EventArchiveDays"}
