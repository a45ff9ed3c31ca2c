"""text-dedup's MinHash script over paragraphs, two processes, after the plain script's repair.

python with_text_dedup.py INPUT.jsonl OUT REPORT.json
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import ftfy
import pyarrow as pa
import pyarrow.parquet as pq
from datasets import load_from_disk
from laps import Laps

OPTIONS = "--split train --column text --num_perm 125 --b 25 --r 5 --ngram 3 --min_length 1 --threshold 0.8"

given, out, report = sys.argv[1:]
work = Path(out)
shutil.rmtree(work, ignore_errors=True)
work.mkdir()
laps = Laps()
texts: list[str] = []
with Path(given).open(encoding="utf-8") as lines:
    for line in lines:
        text = json.loads(line).get("text") or ""
        laps("read")
        texts += [p for p in map(str.strip, ftfy.fix_text(text).split("\n")) if p]
        laps("repair")
pq.write_table(pa.table({"text": texts}), work / "paragraphs.parquet")
laps("write")
subprocess.run(
    [
        *(sys.executable, "-m", "text_dedup.minhash", *OPTIONS.split()),
        *("--path", "parquet", "--data_files", str(work / "paragraphs.parquet")),
        *("--num_proc", "2", "--hash_func", "xxh3"),
        *("--output", str(work / "kept"), "--cache_dir", str(work / "cache")),
    ],
    check=True,
)
laps("signatures, duplicates, write")
laps.write(report, len(texts), len(load_from_disk(str(work / "kept"))))
shutil.rmtree(work)
