"""The whole system on this machine: an AWS emulator with the real template deployed to it.

>>> with running_stack() as stack:
...     stack.client("sqs").send_message(QueueUrl=stack.outputs["SweepQueueUrl"], MessageBody="{}")
"""

from local.emulator import Emulator, running_emulator
from local.stack import Stack, running_stack

__all__ = ["Emulator", "Stack", "running_emulator", "running_stack"]
