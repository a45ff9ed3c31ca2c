"""The words that lines have in common: with the prose of their document, with boilerplate, with the title."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from cleaners.boilerplate.line_classifier import feature_names as f
from cleaners.text.tokens import I64, U32, U64, kernel

F32 = NDArray[np.float32]

TABLE: Final = 1 << 17  # twice the words of a document that are remembered
LINE_WORDS: Final = 1 << 12  # of a line that are remembered
_SEVERAL: Final = 0xFFFFFFFF  # lines that a word was met in


def table_of(
    weights: Mapping[int, float], key_type: type[np.unsignedinteger[Any]]
) -> tuple[NDArray[Any], F32]:
    """(keys, weights): a table with open addressing, as `slot` reads it; its size is a power of two, 0 is no key."""
    size = 1 << max(4, (2 * len(weights)).bit_length())
    keys, values = np.zeros(size, key_type), np.zeros(size, np.float32)
    for key, weight in weights.items():
        at = key & (size - 1)
        while keys[at]:
            at = (at + 1) & (size - 1)
        keys[at], values[at] = key, weight
    return keys, values


@kernel
def clear(keys: U64, size: int) -> int:
    """Makes room in the table for the words of so many bytes; its mask."""
    wanted = 1 << 10
    while wanted < size // 2 and wanted < len(keys):
        wanted *= 2
    keys[:wanted] = 0
    return wanted - 1


@kernel
def remember(hashes: U64, line: int, keys: U64, seen: U32, mask: int, room: int) -> int:
    """Puts the words of a line of the body into the table, as long as there is room; how many were new."""
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
def slot(keys: U64 | U32, mask: int, key: Any) -> Any:
    """Where in the table a key is, or belongs; 0 is no key."""
    at = np.int64(key & np.uint64(mask))
    while keys[at] != 0 and keys[at] != key:
        at = (at + 1) & mask
    return at


@kernel
def of_words(
    hashes: U64, line: int, keys: U64, seen: U32, mask: int, boilerplate_words: U64, weights: F32, out: F32
) -> None:
    """What the words of a line have in common with the body of the document and with boilerplate."""
    shared, of_furniture = 0, 0.0
    for h in hashes:
        key = h | np.uint64(1)
        at = slot(keys, mask, key)
        is_shared = keys[at] != 0 and seen[at] != line
        shared += is_shared
        if not is_shared:
            place = slot(boilerplate_words, len(boilerplate_words) - 1, key)
            of_furniture += weights[place] if boilerplate_words[place] else 0.0
    out[f.SHARED] = shared / len(hashes) if len(hashes) else f.NO_VALUE
    out[f.BOILERPLATE] = of_furniture / len(hashes) if len(hashes) else f.NO_VALUE


@kernel
def of_title(hashes: U64, title: U64) -> Any:
    """What share of the words of the longer one a line and the title have in common."""
    common = 0
    for h in hashes:
        for other in title:
            if other == h:
                common += 1
                break
    return common / max(len(hashes), len(title)) if len(hashes) and len(title) else f.NO_VALUE


@kernel
def of_repeats(line_hashes: U64, lines: I64, own: F32, out: F32) -> None:
    """How many times a line stands in its document."""
    mask = 15
    while mask < 2 * len(line_hashes):
        mask = 2 * mask + 1
    keys, times = np.zeros(mask + 1, np.uint64), np.zeros(mask + 1, np.int32)
    for h in line_hashes:
        at = slot(keys, mask, h | np.uint64(1))
        keys[at] = h | np.uint64(1)
        times[at] += 1
    for line in range(len(line_hashes)):
        own[line, f.OWN_REPEATS] = times[slot(keys, mask, line_hashes[line] | np.uint64(1))] > 1
    for i in range(len(lines)):
        out[i, f.REPEATS] = times[slot(keys, mask, line_hashes[lines[i]] | np.uint64(1))]
