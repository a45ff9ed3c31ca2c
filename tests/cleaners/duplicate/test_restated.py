"""The check of facts in pairs that are known decides as the walk over all pairs does."""

from __future__ import annotations

from typing import Any

import polars as pl
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from cleaners.duplicate.facts import fact_words
from cleaners.duplicate.restated import states_nothing_new

from .deduplicating import LISTED, WORDS, language_of, run

FACTS = fact_words(LISTED)
LOOSE: dict[str, Any] = {
    "threshold": 0.3,
    "min_tokens": 1,
    "method": "exact",
    "document_share": None,
    "min_words": None,
}


@st.composite
def near_pairs(draw: st.DrawFn) -> tuple[str, str]:
    """A text, and the same with a few words changed and some more at its end."""
    earlier = draw(st.lists(st.sampled_from(WORDS), min_size=4, max_size=16))
    later = list(earlier)
    for _ in range(draw(st.integers(0, 2))):
        later[draw(st.integers(0, len(later) - 1))] = draw(st.sampled_from(WORDS))
    later += draw(st.lists(st.sampled_from(WORDS), max_size=8))
    return " ".join(earlier), " ".join(later)


@given(near_pairs(), st.integers(1, 4))
@settings(max_examples=40)
def test_the_walk_and_the_check_agree(pair: tuple[str, str], n: int) -> None:
    """Of paragraphs that are alike, the later one goes exactly if the check says that it states nothing new."""

    def goes(**rules: Any) -> bool:
        return run([[one] for one in pair], n=n, **LOOSE, **rules)["reason"][1] is not None

    assume(goes())
    earlier, later = (pl.Series([text]) for text in pair)
    language = pl.Series([language_of(1)])
    expected = goes(same_facts=FACTS)
    assert states_nothing_new(later, earlier, language, n=n, words=FACTS).to_list() == [expected]


def test_each_pair_is_judged_by_its_own_language() -> None:
    """The same words are a fact in one language, none in another, and none where the language is not known."""
    earlier = pl.Series(["Cat dog eel ant Cat dog eel"] * 3)
    later = pl.Series(["Cat dog eel bee Cat dog eel"] * 3)
    found = states_nothing_new(later, earlier, pl.Series(["en", "xx", None]), n=3, words=FACTS)
    assert found.to_list() == [False, True, True]


def test_nothing_to_check() -> None:
    """No pairs have no answers."""
    none = pl.Series([], dtype=pl.String)
    assert states_nothing_new(none, none, none, n=3, words=FACTS).to_list() == []
