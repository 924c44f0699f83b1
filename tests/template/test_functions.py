from outbound.cli.check_stack import SCHEDULES
from sam_local.test_events import CASES
from template.transformed import ROOT, Template, target

ENVIRONMENT_LIMIT = 4096


def test_every_function_logs_into_a_group_of_its_own_with_a_retention(template: Template) -> None:
    groups = template.of_type("AWS::Logs::LogGroup")
    functions = template.of_type("AWS::Lambda::Function")
    used = [target(function["LoggingConfig"]["LogGroup"]) for function in functions.values()]
    assert len(used) == len(set(used))
    for name, group in zip(functions, used, strict=True):
        assert group in groups, name
        # The shared policy allows writing to groups of this form only.
        assert groups[group]["LogGroupName"]["Fn::Sub"].startswith("/aws/lambda/${AWS::StackName}-"), name


def test_no_log_is_kept_for_ever(template: Template) -> None:
    for name, group in template.of_type("AWS::Logs::LogGroup").items():
        assert group.get("RetentionInDays"), name


def test_the_environment_of_every_function_fits_into_4_kb(template: Template) -> None:
    for name, function in template.of_type("AWS::Lambda::Function").items():
        variables = function["Environment"]["Variables"]
        size = sum(len(key) + template.length(value) for key, value in variables.items())
        assert size <= ENVIRONMENT_LIMIT, f"{name}: {size} bytes"


def test_every_function_is_traced_and_takes_runtime_and_architecture_from_the_parameters(
    template: Template,
) -> None:
    for name, function in template.of_type("AWS::Lambda::Function").items():
        assert function["TracingConfig"] == {"Mode": "Active"}, name
        assert target(template.source["Globals"]["Function"]["Runtime"]) == "Runtime"
        assert "Runtime" not in template.source["Resources"][name]["Properties"], name


def test_every_function_has_events_that_are_given_to_it_in_a_container() -> None:
    code = {path.parent.name for path in (ROOT / "functions").glob("*/app.py")}
    assert {case.split("/")[0] for case in CASES} == code


def test_every_function_has_its_folder_and_every_folder_its_function(template: Template) -> None:
    functions = [
        resource["Properties"]
        for resource in template.source["Resources"].values()
        if resource["Type"] == "AWS::Serverless::Function"
    ]
    declared = {function["CodeUri"].strip("/") for function in functions}
    assert declared == {f"functions/{path.parent.name}" for path in ROOT.glob("functions/*/app.py")}
    for function in functions:
        folder = function["CodeUri"].strip("/").removeprefix("functions/").replace("_", "-")
        service = function["Environment"]["Variables"]["POWERTOOLS_SERVICE_NAME"]
        assert function["FunctionName"]["Fn::Sub"] == f"${{AWS::StackName}}-{service}"
        # A folder that is deployed several times adds what for: deliver-crm, deliver-wfm.
        assert service == folder or service.startswith(f"{folder}-")


def test_what_is_packed_as_it_lies_there_says_so(template: Template) -> None:
    for name, resource in template.source["Resources"].items():
        if resource["Type"] == "AWS::Serverless::Function":
            assert resource["Metadata"]["SkipBuild"] is True, name


def test_every_schedule_is_one_that_the_operator_s_check_looks_at(template: Template) -> None:
    schedules = template.of_type("AWS::Scheduler::Schedule").values()
    names = {schedule["Name"]["Fn::Sub"].removeprefix("${AWS::StackName}-") for schedule in schedules}
    assert names == set(SCHEDULES)
