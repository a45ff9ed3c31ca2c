"""The wording of lines: n-grams against a reference in plain Python, their table, and their weight in a line."""

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
    MAX_NGRAM_WORDS,
    MAX_NGRAMS,
    line_ngrams,
    ngram_weights,
    wording,
)
from cleaners.text.utf8 import utf8

MASK, MULTIPLIER = 2**64 - 1, 0x9E3779B97F4A7C15
_ALONE = r"\u4e00-\u9fff\u3041-\u30fa\u0e00-\u0e3a"
_WORD = re.compile(rf"[{_ALONE}]|[^\W_{_ALONE}]+|[^\w\s]|_")


def keys_of(text: str) -> list[int]:
    """The keys of a text, by the kernel."""
    data, offsets = utf8(pl.Series([text]))
    out = np.zeros(MAX_NGRAMS, np.uint32)
    return out[: line_ngrams(data, offsets[0], offsets[1], *characters(), out)].tolist()


def mixed(h: int) -> int:
    """The lower half of the finaliser of MurmurHash3, never 0."""
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
    """The keys of a text in the alphabet below, by a regular expression."""
    words = [1, *(hashed(re.sub(r"\d", "0", word)) for word in _WORD.findall(text.lower())), 1]
    keys = []
    for before, word in pairwise(words):
        keys += [mixed((before * MULTIPLIER & MASK) ^ word), mixed(word)]
    return keys[:-1]  # the end of a line is no word


@given(text=st.text(alphabet="aBcÄéЖ19 .,|-_»😀漢かก\u00a0", max_size=40))
def test_keys(text: str) -> None:
    """The kernel finds in UTF-8 the words and pairs that the reference finds in characters."""
    assert keys_of(text) == reference(text)


def test_words() -> None:
    """Case and digits make no difference, order does, and a word alone on its line differs from one within a line."""
    assert keys_of("Posted 12 May") == keys_of("posted 98 MAY")
    assert keys_of("1,204 shares") != keys_of("shares 1,204")
    alone, within = set(keys_of("Share")), set(keys_of("They share it"))
    assert len(alone & within) == 1
    assert len(alone) == 3


def test_long_lines() -> None:
    """Only the first MAX_NGRAM_WORDS words of a line are read."""
    many = " ".join(f"word{'x' * n}" for n in range(MAX_NGRAM_WORDS))
    assert len(keys_of(many)) == MAX_NGRAMS
    assert keys_of(many + " and more") == keys_of(many)
    assert len(keys_of("漢" * 1000)) == MAX_NGRAMS


@given(
    weights=st.dictionaries(st.integers(1, 60), st.integers(-8, 8).map(float), max_size=30),
    ngrams=st.lists(st.integers(1, 70), max_size=20),
)
def test_weights(weights: dict[int, float], ngrams: list[int]) -> None:
    """The weights of n-grams are summed, each as often as it occurs; unknown ones weigh nothing."""
    expected = sum(weights.get(key, 0.0) for key in ngrams) / max(len(ngrams), 1) ** 0.5
    found = wording(np.array(ngrams, np.uint32), *ngram_weights(weights))
    assert found == pytest.approx(expected, abs=1e-5)
