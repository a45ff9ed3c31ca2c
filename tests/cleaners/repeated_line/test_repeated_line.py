"""Lines that one source repeats: what is removed, and what stays."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from cleaners.paragraphs import remove
from cleaners.repeated_line.cleaner import frequent_lines, least_documents, repeated_line
from cleaners.repeated_line.count_tables import merge_counts
from cleaners.repeated_line.line_counts import count_source_lines
from cleaners.repeated_line.line_keys import line_keys
from support import LEXICON, any_documents, body, frame_by_source, load_cases, why

from .counting import KINDS_OF_LINES, PLEA, SOURCE, count

CASES = load_cases("repeated_line")


def long_body(n: int) -> str:
    """A paragraph that is long enough to be the body, and longer than any line of a case."""
    return f"{body(n)} It goes on for longer than any line of a case, and is what tells documents apart." * 2


def lines_of(case: dict[str, Any]) -> list[str]:
    """The lines of a case, which its documents print in turn."""
    return case["line"] if isinstance(case["line"], list) else [case["line"]]


def documents_of(case: dict[str, Any]) -> pl.DataFrame:
    """The frame of a case: its lines in the first documents of the source, each document with its own body.

    They stand below the body, or above it, or between two ("where"), next to what is "beside" them in all documents.
    """
    lines = lines_of(case)
    documents: list[tuple[str | None, list[str | None]]] = []
    for n in range(case["of"]):
        inside = n < case["documents"]
        text = long_body(0) + body(n) * (not (inside and case.get("same_body")))
        boilerplate = [
            *case.get("beside", []),
            *([lines[n % len(lines)]] * case.get("times", 1) if inside else []),
        ]
        parts: dict[str, list[str | None]] = {
            "tail": [text, *boilerplate],
            "head": [f"Headline {n} of the day", *boilerplate, text],
            "middle": [
                text,
                *boilerplate,
                f"{body(n)} And so on until the boats came in at last, which was late. " * 2,
            ],
        }
        documents.append((SOURCE, parts[case.get("where", "tail")]))
    return frame_by_source(*documents)


def clean(
    frame: pl.DataFrame, published: pl.Series | None = None, *, max_characters: int = 400, **options: Any
) -> pl.DataFrame:
    """The frame, cleaned by its own counts."""
    keys = line_keys(frame, lexicon=LEXICON, max_characters=max_characters)
    return repeated_line(
        frame,
        merge_counts([count_source_lines(frame, published, keys=keys)]),
        keys=keys,
        lexicon=LEXICON,
        **options,
    )


def removed_by(frame: pl.DataFrame, table: pl.DataFrame, **options: Any) -> pl.DataFrame:
    """The frame, cleaned by a table."""
    return repeated_line(frame, table, keys=line_keys(frame, lexicon=LEXICON), lexicon=LEXICON, **options)


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_cases(case: dict[str, Any]) -> None:
    """Each line of a case is removed or stays, as the case says; the detail has its count and share."""
    cleaned = clean(documents_of(case))
    mine = cleaned.filter(pl.col("text").is_in(lines_of(case)))
    assert len(mine) == case["documents"] * case.get("times", 1)
    assert mine["reason"].null_count() == (0 if case["removed"] else len(mine))
    percent = 100 * case["documents"] / case["of"]
    share = f"{int(percent + 0.5)} %" if percent >= 0.5 else "under 1 %"
    rules = {
        f"repeated in its source: in {case['documents']} of {case['of']} documents ({share}) of {SOURCE}"
    }
    rules |= {f"{rule}, its figures aside" for rule in rules}
    assert set(why(mine)) - {None} <= rules
    others = cleaned.filter(~pl.col("text").is_in([*lines_of(case), *case.get("beside", [])]))
    assert others["reason"].null_count() == len(others)


def test_cases_are_half_negative() -> None:
    """About half of the cases are negative."""
    stays = sum(not case["removed"] for case in CASES)
    assert 0.4 * len(CASES) <= stays <= 0.6 * len(CASES)


def test_a_document_without_source_is_left_alone() -> None:
    """Nothing is removed from a document without a source."""
    frame = frame_by_source(*((None, [PLEA, long_body(n)]) for n in range(20)))
    assert clean(frame)["reason"].null_count() == 40


def test_sources_do_not_mix() -> None:
    """A line counts for its own source only."""
    frame = frame_by_source(
        *((f"{'ab'[n % 2]}.example", [PLEA, long_body(n)]) for n in range(8)),
        *(("a.example", [long_body(n)]) for n in range(9)),
    )
    removed = clean(frame, min_documents=4).filter(pl.col("reason").is_not_null())
    assert removed["source"].value_counts().sort("source").rows() == [("a.example", 4), ("b.example", 4)]


def test_what_others_removed_keeps_its_reason() -> None:
    """A paragraph that an earlier cleaner removed is counted and keeps its reason."""
    frame = frame_by_source(
        *((SOURCE, [PLEA, long_body(n)]) for n in range(5)), *((SOURCE, [long_body(n)]) for n in range(7))
    )
    frame = remove(frame, pl.Series([True] + [False] * 16), "boilerplate", "plea")
    assert clean(frame)["reason"].to_list()[:10] == ["boilerplate", None] + ["repeated_line", None] * 4


def test_rare_lines_may_be_left_out() -> None:
    """A table without the lines of fewer than `least_documents` documents removes the same."""
    frame = frame_by_source(*((SOURCE, [PLEA, long_body(n)]) for n in range(9)))
    table = count(frame)
    short = table.filter(pl.col("line").is_null() | (pl.col("documents") >= least_documents(5)))
    assert len(short) < len(table)
    assert_frame_equal(removed_by(frame, short), removed_by(frame, table))


def test_options() -> None:
    """`min_documents`, `min_share`, `min_words` and `max_characters` each decide whether a line is removed."""
    frame = frame_by_source(*((SOURCE, [PLEA if n < 6 else None, long_body(n)]) for n in range(13)))
    assert clean(frame)["reason"].null_count() == 20
    assert clean(frame, min_documents=6)["reason"].null_count() == 20
    assert clean(frame, min_documents=7)["reason"].null_count() == 26
    assert clean(frame, min_share=0.46)["reason"].null_count() == 20
    assert clean(frame, min_share=0.47)["reason"].null_count() == 26
    assert clean(frame, min_words=7)["reason"].null_count() == 20
    assert clean(frame, min_words=8)["reason"].null_count() == 26
    assert clean(frame, max_characters=len(PLEA))["reason"].null_count() == 20
    assert clean(frame, max_characters=len(PLEA) - 1)["reason"].null_count() == 26
    assert count(frame, max_characters=len(PLEA) - 1)["line"].null_count() == 1


def test_the_headline_stays() -> None:
    """A headline stays even if a column uses the same one every week."""
    frame = frame_by_source(
        *((SOURCE, ["The week in the harbour and on the quays", long_body(n)]) for n in range(9))
    )
    assert clean(frame)["reason"].null_count() == 9
    titled = frame.with_columns(pl.lit("The Week in the Harbour and on the Quays").alias("title"))
    assert clean(titled)["reason"].null_count() == 18


@pytest.mark.parametrize("documents", [5, 20, 50])
def test_a_menu(documents: int) -> None:
    """The words of a menu are removed together, though each is too weak a case by itself; a single name stays."""
    menu: list[str | None] = ["Home", "News", "Boats & Tides", "Sign in"]
    frame = frame_by_source(
        *((SOURCE, [*menu, long_body(n), "Nora Quill", long_body(n + 50)]) for n in range(documents))
    )
    removed = clean(frame).filter(pl.col("reason").is_not_null())
    assert set(removed["text"]) == set(menu)
    assert len(removed) == 4 * documents


def test_what_others_removed_is_context() -> None:
    """A word that most documents print is removed only next to a line that an earlier cleaner removed."""
    frame = frame_by_source(
        *(
            (SOURCE, [long_body(n), "Nora Quill", long_body(n + 50), "Back", "Bar " + "x" * n])
            for n in range(9)
        )
    )
    assert clean(frame)["reason"].null_count() == 45
    removed = remove(frame, frame["text"].str.starts_with("Bar"), "boilerplate", "share bar")
    assert clean(removed).filter(pl.col("reason") == "repeated_line")["text"].to_list() == ["Back"] * 9
    again = remove(frame, frame["text"].str.starts_with("Bar"), "repeated_headline", "headline again")
    assert clean(again)["reason"].null_count() == 36


def test_a_run_does_not_go_on_in_the_next_document() -> None:
    """Two lines at the end of a document and one at the head of the next are no run."""
    frame = frame_by_source(*((SOURCE, ["Top", long_body(n), "Next", "Back"]) for n in range(9)))
    assert clean(frame)["reason"].null_count() == 36


def test_lines_of_one_story_stay() -> None:
    """A line printed only in the days of one story stays, if the source is known for longer than that."""
    line = "The ferry line has not answered our letters."
    frame = frame_by_source(*((SOURCE, [long_body(n), line if n < 9 else None]) for n in range(60)))

    def published(apart: timedelta) -> pl.Series:
        first = datetime(2031, 1, 1, tzinfo=UTC)
        return pl.Series([first + (n if n < 9 else 10 * n) * apart for n in range(60)])

    assert clean(frame)["reason"].null_count() == 111
    assert clean(frame, published(timedelta(hours=12)))["reason"].null_count() == 120
    assert clean(frame, published(timedelta(days=2)))["reason"].null_count() == 111
    # a source known for only a few days cannot show that
    assert clean(frame, published(timedelta(hours=1)))["reason"].null_count() == 111


@pytest.mark.parametrize(
    "documents", [[], [(SOURCE, [None])], [(SOURCE, ["", "***"])], [(None, ["a line of text"])]]
)
def test_nothing_to_do(documents: list[tuple[str | None, list[str | None]]]) -> None:
    """Empty frames, null and empty texts, and an empty table change nothing."""
    frame = frame_by_source(*documents)
    assert_frame_equal(clean(frame), frame)
    assert_frame_equal(removed_by(frame, merge_counts([])), frame)
    assert frequent_lines(merge_counts([])).is_empty()


LINE = st.sampled_from(
    [
        *KINDS_OF_LINES,
        "Share",
        "3 shares",
        "4 shares",
        "Nora Quill",
        "> so",
    ]
)
DOCUMENTS = any_documents(LINE | st.integers(0, 9).map(long_body))


@given(DOCUMENTS)
def test_doing_it_twice(documents: list[tuple[str | None, list[str | None]]]) -> None:
    """A second pass with the same table changes nothing; rows keep their order and their text."""
    frame = frame_by_source(*documents)
    table = count(frame)
    once = removed_by(frame, table, min_documents=2)
    assert_frame_equal(removed_by(once, table, min_documents=2), once)
    assert_frame_equal(once.drop("reason", "rule", "detail"), frame.drop("reason", "rule", "detail"))


@settings(max_examples=settings().max_examples // 2)
@given(DOCUMENTS, st.integers(1, 15))
def test_frames_may_be_cleaned_one_by_one(
    documents: list[tuple[str | None, list[str | None]]], size: int
) -> None:
    """With the table of all documents, shards have the same decisions as the whole."""
    frame = frame_by_source(*documents)
    table = count(frame)
    whole = removed_by(frame, table, min_documents=2)
    parts = [
        removed_by(
            frame.filter(pl.col("document").is_between(n, n + size - 1)),
            table,
            min_documents=2,
        )
        for n in range(0, 16, size)
    ]
    assert_frame_equal(pl.concat(parts), whole)
