"""Restores removed text in its place, and protects it, so that no later run removes it again."""

from __future__ import annotations

import difflib
from collections import defaultdict
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, NamedTuple

import polars as pl

from cleaners.duplicate.fingerprints import fingerprint
from cleaners.text.folding import line_hashes
from flows.dataset import Dataset, Span
from flows.dataset.damage import require_intact, require_intact_beside
from flows.dataset.exceptions import EXCEPTIONS, read_exceptions
from flows.dataset.exchange import exchange, require_exchange
from flows.dataset.layout import SHARDED
from flows.dataset.manifests import Manifests, read_manifests, write_checksums
from flows.dataset.reviews import REMOVAL
from flows.dataset.summary import REPLACED, Counts
from flows.dataset.tables import read_part, scan_parts, write_part
from flows.errors import UsageError
from flows.maintenance.rebuild_documents import PLACE, changed_counts, rebuilt, with_counts, without_places
from flows.maintenance.rewrite_folders import Read, empty_tree, keep_span, rewrite_span, write_span_manifests
from flows.settings.model import FINGERPRINTED_BY

#: Where the text is that can be restored.
_TABLES: Final = ("removed", "labelled")


class Restored(NamedTuple):
    """How much was restored."""

    documents: int  # that had been removed whole and are in `documents` again
    paragraphs: int
    words: int


@dataclass
class _Change:
    """What a restoration did to the runs of a folder."""

    counts: dict[str, Counts] = field(default_factory=lambda: defaultdict(Counts))  # run id -> change
    exceptions: list[pl.DataFrame] = field(default_factory=list)


def restore(
    dataset: Dataset,
    *,
    document: str | None = None,
    reason: str | None = None,
    rule: str | None = None,
    run: str | None = None,
    offline: bool = False,
) -> Restored:
    """Restore the rows of `removed` and `labelled` with this document, reason, rule and run id, as far as given.

    `document` is a document id, a uri or a url.

    The rows are gone, the text is in its place in its document again, and a document that was removed whole is a row
    again; text that was labelled only loses its label. The text is also in the duplicate index from now on. Later runs
    neither remove nor label it in any document of its source, or, if `document` was given or the source is unknown, in
    any document with the same uri. All other removed text stays removed, even if restored text was its only witness.
    Raises UsageError if nothing is given, or if nothing that was removed or labelled matches.
    """
    named = {"document": document, "reason": reason, "rule": rule, "run": run}
    asked = {name: value for name, value in named.items() if value is not None}
    if not asked:
        raise UsageError("restore needs to know what to restore: name a document, a reason, a rule or a run")
    wanted = pl.all_horizontal(_matches(name, value) for name, value in asked.items())
    with dataset.writing():
        require_intact(dataset, (*_TABLES, "records", "shingle_frequencies"), dataset.spans())
        require_intact_beside(dataset, ("exceptions", "shingle_frequencies"))
        hits = _hits(dataset, wanted)
        if not hits:
            given = " and ".join(f"{name} = {value!r}" for name, value in asked.items())
            raise UsageError(
                f"nothing was removed or labelled in {dataset.root} with {given}{_did_you_mean(dataset, asked)}"
            )
        by_document = pl.lit(document is not None)
        return _total(
            _put_back(dataset, wanted, hits, by_document=by_document, protect=True, offline=offline)
        )


def restore_rows(
    dataset: Dataset, rows: pl.DataFrame, *, by_document: pl.Expr, offline: bool = False
) -> Restored:
    """Restore these rows of `removed` and `labelled`, all at once, and protect them as `restore` does.

    The caller holds the lock. `rows` has the columns of REMOVAL; one that is in neither is left out. `by_document` says
    of a row whether the text is protected in its own document only, or in all documents of its source.
    """
    require_intact(dataset, (*_TABLES, "records", "shingle_frequencies"), dataset.spans())
    require_intact_beside(dataset, ("exceptions", "shingle_frequencies"))
    wanted = pl.struct(REMOVAL).is_in(rows.select(REMOVAL).to_struct().implode())
    hits = _hits(dataset, wanted)
    if not hits:
        return Restored(0, 0, 0)
    return _total(_put_back(dataset, wanted, hits, by_document=by_document, protect=True, offline=offline))


def _total(changes: Sequence[_Change]) -> Restored:
    return _restored(Counts.total(counts for change in changes for counts in change.counts.values()))


def _restored(added: Counts) -> Restored:
    found = [numbers for by_reason in (added.removed, added.labelled) for numbers in by_reason.values()]
    return Restored(added.documents_kept, -sum(p for _, p, _ in found), -sum(w for _, _, w in found))


_COLUMNS: Final = {
    "document": ("document_id", "uri", "url"),
    "reason": ("reason",),
    "rule": ("rule",),
    "run": ("run_id",),
}


def _matches(name: str, value: str) -> pl.Expr:
    """Whether a row has the value of that option."""
    return pl.any_horizontal(pl.col(column).eq_missing(value) for column in _COLUMNS[name])


def _did_you_mean(dataset: Dataset, asked: Mapping[str, str]) -> str:
    """The nearest value that the tables have, for the first option whose value it does not have.

    A document has no near value: its id is a hash, and a large dataset has too many addresses to compare.
    """
    parts = [part for table in _TABLES for part in dataset.parts(table)]
    if not parts:
        return ""
    removed = scan_parts(parts)
    for name in ("reason", "rule", "run"):
        if name not in asked:
            continue
        (column,) = _COLUMNS[name]
        known = removed.select(pl.col(column).unique()).collect()[column].drop_nulls().to_list()
        if asked[name] not in known:
            close = difflib.get_close_matches(asked[name], known, n=1, cutoff=0.5)
            return f"; did you mean {close[0]!r}?" if close else ""
    return ""


