"""The settings of campaigns that were created here, and the answers that idempotency keys brought."""

from collections.abc import Mapping
from typing import Any

from sandbox.wire.refusal import Refusal

Answer = tuple[int, Mapping[str, Any]]


class CampaignBook:
    """What the campaigns' surface knows beside what all surfaces do."""

    def __init__(self) -> None:
        """Start without any."""
        self.settings: dict[str, Mapping[str, Any]] = {}
        self._answers: dict[tuple[str, str], tuple[Any, Answer]] = {}

    def answered(self, call: str, key: str, body: Any) -> Answer | None:
        """Return what was answered to the same call with this key, None for a new one.

        A key that comes with another body is refused. Without a key every call is a new one.
        """
        known = self._answers.get((call, key)) if key else None
        if known is None:
            return None
        if known[0] != body:
            message = "The key was used for another request."
            raise Refusal(422, "idempotency_key_reused", message, field="X-Idempotency-Key")
        return known[1]

    def remember(self, call: str, key: str, body: Any, answer: Answer) -> None:
        """Keep an answer for those who ask again; a refusal is never kept."""
        if key:
            self._answers[call, key] = (body, answer)
