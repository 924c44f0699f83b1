"""`outbound queues`: what waits, what was given up and why, and sending it again.

Redriving is our own receive and send: it works on any SQS, shows what it would do first, and a message
is taken off the dead-letter queue only after its queue has it.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import Any

from outbound.ops.printing import Output
from outbound.ops.stack import Stack

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
    dead.add_argument("--most", type=int, default=20, metavar="N", help="so many at most (default 20)")
    dead.set_defaults(run=_dead)
    redrive = commands.add_parser("redrive", help="send a queue's dead letters again")
    redrive.add_argument("queue")
    redrive.add_argument("--most", type=int, default=1000, metavar="N", help="so many at most (default 1000)")
    redrive.add_argument("--dry-run", action="store_true", help="only say how many there are")
    redrive.set_defaults(run=_redrive)


def _list(stack: Stack, _: argparse.Namespace, output: Output) -> None:
    rows = []
    for name in sorted(name.removesuffix(_QUEUE) for name in stack.outputs if name.endswith(_QUEUE)):
        waiting, in_flight, delayed = _counts(stack, stack.outputs[name + _QUEUE])
        # A queue may share the dead letters of another, where they are counted.
        dead = sum(_counts(stack, stack.outputs[name + _DEAD])) if name + _DEAD in stack.outputs else 0
        rows.append(
            {"queue": name, "waiting": waiting, "in_flight": in_flight, "delayed": delayed, "dead": dead}
        )
    output.rows(rows, "this stack has no queues")


def dead_letters(stack: Stack) -> dict[str, int]:
    """Return how many dead letters each queue has, by the queue's name."""
    return {name: sum(_counts(stack, stack.outputs[name + _DEAD])) for name in _names(stack)}


def _dead(stack: Stack, chosen: argparse.Namespace, output: Output) -> None:
    _check(stack, chosen.queue)
    url = stack.outputs[chosen.queue + _DEAD]
    messages = list(_messages(stack, url, min(chosen.most, _SHOWN), _LOOK_SECONDS))
    _put_back(stack, url, messages)
    rows = [
        {
            "message_id": message["MessageId"],
            "reason": _attribute(message, "reason"),
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
        stack.sqs.change_message_visibility_batch(QueueUrl=url, Entries=entries)


def _redrive(stack: Stack, chosen: argparse.Namespace, output: Output) -> None:
    _check(stack, chosen.queue)
    source, target = stack.outputs[chosen.queue + _DEAD], stack.outputs[chosen.queue + _QUEUE]
    if chosen.dry_run:
        waiting = _counts(stack, source)[0]
        output.said(
            f"{waiting} dead letters of {chosen.queue} would be sent again", queue=chosen.queue, dead=waiting
        )
        return
    # All are taken before the first is sent: one that dies again at once would be sent again and again.
    messages = list(_messages(stack, source, chosen.most, _REDRIVE_SECONDS))
    for message in messages:
        stack.sqs.send_message(QueueUrl=target, MessageBody=message["Body"])
        stack.sqs.delete_message(QueueUrl=source, ReceiptHandle=message["ReceiptHandle"])
    sent = len(messages)
    output.said(f"{sent} dead letters of {chosen.queue} were sent again", queue=chosen.queue, redriven=sent)


def _messages(stack: Stack, url: str, most: int, visibility: int) -> Iterator[dict[str, Any]]:
    """Give at most so many messages of a queue, each once."""
    seen: set[str] = set()
    while len(seen) < most:
        answer = stack.sqs.receive_message(
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


def _names(stack: Stack) -> list[str]:
    ends = [name.removesuffix(_QUEUE) for name in stack.outputs if name.endswith(_QUEUE)]
    return sorted(name for name in ends if name + _DEAD in stack.outputs)


def _check(stack: Stack, name: str) -> None:
    if name not in (names := _names(stack)):
        raise ValueError(f"there is no queue {name!r}; use one of {', '.join(names)}")


def _counts(stack: Stack, url: str) -> tuple[int, ...]:
    found = stack.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=list(_COUNTS))["Attributes"]
    return tuple(int(found.get(name, 0)) for name in _COUNTS)


def _attribute(message: dict[str, Any], name: str) -> str | None:
    value: str | None = message.get("MessageAttributes", {}).get(name, {}).get("StringValue")
    return value
