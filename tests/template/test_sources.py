import json

from template.transformed import Template, target, values_of


def _rule_targets(template: Template) -> list[tuple[str, dict]]:
    rules = template.of_type("AWS::Events::Rule")
    return [(name, found) for name, rule in rules.items() for found in rule["Targets"]]


def _policy_of(template: Template, queue: str) -> dict:
    for policy in template.of_type("AWS::SQS::QueuePolicy").values():
        if queue in {target(found) for found in policy["Queues"]}:
            return policy
    raise AssertionError(f"{queue} has no queue policy")


def _lets_in(template: Template, queue: str, rule: str) -> bool:
    sources = json.dumps(list(values_of(_policy_of(template, queue), "aws:SourceArn")))
    # The ARN of a rule of the account's default bus names no bus.
    of_the_bus = "EventBusName" in template.of_type("AWS::Events::Rule")[rule]
    return f'"{rule}"' in sources or (of_the_bus and "rule/${Bus}/*" in sources)


def test_every_rule_target_has_a_dead_letter_queue_and_a_retry_policy(template: Template) -> None:
    for rule, found in _rule_targets(template):
        assert target(found["DeadLetterConfig"]["Arn"]) in template.dead_letter_queues, rule
        assert found["RetryPolicy"].keys() == {"MaximumRetryAttempts", "MaximumEventAgeInSeconds"}, rule


def test_a_queue_lets_in_every_rule_that_targets_it(template: Template) -> None:
    for rule, found in _rule_targets(template):
        queue = target(found["Arn"])
        if queue in template.of_type("AWS::SQS::Queue"):
            assert _lets_in(template, queue, rule), f"{queue} refuses {rule}"


def test_the_dead_letter_queue_of_a_rule_lets_the_rules_of_the_bus_in(template: Template) -> None:
    for rule, found in _rule_targets(template):
        queue = target(found["DeadLetterConfig"]["Arn"])
        assert _lets_in(template, queue, rule), f"{queue} refuses {rule}"


def test_every_rule_listens_to_the_bus_of_this_stack(template: Template) -> None:
    for name, rule in template.of_type("AWS::Events::Rule").items():
        source = json.dumps(rule.get("EventPattern", {}).get("source", ""))
        # What AWS itself says (a failed workflow) comes on the account's default bus.
        assert target(rule.get("EventBusName", "")) in template.resources or "aws." in source, name


def test_every_schedule_has_a_dead_letter_queue_and_a_retry_policy(template: Template) -> None:
    for name, schedule in template.of_type("AWS::Scheduler::Schedule").items():
        found = schedule["Target"]
        assert target(found["DeadLetterConfig"]["Arn"]) in template.dead_letter_queues, name
        assert found["RetryPolicy"].keys() == {"MaximumRetryAttempts", "MaximumEventAgeInSeconds"}, name


def test_the_role_of_a_schedule_may_start_its_target_and_report_failures(template: Template) -> None:
    actions = {"AWS::Lambda::Function": "lambda:InvokeFunction", "AWS::SQS::Queue": "sqs:SendMessage"}
    for name, schedule in template.of_type("AWS::Scheduler::Schedule").items():
        found = schedule["Target"]
        role, started = target(found["RoleArn"]), target(found["Arn"])
        action = actions[template.resources[started]["Type"]]
        assert template.allows(role, action, started), f"{name}: {role} may not {action} {started}"
        dead_letters = target(found["DeadLetterConfig"]["Arn"])
        assert template.allows(role, "sqs:SendMessage", dead_letters), name
