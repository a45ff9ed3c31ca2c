"""Damage to `labelled` is found."""

from __future__ import annotations

import shutil
from pathlib import Path

import polars as pl
import pytest

from flows.verify import verify_folder

from .damaging import DUPLICATE, Damages, assert_found, last_of_all, part_of, put, retell, rewrite, without

BOILERPLATE = pl.col("reason") == "boilerplate"


def witness_is_labelled(out: Path) -> None:
    """Name a labelled paragraph as the witness of a later one."""
    other = pl.read_parquet(part_of(out, "labelled"), hive_partitioning=False).row(0, named=True)
    for column, name in (("document_id", "document_id"), ("position", "position")):
        rewrite("labelled", put(f"duplicate_of_{name}", other[column], DUPLICATE, of=-1), number=2)(out)


DAMAGED_LABELS: Damages = {
    "a labelled row lost": (
        rewrite("labelled", without(BOILERPLATE)),
        "r000001: labelled: boilerplate: the manifest counts (documents, paragraphs, words)",
    ),
    "another text": (
        rewrite("labelled", put("text", "Not what stands there.", BOILERPLATE)),
        "r000001: labelled: a paragraph that is not in the text of its document",
    ),
    "another place": (
        rewrite("labelled", put("position", pl.col("position") + 1, BOILERPLATE)),
        "r000001: labelled: a paragraph that is not in the text of its document",
    ),
    "listed twice": (
        rewrite("labelled", lambda rows: pl.concat([rows.head(1), rows])),
        "r000001: labelled: a paragraph is listed twice",
    ),
    "an unknown reason": (rewrite("labelled", put("reason", "taste")), "r000001: labelled: unknown reason"),
    "a reason that does not label": (
        rewrite("labelled", put("reason", "repeated_line", BOILERPLATE)),
        "r000001: labelled: a reason whose action is `remove`",
    ),
    "the other action in the manifest": (
        retell(lambda manifest: manifest["settings"]["boilerplate"].update(action="remove")),
        "r000001: labelled: a reason whose action is `remove`",
    ),
    "another order": (
        rewrite("labelled", last_of_all),
        "r000001: labelled: rows are not in the order of the inputs",
    ),
    "another Jaccard": (
        rewrite("labelled", put("jaccard", pl.col("jaccard") - 0.01, DUPLICATE)),
        "r000001: labelled: the Jaccard of a duplicate is wrong",
    ),
    "a labelled witness": (
        witness_is_labelled,
        "r000002: labelled: the witness of a duplicate is not kept before it",
    ),
    "a labelled paragraph in the index": (
        rewrite("labelled", without(DUPLICATE)),
        "r000001: index: a kept paragraph is missing",
    ),
}


@pytest.mark.parametrize("name", DAMAGED_LABELS)
def test_damaged_labels_are_found(with_labels: Path, tmp_path: Path, name: str) -> None:
    """Whatever is lost, added, moved or changed is reported with run, table and examples; nothing is raised."""
    assert_found(DAMAGED_LABELS[name], Path(shutil.copytree(with_labels, tmp_path / "out")))


def test_labels_are_no_damage(with_labels: Path) -> None:
    """A dataset with labels is intact."""
    assert list(verify_folder(with_labels)) == []
