"""From texts to rensa's digests of 128 values, in four ways.

    python rensa_digests.py PARAGRAPHS.parquet REPORT.json

Text to text by `RMinHash`; all in its fastest call, which takes a generator; that call alone, of shingles that are
ready; and its rho sketch of single words, as its own benchmark uses it. Seconds are of the processor, since only one
is used.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
from rensa import RMinHash


def shingles(text: str) -> list[str]:
    """Runs of three words, split at white space."""
    words = text.lower().split()
    return [" ".join(words[i : i + 3]) for i in range(max(1, len(words) - 2))]


def each(texts: list[str]) -> None:
    """A digest for each text."""
    for text in texts:
        sketch = RMinHash(num_perm=128, seed=42)
        sketch.update(shingles(text))
        sketch.digest()


def clock(function: Callable[[], Any]) -> float:
    """The seconds that it takes."""
    start = time.process_time()
    function()
    return time.process_time() - start


paragraphs, report = sys.argv[1:]
column = pl.read_parquet(paragraphs).get_column("text")
texts = column.to_list()
ready = [shingles(text) for text in texts]
seconds = {
    "rensa": clock(lambda: each(texts)),
    "rensa, in one batch": clock(
        lambda: RMinHash.digest_matrix_from_token_sets((shingles(text) for text in texts), 128, 42)
    ),
    "rensa, of ready shingles": clock(lambda: RMinHash.digest_matrix_from_token_sets(ready, 128, 42)),
    "rensa, rho of single words": clock(
        lambda: RMinHash.digest_matrix_from_token_sets_rho((text.split() for text in texts), 128, 42)
    ),
}
Path(report).write_text(json.dumps({"bytes": int(column.str.len_bytes().sum()), "seconds": seconds}))
