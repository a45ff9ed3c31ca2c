"""Lines that one source repeats: what is counted, how tables add up, what is struck and what stays."""

from __future__ import annotations

import json
import random
from hashlib import blake2b
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from cleaners.folding import line_hashes
from cleaners.paragraphs import SCHEMA, remove
from cleaners.repeated_line import COUNTS, count, merge, repeated, repeated_line
from support import ROOT

CASES: list[dict[str, Any]] = json.loads(
    (ROOT / "tests/cases/repeated_line.json").read_text(encoding="utf-8")
)
PLEA = "Get the evening letter in your inbox."
SOURCE = "post.example"


def frame_of(*documents: tuple[str | None, list[str | None]]) -> pl.DataFrame:
    """A frame of documents given as (source, lines)."""
    rows = [
        {"document_id": f"d{n}", "position": position, "text": text, "source": source}
        for n, (source, lines) in enumerate(documents)
        for position, text in enumerate(lines)
    ]
    return pl.DataFrame(rows, schema=SCHEMA, orient="row") if rows else pl.DataFrame(schema=SCHEMA)


def body(n: int) -> str:
    """A paragraph that no other document has."""
    return f"Report {n} tells at length and in its own words what was said in the harbour office that day."


def documents_of(case: dict[str, Any]) -> pl.DataFrame:
    """The frame that a case describes: its lines in the first documents of the source, each with a body of its own."""
    lines = case["line"] if isinstance(case["line"], list) else [case["line"]]
    long = (
        body(0)
        + " It goes on for longer than any line of a case, and therefore is what tells documents apart. "
    )
    return frame_of(
        *(
            (
                SOURCE,
                [
                    long * 2 + (body(0) if n < case["documents"] and case.get("same_body") else body(n)),
                    *([lines[n % len(lines)]] * case.get("times", 1) if n < case["documents"] else []),
                ],
            )
            for n in range(case["of"])
        )
    )


def clean(frame: pl.DataFrame, **options: Any) -> pl.DataFrame:
    """The frame, cleaned by what it counts itself."""
    return repeated_line(frame, merge([count(frame)]), **options)


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_cases(case: dict[str, Any]) -> None:
    """A line of furniture is struck wherever it stands, by a rule that tells its count; others stay."""
    cleaned = clean(documents_of(case))
    struck = cleaned.filter(pl.col("reason") == "repeated_line")
    assert len(struck) == (case["documents"] if case["struck"] else 0)
    assert set(struck["rule"]) <= {f"in {case['documents']} of {case['of']} documents of {SOURCE}"}
    assert struck["text"].is_in(case["line"] if isinstance(case["line"], list) else [case["line"]]).all()


def test_a_document_counts_once() -> None:
    """A line that stands twice in a document is in one document, and in two lines."""
    table = count(frame_of((SOURCE, [PLEA, body(1), PLEA]), (SOURCE, [PLEA, body(2)])))
    row = table.filter(pl.col("line") == line_hashes(pl.Series([PLEA])).item())
    assert row.select("documents", "lines").rows() == [(2, 3)]
    assert row["bodies"].bitwise_count_ones().item() == 2


def test_a_null_line_counts_the_documents() -> None:
    """Each source has one row without a line: the number of its documents, those without a line to count included."""
    table = count(
        frame_of((SOURCE, [PLEA]), (SOURCE, [None]), ("other.example", [body(1) * 9]), (None, [PLEA]))
    )
    totals = table.filter(pl.col("line").is_null())
    assert totals.select("source", "documents").rows() == [("other.example", 1), (SOURCE, 2)]
    assert table.schema == COUNTS


def test_a_document_without_source_is_left_alone() -> None:
    """No source, no site: nothing is counted and nothing struck."""
    frame = frame_of(*((None, [PLEA, body(n)]) for n in range(20)))
    assert count(frame).is_empty()
    assert clean(frame)["reason"].null_count() == 40


def test_sources_do_not_mix() -> None:
    """A line counts for its own source only."""
    frame = frame_of(*((f"{'ab'[n % 2]}.example", [PLEA, body(n)]) for n in range(8)))
    assert clean(frame)["reason"].null_count() == 16
    assert clean(frame, min_documents=4)["rule"][0] == "in 4 of 4 documents of a.example"


