"""The line classifier: which lines of a document their scores remove."""

from __future__ import annotations

from itertools import pairwise

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cleaners.boilerplate.cleaner import boilerplate
from cleaners.boilerplate.line_classifier.model import LineModel
from cleaners.phrases.phrase import Phrase
from flows.settings.bundled import line_classifier_model
from support import LEXICON, frame_of

from .classifying import ALWAYS, PHRASES, PROSE, amid, gone


def test_a_phrase_may_keep() -> None:
    """A line that a phrase of the action `keep` matches stays."""
    keep = Phrase("en", "harbour", ("Harbour weekly",), action="keep")
    frame = frame_of([*PROSE, "Harbour weekly"])
    assert boilerplate(frame, phrases=[keep], lexicon=LEXICON, model=ALWAYS)["reason"].to_list()[-1] is None
    assert (
        boilerplate(frame, phrases=[], lexicon=LEXICON, model=ALWAYS)["reason"].to_list()[-1] == "boilerplate"
    )


@pytest.mark.parametrize(
    ("language", "trained", "removed"),
    [(None, ("en", "zh"), False), ("en", ("zh",), False), ("zh", ("en",), False), ("zh", ("en", "zh"), True)],
)
def test_other_languages_need_more(language: str | None, trained: tuple[str, ...], removed: bool) -> None:
    """Languages that the model was not trained on need a higher score, and in unknown ones scripts without case do."""
    lines = amid("Sign up for our newsletter", "港口每周通讯")
    frame = frame_of(lines, language=language)
    model = ALWAYS._replace(margin=8.0, languages=trained)
    rule = boilerplate(frame, phrases=PHRASES, lexicon=LEXICON, model=model)["rule"]
    assert (rule[len(lines) // 2] == "line score") is removed


def test_strictness() -> None:
    """At strictness 0 no score removes a line; a line removed at one level is removed at every higher one."""
    lines = [
        *PROSE,
        "Harbour | Weather | Tides",
        "Get the app",
        "Harbour weekly",
        "© Harbour Gazette, Pier 3",
    ]
    assert gone(lines, line_classifier_model(), 0) == []
    removed = [set(gone(lines, line_classifier_model(), level / 4)) for level in range(5)]
    assert all(a <= b for a, b in pairwise(removed))
    assert removed[-1]


@pytest.mark.parametrize("model", [ALWAYS, line_classifier_model()])
@settings(max_examples=settings().max_examples // 4)
@given(
    lines=st.lists(
        st.sampled_from(
            [
                *PROSE,
                "Harbour | Weather | Tides",
                "Related Articles",
                "Mayor opens bridge",
                "3 comments",
                "Share",
                "Facebook",
                "Home",
                "Contact us",
                "Careers",
                "HARBOUR WEEKLY",
                "相關文章",
                "渡輪明天恢復航行",
                "",
            ]
        ),
        max_size=14,
    ),
    seed=st.integers(0, 3),
)
def test_what_a_score_has_removed_changes_no_other_decision(
    model: LineModel, lines: list[str], seed: int
) -> None:
    """If some of the lines that scores remove are removed already, the others are removed all the same."""
    frame = frame_of(lines)
    once = boilerplate(frame, phrases=PHRASES, lexicon=LEXICON, model=model, strictness=1)
    rows = pl.int_range(pl.len()) % 4 != seed
    some = once.with_columns(
        pl.when(pl.col("rule").str.starts_with("line score") & rows).then(name).alias(name)
        for name in ("reason", "rule", "detail")
    )
    assert boilerplate(some, phrases=PHRASES, lexicon=LEXICON, model=model, strictness=1).equals(once)
