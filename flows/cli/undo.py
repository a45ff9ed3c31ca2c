"""The commands that change published data: rollback, restore, relabel, expire, reindex, compact."""

from __future__ import annotations

import enum
from datetime import UTC, datetime
from typing import Annotated

import typer

from flows.cli.app import Config, Out, Yes, app, ask, examples, open_dataset, report_errors, say

Offline = Annotated[
    bool,
    typer.Option(
        "--offline",
        help="Go on even if folders cannot be exchanged in one instant. You promise that nothing reads the dataset.",
    ),
]


@app.command(
    epilog=examples("copydesk rollback /data/news r000412", "copydesk rollback /data/news r000412 --yes")
)
def rollback(
    out: Out,
    run: Annotated[
        str, typer.Argument(help="The first run to roll back, such as r000012.", show_default=False)
    ],
    yes: Yes = False,
    offline: Offline = False,
) -> None:
    """Roll back a run and all later ones. The next run reads their inputs again."""
    from flows.maintenance import rollback as roll_back
    from flows.report.run_list import what_goes

    with report_errors("nothing was rolled back"):
        dataset = open_dataset(out)
        if run in (published := dataset.runs()):
            going = published[published.index(run) :]
            head = f"{out}: this takes {_runs(going)} back; the next run reads {_whose(going)} inputs again"
            ask(head, what_goes(dataset, going), yes=yes, otherwise="nothing was rolled back")
        removed = roll_back(dataset, run, offline=offline)
    say.print(f"{out}: {_runs(removed)} rolled back; the next run reads {_whose(removed)} inputs again")


@app.command(
    epilog=examples(
        "copydesk restore /data/news --reason boilerplate --run r000412",
        "copydesk restore /data/news --rule 'phrase en:read-more'",
        "copydesk restore /data/news --document https://kestreldispatch.example/valley/village-buys-hill",
    )
)
def restore(
    out: Out,
    document: Annotated[str | None, typer.Option(help="A document, by its document_id, uri or url.")] = None,
    reason: Annotated[str | None, typer.Option(help="A reason, such as boilerplate or duplicate.")] = None,
    rule: Annotated[
        str | None,
        typer.Option(help="A rule, as the tables have it, such as 'line score' or 'phrase en:read-more'."),
    ] = None,
    run: Annotated[str | None, typer.Option(help="Id of a run.")] = None,
    offline: Offline = False,
) -> None:
    """Restore removed or labelled text that matches all given options. Later runs leave it alone."""
    from flows.dataset.summary import counted
    from flows.maintenance import restore as restore_text

    with report_errors("nothing was restored"):
        restored = restore_text(
            open_dataset(out), document=document, reason=reason, rule=rule, run=run, offline=offline
        )
    whole = (
        f", and {counted(restored.documents, 'document')} that had been removed whole"
        if restored.documents
        else ""
    )
    paragraphs, words = counted(restored.paragraphs, "paragraph"), counted(restored.words, "word")
    say.print(f"{out}: restored {paragraphs} with {words}{whole}")


class Action(enum.StrEnum):
    """What is done with what a reason finds."""

    REMOVE = "remove"
    LABEL = "label"


@app.command(
    epilog=examples(
        "copydesk relabel /data/news --reason duplicate --action label",
        "copydesk relabel /data/news --reason boilerplate --action remove",
    )
)
def relabel(
    out: Out,
    reason: Annotated[
        str, typer.Option(help="A reason, such as boilerplate or duplicate.", show_default=False)
    ],
    action: Annotated[
        Action,
        typer.Option(
            help="With label, what it removed is in the text again, and labelled; with remove, what it labelled goes.",
            show_default=False,
        ),
    ],
    offline: Offline = False,
) -> None:
    """Give a reason another action in all published runs: no input is read again. A second time it does nothing."""
    from flows.dataset.summary import counted
    from flows.maintenance import relabel as relabel_rows

    with report_errors("nothing was relabelled"):
        done = relabel_rows(open_dataset(out), reason, action.value, offline=offline)
    if not done.runs:
        say.print(f'{out}: the action of {reason} is "{action}" in all runs; nothing was relabelled')
        return
    label = action is Action.LABEL
    what = "labelled, and in the text again" if label else "removed, and labelled no more"
    whole = f"; {counted(done.documents, 'document')} {'back' if label else 'gone'}" if done.documents else ""
    paragraphs, words = counted(done.paragraphs, "paragraph"), counted(done.words, "word")
    say.print(f"{out}: {paragraphs} with {words} {what}{whole}")
    say.print(f'for later runs, set in their configuration: [{reason}] action = "{action}"', soft_wrap=True)


@app.command(
    epilog=examples(
        "copydesk expire /data/news --before 2025-01-01",
        "copydesk expire /data/news --before 2025-01-01 --yes",
    )
)
def expire(
    out: Out,
    before: Annotated[
        datetime,
        typer.Option(
            help="Expire runs that finished before this time (UTC).",
            formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"],
        ),
    ],
    yes: Yes = False,
    offline: Offline = False,
) -> None:
    """Delete the runs that are older than a date. Their inputs are not read again."""
    from flows.maintenance import expire as expire_runs
    from flows.maintenance import older_runs
    from flows.report.run_list import what_goes

    with report_errors("nothing was deleted"):
        dataset, limit = open_dataset(out), before.replace(tzinfo=UTC)
        if going := older_runs(dataset, limit):
            head = f"{out}: this deletes {_runs(going)} for good; {_whose(going)} inputs are not read again"
            ask(head, what_goes(dataset, going), yes=yes, otherwise="nothing was deleted")
        expired = expire_runs(dataset, limit, offline=offline)
    say.print(
        f"{out}: {_runs(expired)} deleted" if expired else f"{out}: no run is that old; nothing was deleted"
    )


@app.command(epilog=examples("copydesk reindex /data/news --config mine.toml"))
def reindex(out: Out, config: Config = None, offline: Offline = False) -> None:
    """Rebuild the duplicate index by other settings. No row of a table changes."""
    from flows.dataset.summary import counted
    from flows.maintenance import reindex as rebuild_index
    from flows.settings import read_settings

    settings = read_settings(config)
    with report_errors("the index is unchanged"):
        rows = rebuild_index(open_dataset(out), settings.duplicate, offline=offline)
    say.print(f"{out}: {counted(rows, 'paragraph')} in the index")


@app.command(epilog=examples("copydesk compact /data/news"))
def compact(out: Out, offline: Offline = False) -> None:
    """Merge the small part files of many runs into large ones. No row changes."""
    from flows.maintenance import compact as merge_parts

    with report_errors("the dataset is unchanged"):
        parts = merge_parts(open_dataset(out), offline=offline)
    say.print(
        f"{out}: {parts[0]:,} part files merged into {parts[1]:,}" if parts else f"{out}: nothing to merge"
    )


def _whose(ids: list[str]) -> str:
    return "its" if len(ids) == 1 else "their"


def _runs(ids: list[str]) -> str:
    return f"run {ids[0]}" if len(ids) == 1 else f"{len(ids):,} runs, {ids[0]} to {ids[-1]},"
