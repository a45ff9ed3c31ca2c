"""Clusters of documents by the text that they have in common, without chains.

A star: in the middle a document, around it those of which at least a given share of the words was first printed in it.
This is the clustering of J. Aslam, E. Pelekhov and D. Rus, "The Star Clustering Algorithm for Static and Dynamic
Information Organization" (Journal of Graph Algorithms and Applications 8, 2004), with documents taken in their order
instead of by their number of neighbours. Similarity is not handed on: where A copies Z, and B copies what is new in A,
B is not in the cluster of Z. A paragraph that many documents print, such as a notice, joins two of them only if it is
most of the later one.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from flows.report.copies.links import ABOUT, Links
from flows.report.copies.tables import MOST, in_common

_NONE: Final = pl.lit(None, pl.Float64)


def clusters(links: Links, share: float = MOST) -> pl.DataFrame:
    """A row for each document of a cluster of two or more: the largest clusters first, in each the earliest document.

    `cluster` is the id of the document in the middle; `share`, of a document's words that it has in common with that
    one, and `hours`, how much later it was published, are null for itself. `cluster_size` is its number of documents.
    """
    members = _members(links, share)
    middles = members.select(pl.col("first").unique().alias("doc")).with_columns(
        pl.col("doc").alias("first"), _NONE.alias("share"), _NONE.alias("hours")
    )
    found = pl.concat([middles, members.select(middles.columns)]).with_columns(
        pl.len().over("first").alias("cluster_size")
    )
    about = links.documents.select("doc", "document_id", *ABOUT)
    middle = links.documents.select(pl.col("doc").alias("first"), pl.col("document_id").alias("cluster"))
    return (
        found.join(about, on="doc")
        .join(middle, on="first")
        .sort(["cluster_size", "first", "doc"], descending=[True, False, False])
        .select("cluster", "cluster_size", "document_id", *ABOUT, "share", "hours")
    )


def _members(links: Links, share: float) -> pl.DataFrame:
    """`in_common` of each document that belongs to the cluster of `first`.

    A document belongs to the one with which it has most words in common, or of several the earliest.
    """
    near = (
        in_common(links)
        .filter(pl.col("share") >= share)
        .sort(["doc", "words", "first"], descending=[False, True, False])
        .unique("doc", keep="first", maintain_order=True)
    )
    around: set[int] = (
        set()
    )  # documents that are not in the middle; `first` was before `doc`, so it is decided
    belongs = []
    for doc, first in near.select("doc", "first").iter_rows():
        belongs.append(first not in around)
        if belongs[-1]:
            around.add(doc)
    return near.filter(pl.Series(belongs, dtype=pl.Boolean))
