"""Damage to repairs and rejections, to the state between runs, and to manifests is found."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from .damaging import (
    Damages,
    assert_found,
    first_again,
    folder_of,
    last_of_all,
    put,
    retell,
    rewrite,
    without,
)


def date_altered(out: Path) -> None:
    """Another year in the manifest, which is recorded nowhere else."""
    path = folder_of(out, "runs", 1) / "run.json"
    path.write_text(path.read_text().replace('"finished": "20', '"finished": "10'))


TITLE = pl.col("field") == "title"
PARAGRAPH = (pl.col("field") == "text") & (pl.col("after") != "")
EMPTIED = (pl.col("field") == "text") & (pl.col("after") == "")
DAMAGED_REPAIRS: Damages = {
    "another title": (
        rewrite("repaired", put("after", "Another", TITLE)),
        "r000001: repaired: `after` is not the title of the document",
    ),
    "another paragraph": (
        rewrite("repaired", put("after", "Another", PARAGRAPH)),
        "r000001: repaired: `after` is not the text of the paragraph",
    ),
    "a repaired row lost": (
        rewrite("repaired", without(PARAGRAPH)),
        "r000001: repaired: paragraphs: the manifest counts 4, there are 2",
    ),
    "an emptied paragraph lost": (
        rewrite(
            "repaired",
            lambda r: r.filter(~EMPTIED | (r["document_id"] == r.filter(EMPTIED)["document_id"][1])),
        ),
        "r000001: repaired: paragraphs: the manifest counts 4, there are 3",
    ),
    "an emptied document lost": (
        rewrite(
            "repaired",
            lambda r: r.filter(~EMPTIED | (r["document_id"] != r.filter(EMPTIED)["document_id"][1])),
        ),
        "r000001: repaired: a document that repair left empty is missing",
    ),
    "repaired twice": (rewrite("repaired", first_again), "r000001: repaired: a repair is listed twice"),
    "repaired in another order": (
        rewrite("repaired", last_of_all),
        "r000001: repaired: rows are not in the order of the inputs",
    ),
    "an unknown document": (
        rewrite("repaired", put("document_id", "0" * 32, TITLE)),
        "r000001: repaired: a document that is in no other table",
    ),
    "an unknown field": (
        rewrite("repaired", put("field", "body", TITLE)),
        "r000001: repaired: unknown field",
    ),
    "a title with a position": (
        rewrite("repaired", put("position", 0, TITLE)),
        "r000001: repaired: only a paragraph has a position",
    ),
    "nothing repaired": (
        rewrite("repaired", put("before", pl.col("after"), TITLE)),
        "r000001: repaired: nothing was repaired",
    ),
    # rejected
    "a rejected row lost": (
        rewrite("rejected", lambda r: r[:1]),
        "r000001: rejected: inputs: the manifest counts 2, there are 1",
    ),
    "an emptied document not rejected": (
        rewrite("rejected", put("error", "no text", pl.col("error").str.contains("repair"))),
        "r000001: rejected: a document that repair left empty is missing",
    ),
}
DAMAGED_STATE: Damages = {
    "rows of the index lost": (
        rewrite("index", lambda i: i[1:]),
        "r000001: index: a kept paragraph is missing: 1 times, as ",
    ),
    "a row of the index too many": (
        rewrite("index", lambda i: pl.concat([i, i[:1].with_columns(position=pl.lit(99, pl.UInt32))])),
        "r000001: index: a paragraph that is not kept",
    ),
    "a row of the index twice": (
        rewrite("index", first_again),
        "r000001: index: a paragraph is listed twice",
    ),
    "the index in another order": (
        rewrite("index", last_of_all),
        "r000001: index: paragraphs are not in the order of `documents`",
    ),
    "bands of the index": (
        rewrite("index", put("band_00", pl.col("band_01"))),
        "r000001: index, documents: a fingerprint does not match the text",
    ),
    "a row of the ledger lost": (
        rewrite("ledger", lambda ledger: ledger[1:]),
        "r000001: ledger: 0 inputs where the manifest has 1",
    ),
    "a row of the ledger twice": (
        rewrite("ledger", first_again),
        "r000001: ledger: an input is listed twice",
    ),
    # manifests
    "a date altered": (date_altered, "run.json is not what was written"),
    "no counts": (retell(lambda manifest: manifest.pop("counts")), "r000001: the manifest is damaged"),
    "counts of another type": (
        retell(lambda manifest: manifest.update(counts=[1, 2])),
        "r000001: the manifest is damaged",
    ),
    "no settings": (
        retell(lambda manifest: manifest["settings"].pop("duplicate")),
        "r000001: the manifest is damaged",
    ),
    "settings that cannot be": (
        retell(lambda manifest: manifest["settings"]["duplicate"].update(n="three")),
        "r000001: the manifest is damaged",
    ),
    "files of another kind": (
        retell(lambda manifest: manifest.update(files={"documents/part-00000-00000.parquet": 1})),
        "r000001: the manifest is damaged",
    ),
    "the manifest of another run": (
        retell(lambda manifest: manifest.update(run_id="r000002")),
        "r000001: the manifest is damaged: it belongs to r000002",
    ),
    "bytes of text": (
        retell(lambda manifest: manifest["counts"].update(bytes=1)),
        "r000001: documents, removed: bytes of text: the manifest counts 1,",
    ),
}


@pytest.mark.parametrize("name", DAMAGED_REPAIRS)
def test_damaged_repairs_are_found(out: Path, name: str) -> None:
    """Whatever is lost, added, moved or changed is reported with run, table and examples; nothing is raised."""
    assert_found(DAMAGED_REPAIRS[name], out)


@pytest.mark.parametrize("name", DAMAGED_STATE)
def test_damaged_state_is_found(out: Path, name: str) -> None:
    """Whatever is lost, added, moved or changed is reported with run, table and examples; nothing is raised."""
    assert_found(DAMAGED_STATE[name], out)
