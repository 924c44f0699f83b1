"""What the document of the model does not say."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Assumptions:
    """Times and errors of a dialer, as they are usual.

    Detection is taken to be tuned so that what is uncertain goes to an agent. A person who is cut off as
    a machine was not connected either: that share would be abandoned on top.
    """

    connect_seconds: float = 2.0
    """A person who has no agent by then is abandoned: 47 CFR 64.1200(a)(7)."""
    message_seconds: float = 10.0
    """How long the message to an abandoned person holds the trunk."""
    detection_seconds: float = 3.0
    """What it takes to know a machine."""
    machines_passed_on: float = 0.05
    """Machines that are taken for persons, and go to an agent."""
    machine_talk_seconds: float = 5.0
    """Until the agent has noticed."""
    persons_cut_off: float = 0.0
    """Persons who are taken for machines, of those dialled by a dialer that looks for machines."""


ASSUMPTIONS = Assumptions()
