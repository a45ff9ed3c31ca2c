"""The floor: the same file read and written as zstd Parquet by polars, and nothing done to it.

python floor.py INPUT.jsonl OUT.parquet REPORT.json
"""

from __future__ import annotations

import sys

import polars as pl
from laps import Laps

given, out, report = sys.argv[1:]
laps = Laps()
frame = pl.read_ndjson(given)
laps("read")
frame.write_parquet(out, compression="zstd")
laps("write")
laps.write(report, 0, 0)
