"""The facts that a paragraph states: its witness must state them, too, so that none is lost when the paragraph goes.

A later paragraph may state something new in three ways:

- a run of `NEW_SHINGLES` consecutive shingles is missing from the earlier one: a new clause or sentence;
- a number word, day, month or negation of its language is in it oftener than in the earlier one;
- a word with a capital in mid-sentence is missing from the earlier one: a name.

The last two come to one question: whether the earlier one has all `required` tokens, each as often as it is required.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import Any, Final, NamedTuple

import numpy as np
import polars as pl

from cleaners.derived import of_characters
from cleaners.kernels import I64, U8, U32, U64, Flags, Integer, Rows, Word, Written, helper, kernel
from cleaners.text.normalization import normalize
from cleaners.text.shingles import BITMAP_WORDS, folded, normalised_texts, shingle_sets, sort, special_rows
from cleaners.text.tokens import (
    DIGIT,
    LETTER,
    MULTIPLIER,
    SINGLE,
    SINGLE_DIGIT,
    Alphabet,
    alphabet,
    code_point,
    fmix64,
    longest,
    shingle_hashes,
    tokenise,
)
from cleaners.text.utf8 import starts_of, utf8

#: Consecutive shingles that an earlier paragraph lacks: this many are a new clause.
NEW_SHINGLES: Final = 6

#: A word behind one of these begins a sentence, a quotation or a remark: its capital says nothing.
_STARTS: Final = frozenset(".!?:\"“”„«»‘’'(—–•|[*#")
_CAPITAL: Final = 1
_START: Final = 2


class FactWords(NamedTuple):
    """The number words, days, months and negations of each language, as hashes of tokens."""

    languages: tuple[str, ...]
    hashes: U64  # of language l: the sorted `hashes[starts[l]:starts[l + 1]]`
    starts: I64  # (languages + 1)


class Facts(NamedTuple):
    """What the sets of a comparison state, and what their rows require of a witness.

    Rows with equal tokens may require different things, by their language and their capitals. Each distinct list of
    a set is a variant of it.
    """

    tokens: U64  # of set s: the sorted `tokens[token_starts[s]:token_starts[s + 1]]`, with repeats
    token_starts: I64  # (sets + 1)
    token_maps: Rows[U64]  # (sets, BITMAP_WORDS), see `shingles.set_bits`
    order: U32  # of set s: the places in its sorted shingles, in the order of the text
    order_starts: I64  # (sets + 1)
    required: (
        U64  # of variant v: the sorted `required[required_starts[v]:required_starts[v + 1]]`, with repeats
    )
    required_starts: I64  # (variants + 1)
    required_maps: Rows[U64]  # (variants, BITMAP_WORDS)


def fact_words(words: Mapping[str, Iterable[str]]) -> FactWords:
    """The words of each language, as they are compared. A word of several tokens counts as each of them."""
    texts = pl.Series([" ".join(some) for some in words.values()], dtype=pl.String)
    shingles, starts = shingle_sets(texts, 1)
    (tokens, starts), _ = tokens_and_order(texts, 1, shingles, starts)
    lists = [np.unique(tokens[first:end]) for first, end in pairwise(starts)]
    nothing = np.zeros(0, np.uint64)
    return FactWords(tuple(words), np.concatenate((nothing, *lists)), starts_of([*map(len, lists)]))


def tokens_and_order(
    text: pl.Series, n: int, shingles: U64, offsets: I64
) -> tuple[tuple[U64, I64], tuple[U32, I64]]:
    """((tokens, starts), (order, starts)) of texts, as in `Facts`; `shingles`, `offsets` are their `shingle_sets`."""
    tokens: U64
    order: U32
    starts: I64
    order_starts: I64
    tokens, starts, order, order_starts = _tokens_and_order(
        *normalised_texts(text), alphabet(), n, shingles, offsets
    )
    return (tokens, starts), (order, order_starts)


def required_tokens(text: pl.Series, language: pl.Series, words: FactWords) -> tuple[U64, I64, U64]:
    """(required, starts, hashes): what a witness of each text must have, as in `Facts`, and a hash of each list.

    `language` is null where it is not known: then names count, and no words.
    """
    data, offsets = plain, plain_offsets = utf8(text)
    special = special_rows(data, offsets)
    if len(special):
        some = text.gather(special)
        data, offsets = utf8(text.clone().scatter(special, folded(some)))
        with_capitals = pl.Series([normalize("NFKC", one) for one in some], dtype=pl.String)
        plain, plain_offsets = utf8(text.clone().scatter(special, with_capitals))
    numbers = {name: number for number, name in enumerate(words.languages)}
    known = language.replace_strict(numbers, default=-1, return_dtype=pl.Int64).fill_null(-1).to_numpy()
    required: U64
    starts: I64
    hashes: U64
    required, starts, hashes = _required(
        data, offsets, plain, plain_offsets, alphabet(), _marks(), words.hashes, words.starts, known
    )
    return required, starts, hashes


def token_maps(tokens: U64, starts: I64) -> U64:
    """The bitmaps of lists of tokens, (lists, BITMAP_WORDS): what is missing in a bitmap is missing in the list."""
    maps: U64 = _token_maps(tokens, starts)
    return maps


@of_characters
def _marks() -> U8:
    """A table over all code points: _CAPITAL for a letter of upper or title case, _START: one is usual after it."""
    marks = np.zeros(0x110000, np.uint8)
    for code in (*range(0xD800), *range(0xE000, 0x20000)):
        character = chr(code)
        if unicodedata.category(character) in ("Lu", "Lt"):
            marks[code] = _CAPITAL
        elif not _STARTS.isdisjoint(unicodedata.normalize("NFKC", character)):
            marks[code] = _START
    return marks


@kernel
def _tokens_and_order(data: U8, offsets: I64, letters: Alphabet, n: int, shingles: U64, bounds: I64) -> Any:
    rows, most, room = len(offsets) - 1, longest(offsets), offsets[-1] - offsets[0] + 1
    hashes, ordered = np.empty(most + 1, np.uint64), np.empty(most + 1, np.uint64)
    tokens, starts = np.empty(room, np.uint64), np.zeros(rows + 1, np.int64)
    order, order_starts = np.empty(room, np.uint32), np.zeros(rows + 1, np.int64)
    for row in range(rows):
        count, _ = tokenise(data, offsets[row], offsets[row + 1], letters, hashes)
        found = shingle_hashes(hashes, count, n, ordered)
        for i in range(found):
            place = first_at(shingles, bounds[row], bounds[row + 1], ordered[i])
            order[order_starts[row] + i] = np.uint32(place - bounds[row])
        order_starts[row + 1] = order_starts[row] + found
        sort(hashes, count)
        for i in range(count):
            tokens[starts[row] + i] = hashes[i]
        starts[row + 1] = starts[row] + count
    return tokens[: starts[rows]].copy(), starts, order[: order_starts[rows]].copy(), order_starts


@kernel
def _required(
    data: U8,
    offsets: I64,
    plain: U8,
    plain_offsets: I64,
    letters: Alphabet,
    marks: U8,
    listed: U64,
    listed_starts: I64,
    languages: I64,
) -> Any:
    """(required, starts, hashes) of texts: in `data` folded, in `plain` with their capitals, and as many tokens."""
    rows, most = len(offsets) - 1, longest(offsets)
    hashes, own = np.empty(most + 1, np.uint64), np.empty(most + 1, np.uint64)
    names = np.zeros(most + 1, np.bool_)
    required, starts = np.empty(offsets[rows] - offsets[0] + 1, np.uint64), np.zeros(rows + 1, np.int64)
    of_lists = np.empty(rows, np.uint64)
    for row in range(rows):
        count, _ = tokenise(data, offsets[row], offsets[row + 1], letters, hashes)
        _mark_names(plain, plain_offsets[row], plain_offsets[row + 1], letters, marks, names)
        first = end = np.int64(0)
        if languages[row] >= 0:
            first, end = listed_starts[languages[row]], listed_starts[languages[row] + 1]
        found = 0
        for i in range(count):
            if names[i] or holds(listed, first, end, hashes[i]):
                own[found] = hashes[i]
                found += 1
        sort(own, found)
        at = starts[row]
        for i in range(found):
            # of a name, one occurrence is required; of a listed word, all of them
            if i == 0 or own[i] != own[i - 1] or holds(listed, first, end, own[i]):
                required[at] = own[i]
                at += 1
        starts[row + 1] = at
        h = np.uint64(0)
        for i in range(starts[row], at):
            h = h * np.uint64(MULTIPLIER) + required[i]
        of_lists[row] = fmix64(h * np.uint64(MULTIPLIER) + np.uint64(at - starts[row]))
    return required[: starts[rows]].copy(), starts, of_lists


@helper
def _mark_names(data: U8, at: int, stop: int, letters: Alphabet, marks: U8, names: Written[Flags]) -> None:
    """For each token of a text, whether it begins with a capital in mid-sentence."""
    token, is_start, in_word = 0, True, False
    while at < stop:
        code, width = code_point(data, at)
        at += width
        kind = letters.classes[code]
        if kind in (LETTER, DIGIT):
            if not in_word:
                in_word = True
                names[token] = marks[code] == _CAPITAL and not is_start
            continue
        if in_word:
            token += 1
            is_start = in_word = False
        if kind in (SINGLE, SINGLE_DIGIT):
            names[token] = False
            token += 1
        if marks[code] == _START:
            is_start = True


@kernel
def _token_maps(tokens: U64, starts: I64) -> Any:
    maps = np.zeros((len(starts) - 1, BITMAP_WORDS), np.uint64)
    for row in range(len(maps)):
        for i in range(starts[row], starts[row + 1]):
            word = np.int64(tokens[i] >> np.uint64(6) & np.uint64(BITMAP_WORDS - 1))
            maps[row, word] |= np.uint64(1) << (tokens[i] & np.uint64(63))
    return maps


@helper
def first_at(values: U64, start: Integer, end: Integer, value: Word) -> Any:
    """The first place in the sorted `values[start:end]` whose value is `value` or more; `end` if there is none."""
    while start < end:
        middle = (start + end) // 2
        if values[middle] < value:
            start = middle + 1
        else:
            end = middle
    return start


@helper
def holds(values: U64, start: Integer, end: Integer, value: Word) -> Any:
    """Whether the sorted `values[start:end]` have a value."""
    at = first_at(values, start, end, value)
    return at < end and values[at] == value


@helper
def may_state_all(facts: Facts, variant: int, other: int) -> Any:
    """Whether the bitmaps allow for all that the variant requires to be in the other set."""
    missing = np.uint64(0)
    for word in range(BITMAP_WORDS):
        missing |= facts.required_maps[variant, word] & ~facts.token_maps[other, word]
    return missing == 0


@helper
def has_required(facts: Facts, variant: int, other: int) -> Any:
    """Whether the other set has all that the variant requires, as often as it does."""
    at, end = facts.token_starts[other], facts.token_starts[other + 1]
    for i in range(facts.required_starts[variant], facts.required_starts[variant + 1]):
        at = first_at(facts.tokens, at, end, facts.required[i])
        if at == end or facts.tokens[at] != facts.required[i]:
            return False
        at += 1
    return True


@helper
def has_new_clause(
    facts: Facts, shingles: U64, offsets: I64, own: int, other: int, known: Written[Flags]
) -> Any:
    """Whether a run of NEW_SHINGLES shingles of the own set is missing from the other one.

    `known` has room for the shingles of the own set.
    """
    first, at, end = offsets[own], offsets[other], offsets[other + 1]
    for i in range(first, offsets[own + 1]):
        while at < end and shingles[at] < shingles[i]:
            at += 1
        known[i - first] = at < end and shingles[at] == shingles[i]
    run = 0
    for i in range(facts.order_starts[own], facts.order_starts[own + 1]):
        run = 0 if known[facts.order[i]] else run + 1
        if run == NEW_SHINGLES:
            return True
    return False
