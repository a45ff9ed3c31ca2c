"""Regular expressions that are expensive to compile, compiled once, and letters that are cheap to repeat in them."""

from __future__ import annotations

import functools
import zlib
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import polars as pl

#: Letters, for brackets in a part that is repeated: `rf"[{LETTERS} ]{{2,40}}"`. polars compiles each repetition by
#: itself, and 40 of `\p{L}` take 15 ms and 7 MB, ten times as much as these. Marks and digits of other scripts are
#: among them, and some punctuation of theirs. Not within `(?i)`: that looks up the other case of every letter.
LETTERS: Final = (
    r"A-Za-z\x{AA}\x{B5}\x{BA}\x{C0}-\x{D6}\x{D8}-\x{F6}\x{F8}-\x{1FFF}\x{2C00}-\x{2DFF}\x{3005}-\x{3007}"
    r"\x{3040}-\x{D7FF}\x{F900}-\x{FDFF}\x{FE70}-\x{FEFE}\x{FF21}-\x{FF3A}\x{FF41}-\x{FF5A}\x{FF66}-\x{FFDC}"
    r"\x{10000}-\x{1EFFF}\x{20000}-\x{3FFFF}"
)
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
