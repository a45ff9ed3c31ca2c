"""The prefilter of the index: a run loads every paragraph that may match one of its own, and few others."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cleaners.duplicate.index_prefilter import RunKeys

SMALL = st.integers(0, 5)
LARGE = st.integers(2**64 - 3, 2**64 - 1)
ROW = st.fixed_dictionaries(
    {
        "exact_a": st.one_of(SMALL, LARGE),
        "numbers": st.one_of(SMALL, LARGE),
        "band_00": st.one_of(st.none(), st.integers(0, 3), st.just(2**32 - 1)),
        "rarest": st.lists(st.one_of(SMALL, LARGE), max_size=3),
    }
)
SCHEMA = {
    "exact_a": pl.UInt64(),
    "numbers": pl.UInt64(),
    "band_00": pl.UInt32(),
    "rarest": pl.List(pl.UInt64()),
}


def keys_of(row: dict[str, object], columns: list[str], same_numbers: bool) -> set[object]:
    """The keys of a row, each with everything that must be equal for a match."""
    numbers = row["numbers"] if same_numbers else None
    found: set[object] = {("exact_a", row["exact_a"])}
    if "band_00" in columns and row["band_00"] is not None:
        found.add(("band_00", row["band_00"], numbers))
    if "rarest" in columns:
        found |= {("rarest", key, numbers) for key in row["rarest"]}  # type: ignore[attr-defined]
    return found


@pytest.mark.parametrize("columns", [["exact_a", "band_00"], ["exact_a", "rarest"]])
@given(
    new=st.lists(st.lists(ROW, max_size=4), min_size=1, max_size=3), index=st.lists(ROW), same=st.booleans()
)
def test_no_row_that_may_match_is_missed(
    columns: list[str], new: list[list[dict[str, object]]], index: list[dict[str, object]], same: bool
) -> None:
    """Every row with a common key passes. Few others do: the keys 0 and 1 count as equal, and numbers are mixed in."""
    tables = [pl.DataFrame(rows, SCHEMA).lazy() for rows in new]
    met = RunKeys(tables, columns, same_numbers=same).matching_rows(pl.DataFrame(index, SCHEMA))
    known = set().union(*(keys_of(row, columns, same) for rows in new for row in rows))
    wanted = [bool(keys_of(row, columns, same) & known) for row in index]
    assert [found for found, want in zip(met.tolist(), wanted, strict=True) if want] == [True] * sum(wanted)


def test_rows_with_nothing_in_common_stay_out() -> None:
    """No row with other keys passes, and none at all if the run has no paragraphs."""
    frame = pl.DataFrame(
        {
            "exact_a": pl.Series(range(50_000), dtype=pl.UInt64).hash(1),
            "numbers": pl.Series([7] * 50_000, dtype=pl.UInt64),
            "band_00": pl.Series(range(50_000), dtype=pl.UInt32),
        }
    )
    new, index = frame[:100], frame[100:]
    assert RunKeys([new.lazy()], ["exact_a", "band_00"], same_numbers=True).matching_rows(index).sum() == 0
    assert (
        RunKeys([new[:0].lazy()], ["exact_a", "band_00"], same_numbers=True).matching_rows(index).sum() == 0
    )
    assert RunKeys([new.lazy()], ["exact_a", "band_00"], same_numbers=True).matching_rows(frame).sum() == 100
