"""The door for Python: `clean_frame` decides as a run does, whatever kind of table it is given."""

from __future__ import annotations

import importlib
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pandas
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

import flows
import flows.frames as module
from flows import clean, clean_frame
from flows.errors import ConfigurationError, UsageError
from flows.frames import SHARD
from flows.settings import Settings
from support import STORY, Jsonl, body, table

PLEA = "Get the evening letter in your inbox."
LINE = st.sampled_from(
    [
        STORY,
        STORY.upper(),
        STORY.replace("eleven", "twelve"),
        PLEA,
        "Related Articles",
        "Mayor opens bridge",
        "The cafÃ© stays open &amp; the fish is fresh.",
        "By Nora Quill",
        "\u0000",
        "渡輪罷工九天後結束",
    ]
) | st.integers(0, 5).map(body)
ROWS = st.lists(
    st.tuples(
        st.lists(LINE, min_size=1, max_size=5).map("\n".join),
        st.sampled_from([None, "Ferry strike ends", "The cafÃ©"]),
        st.sampled_from([None, "gazette", "post"]),
    ),
    min_size=1,
    max_size=8,
)


@settings(max_examples=3)
@given(ROWS)
def test_a_frame_is_cleaned_as_a_run_cleans_its_records(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str | None, str | None]]
) -> None:
    """Texts, removals, labels and repairs are those that a run publishes of the same records."""
    folder = tmp_path_factory.mktemp("door")
    frame = pl.DataFrame(
        rows, schema={"text": pl.String, "title": pl.String, "source": pl.String}, orient="row"
    )
    frame.write_ndjson(folder / "records.jsonl")
    config = folder / "c.toml"
    config.write_text("[repeated_line]\nmin_documents = 3\n[guards]\nenabled = false\n", encoding="utf-8")
    outcome = clean(folder / "records.jsonl", folder / "out", config)
    cleaned = clean_frame(frame, config=config)
    assert outcome.counts.documents_kept == len(cleaned.documents)
    row = (pl.col("uri").str.extract(r"#(\d+)$").cast(pl.UInt32) - 1).alias("row")
    pairs = {
        "documents": ("row", "title", "language", "text", "words", "paragraphs", "removed_paragraphs"),
        "removed": (
            "row",
            "position",
            "text",
            "reason",
            "rule",
            "detail",
            "duplicate_of_position",
            "jaccard",
        ),
        "repaired": ("row", "field", "position", "before", "after", "fixes"),
    }
    for name, columns in pairs.items():
        published = table(folder / "out", name).with_columns(row).select(columns)
        assert_frame_equal(getattr(cleaned, name).select(columns), published)


def test_any_table(tmp_path: Path) -> None:
    """A LazyFrame, an Arrow table and a pandas frame give what the same DataFrame gives."""
    frame = pl.DataFrame({"n": [1, 2], "body": [STORY, f"{STORY}\n{PLEA}"]})
    wanted = clean_frame(frame, "body")
    others: list[Any] = [frame.lazy(), frame.to_arrow(), pa.table({"body": [STORY, f"{STORY}\n{PLEA}"]})]
    for other in others:
        for mine, theirs in zip(wanted, clean_frame(other, "body"), strict=True):
            assert_frame_equal(mine, theirs)


def test_rows_without_text() -> None:
    """Null and empty texts are in no table, and the other rows keep their numbers; no rows give empty tables."""
    cleaned = clean_frame(pl.DataFrame({"text": [None, STORY, ""]}))
    assert cleaned.documents["row"].to_list() == [1]
    nothing = clean_frame(pl.DataFrame({"text": []}, schema={"text": pl.String}))
    assert [len(one) for one in nothing] == [0] * 5
    assert [one.schema for one in nothing] == [one.schema for one in cleaned]


def test_witnesses_across_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    """A witness is named by its row, wherever the texts were cut into shards."""
    texts = [f"{STORY}\n{body(n)}" for n in range(4)]
    whole = clean_frame(pl.DataFrame({"text": texts}))
    assert whole.removed["duplicate_of_row"].to_list() == [0, 0, 0]
    monkeypatch.setattr("flows.frames.SHARD", 100)
    assert SHARD > 100
    for mine, theirs in zip(whole, clean_frame(pl.DataFrame({"text": texts})), strict=True):
        assert_frame_equal(mine, theirs)


def test_labels() -> None:
    """By-lines and datelines are listed with their place."""
    labels = clean_frame(pl.DataFrame({"text": [f"By Nora Quill\n14 May 2019\n{STORY}"]})).labels
    assert labels.rows() == [(0, 0, "by-line"), (0, 1, "dateline")]


