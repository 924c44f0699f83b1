from template.transformed import Template, as_list, target, values_of

LONGEST_RETENTION = 14 * 24 * 3600
LONGEST_QUEUE_FUNCTION_SECONDS = 120
HOURS_OF_THROTTLING = 2


def test_every_queue_ends_in_a_dead_letter_queue_of_this_stack(template: Template) -> None:
    queues = template.of_type("AWS::SQS::Queue")
    for name in queues.keys() - template.dead_letter_queues:
        redrive = queues[name].get("RedrivePolicy")
        assert redrive, f"{name} has no RedrivePolicy"
        assert target(redrive["deadLetterTargetArn"]) in queues, name
        # Fewer, and a message dies of throttling alone.
        assert redrive["maxReceiveCount"] >= 3, name


def test_dead_letters_are_kept_as_long_as_sqs_can(template: Template) -> None:
    queues = template.of_type("AWS::SQS::Queue")
    assert template.dead_letter_queues <= queues.keys()
    for name in template.dead_letter_queues:
        assert queues[name].get("MessageRetentionPeriod") == LONGEST_RETENTION, name


def test_every_queue_is_encrypted_with_keys_that_eventbridge_may_use(template: Template) -> None:
    for name, queue in template.of_type("AWS::SQS::Queue").items():
        assert queue.get("SqsManagedSseEnabled") is True, name
        assert "KmsMasterKeyId" not in queue, name


def test_a_message_stays_hidden_while_its_function_may_run_and_is_back_soon_after(template: Template) -> None:
    for name, mapping in _queue_mappings(template).items():
        queue = template.resources[target(mapping["EventSourceArn"])]["Properties"]
        function = template.resources[target(mapping["FunctionName"])]["Properties"]
        _, window = template.bounds(mapping.get("MaximumBatchingWindowInSeconds", 0))
        longest = function["Timeout"] + window
        # AWS advises six time-outs, for invocations that are throttled. Here a message of a function
        # that died before it could say so is back in minutes, and throttling has its room in the receives.
        assert longest + 30 <= queue.get("VisibilityTimeout", 30) <= longest + 60, name
        patience = queue["RedrivePolicy"]["maxReceiveCount"] * queue["VisibilityTimeout"]
        assert patience >= HOURS_OF_THROTTLING * 3600, name
        assert function["Timeout"] <= LONGEST_QUEUE_FUNCTION_SECONDS, name


def test_every_queue_function_reports_single_messages_and_has_its_own_concurrency(template: Template) -> None:
    for name, mapping in _queue_mappings(template).items():
        assert mapping.get("FunctionResponseTypes") == ["ReportBatchItemFailures"], name
        assert template.bounds(mapping.get("ScalingConfig", {}).get("MaximumConcurrency", 0))[0] >= 2, name
        # SQS takes more than ten messages a batch only with a window.
        assert mapping.get("BatchSize", 10) <= 10 or mapping.get("MaximumBatchingWindowInSeconds"), name


def test_every_queue_policy_names_its_source(template: Template) -> None:
    for name, policy in template.of_type("AWS::SQS::QueuePolicy").items():
        for statement in policy["PolicyDocument"]["Statement"]:
            assert list(values_of(statement.get("Condition", {}), "aws:SourceArn")), name
            assert statement["Action"] == "sqs:SendMessage", name


def test_a_queue_policy_allows_only_the_queues_that_it_is_for(template: Template) -> None:
    for name, policy in template.of_type("AWS::SQS::QueuePolicy").items():
        queues = {target(queue) for queue in policy["Queues"]}
        for statement in policy["PolicyDocument"]["Statement"]:
            assert {target(resource) for resource in as_list(statement["Resource"])} <= queues, name


def _queue_mappings(template: Template) -> dict[str, dict]:
    found = template.of_type("AWS::Lambda::EventSourceMapping")
    queues = template.of_type("AWS::SQS::Queue")
    return {name: mapping for name, mapping in found.items() if target(mapping["EventSourceArn"]) in queues}
