"""Plain characters: folding one by one comes to the same as folding the line."""

from __future__ import annotations

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from cleaners.phrases.characters import CASE_BIT, NO_LETTER, NOT_PLAIN, byte_comparable, is_plain, letters
from cleaners.phrases.folding import fold, lower, strip_end

ALL = [chr(code) for code in range(0x10000) if not 0xD800 <= code <= 0xDFFF]
PLAIN = [character for character in ALL if is_plain(character)]
WITH_CASE = [character for character in PLAIN if character.upper() != character.lower()]
UNUSUAL = [
    *"İıſßẞΣςσΌµŉǅŸÿﬁªº²½…“’#9 \t\xa0\xad",
    *(c for c in PLAIN if c.upper().lower() != c.lower()),
]


def letters_of(text: str) -> list[int]:
    """The letters of a text of plain characters, folded one by one."""
    return [int(letters()[ord(c)]) for c in text if letters()[ord(c)] != NO_LETTER]


def case_aside(text: str) -> bytes:
    """The bytes of a text without the bit by which most capitals differ."""
    return bytes(byte | CASE_BIT for byte in text.encode())


def test_each_plain_character_between_others() -> None:
    """Each plain character folds to its letter, or to none, and to plain ones, before and after others."""
    lines = pl.Series([f"x{c}y{c}" for c in PLAIN])
    for character, folded in zip(PLAIN, fold(lines), strict=True):
        assert all(map(is_plain, folded)), character
        assert letters_of(folded) == letters_of(f"x{character}y{character}"), character


@given(st.text(st.sampled_from([*PLAIN, *(c for c in UNUSUAL if is_plain(c))] + list("ab .") * 500)))
def test_plain_characters_side_by_side(text: str) -> None:
    """A line of plain characters has the same letters as when it is folded whole, its ends stripped or not."""
    folded = fold(pl.Series([text]))
    assert letters_of(folded.item()) == letters_of(text)
    assert letters_of(pl.select(strip_end(pl.lit(folded))).item()) == letters_of(text)


def test_what_is_not_plain() -> None:
    """Not plain is what changes its neighbour, what becomes several letters, and what has two small ones."""
    assert [c for c in "\u0301\u3099\u200bﬁ™Σς\u212a\u1161\ufa47\ufeff©" if is_plain(c)] == []
    assert not is_plain("😀")
    assert (
        all(map(is_plain, "aZ9éßİıŁἰя漢あガ한عЩ’“—…\xa0 #！Ａ" + "\0")) is False
    )  # the Greek with a breathing


def test_letters_are_letters_to_regular_expressions() -> None:
    """`\\\\W`, `\\\\s` and `\\\\d` match no plain letter, so that nothing is between letters but what they match."""
    matched = pl.Series(PLAIN).filter(pl.Series(PLAIN).str.contains(r"[\W\s\d]"))
    assert [c for c in matched if letters()[ord(c)] != NO_LETTER] == []


def test_other_cases_of_a_letter() -> None:
    """What is the same letter to a regular expression has the same fold, and the same bytes if comparable."""
    plain = pl.Series(PLAIN)
    for character in WITH_CASE:
        others = plain.filter(plain.str.contains(f"(?i)^{character}$")).to_list()
        assert character in others
        assert {int(letters()[ord(c)]) for c in others} == {int(letters()[ord(character)])}
        small = character.lower()
        if len(small) == 1 and byte_comparable()[ord(small)]:
            comparable = [c for c in others if byte_comparable()[ord(c)]]
            assert {case_aside(c) for c in comparable} <= {case_aside(small)}


def test_byte_comparable() -> None:
    """Where bytes are comparable, lower case changes only the case bit, except in what is no letter."""
    for character, lowered in zip(PLAIN, lower(pl.Series(PLAIN)), strict=True):
        if byte_comparable()[ord(character)]:
            assert case_aside(character) == case_aside(lowered) or not any(map(str.isalnum, lowered))
    assert not byte_comparable()[letters() == NOT_PLAIN].any()
    assert all(byte_comparable()[ord(c)] for c in "aZ9éÉß—’“漢あ한зЗ")
    assert not any(byte_comparable()[ord(c)] for c in "İıſЩ©")
