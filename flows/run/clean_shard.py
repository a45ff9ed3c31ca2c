"""A shard edited: the cleaners in their order, each with its table of the configuration.

What is here takes frames and gives frames; `stages` has the files, and `flows.report.explain` shows it of one document.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl

from cleaners.boilerplate.cleaner import boilerplate
from cleaners.duplicate.cleaner import Table as Fingerprints
from cleaners.duplicate.cleaner import count_tokens, eligible, find, table_of
from cleaners.duplicate.fingerprints import KEYS, fingerprint_schema
from cleaners.encoding.cleaner import encoding, repair
from cleaners.language.identifier import language_of_documents
from cleaners.paragraphs import to_paragraphs
from cleaners.phrases.phrase import Phrase
from cleaners.phrases.search import search
from cleaners.related_articles import related_articles
from cleaners.repeated_headline import repeated_headline
from cleaners.repeated_line.inline_boilerplate import inline_boilerplate
from cleaners.text.same_text import differs_beyond_white_space
from flows.settings.line_scores import line_scores
from flows.settings.model import Settings, Table, fingerprint_rules

TITLE_FIXES = "_title_fixes"  # columns that travel with the documents, and are not published
TITLE_BEFORE = "_title_before"


def options(table: Table) -> dict[str, Any]:
    """The keyword arguments that a table of the configuration gives its cleaner."""
    return {name: value for name, value in table if name not in ("enabled", "source_history")}


def clean_shard(
    documents: pl.DataFrame, settings: Settings, phrases: Sequence[Phrase]
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """(documents, paragraphs): titles repaired, languages told, and all done that needs no other document.

    The paragraphs have the columns of `cleaners.paragraphs.SCHEMA`.
    """
    documents = documents.with_columns(pl.lit(None, pl.String).alias("language"))
    if settings.encoding.enabled:
        title, fixes = repair(documents["title"], **options(settings.encoding))
        changed = differs_beyond_white_space(documents["title"], title)
        documents = documents.with_columns(
            title.alias("title"),
            pl.when(changed).then(documents["title"]).alias(TITLE_BEFORE),
            pl.when(changed).then(fixes).alias(TITLE_FIXES),
        )
    else:
        documents = documents.with_columns(
            pl.lit(None, pl.String).alias(TITLE_BEFORE), pl.lit(None, pl.List(pl.String)).alias(TITLE_FIXES)
        )
    frame = to_paragraphs(documents)
    if settings.encoding.enabled:
        frame = encoding(frame, **options(settings.encoding))
    if settings.language.enabled:
        documents, frame = _identify_language(documents, frame)
    frame = remove_boilerplate(frame, settings, phrases)
    if settings.removes_inline_boilerplate:
        frame = inline_boilerplate(frame)
    return documents, frame


def remove_boilerplate(frame: pl.DataFrame, settings: Settings, phrases: Sequence[Phrase]) -> pl.DataFrame:
    """The frame after the cleaners that look for boilerplate in one document."""
    if settings.repeated_headline.enabled:
        frame = repeated_headline(frame, **options(settings.repeated_headline))
    found = None
    if settings.related_articles.enabled or settings.boilerplate.enabled:
        found = search(frame, phrases)
    if settings.related_articles.enabled:
        frame = related_articles(frame, phrases=phrases, found=found, **options(settings.related_articles))
    if settings.boilerplate.enabled:
        model = line_scores() if settings.boilerplate.strictness else None
        frame = boilerplate(frame, phrases=phrases, found=found, model=model, **options(settings.boilerplate))
    return frame


def _identify_language(documents: pl.DataFrame, frame: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Both with the language filled in, told from the repaired paragraphs at the head of each document."""
    runs = frame.get_column("document_id").rle()  # a document's paragraphs are together
    sizes = runs.struct.field("len")
    told = language_of_documents(frame.get_column("text"), sizes).alias("language")
    known = pl.DataFrame([runs.struct.field("value").alias("document_id"), told])
    run = pl.Series(np.repeat(np.arange(len(runs), dtype=np.uint32), sizes.to_numpy()))
    return (
        documents.drop("language").join(known, on="document_id", how="left", maintain_order="left"),
        frame.with_columns(told.gather(run)),
    )


def fingerprints_of(
    frame: pl.DataFrame, settings: Settings, frequencies: pl.DataFrame | None = None
) -> Fingerprints:
    """Fingerprints and texts of the frame's `eligible` paragraphs; `frequencies` is for the method "exact"."""
    return table_of(frame, **fingerprint_rules(settings.duplicate), frequencies=frequencies)


def decide(
    tables: Sequence[Fingerprints],
    index: Sequence[Fingerprints],
    settings: Settings,
    older: pl.DataFrame | None = None,
    workers: int = 1,
) -> list[pl.DataFrame]:
    """What `find` decides by these settings; nothing meets where the cleaner `duplicate` is switched off."""
    s = settings.duplicate
    if not s.enabled:
        keys = list(fingerprint_schema(s.threshold, s.method).items())[KEYS:]
        nothing = [pl.lit(None, dtype).alias(name) for name, dtype in keys]
        tables = [table._replace(fingerprints=table.fingerprints.with_columns(nothing)) for table in tables]
        index = []
    return find(
        tables,
        index,
        n=s.n,
        threshold=s.threshold,
        same_numbers=s.same_numbers,
        document_share=settings.duplicate_document.document_share
        if settings.duplicate_document.enabled
        else None,
        min_words=settings.too_short.min_words if settings.too_short.enabled else None,
        method=s.method,
        older=older,
        workers=workers,
    )


def count_words(frame: pl.DataFrame, fingerprints: pl.DataFrame) -> pl.Series:
    """The tokens of every paragraph: of those that are compared they are known, the others are few."""
    known = frame.select(eligible()).to_series()
    words = pl.zeros(len(frame), pl.UInt32, eager=True).scatter(known.arg_true(), fingerprints["tokens"])
    others = (~known).arg_true()
    return words.scatter(others, count_tokens(frame["text"].gather(others))).alias("words")


def repaired(documents: pl.DataFrame, frame: pl.DataFrame) -> pl.DataFrame:
    """The repaired titles and paragraphs, document by document, a title before its text."""
    titles = documents.filter(pl.col(TITLE_FIXES).is_not_null()).select(
        "document_id",
        pl.lit("title").alias("field"),
        pl.lit(None, pl.UInt32).alias("position"),
        pl.col(TITLE_BEFORE).alias("before"),
        pl.col("title").alias("after"),
        pl.col(TITLE_FIXES).alias("fixes"),
    )
    paragraphs = frame.filter(pl.col("before").is_not_null()).select(
        "document_id",
        pl.lit("text").alias("field"),
        "position",
        "before",
        pl.col("text").alias("after"),
        "fixes",
    )
    order = documents.select("document_id").with_row_index("document")
    return (
        pl.concat([titles, paragraphs])
        .join(order, on="document_id", how="left", maintain_order="left")
        .sort("document", "position", nulls_last=False, maintain_order=True)
        .drop("document")
    )
