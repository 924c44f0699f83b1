import importlib
import re
from typing import Any

import pytest

from outbound.cli.settings_reference import MODELS
from outbound.dispositions.metrics import DispositionMetric
from outbound.metrics import FunctionMetric, Metric
from outbound.outcomes.metrics import PullMetric
from outbound.problems.recorder import PROBLEM_TYPES
from outbound.webhooks.metrics import WebhookMetric
from template.transformed import ROOT, Template, target

NAMESPACE = {"Fn::Sub": "OutboundBridge/${AWS::StackName}"}


def _watched(template: Template, metric: str, dimension: str) -> set[str]:
    return {
        target(found["Value"])
        for alarm in template.of_type("AWS::CloudWatch::Alarm").values()
        if alarm.get("MetricName") == metric
        for found in alarm.get("Dimensions", [])
        if found["Name"] == dimension
    }


def test_every_dead_letter_queue_rings_an_alarm(template: Template) -> None:
    watched = _watched(template, "ApproximateNumberOfMessagesVisible", "QueueName")
    assert template.dead_letter_queues <= watched


def test_every_function_rings_an_alarm_when_it_raises(template: Template) -> None:
    assert template.of_type("AWS::Lambda::Function").keys() <= _watched(template, "Errors", "FunctionName")


def test_every_alarm_is_published_and_says_what_to_do(template: Template) -> None:
    topics = template.of_type("AWS::SNS::Topic")
    for name, alarm in template.of_type("AWS::CloudWatch::Alarm").items():
        assert {target(action) for action in alarm.get("AlarmActions", [])} & topics.keys(), name
        assert len(alarm.get("AlarmDescription", "")) > 20, name
        assert "TreatMissingData" in alarm, name


def test_alarms_do_without_metric_math(template: Template) -> None:
    for name, alarm in template.of_type("AWS::CloudWatch::Alarm").items():
        assert "Metrics" not in alarm, name


def _our_namespaces(template: Template) -> list[Any]:
    """Return the namespace that each function writes its metrics under."""
    functions = template.of_type("AWS::Lambda::Function").values()
    return [function["Environment"]["Variables"]["POWERTOOLS_METRICS_NAMESPACE"] for function in functions]


def _watched_namespaces(template: Template) -> list[Any]:
    """Return the namespaces of all alarms that are not AWS's own."""
    found = [alarm["Namespace"] for alarm in template.of_type("AWS::CloudWatch::Alarm").values()]
    return [each for each in found if not str(each).startswith("AWS/")]


def test_two_stacks_of_an_account_share_no_metric_and_no_alarm(template: Template) -> None:
    for namespace in _our_namespaces(template):
        assert namespace == NAMESPACE
    for namespace in _watched_namespaces(template):
        assert namespace == NAMESPACE, "this alarm never rings: no function writes there"


def test_the_dashboard_shows_metrics_of_its_own_stack(template: Template) -> None:
    (dashboard,) = template.of_type("AWS::CloudWatch::Dashboard").values()
    shown = re.findall(r'\["(OutboundBridge[^"]*)"', dashboard["DashboardBody"]["Fn::Sub"])
    assert set(shown) == {NAMESPACE["Fn::Sub"]}


# Names of metrics that say that something was not taken.
_SAYS_NO = re.compile(r"Rejected|Refused|Unmapped|Failed|SetAside|Unusable|NotTaken")
WITHOUT_AN_ALARM = {
    WebhookMetric.WEBHOOKS_REFUSED: "strangers cause it: anyone who knows the address could raise the alarm",
    PullMetric.RECORDS_SET_ASIDE: "the report of each pull counts CXone's odd records with their reasons",
    DispositionMetric.DISPOSITIONS_INVALID: "DispositionsRejected counts it too, and rings",
    DispositionMetric.DISPOSITIONS_NOT_FOUND: "DispositionsRejected counts it too, and rings",
    DispositionMetric.DISPOSITIONS_BUSY: "DispositionsRejected counts it too, and rings",
    DispositionMetric.DISPOSITIONS_TOO_OLD: "DispositionsRejected counts it too, and rings",
}