def test_what_others_removed_does_not_count() -> None:
    """A paragraph that an earlier cleaner struck is not counted, and keeps its reason."""
    frame = frame_of(*((SOURCE, [PLEA, body(n)]) for n in range(5)))
    frame = remove(frame, pl.Series([True] + [False] * 9), "boilerplate", "plea")
    assert clean(frame)["reason"].to_list() == ["boilerplate"] + [None] * 9
    assert clean(frame, min_documents=4)["reason"].to_list()[:3] == ["boilerplate", None, "repeated_line"]


def test_counting_again_comes_to_the_same() -> None:
    """What the cleaner struck still counts, so that a table made after it equals the one made before."""
    frame = frame_of(*((SOURCE, [PLEA, body(n)]) for n in range(9)))
    assert_frame_equal(count(clean(frame)), count(frame))


def test_rare_lines_may_be_left_out() -> None:
    """A table without the lines of fewer than `min_documents` documents strikes the same."""
    frame = frame_of(*((SOURCE, [PLEA, body(n)]) for n in range(9)))
    table = count(frame)
    short = table.filter(pl.col("line").is_null() | (pl.col("documents") >= 5))
    assert len(short) == 2
    assert_frame_equal(repeated_line(frame, short), repeated_line(frame, table))


def test_options() -> None:
    """min_share, min_words and max_characters each let a line go or stay."""
    frame = frame_of(*((SOURCE, [PLEA if n < 6 else None, body(n)]) for n in range(12)))
    assert clean(frame)["reason"].null_count() == 18
    assert clean(frame, min_share=0.5)["reason"].null_count() == 18
    assert clean(frame, min_share=0.51)["reason"].null_count() == 24
    assert clean(frame, min_words=7)["reason"].null_count() == 18
    assert clean(frame, min_words=8)["reason"].null_count() == 24
    assert clean(frame, max_characters=len(PLEA))["reason"].null_count() == 18
    assert clean(frame, max_characters=len(PLEA) - 1)["reason"].null_count() == 24
    assert count(frame, max_characters=len(PLEA) - 1)["line"].null_count() == 1


@pytest.mark.parametrize("character", ["a", "ß", "輪", "😀"])
def test_max_characters_counts_characters(character: str) -> None:
    """A line of `max_characters` characters is counted, however many bytes they take, and one of more is not."""
    for length, lines in ((9, 1), (10, 1), (11, 0), (45, 0)):
        table = count(frame_of((SOURCE, [character * length])), max_characters=10)
        assert table["line"].drop_nulls().len() == lines


def test_a_document_of_addresses_has_no_body() -> None:
    """Where each paragraph holds an address, the lines count, and no body with them."""
    table = count(frame_of((SOURCE, ["https://post.example/1", "https://post.example/22"])))
    assert table.filter(pl.col("line").is_not_null()).select("documents", "bodies").rows() == [(1, 0), (1, 0)]


def test_hashes_never_change() -> None:
    """The hash of a line is part of what stays on disk, and so is the bin of a body: they are pinned here."""
    table = count(frame_of((SOURCE, [PLEA, "渡輪罷工九天後正式結束！"])))
    assert table.select("line", "bodies").rows() == [
        (None, 0),
        (226059827177321192, 2),
        (10625877734112084019, 2),
    ]


@pytest.mark.parametrize(
    "documents", [[], [(SOURCE, [None])], [(SOURCE, ["", "***"])], [(None, ["a line of text"])]]
)
def test_nothing_to_do(documents: list[tuple[str | None, list[str | None]]]) -> None:
    """Empty frames, null and empty texts come back as they are, and so does a frame with an empty table."""
    frame = frame_of(*documents)
    assert_frame_equal(clean(frame), frame)
    assert_frame_equal(repeated_line(frame, merge([])), frame)
    assert repeated(merge([])).is_empty()


