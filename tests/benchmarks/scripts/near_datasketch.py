"""Near-duplicates by datasketch: MinHash and LSH over runs of three words; what LSH finds is not verified.

python near_datasketch.py TEXTS.parquet WORK REMOVED.json
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import polars as pl
from datasketch import MinHash, MinHashLSH

given, _, report = sys.argv[1:]
index = MinHashLSH(threshold=0.8, num_perm=128)
removed = []
for name, text in pl.read_parquet(given).iter_rows():
    words = text.lower().split()
    sketch = MinHash(num_perm=128)
    sketch.update_batch({" ".join(words[i : i + 3]).encode() for i in range(max(1, len(words) - 2))})
    if index.query(sketch):
        removed.append(name)
    else:
        index.insert(name, sketch)
Path(report).write_text(json.dumps(removed))
