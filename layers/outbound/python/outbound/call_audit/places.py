"""Where the called persons may be, as segmentation knows it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Protocol

from outbound.compliance.numbers import Number, area_code


@dataclass(frozen=True, slots=True)
class Place:
    """What is known of where a contact may be: of its numbers the area codes alone."""

    zone: str = ""
    zone_confirmed: bool = False
    state: str = ""
    zip_code: str = ""
    area_codes: tuple[str, ...] = ()

    @property
    def numbers(self) -> tuple[Number, ...]:
        """The contact's numbers, as far as they say where it is."""
        return tuple(Number(f"1{code}", area_code(code)) for code in self.area_codes)


class Places(Protocol):
    """Knows where contacts may be."""

    def of(self, campaign_id: str, contact_ids: Collection[str]) -> Mapping[str, Place]:
        """Return what is known of contacts of a campaign; one of which nothing is known is left out."""


class NoPlaces:
    """Knows nothing of any contact: the number that was called is all there is."""

    def of(self, campaign_id: str, contact_ids: Collection[str]) -> Mapping[str, Place]:  # noqa: ARG002
        """Return nothing."""
        return {}
