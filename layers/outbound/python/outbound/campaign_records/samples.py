"""Samples of campaigns' metrics: one item a minute and source, in which the newest measurement stays.

    <tenant>#metrics#<campaign> / 2026-07-15T16:00Z#poll   what was measured of the window that ended then

Samples come late, twice and in any order; which one an item has in the end does not depend on it.
"""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import TypeAdapter

from outbound.steering.health import KEPT, Sample, merged
from outbound.store.table import Item, Key, Table

CLOSE = timedelta(hours=4)
"""How far back the last hours go, of which each minute is kept apart."""

_SAMPLE = TypeAdapter(Sample)
# A window that ended a little before its measurement is kept for as long as the oldest of its history.
_SLACK = timedelta(hours=1)
_MOMENTS = ("start", "end", "measured_at")


class Samples:
    """Reads and writes the samples of one tenant's campaigns."""

    def __init__(self, table: Table, tenant: str) -> None:
        """Keep them in the state table."""
        self._table = table
        self._tenant = tenant

    def add(self, campaign_id: str, sample: Sample) -> bool:
        """Keep a sample; return False, without effect, where its minute has a newer measurement, or the same.

        What `sample_problem` names is not to be added: ask it before.
        """
        rank = _rank(sample)
        ttl = int((sample.end + KEPT + _SLACK).timestamp())
        # As a whole: what the newer measurement does not say is not said any more.
        return self._table.put(
            self._key(campaign_id, sample),
            {**_stored(sample), "rank": rank, "ttl": ttl},
            "attribute_not_exists(#rank) OR #rank < :rank",
            {":rank": rank},
        ).done

    def history(self, campaign_id: str, now: datetime, back: timedelta = KEPT) -> tuple[Sample, ...]:
        """Return the samples of windows that ended so far back or later, the oldest first."""
        after = _minute(now - back)
        items = self._table.query(self._partition(campaign_id), after=after)
        return merged((_sample(item) for item in items), now)

    def _key(self, campaign_id: str, sample: Sample) -> Key:
        return Key(self._partition(campaign_id), f"{_minute(sample.end)}#{sample.source}")

    def _partition(self, campaign_id: str) -> str:
        return f"{self._tenant}#metrics#{campaign_id}"


def _minute(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%MZ}"


def _stored(sample: Sample) -> Item:
    """Return what is said; what is not said is left out, for a history has thousands of samples."""
    values: Item = _SAMPLE.dump_python(sample, mode="json")
    return {name: value for name, value in values.items() if value is not None}


def _rank(sample: Sample) -> str:
    """Return a text by which samples of a minute are ordered: by their measurement, then by all they say."""
    moments = (f"{getattr(sample, name).astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}" for name in _MOMENTS[::-1])
    said = (getattr(sample, each.name) for each in fields(sample) if each.name not in _MOMENTS)
    return "#".join((*moments, *("" if value is None else str(value) for value in said)))


def _sample(item: Item) -> Sample:
    known: dict[str, Any] = {each.name: item[each.name] for each in fields(Sample) if each.name in item}
    return _SAMPLE.validate_python(known)
