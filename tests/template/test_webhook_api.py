"""The webhook API as API Gateway will have it: every answer is ours, and bytes stay bytes."""

import json
from fnmatch import fnmatchcase
from typing import Any

import pytest

from outbound.dashboard.login import CHALLENGE
from outbound.webhooks import problems
from outbound.webhooks.settings import Provider
from template.transformed import Template, as_list, target, values_of

ANY = "x-amazon-apigateway-any-method"
POSTED = {"/webhooks/cxone": "CxoneWebhook", "/webhooks/crm/{name}": "CrmWebhook"}
SHOWN = ("/dashboard", "/dashboard/health")


@pytest.fixture
def document(template: Template) -> dict[str, Any]:
    """The OpenAPI document that the API is made of."""
    found: dict[str, Any] = template.of_type("AWS::ApiGateway::RestApi")["WebhookApi"]["Body"]
    return found


def _function(operation: dict[str, Any]) -> str:
    uri: str = operation["x-amazon-apigateway-integration"]["uri"]["Fn::Sub"]
    return uri.partition("${")[2].rpartition("${")[2].partition(".Arn}")[0]


def test_every_method_of_every_path_goes_to_a_function(document: dict[str, Any]) -> None:
    assert document["paths"].keys() == {*POSTED, *SHOWN, "/{proxy+}", "/"}
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
    assert called | {"ShowDashboardLogin"} == allowed
    assert called == {*POSTED.values(), "ShowDashboard"}


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


def _policy(document: dict[str, Any], **conditions: bool) -> list[dict[str, Any]]:
    """Return the statements of the resource policy where these conditions hold."""
    conditions["RestrictsAddresses"] = any(conditions.values())

    def chosen(value: Any) -> Any:
        if isinstance(value, dict) and "Fn::If" in value:
            condition, then, otherwise = value["Fn::If"]
            return chosen(then if conditions[condition] else otherwise)
        if isinstance(value, dict):
            kept = {name: chosen(each) for name, each in value.items()}
            return {name: each for name, each in kept.items() if each != {"Ref": "AWS::NoValue"}} or value
        return [chosen(each) for each in value] if isinstance(value, list) else value

    policy = chosen(document["x-amazon-apigateway-policy"])
    return [each for each in policy.get("Statement", []) if "Effect" in each]


def _answers(statements: list[dict[str, Any]], path: str, comes_from: str) -> str:
    """Return what a policy says to a call from the addresses of one parameter: allow, deny, or nothing."""
    resource, verdict = f"execute-api:/v1/{path}", "" if statements else "Allow"
    for statement in statements:
        if not any(fnmatchcase(resource, pattern) for pattern in as_list(statement["Resource"])):
            continue
        ((test, compared),) = statement.get("Condition", {"": {}}).items()
        named = compared.get("aws:SourceIp", {}).get("Ref")
        if test and (test == "IpAddress") != (named == comes_from):
            continue
        if statement["Effect"] == "Deny":
            return "Deny"
        verdict = "Allow"
    return verdict


SENDERS, OPERATORS = "WebhookSourceAddresses", "DashboardSourceAddresses"
PAGES = ("GET/dashboard", "HEAD/dashboard", "GET/dashboard/health", "HEAD/dashboard/health")
OTHERS = (
    "POST/webhooks/cxone",
    "POST/webhooks/crm/dashboard",
    "GET/other",
    "POST/webhooks/crm/GET/dashboard",
)


@pytest.mark.parametrize("path", PAGES)
def test_the_dashboard_is_reached_from_its_own_addresses_or_else_from_where_webhooks_are(
    document: dict[str, Any], path: str
) -> None:
    def answers(senders: bool, operators: bool, comes_from: str) -> str:
        policy = _policy(document, HasSourceAddresses=senders, HasDashboardAddresses=operators)
        return _answers(policy, path, comes_from)

    assert answers(senders=False, operators=False, comes_from="") == "Allow"
    assert answers(senders=True, operators=False, comes_from=SENDERS) == "Allow"
    # What is only not allowed would be allowed by the authorizer's answer.
    assert answers(senders=True, operators=False, comes_from="") == "Deny"
    for senders in (True, False):
        assert answers(senders, operators=True, comes_from=OPERATORS) == "Allow"
        assert answers(senders, operators=True, comes_from=SENDERS) == "Deny"
        assert answers(senders, operators=True, comes_from="") == "Deny"


