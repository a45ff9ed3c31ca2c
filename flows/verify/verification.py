"""`verify`: all checks of a dataset, in order, and their findings as lines of text.

The checks read only what was published, and repair nothing. A run is read part by part, so that memory is bounded by a
part and by the shingles of the paragraphs that near-duplicates name as their witnesses.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Final

import polars as pl

from flows.dataset import Dataset, Layout, Span
from flows.dataset.card import card_agrees
from flows.dataset.damage import CONSEQUENCES, what_follows
from flows.dataset.exceptions import read_exceptions
from flows.dataset.layout import RUN_JSON
from flows.dataset.ledger import read_ledger
from flows.dataset.positions import ranks
from flows.dataset.remote import working_copy_in
from flows.dataset.summary import REPLACED, Counts
from flows.dataset.tables import read_part
from flows.dataset.writing import read_format, rewrite_format
from flows.errors import CopydeskError, UsageError
from flows.inputs import INPUTS
from flows.maintenance.take_out_runs import read_expired_witnesses
from flows.verify.manifest_checks import (
    UNREADABLE,
    Promises,
    beside_agrees,
    files_agree,
    held_agrees,
    inventory_agrees,
    read_promises,
    restored_agrees,
    rolled_back_agrees,
    seals_agree,
    strays,
)
from flows.verify.order_checks import inputs_agree, ledger_agrees, order_agrees, records_agree
from flows.verify.table_checks import Finding, Part, by_run, count_part, tables_agree, unusable_rows
from flows.verify.witness_checks import (
    PLACE,
    UNCHECKED,
    WITNESSES,
    index_agrees,
    named_witnesses,
    select_witnesses,
    with_fingerprints,
    witnesses_agree,
    words_agree,
)

SHOWN: Final = 5  # examples in a line

#: The counts of the manifest: the tables that show them, and what is counted.
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


def verify_folder(root: Path, unchecked: Counter[str] | None = None) -> Iterator[str]:
    """What `verify` finds in the dataset in a folder, or that its format number is lost.

    `unchecked` is filled as by `verify`.

    Raises UsageError if the folder is not a dataset, and CopydeskError if it has another format.
    """
    layout = Layout(root)
    if (copy := working_copy_in(layout.root)) is not None:
        copy.open_to_read()
        if lost := [_of_storage(layout, *found) for found in copy.absent.problems()]:
            yield from lost
            return
    try:
        number = read_format(layout)
    except (OSError, ValueError) as error:
        yield f"{error}; {rewrite_format(layout)}"
        return
    if number is None and (layout.inventory_file.exists() or any(layout.base("runs").glob("run=*"))):
        yield f"{layout.format_file} is missing; {rewrite_format(layout)}"
        return
    dataset = Dataset(root)
    if not dataset.exists():
        raise UsageError(f"{root} is not a copydesk dataset")
    yield from verify(dataset, unchecked)


def _of_storage(layout: Layout, path: str, problem: str) -> str:
    """What is wrong with an object of a dataset behind a URL, what follows, and how it is repaired."""
    file = layout.root / path
    base = layout.state if file.is_relative_to(layout.state) else layout.root
    kind, _, folder = file.relative_to(base).as_posix().partition("/")
    span = Span.of(folder.partition("/")[0])
    follows = what_follows(layout, kind, span) if kind in CONSEQUENCES else "restore it from a backup"
    return f"{file} {problem}: {follows}"


def verify(dataset: Dataset, unchecked: Counter[str] | None = None) -> Iterator[str]:
    """What is damaged: a line for each kind of damage in each run, nothing if all is well.

    `unchecked` is filled with what cannot be checked, and how often, for example near-duplicates whose witness is in a
    reference.

    For every run it checks that

    - every file matches its checksum, byte for byte, and nothing that the inventory lists is lost; the card is there;
    - the parts have the columns and metadata of the format;
    - the paragraphs that were kept, removed or emptied by repair fill the positions of their document, in the order of
      the inputs;
    - repaired text is where `repaired` says, and the tables have everything that the manifest counts;
    - labelled paragraphs are in the text of their document;
    - the index has the fingerprints of the kept paragraphs that are not labelled;
    - every near-duplicate, removed or labelled, has a kept, earlier witness with the Jaccard that its row gives, which
      has all of its facts, if the run looked for them.

    No document may be there twice.
    """
    damaged = [
        *inventory_agrees(dataset),
        *strays(dataset),
        *seals_agree(dataset),
        *beside_agrees(dataset),
        *rolled_back_agrees(dataset),
        *held_agrees(dataset),
    ]
    promises = []
    for span in dataset.spans():
        try:
            promises.append(read_promises(dataset, span))
        except (CopydeskError, KeyError, TypeError, ValueError, AttributeError) as error:
            path = dataset.folder("runs", span)
            where = "" if str(path) in str(error) else f" ({path / RUN_JSON})"
            follows = what_follows(dataset, "runs", span)
            damaged.append(f"{span}: the manifest is damaged: {error}{where}: {follows}")
    damaged += chain.from_iterable(files_agree(dataset, promise) for promise in promises)
    damaged += restored_agrees(dataset, sum(run.restored for p in promises for run in p.runs.values()))
    yield from card_agrees(dataset)
    yield from damaged
    if not damaged:  # damaged files cannot be compared with each other
        yield from _tables(dataset, promises, Counter() if unchecked is None else unchecked)


@dataclass
class Found:
    """What was found in a run so far."""

    findings: list[Finding] = field(default_factory=list)
    ids: list[pl.Series] = field(default_factory=list)  # of its documents
    counts: Counts = field(default_factory=Counts)


def _tables(dataset: Dataset, folders: Sequence[Promises], unchecked: Counter[str]) -> Iterator[str]:
    """Check the tables against each other, up to the first that cannot be checked."""
    place = ""
    try:
        expired = read_expired_witnesses(dataset)
        protected = read_exceptions(dataset)["line"]
        named, witnesses = named_witnesses(dataset), pl.DataFrame(schema=WITNESSES)
        every = []  # the ids of all documents, with their runs
        parts = dataset.parts("shingle_frequencies")
        frequencies = read_part(parts[0]) if parts else None
        for folder in folders:
            place = f"{folder.span}: "
            found = {run_id: Found() for run_id in folder.runs}
            ledgers = by_run(read_ledger(dataset.parts("ledger", folder.span)))
            nothing = pl.DataFrame(schema=INPUTS)
            ahead = _witnesses_ahead(dataset, folder, named)
            for run_id, promise in folder.runs.items():
                found[run_id].findings += ledger_agrees(ledgers.get(run_id, nothing), promise.inputs)
            for name in folder.parts():
                whole = Part.read(dataset, folder.span, name)
                if unusable := list(_lines(place, unusable_rows(whole, list(folder.runs)))):
                    yield from unusable
                    return
                for run_id, part in whole.runs():
                    promise, ledger = folder.runs[run_id], ledgers.get(run_id, nothing)
                    kept = with_fingerprints(part.kept(), promise.index, frequencies)
                    plain = part.unlabelled(kept)
                    replaced = part.removed.filter(pl.col("reason") == REPLACED).select(*PLACE, "text")
                    former = with_fingerprints(part.unlabelled(replaced), promise.index, frequencies)
                    places = ranks(part.records)
                    witnesses = pl.concat(
                        [
                            witnesses,
                            *(select_witnesses(some, places, named) for some in (plain, former)),
                        ]
                    )
                    here = found[run_id]
                    here.findings += tables_agree(part, promise.enabled, promise.labels, protected)
                    here.findings += inputs_agree(part, ledger)
                    here.findings += records_agree(part, part.records, ledger)
                    here.findings += order_agrees(part, places)
                    here.findings += words_agree(part, kept)
                    here.findings += index_agrees(part.index, plain)
                    known = pl.concat([witnesses, ahead[run_id]]) if run_id in ahead else witnesses
                    for table in ("removed", "labelled"):
                        for what, where in witnesses_agree(table, part, places, known, promise, expired):
                            if what in UNCHECKED:
                                unchecked[what] += len(where)
                            else:
                                here.findings.append((what, where))
                    witnesses = witnesses.with_columns(pl.lit(-1, pl.Int64).alias("witness_rank"))
                    here.ids += [part.documents["document_id"], *part.gone()]
                    here.counts += count_part(part, kept)
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
            what = "documents, removed: a document is listed twice"
            yield from _lines(f"{run_id}: ", [(what, ids["document_id"])])


def _witnesses_ahead(dataset: Dataset, folder: Promises, named: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """The witnesses in each run whose order is another than that of its parts, so that they may come later there."""
    runs = {
        run_id: promise for run_id, promise in folder.runs.items() if promise.duplicate["keep"] != "earliest"
    }
    if not runs:
        return {}
    ahead = {run_id: pl.DataFrame(schema=WITNESSES) for run_id in runs}
    for name in folder.parts():
        for run_id, part in Part.read(dataset, folder.span, name).runs():
            if run_id in runs:
                replaced = part.removed.filter(pl.col("reason") == REPLACED).select(*PLACE, "text")
                former = with_fingerprints(pl.concat([part.kept(), replaced]), runs[run_id].index)
                found = select_witnesses(former, ranks(part.records), named)
                ahead[run_id].extend(found.with_columns(witness_rank=pl.lit(-1, pl.Int64)))
    return ahead


def _lines(run: str, findings: Iterable[Finding]) -> Iterator[str]:
    """A line for each kind of finding, with its number and some examples."""
    kinds: dict[str, list[pl.Series]] = {}
    for what, where in findings:
        if len(where):
            kinds.setdefault(what, []).append(where.cast(pl.String).fill_null("null").rename("where"))
    for what, parts in kinds.items():
        every = pl.concat(parts)
        shown = ", ".join(every.unique(maintain_order=True).head(SHOWN))
        yield f"{run}{what}: {len(every):,} times, as {shown}"


def _counts(run: str, expected: Counts, found: Counts) -> Iterator[str]:
    """A line for each count of the manifest that the tables do not have."""
    for name, what in COUNTS.items():
        if getattr(expected, name) != getattr(found, name):
            yield f"{run}{what}: the manifest counts {getattr(expected, name)}, there are {getattr(found, name)}"
    for table in ("removed", "labelled"):
        mine, theirs = getattr(expected, table), getattr(found, table)
        for reason in sorted(mine.keys() | theirs.keys()):
            counts, actual = mine.get(reason, (0, 0, 0)), theirs.get(reason, (0, 0, 0))
            if counts != actual:
                yield (
                    f"{run}{table}: {reason}: the manifest counts (documents, paragraphs, words) {counts}, "
                    f"there are {actual}"
                )
