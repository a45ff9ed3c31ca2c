"""Features of repetition: how often a line occurs in its document."""

from __future__ import annotations

from typing import Any

import numpy as np

from cleaners.boilerplate.line_classifier import feature_names as f
from cleaners.boilerplate.line_classifier.characters import FIRST_WORD, LAST_WORD, class_of
from cleaners.boilerplate.line_classifier.shape import DIGITS, LETTERS
from cleaners.boilerplate.line_classifier.vocabulary import slot
from cleaners.kernels import F32, I32, I64, U8, U32, U64, Rows, Word, Written, helper
from cleaners.text.tokens import code_point, finish, fmix64, push_code


@helper
def set_repeat_features(
    data: U8, offsets: I64, counts: Rows[I32], lines: I64, classes: U8, lower: U32,
    own: Written[Rows[F32]], out: Written[Rows[F32]],
) -> None:  # fmt: skip
    """Writes how often each line occurs in its document: the feature `repeats`, and whether it repeats in `own`.

    `data` and `offsets` are the lines of the document, `counts` and `own` have a row for each of them, `lines` are the
    numbers of the candidates among them, and `out` has a row of features for each candidate.
    """
    mask = 15
    while mask < 4 * len(counts):
        mask = 2 * mask + 1
    keys, times = np.zeros(mask + 1, np.uint64), np.zeros(mask + 1, np.int32)
    hashes = np.empty(len(counts), np.uint64)
    for line in range(len(counts)):
        # a line that differs from all others in these counts need not be read; + 1, because the hash of no word is 0
        letters, digits = np.uint64(counts[line, LETTERS] + 1), np.uint64(counts[line, DIGITS])
        hashes[line] = fmix64(letters << np.uint64(32) | digits)
        _count(hashes[line], keys, times, mask)
    alike = np.empty(len(counts), np.bool_)
    for line in range(len(counts)):
        alike[line] = times[slot(keys, mask, hashes[line] | np.uint64(1))] > 1
    for line in range(len(counts)):
        if alike[line]:
            hashes[line] = _line_hash(data, offsets[line], offsets[line + 1], classes, lower)
            _count(hashes[line], keys, times, mask)
    for line in range(len(counts)):
        own[line, f.OWN_REPEATS] = times[slot(keys, mask, hashes[line] | np.uint64(1))] > 1
    for i in range(len(lines)):
        out[i, f.REPEATS] = times[slot(keys, mask, hashes[lines[i]] | np.uint64(1))]


@helper
def _count(h: Word, keys: Written[U64], times: Written[I32], mask: int) -> None:
    """Counts a hash in the table."""
    at = slot(keys, mask, h | np.uint64(1))
    keys[at] = h | np.uint64(1)
    times[at] += 1


@helper
def _line_hash(data: U8, start: int, stop: int, classes: U8, lower: U32) -> Any:
    """The hash of the words of a line, in lower case; what is between them does not count."""
    nothing = np.uint64(0)
    h, left, bits = nothing, nothing, nothing
    at = start
    while at < stop:
        code, width = np.int64(data[at]), 1
        if code >= 0x80:
            code, width = code_point(data, at)
        if FIRST_WORD <= class_of(code, classes) <= LAST_WORD:
            h, left, bits = push_code(h, left, bits, np.int64(lower[code]) if code < 0x10000 else code)
        at += width
    return finish(h, left, bits)
