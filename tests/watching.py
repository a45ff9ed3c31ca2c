"""Readers that loop over a dataset while others write it, and tell what was wrong with what they saw.

    python watching.py OUT RECORDS

Every input file has RECORDS records, and the files are numbered. What is read must be whole files, in an unbroken row.
Answers with a JSON object when its input ends: how often each reader read, the errors, and what was wrong.
"""

from __future__ import annotations

import json
import re
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pyarrow.dataset


def in_polars(folder: Path) -> list[str]:
    """The uris as polars reads them, text and all."""
    return pl.read_parquet(folder)["uri"].to_list()


def in_duckdb(folder: Path) -> list[str]:
    """The uris as DuckDB reads them."""
    with duckdb.connect() as connection:
        rows = connection.execute(f"select uri, text from read_parquet('{folder}/*/*.parquet')").fetchall()
    return [uri for uri, _ in rows]


def in_pyarrow(folder: Path) -> list[str]:
    """The uris as pyarrow reads them."""
    return [
        str(uri) for uri in pyarrow.dataset.dataset(folder, partitioning="hive").to_table()["uri"].to_pylist()
    ]


def wrong(uris: Iterable[str], records: int) -> str | None:
    """What is wrong with these uris: a file that is not whole, or one that is missing between others."""
    counts = Counter(int(number) for uri in uris if (number := re.findall(r"(\d+)\.jsonl#\d+$", uri)[0]))
    if broken := {number: count for number, count in counts.items() if count != records}:
        return f"files in part, or twice: {broken}"
    if counts and len(counts) != max(counts) - min(counts) + 1:
        return f"files are missing: {sorted(counts)}"
    return None


def watch(
    read: Callable[[Path], list[str]], folder: Path, records: int, stopped: threading.Event, told: Any
) -> None:
    """Read until stopped; tell of it."""
    while not stopped.wait(0.02):  # others want the processor as well
        try:
            problem = wrong(read(folder), records)
        except Exception as error:
            told["errors"].append(f"{read.__name__}: {type(error).__name__}: {error}"[:300])
        else:
            told["reads"][read.__name__] += 1
            if problem:
                told["wrong"].append(f"{read.__name__}: {problem}")


def main() -> None:
    """Watch with all readers at once until the input ends."""
    folder, records = Path(sys.argv[1]) / "documents", int(sys.argv[2])
    told: dict[str, Any] = {"reads": Counter(), "errors": [], "wrong": []}
    stopped = threading.Event()
    threads = [
        threading.Thread(target=watch, args=(read, folder, records, stopped, told))
        for read in (in_polars, in_duckdb, in_pyarrow)
    ]
    for thread in threads:
        thread.start()
    sys.stdin.read()
    stopped.set()
    for thread in threads:
        thread.join()
    print(json.dumps(told))  # noqa: T201 - its answer


if __name__ == "__main__":
    main()
