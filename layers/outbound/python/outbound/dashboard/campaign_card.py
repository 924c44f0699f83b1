"""One campaign on the page: what it does, its two shares with their charts, its hours, its work."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from hashlib import sha256

from outbound.abandonment_limit import LIMIT
from outbound.campaign_records.health_records import Calls, FailoverView, HealthRecord, Point, Span
from outbound.campaign_records.overviews import ArchiveView, ContactsView, PullsView, WaitingView
from outbound.dashboard import texts
from outbound.dashboard.board import Card
from outbound.dashboard.charts import Chart, Value, drawn, table, thinned
from outbound.dashboard.markup import Markup, joined, tag
from outbound.dashboard.words import ATTENTION, ICONS, NEVER_SEEN, OLD_DATA, STATES, Word, refusal

_LIST_SPAN, _LIST_POINTS, _LIST_ROWS = timedelta(hours=4), 60, 8
_DETAIL_SPAN, _DETAIL_POINTS, _DETAIL_ROWS = timedelta(days=2), 240, 96


def campaign_card(card: Card, now: datetime, detailed: bool = False) -> Markup:
    """Return a campaign as an article; `detailed` shows two days of it instead of the last hours."""
    key = _key(card.campaign_id)
    words = _words(card, now)
    charts = _charts(card, now, key, detailed)
    return tag(
        "article",
        _head(card, words, key, now, detailed),
        tag("div", _success(card), drawn(charts[0]), class_="share"),
        tag("div", _abandonment(card), drawn(charts[1]), class_="share"),
        tag("dl", list(_facts(card, now)), class_="facts"),
        _numbers(charts, key, now, detailed),
        id=key,
        class_="card" + (" detailed" if detailed else ""),
        aria_labelledby=f"{key}-name",
        data_name=card.name,
        data_attention="; ".join(word.said for word in words),
    )


def badge(word: Word) -> Markup:
    """Return a word with its icon, so that its colour is not all that says how bad it is."""
    icon = tag("span", ICONS[word.grade], aria_hidden="true", class_="icon")
    return tag("span", icon, word.said, class_=f"badge {word.grade}")


def _key(campaign_id: str) -> str:
    """Return an id of the page's own: a campaign's may have any character."""
    return f"c{sha256(campaign_id.encode()).hexdigest()[:12]}"


def _words(card: Card, now: datetime) -> list[Word]:
    if card.health is None:
        return [NEVER_SEEN]
    words = [ATTENTION[each] for each in card.health.attention]
    return [*words, OLD_DATA] if card.is_old(now) else words


# --- name, state, why a person has to look --------------------------------------------------------


def _head(card: Card, words: Sequence[Word], key: str, now: datetime, detailed: bool) -> Markup:
    name: object = card.name
    if not detailed:
        name = tag("a", card.name, href=_link(card.campaign_id), id=f"{key}-link")
    title = tag("h2" if not detailed else "h1", name, id=f"{key}-name")
    reasons = [tag("li", badge(word), " ", tag("span", word.more, class_="more")) for word in words]
    return tag(
        "header",
        title,
        tag("p", card.campaign_id, class_="id") if card.name != card.campaign_id else None,
        tag("p", list(_state(card.health, now)), class_="state"),
        tag("ul", reasons, class_="reasons") if reasons else None,
    )


def _link(campaign_id: str) -> str:
    # A campaign's id has no character that would have to be encoded; see `campaign_ids`.
    return f"?campaign_id={campaign_id}"


def _state(health: HealthRecord | None, now: datetime) -> Iterator[object]:
    if health is None:
        yield badge(Word("State unknown", "plain"))
        return
    word = STATES[health.state]
    yield badge(word)
    if health.status_name and health.status_name.casefold() != word.said.casefold():
        yield tag("span", f" CXone says {health.status_name}", class_="more")
    if health.state_since:
        yield joined(" since ", texts.at(health.state_since, now), " UTC")
    if health.wanted and health.wanted is not health.state:
        yield f"; wanted: {STATES[health.wanted].said.lower()}"
    if health.held_by:
        yield f"; held by {', '.join(health.held_by)}"
    yield joined(" · ", tag("span", "seen ", texts.ago(health.looked_at, now), class_="whole"))


# --- the two shares -------------------------------------------------------------------------------


def _share(label: str, actual: str, limit: str, notes: Sequence[str], grade: str) -> Markup:
    lines = [tag("p", note, class_="note") for note in notes if note]
    icon = tag("span", ICONS[grade], aria_hidden="true", class_="icon") if grade != "calm" else None
    measured = tag(
        "div",
        tag("p", label, class_="label"),
        tag("p", icon, tag("strong", actual), class_=f"actual {grade}"),
        tag("p", limit, class_="limit"),
        class_="figure",
    )
    return tag("div", measured, " ", tag("div", lines, class_="notes"), class_="measure")


def _success(card: Card) -> Markup:
    health = card.health
    calls, threshold = (health.calls, health.threshold) if health else (None, None)
    limit = "no threshold" if threshold is None else f"threshold {texts.percent(threshold)}"
    if calls is None:
        return _share("Success rate", texts.UNKNOWN, limit, ["No metrics so far."], "plain")
    low = threshold is not None and calls.success_rate is not None and calls.success_rate < threshold
    grade = "warn" if low else ("plain" if calls.success_rate is None else "calm")
    notes = [_counts(calls), _bounds(calls), _under_way(calls)]
    return _share("Success rate", texts.percent(calls.success_rate), limit, notes, grade)


def _counts(calls: Calls) -> str:
    minutes = int((calls.end - calls.start).total_seconds() // 60)
    if calls.calls is None:
        return f"CXone names no number of calls; {minutes} min"
    successes = "" if calls.successes is None else f"{calls.successes:,} of "
    return f"{successes}{texts.counted(calls.calls, 'call')} in {minutes} min"


def _bounds(calls: Calls) -> str:
    if calls.success_low is None or calls.success_high is None:
        return ""
    return f"95 % sure: {texts.percent(calls.success_low)} to {texts.percent(calls.success_high)}"


def _under_way(calls: Calls) -> str:
    return f"{texts.number(calls.calls_under_way)} calls now, {texts.number(calls.agents_at_work)} agents"


def _abandonment(card: Card) -> Markup:
    view = card.health.abandonment if card.health else None
    limit = f"limit {texts.percent(LIMIT, 0)}"
    if view is None:
        notes = ["No answered calls are counted.", *_reported(card)]
        return _share("Abandoned", texts.UNKNOWN, limit, notes, "plain")
    grade = {"over": "bad", "near": "warn"}.get(view.level.value, "calm")
    known = [span.share for span in (view.period, view.rolling) if span.share is not None]
    share = max(known, default=view.reported)
    grade = "plain" if share is None else grade
    notes = [_span("This period", view.period), _span("Last 30 days", view.rolling)]
    if view.reported is not None:
        notes.append(f"CXone reports {texts.percent(view.reported, 2)}")
    notes += _reported(card)
    return _share("Abandoned", texts.percent(share, 2), limit, notes, grade)


def _reported(card: Card) -> Iterator[str]:
    """Yield the share of the newest hour of CXone's own report, labelled as such."""
    newest = card.reported.newest if card.reported else None
    if newest is not None:
        yield f"Reported by the dialer for {newest.hour:%H}:00 UTC: {texts.percent(newest.share, 2)}"


