"""The fingerprint of each paragraph, by which near-duplicates are found: about 150 bytes a row.

Two paragraphs with equal `exact_a` and `exact_b` have the same sequence of tokens. Two with a band in common are
candidates; their shingle sets, computed from the texts only then, decide whether they are near-duplicates.
"""

from __future__ import annotations

from typing import Any, Final, Literal

import numpy as np
import polars as pl

from cleaners.duplicate.figures import without_codes
from cleaners.duplicate.keep_rule import as_fraction
from cleaners.duplicate.minhash import NUM_PERM, SEED, Permutations, band_keys, bands, permutations, sign
from cleaners.duplicate.rarest_shingles import rarest_shingles
from cleaners.kernels import I64, U8, U32, U64, kernel
from cleaners.text.shingles import folded
from cleaners.text.tokens import (
    MULTIPLIER,
    SECOND_MULTIPLIER,
    Alphabet,
    alphabet,
    fmix64,
    longest,
    raw_alphabet,
    tokenise,
    wordless_alphabet,
)
from cleaners.text.utf8 import utf8

_FINGERPRINTS: Final[dict[str, pl.DataType]] = {
    "document_id": pl.String(),
    "position": pl.UInt32(),
    "tokens": pl.UInt32(),  # the number of tokens
    "numbers": pl.UInt64(),  # hash of the sequence of digit runs outside codes; of none, of the empty sequence
    "exact_a": pl.UInt64(),  # two hashes of the sequence of tokens; null where the paragraph is not compared
    "exact_b": pl.UInt64(),
}


#: The index of the first key column: paragraphs are found by the columns from here on, the others describe them.
FIRST_KEY_COLUMN: Final = list(_FINGERPRINTS).index("exact_a")

#: How fingerprints are made, apart from the settings. Fingerprints of different formats cannot be compared: a change of
#: tokenisation or hashing needs another version.
FINGERPRINT_FORMAT: Final[dict[str, int | str]] = {
    "version": 2,  # 2: digits of codes in brackets are no numbers
    "normaliser": "NFKC, case folded",
    "permutations": NUM_PERM,
    "scheme": "affine32",
    "seed": SEED,
}

Method = Literal["minhash", "exact"]
#: What makes a near-duplicate: how much of the union both sets have, or how much of the later one the earlier one has.
Measure = Literal["jaccard", "containment"]


def uses_bands(method: Method, measure: Measure) -> bool:
    """Whether the keys are bands of MinHash signatures, not shingles."""
    return method == "minhash" and measure == "jaccard"


def band_names(threshold: float) -> list[str]:
    """The names of the columns with the band keys."""
    return [f"band_{number:02}" for number in range(bands(threshold)[0])]


def fingerprint_schema(
    threshold: float, method: Method = "minhash", measure: Measure = "jaccard"
) -> pl.Schema:
    """The schema of what `fingerprint` returns.

    The key columns are one UInt32 for each band with "minhash", and `rarest`, a list of UInt64, with "exact" and with
    "containment". Keys are null where only equal tokens make a duplicate.
    """
    keys: dict[str, pl.DataType] = {"rarest": pl.List(pl.UInt64())}
    if uses_bands(method, measure):
        keys = {name: pl.UInt32() for name in band_names(threshold)}
    return pl.Schema(_FINGERPRINTS | keys)


