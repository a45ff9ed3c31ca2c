"""Cleaning a shard: the cleaners in order, each with its table of the configuration.

These functions only map frames to frames. `stages` reads and writes the files; `flows.report.explain` shows the result
for a single document.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import numpy as np
import polars as pl

from cleaners import PIPELINE
from cleaners.duplicate.candidate_texts import FingerprintTable
from cleaners.duplicate.cleaner import eligible, fingerprint_table
from cleaners.duplicate.facts import fact_words
from cleaners.duplicate.fingerprints import FIRST_KEY_COLUMN, fingerprint_schema
from cleaners.duplicate.near_duplicates import Rules, find_duplicates
from cleaners.encoding.cleaner import encoding, repair
from cleaners.language.identifier import language_of_documents
from cleaners.lexicon import Lexicon
from cleaners.paragraphs import document_starts, rewrite, to_paragraphs
from cleaners.phrases.phrase import Phrase
from cleaners.phrases.search import search
from cleaners.repeated_line.cleaner import repeated_line
from cleaners.repeated_line.inline_boilerplate import repeated_inline_boilerplate
from cleaners.text.same_text import differs_beyond_white_space
from cleaners.text.shingles import count_tokens
from flows.dataset.exceptions import EXCEPTIONS, protect
from flows.inputs.markup.fragments import fragment_text
from flows.inputs.markup.in_records import FRAGMENT
from flows.settings import Settings
from flows.settings.bundled import line_classifier_model
from flows.settings.fact_files import fact_lists
from flows.settings.model import Table, fingerprint_rules

TITLE_FIXES = "_title_fixes"  # internal columns of the documents, not published
TITLE_BEFORE = "_title_before"
MARKUP_FIX: Final = "extract_markup"


def options(table: Table) -> dict[str, Any]:
    """The keyword arguments for a cleaner, from its table of the configuration."""
    return {name: value for name, value in table if name not in ("enabled", "action", "source_history")}


def clean_shard(
    documents: pl.DataFrame,
    settings: Settings,
    phrases: Sequence[Phrase],
    lexicon: Lexicon,
    exceptions: pl.DataFrame | None = None,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """(documents, paragraphs): titles repaired, languages identified, cleaned as far as no other document is needed.

    The paragraphs have the columns of `cleaners.paragraphs.SCHEMA`. `documents` need no metadata; by them,
    fragments of web pages are known. `exceptions` is the table of text that was restored, and stays.
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
    exceptions = pl.DataFrame(schema=EXCEPTIONS) if exceptions is None else exceptions
    frame = _without_tags(to_paragraphs(documents), documents)
    if settings.encoding.enabled:
        frame = encoding(frame, **options(settings.encoding))
    if settings.language.enabled:
        documents, frame = _identify_language(documents, frame)
    frame = protect(frame, documents, exceptions)
    cleaned = clean_documents(frame, settings, phrases, lexicon)
    return documents, protect(cleaned, documents, exceptions, since=frame)


def _without_tags(frame: pl.DataFrame, documents: pl.DataFrame) -> pl.DataFrame:
    """The frame with text in place of markup, in the documents whose text is a fragment of a web page."""
    if "metadata" not in documents.columns:
        return frame
    marked = documents.get_column("metadata").str.contains(FRAGMENT, literal=True).fill_null(False)
    if not marked.any():
        return frame
    text = frame.get_column("text")
    rows = marked.gather(frame.get_column("document")).arg_true()
    plain = [" ".join(fragment_text(one).split("\n")) for one in text.gather(rows)]
    new = text.clone().scatter(rows, pl.Series(plain, dtype=pl.String))
    fixes = pl.repeat([MARKUP_FIX], len(frame), dtype=pl.List(pl.String), eager=True)
    return rewrite(frame, new, fixes)


def clean_documents(
    frame: pl.DataFrame, settings: Settings, phrases: Sequence[Phrase], lexicon: Lexicon
) -> pl.DataFrame:
    """The frame after the cleaners of `PIPELINE` whose scope is one document."""
    resources: dict[str, Any] = {"phrases": phrases, "lexicon": lexicon}
    for cleaner in PIPELINE:
        if cleaner.scope != "document" or not settings.runs(cleaner.name):
            continue
        table = settings.table(cleaner.name)
        for name in cleaner.takes:
            if name not in resources:
                resources[name] = _RESOURCES[name](frame, settings, phrases)
        taken = {name: resources[name] for name in cleaner.takes}
        frame = cleaner.function(frame, **options(table), **taken)
    return frame


def without_repeated_lines(
    frame: pl.DataFrame, lines: pl.DataFrame, keys: pl.DataFrame, settings: Settings, lexicon: Lexicon
) -> pl.DataFrame:
    """The frame without the lines and closing sentences that `lines`, a merged table, shows its sources to repeat."""
    s = settings.repeated_line
    frame = repeated_line(
        frame,
        lines,
        keys=keys,
        lexicon=lexicon,
        min_documents=s.min_documents,
        min_share=s.min_share,
        min_words=s.min_words,
    )
    if not settings.runs("inline_boilerplate"):
        return frame
    return repeated_inline_boilerplate(frame, lines, keys=keys, lexicon=lexicon, min_share=s.min_share)


