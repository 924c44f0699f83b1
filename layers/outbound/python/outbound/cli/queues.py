"""`outbound queues`: what waits, what was given up and why, and sending it again to where it came from.

Redriving is our own receive and send: it works on any SQS, shows what it would do first, and a message
is taken off the dead-letter queue only after its queue has it.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from typing import Any

from outbound.cli.arguments import add_limit, unknown
from outbound.cli.output import Output
from outbound.cli.stack import Stack

# Outputs of the template name queues as `<Name>QueueUrl` and their dead-letter queues `<Name>DeadLettersUrl`.
_QUEUE, _DEAD = "QueueUrl", "DeadLettersUrl"
_COUNTS = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
)
# Nothing else works on a dead-letter queue; what was read is hidden until all of it is read, or sent again.
_LOOK_SECONDS = 60
_REDRIVE_SECONDS = 600
_SHOWN = 200
_BATCH = 10


def add_commands(groups: Any) -> None:
    """Add this group's commands to the parser."""
    commands = groups.add_parser("queues", help="see queues and redrive dead letters").add_subparsers(
        required=True
    )
    commands.add_parser("list", help="every queue with what waits in it").set_defaults(run=_list)
    dead = commands.add_parser("dead", help="the dead letters of a queue, with their reasons")
    dead.add_argument("queue")
    add_limit(dead, 20)
    dead.set_defaults(run=_dead)
    redrive = commands.add_parser("redrive", help="send a queue's dead letters again")
    redrive.add_argument("queue")
    add_limit(redrive, 1000)
    redrive.add_argument("--dry-run", action="store_true", help="only say how many there are")
    redrive.set_defaults(run=_redrive)


def _list(stack: Stack, _: argparse.Namespace, output: Output) -> None:
    output.rows([_waiting_in(stack, name) for name in queue_names(stack)], "this stack has no queues")


def _waiting_in(stack: Stack, name: str) -> dict[str, Any]:
    waiting, in_flight, delayed = (
        _counts(stack, stack.outputs[name + _QUEUE]) if name + _QUEUE in stack.outputs else (0, 0, 0)
    )
    return {
        "queue": name,
        "waiting": waiting,
        "in_flight": in_flight,
        "delayed": delayed,
        "dead": dead_letters_in(stack, name),
    }


def queue_names(stack: Stack) -> list[str]:
    """Return every queue by name; Bus and Schedule have dead letters alone: what AWS could not deliver."""
    return sorted(
        {name.removesuffix(end) for end in (_QUEUE, _DEAD) for name in stack.outputs if name.endswith(end)}
    )


def dead_letters_in(stack: Stack, name: str) -> int:
    """Count a queue's dead letters; a queue that shares those of another has none of its own."""
    return sum(_counts(stack, stack.outputs[name + _DEAD])) if name + _DEAD in stack.outputs else 0


def dead_letters(stack: Stack) -> dict[str, int]:
    """Return how many dead letters each queue has, by the queue's name."""
    return {name: dead_letters_in(stack, name) for name in queue_names(stack)}


def _dead(stack: Stack, chosen: argparse.Namespace, output: Output) -> None:
    url = _dead_letters_url(stack, chosen.queue)
    messages = list(_messages(stack, url, min(chosen.limit, _SHOWN), _LOOK_SECONDS))
    _put_back(stack, url, messages)
    rows = [
        {
            "message_id": message["MessageId"],
            "queue": _source(stack, message, chosen.queue) or _attribute(message, "TARGET_ARN"),
            "reason": _attribute(message, "reason") or _attribute(message, "ERROR_CODE"),
            "destination": _attribute(message, "destination"),
            "event_id": _attribute(message, "event_id"),
            "received": message.get("Attributes", {}).get("ApproximateReceiveCount"),
        }
        for message in messages
    ]
    output.rows(rows, f"{chosen.queue} has no dead letters")


def _put_back(stack: Stack, url: str, messages: list[dict[str, Any]]) -> None:
    """Let messages that were only looked at be found again at once, by a redrive for instance."""
    for first in range(0, len(messages), _BATCH):
        entries = [
            {"Id": str(number), "ReceiptHandle": message["ReceiptHandle"], "VisibilityTimeout": 0}
            for number, message in enumerate(messages[first : first + _BATCH])
        ]
        stack.client("sqs").change_message_visibility_batch(QueueUrl=url, Entries=entries)


