"""Among which sets the witness of a paragraph must be, where many are near-duplicates but for their facts."""

from __future__ import annotations

from bisect import bisect_left

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from cleaners.duplicate.fact_postings import place_from


@given(st.lists(st.integers(0, 60), max_size=40, unique=True), st.integers(0, 61), st.integers(0, 40))
def test_the_place_of_a_set_is_found_from_any_place_before_it(
    some: list[int], wanted: int, start: int
) -> None:
    """It is the first one, from the start on, with that set or a later one; the end if there is none."""
    sets = np.array(sorted(some), np.uint32)
    start = min(start, len(sets))
    assert place_from(sets, start, len(sets), np.uint32(wanted)) == bisect_left(sorted(some), wanted, start)
