"""A scaling plot on two logarithmic axes, as an SVG that fits a light and a dark page."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from statistics import median

from tutormatch.matching.benchmark.measure import ENGINE_NAMES, Run
from tutormatch.matching.benchmark.table import Measured

WIDTH, HEIGHT = 960, 470
PANEL_WIDTH, PANEL_HEIGHT = 390, 300
PANEL_TOP = 62
PANEL_LEFTS = (66, 548)
LEGEND_TOP = PANEL_TOP + PANEL_HEIGHT + 58
LEGEND_STEP = 230

ROUND = (1, 2, 5)
MOST_TICKS = 7

Point = tuple[float, float]

LIGHT = ("#0550ae", "#1b7c83", "#bc4c00", "#8250df", "#bf3989", "#4d7c0f", "#57606a")
DARK = ("#58a6ff", "#39c5cf", "#f0883e", "#bc8cff", "#f778ba", "#7ee787", "#9198a1")
"""One colour for each of `ENGINE_NAMES`, on a light and on a dark page."""


def _colours(colours: Sequence[str]) -> str:
    return "\n".join(f".e{number} {{ stroke: {each}; fill: {each}; }}" for number, each in enumerate(colours))


STYLE = f"""
text {{ font: 13px system-ui, "Segoe UI", "Noto Sans", sans-serif; }}
.title {{ font-weight: 600; font-size: 15px; }}
.card {{ fill: #ffffff; }} .ink {{ fill: #1f2328; }} .soft {{ fill: #57606a; }}
.grid {{ stroke: #d8dee4; }} .axis {{ stroke: #8c959f; }}
{_colours(LIGHT)}
@media (prefers-color-scheme: dark) {{
.card {{ fill: #0d1117; }} .ink {{ fill: #e6edf3; }} .soft {{ fill: #9198a1; }}
.grid {{ stroke: #262c34; }} .axis {{ stroke: #656c76; }}
{_colours(DARK)}
}}
.line {{ fill: none; stroke-width: 2; }} .line.e0 {{ stroke-width: 3.5; }}
"""


def draw(measured: Sequence[Measured]) -> str:
    """Return the plot of seconds and of memory against the number of needs, one line for each engine.

    Named sizes have proportions of their own: where sizes are given as ``N:T`` too, those alone are drawn.
    """
    scaled = [each for each in measured if ":" in each.instance.size]
    measured = scaled or measured
    seconds = _lines(measured, lambda run: run.matching_seconds)
    memory = _lines(measured, lambda run: float(run.peak_mib))
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-labelledby="title summary">',
        '<title id="title">How time and memory grow with the number of needs</title>',
        f'<desc id="summary">{escape(_summary(seconds))}</desc>',
        f"<style>{STYLE}</style>",
        f'<rect class="card" width="{WIDTH}" height="{HEIGHT}" rx="10"/>',
        *_Panel("Seconds to match (build, solve, repair)", PANEL_LEFTS[0], seconds).draw(),
        *_Panel("Peak memory of the process, MiB", PANEL_LEFTS[1], memory).draw(),
        *_legend(list(seconds)),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _lines(measured: Sequence[Measured], value_of: Callable[[Run], float]) -> dict[str, list[Point]]:
    """Return for each engine the median over seeds at each size, in order of the number of needs."""
    values: dict[str, dict[str, list[Point]]] = {}
    for each in measured:
        for run in each.runs:
            if run.is_complete and (value := value_of(run)) > 0:
                by_size = values.setdefault(run.engine, {})
                by_size.setdefault(each.instance.size, []).append((float(each.instance.needs), value))
    return {
        engine: sorted(
            (median(needs for needs, _ in points), median(value for _, value in points))
            for points in values[engine].values()
        )
        for engine in ENGINE_NAMES
        if engine in values
    }


def _summary(lines: Mapping[str, list[Point]]) -> str:
    return ". ".join(
        f"{engine}: " + ", ".join(f"{value:.3g} s at {needs:,.0f} needs" for needs, value in points)
        for engine, points in lines.items()
    )


@dataclass(frozen=True)
class _Axis:
    """A logarithmic axis from one round number to another."""

    low: float
    high: float

    @classmethod
    def around(cls, values: Sequence[float]) -> "_Axis":
        least, most = min(values, default=1), max(values, default=10)
        low = max(each for each in _round_numbers(least) if each <= least)
        return cls(low, min(each for each in _round_numbers(most) if each >= most and each > low))

    def place(self, value: float) -> float:
        """Return where a value lies, 0 at the low and 1 at the high end."""
        return math.log(value / self.low) / math.log(self.high / self.low)

    def ticks(self) -> list[float]:
        """Return the round numbers on the axis, or the powers of ten where there would be too many."""
        rough = [10.0**power for power in range(-9, 12)]
        fine = [step * each for each in rough for step in ROUND]
        on_axis = [value for value in fine if self.low * 0.999 <= value <= self.high * 1.001]
        return on_axis if len(on_axis) <= MOST_TICKS else [value for value in on_axis if value in rough]


def _round_numbers(value: float) -> list[float]:
    """Return the round numbers around a value, from a tenth of it to ten times."""
    power = math.floor(math.log10(value))
    return [step * 10.0**near for near in (power - 1, power, power + 1) for step in ROUND]


class _Panel:
    def __init__(self, title: str, left: int, lines: Mapping[str, list[Point]]) -> None:
        self.title = title
        self.left = left
        self.lines = lines
        points = [point for line in lines.values() for point in line]
        self.across = _Axis.around([needs for needs, _ in points])
        self.up = _Axis.around([value for _, value in points])

    def _x(self, needs: float) -> float:
        return self.left + PANEL_WIDTH * self.across.place(needs)

    def _y(self, value: float) -> float:
        return PANEL_TOP + PANEL_HEIGHT * (1 - self.up.place(value))

    def draw(self) -> list[str]:
        bottom, right = PANEL_TOP + PANEL_HEIGHT, self.left + PANEL_WIDTH
        parts = [f'<text class="ink title" x="{self.left}" y="{PANEL_TOP - 24}">{escape(self.title)}</text>']
        for value in self.up.ticks():
            y = self._y(value)
            parts.append(f'<line class="grid" x1="{self.left}" x2="{right}" y1="{y:.1f}" y2="{y:.1f}"/>')
            parts.append(f'<text class="soft" x="{self.left - 8}" y="{y + 4:.1f}" text-anchor="end">{value:,g}</text>')
        for needs in self.across.ticks():
            x = self._x(needs)
            parts.append(f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{PANEL_TOP}" y2="{bottom}"/>')
            parts.append(f'<text class="soft" x="{x:.1f}" y="{bottom + 18}" text-anchor="middle">{needs:,.0f}</text>')
        parts.append(f'<line class="axis" x1="{self.left}" x2="{right}" y1="{bottom}" y2="{bottom}"/>')
        parts.append(f'<text class="soft" x="{right}" y="{bottom + 36}" text-anchor="end">needs</text>')
        # The core is drawn last, so that no peer covers it.
        for engine, line in reversed(self.lines.items()):
            places = [(self._x(needs), self._y(value)) for needs, value in line]
            path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
            number = ENGINE_NAMES.index(engine)
            parts.append(f'<polyline class="line e{number}" points="{path}"/>')
            parts += [_mark(number, x, y) for x, y in places]
        return parts


def _mark(number: int, x: float, y: float) -> str:
    """Return a mark whose shape tells engines apart without colour."""
    if number % 3 == 0:
        return f'<circle class="e{number}" cx="{x:.1f}" cy="{y:.1f}" r="4"/>'
    turn = 45 if number % 3 == 1 else 0
    return (
        f'<rect class="e{number}" x="{x - 3.5:.1f}" y="{y - 3.5:.1f}" width="7" height="7" '
        f'transform="rotate({turn} {x:.1f} {y:.1f})"/>'
    )


def _legend(engines: Sequence[str]) -> list[str]:
    parts = []
    for place, engine in enumerate(engines):
        number = ENGINE_NAMES.index(engine)
        x = PANEL_LEFTS[0] + LEGEND_STEP * (place % 4)
        y = LEGEND_TOP + 24 * (place // 4)
        parts.append(f'<line class="line e{number}" x1="{x - 6}" x2="{x + 22}" y1="{y - 4}" y2="{y - 4}"/>')
        parts.append(_mark(number, x + 8, y - 4))
        parts.append(f'<text class="ink" x="{x + 32}" y="{y}">{escape(engine)}</text>')
    return parts
