"""Where the called persons may be, as segmentation knows it: what an audit of calls asks for."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Protocol

from outbound.compliance.contact import Contact


class Place(Protocol):
    """What is known of where a contact may be."""

    def contact(self) -> Contact:
        """Return the contact as the rules ask for it, without the attempts that were made."""


class Places(Protocol):
    """Knows where contacts may be."""

    def of_contacts(self, campaign_id: str, contact_ids: Collection[str]) -> Mapping[str, Place]:
        """Return what is known of contacts of a campaign; one of which nothing is known is left out."""


class NoPlaces:
    """Knows nothing of any contact: the number that was called is all there is."""

    def of_contacts(self, campaign_id: str, contact_ids: Collection[str]) -> Mapping[str, Place]:  # noqa: ARG002
        """Return nothing."""
        return {}
