"""The boilerplate of documents, removed by copydesk: repeated headlines, related articles, boilerplate.

    python boilerplate.py WORKERS PARAGRAPHS.parquet REPORT.json

The documents go in parts through the workers, threads of this process, as the shards of a run do.
"""

from __future__ import annotations

import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import polars as pl

from cleaners.paragraphs import to_paragraphs
from flows.run.clean_shard import clean_documents
from flows.settings import Settings, lexicon_of, phrases_of

PARTS = 4

settings = Settings()
phrases, lexicon = phrases_of(settings), lexicon_of(settings)


def remove_boilerplate_of(frame: pl.DataFrame) -> int:
    """How many lines of these documents go."""
    frame = clean_documents(frame, settings, phrases, lexicon)
    return len(frame) - frame["reason"].null_count()


workers, paragraphs, report = sys.argv[1:]
read = pl.read_parquet(paragraphs)
texts = read.group_by("document", maintain_order=True).agg(
    pl.col("text").first().alias("title"), pl.col("text").str.join("\n")
)
nothing = [pl.lit(None, pl.String).alias(name) for name in ("source", "language")]
documents = texts.with_columns(nothing)
shards = [
    to_paragraphs(documents.slice(begin, -(-len(documents) // PARTS)))
    for begin in range(0, len(documents), -(-len(documents) // PARTS))
]
remove_boilerplate_of(shards[0])
with ThreadPoolExecutor(int(workers)) as pool:
    began, spent = time.perf_counter(), time.process_time()
    removed = sum(pool.map(remove_boilerplate_of, shards))
    seconds = {"wall": time.perf_counter() - began, "cpu": time.process_time() - spent}
size = int(read["text"].str.len_bytes().sum())
Path(report).write_text(
    json.dumps({"bytes": size, "lines": sum(map(len, shards)), "removed": removed, **seconds})
)
