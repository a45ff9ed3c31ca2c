"""`cleaners.encoding.fix_text` and `ftfy.fix_text` in turns over the same paragraphs, both with ftfy's defaults.

python fix_text.py PARAGRAPHS.parquet REPORT.json TIMES

Seconds are of the processor, since only one is used.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import ftfy
import polars as pl

from cleaners.encoding.cleaner import fix_text

paragraphs, report, times = sys.argv[1:]
text = pl.read_parquet(paragraphs).get_column("text")
rows = text.to_list()
config = ftfy.TextFixerConfig()
fix_text(text.head(100), config)
ours: list[float] = []
theirs: list[float] = []
for _ in range(int(times)):
    start = time.process_time()
    columnar = fix_text(text, config)
    ours.append(time.process_time() - start)
    start = time.process_time()
    plain = [ftfy.fix_text(row, config) for row in rows]
    theirs.append(time.process_time() - start)
found = {
    "bytes": int(text.str.len_bytes().sum()),
    "paragraphs": len(rows),
    "differences": sum(a != b for a, b in zip(columnar.to_list(), plain, strict=True)),
    "repaired": sum(a != b for a, b in zip(rows, plain, strict=True)),
    "copydesk": ours,
    "ftfy": theirs,
}
Path(report).write_text(json.dumps(found))
