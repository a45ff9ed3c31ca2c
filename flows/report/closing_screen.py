"""What a run says at its end: what came in and went out, what was rejected, what waits, and the next step.

`lines` is for people, `as_json` for machines.
"""

from __future__ import annotations

import shlex
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, Literal

from rich.table import Table

from flows.dataset import Dataset
from flows.dataset.summary import Outcome, counted, share
from flows.printable import printable, printable_json

SHOWN: Final = 5  # kinds of rejections; all with --verbose
NARROW: Final = 64  # columns
LONGEST: Final = 300  # characters of an error; all with --verbose

Status = Literal["published", "unchanged", "held", "dry run", "failed"]


def table_of(outcome: Outcome, width: int) -> Table:
    """What came in, was kept, and was removed by reason; in a narrow terminal only its words."""
    columns = ("documents", "paragraphs", "words", "")
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("")
    shown = columns if width >= NARROW else columns[2:]
    for name in shown:
        table.add_column(name, justify="right")
    for what, *cells in outcome.counts.rows():
        table.add_row(
            what if what in ("in", "kept", "removed", "labelled") else f"  {what}",
            *cells[len(columns) - len(shown) :],
        )
    return table


def headline(outcome: Outcome, status: Status) -> str:
    """The outcome in words: what came in, and the share of words that was kept and removed."""
    counts = outcome.counts
    name = {"held": f"run {outcome.run_id}, held", "dry run": "dry run"}.get(status, f"run {outcome.run_id}")
    if not counts.documents:
        return f"{name}: no document in {counted(outcome.read, 'new input')}"
    kept = (
        f"{counts.documents_kept:,} of {counted(counts.documents, 'document')} kept"
        if counts.documents_kept != counts.documents
        else f"{counted(counts.documents, 'document')}, all kept"
    )
    words, removed = (
        share(part, counts.words) for part in (counts.words_kept, counts.words - counts.words_kept)
    )
    labelled = sum(words for _, _, words in counts.labelled.values())
    marked = f", {share(labelled, counts.words)} labelled" if labelled else ""
    return (
        f"{name}: {kept}, with {words} of the words; {removed} removed{marked}"
        if counts.words
        else f"{name}: {kept}"
    )


def lines(
    outcome: Outcome, status: Status, width: int, page: Path | None = None, *, verbose: bool = False
) -> Iterator[str]:
    """What follows the table, line by line; texts are wrapped at `width`, paths and commands are not.

    `page` is that of the run, if it was written.
    """
    counts = outcome.counts
    speed = (
        f"{counts.bytes / 1e6:,.1f} MB of text in {outcome.seconds:,.1f} s, "
        f"{outcome.megabytes_a_second:,.1f} MB/s"
    )
    yield f"{counted(counts.repaired, 'paragraph')} repaired; {speed}"
    if verbose and status == "published":
        times = Dataset(outcome.out).manifest(str(outcome.run_id))["stages"]
        yield "seconds: " + ", ".join(f"{stage} {took['wall']:,.1f}" for stage, took in times.items())
    if outcome.fields_line():
        yield outcome.fields_line()
    is_well = not (
        counts.rejected or outcome.waits or outcome.waiting or outcome.lossy_quotes or outcome.limit
    )
    left = outcome.left_over().removeprefix(", ").removeprefix("; ")
    if is_well:
        read = "all new inputs were" if outcome.read != 1 else "the new input was"
        yield f"all is well: {read} read, and nothing waits{f'; {left}' if left else ''}"
    else:
        yield from _rejections(outcome, width, verbose=verbose)
        if left:
            yield left
        for note in (
            outcome.limit_line() if status != "dry run" else "",
            outcome.waits_line(),
            outcome.quotes_line(),
            outcome.leads_line(),
            outcome.references_line(),
        ):
            if note:
                yield note
    if status == "published":
        yield f"dataset: {outcome.out}/documents (next to removed, labelled, repaired and rejected)"
    if page is not None:
        yield f"report: {page}"
    if status == "published":
        yield "next:"
        yield from (f"  {command}" for command in next_commands(outcome))


