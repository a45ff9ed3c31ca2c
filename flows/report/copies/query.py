"""The tables of copies of a whole dataset, read from its published tables."""

from __future__ import annotations

from functools import cached_property

import polars as pl

from flows.dataset import Dataset
from flows.errors import UsageError
from flows.report.copies import tables
from flows.report.copies.clusters import clusters
from flows.report.copies.links import Links, links_of, texts_of
from flows.report.copies.names import By, Order


class Copies:
    """What a dataset has printed more than once. It is read when a table is asked for, once for all tables."""

    def __init__(self, dataset: Dataset, order: Order = Order.PUBLISHED, share: float = tables.MOST) -> None:
        if not 0 < share <= 1:
            raise UsageError(f"a share is more than 0 and at most 1, not {share:g}")
        self.dataset = dataset
        self._order = order
        self._share = share

    @cached_property
    def links(self) -> Links:
        """The copies, as numbers."""
        return links_of(self.dataset, self._order)

    def table(self, by: By, most: int | None = None) -> pl.LazyFrame:
        """One of the tables; with `most`, only its first rows, and of paragraphs those with most prints."""
        match by:
            case By.PARAGRAPHS:
                return tables.paragraphs(self.links, texts_of(self.dataset), most)
            case By.PAIRS:
                return tables.pairs(self.links, most)
            case By.SOURCES:
                found = tables.sources(self.links, self._totals())
            case By.CLUSTERS:
                found = clusters(self.links, self._share)
        return (found if most is None else found.head(most)).lazy()

    def _totals(self) -> pl.DataFrame:
        """How many words each source kept."""
        words = pl.col("words").cast(pl.UInt64).sum()
        return self.dataset.scan("documents").group_by("source").agg(words).collect(engine="streaming")
