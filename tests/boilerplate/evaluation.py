"""What the cleaners remove of labelled lines, of what extractors might leave, and of text that is already clean."""

from __future__ import annotations

import random
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from cleaners.encoding.cleaner import encoding
from cleaners.paragraphs import to_paragraphs
from cleaners.text.prose import words
from flows.run.clean_shard import clean_documents, options
from flows.settings import Settings, lexicon_of, phrases_of
from flows.settings.bundled import line_classifier_model

from .sets import LabelledSet, records
from .training import labelled_and_cropped

SAMPLE: Final = 1500  # documents of a corpus
LEAST: Final = 300  # characters of one
METADATA: Final = "-meta.txt"
_HEADER: Final = "| set | language | lines | precision | recall | words kept |\n|---|---|---:|---:|---:|---:|"


def evaluate(shared: Path) -> None:
    """Print the tables: labelled sets, then corpora; both as the default configuration removes them."""
    print(
        "Labelled lines, all of which the scorer has seen in training; figures for unseen ones are in its file.\n"
    )
    print(_HEADER)
    for labelled in labelled_and_cropped(shared):
        gone = cleaned(labelled.frame())["reason"].is_not_null().to_numpy()
        print(_row(labelled, gone, None))
        languages = sorted({d.language for d in labelled.documents})
        for language in languages if len(languages) > 1 else ():
            print(_row(labelled, gone, language))
    about = line_classifier_model().about
    for how, sets in about["drop_recall_and_words_kept"].items():
        print(f"\nThe same, {how}: recall and words kept, rules and scores together.\n")
        print("| set | recall | words kept |\n|---|---:|---:|")
        for name, both in sets.items():
            print(f"| {name} | {' | '.join(both.split())} |")
    print("\nNews, none of it labelled: what goes of a thousand words.\n")
    print("| corpus | documents | by phrases and structure | by line scores |\n|---|---:|---:|---:|")
    for name, documents in corpora(shared):
        frame = cleaned(paragraphs(documents))
        count = frame.select(words(pl.col("text"))).to_series().to_numpy()
        reason, rule = (
            frame["reason"].is_in(["boilerplate", "related_articles"]).fill_null(False),
            frame["rule"],
        )
        by_score = (reason & rule.str.starts_with("line score").fill_null(False)).to_numpy()
        by_rules = reason.to_numpy() & ~by_score
        total = count.sum() / 1000
        print(
            f"| {name} | {len(documents)} | {count[by_rules].sum() / total:.2f} | {count[by_score].sum() / total:.2f} |"
        )


def cleaned(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame after the cleaners that look at one document, as the default configuration has them."""
    settings = Settings()
    return clean_documents(frame, settings, phrases_of(settings), lexicon_of(settings))


def corpora(shared: Path) -> Iterable[tuple[str, pl.DataFrame]]:
    """A sample of each corpus of news: its name, and documents as `to_paragraphs` takes them."""
    changed_inputs = shared / "data" / "news"
    for path in sorted(changed_inputs.glob("*.jsonl.zst")):
        rows = random.Random(1).sample(list(records(path)), SAMPLE)
        yield path.name.split(".")[0], _documents(rows)
    for path in sorted(changed_inputs.glob("*.tar.zst")):
        yield path.name.split(".")[0], _documents(_texts(path))


def _texts(path: Path) -> list[dict[str, str]]:
    """The first texts of a packed folder that are UTF-8, without the files of figures that lie beside them."""
    import tarfile

    import zstandard

    rows: list[dict[str, str]] = []
    with (
        path.open("rb") as packed,
        tarfile.open(fileobj=zstandard.ZstdDecompressor().stream_reader(packed), mode="r|") as archive,
    ):
        for entry in archive:
            if len(rows) == SAMPLE:
                break
            if entry.isfile() and not entry.name.endswith(METADATA):
                data = archive.extractfile(entry).read()  # type: ignore[union-attr]
                try:
                    text = data.decode()
                except UnicodeDecodeError:
                    continue
                if text.startswith("---\n"):  # front matter
                    text = text.split("\n---\n", 1)[-1]
                if len(text) >= LEAST:  # else a note on another text
                    rows.append({"text": text, "source": path.name.split(".")[0]})
    return rows


def _documents(rows: list[dict[str, str]]) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "text": [r["text"] for r in rows],
            "source": [r.get("source") for r in rows],
            "title": [r.get("title") for r in rows],
            "language": [None] * len(rows),
        },
        schema_overrides={"title": pl.String, "language": pl.String},
    )


def paragraphs(documents: pl.DataFrame) -> pl.DataFrame:
    """The documents as repaired paragraphs."""
    return encoding(to_paragraphs(documents), **options(Settings().encoding))


def _row(labelled: LabelledSet, gone: NDArray[np.bool_], language: str | None) -> str:
    where = np.ones(len(gone), np.bool_) if language is None else labelled.of_lines("language") == language
    keep, count, gone = labelled.keep()[where], labelled.words()[where], gone[where]
    precision = (gone & ~keep).sum() / max(gone.sum(), 1)
    kept = 1 - count[gone & keep].sum() / max(count[keep].sum(), 1)
    return (
        f"| {labelled.name} | {language or 'all'} | {len(keep)} | {precision:.3f} "
        f"| {gone[~keep].mean() if (~keep).any() else float('nan'):.3f} | {kept:.4f} |"
    )
