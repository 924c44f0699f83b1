"""Small charts over time, drawn on the server: a line with gaps where data is missing, and a threshold.

Each has a title and a description that say the same in words; `table` has the numbers themselves.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from math import ceil
from statistics import median

from outbound.clock import midnight_after
from outbound.dashboard.markup import Markup, tag
from outbound.dashboard.texts import at, counted, percent

# Room for the last dot above the highest value, and below the axis.
_MARGIN = 4
# Points that are further apart than this, and than three usual steps, have a gap between them.
_LEAST_GAP = timedelta(minutes=10)
# The scale ends at one of these, so that two charts can be compared at a glance.
_SCALES = (0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0)


@dataclass(frozen=True, slots=True)
class Value:
    """A share at a moment, None where it is not known."""

    at: datetime
    share: float | None


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart: what it shows of whom, its line, and the threshold, which is bad to be below or above."""

    key: str
    subject: str
    campaign: str
    values: Sequence[Value]
    start: datetime
    end: datetime
    limit: float | None
    limit_name: str
    digits: int = 1
    size: tuple[int, int] = (320, 64)

    @property
    def floor(self) -> int:
        """Where nothing is."""
        return self.size[1] - _MARGIN

    def height(self, share: float, top: float) -> float:
        """Return how high a share stands, counted from above."""
        return round(self.floor - min(share / top, 1.0) * (self.floor - _MARGIN), 1)

    def place(self, moment: datetime) -> float:
        """Return how far to the right a moment stands."""
        span = max((self.end - self.start).total_seconds(), 1.0)
        x = (moment - self.start).total_seconds() / span * (self.size[0] - _MARGIN)
        return round(min(max(x, 1.0), self.size[0] - _MARGIN), 1)


def thinned(values: Sequence[Value], most: int) -> list[Value]:
    """Return at most so many values: of each stretch of them the last one that is known."""
    stretch = ceil(len(values) / most) or 1
    return [_last_known(values[first : first + stretch]) for first in range(0, len(values), stretch)]


def _last_known(values: Sequence[Value]) -> Value:
    return next((value for value in reversed(values) if value.share is not None), values[-1])


def drawn(chart: Chart) -> Markup:
    """Return a chart as SVG, with its scale and its span in words beside it."""
    known = [value for value in chart.values if value.share is not None]
    begins = at(chart.start, chart.end)
    if not known:
        return tag("p", "No data since ", tag("span", begins, " UTC", class_="span"), class_="plot note")
    span = tag("span", begins, " to ", at(chart.end, chart.end), " UTC", class_="span")
    top = _scale([value.share or 0.0 for value in known], chart.limit)
    runs = list(_runs(chart.values))
    title, described = f"{chart.key}-title", f"{chart.key}-desc"
    figure = tag(
        "svg",
        tag("title", f"{chart.subject} of {chart.campaign}", id=title),
        tag("desc", _description(chart, known, len(runs)), id=described),
        tag("line", class_="axis", x1=0, x2=chart.size[0], y1=chart.floor, y2=chart.floor),
        [_midnight(chart, moment) for moment in _midnights(chart)],
        _threshold(chart, top),
        [_line(run, chart, top) for run in runs],
        _last(known, chart, top),
        viewBox=f"0 0 {chart.size[0]} {chart.size[1]}",
        # As wide as there is room and as high as the style says: lines keep their width.
        preserveAspectRatio="none",
        role="img",
        aria_labelledby=f"{title} {described}",
        class_="chart",
    )
    scale = tag("span", f"0 to {percent(top, 0)}", class_="scale")
    return tag("div", figure, tag("p", scale, " ", span, class_="legend", aria_hidden="true"), class_="plot")


def table(columns: Sequence[Chart], most: int, now: datetime) -> Markup:
    """Return the numbers of charts that show the same moments, the newest first, at most so many rows."""
    rows: dict[datetime, list[float | None]] = {}
    for place, chart in enumerate(columns):
        for value in thinned(chart.values, most):
            rows.setdefault(value.at, [None] * len(columns))[place] = value.share
    head = tag("tr", tag("th", "UTC", scope="col"), [tag("th", c.subject, scope="col") for c in columns])
    body = [
        tag(
            "tr",
            tag("th", at(moment, now), scope="row"),
            [tag("td", percent(share, c.digits)) for share, c in zip(shares, columns, strict=True)],
        )
        for moment, shares in sorted(rows.items(), reverse=True)[:most]
    ]
    return tag("table", tag("thead", head), tag("tbody", body))


def _description(chart: Chart, known: Sequence[Value], runs: int) -> str:
    shares = [value.share for value in known if value.share is not None]
    newest, digits = known[-1], chart.digits
    said = (
        f"Between {percent(min(shares), digits)} and {percent(max(shares), digits)};"
        f" {percent(newest.share, digits)} at {newest.at.astimezone(UTC):%H:%M} UTC."
    )
    if chart.limit is not None:
        said += f" {chart.limit_name.capitalize()}: {percent(chart.limit, digits)}."
    return said + (f" {counted(runs - 1, 'gap')} without data." if runs > 1 else "")


def _scale(shares: Sequence[float], limit: float | None) -> float:
    most = max([*shares, (limit or 0.0) * 1.25, 0.01])
    return next((scale for scale in _SCALES if scale >= most), 1.0)


def _runs(values: Sequence[Value]) -> Iterator[list[Value]]:
    """Return stretches of known values; a window or two that are missing are not a gap."""
    steps = [(later.at - earlier.at).total_seconds() for earlier, later in pairwise(values)]
    gap = max(_LEAST_GAP, timedelta(seconds=3 * median(steps))) if steps else _LEAST_GAP
    run: list[Value] = []
    for value in values:
        if value.share is None:
            continue
        if run and value.at - run[-1].at > gap:
            yield run
            run = []
        run.append(value)
    if run:
        yield run


def _line(run: Sequence[Value], chart: Chart, top: float) -> Markup:
    first, *others = ((chart.place(each.at), chart.height(each.share or 0.0, top)) for each in run)
    # A single point is a line of no length, whose round ends make it a dot.
    moves = "".join(f"L{x} {y}" for x, y in others) or "h0"
    return tag("path", class_="line", d=f"M{first[0]} {first[1]}{moves}")


def _last(known: Sequence[Value], chart: Chart, top: float) -> Markup:
    newest = known[-1]
    x, y = chart.place(newest.at), chart.height(newest.share or 0.0, top)
    # A line of no length with round ends: a dot that stays round where the chart is stretched.
    return tag("path", class_="last", d=f"M{x} {y}h0")


def _threshold(chart: Chart, top: float) -> Markup | None:
    if chart.limit is None:
        return None
    y = chart.height(chart.limit, top)
    return tag("line", class_="threshold", x1=0, x2=chart.size[0], y1=y, y2=y)


def _midnights(chart: Chart) -> Iterator[datetime]:
    """Return the beginnings of days in UTC that a chart of more than a day has."""
    moment = midnight_after(chart.start)
    while chart.end - chart.start > timedelta(days=1) and moment < chart.end:
        yield moment
        moment = midnight_after(moment)


def _midnight(chart: Chart, moment: datetime) -> Markup:
    x = chart.place(moment)
    return tag("line", class_="midnight", x1=x, x2=x, y1=0, y2=chart.floor)
