"""Calls that a dialer places, by its pacing.

dial (spaced) -> ringing -> no answer
                         -> machine, detected (or, by error, passed on to an agent)
                         -> person answers
"""

from __future__ import annotations

from outbound.dialer.model.assumptions import Assumptions
from outbound.dialer.model.call_flow import MACHINE, PERSON, CallFlow
from outbound.dialer.model.document import ModelDocument, Pacing
from outbound.dialer.model.pacing import TUNE_SECONDS, policy_of

# What detection makes of an answer.
_CUT_OFF, _MACHINE_KNOWN, _PASSED_ON = -1, 0, 1


class DialledCalls(CallFlow):
    """Dials while the policy wants calls, at most one in each spacing."""

    def __init__(
        self,
        document: ModelDocument,
        pacing: Pacing,
        replication: int,
        warm_up: float,
        assumed: Assumptions,
    ) -> None:
        """Plan the first dial."""
        super().__init__(document, replication, warm_up, assumed)
        self._policy = policy_of(pacing.policy, pacing.ratio or 1.0, pacing.target)
        self._uniform = self._stream("outcome").random
        cut_off = assumed.persons_cut_off if document.machine_rate else 0.0
        answered, machines = document.answer_rate or 0.0, document.machine_rate
        # Where one uniform number falls decides what becomes of a dial.
        self._until_person = answered * (1 - cut_off)
        self._until_cut_off = answered
        self._until_passed_on = answered + machines * assumed.machines_passed_on
        self._until_machine = answered + machines
        self._ring_seconds, self._no_answer_seconds = document.ring_seconds, document.no_answer_seconds
        self._detected_seconds = document.ring_seconds + assumed.detection_seconds
        self._spacing = document.spacing_ms / 1000
        self._message_seconds = assumed.message_seconds
        self._next_dial, self._dial_is_due, self._held_back = 0.0, False, False
        self._at(TUNE_SECONDS, self._tune, 0)
        self._follow(0.0)

    def _draw_patience(self) -> float:
        return self._assumed.connect_seconds

    def _follow(self, now: float) -> None:
        """Plan the next dial if the policy wants one, and none is planned."""
        if self._dial_is_due:
            return
        if self._policy.wanted(self) <= 0:
            self._held_back = False
            return
        if self._held_back and self.in_flight >= self._trunks:
            return
        self._dial_is_due = True
        self._at(self._next_dial if self._next_dial > now else now, self._dial, 0)

    def _dial(self, now: float, _: int) -> None:
        self._dial_is_due = False
        if self._policy.wanted(self) <= 0:
            return
        if self.in_flight >= self._trunks:
            # Counted once, not at every try: the dialer waits until a trunk is free.
            self._held_back = True
            self._blocked += 1
            return
        self._held_back = False
        self._attempts += 1
        self._next_dial = now + self._spacing
        self._seize(now)
        self.ringing += 1
        drawn = self._uniform()
        if drawn < self._until_person:
            self._at(now + self._ring_seconds, self._person_answers, 0)
        elif drawn >= self._until_machine:
            self._at(now + self._no_answer_seconds, self._no_answer, 0)
        else:
            self._at(now + self._detected_seconds, self._detected, self._detection(drawn))
        self._follow(now)

    def _detection(self, drawn: float) -> int:
        """Return what detection is to make of an answer: cut off a person, pass a machine on, or neither."""
        if drawn < self._until_cut_off:
            return _CUT_OFF
        return _PASSED_ON if drawn < self._until_passed_on else _MACHINE_KNOWN

    def _person_answers(self, now: float, _: int) -> None:
        self.ringing -= 1
        self.answered += 1
        self._offer(now, PERSON)
        self._follow(now)

    def _no_answer(self, now: float, _: int) -> None:
        self.ringing -= 1
        self._release(now, 0)

    def _detected(self, now: float, found: int) -> None:
        self.ringing -= 1
        if found == _PASSED_ON:
            self._offer(now, MACHINE)
            self._follow(now)
            return
        if found == _CUT_OFF:
            self.answered += 1
            self.abandoned += 1
        self._release(now, 0)

    def _tune(self, now: float, _: int) -> None:
        self._policy.tune(self)
        self._at(now + TUNE_SECONDS, self._tune, 0)
        self._follow(now)
