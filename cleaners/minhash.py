"""MinHash signatures of texts, and the keys of their bands.

MinHash is Broder's, "On the resemblance and containment of documents" (1997); bands are those of Leskovec, Rajaraman
and Ullman, "Mining of Massive Datasets", chapter 3; the permutations are datasketch's. What MinHash sees of a shingle
is the lower 32 bits of its hash. The key of a band is the upper 32 bits of the hash, as `cleaners.tokens` defines it,
of the sequence of the band's number, counted from 0, and the values of its rows.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
import polars as pl

from cleaners.shingles import normalised_texts
from cleaners.tokens import (
    I64,
    MULTIPLIER,
    U8,
    U32,
    U64,
    Alphabet,
    alphabet,
    fmix64,
    kernel,
    longest,
    sequence_hash,
    tokenise,
)

if TYPE_CHECKING:
    import datasketch

NUM_PERM: Final = 128
SEED: Final = 1


class Permutations(NamedTuple):
    """The permutations h -> a * h + b, modulo 2**32, of which the 128 values of a signature are the minima."""

    a: U32  # odd
    b: U32


@functools.cache
def permutations() -> Permutations:
    """Those of datasketch, drawn as it draws them: to import it takes longer than the signatures of many a folder."""
    generator = np.random.RandomState(SEED)
    a = 2 * generator.randint(0, 1 << 31, NUM_PERM, dtype=np.uint32) + np.uint32(1)
    return Permutations(a, generator.randint(0, 1 << 32, NUM_PERM, dtype=np.uint32))


def signatures(text: pl.Series, n: int = 3) -> U32:
    """The MinHash signatures, (rows, 128), of the texts' sets of shingles of `n` tokens (1 to 16); no text is null.

    Bit for bit those of `datasketch.MinHash(num_perm=128, scheme="affine32", seed=1)` over the lower 32 bits of the
    hashes of `cleaners.shingles.shingle_sets`; a text without a token has the largest value everywhere, as an empty set
    has there.
    """
    signed: U32 = _signatures(*normalised_texts(text), alphabet(), n, permutations())
    return signed


def to_datasketch(signature: U32) -> datasketch.MinHash:
    """The signature, one row of what `signatures` returns, as a MinHash of datasketch."""
    import datasketch

    return datasketch.MinHash(seed=SEED, hashvalues=signature, scheme="affine32")


@kernel
def sign(hashes: U64, count: int, n: int, drawn: Permutations, mixed: U32, signature: U32) -> Any:
    """Writes the signature of a text that has `count` tokens of these hashes; `mixed` has room for as many values."""
    signature[:] = np.uint32(0xFFFFFFFF)
    if count == 0:
        return
    length = min(n, count)
    shingles = count - length + 1
    for i in range(shingles):
        # the hash of a 32-bit number that the permutations are of, from MurmurHash3 too
        x = np.uint32(sequence_hash(hashes, i, length))
        x = np.uint32((x ^ (x >> np.uint32(16))) * np.uint32(0x85EBCA6B))
        x = np.uint32((x ^ (x >> np.uint32(13))) * np.uint32(0xC2B2AE35))
        mixed[i] = x ^ (x >> np.uint32(16))
    a, b = drawn.a, drawn.b
    for first in range(0, shingles, 8):
        # eight shingles a pass over the permutations; the last pass takes its last shingle more than once
        last = shingles - 1
        h0, h1, h2, h3 = (
            mixed[first],
            mixed[min(first + 1, last)],
            mixed[min(first + 2, last)],
            mixed[min(first + 3, last)],
        )
        h4, h5, h6, h7 = (
            mixed[min(first + 4, last)],
            mixed[min(first + 5, last)],
            mixed[min(first + 6, last)],
            mixed[min(first + 7, last)],
        )
        for k in range(NUM_PERM):
            p, q = a[k], b[k]
            low = min(min(np.uint32(h0 * p + q), np.uint32(h1 * p + q)), signature[k])
            low = min(low, min(np.uint32(h2 * p + q), np.uint32(h3 * p + q)))
            low = min(low, min(np.uint32(h4 * p + q), np.uint32(h5 * p + q)))
            signature[k] = min(low, min(np.uint32(h6 * p + q), np.uint32(h7 * p + q)))


@kernel
def _signatures(data: U8, offsets: I64, letters: Alphabet, n: int, drawn: Permutations) -> Any:
    signed = np.empty((len(offsets) - 1, NUM_PERM), np.uint32)
    most = longest(offsets)
    hashes, mixed = np.empty(most + 1, np.uint64), np.empty(most + 1, np.uint32)
    for row in range(len(signed)):
        count, _ = tokenise(data, offsets[row], offsets[row + 1], letters, hashes)
        sign(hashes, count, n, drawn, mixed, signed[row])
    return signed


@functools.cache
def bands(threshold: float) -> tuple[int, int]:
    """How many bands of how many rows find candidates at `threshold`: (25, 5) for 0.8.

    The longest rows, of 128 permutations, with which a pair at the threshold is missed less than once in 1,000
    times; (128, 1) where no choice does that, at thresholds under 0.053.
    """
    for rows in range(NUM_PERM, 1, -1):
        count = NUM_PERM // rows
        if (1 - threshold**rows) ** count < 0.001:
            return count, rows
    return NUM_PERM, 1


@kernel
def band_key(signature: U32, band: int, rows: int) -> Any:
    """The key (32 bits) of the band of that number, of so many rows each, counted from 0."""
    h = np.uint64(band)
    for row in range(band * rows, band * rows + rows):
        h = h * np.uint64(MULTIPLIER) + np.uint64(signature[row])
    return np.uint32(fmix64(h * np.uint64(MULTIPLIER) + np.uint64(rows + 1)) >> np.uint64(32))