def _span(name: str, span: Span) -> str:
    if not span.answered:
        return f"{name}: no answered calls"
    return f"{name}: {span.abandoned:,} of {span.answered:,} = {texts.percent(span.share, 2)}"


# --- hours, contacts, pulls, archive, failover ------------------------------------------------------


def _facts(card: Card, now: datetime) -> Iterator[Markup]:
    health, work = card.health, card.overview
    yield _fact("Hours", _hours(health, now))
    yield _fact("Contacts", _contacts(work.contacts if work else None, now))
    yield _fact("Pulls", _pulls(work.pulls if work else None, bool(work and work.is_pulled), now))
    yield _fact("Deferred", _waiting(work.waiting if work else None, now))
    yield _fact("Archive", _archive(work.archive if work else None, work is not None, now))
    yield _fact("Failover", _failover(health.failover if health else None, health is not None, now))


def _fact(name: str, value: object) -> Markup:
    """Return a fact with its name; what is said as plain text is that there is nothing."""
    return tag("div", tag("dt", name), tag("dd", value, class_=None if isinstance(value, Markup) else "none"))


def _hours(health: HealthRecord | None, now: datetime) -> object:
    if health is None or health.window_open is None:
        return "hours or zone unknown"
    word = Word("Open", "calm") if health.window_open else Word("Closed", "plain")
    zone = texts.zone_named(health.time_zone)
    if health.window_changes_at is None:
        return joined(badge(word), f" {health.time_zone}")
    when = texts.at(health.window_changes_at, now, zone) if zone else texts.at(health.window_changes_at, now)
    return joined(badge(word), " until ", when, f" {health.time_zone if zone else 'UTC'}")


def _contacts(view: ContactsView | None, now: datetime) -> object:
    if view is None:
        return "never segmented"
    capped = texts.UNKNOWN if view.capped is None else f"{view.capped:,}"
    counts = f"{view.callable:,} callable, {view.later:,} later ({capped} capped), {view.refused:,} refused"
    return joined(counts, "; judged ", texts.ago(view.judged_at, now))


