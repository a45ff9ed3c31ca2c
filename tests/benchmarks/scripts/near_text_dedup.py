"""Near-duplicates by text-dedup's MinHash script: runs of three words, 25 bands of 5; not verified, clusters chain.

It keeps the last text of a cluster, so it is given them in reverse.

python near_text_dedup.py TEXTS.parquet WORK REMOVED.json
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
from datasets import load_from_disk

OPTIONS = "--split train --column text --num_perm 125 --b 25 --r 5 --ngram 3 --min_length 1 --threshold 0.8"

given, out, report = sys.argv[1:]
work = Path(out)
shutil.rmtree(work, ignore_errors=True)
work.mkdir()
texts = pq.read_table(given)
pq.write_table(texts.take(list(range(len(texts)))[::-1]), work / "reverse.parquet")
subprocess.run(
    [
        *(sys.executable, "-m", "text_dedup.minhash", *OPTIONS.split()),
        *(
            "--path",
            "parquet",
            "--data_files",
            str(work / "reverse.parquet"),
            "--num_proc",
            "1",
            "--hash_func",
            "xxh3",
        ),
        *("--output", str(work / "kept"), "--cache_dir", str(work / "cache")),
    ],
    check=True,
)
kept = set(load_from_disk(str(work / "kept"))["id"])
names = texts["id"].to_pylist()
Path(report).write_text(json.dumps([name for name in names if name not in kept]))
