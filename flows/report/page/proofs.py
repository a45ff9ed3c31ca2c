"""The sampled removals in their documents: each with its neighbours, and with its witness.

The records have the fields of `flows.report.proof`. A document on the page is an excerpt: the paragraphs around the
sampled ones, long ones shortened. So the page stays small whatever the corpus.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain
from pathlib import Path
from typing import Any, Final

import orjson
import polars as pl

from flows.dataset.positions import kept, taken
from flows.dataset.tables import scan_parts
from flows.printable import mask, printable
from flows.report.page.copies import MOST_LOOKED_AT
from flows.report.page.reading import RunTables

AROUND: Final = 1  # paragraphs shown before and after a removed one
MOST_OF_REMOVED: Final = 1_600  # characters of a removed paragraph, of its witness, of a text before repair
MOST_OF_KEPT: Final = 320  # of a kept paragraph beside it
#: Bytes of all proofs as JSON.
MOST_BYTES: Final = 3_000_000
#: Part files of `documents` that are read for witnesses.
MOST_FILES: Final = 24
ABOUT: Final = ("uri", "url", "source", "title", "language", "encoding", "published")
#: Zero width joiners belong to the spelling of many languages.
JOINERS: Final = "\u200c\u200d"


def proofs(run: RunTables, sampled: pl.DataFrame, most_bytes: int = MOST_BYTES) -> list[dict[str, Any]]:
    """The documents of the sampled removals as excerpts, in the order of the sample; as many as `most_bytes` hold."""
    if sampled.is_empty():
        return []
    ids = sampled["document_id"].unique(maintain_order=True)
    of_sample = pl.col("document_id").is_in(ids.implode())
    documents = _documents(run, of_sample)
    removed = run.scan("removed").filter(of_sample).collect()
    repaired = run.scan("repaired").filter(of_sample).collect()
    labels = run.scan("labels").filter(of_sample).select("document_id", "position", "label").collect()
    paragraphs = _paragraphs(documents, removed, repaired, labels)
    around = _around(paragraphs, sampled)
    witnesses = _witnesses(run, around)
    about = {row["document_id"]: row for row in documents.select("document_id", *ABOUT).iter_rows(named=True)}
    titles = {
        row["document_id"]: row for row in repaired.filter(pl.col("field") == "title").iter_rows(named=True)
    }
    chosen = {
        (d, p): (t, m)
        for d, p, t, m in sampled.select("document_id", "position", "turn", "margin").iter_rows()
    }
    excerpts: dict[str, list[dict[str, Any]]] = {}
    for row in around.iter_rows(named=True):
        paragraph = _paragraph(row, chosen.get((row["document_id"], row["position"])), witnesses)
        excerpts.setdefault(row["document_id"], []).append(paragraph)
    found: list[dict[str, Any]] = []
    size = 0
    for document_id in ids:
        if document_id not in excerpts:
            continue
        proof = _proof(run.run_id, document_id, about.get(document_id, {}), titles.get(document_id))
        proof["paragraphs"] = excerpts[document_id]
        size += len(orjson.dumps(proof))
        if size > most_bytes:
            break
        found.append(proof)
    return found


def _documents(run: RunTables, wanted: pl.Expr) -> pl.DataFrame:
    """The documents of the run, those that were removed whole included."""
    columns = ("document_id", *ABOUT, "text")
    tables = [
        run.scan(kind).filter(wanted).select(columns).collect() for kind in ("documents", "unpublished")
    ]
    return pl.concat(tables).unique("document_id", keep="first", maintain_order=True)


def _paragraphs(
    documents: pl.DataFrame, removed: pl.DataFrame, repaired: pl.DataFrame, labels: pl.DataFrame
) -> pl.DataFrame:
    """Every paragraph of these documents, kept or removed, with what was done to it, in order."""
    gone = taken(removed, repaired)
    left = kept(documents.filter(pl.col("text") != ""), gone).select("document_id", "position", "text")
    emptied = gone.filter("emptied").select("document_id", "position", pl.lit("").alias("text"))
    why = ("reason", "rule", "detail", "jaccard", "duplicate_of_document_id", "duplicate_of_position")
    fixed = repaired.filter(pl.col("field") == "text").select("document_id", "position", "before", "fixes")
    return (
        pl.concat([left, emptied, removed.select("document_id", "position", "text", *why)], how="diagonal")
        .unique(["document_id", "position"], keep="last", maintain_order=True)
        .join(fixed, on=["document_id", "position"], how="left")
        .join(labels, on=["document_id", "position"], how="left")
        .sort("document_id", "position")
    )


def _around(paragraphs: pl.DataFrame, sampled: pl.DataFrame) -> pl.DataFrame:
    """The sampled paragraphs with their neighbours, and with the number of paragraphs of their document."""
    numbered = paragraphs.with_columns(
        pl.int_range(pl.len()).over("document_id").alias("place"), pl.len().over("document_id").alias("of")
    )
    places = numbered.join(
        sampled.select("document_id", "position"), on=["document_id", "position"], how="semi"
    )
    near = pl.concat(
        [
            places.select("document_id", (pl.col("place") + step).alias("place"))
            for step in range(-AROUND, AROUND + 1)
        ]
    ).unique()
    return numbered.join(near, on=["document_id", "place"], how="semi").sort("document_id", "position")


def _proof(
    run_id: str, document_id: str, about: dict[str, Any], title: dict[str, Any] | None
) -> dict[str, Any]:
    proof: dict[str, Any] = {"document_id": document_id, "run_id": run_id}
    for name in ABOUT:
        value = about.get(name)
        proof[name] = value.isoformat() if name == "published" and value else shown(value)
    proof["title_before"] = shown(title["before"]) if title else None
    return proof


def _paragraph(
    row: dict[str, Any],
    sampled: tuple[int, float | None] | None,
    witnesses: dict[tuple[str, int], dict[str, Any]],
) -> dict[str, Any]:
    """A paragraph as the page has it; `sampled` is its turn in the sample and its margin, if it is in the sample."""
    most = MOST_OF_REMOVED if row["reason"] else MOST_OF_KEPT
    found: dict[str, Any] = {"position": row["position"], "text": shown(row["text"], most), "of": row["of"]}
    for name in ("reason", "rule", "detail", "label"):
        if row[name] is not None:
            found[name] = shown(row[name])
    if row["before"] is not None:
        found |= {"before": shown(row["before"], most), "fixes": row["fixes"]}
    if sampled is not None:
        turn, margin = sampled
        found["turn"] = turn
        if margin is not None:
            found["margin"] = round(margin, 4)
    if row["duplicate_of_document_id"] is not None:
        place = (row["duplicate_of_document_id"], row["duplicate_of_position"])
        witness = witnesses.get(place, {"document_id": place[0], "position": place[1], "text": None})
        found["witness"] = {**witness, "jaccard": row["jaccard"]}
    return found


def _witnesses(run: RunTables, rows: pl.DataFrame) -> dict[tuple[str, int], dict[str, Any]]:
    """(document id, position) -> what is known of each witness of these paragraphs."""
    places = (
        rows.filter(pl.col("duplicate_of_document_id").is_not_null())
        .select(
            pl.col("duplicate_of_document_id").alias("document_id"),
            pl.col("duplicate_of_position").alias("position"),
        )
        .unique()
    )
    if places.is_empty():
        return {}
    ids = places["document_id"].unique()
    wanted = pl.col("document_id").is_in(ids.implode())
    found: dict[tuple[str, int], dict[str, Any]] = {}
    columns = ("document_id", *(name for name in ABOUT if name not in ("language", "encoding")), "text")
    for kind_parts in _files_of(run, ids):
        of = {kind: scan_parts(paths).filter(wanted) for kind, paths in kind_parts.items() if paths}
        documents = of["documents"].select(columns).collect()
        gone = taken(
            of["removed"].select("document_id", "position").collect(),
            of["repaired"].select("document_id", "position", "field", "after").collect(),
        )
        texts = kept(documents, gone).join(places, on=["document_id", "position"], how="semi")
        together = texts.join(documents.drop("text"), on="document_id", how="left")
        for row in together.iter_rows(named=True):
            published = row.pop("published")
            witness = {name: shown(value, MOST_OF_REMOVED) for name, value in row.items()}
            witness["published"] = published.isoformat() if published else None
            found[row["document_id"], row["position"]] = witness
    return found


def _files_of(run: RunTables, ids: pl.Series) -> Iterable[dict[str, list[Path]]]:
    """For this run, and for each earlier one that has some of these documents: the parts of the tables to read.

    The newest runs come first, and only a bounded number of them is looked at.
    """
    wanted = pl.col("document_id").is_in(ids.implode())
    kinds = ("documents", "removed", "repaired")
    left, files, looked_at = len(ids), 0, 0
    own: dict[str, list[Path]] = {kind: run.parts(kind) for kind in kinds}
    earlier = (
        {kind: run.dataset.parts(kind, span) for kind in kinds}
        for span in reversed(run.dataset.spans())
        if f"{span}" < run.run_id and run.run_id not in span
    )
    for parts in chain([own], earlier):
        if left <= 0 or files >= MOST_FILES or looked_at >= MOST_LOOKED_AT or not parts["documents"]:
            break
        rows = scan_parts(parts["documents"], include_file_paths="file").select("document_id", "file")
        there = (
            rows.filter(wanted).group_by("file").len().collect().sort("len", "file", descending=[True, False])
        )
        looked_at += int(scan_parts(parts["documents"]).select(pl.len()).collect().item())
        if there.is_empty():
            continue
        paths = [Path(name) for name in there["file"].head(MOST_FILES - files)]
        left -= int(there["len"].sum())
        files += len(paths)
        names = {path.name for path in paths}
        yield {
            kind: paths if kind == "documents" else [p for p in parts[kind] if p.name in names] or parts[kind]
            for kind in kinds
        }


def shown(value: Any, most: int = 400) -> Any:
    """A value as the page has it: printable, without passwords, and cut in the middle if it is long."""
    if not isinstance(value, str):
        return value
    if len(value) > most:
        value = f"{value[: most * 2 // 3]} … {value[-(most // 3) :]}"
    return mask(value) if value.isascii() and value.isprintable() else printable(value, keep=JOINERS)
