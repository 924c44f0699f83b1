"""What is configured about dispositions; the document is `/<stack>/config/dispositions`."""

from __future__ import annotations

import re
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from outbound.dispositions.busy_contacts import BUSY_STATES, Wait

Code = Annotated[str, Field(min_length=1, max_length=64)]

_REQUIRED_FIELDS: dict[str, tuple[str, ...]] = {"CALLBACK_LATER": ("callback_date",)}


class DispositionSettings(BaseModel):
    """All settings of dispositions."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    code_pattern: str = Field(r"^[A-Z_]{3,20}$", description="the form of a code: a regular expression")
    outcome_codes: frozenset[Code] = Field(
        frozenset({"INTERESTED", "NOT_INTERESTED", "CALLBACK_LATER", "DO_NOT_CALL", "NO_ANSWER", "BUSY"}),
        min_length=1,
        description="the codes of the tenant's category matrix; any other is rejected",
    )
    required_fields: dict[Code, tuple[str, ...]] = Field(
        _REQUIRED_FIELDS, description="custom fields that a code cannot be without"
    )
    do_not_call_codes: frozenset[Code] = Field(
        frozenset({"DO_NOT_CALL", "DNC"}),
        description="codes that also put the contact on the do-not-call list",
    )
    default_agent_id: str = Field("", max_length=128, description="for requests that name no agent")
    busy_states: frozenset[str] = Field(
        BUSY_STATES, description="states in which a contact is in the dialer's hands"
    )
    busy_wait: Wait = Field(Wait(), description="how long a disposition waits for such a contact")
    in_doubt_seconds: float = Field(
        30, ge=1, le=900, description="so long a write whose answer was lost keeps its contact for itself"
    )
    max_notes: int = Field(4000, ge=0, le=32_000, description="characters")
    max_custom_fields: int = Field(100, ge=0, le=500, description="of one disposition")
    max_custom_field: int = Field(2000, ge=1, le=32_000, description="characters of one text")
    max_age_days: int = Field(30, ge=1, le=365, description="an older disposition is rejected")
    max_file_bytes: int = Field(2**30, ge=1, le=2**33, description="unpacked; a larger file is refused")
    # The message of a file stays for two weeks at most.
    max_file_days: int = Field(
        7, ge=1, le=12, description="a file is answered after that, whatever rows are still open"
    )

    @field_validator("code_pattern")
    @classmethod
    def _is_a_pattern(cls, pattern: str) -> str:
        try:
            re.compile(pattern)
        except re.error:
            raise ValueError("is not a regular expression") from None
        return pattern

    @model_validator(mode="after")
    def _codes_have_their_form(self) -> Self:
        for code in sorted(self.outcome_codes):
            if not re.fullmatch(self.code_pattern, code):
                raise ValueError(f"outcome_codes: {code!r} does not have the form of code_pattern")
        # What is packaged may stand for a code that this tenant does not have.
        if unknown := sorted(set(self.required_fields) - self.outcome_codes - set(_REQUIRED_FIELDS)):
            raise ValueError(f"required_fields: {unknown[0]!r} is none of outcome_codes")
        return self