def _metrics() -> list[Metric]:
    """Return every metric that some capability, or any function, counts."""
    package = ROOT / "layers/outbound/python/outbound"
    for path in package.rglob("metrics.py"):
        importlib.import_module(".".join(path.relative_to(package.parent).with_suffix("").parts))
    return [metric for declared in Metric.__subclasses__() for metric in declared]


def test_a_name_of_a_metric_is_declared_once() -> None:
    names = [metric.value for metric in _metrics()]
    assert len(names) > 50
    assert len(names) == len(set(names))


def _ringing(template: Template, metric: Metric) -> set[str]:
    """Return the services for which a single one of these rings."""
    return {
        dimension["Value"]
        for alarm in template.of_type("AWS::CloudWatch::Alarm").values()
        if (alarm["Namespace"], alarm["MetricName"]) == (NAMESPACE, metric.value)
        and (alarm["Threshold"], alarm["ComparisonOperator"]) == (0, "GreaterThanThreshold")
        for dimension in alarm["Dimensions"]
        if dimension["Name"] == "service"
    }


def _services(template: Template) -> dict[str, str]:
    functions = template.of_type("AWS::Lambda::Function")
    return {
        name: function["Environment"]["Variables"]["POWERTOOLS_SERVICE_NAME"]
        for name, function in functions.items()
    }


@pytest.mark.parametrize("metric", [metric for metric in _metrics() if _SAYS_NO.search(metric.value)])
def test_what_was_not_taken_rings_or_has_a_reason_not_to(template: Template, metric: Metric) -> None:
    rings = _ringing(template, metric)
    assert bool(rings) != (metric in WITHOUT_AN_ALARM)
    assert rings <= set(_services(template).values()), "an alarm on a service that is none never rings"


def test_what_is_unexpected_has_an_alarm_for_every_function_with_a_queue(template: Template) -> None:
    mappings = template.of_type("AWS::Lambda::EventSourceMapping").values()
    behind = {target(mapping["FunctionName"]) for mapping in mappings} | {"Sweep"}
    services = _services(template)
    assert {services[name] for name in behind} <= _ringing(template, FunctionMetric.MESSAGES_FAILED)


# A function that reads a document in the course of its work, by the document's capability.
_READERS = {
    "archiving": "plan-archives",
    "campaigns": "monitor-campaigns",
    "compliance": "audit-calls",
    "cxone": "pull-outcomes",
    "deliveries": "deliver-crm",
    "dialer_reports": "collect-dialer-reports",
    "dialer": "roll-out-dialer",
    "dispositions": "apply-dispositions",
    "ingress": "route-webhooks",
    "outcomes": "plan-pulls",
    "segments": "segment-contacts",
}


def test_every_settings_document_rings_when_it_cannot_be_used(template: Template) -> None:
    assert _READERS.keys() == MODELS.keys()
    assert set(_READERS.values()) <= _ringing(template, FunctionMetric.SETTINGS_UNUSABLE)


def test_the_problems_that_are_recorded_are_those_that_the_rule_lets_through(template: Template) -> None:
    rule = template.of_type("AWS::Events::Rule")["RecordProblemsRule"]
    assert sorted(rule["EventPattern"]["detail-type"]) == sorted(PROBLEM_TYPES)


def _rows_of_the_document() -> list[str]:
    """Return the alarms that docs/alarms.md has a row for; `...End` stands for all that end so."""
    section = (ROOT / "docs" / "alarms.md").read_text().split("\n##", 1)[0]
    first_cells = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    return [name for cell in first_cells for name in re.findall(r"`([^`]+)`", cell)]


def test_the_document_says_for_every_alarm_what_to_do_and_for_no_other(template: Template) -> None:
    alarms = {name.removesuffix("Alarm") for name in template.of_type("AWS::CloudWatch::Alarm")}
    rows = _rows_of_the_document()

    def about(row: str) -> set[str]:
        end = row.removeprefix("...")
        return {name for name in alarms if name == row or (end != row and name.endswith(end))}

    assert alarms - {name for row in rows for name in about(row)} == set()
    assert [row for row in rows if not about(row)] == []
