"""Counting words and telling prose, compared with regular expressions that say the same."""

from __future__ import annotations

import unicodedata

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from cleaners.text import scripts
from cleaners.text.prose import is_prose, words, words_and_prose
from cleaners.text.white_space import WHITE_SPACE

LETTERS = r"[\p{L}\p{M}\p{N}]"


def ranges(pairs: tuple[tuple[int, int], ...]) -> str:
    """Ranges of code points, to stand in the brackets of a regular expression."""
    return "[" + "".join(f"\\x{{{first:X}}}-\\x{{{last:X}}}" for first, last in pairs) + "]"


UNSPACED = r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]"
HAN = f"[{ranges(scripts.HAN + scripts.KANA + scripts.OTHER_KANA)}&&{LETTERS}]"
SOUTH_EAST_ASIAN = f"[{ranges(scripts.SOUTH_EAST_ASIAN)}&&{LETTERS}]"
WORD = rf"[^{WHITE_SPACE}]*[{LETTERS}--[{scripts.UNSPACED}]][^{WHITE_SPACE}]*"
CLOSING = WHITE_SPACE + "\"'”’»“)]」』）】*_"
TEXTS = st.lists(
    st.none()
    | st.text("ab  .\té\x7f\x1c", max_size=60)
    | st.text(st.sampled_from(list('aéя渡あก\u19e0 .。?！"”_…😀𠀀') + list(WHITE_SPACE)), max_size=60)
)


def count(text: pl.Expr) -> pl.Expr:
    """The number of words."""
    han, others = text.str.count_matches(HAN), text.str.count_matches(SOUTH_EAST_ASIAN)
    return text.str.count_matches(WORD) + (han + 1) // 2 + (others + 3) // 4


def prose(text: pl.Expr) -> pl.Expr:
    """Whether a text is prose."""
    stripped = text.str.strip_chars_end(CLOSING)
    stop = stripped.str.contains("[.。．｡۔։।]$") & ~stripped.str.ends_with("..")
    question = stripped.str.contains("[?!？！؟]$")
    return (count(text) >= 20) | (stop & (count(text) >= 4)) | (question & (count(text) >= 13))


@given(TEXTS)
def test_as_regular_expressions_say(texts: list[str | None]) -> None:
    """Words are counted, and prose told, as by regular expressions; of null nothing is said."""
    text = pl.col("text")
    frame = pl.DataFrame({"text": texts}, schema={"text": pl.String})
    found = frame.select(words(text).alias("words"), is_prose(text).alias("prose"))
    expected = frame.select(count(text).cast(pl.UInt32).alias("words"), prose(text).alias("prose"))
    assert found.rows() == expected.rows()
    assert frame.select(words_and_prose(text).struct.unnest()).equals(found)


def test_every_character() -> None:
    """Each character is white space, a letter of a script without spaces, or part of a word, as the engine has it."""
    characters = [
        chr(code) for code in range(0x110000) if unicodedata.category(chr(code)) not in ("Cs", "Cn")
    ]
    frame = pl.DataFrame({"text": [f"a{c}b{c}" for c in characters]})
    assert frame.filter(words(pl.col("text")) != count(pl.col("text"))).is_empty()


def test_marks_within_a_line() -> None:
    """Only what ends a line tells of prose, and dots at its end do not."""
    lines = [
        "One. Two. Three four",
        "One two three four.",
        "One two three four...",
        'One "two three four."',
        "….",
    ]
    assert pl.DataFrame({"text": lines}).select(is_prose(pl.col("text"))).to_series().to_list() == [
        *(False, True, False, True, False)
    ]


def test_scripts_without_spaces() -> None:
    """The ranges hold every letter that Unicode assigns to these scripts, and no letter of another."""
    characters = [chr(code) for code in range(0x110000) if not 0xD800 <= code <= 0xDFFF]
    letters = pl.DataFrame({"text": characters}).filter(pl.col("text").str.contains(r"[\p{L}\p{M}\p{N}]"))
    by_range = letters["text"].str.contains(f"[{scripts.UNSPACED}]")
    by_script = letters["text"].str.contains(UNSPACED)
    differ = set(map(ord, letters["text"].filter(by_range != by_script)))
    shared_marks = {0x3006, 0x30FC, 0xFF70, *range(0x302A, 0x302E)}
    newer = {0x16FE3, 0x16FF0, 0x16FF1, *range(0x1AFF0, 0x1AFFF), *range(0x116D0, 0x116E4)}
    assert {code for code in differ if not 0x20000 <= code < 0x40000} - newer == shared_marks
