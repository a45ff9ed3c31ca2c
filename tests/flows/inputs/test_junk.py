"""What no one means by a folder is skipped and counted; what is named as an INPUT is read."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import fsspec
import pytest

from flows.dataset import Dataset
from flows.inputs import find
from flows.inputs.junk import junk
from support import STORY, Copydesk

JUNK = {
    "half download": ("a.txt.part", "b.pdf.crdownload", "c.partial", "d.tmp", "_temporary/e.txt"),
    "marker": (
        "_SUCCESS",
        "_metadata",
        "_common_metadata",
        "_committed_0123",
        "_started_0123",
        "_delta_log/0.json",
    ),
    "lock file": ("~$draft.docx", "x.lock"),
    "system file": ("Thumbs.db", "desktop.ini", "__MACOSX/a.txt", "@eaDir/b.txt"),
    "site file": (
        "style.css",
        "app.js",
        "site.css.map",
        "logo.woff2",
        "favicon.png",
        "a.css?ver=5.9.1",
        "b.js@v=2&min",
        "manifest.json",
    ),
    "crawler file": ("wget-log", "wget-log.1", "hts-log.txt", "hts-cache/new.txt", "requests.seen"),
    "hidden": (".DS_Store", ".~lock.a.odt#", "._story.txt", ".git/config"),
    "checksum": ("a.gz.md5", "SHA256SUMS"),
    "backup": ("a.txt~", "b.txt.bak"),
}
NEWS = (
    "part-0001.txt",
    "_story.txt",
    "story.part1.txt",
    "parts/a.txt",
    "a.txt.1",
    "~story.txt",
    "#news#.txt",
    "tmp/b.txt",
    "why node.js? an answer",
    "node.js@pell.txt",
    "wget-log.txt",
    "cookies.txt",
)


def write(folder: Path) -> None:
    """Files of every kind, and some that only look like them."""
    for name in (*NEWS, *(name for names in JUNK.values() for name in names)):
        (folder / name).parent.mkdir(exist_ok=True, parents=True)
        (folder / name).write_text(STORY)


def test_junk_is_skipped_and_counted(tmp_path: Path) -> None:
    """A folder and a glob stand for its files without junk, which is counted by kind; a folder of it counts once."""
    write(tmp_path)
    wanted = sorted(str(tmp_path / name) for name in NEWS)
    for pattern in ("", "*", "**"):
        skipped: Counter[str] = Counter()
        assert sorted(one.path for one in find([f"{tmp_path}/{pattern}"], skipped=skipped)) == wanted
        hidden = {} if pattern == "*" else {"hidden": len(JUNK["hidden"])}
        assert skipped == {**{kind: len(names) for kind, names in JUNK.items() if kind != "hidden"}, **hidden}


def test_junk_that_is_named_is_read(tmp_path: Path) -> None:
    """By its own name, by the name of its folder, or by a pattern that is the name of such."""
    write(tmp_path)
    for given, wanted in {
        "a.txt.part": ["a.txt.part"], "*.part": ["a.txt.part"], "__MACOSX": ["__MACOSX/a.txt"],
        "_temporary/*": ["_temporary/e.txt"], "_SUCCESS": ["_SUCCESS"],
    }.items():  # fmt: skip
        assert [one.path for one in find([f"{tmp_path}/{given}"])] == [
            f"{tmp_path}/{name}" for name in wanted
        ]


def test_junk_behind_a_url_is_skipped(tmp_path: Path) -> None:
    """The same holds for the folders and globs of a storage."""
    storage = fsspec.filesystem("memory")
    names = ("a.txt", "a.txt.part", "_SUCCESS", "__MACOSX/b.txt", ".c/d.txt")
    for name in names:
        storage.pipe(f"/junk/{name}", STORY.encode())
    try:
        skipped: Counter[str] = Counter()
        assert [one.path for one in find(["memory://junk"], skipped=skipped)] == ["memory:///junk/a.txt"]
        assert skipped == {"half download": 1, "marker": 1, "system file": 1, "hidden": 1}
        assert len(find(["memory://junk/*"])) == 1
        assert len(find(["memory://junk/*.part"])) == len(find(["memory://junk/_SUCCESS"])) == 1
    finally:
        storage.rm("/junk", recursive=True)


@pytest.mark.parametrize("name", [Path(name).name for name in NEWS])
def test_names_of_news_are_no_junk(name: str) -> None:
    """Names that only contain such words are read."""
    assert junk(name) == junk(name, is_folder=True) == ""


def test_a_run_says_what_it_skipped(copydesk: Copydesk, tmp_path: Path) -> None:
    """Its summary and its manifest have the counts, also where nothing is new; nothing of it is rejected."""
    given, out = tmp_path / "in", tmp_path / "out"
    given.mkdir()
    (given / "story.txt").write_text(STORY)
    for name in ("a.part", "b.crdownload", "_SUCCESS"):
        (given / name).write_bytes(b"")
    answer = copydesk("run", given, "--out", out, "--strict")
    assert answer.code == 0
    assert "nothing waits; skipped: 2 half downloads, 1 marker\n" in answer.out
    dataset = Dataset(out)
    assert dataset.manifest(dataset.runs()[0])["skipped"] == {"half download": 2, "marker": 1}
    assert "skipped: 2 half downloads, 1 marker" in copydesk("run", given, "--out", out).out