def fingerprint(
    paragraphs: pl.DataFrame,
    *,
    n: int,
    threshold: float,
    min_tokens: int,
    short: Literal["keep", "exact"],
    method: Method = "minhash",
    measure: Measure = "jaccard",
    frequencies: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """The fingerprints of `paragraphs`, row by row, with the columns of `fingerprint_schema`.

    `paragraphs` has the columns document_id, position and text, without nulls. Shingles have `n` tokens (1 to 16).

    With `method = "minhash"`, bands of MinHash signatures find the pairs whose Jaccard is at least `threshold`, all but
    a few in 100,000. With "exact", the rarest shingles find all of them; `frequencies`, a table of
    `rarest_shingles.count_shingles`, says which shingles are rare. Raises ValueError if it is missing then. With
    `measure = "containment"`, the keys are all shingles, the rarest first, whatever the method (see `containment`).

    A paragraph of fewer than `min_tokens` tokens is never compared with `short = "keep"`, and only for equality with
    "exact". Fingerprints made with different settings cannot be compared.
    """
    text = paragraphs.get_column("text")
    number, width = bands(threshold) if uses_bands(method, measure) else (0, 1)
    tokens, numbers, exact, keys = _compute(text, n, min_tokens, number, width)
    coded, plain = without_codes(text)
    if len(coded):
        _, numbers[coded], _, _ = _compute(plain, 1, 1 << 62, 0, 1)
    long = pl.Series(tokens >= max(min_tokens, 1))
    eligible = long if short == "keep" else pl.repeat(True, len(long), eager=True)
    exact_names, names = ["exact_a", "exact_b"], band_names(threshold)[:number]
    columns = dict(zip([*exact_names, *names], [*exact, *keys], strict=True))
    return paragraphs.select(
        "document_id",
        "position",
        pl.Series("tokens", tokens),
        pl.Series("numbers", numbers),
        *(pl.Series(name, values) for name, values in columns.items()),
    ).with_columns(
        pl.when(eligible).then(pl.col(exact_names)),
        *([pl.when(long).then(pl.col(names))] if number else []),
        *([] if number else [_rarest(text, long, n, threshold, measure, frequencies)]),
    )


def _rarest(
    text: pl.Series,
    long: pl.Series,
    n: int,
    threshold: float,
    measure: Measure,
    frequencies: pl.DataFrame | None,
) -> pl.Series:
    if frequencies is None:
        raise ValueError('method "exact" and measure "containment" need shingle frequencies')
    rows = long.arg_true()
    share = as_fraction(threshold) if measure == "jaccard" else None
    keys = rarest_shingles(text.gather(rows), n, share, frequencies)
    nothing = pl.Series([None], dtype=pl.List(pl.UInt64()))
    places = pl.repeat(len(keys), len(text), dtype=pl.UInt32, eager=True)
    places = places.scatter(rows, pl.arange(0, len(keys), dtype=pl.UInt32, eager=True))
    return keys.append(nothing).gather(places).alias("rarest")


def exact_hashes(text: pl.Series) -> pl.DataFrame:
    """The columns exact_a and exact_b of the texts, which must not be null."""
    _, _, (a, b), _ = _compute(text, 1, 1 << 62, 0, 1)
    return pl.DataFrame({"exact_a": a, "exact_b": b})


def _compute(text: pl.Series, n: int, min_tokens: int, number: int, width: int) -> tuple[U32, U64, U64, U32]:
    """(tokens, numbers, exact, keys) of `_fingerprints`; texts with special characters are folded first."""

    def compute(texts: pl.Series, letters: Alphabet) -> Any:
        wordless, coefficients = wordless_alphabet(), permutations()
        return _fingerprints(*utf8(texts), letters, wordless, n, min_tokens, coefficients, number, width)

    results, special = compute(text, raw_alphabet())
    rows = np.flatnonzero(special)
    if len(rows):
        replacements, _ = compute(folded(text.gather(rows)), alphabet())
        for result, replacement in zip(results, replacements, strict=True):
            result[..., rows] = replacement
    tokens, numbers, exact, keys = results
    return tokens, numbers, exact, keys


@kernel
def _fingerprints(
    data: U8,
    offsets: I64,
    letters: Alphabet,
    wordless: Alphabet,
    n: int,
    min_tokens: int,
    coefficients: Permutations,
    bands: int,
    width: int,
) -> Any:
    """((tokens, numbers, exact, keys), special): the fingerprints, and which texts have a special character.

    `exact` is (2, rows) and `keys` (bands, rows). Keys are computed for texts of at least `min_tokens` tokens. The
    values of a text with a special character are meaningless.
    """
    rows, most = len(offsets) - 1, longest(offsets)
    hashes, scratch = np.empty(most + 1, np.uint64), np.empty(most + 1, np.uint64)
    mixed, signature = np.empty(most + 1, np.uint32), np.empty(NUM_PERM, np.uint32)
    special = np.zeros(rows, np.bool_)
    tokens, numbers = np.empty(rows, np.uint32), np.empty(rows, np.uint64)
    exact, keys = np.empty((2, rows), np.uint64), np.zeros((bands, rows), np.uint32)
    own = np.empty(bands, np.uint64)  # the keys of one text
    for row in range(rows):
        start, stop = offsets[row], offsets[row + 1]
        count, numbers[row] = tokenise(data, start, stop, letters, hashes)
        if count < 0:
            special[row] = True
            continue
        tokens[row] = count
        if count >= min_tokens:
            if bands:
                sign(hashes, count, n, coefficients, scratch, mixed, signature)
                band_keys(signature, width, own)
            for band in range(bands):
                keys[band, row] = own[band]
        if count == 0:
            count, _ = tokenise(data, start, stop, wordless, hashes)
        one, two = np.uint64(0), np.uint64(0)  # two independent chains of products take no longer than one
        for i in range(count):
            one = one * np.uint64(MULTIPLIER) + hashes[i]
            two = two * np.uint64(SECOND_MULTIPLIER) + hashes[i]
        exact[0, row] = fmix64(one * np.uint64(MULTIPLIER) + np.uint64(count))
        exact[1, row] = fmix64(two * np.uint64(SECOND_MULTIPLIER) + np.uint64(count))
    return (tokens, numbers, exact, keys), special
