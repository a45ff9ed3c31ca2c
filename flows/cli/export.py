"""The command `export`: a table of a dataset as one of Delta Lake or Iceberg, kept equal."""

from __future__ import annotations

import enum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flows.cli.app import Out, Quiet, app, examples, open_dataset, report_errors, say, warn
from flows.cli.home import expand_home
from flows.errors import UsageError

if TYPE_CHECKING:
    from flows.dataset import Dataset
    from flows.export import Changes
    from flows.export.target import Target


class Format(enum.StrEnum):
    """A table format."""

    DELTA = "delta"
    ICEBERG = "iceberg"


class Exported(enum.StrEnum):
    """A published table."""

    DOCUMENTS = "documents"
    REMOVED = "removed"
    LABELLED = "labelled"
    REPAIRED = "repaired"
    REJECTED = "rejected"


@app.command(
    epilog=examples(
        "copydesk export /data/news --format delta --to s3://lake/news",
        "copydesk export /data/news --format delta --to /lake/removed --table removed",
        "copydesk export /data/news --format iceberg --to news.documents --catalog prod",
        "copydesk export /data/news --format iceberg --to news.documents --warehouse /lake --dry-run",
    )
)
def export(
    out: Out,
    table_format: Annotated[Format, typer.Option("--format", help="The format of the other table.")],
    to: Annotated[
        str,
        typer.Option(
            metavar="PLACE",
            help="Path or URL of a Delta table; namespace and name of an Iceberg table.",
            callback=expand_home,
        ),
    ],
    table: Annotated[
        Exported, typer.Option(help="Which table of the dataset is exported.")
    ] = Exported.DOCUMENTS,
    catalog: Annotated[
        str | None,
        typer.Option(
            help="A catalog in the configuration of pyiceberg: ~/.pyiceberg.yaml, or PYICEBERG_CATALOG__... "
            "in the environment.",
            show_default="that of pyiceberg, default",
        ),
    ] = None,
    warehouse: Annotated[
        Path | None,
        typer.Option(
            help="A folder for Iceberg tables, with their catalog in an SQLite file, instead of --catalog.",
            callback=expand_home,
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be written, and write nothing.")
    ] = False,
    quiet: Quiet = False,
) -> None:
    """Make a Delta or Iceberg table equal to a table of the dataset, by a transaction for each run that differs."""
    from flows.cli.progress import show_progress

    if table_format is Format.DELTA and (catalog or warehouse):
        raise UsageError(
            "--catalog and --warehouse are for --format iceberg: a Delta table is its own folder"
        )
    if catalog and warehouse:
        raise UsageError("give --catalog or --warehouse: each says where the catalog is")
    with report_errors("the next export does the rest"):
        dataset = open_dataset(out)
        target = _target(dataset, table_format, to, table, catalog, warehouse, dry_run=dry_run)
        from flows.export import export as export_table

        with show_progress(warn, quiet=quiet) as report:
            changes = export_table(dataset, target, table, dry_run=dry_run, report=report)
    if not quiet:
        say.print(f"{to}: {_in_words(changes, dry_run=dry_run)}")


def _target(
    dataset: Dataset,
    table_format: Format,
    to: str,
    table: str,
    catalog: str | None,
    warehouse: Path | None,
    *,
    dry_run: bool,
) -> Target:
    """The table elsewhere; raises UsageError if its library is missing, or if it would lie in the dataset."""
    from flows.dataset.identity import how_to_claim

    place = to if table_format is Format.DELTA else warehouse
    if place is not None and "://" not in str(place) and Path(place).absolute().is_relative_to(dataset.root):
        raise UsageError(f"{place} is in the dataset: choose another place")
    try:
        if table_format is Format.DELTA:
            from flows.export.delta import DeltaTarget
        else:
            from flows.export.iceberg import IcebergTarget, catalog_of, check_name
    except ModuleNotFoundError as error:
        raise UsageError(
            f"{str(error.name).partition('.')[0]} is not installed, which --format {table_format} needs: "
            f'pip install "copydesk[{table_format}]"'
        ) from error
    claim = partial(how_to_claim, dataset)
    if table_format is Format.DELTA:
        return DeltaTarget(to, table, _identity(dataset, dry_run=dry_run), claim)
    check_name(to, table)
    known = catalog_of(catalog, warehouse, make=not dry_run)
    return IcebergTarget(known, to, table, _identity(dataset, dry_run=dry_run), claim)


def _identity(dataset: Dataset, *, dry_run: bool) -> str | None:
    from flows.dataset.identity import give_identity, read_identity

    return read_identity(dataset) if dry_run else give_identity(dataset)


def _in_words(changes: Changes, *, dry_run: bool) -> str:
    """What was done, in one line."""
    from flows.dataset.summary import counted

    parts = [
        f"{counted(len(runs), 'run')} {verb} ({counted(sum(runs.values()), 'row')})"
        for verb, runs in (
            ("appended", changes.appended),
            ("replaced", changes.replaced),
            ("deleted", changes.deleted),
        )
        if runs
    ]
    if changes.noted:
        parts.append(f"{counted(len(changes.noted), 'run')} in other files, with the same rows")
    if not parts:
        return f"nothing to do: it has all {counted(changes.rows, 'row')} of {counted(changes.runs, 'run')}"
    head, then = ("it would be: ", "then ") if dry_run else ("", "")
    has = f"{counted(changes.rows, 'row')} of {counted(changes.runs, 'run')}"
    return f"{head}{', '.join(parts)}; {then}it has {has}"
