import pytest

from template.calls import OF_LAMBDA_ITSELF, code_of, uses
from template.transformed import ROOT, Template, as_list, target

# Statements that have to name everything, by their Sid, with the reason.
ALL_RESOURCES = {
    "Traces": "X-Ray has no resources",
    "Metrics": "CloudWatch metrics have no resources",
}

# Principals that may be `*`, because the statement only takes away.
DENY_ONLY = {"AWS::S3::BucketPolicy", "AWS::SQS::QueuePolicy"}


def _roles(template: Template) -> list[str]:
    return list(template.of_type("AWS::IAM::Role"))


def test_every_function_has_a_role_of_its_own(template: Template) -> None:
    roles = [target(function["Role"]) for function in template.of_type("AWS::Lambda::Function").values()]
    assert len(roles) == len(set(roles))
    assert set(roles) <= set(_roles(template))


def test_no_role_takes_a_policy_that_is_not_written_here(template: Template) -> None:
    for role in _roles(template):
        for policy in template.resources[role]["Properties"].get("ManagedPolicyArns", []):
            assert target(policy) in template.resources, f"{role}: {policy}"


def test_every_permission_names_its_actions(template: Template) -> None:
    for role in _roles(template):
        for statement in template.statements(role):
            assert not statement.keys() & {"NotAction", "NotResource"}, role
            for action in as_list(statement["Action"]):
                assert "*" not in action, f"{role} may do {action}"


def test_every_permission_names_its_resources(template: Template) -> None:
    for role in _roles(template):
        for statement in template.statements(role):
            if "*" in map(str, as_list(statement["Resource"])):
                assert statement.get("Sid") in ALL_RESOURCES, f"{role}: {statement}"


def test_every_statement_says_what_it_is_for(template: Template) -> None:
    for role in _roles(template):
        for statement in template.statements(role):
            assert statement.get("Sid"), f"{role}: {statement}"


def test_a_queue_function_may_take_messages_and_hide_them_longer(template: Template) -> None:
    needed = ["ReceiveMessage", "DeleteMessage", "GetQueueAttributes", "ChangeMessageVisibility"]
    for mapping in template.of_type("AWS::Lambda::EventSourceMapping").values():
        queue = target(mapping["EventSourceArn"])
        role = target(template.resources[target(mapping["FunctionName"])]["Properties"]["Role"])
        for action in needed:
            assert template.allows(role, f"sqs:{action}", queue), f"{role} lacks {action} on {queue}"


def test_a_policy_for_everybody_only_denies(template: Template) -> None:
    for name, resource in template.resources.items():
        if resource["Type"] in DENY_ONLY:
            for statement in resource["Properties"]["PolicyDocument"]["Statement"]:
                if statement.get("Principal") in ("*", {"AWS": "*"}):
                    assert statement["Effect"] == "Deny", name


def test_whoever_may_assume_a_role_is_one_service(template: Template) -> None:
    for name, role in template.of_type("AWS::IAM::Role").items():
        for statement in role["AssumeRolePolicyDocument"]["Statement"]:
            assert isinstance(statement["Principal"]["Service"], str), name


def test_every_function_writes_into_its_own_log_group_and_no_other(template: Template) -> None:
    for name, function in template.of_type("AWS::Lambda::Function").items():
        written = [
            target(resource)
            for statement in template.statements(target(function["Role"]))
            if "logs:PutLogEvents" in as_list(statement["Action"])
            for resource in as_list(statement["Resource"])
        ]
        assert written == [target(function["LoggingConfig"]["LogGroup"])], name


@pytest.mark.slow
def test_every_permission_is_one_that_the_function_s_code_uses(template: Template) -> None:
    """Of what a function imports, some line has to make the call that an action allows."""
    unused = []
    for name, function in template.of_type("AWS::Lambda::Function").items():
        folder = template.source["Resources"][name]["Properties"]["CodeUri"].strip("/")
        code = code_of(ROOT / folder / "app.py")
        for statement in template.statements(target(function["Role"])):
            if statement["Effect"] == "Deny":
                continue
            unused += [
                f"{name}: {action} ({statement['Sid']})"
                for action in as_list(statement["Action"])
                if action not in OF_LAMBDA_ITSELF and not uses(code, action)
            ]
    assert unused == []


def test_the_comparison_of_permissions_with_code_finds_what_is_not_used() -> None:
    code = code_of(ROOT / "functions" / "pull_outcomes" / "app.py")
    assert uses(code, "dynamodb:UpdateItem")
    assert not uses(code, "states:StartExecution")
    assert not uses(code, "s3:DeleteBucket")
