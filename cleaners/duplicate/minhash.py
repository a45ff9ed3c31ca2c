"""MinHash signatures of texts, and the keys of their bands.

MinHash is Broder's, "On the resemblance and containment of documents" (1997); bands are those of Leskovec, Rajaraman
and Ullman, "Mining of Massive Datasets", chapter 3; the permutations are datasketch's. What MinHash sees of a shingle
is the lower 32 bits of its hash. The key of a band is the upper 32 bits of the hash, as `cleaners.text.tokens` defines
it, of the sequence of the band's number, counted from 0, and the values of its rows.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numba
import numpy as np
import polars as pl
from llvmlite import ir  # type: ignore[import-untyped]
from numba.core import cgutils
from numba.extending import intrinsic

from cleaners.text.shingles import folded
from cleaners.text.tokens import (
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
    raw_alphabet,
    shingle_hashes,
    tokenise,
)
from cleaners.text.utf8 import utf8

if TYPE_CHECKING:
    import datasketch

NUM_PERM: Final = 128
LANES: Final = 32  # permutations that are worked on at once
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
    signed, special = _signatures(*utf8(text), raw_alphabet(), n, permutations())
    if special.any():
        rows = np.flatnonzero(special)
        signed[rows], _ = _signatures(*utf8(folded(text.gather(rows))), alphabet(), n, permutations())
    result: U32 = signed
    return result


def to_datasketch(signature: U32) -> datasketch.MinHash:
    """The signature, one row of what `signatures` returns, as a MinHash of datasketch."""
    import datasketch

    return datasketch.MinHash(seed=SEED, hashvalues=signature, scheme="affine32")


@kernel
def sign(
    hashes: U64, count: int, n: int, drawn: Permutations, protect: U64, mixed: U32, signature: U32
) -> Any:
    """Writes the signature of a text that has `count` tokens of these hashes.

    `protect` and `mixed` have room for as many values.
    """
    shingles = shingle_hashes(hashes, count, n, protect)
    for i in range(shingles):
        # the hash of a 32-bit number that the permutations are of, from MurmurHash3 too
        x = np.uint32(protect[i])
        x = np.uint32((x ^ (x >> np.uint32(16))) * np.uint32(0x85EBCA6B))
        x = np.uint32((x ^ (x >> np.uint32(13))) * np.uint32(0xC2B2AE35))
        mixed[i] = x ^ (x >> np.uint32(16))
    a, b, least = drawn.a.ctypes.data, drawn.b.ctypes.data, signature.ctypes.data
    _minima(mixed.ctypes.data, shingles, a, b, least)  # type: ignore[call-arg]


@intrinsic
def _minima(_context: Any, mixed: Any, count: Any, a: Any, b: Any, signature: Any) -> Any:  # noqa: ARG001 - numba's names
    """Writes the least of `a * m + b`, modulo 2**32, over the `count` values m at `mixed`, for each a and b.

    All but `count` are addresses, of `NUM_PERM` numbers each (but for those of `mixed`). LANES permutations at a time
    stay in the processor's registers while all values pass by, which no loop in Python is compiled to. Of no values the
    least is 2**32 - 1.
    """

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

    address = numba.types.uintp
    return numba.types.void(address, numba.types.int64, address, address, address), emit


@kernel
def _signatures(data: U8, offsets: I64, letters: Alphabet, n: int, drawn: Permutations) -> Any:
    """(signatures, which texts have a special character and so none that is right)."""
    rows, most = len(offsets) - 1, longest(offsets)
    signed, special = np.empty((rows, NUM_PERM), np.uint32), np.zeros(rows, np.bool_)
    hashes, protect = np.empty(most + 1, np.uint64), np.empty(most + 1, np.uint64)
    mixed = np.empty(most + 1, np.uint32)
    for row in range(rows):
        count, _ = tokenise(data, offsets[row], offsets[row + 1], letters, hashes)
        special[row] = count < 0
        sign(hashes, max(count, 0), n, drawn, protect, mixed, signed[row])
    return signed, special


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
