"""Takes a review of removals in: what was marked wrong is restored for good, and all marks are kept.

A line that a rule about lines removed by mistake is protected in all documents of its source. What depends on other
documents (a duplicate, a document that went whole) is protected in its own document only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import polars as pl

from cleaners import PIPELINE
from flows.dataset import Dataset
from flows.dataset.exceptions import read_exceptions
from flows.dataset.reviews import REMOVAL, REVIEWED, WRONG, read_reviews, write_review
from flows.maintenance.restore_text import Restored, restore_rows

#: Reasons that say something of a line, wherever its source prints it.
OF_LINES: Final = tuple(
    cleaner.name
    for cleaner in PIPELINE
    if cleaner.verb == "remove" and (cleaner.scope == "document" or cleaner.name == "repeated_line")
)


@dataclass(frozen=True)
class Review:
    """Marks as they stand to a dataset."""

    marks: (
        pl.DataFrame
    )  # of removals that are in the dataset, or were until they were restored; columns: REVIEWED
    to_restore: pl.DataFrame  # REVIEWED and `text`: marked wrong, and not restored yet
    new: pl.DataFrame  # the marks that no earlier review has
    gone: int  # marks of removals that are not there (any more)


def assess(dataset: Dataset, marks: pl.DataFrame) -> Review:
    """How these marks (columns: REVIEWED, one for each removal) stand to the removals of a dataset."""
    marks = marks.select(*REVIEWED)
    removed = (
        pl.concat([dataset.scan("removed"), dataset.scan("labelled")])
        .filter(pl.col("document_id").is_in(marks["document_id"].unique().implode()))
        .select(*REMOVAL, "text")
        .collect()
    )
    reviewed = read_reviews(dataset)
    restored = read_exceptions(dataset).select(REMOVAL)
    there = marks.join(
        pl.concat([removed.select(REMOVAL), restored, reviewed.select(REMOVAL)]).unique(),
        on=REMOVAL,
        how="semi",
        maintain_order="left",
    )
    wrong = there.filter(mark=WRONG).join(removed, on=REMOVAL, how="inner", maintain_order="left")
    new = there.join(reviewed, on=[*REVIEWED], how="anti", maintain_order="left")
    return Review(there, wrong, new, len(marks) - len(there))


def review(dataset: Dataset, marks: pl.DataFrame, *, offline: bool = False) -> tuple[Review, Restored]:
    """Restore what is marked wrong, all at once, and keep the marks that are new.

    A second time it does nothing. If it is killed in between, a second time finishes it. Raises Locked if a run is
    writing, and CopydeskError if what it needs is damaged.
    """
    with dataset.writing():
        found = assess(dataset, marks)
        restored = Restored(0, 0, 0)
        if found.to_restore.height:
            of_place = ~pl.col("reason").is_in(OF_LINES)
            restored = restore_rows(dataset, found.to_restore, by_document=of_place, offline=offline)
        if found.new.height:
            write_review(dataset, found.new)
    return found, restored
