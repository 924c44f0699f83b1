"""Which contacts are busy, and how long a disposition waits for one.

A contact is busy while the dialer has it. When its disposition comes back, and what becomes of one that has
waited for too long, is decided in `deferral.py`.
"""

from __future__ import annotations

from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from outbound.settings import with_current_names

BUSY_STATES = frozenset({"DIALING", "RINGING", "CONNECTED", "WRAP_UP"})
"""CXone's names of the states in which the dialer has a contact; the setting `busy_states` may say others."""

# Documents may still use it.
_FORMER_NAMES = {"most_seconds": "max_seconds"}
# The queue gives a message up after 200 receives, whatever the reason for them.
_MOST_LOOKS = 150


class Wait(BaseModel):
    """How long a disposition waits for its contact, and how often it looks: each time twice as long."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    first_seconds: float = Field(15, ge=1, le=3600, description="before the second look")
    longest_seconds: float = Field(300, ge=1, le=36_000, description="between two looks")
    max_seconds: float = Field(4 * 3600, ge=1, le=7 * 86_400, description="after that it is rejected")

    @model_validator(mode="before")
    @classmethod
    def _accept_former_names(cls, values: Any) -> Any:
        return with_current_names(cls, values, _FORMER_NAMES)

    @model_validator(mode="after")
    def _looks_are_bounded(self) -> Self:
        waited, looks = 0.0, 0
        while waited < self.max_seconds:
            looks += 1
            waited += self.seconds(looks)
            if looks > _MOST_LOOKS:
                raise ValueError(f"asks for more than {_MOST_LOOKS} looks: raise longest_seconds")
        return self

    def seconds(self, deferrals: int) -> float:
        """Return the wait before the next look after so many."""
        return min(self.longest_seconds, self.first_seconds * 2.0 ** min(deferrals - 1, 20))
