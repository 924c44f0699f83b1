"""What is configured about the rules of calling; the document is `/<stack>/config/compliance`."""

from __future__ import annotations

from functools import cached_property
from typing import Annotated, Any, Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from outbound.complaints import described
from outbound.compliance.contact import Policy
from outbound.compliance.decision import Judge
from outbound.compliance.rules import Rules, changed_rules, packaged_rules, read_hold

_STATE = described(r"^[A-Z]{2}$|^unknown$", "a state's two capital letters, or unknown")
State = Annotated[str, Field(pattern=_STATE)]
# A name of a day that is none would close that day without a word.
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


class RuleChange(BaseModel):
    """A row that is changed: narrowed freely, loosened only with a name and a reason."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    state: State = Field(description="two letters, or unknown for the row of a state that is not known")
    name: str = Field("", max_length=64, description="by which a loosening is known in the audit")
    reason: str = Field("", max_length=500, description="why it is changed; a loosening needs one")
    hours: dict[Weekday, tuple[str, str] | None] | None = Field(
        None,
        description='by weekday, like {"mon": ["09:00", "18:00"], "sun": null}; days left out are closed',
    )
    max_calls_24h: int | None = Field(
        None, ge=0, le=100, description="calls to one person about one subject in 24 hours"
    )
    closed_on_holidays: bool | None = Field(None, description="of the federal government and of the state")
    unsolicited_mobile_ban: bool | None = Field(
        None, description="no sales calls to mobiles without written consent"
    )

    def as_row(self) -> dict[str, Any]:
        """Return what is changed of the row, and nothing else."""
        said = self.model_dump(exclude_unset=True)
        # Of the cap alone null is something to say: that there is none.
        return {name: value for name, value in said.items() if value is not None or name == "max_calls_24h"}


class EmergencyHold(BaseModel):
    """A time in which some states may not be called."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    states: tuple[State, ...] = Field(min_length=1, description="which are not called, two letters each")
    starts: AwareDatetime = Field(description="from then on")
    ends: AwareDatetime = Field(description="until then; every hold has an end")
    reason: str = Field(min_length=1, max_length=500, description="said with every refusal")
    citation: str = Field("", max_length=200, description="the declaration or law behind it")


class ComplianceSettings(BaseModel):
    """All settings of the rules of calling."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    closing_margin_seconds: int = Field(60, ge=0, le=3600, description="a window ends so much early")
    unknown_zone: Literal["closed", "contiguous_states", "all_states"] = Field(
        "closed", description="closed, or the window that is open in all of those states"
    )
    accept_bare_consent: bool = Field(
        False, description="whether a flag that says yes is enough, without how it was given"
    )
    revocation_scope: Literal["everything", "category"] = Field(
        "everything",
        description="what a revocation ends that names a category of calls; one that names none ends all",
    )
    registry_required: bool = Field(
        False, description="sales calls without written consent need a check against the national registry"
    )
    registry_max_age_days: int = Field(
        31, ge=1, le=31, description="the registry's copy that was checked is not older than that"
    )
    reassigned_required: bool = Field(
        False, description="calls need a check whether the number belongs to another person by now"
    )
    reassigned_max_age_days: int = Field(31, ge=1, le=365, description="that check is not older than that")
    number_column: str = Field(
        "phone_number",
        pattern=r"^[a-z][a-z0-9_]{0,62}$",
        description="the column of pulled calls that has the called number or its area code, of those that"
        " outcomes carry; calls are judged by it where nothing else says where a contact is",
    )
    rule_changes: tuple[RuleChange, ...] = Field(
        (),
        max_length=200,
        description="rows of states that are changed: state, hours, max_calls_24h, closed_on_holidays,"
        " unsolicited_mobile_ban; hours are the whole week, days left out are closed; what loosens a row"
        " needs a name and a reason",
    )
    holds: tuple[EmergencyHold, ...] = Field(
        (),
        max_length=200,
        description="times in which states are not called, as of an emergency: states, starts, ends,"
        " reason, citation",
    )

    @model_validator(mode="after")
    def _rules_can_be_made(self) -> Self:
        # A loosening without a reason, hours that are none: refused when the document is put.
        _ = self.rules
        return self

    @cached_property
    def rules(self) -> Rules:
        """The packaged rules with these changes and holds."""
        changes = [change.as_row() for change in self.rule_changes]
        holds = [read_hold(hold.model_dump(mode="json")) for hold in self.holds]
        return changed_rules(packaged_rules(), changes, holds)

    @cached_property
    def policy(self) -> Policy:
        """What the settings decide beside the rows."""
        return Policy(**self.model_dump(include=set(Policy.__dataclass_fields__)))

    def judge(self) -> Judge:
        """Return the judge by these rules and this policy."""
        return Judge(self.rules, self.policy)
