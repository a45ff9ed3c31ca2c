"""The command `copies`: what was printed more than once, where first, and who copies whom."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from flows.cli.app import Out, app, examples, open_dataset, report_errors, say
from flows.cli.home import expand_home
from flows.cli.look import exit_if_lost
from flows.errors import UsageError
from flows.report.copies.names import By, Order

if TYPE_CHECKING:
    from flows.report.copies.query import Copies

#: Rows that a terminal shows, unless --limit says otherwise.
SHOWN: Final = 20


@app.command(
    epilog=examples(
        "copydesk copies /data/news                        # who copies whom, and how much later",
        "copydesk copies /data/news --by paragraphs        # what was printed most often, and by whom first",
        "copydesk copies /data/news --by clusters --share 0.8 --json",
        "copydesk copies /data/news --write /data/copies   # all tables, as Parquet",
    )
)
def copies(
    out: Out,
    by: Annotated[By, typer.Option(help="What a row is.")] = By.SOURCES,
    order: Annotated[
        Order,
        typer.Option(
            help="Whose print is the first: the one with the earliest date, or the one read first, which is kept."
        ),
    ] = Order.PUBLISHED,
    share: Annotated[
        float,
        typer.Option(
            help="From this share of its words on, a document is in the cluster of the one it has them from."
        ),
    ] = 0.5,
    limit: Annotated[
        int | None,
        typer.Option(min=1, help="How many rows are printed.", show_default=f"{SHOWN}; with --json all"),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print JSON instead: an object for each row, a line each.")
    ] = False,
    write: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER", help="Write all four tables into this folder, as Parquet.", callback=expand_home
        ),
    ] = None,
) -> None:
    """List what was printed more than once: paragraphs, pairs of documents, who copies whom, clusters of documents."""
    if write is not None and as_json:
        raise UsageError("--write and --json exclude each other")
    with report_errors():
        from flows.report.copies.query import Copies

        found = Copies(open_dataset(out), order, share)
        if write is not None:
            _write(found, write)
        elif as_json:
            _print_json(found, by, limit)
        else:
            _print_table(found, by, limit or SHOWN)
    exit_if_lost()


def _write(found: Copies, folder: Path) -> None:
    from flows.dataset.remote import local_folder, url_of
    from flows.report.copies.written import write_tables

    if url := url_of(folder):
        raise UsageError(f"{url}: --write takes a folder of this machine; copy the files from there")
    for path in write_tables(found, local_folder(folder)):
        say.print(str(path))


def _print_json(found: Copies, by: By, limit: int | None) -> None:
    """An object a line, in ASCII, so that the strings are exact and yet harmless to a terminal."""
    rows = found.table(by, limit).collect_batches(chunk_size=10_000, maintain_order=True, engine="streaming")
    for batch in rows:
        for row in batch.iter_rows(named=True):
            say.file.write(f"{json.dumps(row, default=datetime.isoformat)}\n")
        if not say.has_reader:
            return
    say.file.flush()


def _print_table(found: Copies, by: By, most: int) -> None:
    from flows.dataset.summary import counted
    from flows.report.copies.in_terminal import in_terminal
    from flows.report.copies.links import count_in_references

    rows = found.table(by, most + 1).collect(engine="streaming")
    if rows.is_empty():
        say.print(f"{found.dataset.root}: {_NOTHING[by]}")
    else:
        say.print(in_terminal(by, rows.head(most)))
    if len(rows) > most:
        say.print("", "There are more rows: --limit shows more of them, --write all.")
    if left_out := count_in_references(found.dataset):
        say.print("", f"Left out: {counted(left_out, 'paragraph')} that a reference printed first.")


_NOTHING: Final = {
    By.PARAGRAPHS: "no paragraph was printed more than once",
    By.PAIRS: "no two documents have text in common",
    By.SOURCES: "no two documents have text in common",
    By.CLUSTERS: "no document has that share of its words from another one",
}
