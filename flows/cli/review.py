"""The command that takes a person's review of removals in: review."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from flows.cli.app import Out, Yes, app, ask, examples, open_dataset, report_errors, say
from flows.cli.home import expand_home
from flows.cli.look import exit_if_lost
from flows.cli.undo import Offline
from flows.printable import printable

if TYPE_CHECKING:
    import polars as pl
    from rich.text import Text

    from flows.dataset import Dataset

#: Paragraphs that are listed before one is asked.
_LISTED: Final = 10


@app.command(
    epilog=examples(
        "copydesk review /data/news marks.json --dry-run    # what would be restored",
        "copydesk review /data/news marks.json              # restore what was marked wrong",
        "copydesk review /data/news                         # the precision of all reviews",
    )
)
def review(
    out: Out,
    marks: Annotated[
        Path | None,
        typer.Argument(
            help="The marks that the page of a run saved; without them, the sum of all reviews is printed.",
            callback=expand_home,
            show_default=False,
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print what would be restored, and change nothing.")
    ] = False,
    yes: Yes = False,
    offline: Offline = False,
) -> None:
    """Restore, for good, what a person marked as wrongly removed, and print the precision of each reason.

    The marks are kept, so that precision adds up over reviews. The same marks again change nothing.
    """
    from flows.dataset.reviews import read_reviews

    dataset = open_dataset(out)
    if marks is None:
        if (known := read_reviews(dataset)).height:
            _print_precision(known, "all reviews")
        else:
            say.print(
                f"{out} has no review yet: mark removals in the page of a run as right or wrong, save the marks, and "
                f"give the file to `copydesk review {out} marks.json`"
            )
        exit_if_lost()
        return
    found = _take_in(dataset, marks, dry_run=dry_run, yes=yes, offline=offline)
    _print_precision(found, "these marks")
    known = read_reviews(dataset)
    if not _is_same(known, found):
        _print_precision(known, "all reviews")


def _take_in(dataset: Dataset, marks: Path, *, dry_run: bool, yes: bool, offline: bool) -> pl.DataFrame:
    """Restore what is marked wrong, and keep the marks, or say what would be restored; the marks that count."""
    from flows.dataset.summary import counted
    from flows.maintenance.review_removals import assess
    from flows.maintenance.review_removals import review as take_in
    from flows.report.marks import read_marks

    given = read_marks(marks)
    found = assess(dataset, given)
    gone = f", {found.gone:,} of removals that are not there (any more)" if found.gone else ""
    say.print(f"{marks}: {counted(found.marks.height + found.gone, 'mark')}{gone}")
    wrong = found.to_restore
    if dry_run:
        if wrong.height:
            say.print(*_listed(wrong))
        say.print(f"{counted(wrong.height, 'paragraph')} would be restored; nothing was changed")
    elif not (wrong.height or found.new.height):
        say.print(f"{dataset.root}: all of these marks are known, and nothing is left to restore")
    else:
        if wrong.height:
            which = counted(wrong.height, "paragraph")
            end = "nothing was restored, and the marks were not kept"
            ask(f"To be restored, for good: {which}", *_listed(wrong), yes=yes, otherwise=end)
        with report_errors("nothing was restored"):
            _, restored = take_in(dataset, given, offline=offline)
        paragraphs, words = counted(restored.paragraphs, "paragraph"), counted(restored.words, "word")
        whole = (
            f", and {counted(restored.documents, 'document')} that had gone whole"
            if restored.documents
            else ""
        )
        did = (
            f"restored {paragraphs} with {words}{whole}"
            if restored.paragraphs
            else "there is nothing to restore"
        )
        say.print(f"{dataset.root}: {did}; the marks are kept")
    return found.marks


def _listed(wrong: pl.DataFrame) -> list[Text]:
    """The first paragraphs, a line each, cut at the width of the terminal."""
    from rich.text import Text

    lines = []
    for reason, rule, text in wrong.head(_LISTED).select("reason", "rule", "text").iter_rows():
        line = Text(printable(f"  {text} [{reason}: {rule}]"))
        line.truncate(say.width, overflow="ellipsis")
        lines.append(line)
    if wrong.height > _LISTED:
        lines.append(Text(f"  ... and {wrong.height - _LISTED:,} more"))
    return lines


def _print_precision(marks: pl.DataFrame, whose: str) -> None:
    """A table of reasons: right, wrong, precision and its interval."""
    from flows.report.precision import precision_by_reason

    if marks.is_empty():
        return
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    table.add_column(f"reason, by {whose}")
    for name in ("right", "wrong", "precision", "95 % interval"):
        table.add_column(name, justify="right")
    for row in precision_by_reason(marks):
        table.add_row(
            row.reason,
            f"{row.right:,}",
            f"{row.wrong:,}",
            f"{row.precision:.1%}",
            f"{row.low:.1%} to {row.high:.1%}",
        )
    say.print("", table)
    say.print(
        "(of the removals that were marked; where borderline ones come first, more of all removals are right)"
    )


def _is_same(some: pl.DataFrame, others: pl.DataFrame) -> bool:
    """Whether these are the same marks, in whatever order."""
    return some.height == others.height == some.join(others, on=some.columns).height