@pytest.mark.parametrize("path", OTHERS)
def test_addresses_of_the_dashboard_open_nothing_else(document: dict[str, Any], path: str) -> None:
    for operators in (True, False):
        policy = _policy(document, HasSourceAddresses=True, HasDashboardAddresses=operators)
        assert _answers(policy, path, SENDERS) == "Allow"
        for comes_from in (OPERATORS, ""):
            assert _answers(policy, path, comes_from) != "Allow"
    anyone = _policy(document, HasSourceAddresses=False, HasDashboardAddresses=True)
    assert _answers(anyone, path, "") == "Allow"


def test_the_gateway_asks_for_the_password_before_the_dashboard_does(
    template: Template, document: dict[str, Any]
) -> None:
    """It renames the challenge of a function's own 401, without which no browser asks for a password."""
    scheme = document["components"]["securitySchemes"]["DashboardPassword"]
    authorizer = scheme["x-amazon-apigateway-authorizer"]
    assert authorizer["identitySource"] == "method.request.header.Authorization"
    assert "${ShowDashboardLogin.Arn}" in authorizer["authorizerUri"]["Fn::Sub"]
    for path in SHOWN:
        for method in ("get", "head"):
            assert document["paths"][path][method]["security"] == [{"DashboardPassword": []}]
        assert _function(document["paths"][path][ANY]) == "ShowDashboard"
    asked = document["x-amazon-apigateway-gateway-responses"]["UNAUTHORIZED"]["responseParameters"]
    assert asked["gatewayresponse.header.WWW-Authenticate"] == f"'{CHALLENGE}'"


def test_the_dashboard_reads_the_state_table_and_its_password_alone(template: Template) -> None:
    allowed = {
        (action, json.dumps(resource))
        for statement in template.statements("ShowDashboardRole")
        for action in as_list(statement["Action"])
        for resource in as_list(statement["Resource"])
        if not action.startswith(("logs:", "xray:"))
    }
    table, secret = json.dumps({"Fn::GetAtt": ["StateTable", "Arn"]}), ["DashboardSecret", "Id"]
    assert allowed == {
        ("dynamodb:GetItem", table),
        ("dynamodb:Query", table),
        ("secretsmanager:GetSecretValue", json.dumps({"Fn::GetAtt": secret})),
    }


def test_the_page_is_throttled_apart_from_webhooks(template: Template) -> None:
    (stage,) = template.of_type("AWS::ApiGateway::Stage").values()
    apart = stage["MethodSettings"][1:]
    paths = {path.replace("/", "~1") for path in SHOWN}
    wanted = {(f"/{path}", method) for path in paths for method in ("GET", "HEAD")}
    assert {(each["ResourcePath"], each["HttpMethod"]) for each in apart} == wanted
    assert all(each["ThrottlingBurstLimit"] >= each["ThrottlingRateLimit"] >= 1 for each in apart)
    assert all(each["MetricsEnabled"] for each in apart)


def test_every_dead_letter_queue_is_counted_for_the_dashboard(template: Template) -> None:
    variables = template.resources["RecordOverviews"]["Properties"]["Environment"]["Variables"]
    counted = {target(each) for each in variables["DEAD_LETTER_QUEUES"]["Fn::Join"][1]}
    assert counted == template.dead_letter_queues
    for queue in counted:
        assert template.allows("RecordOverviewsRole", "sqs:GetQueueAttributes", queue)


def test_the_stage_is_throttled_and_logs_no_headers(template: Template) -> None:
    (stage,) = template.of_type("AWS::ApiGateway::Stage").values()
    settings = stage["MethodSettings"][0]
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
