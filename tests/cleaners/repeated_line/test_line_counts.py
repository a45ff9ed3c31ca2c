"""Counts of what a source repeats, and how tables add up."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from hashlib import blake2b

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from cleaners.paragraphs import remove
from cleaners.repeated_line.count_tables import COUNTS, UNDATED, different_bodies, merge_counts
from cleaners.repeated_line.line_counts import LONG_PARAGRAPH, SENTENCE_WEIGHT
from cleaners.repeated_line.line_keys import MAX_TEMPLATE_BYTES
from cleaners.repeated_line.templates import template_hashes
from cleaners.text.folding import line_hashes
from support import LEXICON, any_documents, body, frame_by_source

from .counting import KINDS_OF_LINES, PLEA, SOURCE, count

LONG_BODY = body(0) * 3


def of_line(table: pl.DataFrame, line: str) -> pl.DataFrame:
    """The rows of a table for the given line."""
    return table.filter(pl.col("line") == line_hashes(pl.Series([line])).item())


def test_a_document_counts_once() -> None:
    """A line that occurs twice in a document counts as one document and two lines."""
    table = count(frame_by_source((SOURCE, [PLEA, body(1), PLEA]), (SOURCE, [PLEA, body(2)])))
    row = table.filter(pl.col("line") == line_hashes(pl.Series([PLEA])).item())
    assert row.select("documents", "lines").rows() == [(2, 3)]
    assert row["bodies"].bitwise_count_ones().item() == 2


def test_a_null_line_counts_the_documents() -> None:
    """Each source has one row without a line: the number of all its documents."""
    table = count(
        frame_by_source((SOURCE, [PLEA]), (SOURCE, [None]), ("other.example", [body(1) * 9]), (None, [PLEA]))
    )
    totals = table.filter(pl.col("line").is_null())
    assert totals.select("source", "documents").rows() == [("other.example", 1), (SOURCE, 2)]
    assert table.schema == COUNTS


def test_a_document_without_source_is_not_counted() -> None:
    """Documents without a source are not counted."""
    assert count(frame_by_source(*((None, [PLEA, body(n)]) for n in range(20)))).is_empty()


def test_what_others_removed_counts() -> None:
    """Removed lines count like others, so that the order of the cleaners does not matter."""
    frame = frame_by_source(*((SOURCE, [PLEA, body(n)]) for n in range(5)))
    for reason in ("boilerplate", "repeated_line"):
        removed = remove(frame, pl.Series([True] + [False] * 9), reason, "a rule")
        assert_frame_equal(count(removed), count(frame))


def test_head_and_tail() -> None:
    """The head is above the first long paragraph, the tail below the last one; lines between them are in neither."""
    long = "x" * LONG_PARAGRAPH
    table = count(
        frame_by_source(
            (SOURCE, ["over", long, "in between", "y" * LONG_PARAGRAPH, "under"]), (SOURCE, ["over", "under"])
        )
    )
    places = {
        line: of_line(table, line).select("lines", "head", "tail").row(0)
        for line in ("over", "in between", "under")
    }
    # a document without a long paragraph is all head
    assert places == {"over": (2, 2, 0), "in between": (1, 0, 0), "under": (2, 1, 1)}
    assert of_line(table, long).select("head", "tail").rows() == [(1, 0)]


def test_a_line_with_figures_counts_by_its_template_too() -> None:
    """A template is counted like a line, beside the lines themselves."""
    table = count(
        frame_by_source((SOURCE, ["3 shares", body(1)]), (SOURCE, ["14 shares", "14 shares", body(2)]))
    )
    template = template_hashes(pl.Series(["7 shares"]), LEXICON).item()
    assert table.filter(pl.col("line") == template).select("documents", "lines").rows() == [(2, 3)]
    assert of_line(table, "14 shares").select("documents", "lines").rows() == [(1, 2)]


def test_a_long_line_has_no_template() -> None:
    """Lines over MAX_TEMPLATE_BYTES have no template: boilerplate with a counter is short."""
    for length, rows in ((MAX_TEMPLATE_BYTES, 3), (MAX_TEMPLATE_BYTES + 1, 2)):
        assert len(count(frame_by_source((SOURCE, ["7" + "a" * (length - 1)])))) == rows


def test_days() -> None:
    """A line has the first and the last day on which its source printed it; unknown dates are ignored."""
    frame = frame_by_source((SOURCE, [PLEA, "a"]), (SOURCE, [PLEA, "b"]), (SOURCE, [PLEA, "c"]))
    dates = [datetime(1970, 1, 31, 23, tzinfo=UTC), None, datetime(1970, 1, 11, tzinfo=UTC)]
    published = pl.Series(dates, dtype=pl.Datetime("us", "UTC"))
    table = count(frame, published)
    assert of_line(table, PLEA).select("first", "last").rows() == [(10, 30)]
    assert of_line(table, "b").select("first", "last").rows() == [(UNDATED, 0)]
    assert table.filter(pl.col("line").is_null()).select("first", "last").rows() == [(10, 30)]
    assert of_line(count(frame), PLEA).select("first", "last").rows() == [(UNDATED, 0)]
    old = pl.Series([datetime(1890, 5, 1, tzinfo=UTC)] * 3, dtype=pl.Datetime("us", "UTC"))
    assert of_line(count(frame, old), PLEA).select("first", "last").rows() == [(UNDATED, 0)]


@pytest.mark.parametrize("character", ["a", "ß", "輪", "😀"])
def test_max_characters_counts_characters(character: str) -> None:
    """A line of up to `max_characters` characters is counted, however many bytes they take."""
    for length, lines in ((9, 1), (10, 1), (11, 0), (45, 0)):
        table = count(frame_by_source((SOURCE, [character * length])), max_characters=10)
        assert table["line"].drop_nulls().len() == lines


def test_a_document_of_addresses_has_no_body() -> None:
    """If every paragraph has a web address, the lines are counted without a body."""
    table = count(frame_by_source((SOURCE, ["https://post.example/a", "https://post.example/bc"])))
    assert table.filter(pl.col("line").is_not_null()).select("documents", "bodies").rows() == [(1, 0), (1, 0)]


@pytest.mark.parametrize(
    "boilerplate",
    [
        "Norway Sweden Finland Denmark Iceland " * 9,
        "Read the terms on https://post.example/terms before you go on. " * 9,
    ],
)
def test_the_body_is_the_articles(boilerplate: str) -> None:
    """The body is the longest paragraph that ends as a sentence, not a longer list of links."""
    table = count(frame_by_source(*((SOURCE, ["a", boilerplate, body(n)]) for n in range(9))))
    assert of_line(table, "a").select(different_bodies(pl.col("bodies"))).item() > 6


def test_the_body_is_not_at_the_end() -> None:
    """Boilerplate at the end of the page is not the body, even if it is the longest sentence."""
    table = count(frame_by_source(*((SOURCE, ["a", body(n), "b", LONG_BODY]) for n in range(9))))
    assert of_line(table, "a").select(different_bodies(pl.col("bodies"))).item() > 6


def test_hashes_never_change() -> None:
    """The hash of a line and the bin of a body are stored on disk, so their values are fixed."""
    table = count(frame_by_source((SOURCE, [PLEA, "渡輪罷工九天後正式結束！"])))
    assert table.select("line", "bodies").rows() == [
        (None, 0),
        (226059827177321192, 2),
        (10625877734112084019, 2),
    ]


LINE = st.sampled_from(
    [
        *KINDS_OF_LINES,
        "Mehr von der Straße",
        "Share this story",
        "so",
        "> so",
        "https://post.example/page",
        "3 shares",
        "Published 4 Jan 2031",
        LONG_BODY,
        "A list of links that goes on and on " * 7,
        "Read on at http://post.example/a-page-with-a-name-that-is-longer-than-any-other-line-of-its-document/1",
    ]
)
DOCUMENTS = any_documents(LINE | st.integers(0, 9).map(body))


def test_a_hash_of_zero_is_a_line() -> None:
    """The row that counts documents comes before all lines of its source, and is not added to a line with hash 0."""
    rows = [
        ("a", 0, 2, 3, 1, 1, 1, 7, 9),
        ("a", None, 9, 0, 0, 0, 0, 1, 9),
        ("a", 7, 1, 1, 0, 1, 2, UNDATED, 0),
        ("b", None, 1, 0, 0, 0, 0, UNDATED, 0),
    ]
    table = pl.DataFrame(rows, schema=COUNTS, orient="row")
    expected = [
        ("a", None, 18, 0, 0, 0, 0, 1, 9),
        ("a", 0, 4, 6, 2, 2, 1, 7, 9),
        ("a", 7, 2, 2, 0, 2, 2, UNDATED, 0),
        ("b", None, 2, 0, 0, 0, 0, UNDATED, 0),
    ]
    assert merge_counts([table, table]).rows() == expected
    assert merge_counts([table.reverse(), table]).rows() == expected


DAYS = st.lists(
    st.none() | st.datetimes(datetime(1971, 1, 1), datetime(2040, 1, 1)), min_size=16, max_size=16
)


@given(DOCUMENTS, DAYS, st.integers(3, 8), st.randoms(use_true_random=False))
def test_tables_add_up(
    documents: list[tuple[str | None, list[str | None]]],
    days: list[datetime | None],
    size: int,
    rng: random.Random,
) -> None:
    """However documents are split into shards and tables are merged, the sum is the table of the whole."""
    frame = frame_by_source(*documents)
    published = pl.Series(days, dtype=pl.Datetime("us"))
    whole = count(frame, published)
    shards = [frame.filter(pl.col("document").is_between(n, n + size - 1)) for n in range(0, 16, size)]
    tables = [count(shard, published) for shard in shards]
    rng.shuffle(tables)
    cut = rng.randrange(len(tables) + 1)
    assert_frame_equal(merge_counts(tables), whole)
    assert_frame_equal(merge_counts([merge_counts(tables[cut:]), merge_counts(tables[:cut])]), whole)
    assert_frame_equal(merge_counts([whole]), whole)


def body_bin(texts: list[str]) -> int:
    """The bin of the body of a document, by a plain loop."""
    upper = [text for n, text in enumerate(texts) if 4 * n < 3 * len(texts) and text]
    upper_sentences = [t for t in upper if t.rstrip('”"').endswith((".", "!", "！", "…"))]
    if not upper:
        return 0
    longest = max(upper, key=lambda t: len(t.encode()))
    if "://" in longest or longest not in upper_sentences:
        candidates = [t for t in upper if "://" not in t]
        if not candidates:
            return 0
        longest = max(
            candidates, key=lambda t: len(t.encode()) * (SENTENCE_WEIGHT if t in upper_sentences else 1)
        )
    return 1 << blake2b(longest.encode(), digest_size=8).digest()[0] % 64


@given(DOCUMENTS, st.integers(1, 4))
def test_the_count_is_what_a_loop_counts(
    documents: list[tuple[str | None, list[str | None]]], bits: int
) -> None:
    """The counts equal those of a plain loop, and a table partitioned by hash merges partition by partition."""
    table = count(frame_by_source(*documents))
    wanted: dict[tuple[str, int], list[int]] = {}
    for source, lines in documents:
        texts = [line for line in lines if line]
        long = [n for n, text in enumerate(texts) if len(text.encode()) >= LONG_PARAGRAPH]
        body = body_bin(texts)
        seen = set()
        for n, text in enumerate(texts):
            head = not any(m < n for m in long)
            tail = not head and not any(m > n for m in long)
            hashes = [line_hashes(pl.Series([text])).item()]
            if (
                len(text.encode()) <= MAX_TEMPLATE_BYTES
                and (template := template_hashes(pl.Series([text]), LEXICON).item()) is not None
            ):
                hashes.append(template)
            for hashed in hashes if source is not None and len(text) <= 400 else []:
                entry = wanted.setdefault((source, hashed), [0, 0, 0, 0, 0])
                entry[0] += hashed not in seen
                entry[1] += 1
                entry[2] += head
                entry[3] += tail
                entry[4] |= body
                seen.add(hashed)
    counted = table.filter(pl.col("line").is_not_null()).drop("first", "last")
    assert {(source, line): numbers for source, line, *numbers in counted.rows()} == wanted
    assert table.select("source", "line").rows() == sorted(
        table.select("source", "line").rows(), key=lambda row: (row[0], row[1] is not None, row[1])
    )
    part = (pl.col("line") // 2 ** (64 - bits)).alias("part")
    parts = table.with_columns(part).partition_by("part", include_key=False)
    assert_frame_equal(merge_counts([merge_counts([part]) for part in parts]), table)