#: What is made when a cleaner first asks for it, from the frame as it is then.
_RESOURCES: Final[Mapping[str, Callable[[pl.DataFrame, Settings, Sequence[Phrase]], object]]] = {
    "found": lambda frame, _, phrases: search(frame, phrases),
    "model": lambda _, settings, __: line_classifier_model() if settings.boilerplate.strictness else None,
}


def _identify_language(documents: pl.DataFrame, frame: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Both with the language, identified from the repaired paragraphs at the head of each document."""
    starts = document_starts(frame)
    found = language_of_documents(frame.get_column("text"), pl.Series(np.diff(starts)))
    with_text = frame.get_column("document").gather(starts[:-1])
    language = documents.get_column("language").clone().scatter(with_text, found)
    return (
        documents.with_columns(language),
        frame.with_columns(language.gather(frame.get_column("document"))),
    )


def fingerprints_of(
    frame: pl.DataFrame,
    documents: pl.DataFrame,
    settings: Settings,
    frequencies: pl.DataFrame | None = None,
) -> FingerprintTable:
    """Fingerprints and texts of the `eligible` paragraphs; the method "exact" needs `frequencies`."""
    rules = fingerprint_rules(settings.duplicate)
    return fingerprint_table(frame, documents.get_column("document_id"), **rules, frequencies=frequencies)


def decide(
    tables: Sequence[FingerprintTable],
    index: Sequence[FingerprintTable],
    settings: Settings,
    older: pl.DataFrame | None = None,
    sources: pl.DataFrame | None = None,
    workers: int = 1,
) -> list[pl.DataFrame]:
    """The decisions of `find_duplicates` with these settings; without duplicates if `[duplicate]` is off."""
    s = settings.duplicate
    if not s.enabled:
        keys = list(fingerprint_schema(s.threshold, s.method, s.measure).items())[FIRST_KEY_COLUMN:]
        nothing = [pl.lit(None, dtype).alias(name) for name, dtype in keys]
        tables = [table._replace(fingerprints=table.fingerprints.with_columns(nothing)) for table in tables]
        index = []
    rules = duplicate_rules(settings)
    return find_duplicates(tables, index, **rules, older=older, sources=sources, workers=workers)


def duplicate_rules(settings: Settings) -> Rules:
    """The rules of `find_duplicates` by these settings."""
    s, whole, short = settings.duplicate, settings.duplicate_document, settings.too_short
    return {
        "n": s.n,
        "threshold": s.threshold,
        "same_numbers": s.same_numbers,
        "same_facts": fact_words(fact_lists()) if s.enabled and s.same_facts else None,
        "document_share": whole.document_share if whole.enabled else None,
        "min_words": short.min_words if short.enabled else None,
        "method": s.method,
        "measure": s.measure,
        "keep": s.keep,
        "keep_leads": s.keep_leads,
    }


def count_words(frame: pl.DataFrame, fingerprints: pl.DataFrame) -> pl.Series:
    """The token count of every paragraph; known for fingerprinted ones, counted here for the few others."""
    known = frame.select(eligible()).to_series()
    words = pl.zeros(len(frame), pl.UInt32, eager=True).scatter(known.arg_true(), fingerprints["tokens"])
    others = (~known).arg_true()
    return words.scatter(others, count_tokens(frame["text"].gather(others))).alias("words")


def with_texts(documents: pl.DataFrame, frame: pl.DataFrame) -> pl.DataFrame:
    """The documents with `text`, what is left of it, its `words` and `paragraphs`, and `removed_paragraphs`.

    `frame` has their paragraphs, with `words` and `labelled`. `text` is null if nothing is left.
    """
    kept = frame.get_column("reason").is_null() | frame.get_column("labelled")
    left = frame.select("document", "text", "words").filter(kept & (frame.get_column("text") != ""))
    texts = left.group_by("document").agg("text", pl.col("words").sum(), pl.len().alias("paragraphs"))
    texts = texts.with_columns(pl.col("text").list.join("\n\n"))  # joining in `agg` takes three times as long
    removed = frame.select("document").filter(~kept).group_by("document").len("removed_paragraphs")
    return (
        documents.with_row_index("document")
        .join(texts, on="document", how="left", maintain_order="left")
        .join(removed, on="document", how="left", maintain_order="left")
        .drop("document")
        .with_columns(pl.col("words", "paragraphs", "removed_paragraphs").fill_null(0))
    )


def repaired(documents: pl.DataFrame, frame: pl.DataFrame) -> pl.DataFrame:
    """The repaired titles and paragraphs by document, the title first; their `document_id` and `uri` come first."""
    titles = (
        documents.select(
            pl.int_range(pl.len(), dtype=pl.UInt32).alias("document"), "title", TITLE_BEFORE, TITLE_FIXES
        )
        .filter(pl.col(TITLE_FIXES).is_not_null())
        .select(
            "document",
            pl.lit("title").alias("field"),
            pl.lit(None, pl.UInt32).alias("position"),
            pl.col(TITLE_BEFORE).alias("before"),
            pl.col("title").alias("after"),
            pl.col(TITLE_FIXES).alias("fixes"),
        )
    )
    paragraphs = frame.filter(pl.col("before").is_not_null()).select(
        "document",
        pl.lit("text").alias("field"),
        "position",
        "before",
        pl.col("text").alias("after"),
        "fixes",
    )
    both = pl.concat([titles, paragraphs]).sort("document", "position", nulls_last=False, maintain_order=True)
    names = documents.select("document_id", "uri")[both.get_column("document")]
    return pl.concat([names, both.drop("document")], how="horizontal")
