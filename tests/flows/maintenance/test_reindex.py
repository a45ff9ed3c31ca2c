"""`copydesk reindex`: other rules for later runs, and no row changes."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from flows.dataset import Dataset
from flows.dataset.tables import TABLES
from flows.errors import ConfigurationError
from flows.maintenance import compact, reindex, restore, rollback
from flows.settings.model import Duplicate
from flows.verify import verify
from small_runs import plain, run
from support import ROOT, Copydesk, table

ARTICLES = ROOT / "seeds" / "articles"
SOURCES = sorted(path for path in ARTICLES.iterdir() if path.is_dir())
STORY = (
    "The swing bridge over the Wend will close on Monday for eleven weeks, the port authority said at noon."
)


def run_with(duplicate: dict[str, Any], given: Path, out: Path) -> None:
    """One run with these settings of [duplicate]."""
    run(given, out, {**plain("boilerplate"), "duplicate": duplicate})


@pytest.fixture(scope="module")
def three_runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dataset of three runs, to be copied."""
    out = tmp_path_factory.mktemp("runs") / "out"
    for source in SOURCES[:3]:
        run_with({}, source, out)
    return out


NEW_RULES = [
    {"n": 2},
    {"threshold": 0.6},
    {"min_tokens": 4, "short": "exact"},
    {"method": "exact"},
    {"method": "exact", "n": 2, "threshold": 0.7},
]


@pytest.mark.parametrize(
    ("said", "compacted"),
    [
        *((said, False) for said in (*NEW_RULES[:3], NEW_RULES[4])),
        (NEW_RULES[4], True),
        pytest.param(NEW_RULES[3], False, marks=pytest.mark.slow),
        *(pytest.param(said, True, marks=pytest.mark.slow) for said in NEW_RULES[:4]),
    ],
    ids=str,
)
def test_the_index_is_what_it_would_have_been(
    three_runs: Path, tmp_path: Path, said: dict[str, Any], compacted: bool
) -> None:
    """The index follows the new rules; the tables stay; later runs use the new rules."""
    out = Path(shutil.copytree(three_runs, tmp_path / "out"))
    if compacted:
        compact(Dataset(out))
    before = {name: table(out, name) for name in TABLES}
    with pytest.raises(ConfigurationError, match=r"copydesk reindex .*out` and this --config"):
        run_with(said, ARTICLES, out)
    rows = reindex(Dataset(out), Duplicate.model_validate(said))
    assert all(table(out, name).equals(rows, null_equal=True) for name, rows in before.items())
    parts = Dataset(out).parts("index")
    assert rows == pl.scan_parquet(parts, hive_partitioning=False).select(pl.len()).collect().item() > 0
    assert list(verify(Dataset(out))) == []
    run_with(said, ARTICLES, out)
    assert list(verify(Dataset(out))) == []
    with pytest.raises(ConfigurationError, match="reindex"):
        run_with({}, ARTICLES, out)


def test_there_and_back_again(tmp_path: Path) -> None:
    """After a change of the rules and back, the index is the same, byte for byte, and a rollback still works."""
    out = tmp_path / "out"
    for source in SOURCES[:2]:
        run_with({}, source, out)
    indexes = [pl.read_parquet(path, hive_partitioning=False) for path in Dataset(out).parts("index")]
    reindex(Dataset(out), Duplicate(method="exact"))
    assert len(Dataset(out).parts("shingle_frequencies")) == 1
    reindex(Dataset(out), Duplicate())
    assert Dataset(out).parts("shingle_frequencies") == []
    again = [pl.read_parquet(path, hive_partitioning=False) for path in Dataset(out).parts("index")]
    assert all(a.equals(b) for a, b in zip(indexes, again, strict=True))
    rollback(Dataset(out), "r000002")
    run_with({}, SOURCES[1], out)
    assert list(verify(Dataset(out))) == []


def test_the_new_rules_find_what_the_old_ones_did_not(tmp_path: Path) -> None:
    """With a lower threshold a later run finds a near-duplicate of a kept paragraph; kept paragraphs stay."""
    out = tmp_path / "out"
    for number, text in enumerate([STORY, STORY.replace("eleven weeks", "a fortnight")]):
        (tmp_path / f"{number}.txt").write_text(text)
        run_with({}, tmp_path / f"{number}.txt", out)
    reindex(Dataset(out), Duplicate(threshold=0.5))
    (tmp_path / "2.txt").write_text(STORY.replace("at noon", "by radio"))
    run_with({"threshold": 0.5}, tmp_path / "2.txt", out)
    assert len(table(out, "documents")) == 2
    assert table(out, "removed")["uri"].to_list() == [str(tmp_path / "2.txt")]
    assert list(verify(Dataset(out))) == []


def test_the_command(copydesk: Copydesk, tmp_path: Path) -> None:
    """The command reports how many paragraphs the index has; a dataset without runs is left as it is."""
    (tmp_path / "a.txt").write_text(STORY)
    (tmp_path / "c.toml").write_text("[duplicate]\nn = 4\n")
    copydesk("run", tmp_path / "a.txt", "--out", tmp_path / "out")
    answer = copydesk("reindex", tmp_path / "out", "--config", tmp_path / "c.toml")
    assert (answer.code, answer.out) == (0, f"{tmp_path / 'out'}: 1 paragraph in the index\n")
    assert (
        copydesk("run", tmp_path / "a.txt", "--out", tmp_path / "out", "--config", tmp_path / "c.toml").code
        == 0
    )
    assert copydesk("reindex", tmp_path / "nothing").code == 2


@pytest.mark.parametrize("said", [{"threshold": 0.6}, {"n": 2}, {"method": "exact"}], ids=str)
def test_what_is_restored_later_is_fingerprinted_by_the_new_rules(
    three_runs: Path, tmp_path: Path, said: dict[str, Any]
) -> None:
    """Restored text is indexed by the rules of the rebuilt index, not by those of the run that removed it."""
    out = Path(shutil.copytree(three_runs, tmp_path / "out"))
    reindex(Dataset(out), Duplicate.model_validate(said))
    assert restore(Dataset(out), run="r000001").paragraphs
    assert list(verify(Dataset(out))) == []
