"""`outbound campaigns preview`: whom of its list a campaign may call."""

from __future__ import annotations

import argparse
import secrets
from typing import Any

from outbound.cli.output import Output
from outbound.cli.stack import Stack
from outbound.cli.wait_option import add_wait, awaited
from outbound.events import Event, EventType, event_of_type
from outbound.segments.preview import figures, words
from outbound.segments.requests import Unanswerable, request_of
from outbound.segments.runs import RunStatus, SegmentRun, SegmentRuns

_WAIT_SECONDS = 900


def add_preview(commands: Any) -> None:
    """Add the command to those of campaigns."""
    preview = commands.add_parser("preview", help="whom of its list a campaign may call: now, later, never")
    preview.description = (
        "Judges the campaign's contact list, and shows what came of it or, meanwhile, of the last time."
    )
    preview.add_argument("campaign_id", metavar="ID", help="a registered campaign with a contact list")
    preview.add_argument(
        "--attribute",
        dest="attributes",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="only contacts with this attribute; may be repeated",
    )
    add_wait(preview, "the list is judged, and show that", _WAIT_SECONDS)
    preview.add_argument("--last", action="store_true", help="show what was judged last, and judge nothing")
    preview.set_defaults(run=_preview)


def _preview(stack: Stack, chosen: argparse.Namespace, output: Output) -> None:
    runs = SegmentRuns(stack.state, stack.tenant)
    if chosen.last:
        current = runs.current(chosen.campaign_id)
        if current is None:
            raise ValueError(f"{chosen.campaign_id} was never judged; leave out --last")
        _show(current, stack, output)
        return
    request = _request(stack, chosen, runs)
    if chosen.wait:
        _show(_ended(stack, runs, request, chosen), stack, output)
        return
    current = runs.current(chosen.campaign_id)
    said = f"asked for the segment of {chosen.campaign_id}; request {request.event_id}"
    before = figures(current, stack.clock.now()) if current else None
    text = f"{said}\n{words(current, stack.clock.now())}" if current else said
    output.text(text, {"request_id": request.event_id, "campaign_id": chosen.campaign_id, "last": before})


def _request(stack: Stack, chosen: argparse.Namespace, runs: SegmentRuns) -> Event:
    """Publish the request, refused now and not later for what is wrong with it."""
    data = {"campaign_id": chosen.campaign_id, "attributes": _attributes(chosen.attributes)}
    now = stack.clock.now()
    event = event_of_type(EventType.SEGMENT_REQUESTED, stack.tenant, now, [secrets.token_hex(16)], data)
    try:
        request_of(event, stack.registry, runs)
    except Unanswerable as refusal:
        raise ValueError(refusal.message) from refusal
    stack.bus.publish([event])
    return event


def _attributes(given: list[str]) -> dict[str, str]:
    attributes = {}
    for text in given:
        name, _, value = (part.strip() for part in text.partition("="))
        if not name or not value:
            raise ValueError(f"--attribute: {text!r} is not NAME=VALUE")
        attributes[name] = value
    return attributes


def _ended(stack: Stack, runs: SegmentRuns, request: Event, chosen: argparse.Namespace) -> SegmentRun:
    """Return the run of a request once it has ended well."""
    campaign_id = chosen.campaign_id
    name = runs.name(campaign_id, request.event_id)

    def look() -> tuple[SegmentRun | None, str]:
        run = runs.get(campaign_id, name)
        if run and run.status is RunStatus.FAILED:
            raise ValueError(f"{campaign_id} was not judged: {run.result.get('message')}")
        how_far = f"{run.tally.read:,} contacts are judged" if run else "the request waits in the queue"
        return (run if run and run.status is RunStatus.FINISHED else None), how_far

    return awaited(stack.clock, chosen.wait, look, f"outbound campaigns preview {campaign_id} --last")


def _show(run: SegmentRun, stack: Stack, output: Output) -> None:
    now = stack.clock.now()
    output.text(words(run, now), figures(run, now))
