"""What a higher strictness would have removed: the line classifier looks again at a sample of the run's documents."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import polars as pl
from pydantic import ValidationError

from flows.errors import CopydeskError
from flows.report.page.documents import Documents
from flows.report.page.reading import RunTables
from flows.report.page.sampling import least_score

#: Documents that are looked at, spread evenly over the run.
MOST_DOCUMENTS: Final = 300
#: What stands before the line classifier looks at a document.
_BEFORE: Final = ("repeated_headline", "related_articles", "boilerplate")


def some_documents(run: RunTables) -> tuple[pl.Series, float]:
    """(ids of published documents, how many documents of the run each of them stands for)."""
    ids = run.scan("documents").select("document_id").collect().to_series()
    if ids.is_empty():
        return ids, 1.0
    some = ids.gather_every(-(-len(ids) // MOST_DOCUMENTS))
    return some, len(ids) / len(some)


def removed_by_more(
    settings: Mapping[str, Any], documents: Documents, ids: pl.Series, each: float
) -> tuple[tuple[float, int], ...]:
    """(strictness, about how many more lines of the run it would have removed), for each tenth above that of the run.

    `documents` has those with the `ids`, each of which stands for `each` documents. Lines that go at the highest
    strictness are placed by their score and what a line of an article needs. Nothing where the line classifier
    was switched off, or where the settings or phrase files are not there any more.
    """
    from cleaners.boilerplate.line_classifier.classify import RULE, classify_lines
    from cleaners.phrases.articles import keep_article_lines
    from cleaners.phrases.search import lines_of, search
    from flows.settings import Settings, lexicon_of, phrases_of
    from flows.settings.bundled import line_classifier_model

    strictness = float(settings["boilerplate"]["strictness"])
    levels = [n / 10 for n in range(1, 11) if n / 10 > strictness + 1e-9]
    if not levels or not strictness or not settings["boilerplate"]["enabled"]:
        return ()
    try:
        known = Settings.model_validate(settings)
        phrases, lexicon = phrases_of(known), lexicon_of(known)
    except (ValidationError, CopydeskError):
        return ()
    sampled = documents.paragraphs.filter(pl.col("document_id").is_in(ids.implode()))
    if sampled.is_empty():
        return ()
    frame = _as_it_was(sampled, documents.about, RULE)
    found = keep_article_lines(search(frame, phrases), frame, lines_of(frame), ())
    kept = sampled.get_column("reason").is_null()
    removed = classify_lines(frame, found, phrases, lexicon, line_classifier_model(), levels[-1])
    more = removed.filter(kept.gather(removed.get_column("row")))
    score = more.get_column("detail").str.extract(r"^(\d\.\d+):", 1).cast(pl.Float64)
    needed = [round(least_score(level, "article"), 2) for level in levels[:-1]]
    return (
        *(
            (level, round(each * int((score >= least).sum())))
            for level, least in zip(levels, needed, strict=False)
        ),
        (levels[-1], round(each * len(more))),
    )


def _as_it_was(sampled: pl.DataFrame, about: pl.DataFrame, rule: str) -> pl.DataFrame:
    """The paragraphs as the line classifier saw them: without its own removals, and those of later cleaners."""
    from cleaners.paragraphs import SCHEMA

    gone = pl.col("reason").is_in(_BEFORE) & (pl.col("rule") != rule)
    with_titles = sampled.join(
        about.select("document_id", "source", "title", "language").unique("document_id"),
        on="document_id",
        how="left",
        maintain_order="left",
    )
    frame = with_titles.with_columns(
        pl.col("document_id").rle_id().alias("document"),
        pl.lit(False).alias("protected"),
        *(pl.when(gone).then(name).alias(name) for name in ("reason", "rule")),
    )
    missing = [pl.lit(None, dtype).alias(name) for name, dtype in SCHEMA.items() if name not in frame.columns]
    return frame.with_columns(missing).select(pl.col(name).cast(dtype) for name, dtype in SCHEMA.items())
