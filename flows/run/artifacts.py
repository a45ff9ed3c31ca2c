"""What Prefect shows about a run: its name, its progress, its outcome, and the asset that it updated.

Prefect's page of artifacts has one line for each key, and behind it the history of that key. So the keys contain the
path of the dataset: each dataset has its own history. Its runs have its path as a tag, too.
"""

from __future__ import annotations

import hashlib
import re
import shlex
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from prefect import get_run_logger
from prefect.artifacts import (
    create_markdown_artifact,
    create_progress_artifact,
    create_table_artifact,
    update_progress_artifact,
)
from prefect.assets import Asset, AssetProperties, materialize
from prefect.cache_policies import NO_CACHE
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import FlowRun
from prefect.context import FlowRunContext

from cleaners import REASONS
from flows.dataset import Layout
from flows.dataset.summary import REPLACED, Counts, Outcome
from flows.printable import as_markdown, printable
from flows.run.engine import DOING, DONE_AFTER

STEP: Final = 5  # percent; each update is a call to the server

#: Characters that Prefect does not allow in the key of an asset.
_FORBIDDEN: Final = re.compile(r"[\s\0#?&%\"'<>\[\]{}|\\^`]")
_MAX_KEY_LENGTH: Final = 512
_MAX_NAME_LENGTH: Final = 80  # of a dataset in the key of an artifact
_MAX_INPUTS: Final = 20  # of an asset
TAG: Final = "copydesk"  # of all flow runs; config/automations.yaml looks for it

#: Columns of the table of a run.
_COLUMNS: Final = ("what", "documents", "paragraphs", "words", "of all words")


def run_name(out: Path, run_id: str | None = None) -> str:
    """The name of a flow run: the dataset's, and the run id once it is known.

    >>> run_name(Path("/data/news"), "r000412")
    'news r000412'
    """
    return " ".join(filter(None, (printable(out.name or str(out)), run_id)))


def run_tags(out: Path | str) -> list[str]:
    """The tags of a dataset's flow runs and deployments: "copydesk", and its path.

    >>> run_tags(Path("/data/news"))
    ['copydesk', '/data/news']
    """
    return [TAG, printable(str(out))]


def artifact_key(kind: str, out: Path) -> str:
    """The key of a dataset's artifacts of one kind: its path in the characters that Prefect allows.

    A path that they cannot express has a short hash, so that two datasets never share a history.

    >>> artifact_key("run", Path("/data/news"))
    'copydesk-run-data-news'
    >>> artifact_key("run", Path("/data/The News"))
    'copydesk-run-data-the-news-b930b0'
    """
    place = printable(str(out))
    path = place.strip("/")
    name = re.sub("[^a-z0-9]+", "-", path.lower()).strip("-")[-_MAX_NAME_LENGTH:]
    if name.replace("-", "/") != path:
        name = f"{name}-{hashlib.blake2b(place.encode(), digest_size=3).hexdigest()}"
    return f"copydesk-{kind}-{name.strip('-')}"


@contextmanager
def pages() -> Iterator[None]:
    """Log an error inside the block instead of raising it: a run never fails because of what Prefect shows of it."""
    try:
        yield
    except Exception:
        get_run_logger().warning("Prefect does not show all of this run, which goes on", exc_info=True)


def _flow_run() -> FlowRun | None:
    context = FlowRunContext.get()
    return context.flow_run if isinstance(context, FlowRunContext) else None


def rename(name: str) -> None:
    """Rename the current flow run."""
    flow_run = _flow_run()
    if flow_run is None or flow_run.name == name:
        return
    with pages():
        with get_client(sync_client=True) as client:
            client.set_flow_run_name(flow_run.id, name).raise_for_status()
        flow_run.name = name


