"""Whom of their lists campaigns may call, for their overviews."""

from __future__ import annotations

from collections.abc import Collection

from outbound.campaign_records.overviews import ContactsView
from outbound.segments.runs import SegmentRun, SegmentRuns
from outbound.segments.tally import State


def contacts_views(runs: SegmentRuns, campaign_ids: Collection[str]) -> dict[str, ContactsView]:
    """Return what the current segments of campaigns came to; of campaigns without one, nothing."""
    current = runs.currents(campaign_ids)
    return {campaign_id: _view(run) for campaign_id, run in current.items() if run.judged_at}


def _view(run: SegmentRun) -> ContactsView:
    tally = run.tally
    if run.judged_at is None:
        raise ValueError(f"the run {run.run_id} has not begun")
    return ContactsView(
        judged_at=run.judged_at,
        callable=tally.states[State.CALLABLE],
        later=tally.states[State.LATER],
        refused=tally.states[State.REFUSED],
        capped=tally.capped,
    )
