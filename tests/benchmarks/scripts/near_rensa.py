"""Near-duplicates by rensa: its R-MinHash, and its deduplicator with LSH, over runs of three words.

python near_rensa.py TEXTS.parquet WORK REMOVED.json
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import polars as pl
from rensa import RMinHash, RMinHashDeduplicator

given, _, report = sys.argv[1:]
index = RMinHashDeduplicator(threshold=0.8, num_perm=128, use_lsh=True, num_bands=32)
names, texts = pl.read_parquet(given).get_columns()
words = [text.lower().split() for text in texts]
shingles = ([" ".join(w[i : i + 3]) for i in range(max(1, len(w) - 2))] for w in words)
signed = RMinHash.from_token_sets(shingles, num_perm=128, seed=42)
stays = index.add_pairs(list(zip(names, signed, strict=True)))
Path(report).write_text(json.dumps([name for name, kept in zip(names, stays, strict=True) if not kept]))
