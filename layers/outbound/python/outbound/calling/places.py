"""Where a contact is, as segmentation knows it: for rules that are asked about a call that was made."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from outbound.calling.segment_index import SegmentIndex
from outbound.compliance.contact import Contact
from outbound.compliance.numbers import AreaCode, Number, area_code
from outbound.runtime import Runtime


@dataclass(frozen=True, slots=True)
class Place:
    """What a contact's list said of where it is, and what the rules made of it.

    `zones` and `states` are all that were plausible, by the rules of `rules_version` at `judged_at`. Of the
    ZIP code the first three digits are kept: the rules ask for no more.
    """

    contact_id: str
    campaign_id: str
    run_id: str
    judged_at: str
    rules_version: str
    zones: tuple[str, ...]
    states: tuple[str, ...]
    zone: str
    zone_confirmed: bool
    state: str
    zip_prefix: str
    area_codes: tuple[str, ...]

    def contact(self) -> Contact:
        """Return the contact as the rules ask for it, without the attempts that were made."""
        return Contact(
            self.contact_id,
            tuple(map(_number, self.area_codes)),
            self.state,
            f"{self.zip_prefix}00" if self.zip_prefix else "",
            self.zone,
            self.zone_confirmed,
        )


def _number(code: str) -> Number:
    """Return a number of an area code that is never given out: where it lies is all that counts.

    Beyond the North American plan a number has no area code.
    """
    return Number(f"1{code}5550100", area_code(code)) if code else Number("", AreaCode(""))


class Places:
    """Reads contacts' places from the segments of their campaigns."""

    def __init__(self, index: SegmentIndex) -> None:
        """Read by this index."""
        self._index = index

    @classmethod
    def of(cls, runtime: Runtime) -> Places:
        """Return a stack's places."""
        return cls(SegmentIndex(runtime.state, runtime.lake, runtime.tenant))

    def of_contacts(self, campaign_id: str, contact_ids: Collection[str]) -> Mapping[str, Place]:
        """Return the places of contacts in a campaign, by the ids that they are asked for.

        From the campaign's current segment, else from the latest one that had the contact. Contacts that
        segmentation has not seen in the campaign are not in the answer.
        """
        found: dict[str, Place] = {}
        for run_id in self._index.campaign(campaign_id).run_ids:
            missing = [each for each in contact_ids if each not in found]
            if not missing:
                break
            found |= {each: place_of(row) for each, row in self._index.rows(run_id, missing).items()}
        return found


def place_of(row: Mapping[str, Any]) -> Place:
    """Return the place that a row of a segment tells."""
    return Place(
        row["contact_id"],
        row["campaign_id"],
        row["run_id"],
        row["judged_at"],
        row["rules_version"],
        tuple(row["zones"]),
        tuple(row["states"]),
        row["zone"],
        row["zone_confirmed"],
        row["address_state"],
        row["zip_prefix"],
        tuple(row["area_codes"]),
    )
