"""A picture of a search, as SVG: abandonment by ratio, a line for each number of agents.

It can be read without colours (every line has its own dashes, markers and name) and without eyes (a title,
and a description that says what the lines show).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from xml.sax.saxutils import escape

from outbound.dialer.model.document import Pacing
from outbound.dialer.model.search import HighestRatio, Point

_WIDTH, _HEIGHT = 720, 440
_LEFT, _RIGHT, _TOP, _BOTTOM = 70, 150, 50, 60
_PLOT_WIDTH, _PLOT_HEIGHT = _WIDTH - _LEFT - _RIGHT, _HEIGHT - _TOP - _BOTTOM
# What lies above so many times the target says only "far too much".
_HIGHEST = 4
_STYLES = (("#0b5394", "none", "circle"), ("#a64d00", "7 4", "square"), ("#38761d", "2 3", "circle"))
_NAMES = {
    "fixed_ratio": "Lines per agent",
    "free_plus_busy": "Calls per busy agent, beside one per free agent",
}


def chart(found: Sequence[HighestRatio], pacing: Pacing) -> str:
    """Return the picture of a search, a whole SVG document."""
    scale = _Scale(found, pacing.target)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" width="{_WIDTH}"'
        f' height="{_HEIGHT}" role="img" aria-labelledby="title description" font-family="sans-serif"'
        ' font-size="13" fill="#222">',
        '<title id="title">Abandoned calls by ratio</title>',
        f'<desc id="description">{escape(description(found, pacing))}</desc>',
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#fff"/>',
        f'<clipPath id="plot"><rect x="{_LEFT}" y="{_TOP}" width="{_PLOT_WIDTH}" height="{_PLOT_HEIGHT}"/>'
        "</clipPath>",
        f'<text x="{_LEFT}" y="26" font-size="16" font-weight="bold">Abandoned calls by ratio</text>',
        *_axes(scale, _NAMES.get(pacing.policy, "Ratio")),
        *_target(scale, pacing.target),
    ]
    for place, one in enumerate(found):
        lines += _line(scale, one, place)
    return "\n".join([*lines, "</svg>", ""])


def description(found: Sequence[HighestRatio], pacing: Pacing) -> str:
    """Return in words what the picture shows."""
    said = [
        f"With {one.agents} agents, a ratio of up to {one.found.ratio:.2f} keeps the upper bound"
        f" ({one.found.capacity.abandonment.high:.2%}) under the target; occupancy is then"
        f" {one.found.capacity.occupancy.mean:.0%}."
        if one.found
        else f"With {one.agents} agents, no ratio keeps to the target."
        for one in found
    ]
    return " ".join([f"Target: {pacing.target:.2%} of the calls that persons answer.", *said])


class _Scale:
    """Places of ratios and shares on the picture."""

    def __init__(self, found: Sequence[HighestRatio], target: float) -> None:
        self.most = target * _HIGHEST
        ratios = [ratio for one in found for ratio in _shown(one, self.most)] or [0.0, 1.0]
        self.first, last = min(ratios), max(ratios)
        self.last = last if last > self.first else self.first + 1

    def x(self, ratio: float) -> float:
        return round(_LEFT + _PLOT_WIDTH * (ratio - self.first) / (self.last - self.first), 1)

    def y(self, share: float) -> float:
        return round(_TOP + _PLOT_HEIGHT * (1 - share / self.most), 1)


def _shown(one: HighestRatio, most: float) -> Iterator[float]:
    """Yield the ratios of a team up to the first that leaves the picture."""
    for point in one.points:
        yield point.ratio
        if point.capacity.abandonment.mean > most:
            return


def _axes(scale: _Scale, name: str) -> Iterator[str]:
    bottom, right = _TOP + _PLOT_HEIGHT, _LEFT + _PLOT_WIDTH
    yield f'<path d="M{_LEFT} {_TOP}V{bottom}H{right}" fill="none" stroke="#444"/>'
    for step in range(_HIGHEST + 1):
        share = scale.most * step / _HIGHEST
        yield f'<text x="{_LEFT - 8}" y="{scale.y(share) + 4}" text-anchor="end">{share:.1%}</text>'
        yield f'<path d="M{_LEFT} {scale.y(share)}H{right}" stroke="#ddd"/>'
    for step in range(6):
        ratio = scale.first + (scale.last - scale.first) * step / 5
        yield f'<text x="{scale.x(ratio)}" y="{bottom + 20}" text-anchor="middle">{ratio:.2f}</text>'
    yield f'<text x="{_LEFT + _PLOT_WIDTH / 2}" y="{_HEIGHT - 14}" text-anchor="middle">{escape(name)}</text>'


def _target(scale: _Scale, target: float) -> Iterator[str]:
    y, right = scale.y(target), _LEFT + _PLOT_WIDTH
    yield f'<path d="M{_LEFT} {y}H{right}" stroke="#b00020" stroke-width="1.5" stroke-dasharray="10 3"/>'
    yield f'<text x="{right + 8}" y="{y + 4}" fill="#b00020">target {target:.1%}</text>'


def _line(scale: _Scale, one: HighestRatio, place: int) -> Iterator[str]:
    """Yield the line of a team, each point with its interval, and the name of the team."""
    colour, dashes, marker = _STYLES[place % len(_STYLES)]
    stroke = f'stroke="{colour}" stroke-width="2" stroke-dasharray="{dashes}"'
    ends = set(_shown(one, scale.most))
    points = [point for point in one.points if point.ratio in ends]
    path = " ".join(f"{scale.x(point.ratio)},{scale.y(point.capacity.abandonment.mean)}" for point in points)
    yield f'<g clip-path="url(#plot)" stroke="{colour}" fill="{colour}">'
    yield f'<polyline points="{path}" fill="none" {stroke}/>'
    for point in points:
        yield from _mark(scale, point, marker)
    yield "</g>"
    y = _TOP + 18 + 20 * place
    right = _LEFT + _PLOT_WIDTH
    yield f'<path d="M{right + 8} {y - 4}h26" {stroke}/>'
    yield f'<text x="{right + 40}" y="{y}">{one.agents} agents</text>'


def _mark(scale: _Scale, point: Point, marker: str) -> Iterator[str]:
    abandonment = point.capacity.abandonment
    x, y = scale.x(point.ratio), scale.y(abandonment.mean)
    yield f'<path d="M{x} {scale.y(abandonment.low)}V{scale.y(abandonment.high)}"/>'
    told = (
        f"ratio {point.ratio:.2f}: {abandonment.mean:.2%} ({abandonment.low:.2%} to {abandonment.high:.2%})"
    )
    shape = (
        f'<rect x="{x - 3.5}" y="{y - 3.5}" width="7" height="7">'
        if marker == "square"
        else f'<circle cx="{x}" cy="{y}" r="3.5">'
    )
    end = "rect" if marker == "square" else "circle"
    yield f"{shape}<title>{told}</title></{end}>"
