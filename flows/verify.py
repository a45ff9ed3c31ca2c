"""Whether a dataset is whole: what its manifests promise, and what its tables must say of one another.

Every check reads only what was published. Nothing is mended.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl

from cleaners.duplicate import count_tokens, shingle
from cleaners.paragraphs import REASONS, SCHEMA
from flows.dataset import Dataset
from flows.errors import CopydeskError
from flows.summary import Tally
from flows.tables import SCHEMAS, TABLES

SHOWN = 5  # examples that a problem names


def verify(dataset: Dataset) -> Iterator[str]:
    """What is damaged, a line for each kind of damage in each run; nothing where all is well.

    Of every run: the files are those of the manifest, byte for byte; the columns are those of the format; documents are
    there once; the paragraphs kept, removed and emptied by repair fill the positions of their document; the repaired
    text stands where `repaired` says; counts agree with the manifest; and every near-duplicate has a kept witness with
    the Jaccard that is told.
    """
    damaged = [problem for run_id in dataset.runs() for problem in _files(dataset, run_id)]
    yield from damaged
    if damaged:
        return  # what the tables say of one another cannot be told from tables that are not whole
    for run_id in dataset.runs():
        yield from _tables(dataset, run_id)
    documents = dataset.scan("documents").select("document_id").collect()["document_id"]
    yield from _some("documents: a document is there twice", documents.filter(documents.is_duplicated()))
    if dataset.runs():
        yield from _witnesses(dataset, pl.concat([_witnessed(dataset, run_id) for run_id in dataset.runs()]))


def _some(what: str, examples: pl.Series) -> Iterator[str]:
    if len(examples):
        shown = ", ".join(map(str, examples.unique(maintain_order=True).head(SHOWN)))
        yield f"{what}: {len(examples):,} times, as {shown}"


def _files(dataset: Dataset, run_id: str) -> Iterator[str]:
    """The files of a run against its manifest."""
    try:
        files: dict[str, dict[str, Any]] = dataset.manifest(run_id)["files"]
    except (CopydeskError, KeyError) as error:
        yield f"{run_id}: {error}"
        return
    there = {
        f"{table}/{path.name}"
        for table in (*TABLES, "ledger", "index", "lines")
        for path in dataset.parts(table, run_id)
    }
    yield from (f"{run_id}: {name} is not in the manifest" for name in sorted(there - set(files)))
    for name, said in files.items():
        table, _, part = name.partition("/")
        path = dataset.folder(table, run_id) / part
        if name not in there:
            yield f"{run_id}: {path} is missing"
        elif path.stat().st_size != said["bytes"] or _checksum(path) != said["blake2b"]:
            yield f"{run_id}: {path} is not what was written ({said['bytes']:,} bytes, {said['rows']:,} rows)"
        elif table in TABLES and dict(pl.read_parquet_schema(path)) != SCHEMAS[table]:
            yield f"{run_id}: {path} has other columns than its format"


def _checksum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()


def _tables(dataset: Dataset, run_id: str) -> Iterator[str]:
    """What the tables of a run say of one another."""
    tables = {name: dataset.scan(name, run_id).collect() for name in TABLES}
    for name, table in tables.items():
        yield from _some(
            f"{run_id}: {name}: rows of another run", table.filter(pl.col("run_id") != run_id)["run_id"]
        )
    documents, removed = tables["documents"], tables["removed"]
    unknown = removed.filter(~pl.col("reason").is_in(REASONS))["reason"]
    yield from _some(f"{run_id}: removed: unknown reason", unknown)

    taken = _taken(removed, tables["repaired"])
    twice = taken.filter(pl.struct("document_id", "position").is_duplicated())
    yield from _some(f"{run_id}: a position is taken twice", twice["document_id"])
    counts = documents.join(
        taken.group_by("document_id").agg(
            pl.len().alias("taken"),
            pl.col("position").max().alias("last"),
            pl.col("emptied").not_().sum().alias("gone"),
        ),
        on="document_id",
        how="left",
    ).with_columns(pl.col("taken", "gone").fill_null(0))
    split = pl.col("text").str.split("\n\n").list.len()
    yield from _some(
        f"{run_id}: documents: paragraphs are not those of the text",
        counts.filter(split != pl.col("paragraphs"))["document_id"],
    )
    yield from _some(
        f"{run_id}: documents: removed_paragraphs are not those of `removed`",
        counts.filter(pl.col("gone") != pl.col("removed_paragraphs"))["document_id"],
    )
    yield from _some(
        f"{run_id}: positions leave a gap",
        counts.filter(pl.col("last") >= pl.col("paragraphs") + pl.col("taken"))["document_id"],
    )
    words = count_tokens(documents["text"])
    yield from _some(
        f"{run_id}: documents: words are not those of the text",
        documents.filter(words != documents["words"])["document_id"],
    )
    paragraphs = _paragraphs(documents, taken, removed)
    repaired = (
        tables["repaired"]
        .filter((pl.col("field") == "text") & (pl.col("after") != ""))
        .join(paragraphs, on=["document_id", "position"], how="left")
    )
    yield from _some(
        f"{run_id}: repaired: `after` is not what stands there",
        repaired.filter(pl.col("after").ne_missing(pl.col("text")))["document_id"],
    )
    tally = Tally.from_json(dataset.manifest(run_id)["tally"])
    found = {
        "documents": (tally.documents_kept, len(documents)),
        "paragraphs": (tally.paragraphs_kept, int(documents["paragraphs"].sum())),
        "removed": (sum(n for _, n, _ in tally.struck.values()), len(removed)),
        "rejected": (tally.rejected, len(tables["rejected"])),
    }
    for name, (said, there) in found.items():
        if said != there:
            yield f"{run_id}: the manifest counts {said:,} {name}, the tables {there:,}"


def _taken(removed: pl.DataFrame, repaired: pl.DataFrame) -> pl.DataFrame:
    """document_id, position and `emptied` of the paragraphs that are not in a document's text."""
    emptied = repaired.filter((pl.col("field") == "text") & (pl.col("after") == ""))
    return pl.concat(
        [
            removed.select("document_id", "position", pl.lit(False).alias("emptied")),
            emptied.select("document_id", "position", pl.lit(True).alias("emptied")),
        ]
    )


