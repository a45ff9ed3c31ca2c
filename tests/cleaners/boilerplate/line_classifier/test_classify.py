"""The judge of lines: what of a document goes by its score."""

from __future__ import annotations

from itertools import pairwise

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cleaners.boilerplate.cleaner import boilerplate
from cleaners.boilerplate.line_classifier.model import LineModel
from cleaners.phrases.phrase import Phrase
from flows.settings.line_scores import line_scores

from .classifying import ALWAYS, PHRASES, PROSE, amid, frame_of, gone


def test_a_phrase_may_keep() -> None:
    """What a phrase of the action `keep` matches stays."""
    keep = Phrase("en", "harbour", ("Harbour weekly",), action="keep")
    frame = frame_of([*PROSE, "Harbour weekly"])
    assert boilerplate(frame, phrases=[keep], model=ALWAYS)["reason"].to_list()[-1] is None
    assert boilerplate(frame, phrases=[], model=ALWAYS)["reason"].to_list()[-1] == "boilerplate"


def test_scripts_without_case_need_more() -> None:
    """On scripts without case nothing was trained, so that more is asked for, whether or not a language is known."""
    model = ALWAYS._replace(margin=8.0)
    lines = amid("Sign up for our newsletter", "港口每周通讯")
    assert gone(lines) == ["港口每周通讯"]
    assert gone(lines, model) == []


def test_strictness() -> None:
    """At 0 no score removes; what goes at a strictness goes at every higher one."""
    lines = [
        *PROSE,
        "Harbour | Weather | Tides",
        "Get the app",
        "Harbour weekly",
        "© Harbour Gazette, Pier 3",
    ]
    assert gone(lines, line_scores(), 0) == []
    removed = [set(gone(lines, line_scores(), level / 4)) for level in range(5)]
    assert all(a <= b for a, b in pairwise(removed))
    assert removed[-1]


@pytest.mark.parametrize("model", [ALWAYS, line_scores()])
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
    """With any of the lines that scores remove removed before, the others are removed all the same."""
    frame = frame_of(lines)
    once = boilerplate(frame, phrases=PHRASES, model=model, strictness=1)
    rows = pl.int_range(pl.len()) % 4 != seed
    some = once.with_columns(
        pl.when(pl.col("rule").str.starts_with("line score") & rows).then(name).alias(name)
        for name in ("reason", "rule")
    )
    assert boilerplate(some, phrases=PHRASES, model=model, strictness=1).equals(once)
