"""Which documents of a dataset are meant by an id, a uri or a url, and what can be said where there is none."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from os.path import abspath, expanduser
from typing import Final

import polars as pl

from flows.dataset import Dataset, run_name
from flows.dataset.layout import parts_in, rolled_back
from flows.errors import UsageError
from flows.inputs.names import uri_of
from flows.printable import mask
from flows.report.explain.read_back import Place
from flows.report.explain.tables import Tables, published_tables, tables_in

#: Digits of an id that are shown: enough to name a document.
SHORT: Final = 12
#: Names that are compared with one that is not known, those with the most similar end.
_COMPARED: Final = 5_000
_ID: Final = re.compile(r"[0-9a-f]{4,}")


@dataclass(frozen=True)
class Found:
    """Documents, in order, and inputs that were rejected."""

    places: tuple[Place, ...] = ()
    rejected: tuple[tuple[str, str], ...] = ()  # (uri, error)
    notes: Mapping[Place, str] = field(default_factory=dict)  # what else there is to say about a document
    tables: Tables | None = None  # where the documents are; None if there are none


def find_documents(dataset: Dataset, name: str) -> Found:
    """The documents that a name means: a document id or its beginning, a uri or a url, or a file as one types it.

    The name of a file with many records means all of them. Of several versions of a document the newest comes first;
    a version that was replaced, or removed whole, is one of them. If no published run has the document, a held one may.
    Raises UsageError if nothing is found, with what is known of the name, and the most similar names.
    """
    published = published_tables(dataset)
    names = _spellings(name)
    rejected = _rejected(published, names)
    if (rows := _named(published, name, names)).height or rejected:
        return _found(rows, published, rejected)
    for run_id in dataset.held_runs():
        held = tables_in(dataset.held_publish(run_id))
        rows, rejected = _named(held, name, names), _rejected(held, names)
        if rows.height or rejected:
            note = (
                f"in {run_id}, which a guard holds: `copydesk publish` or `copydesk discard` decides about it"
            )
            return _found(rows, held, rejected, note)
    raise UsageError(*_unknown(dataset, published, name, names))


def published_of_file(dataset: Dataset, uris: Sequence[str], without: pl.Series) -> Found:
    """The published documents of these inputs, without the ids that are judged anew."""
    published = published_tables(dataset)
    rows = _records(published, _of_uris(uris))
    return _found(rows.filter(~pl.col("document_id").is_in(without.implode())), published, ())


def rejected_of_file(dataset: Dataset, uris: Sequence[str]) -> list[tuple[str, str]]:
    """What earlier runs rejected of these inputs."""
    return list(_rejected(published_tables(dataset), uris))


def _spellings(name: str) -> list[str]:
    """What the uri of a document may be that a person calls so: a path as it is typed, a URL with its password."""
    path, hash_, record = name.partition("#")
    spellings = [name, mask(name)]
    if "://" not in name:
        # not resolved: a uri keeps the links of its path
        whole, file = (uri_of(abspath(expanduser(one))) for one in (name, path))  # noqa: PTH100
        spellings += [whole, f"{file}{hash_}{record}"]
    return list(dict.fromkeys(spelling for spelling in spellings if spelling))


def _of_uris(uris: Iterable[str]) -> pl.Expr:
    """Whether a row is of one of these inputs, or of a record in it."""
    uri = pl.col("uri")
    return pl.any_horizontal(uri.is_in(list(uris)), *(uri.str.starts_with(f"{one}#") for one in uris))


def _records(tables: Tables, which: pl.Expr) -> pl.DataFrame:
    """document_id, uri, run_id of documents that were read, in order."""
    return tables.scan("records").filter(which).select("document_id", "uri", "run_id").collect()


def _named(tables: Tables, name: str, names: Sequence[str]) -> pl.DataFrame:
    """The rows of `_records` that a name means, or that have an id which begins so if there is but one."""
    document_id = pl.col("document_id")
    rows = _records(tables, (document_id == name) | _of_uris(names))
    if rows.is_empty():
        by_url = pl.concat(
            tables.scan(kind).filter(pl.col("url").is_in([name, mask(name)])).select("document_id")
            for kind in ("documents", "unpublished")
        ).collect()
        if by_url.height:
            rows = _records(tables, document_id.is_in(by_url["document_id"].unique().implode()))
    if rows.is_empty() and _ID.fullmatch(name):
        rows = _records(tables, document_id.str.starts_with(name))
        if (several := rows["document_id"].unique(maintain_order=True)).len() > 1:
            raise UsageError(
                f"{several.len():,} documents have an id that begins with {name!r}: add digits",
                *(f"  {one}" for one in several.head(5)),
                *(["  ..."] if several.len() > 5 else []),
            )
    return rows


def _rejected(tables: Tables, names: Sequence[str]) -> tuple[tuple[str, str], ...]:
    rows = tables.scan("rejected").filter(_of_uris(names)).select("uri", "error").unique(maintain_order=True)
    return tuple((uri, error) for uri, error in rows.collect().iter_rows())


def _found(
    rows: pl.DataFrame, tables: Tables, rejected: tuple[tuple[str, str], ...], note: str = ""
) -> Found:
    """The documents of some rows, grouped by uri, and of each uri the newest first."""
    ordered = (
        rows.with_row_index("row")
        .with_columns(pl.col("row").first().over("uri").alias("first"))
        .sort(["first", "run_id", "row"], descending=[False, True, True])
    )
    places, notes = [], {}
    for _, group in groupby(ordered.select("uri", "run_id", "document_id").iter_rows(), lambda row: row[0]):
        versions = [Place(run_id, document_id) for _, run_id, document_id in group]
        for n, place in enumerate(versions):
            said = [note] if note else []
            if len(versions) > 1:
                said.append(_which_version(n, versions))
            if said:
                notes[place] = "; ".join(said)
        places += versions
    return Found(tuple(places), rejected, notes, tables)


def _which_version(n: int, versions: Sequence[Place]) -> str:
    """Which version of a document the n-th is, of versions with the newest first, and what the others are."""
    newest = ", the newest" if n == 0 else ""
    others = ", ".join(
        f"{one.document_id[:SHORT]} of {one.run_id}" for m, one in enumerate(versions) if m != n
    )
    return f"version {len(versions) - n} of {len(versions)}{newest}; the others: {others}"


def _unknown(dataset: Dataset, published: Tables, name: str, names: Sequence[str]) -> list[str]:
    """What is said where a dataset has no document of that name, a line each."""
    lines = [f"{dataset.root} has no document, input or url {name!r}"]
    if expired := parts_in(dataset.expired("records")):
        gone = _records(Tables(lambda _kind: expired), (pl.col("document_id") == name) | _of_uris(names))
        if gone.height:
            return [
                f"{name!r} was read by {gone['run_id'][-1]}, which has expired: its text is not kept any more"
            ]
    if path := next((one for one in names if os.path.exists(one)), None):  # noqa: PTH110 - any string
        lines.append(
            f"the file exists, but no published run has read it: `copydesk explain {path} --out {dataset.root}` "
            "shows what the next run would do"
        )
    elif similar := _similar(published, name):
        lines.append("did you mean one of these?")
        lines += [f"  {one}" for one in similar]
    if last := rolled_back(dataset):
        lines.append(
            f"runs up to {run_name(last)} were rolled back: of a run that was, nothing is kept until its inputs are "
            "read again"
        )
    return lines


def _similar(tables: Tables, name: str) -> list[str]:
    """The uris and urls that are most similar to a name; at most `_COMPARED` are compared, by their last part."""
    last = re.split(r"[/#]", re.sub(r"#[0-9.]+$", "", name).rstrip("/"))[-1][:80]
    file = pl.col("uri").str.replace(r"#[0-9.]+$", "").alias("name")  # it stands for its records
    known = pl.concat(
        [
            *(tables.scan(kind).select(file) for kind in ("records", "rejected")),
            *(tables.scan(kind).select(pl.col("url").alias("name")) for kind in ("documents", "unpublished")),
        ]
    ).drop_nulls()
    # those whose last part is the most alike in length come first
    end = pl.col("name").str.strip_chars_end("/").str.extract(r"([^/#]*)$")
    nearest = (
        known.unique()
        .with_columns(end.alias("end"))
        .with_columns((end.str.len_chars().cast(pl.Int64) - len(last)).abs().alias("far"))
        .sort("far", "name")
        .head(_COMPARED)
        .collect()
    )
    by_end: dict[str, list[str]] = {}
    for full, ending in nearest.select("name", "end").iter_rows():
        by_end.setdefault(ending[:80], []).append(full)
    close = difflib.get_close_matches(last, list(by_end), n=3, cutoff=0.7)
    return [full for ending in close for full in sorted(by_end[ending])[:3]][:3]


def only_record(tables: Tables, places: Sequence[Place], record: str) -> tuple[Place, ...]:
    """The places that `record` means: a number as in their uri (`#12`), a record's own id, or the beginning of an id.

    Raises UsageError if it means none of them.
    """
    ids = {place.document_id for place in places}
    rows = tables.rows("records", ids).select("document_id", "uri", "record_id")
    wanted = record.removeprefix("#")
    number = pl.col("uri").str.ends_with(f"#{wanted}")
    own = pl.col("record_id") == record
    begins = pl.col("document_id").str.starts_with(record) & (len(record) >= SHORT)
    for which in (number, own, begins):
        chosen = set(rows.filter(which)["document_id"])
        if found := tuple(place for place in places if place.document_id in chosen):
            return found
    ends = rows["uri"].str.extract(r"(#[^#]*)$").drop_nulls()
    known = f"it has {len(ends):,}, {ends[0]} to {ends[-1]}" if len(ends) else "it is one document"
    raise UsageError(f"there is no record {record!r}: {known}")
