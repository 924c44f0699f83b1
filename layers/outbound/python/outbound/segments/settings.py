"""What is configured about segments; the document is `/<stack>/config/segments`."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class SegmentSettings(BaseModel):
    """All settings of segmentation."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    page_size: int = Field(100, ge=1, le=1000, description="contacts of a list that one call asks for")
    # An item of a part holds 8 bytes a contact and may have 400 KB.
    part_contacts: int = Field(
        10_000, ge=1, le=40_000, description="so many contacts are one object of the lake"
    )
    max_contacts: int = Field(
        5_000_000, ge=1, le=50_000_000, description="a list with more contacts than this is not believed"
    )
    max_failures: int = Field(
        20, ge=1, le=200, description="invocations in a row without progress before a run is failed"
    )
