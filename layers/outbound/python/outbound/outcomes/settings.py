"""What is configured about outcomes; the document is `/<stack>/config/outcomes`."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

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


class OutcomeSettings(BaseModel):
    """All settings of the outcome pull."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    categories: dict[str, Category] = DEFAULT_CATEGORIES
    unknown_codes: Literal["refuse", "pass"] = Field(
        "refuse", description="a query for a code without a category"
    )
    trend_threshold_percent: float = Field(15.0, ge=0, le=100)
    retention_days: int = Field(90, ge=1, le=3650, description="how long CXone keeps calls")
    first_window_days: int = Field(7, ge=0, le=90, description="where a campaign names no start")
    settling_seconds: int = Field(
        300, ge=0, le=86_400, description="calls are complete that long after they began"
    )
    longest_window_hours: float = Field(6.0, gt=0, le=24)
    spread_seconds: int = Field(600, ge=0, le=900, description="the jobs of one beat start within this time")
    max_pages: int = Field(20_000, ge=1, description="a window with more pages than this is not believed")
    max_failures: int = Field(
        10, ge=1, le=100, description="runs in a row without progress before a job is failed"
    )
    carried_fields: dict[str, str] = Field(
        default={"attemptNumber": "attempt_number", "queueId": "queue_id"},
        description="further fields of a record, and the columns that they are stored in",
    )
