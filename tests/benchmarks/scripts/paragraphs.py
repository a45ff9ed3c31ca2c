"""The paragraphs of a corpus, a sample of so many megabytes that is spread over it, as a Parquet file.

Its columns are the number of the document and the text.

python paragraphs.py MEGABYTES OUT.parquet INPUT...

An input is a JSONL file, a text file, or a folder of text files.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import polars as pl


def texts(path: Path) -> Iterator[str]:
    """The texts of an input, in order."""
    if path.is_dir():
        for one in sorted(p for p in path.rglob("*") if p.is_file()):
            yield from texts(one)
    elif path.suffix == ".jsonl":
        with path.open(encoding="utf-8") as lines:
            for line in lines:
                yield json.loads(line).get("text") or ""
    else:
        data = path.read_bytes()
        try:
            yield data.decode()
        except UnicodeDecodeError:
            yield data.decode("latin-1")


def sample(every: list[str], size: float) -> list[str]:
    """Every n-th document, so that about `size` bytes come together."""
    step = max(1, round(sum(map(len, every)) / size))
    return every[::step]


megabytes, out, *inputs = sys.argv[1:]
documents = sample([text for one in inputs for text in texts(Path(one))], float(megabytes) * 1e6)
split = [(n, p) for n, text in enumerate(documents) for p in map(str.strip, text.split("\n")) if p]
pl.DataFrame(split, schema={"document": pl.UInt32, "text": pl.String}, orient="row").write_parquet(out)
