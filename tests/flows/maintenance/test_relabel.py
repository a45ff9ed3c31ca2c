"""Relabelling: the action of a reason is another one for all that is published, as if it had been from the start."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from flows.dataset import Dataset
from flows.maintenance import compact, expire, reindex, relabel, restore, rollback
from flows.settings.model import Duplicate
from flows.verify import verify
from small_runs import LONG_AGO, PLAIN, aged, plain, published, record, run, state, story, swept
from support import Copydesk, Jsonl, json_lines, table

SHARE = "Share this article on Facebook"
LABEL = {"action": "label"}
REMOVES = plain("boilerplate")
LABELS = REMOVES | {"boilerplate": LABEL, "duplicate": LABEL}
REASONS = ("boilerplate", "duplicate")


def several_runs(folder: Path, settings: dict[str, Any]) -> Path:
    """Three runs: with a whole copy, duplicates in part, boilerplate, and a document that is only that."""
    files = [
        [record(1, SHARE, story(2)), {"id": "bar", "text": SHARE}],
        [record(3, story(2)), {**record(1), "id": "copy"}],
        [record(4, SHARE), record(5, story(3), story(1))],
    ]
    for number, records in enumerate(files):
        path = folder / f"{number}.jsonl"
        path.write_bytes(json_lines(*records))
        run(path, folder / "out", settings)
    return folder / "out"


@pytest.fixture(scope="module")
def wholes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The runs with both actions; copy them before you change them."""
    folder = tmp_path_factory.mktemp("in")
    found = {}
    for name, settings in (("gone", REMOVES), ("kept", LABELS)):
        found[name] = several_runs(folder, settings).rename(folder / name)
    return found


@pytest.fixture
def gone(wholes: dict[str, Path], tmp_path: Path) -> Path:
    """A copy of the runs that remove."""
    return Path(shutil.copytree(wholes["gone"], tmp_path / "gone"))


@pytest.fixture
def kept(wholes: dict[str, Path], tmp_path: Path) -> Path:
    """A copy of the runs that label."""
    return Path(shutil.copytree(wholes["kept"], tmp_path / "kept"))


def remembered(out: Path) -> dict[str, Any]:
    """What later runs decide by."""
    return {kind: rows for kind, rows in state(out).items() if kind not in ("unpublished", "ledger")}


@pytest.mark.parametrize("merged", [True, pytest.param(False, marks=pytest.mark.slow)])
def test_both_ways_lead_to_the_same(gone: Path, kept: Path, tmp_path: Path, *, merged: bool) -> None:
    """Labelled, then removed, is as removed from the start, and the other way round: rows, state, counts."""
    assert remembered(gone) == remembered(kept)
    for out in (gone, kept) if merged else ():
        compact(Dataset(out))
    before = {out: published(out) for out in (gone, kept)}
    counts = {out: [one["counts"] for _, one in Dataset(out).manifests()] for out in (gone, kept)}
    for out, other, action in ((gone, kept, "label"), (kept, gone, "remove")):
        changed = Path(shutil.copytree(out, tmp_path / action))
        for reason in REASONS:
            relabel(Dataset(changed), reason, action)  # type: ignore[arg-type]
        swept(changed)
        assert published(changed) == before[other]
        assert remembered(changed) == remembered(other)
        assert state(changed)["unpublished"] == state(other)["unpublished"]
        now = [one["counts"] for _, one in Dataset(changed).manifests()]
        assert [without_nothing(one) for one in now] == [without_nothing(one) for one in counts[other]]
        for reason in REASONS if not merged else ():
            back = "remove" if action == "label" else "label"
            relabel(Dataset(changed), reason, back)  # type: ignore[arg-type]
        if not merged:
            assert published(changed) == before[out]
            assert all("relabelled" not in one for _, one in Dataset(changed).manifests())
            swept(changed)


def without_nothing(counts: dict[str, Any]) -> dict[str, Any]:
    """The counts without reasons that found nothing (any more)."""
    return {
        name: {reason: list(n) for reason, n in value.items() if any(n)} if isinstance(value, dict) else value
        for name, value in counts.items()
    }


def test_the_command(gone: Path, copydesk: Copydesk) -> None:
    """It says what moved, and what to set for later runs; a second time it does nothing, and touches no file."""
    out = gone
    answer = copydesk("relabel", out, "--reason", "boilerplate", "--action", "label")
    assert (answer.code, answer.err) == (0, "")
    assert answer.out == (
        f"{out}: 3 paragraphs with 15 words labelled, and in the text again; 1 document back\n"
        'for later runs, set in their configuration: [boilerplate] action = "label"\n'
    )
    before = [(path, path.stat().st_ino) for path in sorted(out.rglob("*.parquet"))]
    answer = copydesk("relabel", out, "--reason", "boilerplate", "--action", "label")
    assert answer.code == 0
    assert answer.out.endswith('the action of boilerplate is "label" in all runs; nothing was relabelled\n')
    assert [(path, path.stat().st_ino) for path in sorted(out.rglob("*.parquet"))] == before
    answer = copydesk("relabel", out, "--reason", "boilerplate", "--action", "remove")
    assert "3 paragraphs with 15 words removed, and labelled no more; 1 document gone" in answer.out
    assert "`[boilerplate] action`" not in (out / "README.md").read_text()