def restore_replaced(dataset: Dataset, documents: Sequence[str], *, offline: bool = False) -> None:
    """Restore these documents if new versions replaced them; the caller holds the lock."""
    wanted = pl.col("document_id").is_in(list(documents)) & (pl.col("reason") == REPLACED)
    if hits := _hits(dataset, wanted):
        _put_back(dataset, wanted, hits, by_document=pl.lit(True), protect=False, offline=offline)


def _put_back(
    dataset: Dataset,
    wanted: pl.Expr,
    hits: Set[Span],
    *,
    by_document: pl.Expr,
    protect: bool,
    offline: bool,
) -> list[_Change]:
    """Rewrite the folders with hits, and exchange all; with `protect`, no later run removes the text again."""
    require_exchange(dataset, offline=offline)
    empty_tree(dataset)
    changes = []
    for span in dataset.spans():
        if span in hits:
            changes.append(_restore_span(dataset, span, wanted, by_document=by_document, protect=protect))
        else:
            keep_span(dataset, span)
    if protect:
        exceptions = pl.concat(
            [read_exceptions(dataset), *(e for change in changes for e in change.exceptions)]
        )
        exceptions = exceptions.unique(
            ["source", "uri", "line", "document_id"], keep="first", maintain_order=True
        )
        path = dataset.tree.exceptions_file
        write_part(exceptions, path, {})
        write_checksums(path.parent)
    exchange(dataset, offline=offline)
    return changes


def _hits(dataset: Dataset, wanted: pl.Expr) -> set[Span]:
    """The folders that have something to restore."""
    found = set()
    for span in dataset.spans():
        parts = [part for table in _TABLES for part in dataset.parts(table, span)]
        if parts and scan_parts(parts).filter(wanted).head(1).collect().height:
            found.add(span)
    return found


def _restore_span(
    dataset: Dataset, span: Span, wanted: pl.Expr, *, by_document: pl.Expr, protect: bool
) -> _Change:
    """Write a folder of runs into the tree, with what is wanted restored."""
    manifests = read_manifests(dataset, span)
    parts = dataset.parts("shingle_frequencies")
    frequencies = read_part(parts[0]) if parts else None
    # not the settings of the run: the index may have been rebuilt since
    index = next(iter(manifests.runs.values()))["index"]
    rules = {name: index[name] for name in FINGERPRINTED_BY} | {"frequencies": frequencies}
    change = _Change()
    restored = partial(_restore_part, wanted=wanted, rules=rules, change=change, by_document=by_document)
    files = rewrite_span(dataset, span, manifests, restored)
    runs: dict[str, Mapping[str, Any]] = {}
    for run_id, manifest in manifests.runs.items():
        if run_id in change.counts:
            added = change.counts[run_id]
            manifest = with_counts(manifest, added)
            if protect:
                manifest["restored"] = manifest.get("restored", 0) + _restored(added).paragraphs
        runs[run_id] = manifest
    write_span_manifests(dataset, span, Manifests(runs, files, manifests.compacted))
    return change


def _restore_part(
    kinds: Sequence[str],
    read: Read,
    *,
    wanted: pl.Expr,
    rules: Mapping[str, Any],
    change: _Change,
    by_document: pl.Expr,
) -> dict[str, pl.DataFrame]:
    """The parts of one name that change, with the wanted paragraphs restored."""
    if tuple(kinds) != SHARDED:
        return {}
    removed, labelled = read("removed"), read("labelled")
    back, unlabelled = removed.filter(wanted), labelled.filter(wanted)
    hits = pl.concat([back, unlabelled])
    if hits.is_empty():
        return {}
    new = {"removed": without_places(removed, back), "labelled": without_places(labelled, unlabelled)}
    new |= rebuilt(read, back.select("document_id").unique(), new["removed"])
    # text of a document that was replaced may be in both tables
    free = without_places(
        without_places(hits.unique(PLACE, maintain_order=True), new["removed"]), new["labelled"]
    )
    new["index"] = _index(read("index"), free, new["documents"], rules)
    change.exceptions.append(_exceptions(hits, by_document=by_document))
    for run_id, counts in changed_counts(read, new, hits.select("document_id").unique()).items():
        change.counts[run_id] += counts
    return new


def _index(
    index: pl.DataFrame, hits: pl.DataFrame, documents: pl.DataFrame, rules: Mapping[str, Any]
) -> pl.DataFrame:
    """The index with the fingerprints of the restored paragraphs, in the order of the documents."""
    added = fingerprint(hits.select("document_id", "position", "text"), **rules).with_columns(hits["run_id"])
    places = documents.select("document_id").with_row_index("place")
    return (
        pl.concat([index, added.drop_nulls("exact_a").select(index.columns)])
        .join(places, on="document_id", how="left", maintain_order="left")
        .sort("place", "position", maintain_order=True)
        .drop("place")
    )


def _exceptions(hits: pl.DataFrame, *, by_document: pl.Expr) -> pl.DataFrame:
    """The exceptions for the restored paragraphs: each holds in its source or, see `restore`, in its document."""
    own = by_document | pl.col("source").is_null()
    return hits.with_columns(
        line_hashes(hits["text"]).alias("line"),
        pl.when(own).then("uri").alias("uri"),
        pl.when(~own).then("source").alias("source"),
    ).select(pl.col(name).cast(dtype) for name, dtype in EXCEPTIONS.items())
