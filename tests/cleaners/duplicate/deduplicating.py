"""Small corpora: one run of the cleaner over them, and an oracle that compares every pair."""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Sequence
from typing import Any

import polars as pl
from hypothesis import strategies as st

from cleaners.duplicate import cleaner as duplicate
from cleaners.duplicate import rarest_shingles
from cleaners.duplicate.candidate_texts import FingerprintTable
from cleaners.duplicate.facts import fact_words
from cleaners.duplicate.fingerprints import uses_bands
from cleaners.duplicate.near_duplicates import find_duplicates
from support import frame_of, ids_of

DEFAULTS: dict[str, Any] = {
    "n": 3,
    "threshold": 0.8,
    "min_tokens": 10,
    "short": "keep",
    "method": "minhash",
    "measure": "jaccard",
}
RULES: dict[str, Any] = {
    "n": 3,
    "threshold": 0.8,
    "method": "minhash",
    "measure": "jaccard",
    "same_numbers": True,
    "same_facts": None,
    "document_share": 0.8,
    "min_words": 1,
    "keep_leads": False,
}
#: The words of the language of two documents in three; that of the others is not known.
LISTED = {"en": ("bee", "dog"), "xx": ("ant",)}
Corpus = list[list[str]]


@functools.cache
def some_frequencies() -> pl.DataFrame:
    """Shingle frequencies in which a few shingles are frequent."""
    seen = pl.Series(["ant bee Cat dog eel 3 4 x1", "the harbour board said on monday", "ant bee cat"])
    return rarest_shingles.count_shingles(seen, 3)


def table_of(frame: pl.DataFrame, **making: Any) -> FingerprintTable:
    """The fingerprint table of a frame by these rules, with shingle frequencies where they count."""
    frequencies = None if uses_bands(making["method"], making["measure"]) else some_frequencies()
    return duplicate.fingerprint_table(frame, ids_of(frame), **making, frequencies=frequencies)


def find(
    tables: Sequence[FingerprintTable], index: Sequence[FingerprintTable] = (), **ruling: Any
) -> pl.DataFrame:
    """The decisions on all tables."""
    return pl.concat(find_duplicates(tables, index, **ruling))


def run(corpus: Corpus, **options: Any) -> pl.DataFrame:
    """The frame of the whole corpus after the cleaner, decided in one table."""
    making = {name: options.get(name, value) for name, value in DEFAULTS.items()}
    ruling = {name: options.get(name, value) for name, value in RULES.items()}
    frame = frame_in_languages(corpus)
    return duplicate.duplicate(frame, find([table_of(frame, **making)], **ruling))


def kept(table: FingerprintTable, decisions: pl.DataFrame) -> FingerprintTable:
    """The part of a table that goes into the index."""
    fingerprints = table.fingerprints.collect().with_row_index("row")
    left = duplicate.kept_fingerprints(fingerprints, decisions)
    rows = left.get_column("row").to_numpy()
    return FingerprintTable(left.drop("row").lazy(), lambda local: table.texts(rows[local]))


def language_of(document: int) -> str | None:
    """The language of a document by its number."""
    return "en" if document % 3 else None


def frame_in_languages(corpus: Corpus, first: int = 0) -> pl.DataFrame:
    """The frame of a corpus whose documents are numbered from `first`, each with its `language_of`."""
    return frame_of(*corpus, first=first, language=[language_of(first + n) for n in range(len(corpus))])


def words(text: str) -> list[str]:
    """The tokens of a text that has no single-token script."""
    return re.findall(r"\w+", unicodedata.normalize("NFKC", text).casefold().replace("_", " "))


def decisions_of(frame: pl.DataFrame) -> list[tuple[Any, ...]]:
    """What `oracle` returns, for a frame after the cleaner."""
    return frame.select("reason", "duplicate_of_document_id", "duplicate_of_position", "jaccard").rows()


WORDS = ["ant", "bee", "Cat", "dog", "eel", "3", "4", "x1"]
options = st.fixed_dictionaries(
    {
        "n": st.integers(1, 4),
        "threshold": st.sampled_from([0.3, 0.5, 0.6, 0.8, 1.0]),
        "min_tokens": st.sampled_from([1, 3, 10]),
        "short": st.sampled_from(["keep", "exact"]),
        "method": st.sampled_from(["minhash", "exact"]),
        "measure": st.sampled_from(["jaccard", "jaccard", "containment"]),
        "same_numbers": st.booleans(),
        "same_facts": st.sampled_from([None, fact_words(LISTED)]),
        "document_share": st.sampled_from([None, 0.5, 0.8, 1.0]),
        "min_words": st.sampled_from([None, 0, 1, 5, 20]),
        "keep_leads": st.booleans(),
    }
)


@st.composite
def corpora(draw: st.DrawFn) -> Corpus:
    """Documents whose paragraphs are new, or earlier ones with a few words changed."""
    known: list[list[str]] = []
    corpus: Corpus = []
    for _ in range(draw(st.integers(0, 7))):
        document = []
        for _ in range(draw(st.integers(1, 5))):
            if known and draw(st.booleans()):
                text = list(draw(st.sampled_from(known)))
                for _ in range(draw(st.integers(0, 2))):
                    text[draw(st.integers(0, len(text) - 1))] = draw(st.sampled_from(WORDS))
                text = text[draw(st.integers(0, 1)) :] or text
            else:
                text = draw(st.lists(st.sampled_from([*WORDS, "--", "(7.T)"]), min_size=1, max_size=16))
            known.append(text)
            document.append(draw(st.sampled_from([" ", ", "])).join(text))
        corpus.append(document)
    return corpus


NEWS = "the harbour board said on monday that the old crane will be taken down before the winter storms"
OTHER = "a choir of forty children sang in the square while the mayor lit the lamps along the river"
