"""What Prefect shows of a run: how far it is, what it did, where the dataset is, and that the dataset was renewed."""

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

from flows.dataset.summary import Outcome

#: Percent of a run that are behind it when a stage is done, as measured on news.
DONE_AFTER: Final = {
    "read": 15,
    "clean": 55,
    "count": 60,
    "shingle_frequencies": 62,
    "remove": 75,
    "compare": 88,
    "split": 100,
}
STEP: Final = 5  # percent: each update is a call to the server

#: What Prefect refuses in the key of an asset.
_REFUSED: Final = re.compile(r"[\s\0#?&%\"'<>\[\]{}|\\^`]")
_LONGEST_KEY: Final = 512


def show_progress() -> Callable[[str, int, int], None]:
    """A function to be told of every stage (its name, items done, items in all) that keeps a progress artifact."""
    artifact: Any = create_progress_artifact(0.0, key="copydesk-progress", description="how far the run is")
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
    """The summary as a table, the links to report and dataset; `held` is why nothing was published, where it is so."""
    create_markdown_artifact(
        key="copydesk-run",
        markdown=f"{held}\n\n{outcome.markdown()}" if held else outcome.markdown(),
        description=f"What the run did to {outcome.out}",
    )
    if outcome.run_id is None:
        return
    dataset, state = outcome.out / "documents", outcome.out / "_copydesk"
    if held:
        dataset = state / "held" / outcome.run_id / "publish" / "documents"
    create_link_artifact(
        dataset.as_uri(), link_text=str(dataset), key="copydesk-dataset", description=f"run {outcome.run_id}"
    )
    report = state / "reports" / f"{outcome.run_id}.html"
    if report.exists():
        create_link_artifact(
            report.as_uri(), link_text=str(report), key="copydesk-report", description=f"run {outcome.run_id}"
        )


def materialized(outcome: Outcome) -> None:
    """Tell Prefect that the dataset, as an asset, has been renewed by this run, with what it came to."""
    asset = Asset(
        key=asset_key(outcome.out),
        properties=AssetProperties(
            name=outcome.out.name,
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

    told: Any = materialize(
        asset,
        by="copydesk",
        name="publish",
        task_run_name="publish",
        cache_policy=NO_CACHE,
        persist_result=False,
    )(publish)
    told()


def asset_key(out: Path) -> str:
    """The key of a dataset as an asset: its place as a URI, with "_" for what Prefect refuses in one.

    >>> asset_key(Path("/data/all the changed_inputs"))
    'file:///data/all_the_news'
    """
    return f"file://{_REFUSED.sub('_', out.as_posix())}"[:_LONGEST_KEY]