class Progress:
    """The progress of a run as an artifact, which appears when there is something to do, and moves in steps."""

    def __init__(self, out: Path) -> None:
        self._out = out
        self._artifact: Any = None
        self._shown = 0.0

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Show the progress of a stage: its name, items done, and total items."""
        if stage not in DONE_AFTER:
            return
        stages = list(DONE_AFTER)
        place = stages.index(stage)
        before = DONE_AFTER[stages[place - 1]] if place else 0
        percent = before + (DONE_AFTER[stage] - before) * done / max(total, 1)
        if percent >= self._shown + STEP:
            self._update(percent, stage)

    def start(self, run_id: str) -> None:
        """Give the flow run the name of its run, and show that nothing is done yet."""
        name = run_name(self._out, run_id)
        rename(name)
        if self._artifact is None:
            with pages():
                self._artifact = create_progress_artifact(
                    0.0, key=artifact_key("progress", self._out), description=f"{as_markdown(name)}: begins"
                )

    def end(self, what: str) -> None:
        """Show that all is done, if there was something to do."""
        self._update(100.0, what)

    def _update(self, percent: float, what: str) -> None:
        if self._artifact is not None:
            self._shown = percent
            flow_run = _flow_run()
            name = flow_run.name if flow_run else run_name(self._out)
            with pages():
                update_progress_artifact(
                    self._artifact, percent, description=f"{as_markdown(name)}: {DOING.get(what, what)}"
                )


def show_outcome(outcome: Outcome, *, held: str | None = None) -> None:
    """Create the artifacts of a run: its summary, and its counts as a table. `held` says why a run is held."""
    name = as_markdown(run_name(outcome.out, outcome.run_id))
    counts = outcome.counts
    kept = f"{_percent(counts.words_kept, counts.words)} of {counts.words:,} words kept"
    create_markdown_artifact(
        key=artifact_key("run", outcome.out),
        markdown=_markdown(outcome, held),
        description=f"{name}: {'held' if held else kept if outcome.run_id else 'nothing new'}",
    )
    if outcome.run_id is not None:
        create_table_artifact(
            [dict(zip(_COLUMNS, row, strict=True)) for row in _rows(counts)],
            key=artifact_key("counts", outcome.out),
            description=f"{name}: counts by reason",
        )


def _markdown(outcome: Outcome, held: str | None) -> str:
    """The summary of a run: why it is held, what it did, and where to look."""
    out, run_id = outcome.out, outcome.run_id
    parts = [f"# {as_markdown(run_name(out, run_id))}"]
    if held:
        parts.append(as_markdown(held).replace("\n", "  \n"))
    parts.append(outcome.markdown())
    if run_id is not None:
        layout, dataset = Layout(out), as_markdown(shlex.quote(str(out)))
        documents = layout.held_publish(run_id) / "documents" if held else layout.base("documents")
        looks = [f"**Documents**: {_link(documents)}"]
        page = layout.report_file(run_id)
        if page.exists():
            looks.append(f"**Report**: {_link(page)}, or: copydesk report {dataset} {run_id}")
        if not held:
            looks.append(f"**Undo**: copydesk rollback {dataset} {run_id}")
        looks.append("Paths are those of the machine of the run.")
        parts.append("  \n".join(looks))
    return "\n\n".join(parts)


def _link(path: Path) -> str:
    # browsers do not follow a link from a server's page to a file, so the path can be read, too; it is not the text of
    # the link, in which Prefect shows escapes as they are
    return f"{as_markdown(str(path))} ([link]({path.as_uri()}))"


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / max(whole, 1):.1f} %"


def _rows(counts: Counts) -> list[tuple[str, str, str, str, str]]:
    """The rows of a run's table: what came in, what was kept, and what each reason removed or labelled."""

    def row(what: str, documents: int, paragraphs: int, words: int) -> tuple[str, str, str, str, str]:
        return what, f"{documents:,}", f"{paragraphs:,}", f"{words:,}", _percent(words, counts.words)

    return [
        row("came in", counts.documents, counts.paragraphs, counts.words),
        row("kept", counts.documents_kept, counts.paragraphs_kept, counts.words_kept),
        *(
            row(f"{what}: {reason}", *found[reason])
            for what, found in (("removed", counts.removed), ("labelled", counts.labelled))
            for reason in (*REASONS, REPLACED)
            if reason in found
        ),
    ]


def record_asset(outcome: Outcome, inputs: Sequence[str]) -> None:
    """Record in Prefect that this run updated the dataset, as an asset, with its counts and its `inputs` as given."""
    asset = Asset(
        key=asset_key(outcome.out),
        properties=AssetProperties(
            name=run_name(outcome.out),
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
        asset_deps=[Asset(key=key) for key in input_keys(inputs)],
        name="publish",
        task_run_name="publish",
        cache_policy=NO_CACHE,
        persist_result=False,
    )(publish)
    materialization()


def asset_key(place: Path | str) -> str:
    """The key of a dataset or an input as an asset: its URI, with "_" for characters that Prefect does not allow.

    >>> asset_key(Path("/data/all the news"))
    'file:///data/all_the_news'
    >>> asset_key("s3://bucket/2024/*.jsonl")
    's3://bucket/2024/*.jsonl'
    """
    uri = printable(str(place))
    uri = uri if "://" in uri else f"file://{Path(uri).absolute().as_posix()}"
    return _FORBIDDEN.sub("_", uri)[:_MAX_KEY_LENGTH]


def input_keys(inputs: Sequence[str]) -> list[str]:
    """The keys of the inputs as assets, as they were given; of more than 20, those of their folders, 20 at most.

    >>> input_keys(["/data/scraped", "s3://bucket/2024/*.jsonl"])
    ['file:///data/scraped', 's3://bucket/2024/*.jsonl']
    >>> input_keys([f"/data/scraped/{number}.txt" for number in range(5000)])
    ['file:///data/scraped']
    """
    keys = list(dict.fromkeys(map(asset_key, inputs)))
    if len(keys) > _MAX_INPUTS:
        keys = list(dict.fromkeys(key.rpartition("/")[0] for key in keys))
    return keys[:_MAX_INPUTS]
