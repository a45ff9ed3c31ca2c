"""The command that takes a person's review of removals in: review."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer
from rich.table import Table

from flows.cli.app import Out, app, expand_home, open_dataset, report_errors, say, warn
from flows.cli.look import exit_if_lost
from flows.cli.undo import Offline

if TYPE_CHECKING:
    import polars as pl

    from flows.maintenance.review_removals import Review

#: Paragraphs that are listed before one is asked.
_LISTED: Final = 10
#: The first character keeps the lines as they are.
_EXAMPLES: Final = """\b
Examples:
  copydesk review OUT marks.json --dry-run    # what would be restored
  copydesk review OUT marks.json              # restore what was marked wrong
  copydesk review OUT                         # the precision of all reviews
"""


@app.command(epilog=_EXAMPLES)
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
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Do not ask. Without a terminal, nothing is asked anyway.")
    ] = False,
    offline: Offline = False,
) -> None:
    """Restore, for good, what a person marked as wrongly removed, and print the precision of each reason.

    The marks are kept, so that precision adds up over reviews. The same marks again change nothing.
    """
    from flows.dataset.reviews import read_reviews

    dataset = open_dataset(out)
    if marks is not None:
        from flows.maintenance.review_removals import assess
        from flows.maintenance.review_removals import review as take_in
        from flows.report.marks import read_marks

        given = read_marks(marks)
        found = assess(dataset, given)
        _say_what_counts(found, marks)
        if found.to_restore.height and not dry_run and not yes:
            _ask(found.to_restore)
        if dry_run:
            _list(found.to_restore)
            say.print(f"{_paragraphs(found.to_restore.height)} would be restored; nothing was changed")
        elif found.new.height or found.to_restore.height:
            with report_errors("nothing was restored"):
                _, restored = take_in(dataset, given, offline=offline)
            whole = f", and {_number(restored.documents, 'document')} that had gone whole" * bool(
                restored.documents
            )
            say.print(
                f"{out}: restored {_paragraphs(restored.paragraphs)} with {_number(restored.words, 'word')}{whole}"
            )
        else:
            say.print(f"{out}: all of these marks are known, and nothing is left to restore")
        say.print("")
        _print_precision(found.marks, "these marks")
    sum_of_all = read_reviews(dataset)
    if marks is None and sum_of_all.is_empty():
        say.print(
            f"{out} has no review yet: mark removals in the page of a run as right or wrong, save the marks, and give "
            f"the file to `copydesk review {out} marks.json`"
        )
    elif sum_of_all.height:
        if marks is not None:
            say.print("")
        _print_precision(sum_of_all, "all reviews")
    if marks is None:
        exit_if_lost()


def _say_what_counts(found: Review, marks: Path) -> None:
    """How many marks there are, and how many of them name nothing."""
    total = found.marks.height + found.gone
    gone = f"; {found.gone:,} of them name no removal of this dataset, or none that is still there" * bool(
        found.gone
    )
    say.print(f"{marks}: {_number(total, 'mark')}{gone}")


def _ask(wrong: pl.DataFrame) -> None:
    """Show what is restored, and go on only if the person at the terminal agrees; exit with 130 if not."""
    if not _is_watched():
        return
    _list(wrong)
    if not typer.confirm(
        f"Restore {'this' if wrong.height == 1 else 'these'} {_paragraphs(wrong.height)}, for good?"
    ):
        warn.print("copydesk: nothing was restored, and the marks were not kept")
        raise typer.Exit(130)


def _is_watched() -> bool:
    """Whether a person sees a question, and can answer it."""
    return say.is_terminal and sys.stdin is not None and sys.stdin.isatty()


def _list(wrong: pl.DataFrame) -> None:
    from rich.text import Text

    from flows.printable import printable

    for reason, rule, text in wrong.head(_LISTED).select("reason", "rule", "text").iter_rows():
        line = Text(printable(f"  {text} [{reason}: {rule}]"))
        line.truncate(say.width, overflow="ellipsis")
        say.print(line)
    if wrong.height > _LISTED:
        say.print(f"  ... and {wrong.height - _LISTED:,} more")


def _print_precision(marks: pl.DataFrame, whose: str) -> None:
    """A table of reasons: right, wrong, precision and its interval."""
    from flows.report.precision import precision_by_reason

    if marks.is_empty():
        return
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
    say.print(table)
    say.print(
        "This is the share of what was marked. If borderline removals come first, the share of all is higher."
    )


def _paragraphs(count: int) -> str:
    return _number(count, "paragraph")


def _number(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"
