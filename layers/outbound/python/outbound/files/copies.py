"""The last step of a file: its answers are laid beside it, where people look for them."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

from outbound.files.inbox import Inbox, ObjectGone
from outbound.files.ledger import InboxFile


def lay_beside(inbox: Inbox, file: InboxFile, answers: Mapping[str, str]) -> None:
    """Copy answers, by their keys, to keys beside their file, unless a newer file has the name by now."""
    with suppress(ObjectGone):
        if inbox.find(file.key).etag != file.etag:
            return
    for key, beside in answers.items():
        inbox.copy(key, beside)
