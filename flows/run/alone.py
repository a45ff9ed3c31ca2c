"""Documents cleaned by themselves: every cleaner, in memory, without a dataset and what it knows of earlier runs."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import polars as pl

from cleaners.duplicate.cleaner import duplicate
from cleaners.duplicate.rarest_shingles import merge_frequencies
from cleaners.lexicon import Lexicon
from cleaners.phrases.phrase import Phrase
from cleaners.repeated_line.count_tables import merge_counts
from cleaners.repeated_line.line_counts import count_source_lines
from cleaners.repeated_line.line_keys import line_keys
from flows.run.clean_shard import clean_shard, decide, fingerprints_of, without_repeated_lines
from flows.settings import Settings


class Alone(NamedTuple):
    """A shard of documents after all cleaners."""

    documents: pl.DataFrame  # titles repaired, languages identified
    paragraphs: pl.DataFrame  # columns: `cleaners.paragraphs.SCHEMA`


class _Cleaned(NamedTuple):
    documents: pl.DataFrame
    paragraphs: pl.DataFrame
    keys: pl.DataFrame | None
    counts: pl.DataFrame | None


def clean_alone(
    shards: Sequence[pl.DataFrame],
    settings: Settings,
    phrases: Sequence[Phrase],
    lexicon: Lexicon,
    workers: int = 1,
) -> list[Alone]:
    """The shards after all cleaners of the pipeline, as if they were the only run of a new dataset.

    Each shard has the columns document_id, text, source, title and published of some documents, in order. No document
    may be split between two shards. All texts are kept in memory.
    """

    def clean(shard: pl.DataFrame) -> _Cleaned:
        documents, frame = clean_shard(shard, settings, phrases, lexicon)
        if not settings.repeated_line.enabled:
            return _Cleaned(documents, frame, None, None)
        keys = line_keys(frame, lexicon=lexicon, max_characters=settings.repeated_line.max_characters)
        return _Cleaned(
            documents, frame, keys, count_source_lines(frame, documents.get_column("published"), keys=keys)
        )

    with ThreadPoolExecutor(workers) as pool:
        cleaned = list(pool.map(clean, shards))
        counts = [one.counts for one in cleaned if one.counts is not None]
        lines = merge_counts(counts) if counts else None

        def remove(one: _Cleaned) -> pl.DataFrame:
            if lines is None or one.keys is None:
                return one.paragraphs
            return without_repeated_lines(one.paragraphs, lines, one.keys, settings, lexicon)

        frames = list(pool.map(remove, cleaned))
        frequencies = merge_frequencies([]) if settings.duplicate.ranks_shingles else None
        tables = list(
            pool.map(
                lambda one, frame: fingerprints_of(frame, one.documents, settings, frequencies),
                cleaned,
                frames,
            )
        )
        documents = pl.concat([one.documents.lazy() for one in cleaned]) if cleaned else None
        sources = documents.select("document_id", "source").collect() if documents is not None else None
        decisions = decide(tables, [], settings, sources=sources, workers=workers)
        return [
            Alone(one.documents, duplicate(frame, mine))
            for one, frame, mine in zip(cleaned, frames, decisions, strict=True)
        ]