def _paragraphs(documents: pl.DataFrame, taken: pl.DataFrame, removed: pl.DataFrame) -> pl.DataFrame:
    """document_id, position, text and `kept` of every paragraph that has a text."""
    total = (
        documents.select("document_id", "paragraphs")
        .join(taken.group_by("document_id").len(), on="document_id", how="left")
        .select("document_id", pl.col("paragraphs") + pl.col("len").fill_null(0))
    )
    free = (
        total.select("document_id", pl.int_ranges(0, "paragraphs", dtype=pl.UInt32).alias("position"))
        .explode("position", empty_as_null=True, keep_nulls=True)
        .join(taken, on=["document_id", "position"], how="anti", maintain_order="left")
        .with_columns(pl.int_range(pl.len()).over("document_id").alias("place"))
    )
    texts = (
        documents.select("document_id", pl.col("text").str.split("\n\n"))
        .explode("text", empty_as_null=True, keep_nulls=True)
        .with_columns(pl.int_range(pl.len()).over("document_id").alias("place"))
    )
    kept = free.join(texts, on=["document_id", "place"], how="inner")
    return pl.concat(
        [
            kept.select("document_id", "position", "text", pl.lit(True).alias("kept")),
            removed.select("document_id", "position", "text", pl.lit(False).alias("kept")),
        ]
    )


def _witnessed(dataset: Dataset, run_id: str) -> pl.DataFrame:
    """The near-duplicates of a run, with the settings by which they were judged."""
    settings = dataset.manifest(run_id)["settings"]["duplicate"]
    return (
        dataset.scan("removed", run_id)
        .filter(pl.col("reason") == "duplicate")
        .select(
            "document_id",
            "position",
            "text",
            "jaccard",
            "run_id",
            pl.col("duplicate_of_document_id").alias("witness"),
            pl.col("duplicate_of_position").alias("place"),
            pl.lit(settings["threshold"]).alias("threshold"),
            pl.lit(settings["n"]).alias("n"),
        )
        .collect()
    )


def _witnesses(dataset: Dataset, duplicates: pl.DataFrame) -> Iterator[str]:
    """Every near-duplicate has a witness that is kept and earlier, with the Jaccard that is told."""
    wanted = duplicates.select(pl.col("witness").alias("document_id")).unique()
    texts = []
    for run_id in dataset.runs():
        documents, removed, repaired = (
            dataset.scan(table, run_id).join(wanted.lazy(), on="document_id", how="semi").collect()
            for table in ("documents", "removed", "repaired")
        )
        found = _paragraphs(documents, _taken(removed, repaired), removed).filter("kept")
        texts.append(found.with_columns(pl.lit(run_id).alias("witness_run")))
    witnesses = pl.concat(texts).rename(
        {"document_id": "witness", "position": "place", "text": "witness_text"}
    )
    pairs = duplicates.join(witnesses, on=["witness", "place"], how="left", maintain_order="left")
    yield from _some(
        "removed: the witness of a duplicate is not kept",
        pairs.filter(pl.col("witness_text").is_null())["document_id"],
    )
    later = (pl.col("witness_run") > pl.col("run_id")) | (
        (pl.col("witness") == pl.col("document_id")) & (pl.col("place") >= pl.col("position"))
    )
    yield from _some("removed: the witness of a duplicate is later", pairs.filter(later)["document_id"])
    for (n,), group in pairs.drop_nulls("witness_text").group_by("n", maintain_order=True):
        mine, theirs = (_shingles(group[name], int(str(n))) for name in ("text", "witness_text"))
        both = pl.DataFrame({"mine": mine, "theirs": theirs}).select(
            pl.col("mine").list.set_intersection("theirs").list.len().alias("common"),
            pl.col("mine").list.set_union("theirs").list.len().alias("union"),
        )
        measured = both["common"] / both["union"]
        wrong = (measured < group["threshold"] - 1e-9) | ((measured - group["jaccard"]).abs() > 1e-6)
        yield from _some(
            "removed: the Jaccard of a duplicate is not what is told", group.filter(wrong)["document_id"]
        )


def _shingles(text: pl.Series, n: int) -> pl.Series:
    """The shingle set of each text, in its order."""
    frame = (
        pl.DataFrame({"text": text})
        .select(
            pl.col("text") if name == "text" else pl.lit(None, dtype).alias(name)
            for name, dtype in SCHEMA.items()
        )
        .with_columns(
            pl.lit("").alias("document_id"), pl.int_range(pl.len(), dtype=pl.UInt32).alias("position")
        )
    )
    return shingle(frame, n=n, threshold=0.8, min_tokens=1, short="keep")["shingles"]
