"""The file of marks that the page of a run saves: which removals a person found right, and which wrong.

It may come from anywhere, so that every entry is checked before any counts.
"""

from __future__ import annotations

from codecs import BOM_UTF8
from pathlib import Path
from typing import Annotated, Final, Literal

import polars as pl
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from flows.dataset.reviews import REMOVAL, REVIEWED
from flows.errors import UsageError
from flows.printable import shortened

#: A file of more bytes is no file of marks.
_LARGEST: Final = 100_000_000
#: Errors that are listed.
_LISTED: Final = 10


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True, extra="ignore")


class _Mark(_Strict):
    """The mark of one removal."""

    document_id: Annotated[str, Field(min_length=1, max_length=200)]
    position: Annotated[int, Field(ge=0, lt=2**32)]
    reason: Annotated[str, Field(min_length=1, max_length=200)]
    rule: Annotated[str, Field(max_length=1_000)]
    mark: Literal["wrong", "right"]


class _File(_Strict):
    """A file of marks; `dataset` is a name for people."""

    format: Literal[1]
    dataset: str
    run: Annotated[str, Field(pattern=r"^r\d{6,}$")]
    marks: list[_Mark]


def read_marks(path: Path) -> pl.DataFrame:
    """The marks of a file, one for each removal; columns: REVIEWED.

    Raises UsageError, with a line for each entry that is wrong, if any of them is, or if the file is none of marks.
    """
    try:
        with path.open("rb") as file_of_marks:
            content = file_of_marks.read(_LARGEST + 1)  # a device or a pipe has no size, and may have no end
        if len(content) > _LARGEST:
            raise UsageError(f"{path}: has over {_LARGEST:,} bytes, which no file of marks has")
        file = _File.model_validate_json(content.removeprefix(BOM_UTF8))
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}") from error
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False)
        more = [f"... and {len(found) - _LISTED:,} more"] if len(found) > _LISTED else []
        lines = [_explain(one["loc"], one["msg"], one["input"]) for one in found[:_LISTED]]
        raise UsageError(*(f"{path}: {line}" for line in lines), *more) from error
    marks = pl.DataFrame(
        [(file.run, *one.model_dump().values()) for one in file.marks], schema=REVIEWED, orient="row"
    )
    both = marks.with_row_index("entry").filter(pl.col("mark").n_unique().over(REMOVAL) > 1)
    if both.height:
        first = both.filter(pl.struct(REMOVAL) == pl.struct(REMOVAL).first())["entry"].to_list()
        entries = " and ".join(f"marks[{entry}]" for entry in first[:2])
        raise UsageError(
            f"{path}: {entries} contradict each other: the same removal is marked right and wrong"
        )
    return marks.unique(maintain_order=True)


def _explain(steps: tuple[int | str, ...], problem: str, given: object) -> str:
    """One thing that is wrong, after the entry that it is in."""
    if not steps:
        return f"is not a file of marks: {problem}"
    where = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps).lstrip(".")
    said = (
        ""
        if problem == "Field required" or isinstance(given, dict | list)
        else f", not {shortened(repr(given))}"
    )
    return f"{where}: {problem[0].lower()}{problem[1:]}{said}"
