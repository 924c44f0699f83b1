from template.transformed import Template, target


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


def test_every_alarm_tells_somebody_and_says_what_to_do(template: Template) -> None:
    topics = template.of_type("AWS::SNS::Topic")
    for name, alarm in template.of_type("AWS::CloudWatch::Alarm").items():
        assert {target(action) for action in alarm.get("AlarmActions", [])} & topics.keys(), name
        assert len(alarm.get("AlarmDescription", "")) > 20, name
        assert "TreatMissingData" in alarm, name


def test_alarms_do_without_metric_math(template: Template) -> None:
    for name, alarm in template.of_type("AWS::CloudWatch::Alarm").items():
        assert "Metrics" not in alarm, name
