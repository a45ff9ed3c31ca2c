"""The contract that every cleaner keeps, whatever it cleans."""

from __future__ import annotations

from fnmatch import fnmatchcase
from functools import cache

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from cleaners import PIPELINE, Cleaner
from cleaners.duplicate.cleaner import duplicate, fingerprint_table
from cleaners.duplicate.near_duplicates import find_duplicates
from cleaners.paragraphs import SCHEMA
from cleaners.phrases.search import search
from cleaners.repeated_line.cleaner import repeated_line
from cleaners.repeated_line.count_tables import merge_counts
from cleaners.repeated_line.line_counts import count_source_lines
from cleaners.repeated_line.line_keys import line_keys
from cleaners.text.same_text import differs_beyond_white_space
from flows.run.clean_shard import options
from flows.settings import Settings, phrases_of
from flows.settings.bundled import line_classifier_model
from support import LEXICON, frame_of, ids_of

PHRASES = phrases_of(Settings())

every_cleaner = pytest.mark.parametrize("cleaner", PIPELINE, ids=lambda cleaner: cleaner.name)


def those(**wanted: str) -> pytest.MarkDecorator:
    """Parametrize by the cleaners whose attributes have these values."""
    chosen = [c for c in PIPELINE if all(getattr(c, name) == value for name, value in wanted.items())]
    return pytest.mark.parametrize("cleaner", chosen, ids=lambda cleaner: cleaner.name)


def clean(cleaner: Cleaner, frame: pl.DataFrame) -> pl.DataFrame:
    """The frame after a cleaner; what it needs to know of other documents, it learns from the frame itself."""
    if cleaner.scope == "source":
        return remove_repeated_lines(frame)
    if cleaner.scope == "dataset":
        return remove_duplicates(frame, cleaner.name)
    resources = {
        "phrases": lambda: PHRASES,
        "lexicon": lambda: LEXICON,
        "found": lambda: search(frame, PHRASES),
        "model": line_classifier_model,
    }
    table = Settings().table(cleaner.name)
    return cleaner.function(frame, **options(table), **{name: resources[name]() for name in cleaner.takes})


def remove_duplicates(frame: pl.DataFrame, name: str) -> pl.DataFrame:
    """The frame without duplicates, and without the documents that the cleaner of that name removes on top."""
    table = fingerprint_table(frame, ids_of(frame), n=3, threshold=0.8, min_tokens=3, short="exact")
    (decisions,) = find_duplicates(
        [table],
        n=3,
        threshold=0.8,
        same_numbers=True,
        document_share=0.8 if name == "duplicate_document" else None,
        min_words=1 if name == "too_short" else None,
    )
    return duplicate(frame, decisions)


