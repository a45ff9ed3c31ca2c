"""Lines compared without their case, their form and the width of their white space."""

from __future__ import annotations

import sys
import unicodedata

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from cleaners.text.folding import NOT_PLAIN, line_hashes, plain_characters
from cleaners.text.white_space import WHITE_SPACE

MASK = 2**64 - 1


def folded(line: str) -> str:
    """The line as the long way folds it."""
    line = unicodedata.normalize("NFKC", line).upper().lower()
    for character in WHITE_SPACE:
        line = line.replace(character, " ")
    return " ".join(word for word in line.split(" ") if word)


def hashed(line: str) -> int:
    """FNV-1a over the code points of the folded line, and the finaliser of MurmurHash3."""
    h = 0xCBF29CE484222325
    for character in folded(line):
        h = (h ^ ord(character)) * 0x100000001B3 & MASK
    h = (h ^ h >> 33) * 0xFF51AFD7ED558CCD & MASK
    h = (h ^ h >> 33) * 0xC4CEB9FE1A85EC53 & MASK
    return h ^ h >> 33


CHARACTER = st.one_of(
    st.sampled_from(
        "aAbZ09 \t\x1c\x7f\xa0\u3000\u2028.“”…ßΣσςéÉÀ×ÿİﬁ①™１！，。輪罷かガ\u3099가\u11a8й\u0301ё\u0622\u0653"
    ),
    st.characters(max_codepoint=0x2FF, exclude_categories=["Cs"]),
    st.sampled_from("😀𝐀"),
)


@given(st.lists(st.text(CHARACTER, max_size=12), max_size=8))
def test_the_hash_is_what_a_loop_computes(lines: list[str]) -> None:
    """Plain characters or not, a line is folded and hashed as its docstring says, whatever lines are beside it."""
    assert line_hashes(pl.Series(lines, dtype=pl.String)).to_list() == [hashed(line) for line in lines]


def test_plain_characters_fold_by_themselves() -> None:
    """A plain character folds to one, the long way too, and none changes the character before it."""
    folds = plain_characters()
    plain = [chr(code) for code in range(len(folds)) if folds[code] != NOT_PLAIN]
    seconds = {
        parts[-1]
        for character in map(chr, range(sys.maxunicode + 1))
        if len(parts := unicodedata.normalize("NFD", character)) > 1 and not "\uac00" <= character <= "\ud7a3"
    }
    assert len(plain) > 39_000
    for character in plain:
        fold = chr(folds[ord(character)])
        assert (folded(character) or " ") == fold
        assert unicodedata.combining(fold) == 0
        assert fold not in seconds


def test_nothing_to_hash() -> None:
    """No line, no hash; lines of white space are equal to the empty line."""
    assert line_hashes(pl.Series([], dtype=pl.String)).to_list() == []
    assert line_hashes(pl.Series(["", " ", "\u2028\xa0"])).n_unique() == 1
