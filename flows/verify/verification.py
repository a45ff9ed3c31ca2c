"""Whether a dataset is whole: what its manifests promise, and what its tables must say of one another.

Every check reads only what was published. Nothing is mended. A run is read part by part, so that memory is bounded by
a part, and by the shingles of the paragraphs that some near-duplicate names.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Final

import polars as pl

from flows.dataset import Dataset
from flows.dataset.exceptions import read_exceptions
from flows.dataset.expired_witnesses import read_expired_witnesses
from flows.dataset.positions import ranks
from flows.dataset.summary import REPLACED, Counts
from flows.errors import CopydeskError, UsageError
from flows.inputs import INPUTS
from flows.verify.manifest_checks import (
    UNREADABLE,
    Promises,
    files_agree,
    promised,
    restored_agrees,
    rolled_back_agrees,
    seals_agree,
    seen_agrees,
    strays,
)
from flows.verify.order_checks import inputs_agree, ledger_agrees, order_agrees, records_agree
from flows.verify.table_checks import Finding, Part, by_run, counted, holes, tables_agree
from flows.verify.witness_checks import (
    PLACE,
    WITNESSES,
    fingerprinted,
    index_agrees,
    named,
    remembered,
    witnesses_agree,
    words_agree,
)

SHOWN: Final = 5  # examples that a problem names

#: What the manifest counts, and in which tables that is found.
COUNTS: Final = {
    "documents": "documents, removed, repaired: documents",
    "documents_kept": "documents: documents",
    "paragraphs": "documents, removed: paragraphs",
    "paragraphs_kept": "documents: paragraphs",
    "words": "documents, removed: words",
    "words_kept": "documents: words",
    "bytes": "documents, removed: bytes of text",
    "repaired": "repaired: paragraphs",
    "rejected": "rejected: inputs",
}


def verify_folder(root: Path) -> Iterator[str]:
    """What `verify` says of the dataset in a folder, or that its format is not told any more.

    Raises UsageError where the folder is no dataset, and CopydeskError where it is one of another format.
    """
    marker = root / "_copydesk" / "format.json"
    if not any((root / "_copydesk" / "runs").glob("run=*")) or _tells_format(marker):
        dataset = Dataset(root)
        if not dataset.exists():
            raise UsageError(f"{root} is no dataset of copydesk")
        yield from verify(dataset)
    else:
        yield f"{marker} is {'damaged' if marker.exists() else 'missing'}"


def _tells_format(marker: Path) -> bool:
    try:
        return isinstance(json.loads(marker.read_bytes())["format"], int)
    except (OSError, ValueError, KeyError, TypeError):
        return False


def verify(dataset: Dataset) -> Iterator[str]:
    """What is damaged, a line for each kind of damage in each run; nothing where all is well.

    Of every run: the files are those of the manifest, byte for byte, with the columns and the metadata of the format;
    the paragraphs kept, removed and emptied by repair fill the positions of their document, in the order of the inputs;
    repaired text stands where `repaired` says; all that the manifest counts is in the tables; the index has the
    fingerprints of what is kept; and every near-duplicate has a kept, earlier witness with the Jaccard that is told. No
    document is there twice.
    """
    damaged = [*strays(dataset), *seals_agree(dataset), *seen_agrees(dataset), *rolled_back_agrees(dataset)]
    promises = []
    for span in dataset.spans():
        try:
            promises.append(promised(dataset, span))
        except (CopydeskError, KeyError, TypeError, ValueError, AttributeError) as error:
            damaged.append(f"{span}: the manifest is damaged: {error}")
    damaged += chain.from_iterable(files_agree(dataset, promise) for promise in promises)
    damaged += restored_agrees(dataset, sum(run.restored for p in promises for run in p.runs.values()))
    yield from damaged
    if not damaged:  # what the tables say of one another cannot be told from tables that are not whole
        yield from _tables(dataset, promises)


@dataclass
class Found:
    """What was found of a run so far."""

    findings: list[Finding] = field(default_factory=list)
    ids: list[pl.Series] = field(default_factory=list)  # of its documents
    counts: Counts = field(default_factory=Counts)


def _tables(dataset: Dataset, folders: Sequence[Promises]) -> Iterator[str]:
    """What the tables say of one another, until one of them cannot be understood."""
    place = ""
    try:
        expired = read_expired_witnesses(dataset)
        is_protected = read_exceptions(dataset)["line"]
        asked, witnesses = named(dataset), pl.DataFrame(schema=WITNESSES)
        every = []  # the ids of all documents, with their runs
        ranks_shingles = dataset.parts("shingle_frequencies")
        frequencies = pl.read_parquet(ranks_shingles[0], hive_partitioning=False) if ranks_shingles else None
        for folder in folders:
            place = f"{folder.span}: "
            found = {run_id: Found() for run_id in folder.runs}
            ledgers = by_run(pl.read_parquet(dataset.parts("ledger", folder.span), hive_partitioning=False))
            nothing = pl.DataFrame(schema=INPUTS)
            for run_id, promise in folder.runs.items():
                found[run_id].findings += ledger_agrees(ledgers.get(run_id, nothing), promise.inputs)
            for name in folder.parts():
                whole = Part.read(dataset, folder.span, name)
                if missing := list(_lines(place, holes(whole, list(folder.runs)))):
                    yield from missing
                    return
                for run_id, part in whole.runs():
                    promise, ledger = folder.runs[run_id], ledgers.get(run_id, nothing)
                    kept = fingerprinted(part.kept(), promise.index, frequencies)
                    replaced = part.removed.filter(pl.col("reason") == REPLACED).select(*PLACE, "text")
                    former = fingerprinted(replaced, promise.index, frequencies)
                    places = ranks(part.identities(), ledger).unique("document_id", keep="first").drop("uri")
                    witnesses = pl.concat(
                        [
                            witnesses,
                            *(remembered(some, places, asked) for some in (kept, former)),
                        ]
                    )
                    here = found[run_id]
                    here.findings += tables_agree(part, promise.enabled, is_protected)
                    here.findings += inputs_agree(part, ledger)
                    here.findings += records_agree(part, part.records, ledger)
                    here.findings += order_agrees(part, places)
                    here.findings += words_agree(part, kept)
                    here.findings += index_agrees(part.index, kept)
                    here.findings += witnesses_agree(part, places, witnesses, promise.duplicate, expired)
                    witnesses = witnesses.with_columns(pl.lit(-1, pl.Int64).alias("witness_rank"))
                    here.ids += [part.documents["document_id"], *part.gone()]
                    here.counts += counted(part, kept)
            for run_id, here in found.items():
                yield from _lines(f"{run_id}: ", here.findings)
                yield from _counts(f"{run_id}: ", folder.runs[run_id].counts, here.counts)
                every += [pl.DataFrame({"document_id": ids, "run": run_id}) for ids in here.ids if len(ids)]
    except UNREADABLE as error:
        yield f"{place}cannot be read: {str(error).partition(chr(10))[0]}"
        return
    if every:
        twice = pl.concat(every).filter(~pl.col("document_id").is_first_distinct())
        for (run_id,), ids in twice.partition_by("run", as_dict=True, maintain_order=True).items():
            what = "documents, removed: a document is there twice"
            yield from _lines(f"{run_id}: ", [(what, ids["document_id"])])


def _lines(run: str, findings: Iterable[Finding]) -> Iterator[str]:
    """A line for each kind of finding, with how often it was found, and where."""
    kinds: dict[str, list[pl.Series]] = {}
    for what, where in findings:
        if len(where):
            kinds.setdefault(what, []).append(where.cast(pl.String).fill_null("null").rename("where"))
    for what, parts in kinds.items():
        every = pl.concat(parts)
        shown = ", ".join(every.unique(maintain_order=True).head(SHOWN))
        yield f"{run}{what}: {len(every):,} times, as {shown}"


def _counts(run: str, said: Counts, found: Counts) -> Iterator[str]:
    """What the manifest counts, and the tables do not have."""
    for name, what in COUNTS.items():
        if getattr(said, name) != getattr(found, name):
            yield f"{run}{what}: the manifest counts {getattr(said, name)}, there are {getattr(found, name)}"
    for reason in sorted(said.removed.keys() | found.removed.keys()):
        counts, there = said.removed.get(reason, (0, 0, 0)), found.removed.get(reason, (0, 0, 0))
        if counts != there:
            yield (
                f"{run}removed: {reason}: the manifest counts (documents, paragraphs, words) {counts}, "
                f"there are {there}"
            )