def remove_repeated_lines(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame without the lines that its sources repeat in two documents."""
    keys = line_keys(frame, lexicon=LEXICON)
    counts = merge_counts([count_source_lines(frame, keys=keys)])
    return repeated_line(frame, counts, keys=keys, lexicon=LEXICON, min_documents=2)


def reasons_of(cleaner: Cleaner) -> set[str]:
    """The reasons that a cleaner may give.

    A paragraph that is nothing but inline boilerplate is boilerplate; documents go with their duplicates.
    """
    if cleaner.name == "inline_boilerplate":
        return {"boilerplate"}
    if cleaner.verb == "rewrite":
        return set()
    return {cleaner.name, "duplicate"} if cleaner.scope == "dataset" else {cleaner.name}


@cache
def rules_for(reason: str) -> tuple[str, ...]:
    """The rules with that reason."""
    return next(cleaner.rules for cleaner in PIPELINE if cleaner.name == reason)


LINES = st.sampled_from(
    [
        None,
        "Crews went back to work. [Related: Ferries stay in port] They had won.",
        "[pullquote]",
        "",
        "***",
        "Ferry strike ends after nine days",
        "FERRY STRIKE ENDS AFTER NINE DAYS",
        "Ferry strike ends after nine days - Harbour Gazette",
        "Crews went back to work on Friday morning, after a vote that nobody had thought they would win.",
        "Crews went back to work on Friday morning, after a vote that nobody had thought they could win.",
        "Related Articles",
        "Mayor opens bridge",
        "Read more: Council puts off vote",
        "Share on Facebook",
        "Sign up for our newsletter",
        "The caf\u00c3\u00a9 stays open &amp; the \ufb01sh is fresh.\u0000",
        "\u0000",
        "Nur Wasser, sagt der Wirt.",
        "渡輪罷工九天後結束",
        "相關文章",
        "Переговоры завершились поздно вечером, сообщил капитан порта.",
    ]
)
SOURCES = ("gazette", "post", None)
ANY = st.one_of(LINES, st.text(max_size=40).map(lambda t: " ".join(t.split())))


#: A call costs far more than a document, so there are few frames, of many documents.
FEW = settings(max_examples=settings().max_examples // 3)


@st.composite
def frames(draw: st.DrawFn) -> pl.DataFrame:
    """Frames of some documents, some rows of which an earlier cleaner has removed."""
    rows = []
    for n, lines in enumerate(draw(st.lists(st.lists(ANY, min_size=1, max_size=8), max_size=9))):
        source = draw(st.sampled_from(SOURCES))
        title = draw(st.sampled_from(["Ferry strike ends after nine days", "", None]))
        for position, text in enumerate(lines):
            reason = draw(st.sampled_from([None, None, None, "boilerplate"]))
            rows.append(
                {
                    "document": n,
                    "protected": draw(st.sampled_from([False, False, False, True])) and not reason,
                    "position": position,
                    "text": text,
                    "reason": reason,
                    "rule": "before" if reason else None,
                    "source": source,
                    "title": title,
                }
            )
    return pl.DataFrame(rows, schema=SCHEMA, orient="row") if rows else pl.DataFrame(schema=SCHEMA)


def same_rows_in_the_same_order(cleaner: Cleaner, frame: pl.DataFrame, cleaned: pl.DataFrame) -> None:
    """No row is dropped, added or moved, and no column."""
    assert cleaned.schema == frame.schema
    places = ("document", "position", "source", "title", "language", "protected")
    assert_frame_equal(cleaned.select(places), frame.select(places))


def a_filled_reason_is_never_overwritten(
    cleaner: Cleaner, frame: pl.DataFrame, cleaned: pl.DataFrame
) -> None:
    """A row that an earlier cleaner has removed stays as it is, text and rule included."""
    removed = frame["reason"].is_not_null()
    assert_frame_equal(cleaned.filter(removed), frame.filter(removed))


def a_protected_row_stays(cleaner: Cleaner, frame: pl.DataFrame, cleaned: pl.DataFrame) -> None:
    """Text that a person restored is not removed, neither the whole nor a part of it, whatever it looks like."""
    assert_frame_equal(cleaned.filter("protected"), frame.filter("protected"))


def a_removed_row_says_why(cleaner: Cleaner, frame: pl.DataFrame, cleaned: pl.DataFrame) -> None:
    """It has a text, a reason of this cleaner, and a rule; no other row has anything filled."""
    removed = cleaned.filter(cleaned["reason"].is_not_null() & frame["reason"].is_null())
    assert set(removed["reason"]) <= reasons_of(cleaner)
    assert removed["text"].is_not_null().all()
    assert removed["rule"].is_not_null().all()
    kept = cleaned.filter(cleaned["reason"].is_null())
    for column in ("rule", "detail", "duplicate_of_document_id", "duplicate_of_position", "jaccard"):
        assert kept[column].is_null().all()


def a_rule_is_one_of_the_cleaner(cleaner: Cleaner, frame: pl.DataFrame, cleaned: pl.DataFrame) -> None:
    """The rule of a removed row is listed in `PIPELINE`."""
    removed = cleaned.filter(frame["reason"].is_null()).drop_nulls("reason")
    for reason, rule in removed.select("reason", "rule").unique().iter_rows():
        assert any(fnmatchcase(rule, pattern) for pattern in rules_for(reason)), rule


def what_removes_does_not_rewrite(cleaner: Cleaner, frame: pl.DataFrame, cleaned: pl.DataFrame) -> None:
    """A cleaner that removes leaves every text as it is."""
    columns = ("text", "before", "fixes")
    if cleaner.verb == "remove":
        assert_frame_equal(cleaned.select(columns), frame.select(columns))


def a_rewritten_row_shows_what_it_was(cleaner: Cleaner, frame: pl.DataFrame, cleaned: pl.DataFrame) -> None:
    """Where more than white space changed, `before` is the old text and `fixes` are named; elsewhere both are null."""
    changed = differs_beyond_white_space(frame["text"], cleaned["text"])
    rewritten = cleaned.filter(changed)
    assert rewritten["before"].equals(frame.filter(changed)["text"])
    assert rewritten["fixes"].list.len().gt(0).all()
    assert rewritten["reason"].is_null().all()
    assert cleaned.filter(~changed).select(pl.col("before", "fixes").is_null().all()).row(0) == (True, True)


def doing_it_again_changes_nothing(cleaner: Cleaner, frame: pl.DataFrame, cleaned: pl.DataFrame) -> None:
    """Every cleaner is idempotent."""
    assert_frame_equal(clean(cleaner, cleaned), cleaned)


#: What holds of a frame before and after a cleaner, clause by clause.
CONTRACT = (
    same_rows_in_the_same_order,
    a_filled_reason_is_never_overwritten,
    a_protected_row_stays,
    a_removed_row_says_why,
    a_rule_is_one_of_the_cleaner,
    what_removes_does_not_rewrite,
    a_rewritten_row_shows_what_it_was,
    doing_it_again_changes_nothing,
)


@every_cleaner
@FEW
@given(frame=frames())
def test_the_contract(cleaner: Cleaner, frame: pl.DataFrame) -> None:
    """Every clause of `CONTRACT` holds, whatever was cleaned; a frame is cleaned once for all of them."""
    cleaned = clean(cleaner, frame)
    for clause in CONTRACT:
        clause(cleaner, frame, cleaned)


@every_cleaner
@pytest.mark.parametrize(
    "documents",
    [[], [[None]], [[""]], [[None, "", " ", "\u00a0", "\u0000", "***"], ["", None], [None, None]]],
    ids=["no row", "null", "empty", "several"],
)
def test_null_and_empty_texts(cleaner: Cleaner, documents: list[list[str | None]]) -> None:
    """A frame without rows, and texts that are null or empty, are no error; a null is neither filled nor removed."""
    frame = frame_of(*documents, source="gazette", title="")
    cleaned = clean(cleaner, frame)
    assert cleaned.schema == frame.schema
    absent = frame["text"].is_null()
    assert_frame_equal(cleaned.filter(absent), frame.filter(absent))
    assert cleaned.filter(frame["text"] == "")["text"].eq("").all()


@pytest.mark.parametrize(
    "cleaner", [c for c in PIPELINE if c.scope in ("text", "document")], ids=lambda cleaner: cleaner.name
)
@FEW
@given(frame=frames(), chosen=st.integers(0, 8))
def test_documents_do_not_touch_each_other(cleaner: Cleaner, frame: pl.DataFrame, chosen: int) -> None:
    """A cleaner of texts or documents decides the same about a document alone as among others."""
    mine = pl.col("document") == chosen
    assert_frame_equal(clean(cleaner, frame).filter(mine), clean(cleaner, frame.filter(mine)))


@those(scope="source")
@FEW
@given(frame=frames(), chosen=st.sampled_from(SOURCES))
def test_sources_do_not_touch_each_other(cleaner: Cleaner, frame: pl.DataFrame, chosen: str | None) -> None:
    """A cleaner of sources decides the same about the documents of one source alone as among others."""
    mine = pl.col("source").eq_missing(pl.lit(chosen, pl.String))
    assert_frame_equal(clean(cleaner, frame).filter(mine), clean(cleaner, frame.filter(mine)))


@those(scope="dataset")
@FEW
@given(frame=frames(), last=st.integers(0, 8))
def test_later_documents_change_no_decision(cleaner: Cleaner, frame: pl.DataFrame, last: int) -> None:
    """A cleaner of the dataset decides the same about its first documents, whatever comes after them."""
    first = pl.col("document") <= last
    assert_frame_equal(clean(cleaner, frame).filter(first), clean(cleaner, frame.filter(first)))
