"""Lines of which a longer line of the same document may hold a copy: the search behind pull quotes."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import polars as pl

from cleaners.kernels import I64, U8, U32, Word, Written, helper, kernel
from cleaners.text.tokens import eight_bytes

#: Bytes of a line that may be a copy, at least and at most; characters have up to four each.
MIN_BYTES, MAX_BYTES = 32, 600
#: Bytes of a copy that are looked for in the longer lines: its first ones and its last ones.
SAMPLE: Final = 32
#: How many longer lines are reported for a line.
MAX_COPIES: Final = 3
#: A longer line has at least this many bytes more.
MIN_EXTRA_BYTES: Final = 6

_FOLD: Final = np.uint64(0x2020202020202020)  # makes letters of ASCII small
_MIX: Final = np.uint64(0x9E3779B97F4A7C15)
#: Slots of the table for each line that is looked for: nearly all bytes of a text meet an empty one.
_SLOTS: Final = 64
_MAX_BITS: Final = 22
_TRIES: Final = 8
#: Bytes of quotation marks and stops at the ends of a copy, about.
_MARK: Final = 3
#: Of this many bytes of the longer lines, one is the start of a comparison; so each sample is taken at as many places.
_STEP: Final = 4


def longer_lines(lines: pl.DataFrame, texts: tuple[U8, I64]) -> pl.DataFrame:
    """Pairs of lines of a document: (copy, line), as indices into `lines` (Int64).

    `lines` are `lines_of` a frame, `texts` the `utf8` of all its rows. SAMPLE bytes near one end of the copy, in any
    case of ASCII, are in the line. So the line may hold the whole copy; the caller must compare them. Each copy comes
    with at most MAX_COPIES lines. The time is linear in the text.
    """
    row, document = lines.get_column("row").to_numpy(), lines.get_column("document").to_numpy()
    found = _longer_lines(*texts, row, document)
    at = np.flatnonzero(found >= 0)
    return pl.DataFrame({"copy": at // MAX_COPIES, "line": found[at]}).unique(maintain_order=True)


@kernel
def _longer_lines(data: U8, offsets: I64, rows: U32, documents: U32) -> Any:
    found = np.full(len(rows) * MAX_COPIES, -1, np.int64)
    first = 0
    while first < len(rows):
        last = first
        copies = 0
        while last < len(rows) and documents[last] == documents[first]:
            size = offsets[rows[last] + 1] - offsets[rows[last]]
            copies += MIN_BYTES <= size <= MAX_BYTES
            last += 1
        if last - first > 2 and copies:
            _search_document(data, offsets, rows, first, last, copies, found)
        first = last
    return found


@helper
def _search_document(
    data: U8, offsets: I64, rows: U32, first: int, last: int, copies: int, found: Written[I64]
) -> None:
    bits = 10
    while bits < _MAX_BITS and 1 << bits < copies * _SLOTS:
        bits += 1
    shift, mask = np.uint64(64 - bits), (1 << bits) - 1
    owner = np.full(1 << bits, -1, np.int32)
    entries = np.empty(2 * _STEP * copies, np.uint64)  # the second halves of the samples
    owners = np.empty(2 * _STEP * copies, np.int64)
    count = 0
    for line in range(first, last):
        start = offsets[rows[line]]
        size = offsets[rows[line] + 1] - start
        if MIN_BYTES <= size <= MAX_BYTES:
            for sample in range(2 * _STEP):
                step = _MARK + sample % _STEP
                at = start + (min(step, size - SAMPLE) if sample < _STEP else max(size - SAMPLE - step, 0))
                if at + SAMPLE > len(data):
                    continue
                slot = np.int64((eight_bytes(data, at) | _FOLD) * _MIX >> shift)
                tries = 0
                while owner[slot] >= 0 and tries < _TRIES:
                    slot = slot + 1 & mask
                    tries += 1
                if owner[slot] < 0:
                    owner[slot] = count
                    entries[count] = _rest(data, at)
                    owners[count] = line
                    count += 1
    for line in range(first, last):
        start, stop = offsets[rows[line]], offsets[rows[line] + 1]
        size = stop - start
        stop = min(stop, len(data)) - SAMPLE
        for at in range(start, stop + 1, _STEP):
            met = (eight_bytes(data, at) | _FOLD) * _MIX >> shift
            if owner[met] < 0:
                continue
            slot = np.int64(met)
            rest = _rest(data, at)
            for _ in range(_TRIES):
                entry = owner[slot]
                if entry < 0:
                    break
                copy = owners[entry]
                if entries[entry] == rest and copy != line:
                    of_copy = offsets[rows[copy] + 1] - offsets[rows[copy]]
                    if size >= of_copy + MIN_EXTRA_BYTES:
                        for n in range(copy * MAX_COPIES, (copy + 1) * MAX_COPIES):
                            if found[n] == line:
                                break
                            if found[n] < 0:
                                found[n] = line
                                break
                slot = slot + 1 & mask


@helper
def _rest(data: U8, at: int) -> Word:
    """A hash of the bytes of a sample behind its first eight."""
    near, last = eight_bytes(data, at + 8) | _FOLD, eight_bytes(data, at + 24) | _FOLD
    return (near * _MIX ^ (eight_bytes(data, at + 16) | _FOLD)) * _MIX ^ last
