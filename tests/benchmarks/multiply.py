"""A large corpus made of a real one, copied until it is large enough, each copy edited in its own way.

It is JSONL, compressed by zstd. In each copy the words that are neither rare nor among the most frequent are exchanged
in pairs, drawn by seed. So its paragraphs are new to those of other copies, while what came twice in the corpus comes
twice in the copy. A few records of each copy stay as they are: reprints. The same input gives the same bytes, and a
larger corpus begins with a smaller one.

    python -m tests.benchmarks.multiply INPUT.jsonl MEGABYTES OUT.jsonl.zst
"""

from __future__ import annotations

import argparse
import random
import re
from collections import Counter
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Final

import polars as pl
import zstandard

#: Ranks of the words that are exchanged, by frequency.
FIRST, LAST = 50, 4_050
#: One record of so many stays as it is.
REPRINTED: Final = 50
#: Bytes that are edited at once, and from which the words are taken.
CHUNK: Final = 1 << 24


def write(given: Path, megabytes: float, out: Path) -> None:
    """Write at least so many megabytes of whole records, compressed; the first copy of `given` is not edited."""
    words = _words(given)
    left = int(megabytes * 1e6)
    with zstandard.open(out, "wb") as file:
        for copy in count():
            for record in _edited(given, words, copy):
                file.write(record)
                left -= len(record)
                if left <= 0:
                    return


def _words(given: Path) -> list[str]:
    """The words that are exchanged, from the beginning of a corpus."""
    with given.open("rb") as lines:
        head = b"".join(lines.readlines(CHUNK)).decode()
    counts = Counter(re.findall(r"(?<= )[a-z]{3,}(?= )", head))
    ranked = sorted(counts, key=lambda word: (-counts[word], word))[FIRST:LAST]
    return ranked[: len(ranked) // 2 * 2]


def _edited(given: Path, words: list[str], copy: int) -> Iterator[bytes]:
    """The records of one copy; the first stays as it is. Only words between spaces change: no key of a record does."""
    shuffled = words.copy()
    random.Random(copy).shuffle(shuffled)
    half = len(shuffled) // 2
    old = [f" {word} " for word in shuffled]
    new = [f" {word} " for word in shuffled[half:] + shuffled[:half]] if copy else old
    first = 0
    with given.open("rb") as lines:
        while some := lines.readlines(CHUNK):
            records = pl.Series(some, dtype=pl.Binary).cast(pl.String)
            stays = (pl.int_range(first, first + len(some), eager=True) + copy) % REPRINTED == 0
            changed = records.to_frame("record").select(
                pl.col("record").str.replace_many(old, new, leftmost=True)
            )
            edited = changed.to_series().zip_with(~stays, records)
            yield from (record.encode() for record in edited)
            first += len(some)


def main() -> None:
    """Do what the command line asks for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("given", type=Path, metavar="INPUT")
    parser.add_argument("megabytes", type=float)
    parser.add_argument("out", type=Path)
    options = parser.parse_args()
    write(options.given, options.megabytes, options.out)


if __name__ == "__main__":
    main()