OTHERS = {
    "replaced": "'replaced' cannot be labelled: it is the older version of a document",
    "boilerplat": "there is no reason 'boilerplat'; did you mean 'boilerplate'?",
    "taste": "there is no reason 'taste': there are repeated_headline, ",
}


def test_other_reasons_are_refused(gone: Path, copydesk: Copydesk) -> None:
    """What has no action is named, with the way out; nothing changes."""
    for reason, error in OTHERS.items():
        answer = copydesk("relabel", gone, "--reason", reason, "--action", "label")
        assert answer.code == 2
        assert error in " ".join(answer.err.split())
    assert table(gone, "labelled").is_empty()


def test_a_relabelling_that_is_killed_is_as_before_or_as_after(
    gone: Path, tmp_path: Path, kill_at: Callable[..., None]
) -> None:
    """`documents` decides: either nothing is relabelled or everything, and a second time finishes it."""
    before = published(gone)
    relabel(Dataset(Path(shutil.copytree(gone, tmp_path / "after"))), "duplicate", "label")
    after = published(tmp_path / "after")
    for point in ("exchange documents", "exchange labelled"):
        out = Path(shutil.copytree(gone, tmp_path / point.split()[1]))
        kill_at(point, lambda out=out: relabel(Dataset(out), "duplicate", "label"))
        swept(out)
        assert published(out) == (before if point == "exchange documents" else after)
        relabel(Dataset(out), "duplicate", "label")
        assert published(out) == after


def test_older_versions_have_their_labels(tmp_path: Path, jsonl: Jsonl) -> None:
    """A replaced version goes whole, labels or not, and comes back with them; relabelling is right in between."""
    texts = [[story(1), SHARE, story(2)], [story(3), story(2)]]
    lone = {"id": "lone", "text": SHARE}
    for name, said in {"gone": REMOVES, "kept": LABELS}.items():
        settings = said | {"inputs": {"on_change": "replace"}}
        run(jsonl([{"id": "1", "text": "\n".join(texts[0])}, lone]), tmp_path / name, settings)
        (tmp_path / f"{name}-before").mkdir()
        shutil.copytree(tmp_path / name, tmp_path / f"{name}-before", dirs_exist_ok=True)
        later = jsonl([{"id": "1", "text": "\n".join(texts[1])}, {**lone, "text": story(9)}])
        run(later, tmp_path / name, settings)
        swept(tmp_path / name)
    gone, kept = tmp_path / "gone", tmp_path / "kept"
    assert table(kept, "removed")["reason"].to_list() == ["replaced"] * 4
    assert [row["text"] for row in published(kept)["labelled"]] == [SHARE, SHARE]
    both = published(gone), published(kept)
    for reason in REASONS:
        relabel(Dataset(gone), reason, "label")
        relabel(Dataset(kept), reason, "remove")
    assert published(gone) == both[1]
    assert published(kept) == both[0]
    for out, name in ((gone, "kept-before"), (kept, "gone-before")):
        swept(out)
        rollback(Dataset(out), "r000002")
        assert published(out) == published(tmp_path / name)
        assert remembered(out)["index"] == remembered(tmp_path / name)["index"]
        swept(out)


def test_restored_labels(kept: Path, jsonl: Jsonl, copydesk: Copydesk) -> None:
    """`restore` takes a label away for good: later runs do not label the line; a duplicate is a witness from now on."""
    out = kept
    texts = table(out, "documents")["text"].to_list()
    answer = copydesk("restore", out, "--reason", "boilerplate")
    assert answer.out.endswith("restored 3 paragraphs with 15 words\n")
    restore(Dataset(out), reason="duplicate", run="r000003")
    assert table(out, "documents")["text"].to_list() == texts
    assert table(out, "labelled")["reason"].unique().to_list() == ["duplicate"]
    swept(out)
    run(jsonl([record(8, SHARE)], "later.jsonl"), out, LABELS)
    assert table(out, "labelled")["run_id"].unique().to_list() == ["r000002"]
    relabel(Dataset(out), "boilerplate", "remove")
    assert table(out, "removed").is_empty()
    swept(out)


def test_expired_witnesses_of_labels(kept: Path) -> None:
    """What labelled duplicates name stays known when it expires; the index is rebuilt without labelled text."""
    out = kept
    index = state(out)["index"]
    reindex(Dataset(out), Duplicate())
    assert state(out)["index"] == index
    aged(out, "r000001", LONG_AGO)
    expire(Dataset(out), LONG_AGO.replace(year=2021))
    assert list(verify(Dataset(out))) == []
    relabel(Dataset(out), "duplicate", "remove")
    swept(out)


def test_a_mixture_of_actions(tmp_path: Path, jsonl: Jsonl) -> None:
    """Runs may differ in their actions, also within a compacted folder; relabelling changes those that differ."""
    out = tmp_path / "out"
    for number, said in enumerate((PLAIN, PLAIN | {"duplicate": LABEL}, PLAIN)):
        run(jsonl([record(2 * number, story(1)), record(2 * number + 1)], f"{number}.jsonl"), out, said)
    compact(Dataset(out))
    found = table(out, "removed").height, table(out, "labelled").height
    assert found == (2, 1)
    assert relabel(Dataset(out), "duplicate", "label").runs == 2
    assert (table(out, "removed").height, table(out, "labelled").height) == (0, 3)
    swept(out)
