"""Damage to `removed` is found."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from .damaging import DUPLICATE, Damages, assert_found, last_of_all, part_of, put, retell, rewrite, without

BOILERPLATE = pl.col("reason") == "boilerplate"
WENT_WHOLE = pl.col("reason") == "duplicate_document"


def witness_is_last(out: Path) -> None:
    """Name the first paragraph of the last document as the witness of an earlier one."""
    last = pl.read_parquet(part_of(out, "documents"), hive_partitioning=False)["document_id"][-1]
    rewrite("removed", put("duplicate_of_document_id", last, DUPLICATE))(out)


DAMAGED_REMOVALS: Damages = {
    "no Jaccard": (
        rewrite("removed", put("jaccard", None, DUPLICATE)),
        "r000001: removed: a duplicate without witness or Jaccard",
    ),
    "no witness": (
        rewrite("removed", put("duplicate_of_document_id", None, DUPLICATE), number=2),
        "r000002: removed: a duplicate without witness or Jaccard",
    ),
    "another Jaccard": (
        rewrite("removed", put("jaccard", pl.col("jaccard") - 0.01, DUPLICATE)),
        "r000001: removed: the Jaccard of a duplicate is wrong",
    ),
    "a witness of nothing": (
        rewrite("removed", put("duplicate_of_document_id", "0" * 32, DUPLICATE)),
        "r000001: removed: the witness of a duplicate is not kept before it",
    ),
    "another witness": (
        rewrite("removed", put("duplicate_of_position", 1, DUPLICATE)),
        "r000001: removed: the Jaccard of a duplicate is wrong",
    ),
    "a later witness": (witness_is_last, "r000001: removed: the witness of a duplicate comes after it"),
    "a duplicate of another text": (
        rewrite("removed", put("text", "Two words", DUPLICATE)),
        "r000001: removed: a duplicate is too short to be compared",
    ),
    "a witness in a reference": (
        rewrite("removed", put("rule", "near-duplicate in a reference", DUPLICATE)),
        "r000001: removed: a witness in a reference, but the run had none",
    ),
    "a witness in a reference without a name": (
        rewrite("removed", put("rule", "near-duplicate in a reference", DUPLICATE)),
        "r000001: removed: a witness in a reference that is not named",
    ),
    "a witness without need": (
        rewrite("removed", put("jaccard", 0.9, BOILERPLATE)),
        "r000001: removed: a witness for a row that is no near-duplicate",
    ),
    "no reason": (rewrite("removed", put("reason", None)), "r000001: removed: reason is null"),
    "an unknown reason": (rewrite("removed", put("reason", "taste")), "r000001: removed: unknown reason"),
    "another reason": (
        rewrite("removed", put("reason", "repeated_line", BOILERPLATE)),
        "r000001: removed: boilerplate: the manifest counts (documents, paragraphs, words)",
    ),
    "too_short, and kept": (
        rewrite("removed", put("reason", "too_short", BOILERPLATE)),
        "r000001: removed: a document that was removed whole is in `documents`",
    ),
    "a cleaner that was switched off": (
        retell(lambda manifest: manifest["settings"]["boilerplate"].update(enabled=False)),
        "r000001: removed: by a cleaner that is switched off",
    ),
    "the uri of a removed row": (
        rewrite("removed", put("uri", "/elsewhere.jsonl#2", BOILERPLATE)),
        "r000001: documents, removed, labelled, repaired: a document has two uris",
    ),
    "a removed row lost": (
        rewrite("removed", without(BOILERPLATE)),
        "r000001: documents: `removed_paragraphs` does not match `removed`",
    ),
    "all rows of a document that was removed whole": (
        rewrite(
            "removed",
            lambda r: r.filter(r["document_id"] != r.filter(WENT_WHOLE | DUPLICATE)["document_id"][-1]),
        ),
        "r000001: documents, removed, repaired: documents: the manifest counts 6, there are 5",
    ),
    "removed rows in another order": (
        rewrite("removed", last_of_all),
        "r000001: removed: rows are not in the order of the inputs",
    ),
    "a position moved": (
        rewrite("removed", put("position", 0, DUPLICATE | WENT_WHOLE, of=-1)),
        "r000001: removed, repaired: a position is taken twice",
    ),
    "a position beyond the end": (
        rewrite("removed", put("position", pl.col("position") + 100, BOILERPLATE)),
        "r000001: documents, removed: positions leave a gap",
    ),
}


@pytest.mark.parametrize("name", DAMAGED_REMOVALS)
def test_damaged_removals_are_found(out: Path, name: str) -> None:
    """Whatever is lost, added, moved or changed is reported with run, table and examples; nothing is raised."""
    assert_found(DAMAGED_REMOVALS[name], out)
