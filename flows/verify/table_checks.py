"""Checks of tables against each other, one part at a time.

Every check yields findings: what is wrong, and in which documents or inputs. The parts of one name hold the same
documents in every table.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import orjson
import polars as pl

from cleaners import REASONS
from cleaners.text.folding import line_hashes
from cleaners.text.shingles import count_tokens
from flows.dataset import Dataset, Span
from flows.dataset.actions import WHOLE
from flows.dataset.layout import SHARDED
from flows.dataset.positions import kept, taken
from flows.dataset.summary import REPLACED, Counts, by_reason
from flows.dataset.tables import MAY_BE_NULL, TABLES, read_part

#: What is wrong, and where: the id of a document or the uri of an input for each occurrence.
Finding: TypeAlias = tuple[str, pl.Series]

WITNESS: Final = ("duplicate_of_document_id", "duplicate_of_position", "jaccard")
EMPTIED: Final = "no text: repair"  # how the error of a document begins that repair left empty


def by_run(rows: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """The rows of each run, in order."""
    parts = rows.partition_by("run_id", as_dict=True, maintain_order=True)
    return {str(run_id): part for (run_id,), part in parts.items()}


@dataclass(frozen=True)
class Part:
    """The parts of one name in the tables of a folder of runs, and in its state."""

    documents: pl.DataFrame
    removed: pl.DataFrame
    labelled: pl.DataFrame
    repaired: pl.DataFrame
    rejected: pl.DataFrame
    records: pl.DataFrame
    unpublished: pl.DataFrame
    index: pl.DataFrame

    @classmethod
    def read(cls, dataset: Dataset, span: Span, name: str) -> Part:
        """The parts of this name."""
        paths = (dataset.folder(kind, span) / name for kind in SHARDED)
        return cls(*(read_part(path) for path in paths))

    def runs(self) -> Iterator[tuple[str, Part]]:
        """(run id, its rows of the part) for each run, in order."""
        frames = [getattr(self, name) for name in SHARDED]
        split = [by_run(frame) for frame in frames]
        for run_id in sorted({run_id for parts in split for run_id in parts}):
            own = [parts.get(run_id, frame.clear()) for parts, frame in zip(split, frames, strict=True)]
            yield run_id, Part(*own)

    def tables(self) -> Iterator[tuple[str, pl.DataFrame]]:
        """(name, rows) of each table."""
        return ((name, getattr(self, name)) for name in TABLES)

    def identities(self) -> pl.DataFrame:
        """document_id and uri of all documents in any table, each pair once."""
        tables = (self.documents, self.removed, self.labelled, self.repaired)
        return pl.concat([table.select("document_id", "uri") for table in tables]).unique(maintain_order=True)

    def taken(self) -> pl.DataFrame:
        """document_id and position of the paragraphs that are not in `documents`: removed, or `emptied` by repair."""
        return taken(self.removed, self.repaired)

    def kept(self) -> pl.DataFrame:
        """document_id, position and text of the kept paragraphs."""
        return kept(self.documents, self.taken())

    def unlabelled(self, kept: pl.DataFrame) -> pl.DataFrame:
        """Those of these kept paragraphs that are not labelled: they may be witnesses, and are in the index."""
        return kept.join(self.labelled, on=["document_id", "position"], how="anti", maintain_order="left")

    def gone(self) -> tuple[pl.Series, pl.Series]:
        """(ids of the documents that were removed whole, ids of those that repair left empty)."""
        names = pl.col("document_id")
        removed = self.removed.select(names).unique(maintain_order=True)
        emptied = self.taken().filter("emptied").select(names).unique(maintain_order=True)
        whole = removed.join(self.documents, on="document_id", how="anti", maintain_order="left")
        empty = emptied.join(self.documents, on="document_id", how="anti", maintain_order="left")
        return whole["document_id"], empty.join(removed, on="document_id", how="anti")["document_id"]


def unusable_rows(part: Part, runs: Sequence[str]) -> Iterator[Finding]:
    """Missing values, and rows of another run: tables with these cannot be checked further."""
    for name, table in part.tables():
        key = "uri" if name == "rejected" else "document_id"
        for column in table.columns:
            if column not in MAY_BE_NULL[name]:
                yield f"{name}: {column} is null", table.filter(pl.col(column).is_null())[key]
        yield f"{name}: rows of another run", table.filter(~pl.col("run_id").is_in(runs))[key]
    for name in ("records", "unpublished", "index"):
        rows = getattr(part, name)
        yield f"{name}: rows of another run", rows.filter(~pl.col("run_id").is_in(runs))["document_id"]


def tables_agree(
    part: Part, enabled: Mapping[str, bool], labels: Collection[str], protected: pl.Series
) -> Iterator[Finding]:
    """What is wrong in `documents`, `removed`, `labelled`, `repaired` and `rejected`.

    `labels` are the reasons whose action is "label". `protected` has the hashes of restored lines, which are kept even
    if the rest of their document is removed.
    """
    identities = part.identities()
    twice = identities.filter(pl.col("document_id").is_duplicated())
    yield (
        "documents, removed, labelled, repaired: a document has two uris",
        twice["document_id"].unique(maintain_order=True),
    )
    yield from _documents(part)
    yield from _positions(part)
    yield from _with_a_reason("removed", part.removed, enabled)
    yield from _with_a_reason("labelled", part.labelled, enabled)
    yield from _removed(part, labels, protected)
    yield from _labelled(part, labels)
    yield from _repaired(part)
    whole, empty = part.gone()
    lost = whole.filter(~whole.is_in(part.unpublished["document_id"].implode()))
    yield "unpublished: a document that was removed whole is missing", lost
    others = part.unpublished.filter(~pl.col("document_id").is_in(whole.implode()))
    yield "unpublished: a document that was not removed whole", others["document_id"]
    emptied = identities.filter(pl.col("document_id").is_in(empty.implode()))["uri"]
    rejected = part.rejected.filter(pl.col("error").str.starts_with(EMPTIED))["uri"]
    yield (
        "rejected: a document that repair left empty is missing",
        emptied.filter(~emptied.is_in(rejected.implode())),
    )
    yield (
        "repaired: a document that repair left empty is missing",
        rejected.filter(~rejected.is_in(emptied.implode())),
    )


def _documents(part: Part) -> Iterator[Finding]:
    documents = part.documents
    paragraphs = documents["text"].str.split("\n\n")
    wrong = (paragraphs.list.len() != documents["paragraphs"]) | paragraphs.list.contains("")
    yield "documents: `paragraphs` does not match the text", documents.filter(wrong)["document_id"]
    damaged = [text is not None and not _is_json_object(text) for text in documents["metadata"]]
    yield (
        "documents: metadata is not a JSON object",
        documents.filter(pl.Series(damaged, dtype=pl.Boolean))["document_id"],
    )


def _is_json_object(text: str) -> bool:
    try:
        return isinstance(orjson.loads(text), dict)
    except ValueError:
        pass  # it may still be JSON with an escaped half of a surrogate pair, which orjson does not read
    try:
        return isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):
        return False


def _positions(part: Part) -> Iterator[Finding]:
    taken = part.taken()
    twice = taken.filter(pl.struct("document_id", "position").is_duplicated())
    yield "removed, repaired: a position is taken twice", twice["document_id"]
    counts = taken.group_by("document_id", maintain_order=True).agg(
        pl.len().alias("taken"),
        pl.col("position").max().alias("last"),
        pl.col("emptied").not_().sum().alias("gone"),
    )
    counts = part.documents.select("document_id", "paragraphs", "removed_paragraphs").join(
        counts, on="document_id", how="full", coalesce=True, maintain_order="left_right"
    )
    gone = counts.filter(pl.col("gone").fill_null(0) != pl.col("removed_paragraphs"))
    yield "documents: `removed_paragraphs` does not match `removed`", gone["document_id"]
    gap = counts.filter(pl.col("last") >= pl.col("paragraphs").fill_null(0) + pl.col("taken"))
    yield "documents, removed: positions leave a gap", gap["document_id"]


def _with_a_reason(table: str, rows: pl.DataFrame, enabled: Mapping[str, bool]) -> Iterator[Finding]:
    """What is wrong in a row of `removed` or `labelled`, whatever the other tables have."""
    reason = pl.col("reason")
    known = [*REASONS, REPLACED] if table == "removed" else REASONS
    yield f"{table}: unknown reason", rows.filter(~reason.is_in(known))["reason"]
    off = [name for name in REASONS if not enabled.get(name, True)]
    yield f"{table}: by a cleaner that is switched off", rows.filter(reason.is_in(off))["document_id"]
    yield f"{table}: a row without text", rows.filter(pl.col("text") == "")["document_id"]
    given = pl.sum_horizontal(pl.col(name).is_not_null() for name in WITNESS)
    duplicate = reason == "duplicate"
    lost = rows.filter(duplicate & (given < len(WITNESS)))
    yield f"{table}: a duplicate without witness or Jaccard", lost["document_id"]
    yield (
        f"{table}: a witness for a row that is no near-duplicate",
        rows.filter(~duplicate & (given > 0))["document_id"],
    )


def _removed(part: Part, labels: Collection[str], protected: pl.Series) -> Iterator[Finding]:
    removed, reason = part.removed, pl.col("reason")
    mine = removed.filter(reason.is_in(list(labels)))
    yield "removed: a reason whose action is `label`", mine["document_id"]
    whole = removed.filter(reason.is_in(WHOLE)).join(part.documents, on="document_id", how="semi")
    if len(whole) and len(protected):
        kept = part.kept().join(whole, on="document_id", how="semi")
        restored = kept.filter(line_hashes(kept["text"]).is_in(protected.implode()))
        whole = whole.join(restored, on="document_id", how="anti", maintain_order="left")
    yield (
        "removed: a document that was removed whole is in `documents`",
        whole["document_id"].unique(maintain_order=True),
    )


def _labelled(part: Part, labels: Collection[str]) -> Iterator[Finding]:
    labelled, place = part.labelled, ["document_id", "position"]
    twice = labelled.filter(pl.struct(place).is_duplicated())
    yield "labelled: a paragraph is listed twice", twice["document_id"]
    # what would go because its document goes stays with other labelled text
    others = labelled.filter(~pl.col("reason").is_in([*labels, *WHOLE]))
    yield "labelled: a reason whose action is `remove`", others["document_id"]
    replaced = part.removed.filter(pl.col("reason") == REPLACED)
    standing = pl.concat([table.select(*place, "text") for table in (part.kept(), replaced)])
    found = labelled.join(standing, on=place, how="left", maintain_order="left", suffix="_kept")
    other = found.filter(pl.col("text").ne_missing(pl.col("text_kept")))
    yield "labelled: a paragraph that is not in the text of its document", other["document_id"]


def _repaired(part: Part) -> Iterator[Finding]:
    repaired, field = part.repaired, pl.col("field")
    yield "repaired: unknown field", repaired.filter(~field.is_in(["text", "title"]))["field"]
    places = repaired.filter((field == "text") != pl.col("position").is_not_null())
    yield "repaired: only a paragraph has a position", places["document_id"]
    twice = repaired.filter(pl.struct("document_id", "field", "position").is_duplicated())
    yield "repaired: a repair is listed twice", twice["document_id"]
    idle = repaired.filter((pl.col("before") == pl.col("after")) | (pl.col("before") == ""))
    yield "repaired: nothing was repaired", idle["document_id"]
    whole, empty = part.gone()
    known = pl.concat([part.documents["document_id"], whole, empty])
    unknown = repaired.filter(~pl.col("document_id").is_in(known.implode()))
    yield "repaired: a document that is in no other table", unknown["document_id"].unique(maintain_order=True)
    titles = repaired.filter(field == "title").join(
        part.documents.select("document_id", "title"), on="document_id", how="inner", maintain_order="left"
    )
    other = titles.filter(pl.col("after").ne_missing(pl.col("title")))
    yield "repaired: `after` is not the title of the document", other["document_id"]
    texts = repaired.filter((field == "text") & (pl.col("after") != ""))
    of_them = texts.select("document_id").unique()
    standing = pl.concat(
        [
            table.select("document_id", "position", "text").join(of_them, on="document_id", how="semi")
            for table in (part.kept(), part.removed)
        ]
    )
    found = texts.join(standing, on=["document_id", "position"], how="left", maintain_order="left")
    other = found.filter(pl.col("after").ne_missing(pl.col("text")))
    yield "repaired: `after` is not the text of the paragraph", other["document_id"]


def count_part(part: Part, words: pl.DataFrame) -> Counts:
    """The counts of the part, as the run must have counted; `words` has the tokens of each kept paragraph."""
    removed, labelled = (
        rows.with_columns(count_tokens(rows["text"]).alias("words")) for rows in (part.removed, part.labelled)
    )
    kept = int(words["tokens"].sum())
    text = part.documents["text"].str.replace_all("\n\n", "", literal=True)
    return Counts(
        documents=len(part.documents) + sum(map(len, part.gone())),
        documents_kept=len(part.documents),
        paragraphs=int(part.documents["paragraphs"].sum()) + len(removed),
        paragraphs_kept=int(part.documents["paragraphs"].sum()),
        words=kept + int(removed["words"].sum()),
        words_kept=kept,
        bytes=int(text.str.len_bytes().sum()) + int(removed["text"].str.len_bytes().sum()),
        repaired=len(part.repaired.filter(pl.col("field") == "text")),
        rejected=len(part.rejected),
        removed=by_reason(removed),
        labelled=by_reason(labelled),
    )