def next_commands(outcome: Outcome) -> Iterator[str]:
    """The commands that show what a published run did."""
    out = shlex.quote(printable(str(outcome.out)))
    yield f"copydesk report {out}"
    if (document := example(outcome)) is not None:
        yield f"copydesk explain --out {out} --document {document}"


def example(outcome: Outcome) -> str | None:
    """The id of a document of the run that is worth a look: of the first in which something was found."""
    dataset = Dataset(outcome.out)
    for table in ("removed", "labelled", "documents"):
        found = dataset.scan(table, outcome.run_id).select("document_id").head(1).collect()
        if len(found):
            return str(found.item())
    return None


def _rejections(outcome: Outcome, width: int, *, verbose: bool) -> Iterator[str]:
    found = outcome.rejections
    if not found:
        return
    yield f"{counted(outcome.counts.rejected, 'input')} rejected:"
    digits = max(len(f"{one.number:,}") for one in found)
    for one in found if verbose else found[:SHOWN]:
        what, way_out = printable(one.what), printable(one.way_out)
        if not verbose and len(what) > LONGEST:
            what = f"{what[:LONGEST]}..."
        indent = " " * (digits + 4)
        yield from textwrap.wrap(
            f"{what} -> {way_out}",
            max(width - 1, 40),
            initial_indent=f"  {one.number:{digits},}  ",
            subsequent_indent=indent,
            break_long_words=False,
            break_on_hyphens=False,
        )
        yield f"{indent}as {printable(one.uri)}"
    if len(found) > SHOWN and not verbose:
        rest = found[SHOWN:]
        left = outcome.counts.rejected - sum(one.number for one in found[:SHOWN])
        yield (
            f"  and {left:,} of {counted(len(rest), 'other kind')}: "
            f"run with --verbose, or read the table `rejected`"
        )


def as_json(
    outcome: Outcome, status: Status, exit_code: int, held_for: list[str], page: Path | None = None
) -> dict[str, Any]:
    """The outcome as one JSON object; flows/README.md documents its fields."""
    counts = outcome.counts
    return {
        "status": status,
        "exit_code": exit_code,
        "run": outcome.run_id if status != "dry run" else None,
        "dataset": printable(str(outcome.out)),
        "inputs": {
            "found": outcome.inputs,
            "new": outcome.read,
            "left": outcome.waiting,
            "skipped": dict(sorted(outcome.skipped.items())),
            "limit": outcome.limit or None,
        },
        "documents": {"in": counts.documents, "kept": counts.documents_kept},
        "paragraphs": {
            "in": counts.paragraphs,
            "kept": counts.paragraphs_kept,
            "repaired": counts.repaired,
            "leads": counts.leads,
        },
        "words": {"in": counts.words, "kept": counts.words_kept},
        **{
            what: {
                reason: dict(zip(("documents", "paragraphs", "words"), numbers, strict=True))
                for reason, numbers in found.items()
            }
            for what, found in (("removed", counts.removed), ("labelled", counts.labelled))
        },
        "rejected": {
            "count": counts.rejected,
            "kinds": [
                printable_json(
                    {"count": one.number, "uri": one.uri, "error": one.error, "way_out": one.way_out}
                )
                for one in outcome.rejections
            ],
        },
        "waits": [
            printable_json({"for": one.remedy, "inputs": one.inputs, "uri": one.example})
            for one in outcome.waits
        ],
        "fields": printable_json(outcome.names()),
        "question_marks": printable_json(dict(outcome.lossy_quotes)),
        "unread": [
            printable_json({"count": count, "uri": uri, "error": error})
            for count, uri, error in outcome.unread
        ],
        "held_for": held_for,
        "report": None if page is None else printable(str(page)),
        "bytes": counts.bytes,
        "seconds": round(outcome.seconds, 3),
        "error": None,
    }
