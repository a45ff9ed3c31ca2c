"""Counting words and telling prose, compared with regular expressions that say the same."""

from __future__ import annotations

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from cleaners.text.prose import is_prose, words, words_and_prose
from cleaners.text.white_space import WHITE_SPACE

UNSPACED = r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]"
CLOSING = WHITE_SPACE + "\"'”’»“)]」』）】*_"
TEXTS = st.lists(
    st.none()
    | st.text("ab  .\té\x7f\x1c", max_size=60)
    | st.text(st.sampled_from(list('aéя渡あก\u19e0 .。?！"”_…😀𠀀') + list(WHITE_SPACE)), max_size=60)
)


def count(text: pl.Expr) -> pl.Expr:
    """The number of words."""
    runs, letters = text.str.count_matches(r"\S+"), text.str.count_matches(UNSPACED)
    return pl.when(text.str.contains("^[\0-\x7f]*$")).then(runs).otherwise(runs + letters // 2)


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
    characters = [chr(code) for code in range(0x110000) if not 0xD800 <= code <= 0xDFFF]
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
