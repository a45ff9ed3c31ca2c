"""Proofs, read back from the tables: `documents` and `removed` merged by position, with what `repaired` says."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

import polars as pl

from cleaners.duplicate.decisions import uri_in_reference
from flows.dataset.positions import kept, taken
from flows.report.explain.tables import Tables
from flows.report.proof import Proof, ProofParagraph, Witness

#: Documents that are read at once, with their witnesses.
_AT_ONCE: Final = 200


class Place(NamedTuple):
    """A document in a run; only a version that was replaced and came back is in two."""

    run_id: str
    document_id: str


#: A row of a table, by the names of its columns.
_Row = dict[str, Any]


class _Document(NamedTuple):
    """What the tables say of a document."""

    about: _Row  # as in `documents`; of one that is not there, what else is known
    kept: dict[int, str]  # position -> text
    removed: dict[int, _Row]
    repaired: dict[int | None, _Row]  # None is the title
    labels: dict[int, str]
    labelled: dict[int, _Row]  # as `removed`: what reasons with action = "label" found


def proofs(tables: Tables, places: Sequence[Place], memory: Tables | None = None) -> Iterator[Proof]:
    """The proofs of these documents, in this order; a place that has no rows is left out.

    Witnesses are looked up in `tables` and in `memory`.
    """
    everywhere = tables if memory is None else tables + memory
    for start in range(0, len(places), _AT_ONCE):
        asked = places[start : start + _AT_ONCE]
        documents = _read(tables, {place.document_id for place in asked})
        named = {
            row["duplicate_of_document_id"]
            for place in asked
            if place in documents
            for rows in (documents[place].removed, documents[place].labelled)
            for row in rows.values()
            if row["duplicate_of_document_id"] is not None
        }
        witnesses: dict[str, list[_Document]] = defaultdict(list)
        for place, document in _read(everywhere, named).items() if named else ():
            witnesses[place.document_id].append(document)
        for place in asked:
            if place in documents:
                yield _proof(place, documents[place], witnesses)


def _read(tables: Tables, ids: Iterable[str]) -> dict[Place, _Document]:
    """The rows of these documents, by run and document."""
    ids = sorted(ids)
    published, unpublished = tables.rows("documents", ids), tables.rows("unpublished", ids)
    removed, repaired = tables.rows("removed", ids), tables.rows("repaired", ids)
    labels = tables.rows("labels", ids)
    labelled = tables.rows("labelled", ids)
    found: dict[Place, _Document] = {}

    def at(row: _Row) -> _Document:
        place = Place(row["run_id"], row["document_id"])
        return found.setdefault(place, _Document(dict(row), {}, {}, {}, {}, {}))

    for rows in (published, unpublished):
        for row in rows.iter_rows(named=True):
            at(row)
    for row in removed.iter_rows(named=True):
        at(row).removed[row["position"]] = row
    for row in labelled.iter_rows(named=True):
        at(row).labelled[row["position"]] = row
    for row in repaired.iter_rows(named=True):
        at(row).repaired[row["position"] if row["field"] == "text" else None] = row
    for row in labels.iter_rows(named=True):
        at(row).labels[row["position"]] = row["label"]
    for (run_id,), documents in published.partition_by("run_id", as_dict=True).items():
        of_run = pl.col("run_id") == run_id
        lines = kept(documents, taken(removed.filter(of_run), repaired.filter(of_run)))
        for document_id, position, text in lines.iter_rows():
            found[Place(str(run_id), document_id)].kept[position] = text
    return found


def _proof(place: Place, document: _Document, witnesses: Mapping[str, Sequence[_Document]]) -> Proof:
    about, repaired = document.about, document.repaired
    title = repaired.get(None)
    emptied = [position for position, row in repaired.items() if position is not None and row["after"] == ""]
    positions = sorted({*document.kept, *document.removed, *emptied})
    return Proof(
        place.document_id,
        about["uri"],
        about.get("url"),
        about.get("source"),
        about.get("title"),
        title["before"] if title else None,
        tuple(title["fixes"]) if title else (),
        about.get("language"),
        about.get("encoding"),
        about.get("published"),
        about["run_id"] or None,
        tuple(_paragraph(position, document, witnesses) for position in positions),
    )


def _paragraph(
    position: int, document: _Document, witnesses: Mapping[str, Sequence[_Document]]
) -> ProofParagraph:
    removed, labelled = document.removed.get(position), document.labelled.get(position)
    repaired = document.repaired.get(position)
    why: _Row = removed or labelled or {}
    return ProofParagraph(
        position,
        removed["text"] if removed else document.kept.get(position, ""),
        removed["reason"] if removed else None,
        why.get("rule"),
        why.get("detail"),
        repaired["before"] if repaired else None,
        tuple(repaired["fixes"]) if repaired else (),
        labelled["reason"] if labelled else document.labels.get(position),
        _witness(why, witnesses) if why.get("duplicate_of_document_id") is not None else None,
    )


def _witness(why: _Row, witnesses: Mapping[str, Sequence[_Document]]) -> Witness:
    """The witness that a row names, with its text, wherever it is by now: in `documents`, or removed since."""
    document_id, position = why["duplicate_of_document_id"], why["duplicate_of_position"]
    if (uri := uri_in_reference(why["rule"], why["detail"])) is not None:
        unknown = dict.fromkeys(("text", "url", "title", "source", "published"))
        return Witness(document_id, position, uri=uri, jaccard=why["jaccard"], in_reference=True, **unknown)
    known = witnesses.get(document_id, ())
    kept = next((one for one in known if position in one.kept), None)
    gone = next((one for one in known if position in one.removed), None)
    text = kept.kept[position] if kept else gone.removed[position]["text"] if gone else None
    document = kept or gone or (known[0] if known else None)
    about = document.about if document else {}
    return Witness(
        document_id,
        position,
        text,
        about.get("uri"),
        about.get("url"),
        about.get("title"),
        about.get("source"),
        about.get("published"),
        why["jaccard"],
    )
