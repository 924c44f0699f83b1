"""What is configured about archiving; the document is `/<stack>/config/archiving`."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from outbound.events.fields import MAX_RETENTION_DAYS, MIN_RETENTION_DAYS
from outbound.settings import with_current_names

# Pages that a run reads, and batches that it sends.
MAX_CALLS_OF_A_KIND = 10_000

# Fields that had another name; documents may still use it.
_FORMER_NAMES = {
    f"most_{name}": f"max_{name}" for name in ("attempts", "readings", "rounds", "pauses", "failures")
}


def _time_of_day(text: str) -> str:
    if not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", text):
        raise ValueError("is not a time of day in UTC; write one like 22:00")
    return text


TimeOfDay = Annotated[str, AfterValidator(_time_of_day)]


class ArchiveSettings(BaseModel):
    """All settings of the archive."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    approved_outcomes: frozenset[str] = Field(
        frozenset({"SURVEY_TAKEN", "NO_ANSWER", "BUSY", "DISCONNECTED"}),
        min_length=1,
        description="an attempt with another outcome is skipped",
    )
    not_anonymised: Literal["quarantine", "stop"] = Field(
        "quarantine", description="what an attempt that is not anonymised does to its run"
    )
    default_disposition: str = Field(
        "ARCHIVED", min_length=1, max_length=64, description="of attempts that have none"
    )
    default_retention_days: int = Field(
        365, ge=MIN_RETENTION_DAYS, le=MAX_RETENTION_DAYS, description="of attempts that name none"
    )
    delete_active: bool = Field(True, description="attempts leave the active lists, too")
    force_cold_storage: bool = Field(True, description="CXone moves them to its own cold storage at once")
    batch_size: int = Field(200, ge=1, le=200, description="attempts that are archived together")
    page_size: int = Field(100, ge=2, le=1000, description="attempts of one page of CXone's list")
    max_attempts: int = Field(
        500_000,
        ge=1,
        le=2_000_000,
        description="of one run, and 10,000 pages and batches at most; the next one takes what is left",
    )
    max_readings: int = Field(
        3, ge=1, le=10, description="of a list that changes while it is read, before it is taken as it is"
    )
    max_rounds: int = Field(3, ge=1, le=10, description="how often an attempt is sent before it has failed")
    max_pauses: int = Field(3, ge=1, le=10, description="of a campaign that others resume in the middle")
    max_failures: int = Field(
        20, ge=1, le=100, description="of CXone in a row before a run ends; they last an hour or so"
    )
    pause_seconds: int = Field(
        1800, ge=1, le=86_400, description="a campaign that is not paused by then stays"
    )
    settling_seconds: int = Field(
        1800, ge=1, le=86_400, description="what CXone archives behind its answer has left by then"
    )
    maintenance_window: tuple[TimeOfDay, TimeOfDay] | None = Field(
        None, description="from and to, in UTC: only then is a campaign paused that dials"
    )
    # None unless the operator names them: an archive pauses campaigns, and takes attempts out of CXone.
    campaigns: frozenset[str] = Field(frozenset(), description="that the schedule archives; * for all")
    except_campaigns: frozenset[str] = Field(frozenset(), description="that the schedule leaves alone")

    @model_validator(mode="before")
    @classmethod
    def _accept_old_names(cls, values: Any) -> Any:
        return with_current_names(cls, values, _FORMER_NAMES)

    @property
    def attempts_of_a_run(self) -> int:
        """The most attempts that a run takes: with small pages or batches it would never come to an end."""
        return min(self.max_attempts, MAX_CALLS_OF_A_KIND * min(self.page_size, self.batch_size))

    def scheduled(self, campaign_id: str) -> bool:
        """Return True if the schedule archives a campaign."""
        chosen = campaign_id in self.campaigns or "*" in self.campaigns
        return chosen and campaign_id not in self.except_campaigns