def _redrive(stack: Stack, chosen: argparse.Namespace, output: Output) -> None:
    source = _dead_letters_url(stack, chosen.queue)
    if chosen.dry_run:
        waiting = _counts(stack, source)[0]
        output.said(
            f"{waiting} dead letters of {chosen.queue} would be sent again", queue=chosen.queue, dead=waiting
        )
        return
    # All are taken before the first is sent: one that dies again at once would be sent again and again.
    messages = list(_messages(stack, source, chosen.limit, _REDRIVE_SECONDS))
    left = [message for message in messages if not _sent_again(stack, message, source, chosen.queue)]
    _put_back(stack, source, left)
    sent = len(messages) - len(left)
    sentence = f"{sent} dead letters of {chosen.queue} were sent again"
    if left:
        sentence += f"; {len(left)} came from no queue of this stack and stay where they are"
    output.said(sentence, queue=chosen.queue, redriven=sent, **({"left": len(left)} if left else {}))


def _sent_again(stack: Stack, message: dict[str, Any], source: str, named: str) -> bool:
    """Send a dead letter to the queue that it came from; return False where that is none of this stack."""
    queue = _source(stack, message, named)
    if queue is None:
        return False
    stack.client("sqs").send_message(QueueUrl=stack.outputs[queue + _QUEUE], MessageBody=message["Body"])
    stack.client("sqs").delete_message(QueueUrl=source, ReceiptHandle=message["ReceiptHandle"])
    return True


def _source(stack: Stack, message: dict[str, Any], named: str) -> str | None:
    """Return the queue that a dead letter came from, or was for; the named one where nothing says it.

    A function says it, or SQS, or EventBridge, which could not deliver it.
    """
    arn = (
        _attribute(message, "queue")
        or message.get("Attributes", {}).get("DeadLetterQueueSourceArn")
        or _attribute(message, "TARGET_ARN")
        or ""
    )
    if not arn:
        return named if named + _QUEUE in stack.outputs else None
    ends = [
        name.removesuffix(_QUEUE)
        for name, url in stack.outputs.items()
        if name.endswith(_QUEUE) and url.rpartition("/")[2] == arn.rpartition(":")[2]
    ]
    return ends[0] if ends else None


def _messages(stack: Stack, url: str, most: int, visibility: int) -> Iterator[dict[str, Any]]:
    """Return at most so many messages of a queue, each once."""
    seen: set[str] = set()
    while len(seen) < most:
        answer = stack.client("sqs").receive_message(
            QueueUrl=url,
            MaxNumberOfMessages=min(_BATCH, most - len(seen)),
            VisibilityTimeout=visibility,
            WaitTimeSeconds=1,
            MessageAttributeNames=["All"],
            AttributeNames=["All"],
        )
        fresh = [message for message in answer.get("Messages", []) if message["MessageId"] not in seen]
        if not fresh:
            return
        seen |= {message["MessageId"] for message in fresh}
        yield from fresh


def _dead_letters_url(stack: Stack, name: str) -> str:
    """Return where a queue's dead letters are; a queue may share those of another."""
    if name not in (names := queue_names(stack)):
        raise ValueError(unknown("queue", name, names))
    if name + _DEAD in stack.outputs:
        return str(stack.outputs[name + _DEAD])
    url = stack.outputs[name + _QUEUE]
    policy = stack.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["RedrivePolicy"])[
        "Attributes"
    ]
    target = json.loads(policy["RedrivePolicy"])["deadLetterTargetArn"].rpartition(":")[2]
    return next(
        url for key, url in stack.outputs.items() if key.endswith(_DEAD) and url.endswith("/" + target)
    )


def _counts(stack: Stack, url: str) -> tuple[int, ...]:
    found = stack.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=list(_COUNTS))["Attributes"]
    return tuple(int(found.get(name, 0)) for name in _COUNTS)


def _attribute(message: dict[str, Any], name: str) -> str | None:
    value: str | None = message.get("MessageAttributes", {}).get(name, {}).get("StringValue")
    return value
