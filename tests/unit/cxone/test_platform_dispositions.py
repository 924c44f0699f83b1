"""The calls of dispositions reach contacts and nothing else."""

from __future__ import annotations

import pytest

from outbound.cxone.errors import InvalidRequest
from outbound.cxone.http import Answer, Call
from outbound.cxone.platform.dispositions import PlatformDispositions


class _Called:
    """Remembers what it was called with, and gives a contact."""

    def __init__(self) -> None:
        self.paths: list[str] = []

    def call(self, call: Call) -> Answer:
        self.paths.append(call.path)
        return Answer({"state": "IDLE"}, 200, {}, 1)


@pytest.mark.parametrize(("campaign_id", "contact_id"), [("..", "c"), ("c", ".."), ("c", "."), (".", ".")])
def test_an_id_that_is_a_step_in_a_path_is_never_called(campaign_id: str, contact_id: str) -> None:
    http = _Called()
    with pytest.raises(InvalidRequest):
        PlatformDispositions(http).contact(campaign_id, contact_id)  # type: ignore[arg-type]
    assert not http.paths


def test_an_id_keeps_to_its_place_in_the_path() -> None:
    http = _Called()
    PlatformDispositions(http).contact("a/../b", "...")  # type: ignore[arg-type]
    assert http.paths == ["/api/v1/outbound/campaigns/a%2F..%2Fb/contacts/..."]