@pytest.mark.parametrize(
    ("given_frame", "options", "error"),
    [
        (pl.DataFrame({"body": ["a"]}), {}, 'no column "text" for text; there are body'),
        (pl.DataFrame({"text": [1]}), {}, 'column "text" has the type Int64, but texts are wanted'),
        (pl.DataFrame({"text": ["a"]}), {"title": "t"}, 'no column "t" for title'),
        (pl.DataFrame({"text": ["a"], "d": ["b"]}), {"published": "d"}, 'column "d" has the type String'),
        (pl.DataFrame({"text": ["a"], "t": [[1]]}), {"title": "t"}, 'column "t" has the type List'),
        (7, {}, "a data frame is wanted"),
    ],
)
def test_mistakes(given_frame: Any, options: dict[str, str], error: str) -> None:
    """A missing column, or one of another type, is an error that names it and what there is."""
    with pytest.raises(UsageError, match=error):
        clean_frame(given_frame, **options)


def test_columns_that_only_have_the_name_of_a_field() -> None:
    """A column that nobody named is left alone if it holds something else; dates and times of any zone are taken."""
    frame = pl.DataFrame({"text": [STORY], "title": [[1, 2]], "published": ["yesterday"]})
    assert clean_frame(frame).documents["title"].to_list() == [None]
    for value in (date(2031, 5, 1), datetime(2031, 5, 1, tzinfo=UTC), None):
        assert len(clean_frame(pl.DataFrame({"text": [STORY], "published": [value]})).documents) == 1


@pytest.mark.parametrize("dtype", [pl.Date, pl.Datetime("ms"), pl.Datetime("us"), pl.Datetime("ms", "UTC")])
@pytest.mark.parametrize("far", [1, -1])
def test_dates_that_no_calendar_has(dtype: pl.DataType, far: int) -> None:
    """A date far out of all years counts as none, named or not, and the others stay."""
    number = far * (2**31 - 2 if dtype == pl.Date else 2**62)
    published = pl.Series([number, 0, None]).cast(dtype)
    frame = pl.DataFrame({"text": [body(1), body(2), body(3)], "published": published})
    assert len(clean_frame(frame, published="published").documents) == 3
    assert len(clean_frame(frame).documents) == 3
    known = module._as(published, pl.Datetime("us", "UTC")).to_list()
    assert known == [None, datetime(1970, 1, 1, tzinfo=UTC), None]


def test_columns_that_are_not_needed_do_no_harm() -> None:
    """Of a pandas frame and an Arrow table, columns of what polars cannot hold, or of one name, are not looked at."""
    mixed = pandas.DataFrame({"text": [STORY, PLEA], "n": [1j, 2j], "meta": [{"a": 1}, [1]]})
    twice = pa.table([pa.array([STORY, PLEA]), pa.array([1, 2]), pa.array([1, 2])], names=["text", "n", "n"])
    wanted = clean_frame(pl.DataFrame({"text": [STORY, PLEA]}))
    for frame in (mixed, pandas.concat([mixed, mixed[["meta"]]], axis=1), twice):
        for mine, theirs in zip(wanted, clean_frame(frame), strict=True):
            assert_frame_equal(mine, theirs)


def test_settings(tmp_path: Path) -> None:
    """Settings are given as a file or as they are; an unknown key is an error that names it."""
    frame = pl.DataFrame({"text": [f"{STORY}\nShare on Facebook"]})
    off = Settings.model_validate({"boilerplate": {"enabled": False}})
    assert clean_frame(frame, config=off).removed.is_empty()
    path = tmp_path / "c.toml"
    path.write_text("[boilerplate]\nenabled = false", encoding="utf-8")
    assert clean_frame(frame, config=path).removed.is_empty()
    path.write_text("[boilerplate]\nenable = false", encoding="utf-8")
    with pytest.raises(ConfigurationError, match="enable"):
        clean_frame(frame, config=path)


def test_the_function_beside_the_module_of_its_name(
    jsonl: Jsonl, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`flows.clean` can be called, also once the module of the Prefect flow, which has that name, is imported."""
    monkeypatch.delitem(sys.modules, "flows.clean", raising=False)
    monkeypatch.delitem(vars(flows), "clean", raising=False)
    module = importlib.import_module("flows.clean")
    assert flows.clean is module
    assert flows.clean(jsonl([{"text": STORY}]), tmp_path / "out").counts.documents == 1
    assert callable(module.main)


def test_public_names() -> None:
    """The package offers what it lists, and nothing else under a wrong name."""
    for name in flows.__all__:
        assert getattr(flows, name) is not None
    with pytest.raises(AttributeError, match="nothing"):
        _ = flows.nothing
