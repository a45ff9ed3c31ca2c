"""The job as one would write it in an afternoon with copydesk's own packages: ftfy, datasketch, polars.

    python plain.py INPUT.jsonl OUT.parquet REPORT.json

A paragraph that LSH finds like an earlier one goes, unverified; one under ten words if it is equal to an earlier one.
Nothing else is removed, and nothing is told of what was.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import ftfy
import polars as pl
from datasketch import MinHash, MinHashLSH
from laps import Laps

given, out, report = sys.argv[1:]
laps = Laps()
index = MinHashLSH(num_perm=128, params=(25, 5))
short: set[str] = set()
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
        shingles = [
            [" ".join(w[i : i + 3]).encode() for i in range(len(w) - 2)] for w in words if len(w) >= 10
        ]
        signed = iter(MinHash.bulk(shingles, num_perm=128))
        laps("signatures")
        kept = []
        for position, text in enumerate(texts):
            if len(words[position]) >= 10:
                signature = next(signed)
                if index.query(signature):
                    continue
                index.insert((number, position), signature, check_duplication=False)
            else:
                key = " ".join(words[position])
                if key in short:
                    continue
                short.add(key)
            kept.append(text)
        paragraphs += len(texts)
        kept_paragraphs += len(kept)
        if kept:
            rows.append((str(record.get("id", number)), "\n\n".join(kept)))
        laps("duplicates")

pl.DataFrame(rows, schema=["id", "text"], orient="row").write_parquet(out, compression="zstd")
laps("write")
laps.write(report, paragraphs, kept_paragraphs)
