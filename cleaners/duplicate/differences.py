"""What differs between a paragraph and its witness: some of the tokens that only one of them has."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import polars as pl

from cleaners.duplicate.facts import first_at
from cleaners.kernels import I64, U8, helper, kernel
from cleaners.text.shingles import normalised_texts, sort
from cleaners.text.tokens import (
    DIGIT,
    LETTER,
    SINGLE,
    SINGLE_DIGIT,
    Alphabet,
    alphabet,
    code_point,
    longest,
    tokenise,
)

#: Tokens that are named.
MOST: Final = 6
#: Bytes of a token that are shown, at least.
LONGEST: Final = 24
_HOW: Final = ("differs", "lacks")
_MOVED: Final = "differs: the order of words"


def differences(later: pl.Series, earlier: pl.Series) -> pl.Series:
    """What each later text has and its earlier one has not, and what it lacks, as a text.

    Two String columns without null, of the same length. A token that one of them has oftener counts, too. At most MOST
    of each pair are named, the later one's first, in the order of the texts; then `...` follows.

    >>> differences(pl.Series(["The mayor said the ferry sails."]), pl.Series(["Ferry sails, a mayor said!"])).item()
    'differs: The, the; lacks: a'
    >>> differences(pl.Series(["The ferry sails."]), pl.Series(["Sails the ferry."])).item()
    'differs: the order of words'
    """
    data, offsets = normalised_texts(later)
    other, other_offsets = normalised_texts(earlier)
    found, counts = _differences(data, offsets, other, other_offsets, alphabet())
    texts, at, described = (data.tobytes(), other.tobytes()), 0, []
    for count in counts.tolist():
        named: tuple[list[str], list[str]] = [], []
        for which, first, stop in found[at : at + min(count, MOST)].tolist():
            named[which].append(_shown(texts[which][first:stop]))
        at += min(count, MOST)
        sides = [f"{how}: {', '.join(some)}" for how, some in zip(_HOW, named, strict=True) if some]
        described.append(f"{'; '.join(sides) or _MOVED}{', ...' * (count > MOST)}")
    return pl.Series(described, dtype=pl.String)


def _shown(token: bytes) -> str:
    """A token, or its beginning."""
    return token.decode() if len(token) <= LONGEST else f"{token[:LONGEST].decode(errors='ignore')}…"


@kernel
def _differences(data: U8, offsets: I64, other: U8, other_offsets: I64, letters: Alphabet) -> Any:
    """(found, counts): the number of tokens that differ in each pair; of at most MOST, (text, first byte, end)."""
    rows, most = len(offsets) - 1, max(longest(offsets), longest(other_offsets))
    own, others = np.empty(most + 1, np.uint64), np.empty(most + 1, np.uint64)
    sorted_own, sorted_others = np.empty(most + 1, np.uint64), np.empty(most + 1, np.uint64)
    found, counts = np.empty((rows * MOST, 3), np.int64), np.zeros(rows, np.int64)
    # at the first place of each token in a sorted list: how many of its kind are taken
    taken, at = np.empty(most + 1, np.int64), 0
    for row in range(rows):
        count, _ = tokenise(data, offsets[row], offsets[row + 1], letters, own)
        other_count, _ = tokenise(other, other_offsets[row], other_offsets[row + 1], letters, others)
        sorted_own[:count] = own[:count]
        sorted_others[:other_count] = others[:other_count]
        sort(sorted_own, count)
        sort(sorted_others, other_count)
        named = 0
        for which in range(2):
            if which == 0:
                text, start, stop, tokens, number = data, offsets[row], offsets[row + 1], own, count
                known, known_count = sorted_others, other_count
            else:
                text, start, stop, tokens, number = (
                    other,
                    other_offsets[row],
                    other_offsets[row + 1],
                    others,
                    other_count,
                )
                known, known_count = sorted_own, count
            taken[:known_count] = 0
            end = start
            for i in range(number):
                place = first_at(known, 0, known_count, tokens[i])
                next_place = place + taken[place] if place < known_count else place
                is_known = next_place < known_count and known[next_place] == tokens[i]
                if is_known:
                    taken[place] += 1
                first, end = _next_token(text, end, stop, letters)
                if not is_known:
                    counts[row] += 1
                    if named < MOST:
                        found[at + named, 0], found[at + named, 1], found[at + named, 2] = which, first, end
                        named += 1
        at += named
    return found[:at].copy(), counts


@helper
def _next_token(data: U8, at: int, stop: int, letters: Alphabet) -> Any:
    """(first byte, end) of the next token from `at` on; there is one."""
    begin, in_word = at, False
    while at < stop:
        code, width = code_point(data, at)
        kind = letters.classes[code]
        if kind in (LETTER, DIGIT):
            if not in_word:
                begin, in_word = at, True
        elif in_word:
            return begin, at
        elif kind in (SINGLE, SINGLE_DIGIT):
            return at, at + width
        at += width
    return begin, at
