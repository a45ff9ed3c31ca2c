"""What Prefect shows about a run: its progress, its outcome, a link to the dataset, and the updated asset."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from prefect.artifacts import (
    create_link_artifact,
    create_markdown_artifact,
    create_progress_artifact,
    update_progress_artifact,
)
from prefect.assets import Asset, AssetProperties, materialize
from prefect.cache_policies import NO_CACHE

from flows.dataset import Layout
from flows.dataset.summary import Outcome
from flows.printable import as_markdown, printable
from flows.run.engine import DONE_AFTER

STEP: Final = 5  # percent; each update is a call to the server

#: Characters that Prefect does not allow in the key of an asset.
_FORBIDDEN: Final = re.compile(r"[\s\0#?&%\"'<>\[\]{}|\\^`]")
_MAX_KEY_LENGTH: Final = 512


def show_progress() -> Callable[[str, int, int], None]:
    """A function to call with the progress of each stage (name, items done, total); it updates a progress artifact."""
    artifact: Any = create_progress_artifact(0.0, key="copydesk-progress", description="progress of the run")
    stages = list(DONE_AFTER)
    shown = 0.0

    def report(stage: str, done: int, total: int) -> None:
        nonlocal shown
        if stage not in DONE_AFTER:
            return
        place = stages.index(stage)
        before = DONE_AFTER[stages[place - 1]] if place else 0
        percent = before + (DONE_AFTER[stage] - before) * done / max(total, 1)
        if percent >= shown + STEP or (percent == 100 and shown < 100):
            shown = percent
            update_progress_artifact(artifact, percent, description=stage)

    return report


def show_outcome(outcome: Outcome, *, held: str | None = None) -> None:
    """Create artifacts: the summary as a table, and a link to the dataset. `held` says why a run is held."""
    create_markdown_artifact(
        key="copydesk-run",
        markdown=f"{as_markdown(held)}\n\n{outcome.markdown()}" if held else outcome.markdown(),
        description=f"Outcome of the run in {as_markdown(str(outcome.out))}",
    )
    if outcome.run_id is None:
        return
    layout = Layout(outcome.out)
    dataset = layout.held_publish(outcome.run_id) / "documents" if held else layout.base("documents")
    create_link_artifact(
        dataset.as_uri(),
        link_text=as_markdown(str(dataset)),
        key="copydesk-dataset",
        description=f"run {outcome.run_id}",
    )


def record_asset(outcome: Outcome) -> None:
    """Record in Prefect that this run updated the dataset, as an asset, with its counts."""
    asset = Asset(
        key=asset_key(outcome.out),
        properties=AssetProperties(
            name=printable(outcome.out.name),
            url=outcome.out.as_uri(),
            description="Clean, deduplicated text as Parquet.",
        ),
    )

    def publish() -> None:
        asset.add_metadata(
            {
                "run_id": outcome.run_id,
                "documents": outcome.counts.documents_kept,
                "paragraphs": outcome.counts.paragraphs_kept,
                "words": outcome.counts.words_kept,
            }
        )

    materialization: Any = materialize(
        asset,
        by="copydesk",
        name="publish",
        task_run_name="publish",
        cache_policy=NO_CACHE,
        persist_result=False,
    )(publish)
    materialization()


def asset_key(out: Path) -> str:
    """The key of a dataset as an asset: its path as a URI, with "_" for characters that Prefect does not allow.

    >>> asset_key(Path("/data/all the news"))
    'file:///data/all_the_news'
    """
    return f"file://{_FORBIDDEN.sub('_', printable(out.as_posix()))}"[:_MAX_KEY_LENGTH]
