"""The commands that change published data: rollback, restore, expire, reindex, compact."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from flows.cli.app import Config, Out, app, open_dataset, report_errors, say

Offline = Annotated[
    bool,
    typer.Option(
        "--offline",
        help="No reader is using the dataset: continue even if folders cannot be exchanged atomically.",
    ),
]


@app.command()
def rollback(
    out: Out,
    run: Annotated[
        str, typer.Argument(help="The first run to roll back, such as r000012.", show_default=False)
    ],
    offline: Offline = False,
) -> None:
    """Roll back a run and all later ones; the next run reads their inputs again."""
    from flows.maintenance import rollback as roll_back

    with report_errors("nothing was rolled back"):
        removed = roll_back(open_dataset(out), run, offline=offline)
    whose = "its" if len(removed) == 1 else "their"
    say.print(f"{out}: {_runs(removed)} rolled back; the next run reads {whose} inputs again")


@app.command()
def restore(
    out: Out,
    document: Annotated[str | None, typer.Option(help="A document, by its document_id, uri or url.")] = None,
    reason: Annotated[str | None, typer.Option(help="A reason, such as boilerplate or duplicate.")] = None,
    rule: Annotated[
        str | None,
        typer.Option(help="A rule from the table `removed`, such as 'line score' or 'phrase en:read-more'."),
    ] = None,
    run: Annotated[str | None, typer.Option(help="Id of a run.")] = None,
    offline: Offline = False,
) -> None:
    """Restore removed text that matches all given options. Later runs do not remove it again."""
    from flows.maintenance import restore as restore_text

    with report_errors("nothing was restored"):
        restored = restore_text(
            open_dataset(out), document=document, reason=reason, rule=rule, run=run, offline=offline
        )
    say.print(
        f"{out}: restored {restored.paragraphs:,} paragraphs with {restored.words:,} words, "
        f"and {restored.documents:,} documents that had been removed whole"
    )


@app.command()
def expire(
    out: Out,
    before: Annotated[
        datetime,
        typer.Option(
            help="Expire runs that finished before this time (UTC).",
            formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"],
        ),
    ],
    offline: Offline = False,
) -> None:
    """Delete the runs that are older than a date from the tables and from the duplicate index."""
    from flows.maintenance import expire as expire_runs

    with report_errors("nothing was deleted"):
        expired = expire_runs(open_dataset(out), before.replace(tzinfo=UTC), offline=offline)
    say.print(
        f"{out}: {_runs(expired)} deleted" if expired else f"{out}: no run is that old; nothing was deleted"
    )


@app.command()
def reindex(out: Out, config: Config = None, offline: Offline = False) -> None:
    """Rebuild the duplicate index with the settings of a configuration; no row of a table changes."""
    from flows.maintenance import reindex as rebuild_index
    from flows.settings import read_settings

    settings = read_settings(config)
    with report_errors("the index is unchanged"):
        rows = rebuild_index(open_dataset(out), settings.duplicate, offline=offline)
    say.print(f"{out}: {rows:,} paragraphs in the index")


@app.command()
def compact(out: Out, offline: Offline = False) -> None:
    """Merge the small part files of many runs into large ones; no row changes."""
    from flows.maintenance import compact as merge_parts

    with report_errors("the dataset is unchanged"):
        parts = merge_parts(open_dataset(out), offline=offline)
    say.print(
        f"{out}: {parts[0]:,} part files merged into {parts[1]:,}" if parts else f"{out}: nothing to merge"
    )


def _runs(ids: list[str]) -> str:
    return f"run {ids[0]}" if len(ids) == 1 else f"{len(ids):,} runs, {ids[0]} to {ids[-1]},"
