"""Damage to `documents` is found."""

from __future__ import annotations

import shutil
from functools import reduce
from pathlib import Path

import polars as pl
import pytest

from flows.dataset.tables import SCHEMAS, TABLES
from flows.verify import verify_folder

from .damaging import Damages, assert_found, first_again, last_of_all, part_of, put, retell, rewrite


def document_is_known(out: Path) -> None:
    """The id of the first run's first document, also in the second run."""
    first = pl.read_parquet(part_of(out, "documents"), hive_partitioning=False)["document_id"][0]
    rewrite("documents", put("document_id", first, of=-1), number=2)(out)


DAMAGED_DOCUMENTS: Damages = {
    "columns in another order": (
        rewrite("documents", lambda d: d.select(d.columns[::-1])),
        "has other columns",
    ),
    "a column of another type": (
        rewrite("documents", lambda d: d.with_columns(pl.col("words").cast(pl.Int64))),
        "has other columns",
    ),
    "metadata of the file lost": (
        rewrite("documents", lambda d: d, lost=("run_id", "configuration")),
        "has run_id = None in its metadata",
    ),
    "index of another configuration": (
        retell(lambda manifest: manifest.update(configuration="0" * 32)),
        "has configuration = ",
    ),
    "a document lost": (rewrite("documents", lambda d: d[1:]), "documents: documents: the manifest counts"),
    "a document twice": (
        rewrite("documents", first_again),
        "r000001: documents, removed: a document is listed twice",
    ),
    "documents in another order": (
        rewrite("documents", last_of_all),
        "r000001: documents: rows are not in the order of the inputs",
    ),
    "a document's uri": (
        rewrite("documents", put("uri", "/elsewhere.jsonl#1")),
        "r000001: documents, removed, labelled, repaired: a document has two uris",
    ),
    "the uri of a document without rows elsewhere": (
        rewrite("documents", put("uri", "/elsewhere.jsonl#1", pl.col("removed_paragraphs") == 0), number=2),
        "r000002: ledger: the input of a document, or of a rejected record, is missing: 1 times, as /elsewhere",
    ),
    "a text altered": (
        rewrite("documents", put("text", pl.col("text").str.replace("night", "dusky"))),
        "r000001: index, documents: a fingerprint does not match the text",
    ),
    "paragraphs in another order": (
        rewrite("documents", put("text", pl.col("text").str.split("\n\n").list.reverse().list.join("\n\n"))),
        "r000001: index: a kept paragraph is missing",
    ),
    "a text empty": (
        rewrite("documents", put("text", "")),
        "r000001: documents: `paragraphs` does not match the text",
    ),
    "no text": (rewrite("documents", put("text", None)), "r000001: documents: text is null"),
    "no document_id": (
        rewrite("documents", put("document_id", None)),
        "r000001: documents: document_id is null",
    ),
    "words": (rewrite("documents", put("words", 7)), "r000001: documents: `words` does not match the text"),
    "paragraphs": (
        rewrite("documents", put("paragraphs", 4_000_000_000)),
        "r000001: documents: `paragraphs` does not match the text",
    ),
    "removed_paragraphs": (
        rewrite("documents", put("removed_paragraphs", 2)),
        "r000001: documents: `removed_paragraphs` does not match `removed`",
    ),
    "metadata no JSON": (
        rewrite("documents", put("metadata", "{")),
        "r000001: documents: metadata is not a JSON object",
    ),
    "metadata no object": (
        rewrite("documents", put("metadata", "[1]")),
        "r000001: documents: metadata is not a JSON object",
    ),
    "a row of another run": (
        rewrite("documents", put("run_id", "r000002")),
        "r000001: documents: rows of another run",
    ),
    "a document of an earlier run": (
        document_is_known,
        "r000002: documents, removed: a document is listed twice",
    ),
}


@pytest.mark.parametrize("name", DAMAGED_DOCUMENTS)
def test_damaged_documents_are_found(out: Path, name: str) -> None:
    """Whatever is lost, added, moved or changed is reported with run, table and examples; nothing is raised."""
    assert_found(DAMAGED_DOCUMENTS[name], out)


#: Columns whose values no other table and no manifest repeats, so that a change cannot be found.
HARMLESS = (
    *("record_id", "source", "url", "title", "published", "language", "encoding", "metadata"),
    *("rule", "detail", "fixes", "error"),
)


@pytest.mark.parametrize("table", TABLES)
def test_no_value_can_be_missing_or_strange(
    whole: Path, with_labels: Path, tmp_path: Path, table: str
) -> None:
    """A null or a strange value in any column is found or harmless; nothing is raised."""
    whole = with_labels if table == "labelled" else whole
    frame = pl.read_parquet(part_of(whole, table), hive_partitioning=False)
    strange = {pl.String: "", pl.UInt32: 4_294_967_295, pl.Float32: float("nan")}

    def problems_with(*columns: str, missing: bool) -> list[str]:
        out = Path(shutil.copytree(whole, tmp_path / "out"))
        changes = [
            put(column, None if missing else strange.get(type(frame[column].dtype))) for column in columns
        ]
        rewrite(table, lambda rows: reduce(lambda changed, change: change(changed), changes, rows))(out)
        problems = [str(problem) for problem in verify_folder(out)]
        shutil.rmtree(out)
        return problems

    for missing in (True, False):
        for column, dtype in SCHEMAS[table].items():
            value = None if missing else strange.get(type(dtype))
            if column not in HARMLESS and frame[column].to_list()[0] != value:
                assert problems_with(column, missing=missing), column
        problems_with(*(column for column in SCHEMAS[table] if column in HARMLESS), missing=missing)
