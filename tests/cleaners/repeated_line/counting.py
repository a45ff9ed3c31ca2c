"""Lines that a source repeats, and what is counted of them."""

from __future__ import annotations

from typing import Any

import polars as pl

from cleaners.repeated_line.line_counts import count_source_lines
from cleaners.repeated_line.line_keys import line_keys
from support import LEXICON

SOURCE = "post.example"
PLEA = "Get the evening letter in your inbox."
#: Lines of every kind: null, empty, without a word, in another case, of a script without spaces.
KINDS_OF_LINES = [None, "", "***", PLEA, PLEA.upper(), "歡迎訂閱本報每晚通訊！"]


def count(frame: pl.DataFrame, published: pl.Series | None = None, **options: Any) -> pl.DataFrame:
    """The counts of a frame's lines; the options are those of `line_keys`."""
    return count_source_lines(frame, published, keys=line_keys(frame, lexicon=LEXICON, **options))
