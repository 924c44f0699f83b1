"""Looks up what a plan names: its list, its backup, and who backs that one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from outbound.campaigns.checks import ListState, Lookups, named_things
from outbound.cxone.errors import NotFound
from outbound.cxone.ports.campaigns import CampaignsPort
from outbound.cxone.ports.contact_lists import ContactListsPort
from outbound.store.registry import Registry

# A chain of backups that is longer is a mistake; a circle is seen long before.
_LONGEST_CHAIN = 20


class PlanLookups:
    """Looks into CXone and the registry for one tenant."""

    def __init__(self, campaigns: CampaignsPort, lists: ContactListsPort, registry: Registry) -> None:
        """Look through these ports."""
        self._campaigns = campaigns
        self._lists = lists
        self._registry = registry

    def look_up(self, document: Mapping[str, Any], own_id: str = "") -> Lookups:
        """Return what is known of the things that a plan names.

        Raises CxoneError where CXone does not say: that is not the same as a list that is not there.
        """
        list_id, backup = named_things(document)
        exists, name = self._backup(backup)
        return Lookups(self._list(list_id), exists, name, backup_chain(self._registry, backup), own_id)

    def _list(self, list_id: str) -> ListState:
        if not list_id:
            return ListState.NOT_LOOKED_AT
        try:
            page = self._lists.page(list_id, "", page=1, page_size=1)
        except NotFound:
            return ListState.MISSING
        return ListState.FILLED if page.contacts or page.total else ListState.EMPTY

    def _backup(self, campaign_id: str) -> tuple[bool | None, str]:
        if not campaign_id:
            return None, ""
        try:
            return True, self._campaigns.read(campaign_id).name
        except NotFound:
            return False, ""


def backup_chain(registry: Registry, campaign_id: str) -> tuple[str, ...]:
    """Return the backup of a campaign, that one's backup, and so on; a circle ends where it closes."""
    chain: list[str] = []
    seen = {campaign_id}
    while campaign_id and len(chain) < _LONGEST_CHAIN:
        campaign = registry.get(campaign_id)
        campaign_id = str(campaign.calling.get("backup_campaign_id", "")) if campaign else ""
        if campaign_id:
            chain.append(campaign_id)
        if campaign_id in seen:
            break
        seen.add(campaign_id)
    return tuple(chain)
