"""The wording of lines: n-grams beside a reference in plain Python, their table, and what they weigh in a line."""

from __future__ import annotations

import re
from itertools import pairwise

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cleaners.boilerplate.line_classifier.characters import characters
from cleaners.boilerplate.line_classifier.ngrams import (
    MOST_WORDS,
    ROOM,
    line_ngrams,
    ngram_weights,
    ngrams_of,
    wording,
)
from cleaners.text.utf8 import utf8

MASK, MULTIPLIER = 2**64 - 1, 0x9E3779B97F4A7C15
_ALONE = r"\u4e00-\u9fff\u3041-\u30fa\u0e00-\u0e3a"
_WORD = re.compile(rf"[{_ALONE}]|[^\W_{_ALONE}]+|[^\w\s]|_")


def keys_of(text: str) -> list[int]:
    """The kernel's keys of a text."""
    data, offsets = utf8(pl.Series([text]))
    out = np.zeros(ROOM, np.uint32)
    return out[: line_ngrams(data, offsets[0], offsets[1], *characters(), out)].tolist()


def mixed(h: int) -> int:
    """The finaliser of MurmurHash3, its lower half; never 0."""
    h ^= h >> 33
    h = h * 0xFF51AFD7ED558CCD & MASK
    h ^= h >> 33
    h = h * 0xC4CEB9FE1A85EC53 & MASK
    h ^= h >> 33
    return max(h & 0xFFFFFFFF, 1)


def hashed(word: str) -> int:
    """The hash of a word."""
    h = 0
    for character in word:
        h = (h ^ ord(character)) * MULTIPLIER & MASK
        h ^= h >> 29
    return h


def reference(text: str) -> list[int]:
    """The keys of a text of the alphabet below, told by a regular expression."""
    words = [1, *(hashed(re.sub(r"\d", "0", word)) for word in _WORD.findall(text.lower())), 1]
    keys = []
    for before, word in pairwise(words):
        keys += [mixed((before * MULTIPLIER & MASK) ^ word), mixed(word)]
    return keys[:-1]  # the end of a line is no word


@given(text=st.text(alphabet="aBcÄéЖ19 .,|-_»😀漢かก\u00a0", max_size=40))
def test_keys(text: str) -> None:
    """The kernel finds in UTF-8 the words, and the pairs of them, that the reference finds in characters."""
    assert keys_of(text) == reference(text)


def test_words() -> None:
    """Case and figures make no difference, order does, and a line of one word is not the line it stands in."""
    assert keys_of("Posted 12 May") == keys_of("posted 98 MAY")
    assert keys_of("1,204 shares") != keys_of("shares 1,204")
    alone, within = set(keys_of("Share")), set(keys_of("They share it"))
    assert len(alone & within) == 1
    assert len(alone) == 3


def test_long_lines() -> None:
    """Of a long line no more than so many words are looked at, and the rest is as if it were not there."""
    many = " ".join(f"word{'x' * n}" for n in range(MOST_WORDS))
    assert len(keys_of(many)) == ROOM
    assert keys_of(many + " and more") == keys_of(many)
    assert len(keys_of("漢" * 1000)) == ROOM


@given(
    texts=st.lists(st.text(alphabet="ab 1.|漢", max_size=12), min_size=1, max_size=6), seed=st.integers(0, 9)
)
def test_many_lines(texts: list[str], seed: int) -> None:
    """The n-grams of some of many lines are those of each, one after the other."""
    rows = np.flatnonzero(np.random.default_rng(seed).integers(0, 2, len(texts)))
    keys, ends = ngrams_of(*utf8(pl.Series(texts)), rows, *characters())
    assert [keys[a:b].tolist() for a, b in pairwise(ends)] == [keys_of(texts[r]) for r in rows]


@given(
    weights=st.dictionaries(st.integers(1, 60), st.integers(-8, 8).map(float), max_size=30),
    ngrams=st.lists(st.integers(1, 70), max_size=20),
)
def test_weights(weights: dict[int, float], ngrams: list[int]) -> None:
    """What n-grams weigh is added up, each as often as it stands there, and those that nobody knows weigh nothing."""
    expected = sum(weights.get(key, 0.0) for key in ngrams) / max(len(ngrams), 1) ** 0.5
    found = wording(np.array(ngrams, np.uint32), *ngram_weights(weights))
    assert found == pytest.approx(expected, abs=1e-5)
