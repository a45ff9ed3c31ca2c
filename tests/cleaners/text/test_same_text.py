"""Texts that are the same but for their white space."""

from __future__ import annotations

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from cleaners.text.same_text import differs_beyond_white_space
from support import without_white_space

TEXTS = st.none() | st.text(alphabet="ab\u00e5\u0145\u0120 \t\x1c\x85\xa0\u2003\u3000漢𝄞", max_size=8)


@given(st.lists(st.tuples(TEXTS, TEXTS), max_size=6))
def test_white_space_is_passed_over(pairs: list[tuple[str | None, str | None]]) -> None:
    """Two texts differ if they do without their white space; a null differs from every text."""
    one, other = (pl.Series([pair[n] for pair in pairs], dtype=pl.String) for n in (0, 1))
    found = differs_beyond_white_space(one, other).to_list()
    assert found == [(a and without_white_space(a)) != (b and without_white_space(b)) for a, b in pairs]


@given(TEXTS, st.sampled_from([" ", "\x85", "\u3000", "\u2003 "]))
def test_white_space_between_all_characters(text: str | None, gap: str) -> None:
    """White space anywhere makes no difference."""
    spaced = text if text is None else gap.join(text)
    assert differs_beyond_white_space(pl.Series([text]), pl.Series([spaced])).to_list() == [False]
