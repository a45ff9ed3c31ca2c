"""Labelled lines: what extractors returned of pages, whole pages, text labelled by hand, and news of many sites."""

from __future__ import annotations

import io
import json
import re
import tarfile
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import numpy as np
import polars as pl
import zstandard
from numpy.typing import NDArray

from cleaners.encoding.cleaner import encoding
from cleaners.paragraphs import SCHEMA
from flows.settings import Settings

LEAST: Final = 300  # characters of a document of a corpus
METADATA: Final = "-meta.txt"
#: How lines begin that a corpus puts above each text: its author, date and URL.
HEADER: Final = "--"
KEEP = {1, "1", "headline", "fulltext"}


@dataclass(frozen=True)
class Document:
    """A document as lines, each to be kept or to be removed."""

    name: str
    group: str  # documents of one group are of one hand: they are trained on together or not at all
    language: str
    title: str | None
    lines: list[str]
    keep: list[bool]
    sure: list[bool] | None = None  # whether the label is one to learn from; None: all are


@dataclass(frozen=True)
class LabelledSet:
    """Documents of one kind, and the frame that holds their lines in order."""

    name: str
    kind: str
    documents: list[Document]

    def frame(self) -> pl.DataFrame:
        """The lines as the cleaners take them, repaired."""
        sizes = [len(d.lines) for d in self.documents]

        def of_lines(values: list[Any]) -> list[Any]:
            return [v for v, n in zip(values, sizes, strict=True) for _ in range(n)]

        frame = pl.DataFrame(
            {
                "document": of_lines(list(range(len(self.documents)))),
                "position": [i for n in sizes for i in range(n)],
                "text": [line for d in self.documents for line in d.lines],
                "source": of_lines([d.group for d in self.documents]),
                "title": of_lines([d.title for d in self.documents]),
                "language": of_lines([d.language for d in self.documents]),
            },
            schema_overrides=SCHEMA,
        )
        frame = frame.with_columns(pl.lit(False).alias("protected"))
        missing = [
            pl.lit(None, dtype).alias(name) for name, dtype in SCHEMA.items() if name not in frame.columns
        ]
        options = {k: v for k, v in Settings().encoding if k not in ("enabled", "source_history")}
        return encoding(frame.with_columns(missing).select(*SCHEMA), **options)

    def keep(self) -> NDArray[np.bool_]:
        """Of each line whether it is the article's."""
        return np.array([k for d in self.documents for k in d.keep], np.bool_)

    def sure(self) -> NDArray[np.bool_]:
        """Of each line whether its label is one to learn from."""
        return np.array([s for d in self.documents for s in d.sure or [True] * len(d.lines)], np.bool_)

    def words(self) -> NDArray[np.int64]:
        """Of each line its words, as the measure counts them."""
        return np.array([len(line.split()) for d in self.documents for line in d.lines], np.int64)

    def by_chance(self) -> NDArray[np.bool_]:
        """Of each line of whole pages whether it may count as the article's by chance only.

        Sets have come by their labels by the words that lines share with the article; a short line may share them that
        stands where no other line is the article's.
        """
        if kind_of(self.name) != "whole page":
            return np.zeros(len(self.keep()), np.bool_)
        return np.concatenate([_by_chance(d) for d in self.documents])

    def of_lines(self, field: str) -> NDArray[Any]:
        """A field of the document of each line."""
        return np.repeat([getattr(d, field) for d in self.documents], [len(d.lines) for d in self.documents])


#: A line of so few words that stands so far from the article may be in it by chance.
CHANCE_WORDS, CHANCE_LINES = 6, 2


def _by_chance(document: Document) -> NDArray[np.bool_]:
    keep = np.array(document.keep, np.bool_)
    near = np.zeros(len(keep), np.bool_)
    for step in range(1, CHANCE_LINES + 1):
        near[step:] |= keep[:-step]
        near[:-step] |= keep[step:]
    words = np.array([len(line.split()) for line in document.lines])
    return keep & ~near & (words <= CHANCE_WORDS)


#: Extractors that return the whole page.
WHOLE: Final = ("fullpage", "inscriptis_full", "resiliparse_full", "html")


def kind_of(name: str) -> str:
    """The kind of text of a set, by its name: the extractor, "whole page", "text nodes", or "by hand"."""
    source, _, extractor = name.partition(".")
    if source == "turku":
        return "by hand"
    if extractor == "clean":
        return "clean text"
    if extractor == "text_nodes":
        return "text nodes"
    return "whole page" if extractor in WHOLE else extractor.split("_")[0]


def source_of(name: str) -> str:
    """The pages that a set is made of; sets of the same pages, by other extractors, have the same."""
    return name.partition(".")[0].removesuffix("_articles")


#: Shares of the documents of some kinds of text that are enough to learn from, and to measure.
SHARES: Final = {"whole page": 0.35, "text nodes": 0.5}


