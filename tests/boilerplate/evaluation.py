"""What the cleaners remove of labelled lines, of what extractors returned, and of text that is already clean."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from cleaners.attributes import label_lines
from cleaners.boilerplate.line_classifier.shape import MAX_CANDIDATE_WORDS
from cleaners.encoding.cleaner import encoding
from cleaners.paragraphs import to_paragraphs
from cleaners.text.prose import is_prose, words
from flows.run.clean_shard import clean_documents, options
from flows.settings import Settings, lexicon_of, phrases_of
from flows.settings.bundled import line_classifier_model

from .sets import SHARES, LabelledSet, kind_of, labelled_sets, records, texts_of

SAMPLE: Final = 1500  # documents of a corpus
LABEL_WORDS: Final = 3
_HEADER: Final = (
    "| extractor and source | lines | precision | recall | words kept |\n|---|---:|---:|---:|---:|"
)


def evaluate(shared: Path) -> None:
    """Print the tables: labelled sets, what is missed of them, corpora; all by the default configuration."""
    print("Labelled lines, most of which training has seen; those that no forest has seen are below.\n")
    print(_HEADER)
    sets = labelled_sets(shared, SHARES)
    results = [(labelled, cleaned(labelled.frame())["reason"].is_not_null().to_numpy()) for labelled in sets]
    rows = [row for labelled, gone in results for row in _rows(labelled, gone)]
    for _, row in sorted(rows):  # the worst first
        print(row)
    print("\nWhat is missed: lines to remove that stay, of a thousand in each kind of text.\n")
    print(missed_by_kind(results))
    about = line_classifier_model().about
    for how, figures_of in about["precision_recall_and_words_kept"].items():
        print(f"\nWith rules and scores together, {how}.\n")
        print("| family | precision | recall | words kept |\n|---|---:|---:|---:|")
        for name, three in figures_of.items():
            print(f"| {name} | {' | '.join(three.split())} |")
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


def missed_by_kind(results: Sequence[tuple[LabelledSet, NDArray[np.bool_]]]) -> str:
    """A table: of a thousand lines to remove that stay, how many have each form, by kind of text."""
    lexicon = lexicon_of(Settings())
    of_kinds: dict[str, Counter[str]] = {}
    for labelled, gone in results:
        missed = np.flatnonzero(~gone & ~labelled.keep())
        text = labelled.frame()["text"].gather(missed)
        lines = pl.DataFrame(
            {
                "text": text,
                "label": label_lines(text, lexicon),
                "title": pl.Series(labelled.of_lines("title"), dtype=pl.String).fill_null("").gather(missed),
            }
        )
        forms = lines.select(form_of_line()).to_series().to_list()
        of_kinds.setdefault(kind_of(labelled.name), Counter()).update(forms)
    kinds = sorted(of_kinds)
    total = sum(of_kinds.values(), Counter[str]())
    table = [f"| form | {' | '.join(kinds)} |", f"|---|{'---:|' * len(kinds)}"]
    for form, _ in total.most_common():
        shares = [1000 * of_kinds[kind][form] / max(of_kinds[kind].total(), 1) for kind in kinds]
        table.append(f"| {form} | {' | '.join(f'{share:.0f}' for share in shares)} |")
    return "\n".join(table)


def form_of_line() -> pl.Expr:
    """What a line looks like, in a word or two, given its columns text, label and title."""
    text, words_of = pl.col("text"), words(pl.col("text"))
    title = pl.col("title").str.to_lowercase()
    return (
        pl.when(pl.col("label").is_not_null())
        .then(pl.col("label"))
        .when((title != "") & (text.str.to_lowercase() == title))
        .then(pl.lit("headline"))
        .when(words_of > MAX_CANDIDATE_WORDS)
        .then(pl.lit("long paragraph"))
        .when(is_prose(text))
        .then(pl.lit("sentence"))
        .when(text.str.contains(r"https?://|www\.|@"))
        .then(pl.lit("address"))
        .when(text.str.starts_with("|"))
        .then(pl.lit("row of a table"))
        .when(text.str.contains(r"^[-*•·+]\s"))
        .then(pl.lit("item with a bullet"))
        .when(text.str.contains(r"\d"))
        .then(pl.lit("short, with figures"))
        .when(words_of <= LABEL_WORDS)
        .then(pl.lit("one to three words"))
        .otherwise(pl.lit("short line"))
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
        yield (
            path.name.split(".")[0],
            _documents(
                [{"text": text, "source": path.name.split(".")[0]} for text in texts_of(path, SAMPLE)]
            ),
        )


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


def _rows(labelled: LabelledSet, gone: NDArray[np.bool_]) -> list[tuple[float, str]]:
    """(words kept, row of the table) of a set, and of each of its languages."""
    language = labelled.of_lines("language")
    codes = sorted(set(language.tolist()))
    places = [(labelled.name, np.ones(len(gone), np.bool_))]
    if len(codes) > 1:
        places += [(f"{labelled.name}, {code}", language == code) for code in codes]
    rows = []
    for name, where in places:
        keep, count, went = labelled.keep()[where], labelled.words()[where], gone[where]
        precision = (went & ~keep).sum() / max(went.sum(), 1)
        kept = 1 - count[went & keep].sum() / max(count[keep].sum(), 1)
        recall = went[~keep].mean() if (~keep).any() else float("nan")
        rows.append((float(kept), f"| {name} | {len(keep)} | {precision:.3f} | {recall:.3f} | {kept:.4f} |"))
    return rows
