"""How a contact's id is read: one way, for the consent ledger, webhooks, files and dispositions."""

from __future__ import annotations

import re
import unicodedata

MAX_LENGTH = 128

# Whatever identifies a contact in a CRM, as long as it can stand in a key and be read in a log.
_ALPHABET = re.compile(rf"[^\s\x00-\x1f\x7f]{{1,{MAX_LENGTH}}}")
# Blanks as Unicode knows them, and the marks without width that spreadsheets and web forms leave behind.
_BLANKS = re.compile(r"\A[\s\x00\u200b\u2060\ufeff]+|[\s\x00\u200b\u2060\ufeff]+\Z")
# The records of Salesforce that are a person: Account (of a person), Contact, Lead.
_SALESFORCE = re.compile(r"(?:001|003|00Q)[A-Za-z0-9]{12}")
_CHECKSUM = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"


def read_contact_id(value: object) -> str:
    """Return the contact's id that a value of any kind names, or an empty text if it names none.

    A whole number becomes its text, blanks around it go, and what can be spelt in several ways in Unicode
    is spelt in one (NFC). What a path of CXone allows beyond that is its adapter's matter.
    """
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        # Longer ones are not ids, and Python refuses to write numbers of thousands of digits.
        return str(value) if abs(value) < 10**MAX_LENGTH else ""
    if not isinstance(value, str):
        return ""
    text = unicodedata.normalize("NFC", _BLANKS.sub("", value))
    return text if _ALPHABET.fullmatch(text) and is_encodable(text) else ""


def ledger_id(contact_id: str) -> str:
    """Return the id under which a ledger keeps a contact: all ids of one contact have the same.

    Salesforce writes a record's id with 15 characters, whose case counts, or with three more that say which
    of them are upper case, so that it survives systems that ignore case.
    """
    if not _SALESFORCE.fullmatch(contact_id):
        return contact_id
    groups = (contact_id[0:5], contact_id[5:10], contact_id[10:15])
    return contact_id + "".join(
        _CHECKSUM[sum(1 << place for place, letter in enumerate(group) if "A" <= letter <= "Z")]
        for group in groups
    )


def is_encodable(text: str) -> bool:
    """Return True if a text can be written down: JSON can spell halves of characters that no encoding has."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
