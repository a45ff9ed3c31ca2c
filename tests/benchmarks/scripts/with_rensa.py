"""The plain script with rensa in place of datasketch: its R-MinHash, and its deduplicator with LSH.

python with_rensa.py INPUT.jsonl OUT.parquet REPORT.json
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import ftfy
import polars as pl
from laps import Laps
from rensa import RMinHash, RMinHashDeduplicator

given, out, report = sys.argv[1:]
laps = Laps()
index = RMinHashDeduplicator(threshold=0.8, num_perm=128, use_lsh=True, num_bands=32)
rows: list[tuple[str, str]] = []
paragraphs = kept_paragraphs = 0

with Path(given).open(encoding="utf-8") as lines:
    for number, line in enumerate(lines):
        record = json.loads(line)
        laps("read")
        fixed = ftfy.fix_text(record.get("text") or "")
        texts = [text for text in map(str.strip, fixed.split("\n")) if text]
        laps("repair")
        words = [text.lower().split() for text in texts]
        shingles = ([" ".join(w[i : i + 3]) for i in range(max(1, len(w) - 2))] for w in words)
        signed = RMinHash.from_token_sets(shingles, num_perm=128, seed=42)
        laps("signatures")
        new = index.add_pairs([(f"{number} {i}", signature) for i, signature in enumerate(signed)])
        kept = [text for text, stays in zip(texts, new, strict=True) if stays]
        paragraphs += len(texts)
        kept_paragraphs += len(kept)
        if kept:
            rows.append((str(record.get("id", number)), "\n\n".join(kept)))
        laps("duplicates")

pl.DataFrame(rows, schema=["id", "text"], orient="row").write_parquet(out, compression="zstd")
laps("write")
laps.write(report, paragraphs, kept_paragraphs)
