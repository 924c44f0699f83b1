"""What is configured about outcomes; the document is `/<stack>/config/outcomes`."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from outbound.complaints import described

Category = Literal["success", "warm", "cold", "neutral", "failure"]
CATEGORIES: tuple[Category, ...] = ("success", "warm", "cold", "neutral", "failure")

DEFAULT_CATEGORIES: dict[str, Category] = {
    "CONVERTED": "success",
    "APPOINTMENT_SET": "success",
    "INTERESTED": "warm",
    "CALLBACK_REQUESTED": "warm",
    "CALLBACK_LATER": "warm",
    "NOT_INTERESTED": "cold",
    "DO_NOT_CALL": "cold",
    "BUSY": "neutral",
    "NO_ANSWER": "neutral",
    "SURVEY_TAKEN": "neutral",
    "DISCONNECTED": "failure",
    "WRONG_NUMBER": "failure",
}

# The columns that every row has; further fields of a record are stored beside them.
COLUMNS = (
    "id",
    "campaign_id",
    "disposition_code",
    "mapped_category",
    "start_time",
    "end_time",
    "duration_seconds",
    "contact_id",
    "agent_id",
)

_COLUMN = described(
    r"^[a-z][a-z0-9_]{0,62}$", "a small letter, and up to 62 small letters, digits and '_' after it"
)


class Carried(BaseModel):
    """A column for a further field of a record; a value of another type is stored as null."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    column: str = Field(pattern=_COLUMN, description="the column's name")
    type: Literal["string", "integer", "number", "boolean"] = Field("string", description="the column's type")


class OutcomeSettings(BaseModel):
    """All settings of the outcome pull."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    categories: dict[str, Category] = Field(
        DEFAULT_CATEGORIES, description="the category of each disposition code"
    )
    unknown_codes: Literal["refuse", "pass"] = Field(
        "refuse", description="a query for a code without a category"
    )
    trend_threshold_percent: float = Field(
        15.0, ge=0, le=100, description="a conversion rate above it is reported as positive"
    )
    retention_days: int = Field(90, ge=1, le=3650, description="how long CXone keeps calls")
    first_window_days: int = Field(7, ge=0, le=90, description="where a campaign names no start")
    settling_seconds: int = Field(
        300, ge=0, le=43_200, description="calls are complete that long after they began"
    )
    longest_call_seconds: int = Field(
        14_400,
        ge=0,
        le=86_400,
        description="a window is pulled once more that long after its end, for calls that were under way;"
        " 0: never",
    )
    longest_window_hours: float = Field(6.0, ge=0.1, le=24, description="of one pull job")
    spread_seconds: int = Field(600, ge=0, le=900, description="the jobs of one tick start within this time")
    max_pages: int = Field(
        20_000, ge=1, le=100_000, description="a window with more pages than this is not believed"
    )
    # An item of a part holds 8 bytes a record, beside its analysis, and may have 400 KB.
    part_records: int = Field(
        10_000,
        ge=1,
        le=15_000,
        description="pages are gathered to so many records for one object of the lake",
    )
    max_failures: int = Field(
        10, ge=1, le=100, description="runs in a row without progress before a job is failed"
    )
    correction_seconds: int = Field(
        900, ge=1, le=86_400, description="a pulled window with a changed outcome is pulled anew after that"
    )
    carried_fields: dict[str, Carried] = Field(
        default={
            "attemptNumber": Carried(column="attempt_number", type="integer"),
            "queueId": Carried(column="queue_id", type="string"),
        },
        max_length=50,
        description="further fields of a record, and the columns that they are stored in",
    )

    @model_validator(mode="after")
    def _columns_are_apart(self) -> Self:
        columns = [*COLUMNS, *(carried.column for carried in self.carried_fields.values())]
        if twice := sorted({column for column in columns if columns.count(column) > 1}):
            raise ValueError(f"carried_fields: the column {twice[0]} is there already")
        return self
