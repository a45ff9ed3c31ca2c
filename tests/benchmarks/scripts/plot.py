"""Seconds and peak memory of a run against the size of its input, as an SVG.

python plot.py GROWTH.json OUT.svg
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import altair as alt

growth, out = sys.argv[1:]
sizes = json.loads(Path(growth).read_text())["sizes"]
rows = [
    {"MB": one["megabytes"], "seconds": one["wall"]["min"], "peak memory, MB": one["peak_mb"]}
    for one in sizes
]
chart = alt.Chart(alt.Data(values=rows)).mark_line(point=True, color="#1f6feb")
size = alt.X(
    "MB:Q",
    scale=alt.Scale(type="log", nice=False),
    title="text, MB",
    axis=alt.Axis(values=[r["MB"] for r in rows]),
)
panels = [
    chart.encode(x=size, y=alt.Y(f"{name}:Q", scale=alt.Scale(type="log"), title=name)).properties(
        width=320, height=220
    )
    for name in ("seconds", "peak memory, MB")
]
alt.hconcat(*panels).configure(background="white").configure_axis(grid=False).save(out)
