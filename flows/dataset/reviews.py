"""What a person said of removals: right or wrong (`Layout.reviews`).

A review is a file, and no file is ever changed: so the marks of all reviews add up. Where two reviews mark the same
removal, the later one counts. No run reads them.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import polars as pl

from flows.dataset import Layout
from flows.dataset.checksums import read_sealed_part, write_sealed_part
from flows.dataset.tables import sync
from flows.errors import CopydeskError

RIGHT: Final = "right"
WRONG: Final = "wrong"

#: What is remembered of a mark; all but `mark` name the removal.
REVIEWED: Final[dict[str, pl.DataType]] = {
    "run_id": pl.String(),
    "document_id": pl.String(),
    "position": pl.UInt32(),
    "reason": pl.String(),
    "rule": pl.String(),
    "mark": pl.String(),  # RIGHT or WRONG
}
#: What names one removal.
REMOVAL: Final = [name for name in REVIEWED if name != "mark"]


def read_reviews(layout: Layout) -> pl.DataFrame:
    """The marks of all reviews, one for each removal. Raises CopydeskError if a file is damaged."""
    marks = [pl.DataFrame(schema=REVIEWED)]
    for path in _files(layout):
        try:
            marks.append(read_sealed_part(path)[0].select(*REVIEWED))
        except (ValueError, OSError, pl.exceptions.PolarsError) as error:
            raise CopydeskError(f"{error}; {without_review(path)}") from error
    return pl.concat(marks).unique(REMOVAL, keep="last", maintain_order=True)


def write_review(layout: Layout, marks: pl.DataFrame) -> Path:
    """Add a review; the caller holds the lock. The path of its file."""
    last = max((int(path.stem) for path in _files(layout)), default=0)
    path = layout.reviews / f"{last + 1:05d}.parquet"
    write_sealed_part(marks.select(pl.col(name).cast(dtype) for name, dtype in REVIEWED.items()), path, {})
    sync(path.parent)
    sync(layout.state)
    return path


def damaged_reviews(layout: Layout) -> Iterator[tuple[Path, str]]:
    """(path, what is wrong) for each file that is not what was written."""
    for path in _files(layout):
        try:
            read_sealed_part(path)
        except (ValueError, OSError, pl.exceptions.PolarsError) as error:
            yield path, str(error)


def without_review(path: Path) -> str:
    """How to go on if a file is damaged."""
    return f"restore it from a backup, or remove {path.name}: then its marks do not count any more"


def _files(layout: Layout) -> list[Path]:
    return sorted(path for path in layout.reviews.glob("*.parquet") if path.stem.isdigit())
