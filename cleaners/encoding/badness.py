"""ftfy's pattern for mojibake as bits, and a search for it that reads each character about once.

The pattern is a list of short sequences of character classes. Shift-And (Baeza-Yates and Gonnet, "A new approach to
text searching", 1992) follows all of them at once: bit p of its state says that the characters read last match a
sequence up to position p. Every sequence contains two consecutive non-ASCII characters. So a search starts only at two
such characters that can follow each other in a sequence.
"""

from __future__ import annotations

import functools
import itertools
import re
from typing import Any, Final, NamedTuple

import numpy as np
from ftfy.badness import BADNESS_RE

from cleaners.derived import derived
from cleaners.kernels import U8, U64, Flags, Rows, kernel
from cleaners.text.tokens import code_point
from cleaners.text.white_space import WHITE_SPACE

STATE_WORDS: Final = 2  # of 64 bits each
MAX_ASCII_PREFIX: Final = 2  # no sequence begins with more ASCII characters
#: Stands for all characters that the pattern does not name. It is a letter, so that errors are false positives.
OTHER: Final = "\u4e00"
LATIN_1: Final = "".join(map(chr, range(0x100)))


class Badness(NamedTuple):
    """The sequences as bits. Arrays of bits have one column for each word of the state."""

    classes: U8  # of every code point
    fits: Rows[U64]  # a row for each class: the positions that it matches
    bounds: Rows[
        U64
    ]  # three rows: first positions, first positions of sequences that begin a line, last positions
    pairs: Rows[Flags]  # (class, class): whether the second can follow the first in a sequence


@functools.cache
def badness() -> Badness:
    """The bits for ftfy's pattern."""
    return derived("badness", BADNESS_RE.pattern, lambda: bits_of(BADNESS_RE.pattern))


def bits_of(pattern: str) -> Badness:
    """The bits for a verbose pattern."""
    characters = alphabet(pattern)
    places = dict.fromkeys(characters, 0)
    bounds = np.zeros((3, STATE_WORDS), np.uint64)
    at = 0
    for sequence in sequences(pattern):
        begins_line = sequence[0] == "^"
        classes = sequence[begins_line:]
        if at % 64 + len(classes) > 64:  # no sequence may lie across two words
            at += 64 - at % 64
        for row, place in ((int(begins_line), at), (2, at + len(classes) - 1)):
            bounds[row, place // 64] |= np.uint64(1 << place % 64)
        for place, one in enumerate(classes, at):
            for character in _members(one, characters):
                places[character] |= 1 << place
        at += len(classes)
    masks = sorted(set(places.values()))
    table = np.full(0x110000, masks.index(places[OTHER]), np.uint8)
    table[[ord(c) for c in places]] = [masks.index(mask) for mask in places.values()]
    words = [[mask >> 64 * word & (1 << 64) - 1 for word in range(STATE_WORDS)] for mask in masks]
    fits = np.array(words, np.uint64)
    later = fits & ~(bounds[0] | bounds[1])
    pairs = (fits[:, None] << np.uint64(1) & later).any(axis=2)
    return Badness(table, fits, bounds, pairs)


def sequences(pattern: str) -> list[list[str]]:
    """The sequences of a verbose pattern, each a list of classes; one with an optional class becomes two.

    A sequence is cut off before a dot. What remains finds all matches of the whole sequence, and a few others.

    >>> sequences("[ab] c? # either | or" "\\n | ^ [ ] . d")
    [['[ab]'], ['[ab]', 'c'], ['^', '[ ]']]
    """
    found: list[list[str]] = []
    variants: list[list[str]] = [[]]
    for token in (*re.findall(r"#[^\n]*|(?:\[[^\]]*\]|\\.|\S)\??", pattern), "|"):
        if token == "|":
            found += (list(itertools.takewhile(".".__ne__, variant)) for variant in variants)
            variants = [[]]
        elif token[0] == "#":
            continue
        elif token[-1] == "?":
            variants += [[*variant, token[:-1]] for variant in variants]
        else:
            variants = [[*variant, token] for variant in variants]
    return found


def alphabet(pattern: str) -> str:
    """All characters that a pattern names, alone or in a range, plus Latin-1, white space and OTHER."""
    ranges = re.findall("(.)-(.)", pattern)
    named = (chr(code) for first, last in ranges for code in range(ord(first), ord(last) + 1))
    return "".join({*pattern, *named, *LATIN_1, *WHITE_SPACE, OTHER})


@functools.cache
def _members(one: str, characters: str) -> list[str]:
    """The characters that a class matches, according to Python's `re`."""
    return re.findall(one, characters)


@kernel
def search(data: U8, at: int, start: int, stop: int, classes: U8, fits: Rows[U64], bounds: Rows[U64]) -> Any:
    """(whether there is a sequence around offset `at`, the offset up to which the answer is certain).

    The text is `data[start:stop]`. A non-ASCII character begins at `at`.
    """
    beyond = at
    for _ in range(MAX_ASCII_PREFIX):
        if at > start and data[at - 1] < 0x80:
            at -= 1
    low, high = np.uint64(0), np.uint64(0)
    one = np.uint64(1)
    while at < stop:
        first, second = bounds[0, 0], bounds[0, 1]
        if at == start or data[at - 1] == 10:
            first, second = first | bounds[1, 0], second | bounds[1, 1]
        code, width = code_point(data, at)
        fit = classes[code]
        low, high = (low << one | first) & fits[fit, 0], (high << one | second) & fits[fit, 1]
        at += width
        if low & bounds[2, 0] | high & bounds[2, 1]:
            return True, at
        # at an ASCII character, and no sequence has got beyond its first position
        if at > beyond and code < 0x80 and not (low & ~first | high & ~second):
            break
    return False, at
