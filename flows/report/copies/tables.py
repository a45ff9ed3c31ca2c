"""Paragraphs that were printed more than once, pairs of documents with text in common, and who copies whom."""

from __future__ import annotations

from typing import Final

import polars as pl

from flows.report.copies.links import ABOUT, Links

#: From this share on, most of a document is a copy.
MOST: Final = 0.5


def paragraphs(links: Links, texts: pl.LazyFrame, most: int | None = None) -> pl.LazyFrame:
    """A row for each paragraph that was printed more than once, in the order of its first copy in `texts`.

    `texts` are the rows that the links were made of. With `most`, only this many: those with most prints.
    `text` is that of the earliest copy, which its document has no more.
    """
    first = pl.col("place").min()
    copy = pl.col("place").filter(~pl.col("is_kept")).min()
    # numbers instead of names, because a paragraph has a list of them
    names = pl.Enum(links.documents["source"].drop_nulls().unique().sort())
    about = links.documents.select("doc", pl.col("source").cast(names), "published")
    rows = links.rows.join(about, on="doc")
    found = rows.group_by("paragraph").agg(
        first.alias("first"),
        pl.col("place").filter("is_kept").first().alias("kept"),
        copy.alias("copy"),
        pl.len().alias("prints"),
        pl.col("doc").n_unique().alias("documents"),
        pl.col("source").drop_nulls().unique().sort().alias("sources"),
        pl.col("published").max().alias("last_published"),
    )
    if most is not None:
        found = found.sort(["prints", "first"], descending=[True, False]).head(most)
    named = _document(_document(found.lazy(), links, "first", ABOUT), links, "kept", ())
    places = _document(named, links, "copy", ()).rename({"copy_document_id": "document_id"})
    places = places.with_columns(pl.col("copy_position").alias("position"))
    columns = [
        *("first_document_id", "first_position", *(f"first_{name}" for name in ABOUT)),
        *("kept_document_id", "kept_position", "prints", "documents", "sources", "last_published", "text"),
    ]
    keys = ["document_id", "position"]
    joined = texts.select(*keys, "text").join(places, on=keys, maintain_order="left")
    if most is not None:
        joined = joined.sort(["prints", "first"], descending=[True, False])
    return joined.with_columns(pl.col("sources").cast(pl.List(pl.String()))).select(columns)


def pairs(links: Links, most: int | None = None) -> pl.LazyFrame:
    """A row for each document and another one that printed text of it first; most words in common first."""
    found = in_common(links).sort(["words", "doc", "first"], descending=[True, False, False])
    if most is not None:
        found = found.head(most)
    ours = links.documents.lazy().select("doc", "document_id", *ABOUT)
    theirs = ours.select(pl.all().name.prefix("first_")).rename({"first_doc": "first"})
    return (
        found.lazy()
        .join(ours, on="doc", maintain_order="left")
        .join(theirs, on="first", maintain_order="left")
        .select(
            *("document_id", *ABOUT, "first_document_id", *(f"first_{name}" for name in ABOUT)),
            *("paragraphs", "words", "share", "first_share", "hours"),
        )
    )


def sources(links: Links, totals: pl.DataFrame) -> pl.DataFrame:
    """A row for each source and another one (or itself) that printed text of it first; most words in common first.

    `totals` has `source` and `words`, how many words each source kept.
    """
    own = links.documents.select("doc", "source")
    found = (
        in_common(links)
        .join(own, on="doc")
        .join(own.rename({"doc": "first", "source": "first_source"}), on="first")
    )
    # what was taken out of documents that are copied counts, too
    kept = totals.select("source", pl.col("words").cast(pl.UInt64))
    removed = links.documents.select("source", pl.col("gone").alias("words"))
    whole = pl.concat([kept, removed]).group_by("source").agg(pl.col("words").sum().alias("all"))
    return (
        found.group_by("source", "first_source")
        .agg(
            pl.col("doc").n_unique().alias("documents"),
            pl.len().alias("pairs"),
            pl.col("paragraphs").sum(),
            pl.col("words").sum(),
            (pl.col("share") >= MOST).sum().alias("mostly_copies"),
            pl.col("hours").count().alias("dated"),
            pl.col("hours").median(),
        )
        .join(whole, on="source", how="left", nulls_equal=True)
        .with_columns((pl.col("words") / pl.col("all")).clip(0, 1).alias("share"))
        .sort(
            ["words", "source", "first_source"],
            descending=[True, False, False],
            nulls_last=[False, True, True],
        )
        .select(
            *("source", "first_source", "documents", "pairs", "paragraphs", "words", "share"),
            *("mostly_copies", "hours", "dated"),
        )
    )


def in_common(links: Links) -> pl.DataFrame:
    """doc, first, paragraphs, words, share, first_share and hours of each pair of documents: numbers only."""
    first = links.rows.group_by("paragraph").agg((pl.col("place").min() // (1 << 32)).alias("first"))
    about = links.documents.select("doc", "published", pl.col("words").alias("all"))
    share = pl.col("words") / pl.max_horizontal("all", "words", 1)
    first_share = pl.col("words") / pl.max_horizontal("first_all", "words", 1)
    hours = (pl.col("published") - pl.col("first_published")).dt.total_seconds() / 3600
    return (
        links.rows.join(first, on="paragraph")
        .filter(pl.col("doc") != pl.col("first"))
        .group_by("doc", "first")
        .agg(pl.len().alias("paragraphs"), pl.col("words").cast(pl.UInt64).sum())
        .join(about, on="doc")
        .join(about.select(pl.all().name.prefix("first_")).rename({"first_doc": "first"}), on="first")
        .select(
            *("doc", "first", "paragraphs", "words", share.alias("share")),
            first_share.alias("first_share"),
            hours.alias("hours"),
        )
    )


def _document(frame: pl.LazyFrame, links: Links, place: str, columns: tuple[str, ...]) -> pl.LazyFrame:
    """The frame with the document and the position at a place, all named after it."""
    named = links.documents.lazy().select(
        pl.col("doc").alias(f"{place}_doc"),
        *(pl.col(name).alias(f"{place}_{name}") for name in ("document_id", *columns)),
    )
    return frame.with_columns(
        (pl.col(place) // (1 << 32)).alias(f"{place}_doc"),
        (pl.col(place) % (1 << 32)).cast(pl.UInt32).alias(f"{place}_position"),
    ).join(named, on=f"{place}_doc", how="left", maintain_order="left")
