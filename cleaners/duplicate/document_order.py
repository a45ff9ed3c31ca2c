"""Which copy of one run stays: the order in which its documents are walked, and the way back to the order given.

The first copy in the walk stays. So another choice is another order of the documents, and the keep rule is the
same. Documents are moved as wholes, because the document rules decide about them as wholes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple, TypeAlias

import numpy as np
import polars as pl

from cleaners.duplicate.keep_rule import Decisions, Documents, Versions, Walk
from cleaners.kernels import I64
from cleaners.text.utf8 import starts_of

#: The copy that stays: of the earliest document, of the longest one, or by source, the best first.
Keep: TypeAlias = Literal["earliest", "longest"] | Sequence[str]


def order_of(keep: Keep, documents: Documents, sources: pl.Series | None) -> I64 | None:
    """The numbers of the documents in the order of the walk, None if it is the order given. Equal ones stay in that.

    `sources` has the source of each document. Raises ValueError if they are missing, and `keep` is a list.
    """
    if keep == "earliest":
        return None
    if keep == "longest":
        return np.argsort(-documents.totals, kind="stable")
    if sources is None:
        raise ValueError("a list of sources needs the source of each document")
    ranks = {name: rank for rank, name in reversed([*enumerate(keep)])}
    return np.argsort(
        sources.replace_strict(ranks, default=len(ranks), return_dtype=pl.Int64).to_numpy(), kind="stable"
    )


class Reordered(NamedTuple):
    """What the keep rule takes, with the documents in another order."""

    walk: Walk
    documents: Documents
    versions: Versions
    rows: I64  # the number of each row of the walk among all rows
    places: (
        I64 | None
    )  # for each row of this run in the other order, its place in the order given; None: the same
    order: I64 | None  # the same for documents

    def given(self, places: I64) -> I64:
        """The places in the order given of these rows of this run."""
        return places if self.places is None else self.places[places]

    def back(self, decisions: Decisions) -> Decisions:
        """Decisions with the rows of this run and the documents in the order given; those of the walk are not moved."""
        if self.places is None:
            return decisions
        kinds = np.empty_like(decisions.kinds)
        kinds[self.places] = decisions.kinds
        before, left = np.empty_like(decisions.before), np.empty_like(decisions.left)
        before[self.order], left[self.order] = decisions.before, decisions.left
        return decisions._replace(kinds=kinds, before=before, left=left)


def reordered(
    walk: Walk, documents: Documents, versions: Versions, rows: I64, order: I64 | None
) -> Reordered:
    """The same with the documents in `order`. `rows` has the number of each row of the walk among all rows."""
    if order is None:
        return Reordered(walk, documents, versions, rows, None, None)
    starts, places = _moved(documents.starts, order)
    new_places = np.empty_like(places)
    new_places[places] = np.arange(len(places))
    leads = documents.leads[order]
    mine = new_places[walk.places]
    moved = np.argsort(mine)
    everyone = np.concatenate((np.arange(walk.first_new), walk.first_new + moved))
    version_starts, ranges = _moved(versions.starts, order)
    return Reordered(
        Walk(walk.first_new, walk.sets[everyone], walk.variants[moved], mine[moved]),
        Documents(
            starts,
            documents.tokens[places],
            documents.totals[order],
            documents.fates[order],
            np.where(leads < 0, -1, new_places[leads]),
        ),
        Versions(version_starts, versions.firsts[ranges], versions.stops[ranges]),
        rows[everyone],
        places,
        order,
    )


def _moved(starts: I64, order: I64) -> tuple[I64, I64]:
    """(starts, places): where each range starts in the other order, and for each element there its former place."""
    sizes = np.diff(starts)[order]
    new_starts = starts_of(sizes)
    places: I64 = np.repeat(starts[order] - new_starts[:-1], sizes) + np.arange(new_starts[-1])
    return new_starts, places