def labelled_sets(shared: Path, shares: Mapping[str, float] = MappingProxyType({})) -> list[LabelledSet]:
    """The labelled sets of the folder of shared data; `shares` of the documents of some kinds, and all of others."""
    folder = shared / "data" / "boilerplate"
    sets = []
    for path in sorted([*folder.glob("*.jsonl.zst"), *folder.glob("extracted/*.jsonl.zst")]):
        name = path.name.removesuffix(".jsonl.zst")
        share = shares.get(kind_of(name), 1.0)
        documents = [d for d in _documents(path) if zlib.crc32(f"{name} {d.name}".encode()) < share * 2**32]
        if documents:
            sets.append(LabelledSet(name, "real", documents))
    return sets


def records(path: Path) -> Iterator[dict[str, Any]]:
    """The records of a packed file of JSON lines."""
    with path.open("rb") as packed:
        for line in io.TextIOWrapper(zstandard.ZstdDecompressor().stream_reader(packed), encoding="utf-8"):
            yield json.loads(line)


def _documents(path: Path) -> Iterator[Document]:
    for number, r in enumerate(records(path)):
        if "labels" not in r:
            return
        pairs = [
            (" ".join(line.split()), label in KEEP)
            for line, label in zip(r["lines"], r["labels"], strict=True)
            if line.strip()
        ]
        name = f"{path.name.split('.')[0]}-{number}"
        yield Document(
            name=name,
            group=_host(r.get("url")) or f"{r.get('id', name)}",
            language=r.get("lang") or r.get("country") or "?",
            title=r.get("title"),
            lines=[line for line, _ in pairs],
            keep=[keep for _, keep in pairs],
        )


def _host(url: str | None) -> str | None:
    match = re.match(r"[a-z][a-z0-9+.-]*://(?:www\.)?([^/?#]+)", url or "", re.IGNORECASE)
    return match[1].lower() if match else None


#: A line that so many documents of its site hold is boilerplate, if it has no more words than that; one that several
#: hold may be anything.
REPEATS, REPEATED_WORDS, SEVERAL = 8, 25, 2
#: News as it was written, with nothing around it: file, language.
CLEAN: Final = (("reuters-2006-2009.tar.zst", "en"), ("fakebr-pt.tar.zst", "pt"))


def clean_texts(path: Path, language: str, documents: int) -> LabelledSet:
    """The first texts of a packed folder of clean news, each line one to keep. Nothing is learned from it."""
    name = path.name.split(".")[0]
    found = []
    for number, text in enumerate(texts_of(path, documents)):
        lines = [" ".join(line.split()) for line in text.splitlines() if line.strip()]
        lines = [line for line in lines if not line.startswith(HEADER)]
        found.append(Document(f"{name}-{number}", name, language, None, lines, [True] * len(lines)))
    return LabelledSet(f"{name}.clean", "clean", found)


def texts_of(path: Path, most: int) -> Iterator[str]:
    """The first texts of a packed folder that are UTF-8, without the files of figures that lie beside them."""
    with (
        path.open("rb") as packed,
        tarfile.open(fileobj=zstandard.ZstdDecompressor().stream_reader(packed), mode="r|") as archive,
    ):
        count = 0
        for entry in archive:
            if count == most:
                return
            if not entry.isfile() or entry.name.endswith(METADATA):
                continue
            try:
                text = archive.extractfile(entry).read().decode()  # type: ignore[union-attr]
            except UnicodeDecodeError:
                continue
            if text.startswith("---\n"):  # front matter
                text = text.split("\n---\n", 1)[-1]
            if len(text) >= LEAST:  # else a note on another text
                count += 1
                yield text


_FIGURES = re.compile(r"\d+")


def repeated_on_sites(path: Path, documents: int, seed: int) -> LabelledSet:
    """Documents of sites as an extractor returned them, their lines labelled by what the sites repeat.

    No hand has labelled them: boilerplate that is in every document another is taken for the article's. So they teach
    what an article's lines look like, and the commonest boilerplate; they measure nothing.
    """
    all_of_them = list(records(path))
    times: Counter[tuple[str, str]] = Counter()
    for r in all_of_them:
        times.update({(r["source"], _key(line)) for line in r["text"].splitlines() if line.strip()})
    chosen = np.sort(np.random.default_rng(seed).permutation(len(all_of_them))[:documents])
    labelled = []
    for number in chosen.tolist():
        r = all_of_them[number]
        lines = [" ".join(line.split()) for line in r["text"].splitlines() if line.strip()]
        count = [times[r["source"], _key(line)] for line in lines]
        short = [len(line.split()) <= REPEATED_WORDS for line in lines]
        drop = [n >= REPEATS and s for n, s in zip(count, short, strict=True)]
        sure = [d or n < SEVERAL for d, n in zip(drop, count, strict=True)]
        name = f"{path.name.split('.')[0]}-{number}"
        labelled.append(Document(name, r["source"], "en", r.get("title"), lines, [not d for d in drop], sure))
    return LabelledSet(path.name.split(".")[0], "weak", labelled)


def _key(line: str) -> str:
    return _FIGURES.sub("#", " ".join(line.lower().split()))
