"""A scan of each text for the kinds of characters that `cleaners.encoding.gate` knows.

Most texts are printable ASCII: one loop, which the compiler vectorises, sees all that matters in them. In the others it
is one more loop, character by character.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import polars as pl

from cleaners.encoding.badness import Badness, badness, search
from cleaners.encoding.gate import (
    COMPOSING,
    NEEDS_FTFY,
    OTHER_SPACE,
    QUOTE,
    REPLACED,
    SPACE,
    STRAY,
    SUSPECT,
    Gate,
)
from cleaners.kernels import I64, U8, U16, U64, Byte, Rows, Word, helper, kernel
from cleaners.text.letter_pairs import BEYOND, SUSPICION, letter_pairs
from cleaners.text.tokens import code_point, eight_bytes, trailing_zeros
from cleaners.text.utf8 import utf8


def scan(text: pl.Series, rules: Gate) -> U8:
    """The kinds of characters that occur in each text, as bits; 0 for a null."""
    if text.is_empty():
        return np.zeros(0, np.uint8)
    data, offsets = utf8(text.fill_null(""))
    pairs = _pairs(rules.beyond_ftfy)
    found: U8 = _scan(data, offsets, rules.kinds, rules.entities, rules.mojibake, badness(), pairs)
    # a text without anything to fix has nothing to fix in any of its pieces
    rows = np.flatnonzero((np.diff(offsets) > rules.longest) & (found & (QUOTE | REPLACED | COMPOSING) != 0))
    if len(rows):
        found[rows[(text.gather(rows).str.len_chars() > rules.longest).to_numpy()]] |= NEEDS_FTFY
    return found


class _Pairs(NamedTuple):
    """What the scan needs of `cleaners.text.letter_pairs`."""

    are_wanted: bool  # whether to look at pairs at all
    letters: U16  # the class of each code point below BEYOND
    cases: U8  # the same for its case
    alphabets: U64  # of each class: the languages that have it, as bits
    west: Word  # the languages that are written with "q", "x" or apostrophes
    unusual: Rows[U8]  # of each pair of classes: what it costs beyond what is usual


def _pairs(are_wanted: bool) -> _Pairs:
    if not are_wanted:
        return _Pairs(
            False,
            np.zeros(1, np.uint16),
            np.zeros(1, np.uint8),
            np.zeros(1, np.uint64),
            np.uint64(0),
            np.zeros((1, 1), np.uint8),
        )
    model = letter_pairs()
    return _Pairs(True, model.classes, model.cases, model.alphabets, model.west, model.unusual)


@kernel
def _scan(
    data: U8, offsets: I64, kinds: U8, entities: bool, mojibake: bool, bits: Badness, pairs: _Pairs
) -> Any:
    """The kinds of characters that occur in each text."""
    # names and one function, because numba counts references at each use of a field and for each array that it hands on
    classes, follow, fits, bounds = bits.classes, bits.pairs, bits.fits, bits.bounds
    look, letters, cases = pairs.are_wanted, pairs.letters, pairs.cases
    alphabets, west, unusual = pairs.alphabets, pairs.west, pairs.unusual
    rows = len(offsets) - 1
    found = np.zeros(rows, np.uint8)
    for row in range(rows):
        start, stop = offsets[row], offsets[row + 1]
        if start == stop:
            continue
        # of ASCII that is printable, this loop sees all that matters, and the compiler vectorises it
        text = data[start:stop]
        beyond, control, other = text[0] > 127, _is_control(text[0]), text[0] < 32
        ampersand, semicolon = text[0] == 38, False
        double = (text[0] == 32) | (text[-1] == 32)
        escape = (text[0] == 63) | (text[0] == 92)
        western = text[0] == 113
        for i in range(1, len(text)):
            beyond |= text[i] > 127
            control |= _is_control(text[i])
            other |= text[i] < 32
            ampersand |= text[i] == 38
            semicolon |= text[i] == 59
            double |= (text[i] == 32) & (text[i - 1] == 32)
            escape |= (text[i] == 63) | (text[i] == 92)
            western |= (text[i] == 113) | (text[i] == 120) | (text[i] == 39)  # "q", "x", "'"
        seen = np.uint8(0 if control else STRAY * (other | double) | OTHER_SPACE * other)
        if entities and ampersand and semicolon and _has_entity(text):
            seen |= NEEDS_FTFY
        if look and escape and _has_escape(text):
            seen |= SUSPECT
        if beyond or control:
            last, last_case, odd = np.int64(0), np.uint8(0), np.int64(0)
            languages, vietnamese = ~np.uint64(0), False
            before = np.uint8(SPACE)
            at = searched = start
            while at < stop:
                code, width = np.int64(data[at]), 1
                if code < 0x80 and not control:  # only the ends of such a part meet what is not known yet
                    seen |= (kinds[code] & before & SPACE) << 1
                    at = _end_of_ascii(data, at + 1, stop)
                    before = kinds[data[at - 1]]
                    continue
                if code >= 0x80:
                    code, width = code_point(data, at)
                    end = at + width
                    if mojibake and at >= searched and end < stop:
                        after, _ = code_point(data, end)
                        if follow[classes[code], classes[after]]:
                            is_bad, searched = search(data, at, start, stop, classes, fits, bounds)
                            seen |= NEEDS_FTFY * is_bad
                    own, case = np.int64(0), np.uint8(0)
                    if look and code < BEYOND:
                        own, case = np.int64(letters[code]), cases[code]
                        if at > start and data[at - 1] < 0x80:
                            last, last_case = np.int64(letters[data[at - 1]]), cases[data[at - 1]]
                        elif at == start:
                            last, last_case = np.int64(0), np.uint8(0)
                        languages &= alphabets[own]
                        vietnamese |= 0x1EA0 <= code < 0x1F00  # it has letters of all others
                        if code == 0xB7 and last == letters[108]:
                            own = last  # Catalan "l·l"
                        odd += unusual[last, own] + SUSPICION * ((last_case == 2) & (case == 1))
                        if end < stop and data[end] < 0x80:
                            behind = data[end]
                            odd += unusual[own, letters[behind]]
                            odd += SUSPICION * ((case == 2) & (cases[behind] == 1))
                        odd += SUSPICION * (0x2013 <= code <= 0x203A and _is_inside(data, at, stop))
                    last, last_case = own, case
                kind = kinds[code]
                seen |= kind | (kind & before & SPACE) << 1
                before = kind
                at += width
            seen |= (before & SPACE) << 1
            if western:
                languages &= west
            if look and (odd >= SUSPICION or (languages == 0 and not vietnamese)):
                seen |= SUSPECT
        found[row] = seen
    return found


@helper
def _is_inside(data: U8, at: int, stop: int) -> Any:
    """Whether a dash or quote at `at`, three bytes long, stands in a word where none stands: "a–o", "tur’stico"."""
    if at == 0 or at + 4 >= stop or not (_is_small(data[at - 1]) and _is_small(data[at + 3])):
        return False
    kind, after, next_after = data[at + 2], data[at + 3], data[at + 4]
    if kind == 0x94:  # an em dash joins whole words
        return (after == 110 or after == 115) and not _is_small(next_after)
    if kind == 0x99:  # an apostrophe precedes a vowel or a short ending, but in "o’clock"
        vowel = after == 97 or after == 101 or after == 105 or after == 111 or after == 117 or after == 121
        long = at + 5 < stop and _is_small(next_after) and _is_small(data[at + 5])  # not "’re"
        return not vowel and after != 104 and long and not (data[at - 1] == 111 and after == 99)
    # "‘", "“", "”", "‹", "›", "–"
    return kind == 0x93 or kind == 0x98 or kind == 0x9C or kind == 0x9D or kind == 0xB9 or kind == 0xBA


@helper
def _is_small(byte: Byte) -> Any:
    return 97 <= byte <= 122


@helper
def _has_escape(text: U8) -> Any:
    """Whether a text has a backslash before what JSON escapes, or a question mark right before a letter."""
    for at in range(len(text) - 1):
        after = text[at + 1]
        if text[at] == 92 and (
            after == 92
            or after == 34
            or after == 39
            or after == 47
            or after == 117
            or after == 110
            or after == 114
            or after == 116
        ):
            return True
        if text[at] == 63 and 97 <= after | 32 <= 122:
            return True
    return False


@helper
def _is_control(byte: Byte) -> Any:
    """Whether a byte is an ASCII control other than a tab and a line feed."""
    return (byte == 127) | ((byte < 32) & (byte != 9) & (byte != 10))


@helper
def _end_of_ascii(data: U8, at: int, stop: int) -> Any:
    """The offset of the first byte beyond ASCII from `at` on, at most `stop`."""
    while at + 8 <= stop:
        eight: Any = eight_bytes(data, at)
        beyond = eight & np.uint64(0x8080808080808080)
        if beyond:
            return at + (trailing_zeros(beyond) >> 3)
        at += 8
    while at < stop and data[at] < 0x80:
        at += 1
    return at


@helper
def _has_entity(text: U8) -> Any:
    """Whether a text may contain an entity: an ampersand, up to 25 letters, digits and number signs, a semicolon."""
    for at in range(len(text)):
        if text[at] == 38:
            end = at + 1
            while end < len(text) and end <= at + 25 and _is_in_entity(text[end]):
                end += 1
            if end < len(text) and text[end] == 59:
                return True
    return False


@helper
def _is_in_entity(byte: Byte) -> Any:
    return (48 <= byte <= 57) | (97 <= byte | 32 <= 122) | (byte == 35)
