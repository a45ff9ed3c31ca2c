"""The table of hashes that near-duplicates are found by, one row a paragraph."""

from __future__ import annotations

import functools
import unicodedata
from typing import Final, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from cleaners import minhash
from cleaners.folding import utf8
from cleaners.tokens import I64, SEPARATOR, SPACE, U8, U64, Hashes, character_classes, hash_texts

#: What `shingle` returns.
SHINGLED: Final[dict[str, pl.DataType]] = {
    "document_id": pl.String(),
    "position": pl.UInt32(),
    "tokens": pl.UInt32(),
    "numbers": pl.UInt64(),
    "shingles": pl.List(pl.UInt64()),  # null where the paragraph is not compared
    "keys": pl.List(
        pl.UInt64()
    ),  # of the whole sequence of tokens, then of each band; null where not compared
}


def shingle(
    frame: pl.DataFrame, *, n: int, threshold: float, min_tokens: int, short: Literal["keep", "exact"]
) -> pl.DataFrame:
    """One row for each paragraph that has a text and no reason, in order, with the columns of `SHINGLED`.

    Shingles have `n` tokens (1 to 16); the bands of the keys find pairs whose Jaccard is `threshold` or more. A
    paragraph of fewer than `min_tokens` tokens is not compared with `short = "keep"`. With "exact" it has the one key
    of its whole sequence of tokens, and a second hash of that for its one shingle. Tables of other settings do not go
    together.
    """
    kept = frame.filter(pl.col("reason").is_null() & (pl.col("text") != ""))
    data, offsets = _normalised(kept.get_column("text"))
    hashes = hash_texts(data, offsets, n)
    long = np.flatnonzero(hashes.tokens >= min_tokens)
    keys = minhash.band_keys(
        minhash.signatures(hashes.shingles, hashes.offsets, long), *minhash.bands(threshold)
    )
    keys = np.column_stack((hashes.exact[long, 0], keys))
    columns = {
        "shingles": (long, _lists(hashes, long)),
        "keys": (long, _rows(keys)),
    }
    if short == "exact":
        brief = np.flatnonzero(hashes.tokens < min_tokens)
        for name, which in (("shingles", 1), ("keys", 0)):
            rows, lists = columns[name]
            columns[name] = (
                np.concatenate((rows, brief)),
                lists.append(_rows(hashes.exact[brief, which, None])),
            )
    return kept.select("document_id", "position").with_columns(
        pl.Series("tokens", hashes.tokens),
        pl.Series("numbers", hashes.numbers),
        *(_placed(name, len(kept), rows, lists) for name, (rows, lists) in columns.items()),
    )


def count_tokens(text: pl.Series) -> pl.Series:
    """How many tokens each text has (UInt32), 0 where it is null.

    >>> count_tokens(pl.Series(["It rained, twice.", "雨だ", "***", None])).to_list()
    [3, 2, 0, 0]
    """
    data, offsets = _normalised(text.fill_null(""))
    return pl.Series("tokens", hash_texts(data, offsets, 1).tokens)


def _rows(matrix: U64) -> pl.Series:
    """A list for each row of a matrix."""
    return pl.Series(np.ascontiguousarray(matrix).ravel()).reshape(matrix.shape).arr.to_list()


def _lists(hashes: Hashes, rows: I64) -> pl.Series:
    """The shingles of these rows, in order and all with a token, as lists."""
    counts = np.diff(hashes.offsets)
    chosen = np.zeros(len(counts), np.bool_)
    chosen[rows] = True
    row = pl.Series("row", np.repeat(rows.astype(np.uint32), counts[rows])).set_sorted()
    shingles = pl.Series("shingles", hashes.shingles[np.repeat(chosen, counts)])
    lists = pl.DataFrame([row, shingles]).group_by("row", maintain_order=True).agg("shingles")
    return lists.get_column("shingles")


def _placed(name: str, height: int, rows: NDArray[np.int64], lists: pl.Series) -> pl.Series:
    """A column of `height` rows with the lists where `rows` says, and null elsewhere."""
    places = np.full(height, len(lists), np.uint32)
    places[rows] = np.arange(len(rows))
    nothing = pl.Series([None], dtype=SHINGLED[name])
    return lists.cast(SHINGLED[name]).append(nothing).gather(pl.Series(places)).alias(name)


def _normalised(text: pl.Series) -> tuple[U8, I64]:
    """The texts in NFKC and casefolded, as bytes and the offsets between them.

    Texts of only those characters for which that comes to lower case, which is nearly all text, stay in polars.
    """
    special = (text.str.len_bytes() != text.str.len_chars()).arg_true()
    special = special.filter(text.gather(special).str.contains(f"[^{_lower_case_is_enough()}]"))
    lowered = text.str.to_lowercase()
    if len(special):
        folded = [unicodedata.normalize("NFKC", t).casefold() for t in text.gather(special)]
        lowered = lowered.scatter(special, pl.Series(folded, dtype=pl.String))
    return utf8(lowered)


@functools.cache
def _lower_case_is_enough() -> str:
    """The inside of a character class: characters that tokenise alike lower-cased, and in NFKC and casefolded.

    Letters and numbers that NFKC leaves alone, with one lower-case form that is also the casefolded one; separators
    that NFKC makes into separators. Not among them: marks, jamo and whatever else NFKC may join with its neighbour,
    and the capital sigma, whose lower case depends on its place.
    """
    classes = character_classes()
    separators = (SEPARATOR, SPACE)
    enough = []
    for code in (*range(0xD800), *range(0xF900, 0x10000), *range(0x1F000, 0x1FB00)):
        character = chr(code)
        category = unicodedata.category(character)
        if category in ("Cn", "Co", "Mn", "Mc", "Me") or character == "Σ":
            continue
        if 0x1100 <= code <= 0x11FF or 0xA960 <= code <= 0xA97F or 0xD7B0 <= code <= 0xD7FF:
            continue
        normal = unicodedata.normalize("NFKC", character)
        if classes[code] in separators:
            fits = all(classes[ord(c)] in separators for c in normal)
        else:
            fits = (
                normal == character
                and character.lower() == character.casefold()
                and len(character.lower()) == 1
            )
        if fits:
            enough.append(code)
    codes = np.array(enough)
    breaks = np.flatnonzero(np.diff(codes) != 1)
    firsts, lasts = codes[np.r_[0, breaks + 1]], codes[np.r_[breaks, -1]]
    return "".join(f"\\x{{{a:x}}}-\\x{{{b:x}}}" for a, b in zip(firsts, lasts, strict=True))
