"""Regular expressions that are expensive to compile, compiled once."""

from __future__ import annotations

import functools
import zlib
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import polars as pl

#: Threads among which the patterns are distributed.
LANES: Final = 4
#: Compiled patterns that polars keeps for each thread (`regex_cache.rs`; polars has no setting for it).
CACHED_PATTERNS: Final = 32


def matches(text: pl.Series, pattern: str) -> pl.Series:
    """Where a text holds a match of the pattern (Boolean, null where the text is): `text.str.contains(pattern)`.

    polars keeps the `CACHED_PATTERNS` patterns that a thread used last. The cleaners use more, in the same order for
    every shard, so polars would compile each of them again for every shard. For 300 articles that is two thirds of the
    time the cleaners of a document take. Here a pattern is always matched in the same thread, which only a few other
    patterns use, so it stays compiled. Going there and back takes less than a tenth of a millisecond.

    Only speed depends on how polars caches. With a larger cache, or one for all threads, this module could go;
    `tests/cleaners/text/test_matching.py` fails then, as it does if there are too many patterns for the threads.

    >>> matches(pl.Series(["14 May", None, "noon"]), "[0-9]").to_list()
    [True, None, False]
    """
    if text.is_empty():
        return pl.Series(text.name, [], pl.Boolean)
    lane = _lane(zlib.crc32(pattern.encode()) % LANES)
    return lane.submit(_contains, text, pattern).result()


def _contains(text: pl.Series, pattern: str) -> pl.Series:
    return text.str.contains(pattern)


@functools.cache
def _lane(number: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1, f"matching-{number}")
