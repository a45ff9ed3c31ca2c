"""MinHash signatures of sets of shingle hashes, and the keys of their bands: arrays in, arrays out.

MinHash is Broder's, "On the resemblance and containment of documents" (1997); bands are those of Leskovec, Rajaraman
and Ullman, "Mining of Massive Datasets", chapter 3; the permutations are datasketch's. What MinHash sees of a shingle
is the lower 32 bits of its hash. The key of a band is the hash, as `cleaners.tokens` defines it, of the sequence of the
band's number, counted from 0, and the values of its rows.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from cleaners.tokens import I64, MULTIPLIER, U32, U64, fmix64, kernel

if TYPE_CHECKING:
    import datasketch

NUM_PERM: Final = 128
SEED: Final = 1


@functools.cache
def _permutations() -> tuple[U32, U32]:
    """The a (odd) and b of datasketch's permutations h -> a * h + b, modulo 2**32.

    Drawn here as datasketch draws them, whose import takes longer than the signatures of many a folder.
    """
    generator = np.random.RandomState(SEED)
    a = 2 * generator.randint(0, 1 << 31, NUM_PERM, dtype=np.uint32) + np.uint32(1)
    return a, generator.randint(0, 1 << 32, NUM_PERM, dtype=np.uint32)


def signatures(shingles: U64, offsets: I64, rows: I64) -> U32:
    """The MinHash signatures, (len(rows), 128), of the sets `shingles[offsets[r]:offsets[r + 1]]` for r in `rows`.

    Bit for bit those of `datasketch.MinHash(num_perm=128, scheme="affine32", seed=1)` over the lower 32 bits of the
    hashes; an empty set has the largest value everywhere, there as here.
    """
    signed: U32 = _signatures(shingles, offsets, rows, *_permutations())
    return signed


def to_datasketch(signature: U32) -> datasketch.MinHash:
    """The signature, one row of what `signatures` returns, as a MinHash of datasketch."""
    import datasketch

    return datasketch.MinHash(seed=SEED, hashvalues=signature, scheme="affine32")


@kernel
def _signatures(shingles: U64, offsets: I64, rows: I64, a: U32, b: U32) -> Any:
    signed = np.full((len(rows), NUM_PERM), np.uint32(0xFFFFFFFF))
    h = np.empty(8, np.uint32)
    for r in range(len(rows)):
        start, stop = offsets[rows[r]], offsets[rows[r] + 1]
        for first in range(start, stop, 8):
            # eight shingles a pass over the permutations; the last pass takes its last shingle more than once
            for i in range(8):
                x = np.uint32(shingles[min(first + i, stop - 1)])
                x = np.uint32((x ^ (x >> np.uint32(16))) * np.uint32(0x85EBCA6B))
                x = np.uint32((x ^ (x >> np.uint32(13))) * np.uint32(0xC2B2AE35))
                h[i] = x ^ (x >> np.uint32(16))
            h0, h1, h2, h3, h4, h5, h6, h7 = h[0], h[1], h[2], h[3], h[4], h[5], h[6], h[7]
            for k in range(NUM_PERM):
                p, q = a[k], b[k]
                low = min(min(np.uint32(h0 * p + q), np.uint32(h1 * p + q)), signed[r, k])
                low = min(low, min(np.uint32(h2 * p + q), np.uint32(h3 * p + q)))
                low = min(low, min(np.uint32(h4 * p + q), np.uint32(h5 * p + q)))
                signed[r, k] = min(low, min(np.uint32(h6 * p + q), np.uint32(h7 * p + q)))
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


def band_keys(signed: U32, count: int, rows: int) -> U64:
    """The keys, (texts, count), of bands of `rows` values each: two texts are candidates where they share one."""
    keys: U64 = _band_keys(signed, count, rows)
    return keys


@kernel
def _band_keys(signed: U32, count: int, rows: int) -> Any:
    keys = np.empty((len(signed), count), np.uint64)
    for text in range(len(signed)):
        for band in range(count):
            h = np.uint64(band)
            for row in range(band * rows, band * rows + rows):
                h = h * np.uint64(MULTIPLIER) + np.uint64(signed[text, row])
            keys[text, band] = fmix64(h * np.uint64(MULTIPLIER) + np.uint64(rows + 1))
    return keys
