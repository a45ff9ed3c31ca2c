"""Features of vocabulary: the words that a line shares with its document's prose, with boilerplate, with the title."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from cleaners.boilerplate.line_classifier import feature_names as f
from cleaners.kernels import F32, U32, U64, Word, Written, helper, kernel

TABLE_SIZE: Final = 1 << 17  # slots; at most half of them are filled with words of a document
MAX_LINE_WORDS: Final = 1 << 12  # words of a line that are remembered
_SEVERAL: Final = 0xFFFFFFFF  # instead of a line: the word is in several lines


def table_of(
    weights: Mapping[int, float], key_type: type[np.unsignedinteger[Any]]
) -> tuple[NDArray[Any], F32]:
    """(keys, weights): a hash table with open addressing, as `slot` reads it.

    Its size is a power of two, at least twice the number of keys. A key of 0 marks an empty slot.
    """
    size = 1 << max(4, (2 * len(weights)).bit_length())
    keys, values = np.zeros(size, key_type), np.zeros(size, np.float32)
    for key, weight in weights.items():
        at = key & (size - 1)
        while keys[at]:
            at = (at + 1) & (size - 1)
        keys[at], values[at] = key, weight
    return keys, values


@helper
def reset_table(keys: Written[U64], size: int) -> int:
    """Empties the table for the words of a document of `size` bytes, and returns its mask."""
    wanted = 1 << 10
    while wanted < size // 2 and wanted < len(keys):
        wanted *= 2
    keys[:wanted] = 0
    return wanted - 1


@kernel
def remember(hashes: U64, line: int, keys: Written[U64], seen: Written[U32], mask: int, room: int) -> int:
    """Adds the words of a line of prose to the table, at most `room` new ones; returns how many were new."""
    new = 0
    for h in hashes:
        key = h | np.uint64(1)
        at = slot(keys, mask, key)
        if keys[at] == 0:
            if new >= room:
                break
            keys[at], seen[at] = key, line
            new += 1
        elif seen[at] != line:
            seen[at] = _SEVERAL
    return new


@kernel
def slot(keys: U64, mask: int, key: Word) -> Any:
    """The slot of a key, or the empty slot where it belongs."""
    at = np.int64(key & np.uint64(mask))
    while keys[at] != 0 and keys[at] != key:
        at = (at + 1) & mask
    return at


@helper
def set_word_features(
    hashes: U64,
    line: int,
    keys: U64,
    seen: U32,
    mask: int,
    boilerplate_words: U64,
    weights: F32,
    out: Written[F32],
) -> None:
    """Writes the features `shared` and `boilerplate_words` of a line.

    They are the share of its words that other lines of prose in its document have, and the mean weight of its words as
    boilerplate, where the shared ones weigh 0. Both are NO_VALUE for a line without long words.
    """
    shared, boilerplate = 0, 0.0
    for h in hashes:
        key = h | np.uint64(1)
        at = slot(keys, mask, key)
        is_shared = keys[at] != 0 and seen[at] != line
        shared += is_shared
        if not is_shared:
            place = slot(boilerplate_words, len(boilerplate_words) - 1, key)
            boilerplate += weights[place] if boilerplate_words[place] else 0.0
    out[f.SHARED] = shared / len(hashes) if len(hashes) else f.NO_VALUE
    out[f.BOILERPLATE_WORDS] = boilerplate / len(hashes) if len(hashes) else f.NO_VALUE


@helper
def title_overlap(hashes: U64, title: U64) -> Any:
    """The words that a line shares with the title, as a share of the longer one; NO_VALUE if either has none."""
    common = 0
    for h in hashes:
        for other in title:
            if other == h:
                common += 1
                break
    return common / max(len(hashes), len(title)) if len(hashes) and len(title) else f.NO_VALUE
