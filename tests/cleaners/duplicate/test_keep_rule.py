"""The keep rule: which paragraph is removed, and which is its witness."""

from __future__ import annotations

import polars as pl
import pytest

from cleaners.duplicate import cleaner as duplicate
from cleaners.duplicate.decisions import DECISIONS
from cleaners.duplicate.fingerprints import fingerprint_schema
from cleaners.duplicate.near_duplicates import find_duplicates
from cleaners.paragraphs import SCHEMA
from support import frame_of

from .deduplicating import DEFAULTS, NEWS, OTHER, RULES, decisions_of, find, run, table_of


def test_a_near_duplicate_names_its_witness() -> None:
    """A long paragraph with one changed word is removed; the row has its witness, the Jaccard and the rule."""
    long = f"{NEWS} {OTHER}"
    frame = run([[long], [long.replace("lamps", "LANTERNS"), OTHER + " once more with feeling"]])
    row = frame.row(1, named=True)
    assert row["reason"] == "duplicate"
    assert (row["duplicate_of_document_id"], row["duplicate_of_position"]) == ("d000", 0)
    assert (row["rule"], row["detail"]) == (
        "near-duplicate",
        "31 of 37 shingles; differs: LANTERNS; lacks: lamps",
    )
    assert row["jaccard"] == pytest.approx(31 / 37)
    assert frame.get_column("reason").to_list() == [None, "duplicate", None]


def test_the_same_tokens() -> None:
    """Paragraphs that differ in case, punctuation and width only are removed by the rule "same tokens"."""
    row = run([[NEWS], [NEWS.upper().replace(" ", ", ") + "!", OTHER]]).row(1, named=True)
    assert (row["reason"], row["rule"], row["jaccard"]) == ("duplicate", "same tokens", 1.0)


def test_no_chains() -> None:
    """B is removed because of A; C is near B but not near A, and stays."""
    a = [f"w{i}a" for i in range(40)]
    b = [*a[2:], "x", "y"]
    c = [*b[4:], *(f"z{i}" for i in range(4))]
    frame = run([[" ".join(text)] for text in (a, b, c)], same_numbers=False)
    assert frame.get_column("reason").to_list() == [None, "duplicate", None]


def test_the_earliest_kept_witness() -> None:
    """If two kept paragraphs are near, the witness is the earlier one, not the nearer one."""
    a = [f"word{i}" for i in range(100)]
    b = [*a[7:], *(f"b{i}" for i in range(7))]
    c = [*a[9:], *(f"b{i}" for i in range(9))]
    near = [*a[4:], *(f"b{i}" for i in range(4))]
    assert [r[:3] for r in decisions_of(run([[" ".join(t)] for t in (a, c, near)], same_numbers=False))] == [
        (None, None, None),
        ("duplicate", "d000", 0),
        ("duplicate", "d000", 0),
    ]
    assert b != c


def test_other_figures_are_no_duplicate() -> None:
    """A paragraph with a changed number stays, unless `same_numbers` is off."""
    texts = [[f"{NEWS} {OTHER} and shares rose {n}%"] for n in (3, 4)]
    assert run(texts).get_column("reason").to_list() == [None, None]
    assert run(texts, same_numbers=False).get_column("reason").to_list() == [None, "duplicate"]


@pytest.mark.parametrize(("short", "reason"), [("keep", None), ("exact", "duplicate")])
@pytest.mark.parametrize("text", ["He said.", "* * *", "—", "\u3000…"])
def test_short_paragraphs(text: str, short: str, reason: str | None) -> None:
    """A paragraph of fewer than ten tokens is compared only with `short = "exact"`, and then for equality."""
    frame = run([[NEWS, text], [OTHER, text, text + "? no"]], short=short)
    assert frame.get_column("reason").to_list() == [None, None, None, reason, None]
    assert frame.get_column("rule")[3] == (reason and "same tokens")


def test_paragraphs_without_a_token_differ_by_their_text() -> None:
    """Rows of stars and dashes are compared as they are written, except for white space."""
    frame = run([[NEWS, "***", "---", "* * *"], [OTHER, " *** ", "*  *\t*"]], short="exact")
    assert frame.get_column("reason").to_list() == [None] * 5 + ["duplicate"] * 2


def test_removed_rows_take_no_part() -> None:
    """A row that an earlier cleaner removed is no candidate and no witness, and keeps its reason."""
    frame = frame_of([NEWS, OTHER], [NEWS], [NEWS]).with_columns(
        pl.Series("reason", ["boilerplate", None, None, "repeated_line"]),
        pl.Series("rule", ["by hand", None, None, "by hand"]),
    )
    after = duplicate.duplicate(frame, find([table_of(frame, **DEFAULTS)], **RULES))
    assert after.equals(frame)


def test_a_second_time_changes_nothing() -> None:
    """The cleaner is idempotent."""
    frame = run([[NEWS], [NEWS, OTHER], ["***"]])
    again = duplicate.duplicate(frame, find([table_of(frame, **DEFAULTS)], **RULES))
    assert again.equals(frame)


def test_null_and_empty_text() -> None:
    """Null and empty texts are no candidates, and stay unchanged even in a document that is removed whole."""
    frame = frame_of([NEWS, "", ""], ["", "brief"], [""]).with_columns(
        text=pl.Series([NEWS, "", None, None, "brief", ""])
    )
    table = table_of(frame, **DEFAULTS)
    fingerprints = table.fingerprints.collect()
    assert fingerprints.schema == fingerprint_schema(0.8)
    assert fingerprints.select("document_id", "position", "tokens").rows() == [
        ("d000", 0, 18),
        ("d001", 1, 1),
    ]
    after = duplicate.duplicate(frame, find([table], **(RULES | {"min_words": 2})))
    assert after.get_column("reason").to_list() == [None, None, None, None, "too_short", None]


@pytest.mark.parametrize("short", ["keep", "exact"])
def test_empty_tables(short: str) -> None:
    """The cleaner accepts no tables at all, and tables without rows."""
    making = DEFAULTS | {"short": short}
    empty = table_of(frame_of(), **making)
    assert empty.fingerprints.collect_schema() == fingerprint_schema(0.8)
    assert find_duplicates([], [], **RULES) == []
    for tables in ([empty], [empty, empty]):
        found = find(tables, tables, **RULES)
        assert found.schema == pl.Schema(DECISIONS)
        assert found.is_empty()
    full = table_of(frame_of([NEWS], [NEWS]), **making)
    assert len(find([empty, full, empty], [empty], **RULES)) == 1
    assert duplicate.duplicate(frame_of(), found).schema == pl.Schema(SCHEMA)


def test_a_very_long_paragraph() -> None:
    """A paragraph of hundreds of thousands of words is compared like any other."""
    long = " ".join(f"w{i % 977}x{i % 1013}" for i in range(300_000))
    frame = run([[long], [long + " and", NEWS]], same_numbers=False, document_share=None)
    assert frame.get_column("reason").to_list() == [None, "duplicate", None]


def test_the_threshold_itself_is_enough() -> None:
    """A Jaccard of 4/5 reaches a threshold of 0.8, and not of a billionth more."""
    a = [f"w{i}" for i in range(20)]
    b = [*a[:18], "x", "y"]  # 16 shingles of 20 in all
    for threshold, reason in ((0.8, "duplicate"), (0.800000001, None)):
        frame = run([[" ".join(t)] for t in (a, b)], same_numbers=False, threshold=threshold)
        assert frame.get_column("reason").to_list() == [None, reason]
