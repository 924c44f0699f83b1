"""Page tokens that only the query they were given for can use."""

import base64
import binascii
from collections.abc import Iterable
from hashlib import blake2b

from sandbox.world.calllog import Place


def page_token(place: Place, query: Iterable[str]) -> str:
    """Return the token that goes on after `place` in the answers to `query`."""
    position = ":".join(map(str, place))
    return base64.urlsafe_b64encode(f"{position}:{_seal(position, query)}".encode()).decode()


def place_of(token: str, query: Iterable[str]) -> Place:
    """Return where the token goes on, or raise ValueError if it is not one of this query's."""
    try:
        text = base64.b64decode(token, altchars=b"-_", validate=True).decode()
        position, _, seal = text.rpartition(":")
        start, added, number = (int(part) for part in position.split(":"))
    except (binascii.Error, ValueError):
        raise ValueError("is not a page token") from None
    if seal != _seal(position, query):
        raise ValueError("belongs to another query")
    return Place(start, added, number)


def _seal(position: str, query: Iterable[str]) -> str:
    return blake2b("\0".join((position, *query)).encode(), digest_size=8).hexdigest()
