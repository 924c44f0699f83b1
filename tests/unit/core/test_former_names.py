"""Settings that were renamed are still understood by their former names, and written once."""

from __future__ import annotations

import json
from typing import Any

import pytest

from outbound.archive.settings import ArchiveSettings
from outbound.dispositions.settings import DispositionSettings
from outbound.settings import InvalidDocument, read_document

RENAMED = [
    (DispositionSettings, {"busy_wait": {"most_seconds": 600}}, {"busy_wait": {"max_seconds": 600}}),
    (ArchiveSettings, {"most_rounds": 2}, {"max_rounds": 2}),
]


@pytest.mark.parametrize(("model", "former", "current"), RENAMED)
def test_a_setting_is_understood_by_its_former_name(model: Any, former: Any, current: Any) -> None:
    assert read_document(model, json.dumps(former)) == read_document(model, json.dumps(current))
    assert read_document(model, json.dumps(former)) != read_document(model, "{}")


@pytest.mark.parametrize(
    ("model", "document", "named"),
    [
        (DispositionSettings, {"busy_wait": {"most_seconds": 600, "max_seconds": 700}}, "max_seconds"),
        (ArchiveSettings, {"most_rounds": 2, "max_rounds": 4}, "max_rounds"),
    ],
)
def test_a_setting_under_both_names_with_two_values_is_refused(model: Any, document: Any, named: str) -> None:
    with pytest.raises(InvalidDocument, match=f"{named} is there by its former name, too"):
        read_document(model, json.dumps(document))