def _pulls(view: PullsView | None, is_pulled: bool, now: datetime) -> object:
    if view is None:
        return texts.UNKNOWN
    if view.pulled_until is None:
        return _pulled_by_request(view, now) if is_pulled else "not pulled"
    parts: list[object] = [texts.ago(view.pulled_until, now, " behind")]
    if view.records is not None:
        parts += [", last window ", texts.counted(view.records, "record")]
    if view.waiting:
        parts += [f"; {texts.counted(view.waiting, 'window')} waiting"]
    if view.reason:
        parts += [f": {view.reason}"]
    return joined(*parts)


def _pulled_by_request(view: PullsView, now: datetime) -> object:
    """Say what is pulled before the schedule has planned a first window: what an operator asked for."""
    if view.last_end is None:
        return "nothing pulled yet"
    return joined("by request until ", texts.at(view.last_end, now), " UTC; the schedule has not begun")


def _waiting(view: WaitingView | None, now: datetime) -> object:
    if view is None:
        return texts.UNKNOWN
    if not view.count or view.oldest is None:
        return "no disposition"
    least = "at least " if view.is_least else ""
    deferred = texts.counted(view.count, "disposition")
    return joined(f"{least}{deferred}, the oldest ", texts.ago(view.oldest, now))


def _archive(view: ArchiveView | None, is_known: bool, now: datetime) -> object:
    if view is None:
        return "never archived" if is_known else texts.UNKNOWN
    moment = view.finished_at or view.planned_at
    bad = view.status in ("failed", "stopped", "incomplete", "interrupted")
    word = Word(view.status.capitalize(), "warn" if bad else "plain")
    said = f", {view.archived:,} archived" if view.archived is not None else ""
    said += f", {view.failed:,} not" if view.failed else ""
    return joined(badge(word), f"{said}, ", texts.ago(moment, now))


def _failover(view: FailoverView | None, is_known: bool, now: datetime) -> object:
    if view is None:
        return "no backup" if is_known else texts.UNKNOWN
    parts: list[object] = ["backup ", tag("a", view.backup_id, href=_link(view.backup_id))]
    if view.held_by_person:
        parts.append(", held by a person")
    if view.switched and view.switched_at:
        said = {"fail_over": "failed over", "fail_back": "failed back"}.get(view.switched, view.switched)
        parts += [f"; {said} ", texts.ago(view.switched_at, now)]
        parts += [" (under way)"] * view.under_way
    if view.reasons:
        parts.append(f"; {', '.join(map(refusal, view.reasons))}")
    return joined(*parts)


# --- charts ---------------------------------------------------------------------------------------


def _charts(card: Card, now: datetime, key: str, detailed: bool) -> tuple[Chart, Chart]:
    health = card.health
    points = card.history if detailed else (health.recent if health else ())
    # By the monitor's clock: a chart that moved with each refresh would be a change each time.
    end = health.looked_at if health else now
    start = end - (_DETAIL_SPAN if detailed else _LIST_SPAN)
    shown = [point for point in points if start <= point.at <= end]
    if detailed and shown:
        start = shown[0].at
    most = _DETAIL_POINTS if detailed else _LIST_POINTS
    threshold = health.threshold if health else None
    success, abandoned = _values(shown, "success_rate", most), _values(shown, "abandonment_rate", most)
    size = (640, 160) if detailed else (320, 64)
    return (
        Chart(f"{key}-s", "Success rate", card.name, success, start, end, threshold, "threshold", 1, size),
        Chart(f"{key}-a", "Abandoned", card.name, abandoned, start, end, LIMIT, "limit", 2, size),
    )


def _values(points: Sequence[Point], name: str, most: int) -> list[Value]:
    return thinned([Value(point.at, getattr(point, name)) for point in points], most)


def _numbers(charts: Sequence[Chart], key: str, now: datetime, detailed: bool) -> Markup:
    rows = _DETAIL_ROWS if detailed else _LIST_ROWS
    summary = tag("summary", "Numbers of the charts", id=f"{key}-summary")
    if not any(value.share is not None for chart in charts for value in chart.values):
        return tag("details", summary, tag("p", "Nothing is known of this time."), id=f"{key}-numbers")
    body = tag(
        "div",
        table(charts, rows, now),
        id=f"{key}-table",
        class_="scroll",
        tabindex=0,
        role="region",
        aria_label=f"Numbers of {charts[0].campaign}",
    )
    return tag("details", summary, body, id=f"{key}-numbers")
