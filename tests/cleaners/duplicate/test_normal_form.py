"""Tokens do not depend on case, width or how a text is normalised."""

from __future__ import annotations

import unicodedata

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from cleaners.text import shingles, tokens
from cleaners.text.shingles import count_tokens
from support import frame_of

from .deduplicating import DEFAULTS, NEWS, table_of

LETTERS = "".join(map(chr, (*range(0xD800), *range(0xE000, 0x110000))))


def test_lower_case_is_enough_for_what_is_not_special() -> None:
    """A character that is only lower-cased has the tokens of its casefolded NFKC form."""
    classes, lower, _ = tokens.alphabet()
    special = tokens.special_characters()
    easy = [c for c in LETTERS if not special[ord(c)]]
    assert len(easy) > 40_000
    separators = (tokens.SEPARATOR, tokens.SPACE)
    for character in easy:
        proper = unicodedata.normalize("NFKC", character).casefold()
        if classes[ord(character)] in separators:
            assert all(classes[ord(c)] in separators for c in proper), hex(ord(character))
        else:
            assert chr(lower[ord(character)]) == proper, hex(ord(character))
            assert unicodedata.combining(character) == 0


def test_what_is_in_normal_form_stays() -> None:
    """A character that NFKC and casefolding do not change is not lower-cased."""
    lower = tokens.alphabet().lower
    for character in LETTERS:
        if unicodedata.normalize("NFKC", character).casefold() == character:
            assert lower[ord(character)] == ord(character), hex(ord(character))


@given(
    st.lists(st.text(st.sampled_from("aAéÉe\u0301ßſΣσİıﬁ²…—“漢，が\u3099か\u3000٣ไᄒ\u1161 .3"), max_size=12))
)
def test_tokens_do_not_depend_on_the_way_of_normalising(batch: list[str]) -> None:
    """A text has the same tokens whether or not it was normalised and casefolded before."""

    def proper(text: str) -> str:
        return unicodedata.normalize("NFKC", text).casefold()

    # casefolding may leave letters that NFKC would compose: leave out texts that change when normalised again
    batch = [text for text in batch if proper(proper(text)) == proper(text)]
    texts, folded = (pl.Series(b, dtype=pl.String) for b in (batch, list(map(proper, batch))))
    assert count_tokens(texts).equals(count_tokens(folded))
    for found, expected in zip(
        shingles.shingle_sets(texts, 3), shingles.shingle_sets(folded, 3), strict=True
    ):
        assert (found == expected).all()


def test_count_tokens() -> None:
    """The token count is that of the table, and 0 for a null."""
    texts = [NEWS, "Größe: 3 m²", "漢字かな", "***"]
    counts = count_tokens(pl.Series([*texts, None])).to_list()
    assert counts == [18, 3, 4, 0, 0]
    assert counts[:4] == table_of(frame_of(texts), **DEFAULTS).fingerprints.collect()["tokens"].to_list()
