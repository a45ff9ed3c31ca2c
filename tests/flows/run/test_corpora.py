"""Real corpora, if available: nothing is lost, and the dataset is intact."""

from __future__ import annotations

import io
import random
import shutil
import subprocess
import sys
import tarfile
from itertools import islice, pairwise
from pathlib import Path

import polars as pl
import pytest
import zstandard

from flows.dataset.tables import TABLES
from flows.run.engine import Threads
from flows.run.plan import execute_run
from flows.settings import Settings
from support import ROOT, Copydesk, table

pytestmark = pytest.mark.shared

COPYDESK = str(Path(sys.executable).with_name("copydesk"))


def evaluate(shared: Path, script: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Run one of the external evaluation scripts; exit code 0 means success."""
    command = [sys.executable, script, *map(str, arguments)]
    return subprocess.run(command, cwd=shared / "eval", capture_output=True, text=True, check=False)


def test_the_first_document(copydesk: Copydesk, shared: Path, tmp_path: Path) -> None:
    """The headline is there once, "Related Articles" is gone, and every sentence of the article is kept."""
    copydesk("run", shared / "seeds", "--out", tmp_path / "out")
    (text,) = table(tmp_path / "out", "documents")["text"]
    (source,) = (path.read_text(encoding="utf-8") for path in (shared / "seeds").glob("*.txt"))
    headline, _, *article = [line for line in source.splitlines() if line.strip()]
    assert text.split("\n\n") == [headline, *article[:-1]]
    assert table(tmp_path / "out", "removed")["text"].to_list() == [headline, article[-1]]


@pytest.mark.parametrize("name", ["allsides.jsonl.zst", "fakebr-pt.tar.zst"])
def test_nothing_is_lost(copydesk: Copydesk, shared: Path, tmp_path: Path, name: str) -> None:
    """Every document and paragraph of a corpus is somewhere in the dataset, and `verify` finds nothing."""
    path = shared / "data" / "news" / name
    if name.endswith(".tar.zst"):
        with (
            path.open("rb") as file,
            zstandard.ZstdDecompressor().stream_reader(file) as stream,
            tarfile.open(fileobj=stream, mode="r|") as archive,
        ):
            archive.extractall(tmp_path / "in", filter="data")
        path = tmp_path / "in"
    out = tmp_path / "out"
    assert copydesk("run", path, "--out", out).code == 0
    done = evaluate(shared, "conserve.py", path, out)
    assert done.returncode == 0, done.stdout
    assert copydesk("verify", out).code == 0


def test_near_duplicates(shared: Path) -> None:
    """Every duplicate has a witness, and none with the same figures is missed."""
    data = shared / "data" / "news" / "allsides.jsonl.zst"
    done = evaluate(
        shared, "neardup.py", data, "--numbers", "--config", "duplicates-only.toml", "--copydesk", COPYDESK
    )
    assert done.returncode == 0, done.stdout
    figures = dict(line.split()[:2] for line in done.stdout.splitlines() if len(line.split()) == 2)
    assert figures["violations"] == "0"
    assert float(figures["recall_same_numbers"]) >= 0.999


def test_runs_add_up(shared: Path) -> None:
    """Several runs over parts decide what one run decides."""
    data = shared / "data" / "news" / "allsides.jsonl.zst"
    done = evaluate(
        shared,
        "incremental.py",
        data,
        "--config",
        "no-site-memory.toml",
        "--copydesk",
        COPYDESK,
        "--docs",
        1500,
    )
    assert done.returncode == 0, done.stdout


def inputs_of(shared: Path, name: str, folder: Path, count: int) -> list[Path]:
    """The first documents of a corpus, one file each, in order."""
    packed, folder = shared / "data" / "news" / name, folder / "in"
    folder.mkdir()
    with packed.open("rb") as file, zstandard.ZstdDecompressor().stream_reader(file) as stream:
        if name.endswith(".jsonl.zst"):
            for number, line in enumerate(islice(io.BufferedReader(stream), count)):
                (folder / f"{number:05d}.jsonl").write_bytes(line)
            return sorted(folder.iterdir())
        with tarfile.open(fileobj=stream, mode="r|") as archive:
            files = (member for member in archive if member.isfile())
            names = []
            for number, member in enumerate(islice(files, count)):
                member.name = f"{number:05d}.txt"
                archive.extract(member, folder, filter="data")
                names.append(folder / member.name)
            return names


@pytest.mark.slow
@pytest.mark.parametrize("name", ["allsides.jsonl.zst", "reuters-2006-2009.tar.zst", "20news-train.tar.zst"])
def test_fifty_splits_add_up(shared: Path, tmp_path: Path, name: str) -> None:
    """Fifty random splits of a corpus into two to five runs each give the rows of a single run."""
    settings, engine = (
        Settings.model_validate({"repeated_line": {"enabled": False}}),
        Threads(2, lambda *_: None),
    )
    paths = [str(path) for path in inputs_of(shared, name, tmp_path, 400)]
    execute_run(paths, tmp_path / "one", settings, engine)
    one = {name: table(tmp_path / "one", name).drop("run_id") for name in TABLES}
    assert len(one["removed"].filter(pl.col("reason") == "duplicate")) > 10
    chance = random.Random(50)
    for number in range(50):
        cuts = sorted(chance.sample(range(1, len(paths)), chance.randint(1, 4)))
        out = tmp_path / f"{number}"
        for start, stop in pairwise([0, *cuts, len(paths)]):
            execute_run(paths[start:stop], out, settings, engine)
        for kind in TABLES:
            many = table(out, kind).drop("run_id")
            assert many.equals(one[kind], null_equal=True), (cuts, kind)
        shutil.rmtree(out)


def test_the_folder_is_where_the_readme_says() -> None:
    """The README says where the corpora are expected."""
    assert "COPYDESK_SHARED" in (ROOT / "README.md").read_text(encoding="utf-8")
