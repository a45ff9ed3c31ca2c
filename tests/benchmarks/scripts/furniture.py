"""The furniture of documents, struck by copydesk: repeated headlines, related articles, boilerplate.

    python furniture.py WORKERS PARAGRAPHS.parquet REPORT.json

The documents go in parts through the workers, threads of this process, as the shards of a run do.
"""

from __future__ import annotations

import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import polars as pl

from cleaners.boilerplate import boilerplate
from cleaners.paragraphs import SCHEMA
from cleaners.phrases.search import search
from cleaners.related_articles import related_articles
from cleaners.repeated_headline import repeated_headline
from flows.line_scores import line_scores
from flows.settings import Settings, phrases_of

PARTS = 4

phrases, model = phrases_of(Settings()), line_scores()


def strike(frame: pl.DataFrame) -> int:
    """How many lines of these documents go, after all that a run does for it."""
    frame = repeated_headline(frame)
    found = search(frame, phrases)
    frame = related_articles(frame, phrases=phrases, found=found)
    frame = boilerplate(frame, phrases=phrases, found=found, model=model)
    return len(frame) - frame["reason"].null_count()


workers, paragraphs, report = sys.argv[1:]
read = pl.read_parquet(paragraphs)
first = pl.col("text").first().over("document")
documents = read.select(
    pl.col("document").cast(pl.String).alias("document_id"),
    pl.int_range(pl.len(), dtype=pl.UInt32).over("document").alias("position"),
    "text",
    first.alias("title"),
)
missing = [pl.lit(None, dtype).alias(name) for name, dtype in SCHEMA.items() if name not in documents.columns]
frame = documents.with_columns(missing).select(*SCHEMA)
part = read["document"] * PARTS // (read["document"].max() + 1)
shards = frame.with_columns(part.alias("part")).partition_by("part", include_key=False, maintain_order=True)
strike(shards[0])
with ThreadPoolExecutor(int(workers)) as pool:
    began, spent = time.perf_counter(), time.process_time()
    struck = sum(pool.map(strike, shards))
    seconds = {"wall": time.perf_counter() - began, "cpu": time.process_time() - spent}
size = int(read["text"].str.len_bytes().sum())
Path(report).write_text(json.dumps({"bytes": size, "lines": len(read), "struck": struck, **seconds}))
