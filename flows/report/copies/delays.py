"""How much later something was printed: in words, and how often."""

from __future__ import annotations

from typing import Final

import polars as pl

#: Upper bounds of the delays in hours, and what they are called.
DELAYS: Final = (
    (1, "within an hour"),
    (6, "1 to 6 hours"),
    (24, "6 to 24 hours"),
    (7 * 24, "1 to 7 days"),
    (30 * 24, "7 to 30 days"),
    (float("inf"), "later"),
)


def in_words(hours: float | None) -> str:
    """A delay in words.

    >>> [in_words(hours) for hours in (None, 0, 0.4, 5, 50)]
    ['no dates', 'at the same time', '24 minutes later', '5 hours later', '2 days later']
    """
    if hours is None:
        return "no dates"
    if hours == 0:
        return "at the same time"
    for unit, length in (("day", 24), ("hour", 1)):
        if hours >= 2 * length:
            return f"{round(hours / length):,} {unit}s later"
    minutes = max(round(hours * 60), 1)
    return f"{minutes} minute{'' if minutes == 1 else 's'} later"


def histogram(hours: pl.Series) -> tuple[tuple[str, int], ...]:
    """How many delays are within each of the bounds; nothing if there are none.

    >>> histogram(pl.Series([0.5, 2.0, 3.0]))[:2]
    (('within an hour', 1), ('1 to 6 hours', 2))
    """
    if hours.is_empty():
        return ()
    counts, before = [], float("-inf")
    for bound, name in DELAYS:
        counts.append((name, int(((hours >= before) & (hours < bound)).sum())))
        before = bound
    return tuple(counts)
