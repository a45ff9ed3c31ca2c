"""MinHash signatures of texts, and the keys of their bands.

MinHash: Broder, "On the resemblance and containment of documents" (1997). Bands: Leskovec, Rajaraman and Ullman,
"Mining of Massive Datasets", chapter 3. The permutations are those of datasketch, over the lower 32 bits of the shingle
hashes.

The key of a band is the upper 32 bits of the hash of a sequence, as defined in `cleaners.text.tokens`: the number of
the band, from 0 on, followed by the values of its rows.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
import polars as pl

from cleaners.kernels import I64, U8, U32, U64, Written, helper, intrinsic, kernel
from cleaners.text.shingles import folded
from cleaners.text.tokens import (
    MULTIPLIER,
    Alphabet,
    alphabet,
    fmix64,
    longest,
    raw_alphabet,
    shingle_hashes,
    tokenise,
)
from cleaners.text.utf8 import utf8

if TYPE_CHECKING:
    import datasketch

NUM_PERM: Final = 128
LANES: Final = 32  # permutations computed at once
SEED: Final = 1


class Permutations(NamedTuple):
    """The coefficients of the permutations h -> a * h + b modulo 2**32. The minima of these are a signature."""

    a: U32  # odd
    b: U32


@functools.cache
def permutations() -> Permutations:
    """The permutations of datasketch, drawn the way it draws them.

    Importing datasketch would take longer than computing the signatures of a small folder.
    """
    generator = np.random.RandomState(SEED)
    a = 2 * generator.randint(0, 1 << 31, NUM_PERM, dtype=np.uint32) + np.uint32(1)
    return Permutations(a, generator.randint(0, 1 << 32, NUM_PERM, dtype=np.uint32))


def signatures(text: pl.Series, n: int = 3) -> U32:
    """The MinHash signatures (rows, 128) of the shingle sets of the texts, which must not be null.

    Shingles have `n` tokens (1 to 16). The signatures equal, bit for bit, those of
    `datasketch.MinHash(num_perm=128, scheme="affine32", seed=1)` over the lower 32 bits of the hashes of
    `cleaners.text.shingles.shingle_sets`. A text without a token has the largest value everywhere, like an empty set in
    datasketch.
    """
    matrix, special = _signatures(*utf8(text), raw_alphabet(), n, permutations())
    if special.any():
        rows = np.flatnonzero(special)
        matrix[rows], _ = _signatures(*utf8(folded(text.gather(rows))), alphabet(), n, permutations())
    result: U32 = matrix
    return result


def to_datasketch(signature: U32) -> datasketch.MinHash:
    """A signature (one row of `signatures`) as a datasketch MinHash."""
    import datasketch

    return datasketch.MinHash(seed=SEED, hashvalues=signature, scheme="affine32")


@kernel
def sign(
    hashes: U64,
    count: int,
    n: int,
    coefficients: Permutations,
    scratch: Written[U64],
    mixed: Written[U32],
    signature: Written[U32],
) -> Any:
    """Writes the signature of a text to `signature`, given the hashes of its `count` tokens.

    `scratch` and `mixed` are buffers with room for `count` values.
    """
    shingles = shingle_hashes(hashes, count, n, scratch)
    for i in range(shingles):
        # the permutations apply to this hash of a 32-bit number, the finaliser of MurmurHash3
        x = np.uint32(scratch[i])
        x = np.uint32((x ^ (x >> np.uint32(16))) * np.uint32(0x85EBCA6B))
        x = np.uint32((x ^ (x >> np.uint32(13))) * np.uint32(0xC2B2AE35))
        mixed[i] = x ^ (x >> np.uint32(16))
    a, b, least = coefficients.a.ctypes.data, coefficients.b.ctypes.data, signature.ctypes.data
    _minima(mixed.ctypes.data, shingles, a, b, least)


@intrinsic
def _minima(_context: Any, mixed: Any, count: Any, a: Any, b: Any, signature: Any) -> Any:  # noqa: ARG001 - numba's names
    """Writes the minimum of `a * m + b` modulo 2**32 over the `count` values m at `mixed`, for each pair of a and b.

    All arguments but `count` are addresses; `a`, `b` and `signature` point to NUM_PERM numbers each. LANES permutations
    at a time stay in the processor's registers while all values pass by; numba compiles no Python loop to that. The
    minimum of no values is 2**32 - 1.
    """
    from llvmlite import ir  # type: ignore[import-untyped]
    from numba.core import cgutils, types

    def emit(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        number, lanes = ir.IntType(32), ir.VectorType(ir.IntType(32), LANES)
        mixed, count, a, b, signature = arguments
        values = builder.inttoptr(mixed, number.as_pointer())
        for first in range(0, NUM_PERM, LANES):
            factor, summand, least = (
                builder.inttoptr(builder.add(at, at.type(4 * first)), lanes.as_pointer())
                for at in (a, b, signature)
            )
            factors, summands = builder.load(factor, align=4), builder.load(summand, align=4)
            lowest = cgutils.alloca_once(builder, lanes)  # type: ignore[no-untyped-call]
            builder.store(ir.Constant(lanes, [0xFFFFFFFF] * LANES), lowest)
            with cgutils.for_range(builder, count) as loop:
                value = builder.load(builder.gep(values, [loop.index]))
                alone = builder.insert_element(ir.Constant(lanes, ir.Undefined), value, number(0))
                everywhere = builder.shuffle_vector(alone, alone, ir.Constant(lanes, [0] * LANES))
                permuted = builder.add(builder.mul(everywhere, factors), summands)
                before = builder.load(lowest)
                less = builder.icmp_unsigned("<", permuted, before)
                builder.store(builder.select(less, permuted, before), lowest)
            builder.store(builder.load(lowest), least, align=4)
        return _context.get_dummy_value()

    address = types.uintp
    return types.void(address, types.int64, address, address, address), emit


@kernel
def _signatures(data: U8, offsets: I64, letters: Alphabet, n: int, coefficients: Permutations) -> Any:
    """(signatures, special): the signature of a text with a special character is meaningless."""
    rows, most = len(offsets) - 1, longest(offsets)
    matrix, special = np.empty((rows, NUM_PERM), np.uint32), np.zeros(rows, np.bool_)
    hashes, scratch = np.empty(most + 1, np.uint64), np.empty(most + 1, np.uint64)
    mixed = np.empty(most + 1, np.uint32)
    for row in range(rows):
        count, _ = tokenise(data, offsets[row], offsets[row + 1], letters, hashes)
        special[row] = count < 0
        sign(hashes, max(count, 0), n, coefficients, scratch, mixed, matrix[row])
    return matrix, special


@functools.cache
def bands(threshold: float) -> tuple[int, int]:
    """(bands, rows of a band) for candidates at `threshold`.

    The most rows, out of 128 permutations, with which a pair at the threshold is missed less than once in 1,000 times:
    (1 - threshold ** rows) ** bands < 0.001. It is (128, 1) where no choice achieves that, at thresholds under 0.053.

    >>> bands(0.8)
    (25, 5)
    """
    for rows in range(NUM_PERM, 1, -1):
        count = NUM_PERM // rows
        if (1 - threshold**rows) ** count < 0.001:
            return count, rows
    return NUM_PERM, 1


@helper
def band_keys(signature: U32, rows: int, keys: Written[U64]) -> Any:
    """Writes the key (32 bits) of each band to `keys`, as many bands as it has room for, each of `rows` rows.

    All bands go row by row together: so several are computed at once.
    """
    for band in range(len(keys)):
        keys[band] = band
    for row in range(rows):
        for band in range(len(keys)):
            keys[band] = keys[band] * np.uint64(MULTIPLIER) + np.uint64(signature[band * rows + row])
    for band in range(len(keys)):
        keys[band] = fmix64(keys[band] * np.uint64(MULTIPLIER) + np.uint64(rows + 1)) >> np.uint64(32)
