"""The core of the cleaners as functions of a text or a column of texts."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import cleaners
from cleaners import find_duplicates, fix_text, language_of, signatures
from cleaners.duplicate.minhash import to_datasketch
from cleaners.encoding.cleaner import repair
from support import STORY, body

TEXTS = st.lists(st.none() | st.sampled_from([STORY, STORY.upper(), body(1), "cafÃ© &amp; bar", "", "漢字"]))


@given(TEXTS)
def test_a_column_is_repaired_as_the_pipeline_repairs_it(texts: list[str | None]) -> None:
    """`fix_text` of a column is what the cleaner does, and of a text what it is in a column."""
    column = pl.Series("t", texts, dtype=pl.String)
    fixed = fix_text(column)
    assert fixed.equals(repair(column)[0], check_names=False)
    for old, new in zip(texts, fixed, strict=True):
        assert old is None or fix_text(old) == new


def test_languages() -> None:
    """A text and a column of texts have their languages; a null and an unsure text have none."""
    german = "Die Fähre fährt ab Montag wieder, sagte die Hafenbehörde am Freitag."
    assert language_of(german) == "de"
    assert language_of("14 + 3") is None
    assert language_of(pl.Series([german, None, STORY])).to_list() == ["de", None, "en"]


@given(TEXTS)
def test_duplicates(texts: list[str | None]) -> None:
    """Each near-duplicate names an earlier text that is none, with the same letters but for case."""
    found = find_duplicates(texts)
    gone = set(found["row"])
    for row, of, jaccard in found.iter_rows():
        assert of < row
        assert of not in gone
        assert (texts[row] or "").upper() == (texts[of] or "").upper()
        assert jaccard == 1
    kept = [text.upper() for n, text in enumerate(texts) if text and n not in gone and len(text) > 60]
    assert len(set(kept)) == len(kept)


def test_a_threshold_of_ones_own() -> None:
    """With a lower threshold, texts that have less in common are found; figures count unless switched off."""
    other = STORY.replace("on Monday", "on 14 May")
    assert find_duplicates([STORY, other]).is_empty()
    assert find_duplicates([STORY, other], threshold=0.5).is_empty()
    assert find_duplicates([STORY, other], threshold=0.5, same_numbers=False)["row"].to_list() == [1]


def test_signatures_are_datasketchs() -> None:
    """A signature can be loaded into datasketch, where that of the same text in capitals equals it."""
    one, other = map(to_datasketch, signatures([STORY, STORY.upper()]))
    assert one.jaccard(other) == 1


def test_no_texts() -> None:
    """Anything but texts is a TypeError; empty columns give empty answers."""
    with pytest.raises(TypeError, match="Int64"):
        fix_text(pl.Series([1]))
    assert fix_text(pl.Series([], dtype=pl.String)).is_empty()
    assert find_duplicates([]).is_empty()
    assert signatures([]).shape == (0, 128)


def test_public_names() -> None:
    """The package offers what it lists."""
    for name in cleaners.__all__:
        assert getattr(cleaners, name) is not None
    with pytest.raises(AttributeError, match="nothing"):
        _ = cleaners.nothing