LINE = st.sampled_from(
    [
        None,
        "",
        "***",
        PLEA,
        PLEA.upper(),
        "歡迎訂閱本報每晚通訊！",
        "Mehr von der Straße",
        "Share this story",
        "so",
        "> so",
        "https://post.example/page",
        "Read on at http://post.example/a-page-with-a-name-that-is-longer-than-any-other-line-of-its-document/1",
    ]
)
DOCUMENTS = st.lists(
    st.tuples(
        st.sampled_from(["a.example", "b.example", None]),
        st.lists(LINE | st.integers(0, 9).map(body), min_size=1, max_size=6),
    ),
    max_size=16,
)


def test_a_hash_of_zero_is_a_line() -> None:
    """The row that counts documents comes before all lines of its source, and is added to none of them."""
    rows = [("a", 0, 2, 3, 1), ("a", None, 9, 0, 0), ("a", 7, 1, 1, 2), ("b", None, 1, 0, 0)]
    table = pl.DataFrame(rows, schema=COUNTS, orient="row")
    expected = [("a", None, 18, 0, 0), ("a", 0, 4, 6, 1), ("a", 7, 2, 2, 2), ("b", None, 2, 0, 0)]
    assert merge([table, table]).rows() == expected
    assert merge([table.reverse(), table]).rows() == expected


@given(DOCUMENTS, st.integers(3, 8), st.randoms(use_true_random=False))
def test_tables_add_up(
    documents: list[tuple[str | None, list[str | None]]], size: int, rng: random.Random
) -> None:
    """Split into shards in whatever way and merged in whatever order or grouping, the table is that of the whole."""
    frame = frame_of(*documents)
    whole = count(frame)
    shards = [
        frame.filter(pl.col("document_id").is_in([f"d{i}" for i in range(n, n + size)]))
        for n in range(0, 16, size)
    ]
    tables = [count(shard) for shard in shards]
    rng.shuffle(tables)
    cut = rng.randrange(len(tables) + 1)
    assert_frame_equal(merge(tables), whole)
    assert_frame_equal(merge([merge(tables[cut:]), merge(tables[:cut])]), whole)
    assert_frame_equal(merge([whole]), whole)


@given(DOCUMENTS, st.integers(1, 4))
def test_the_count_is_what_a_loop_counts(
    documents: list[tuple[str | None, list[str | None]]], bits: int
) -> None:
    """Documents, lines and bodies are those of a plain loop, and a table split by the hash merges part by part."""
    table = count(frame_of(*documents))
    wanted: dict[tuple[str, int], list[int]] = {}
    for source, lines in documents:
        texts = [line for line in lines if line is not None]
        folded = [line.upper().lower().replace("！", "!") for line in texts]
        longest = max(
            (line for line in texts if "://" not in line), key=lambda t: len(t.encode()), default=None
        )
        body = 0 if longest is None else 1 << blake2b(longest.encode(), digest_size=8).digest()[0] % 64
        for line in set(folded):
            if source is not None:
                entry = wanted.setdefault((source, line_hashes(pl.Series([line])).item()), [0, 0, 0])
                entry[0] += 1
                entry[1] += folded.count(line)
                entry[2] |= body
    counted = table.filter(pl.col("line").is_not_null())
    assert {(source, line): numbers for source, line, *numbers in counted.rows()} == wanted
    assert table.select("source", "line").rows() == sorted(
        table.select("source", "line").rows(), key=lambda row: (row[0], row[1] is not None, row[1])
    )
    part = (pl.col("line") // 2 ** (64 - bits)).alias("part")
    parts = table.with_columns(part).partition_by("part", include_key=False)
    assert_frame_equal(merge([merge([part]) for part in parts]), table)


@given(DOCUMENTS)
def test_doing_it_twice(documents: list[tuple[str | None, list[str | None]]]) -> None:
    """The same table strikes nothing new the second time; rows keep their order and their text."""
    frame = frame_of(*documents)
    table = count(frame)
    once = repeated_line(frame, table, min_documents=2)
    assert_frame_equal(repeated_line(once, table, min_documents=2), once)
    assert_frame_equal(once.drop("reason", "rule"), frame.drop("reason", "rule"))
