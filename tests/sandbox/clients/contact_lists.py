"""The control calls about contact lists."""

from typing import Any
from urllib.parse import quote

from sandbox.clients.control import Control


class ContactListControl(Control):
    """Changes the contacts of lists, and shows them."""

    def listed_contact(self, list_id: str, contact_id: str) -> dict[str, Any]:
        """Return a contact as its list has it."""
        listed: dict[str, Any] = self._call("GET", f"{_contacts(list_id)}/{quote(contact_id, safe='')}")
        return listed

    def change_listed_contact(self, list_id: str, contact_id: str, **fields: Any) -> None:
        """Replace fields of a contact, by their names at CXone."""
        self._call("PUT", f"{_contacts(list_id)}/{quote(contact_id, safe='')}", fields)

    def set_call_consent(self, list_id: str, contact_id: str, agreed: bool) -> None:
        """Set CXone's own flag of a contact."""
        self.change_listed_contact(list_id, contact_id, consentFlags={"outbound": {"call": agreed}})

    def add_listed_contacts(self, list_id: str, count: int) -> list[str]:
        """Put the next so many contacts of the campaign on a list; return their ids."""
        added: list[str] = self._call("POST", _contacts(list_id), {"count": count})["added"]
        return added

    def remove_listed_contact(self, list_id: str, contact_id: str) -> None:
        """Take a contact off a list."""
        self._call("DELETE", f"{_contacts(list_id)}/{quote(contact_id, safe='')}")


def _contacts(list_id: str) -> str:
    return f"/contactlists/{quote(list_id, safe='')}/contacts"
