"""The commands that take back, put back, merge or expire what was published."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from flows.cli.app import Config, Out, app, open_dataset, report_errors, say

Offline = Annotated[
    bool,
    typer.Option(
        "--offline", help="Nobody reads the dataset: go on where folders cannot be exchanged at once."
    ),
]


@app.command()
def rollback(
    out: Out,
    run: Annotated[str, typer.Argument(help="The first run that goes, as r000012.", show_default=False)],
    offline: Offline = False,
) -> None:
    """Take back a run and all later ones; their inputs are new again."""
    from flows.maintenance import rollback as take_back

    with report_errors("nothing was taken back"):
        gone = take_back(open_dataset(out), run, offline=offline)
    whose = "its" if len(gone) == 1 else "their"
    say.print(f"{out}: {_runs(gone)} taken back; the next run reads {whose} inputs again")


@app.command()
def restore(
    out: Out,
    document: Annotated[str | None, typer.Option(help="Id of a document.")] = None,
    reason: Annotated[str | None, typer.Option(help="A reason, as boilerplate or duplicate.")] = None,
    rule: Annotated[str | None, typer.Option(help="A rule, word for word as `removed` has it.")] = None,
    run: Annotated[str | None, typer.Option(help="Id of a run.")] = None,
    offline: Offline = False,
) -> None:
    """Put removed text back; what is named by several options is what all of them fit. Later runs leave it alone."""
    from flows.maintenance import restore as put_back

    with report_errors("nothing was restored"):
        back = put_back(
            open_dataset(out), document=document, reason=reason, rule=rule, run=run, offline=offline
        )
    say.print(
        f"{out}: {back.paragraphs:,} paragraphs with {back.words:,} words are back, "
        f"and {back.documents:,} documents that had gone whole"
    )


@app.command()
def expire(
    out: Out,
    before: Annotated[
        datetime,
        typer.Option(
            help="Runs that were finished before this moment go (UTC).",
            formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"],
        ),
    ],
    offline: Offline = False,
) -> None:
    """Take out the runs that are older than a date, of the tables and of the duplicate index."""
    from flows.maintenance import expire as take_out

    with report_errors("nothing was taken out"):
        gone = take_out(open_dataset(out), before.replace(tzinfo=UTC), offline=offline)
    say.print(f"{out}: {_runs(gone)} taken out" if gone else f"{out}: no run is that old; it is as it was")


@app.command()
def reindex(out: Out, config: Config = None, offline: Offline = False) -> None:
    """Build the duplicate index anew by the rules of a configuration; no row of a table changes."""
    from flows.maintenance import reindex as build_anew
    from flows.settings.model import read_settings

    settings = read_settings(config)
    with report_errors("the index is as it was"):
        rows = build_anew(open_dataset(out), settings.duplicate, offline=offline)
    say.print(f"{out}: {rows:,} paragraphs in the index")


@app.command()
def compact(out: Out, offline: Offline = False) -> None:
    """Merge the small parts of many runs into large ones; no row changes."""
    from flows.maintenance import compact as merge

    with report_errors("the dataset is as it was"):
        parts = merge(open_dataset(out), offline=offline)
    say.print(f"{out}: {parts[0]:,} parts became {parts[1]:,}" if parts else f"{out}: nothing to merge")


def _runs(ids: list[str]) -> str:
    return f"run {ids[0]}" if len(ids) == 1 else f"{len(ids):,} runs, {ids[0]} to {ids[-1]},"
