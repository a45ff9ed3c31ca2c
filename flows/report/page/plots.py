"""The geometry of the plots: numbers in, coordinates out; the template draws them as SVG, each with a table beside it.

All coordinates are in the units of a view box that is `WIDTH` wide. No colour is set here: a class names what a shape
is.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

WIDTH: Final = 760
LEFT: Final = 56  # where the axis stands
RIGHT: Final = 728
TOP: Final = 26


class Rect(NamedTuple):
    """A bar, or a segment of one."""

    x: float
    y: float
    width: float
    height: float
    kind: str = ""  # the class that colours it
    label: str = ""  # what it says when one points at it


class Tick(NamedTuple):
    """A mark on an axis, with its label."""

    at: float
    label: str


class Rule(NamedTuple):
    """A vertical line with a label, such as a threshold."""

    x: float
    label: str
    anchor: str = "start"


class Plot(NamedTuple):
    """A plot with bars, and with lines over them."""

    height: float
    bottom: float  # where the axis lies
    bars: Sequence[Rect] = ()
    x_ticks: Sequence[Tick] = ()
    y_ticks: Sequence[Tick] = ()
    right_ticks: Sequence[Tick] = ()
    lines: Sequence[tuple[str, str]] = ()  # (class, points)
    rules: Sequence[Rule] = ()
    points: Sequence[Rect] = ()


def segments(
    values: Sequence[tuple[str, float, str]], width: float = WIDTH, height: float = 34
) -> list[Rect]:
    """One bar of (class, value, label) side by side, as wide as their share; each that is not 0 can be seen."""
    total = sum(value for _, value, _ in values) or 1
    found, x = [], 0.0
    for kind, value, label in values:
        if value > 0:
            own = max(width * value / total, 1)
            found.append(Rect(_r(x), 0, _r(own), height, kind, label))
            x += own
    scale = min(1.0, width / x) if x else 1.0
    return [Rect(_r(one.x * scale), 0, _r(one.width * scale), height, one.kind, one.label) for one in found]


def nice_ticks(most: float, wanted: int = 4) -> list[float]:
    """Round values from 0 to at least `most`.

    >>> nice_ticks(23)
    [0.0, 10.0, 20.0, 30.0]
    """
    if most <= 0:
        return [0.0, 1.0]
    raw = most / wanted
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(power * factor for factor in (1, 2, 2.5, 5, 10) if power * factor >= raw * 0.999)
    return [round(n * step, 10) for n in range(math.ceil(most / step - 1e-9) + 1)]


def columns(
    values: Sequence[tuple[str, Sequence[tuple[str, float, str]]]],
    *,
    height: float = 220,
    percent: bool = False,
    every: int = 1,
    rules: Mapping[float, str] | None = None,
    curve: Sequence[float] | None = None,
    marked: int | None = None,
) -> Plot:
    """Columns of stacked parts: (label, parts as (class, value, label)) each.

    One column in `every` has its label below. `rules` has vertical lines at a place, counted in columns. `curve` has a
    value from 0 to 1 for each column and for the end of the last, drawn against an axis on the right. `marked` is the
    number of a column that stands out.
    """
    bottom = height - 30
    ticks = nice_ticks(max((sum(value for _, value, _ in parts) for _, parts in values), default=0))
    scale = (bottom - TOP) / ticks[-1]
    right = RIGHT - (36 if curve else 0)
    step = (right - LEFT) / max(len(values), 1)
    gap = min(step * 0.15, 6)
    thick = min(step - gap, 90)
    bars, x_ticks = [], []
    for n, (label, parts) in enumerate(values):
        x, y = LEFT + n * step + (step - thick) / 2, bottom
        for kind, value, text in parts:
            if value > 0:
                high = max(value * scale, 1.2)
                y -= high
                mark = f"{kind} marked" if n == marked else kind
                bars.append(Rect(_r(x), _r(y), _r(thick), _r(high), mark, text))
        if n % every == 0:
            x_ticks.append(Tick(_r(LEFT + n * step + step / 2), label))
    lines = []
    if curve:
        at = [(LEFT + n * step, bottom - value * (bottom - TOP)) for n, value in enumerate(curve)]
        lines.append(("curve", " ".join(f"{_r(x)},{_r(y)}" for x, y in at)))
    return Plot(
        height,
        bottom,
        bars,
        x_ticks,
        [Tick(_r(bottom - value * scale), _number(value, percent)) for value in ticks],
        [Tick(_r(bottom - n / 2 * (bottom - TOP)), f"{n * 50} %") for n in range(3)] if curve else [],
        lines,
        [
            Rule(_r(LEFT + place * step), label, "start" if LEFT + place * step < WIDTH / 2 else "end")
            for place, label in (rules or {}).items()
        ],
    )


def _number(value: float, percent: bool) -> str:
    if percent:
        return f"{100 * value:g} %"
    return f"{value:,.0f}" if value == int(value) else f"{value:g}"


def _r(value: float) -> float:
    """A coordinate, short."""
    return round(value, 1)
