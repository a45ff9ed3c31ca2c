"""Finding input files from the arguments of a run."""

from __future__ import annotations

import os
import socket
import subprocess
from pathlib import Path

import fsspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.errors import InputMissing, UsageError
from flows.inputs import find, path_of
from flows.inputs.finding import natural
from flows.inputs.names import uri_of


def make(folder: Path, *names: str) -> None:
    """Create small files and the folders they are in."""
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("word")


def names(folder: Path, *given: str, exclude: Path | None = None) -> list[str]:
    """The paths found, relative to the folder."""
    return [i.uri.removeprefix(f"{folder}/") for i in find(given, exclude=exclude)]


def test_a_folder_stands_for_its_files_in_natural_order(tmp_path: Path) -> None:
    """Numbers in names sort by value, and a folder sorts by its own name."""
    make(tmp_path, "10.txt", "2.txt", "9/b.txt", "9/a10", "9/a9", "a.txt")
    assert names(tmp_path, str(tmp_path)) == ["2.txt", "9/a9", "9/a10", "9/b.txt", "10.txt", "a.txt"]


def test_the_given_order_is_kept_and_the_first_place_counts(tmp_path: Path) -> None:
    """Inputs come in the order given; naming one again adds nothing."""
    make(tmp_path, "a.txt", "b.txt", "c.txt")
    b = str(tmp_path / "b.txt")
    assert names(tmp_path, b, str(tmp_path), f"{tmp_path}/./b.txt") == ["b.txt", "a.txt", "c.txt"]


def test_hidden_and_empty_are_skipped(tmp_path: Path) -> None:
    """In a folder, hidden files, hidden folders and empty folders are skipped; a hidden file named directly is read."""
    make(tmp_path, "a.txt", ".hidden", ".git/b.txt")
    (tmp_path / "empty").mkdir()
    assert names(tmp_path, str(tmp_path)) == ["a.txt"]
    assert names(tmp_path, str(tmp_path / ".hidden")) == [".hidden"]


def test_globs(tmp_path: Path) -> None:
    """A glob sorts naturally, `**` descends, and a matching folder stands for its files."""
    make(tmp_path, "b/10.txt", "b/2.txt", "a/1.txt", "a/x.csv")
    assert names(tmp_path, f"{tmp_path}/*/*.txt") == ["a/1.txt", "b/2.txt", "b/10.txt"]
    assert names(tmp_path, f"{tmp_path}/**/*.csv") == ["a/x.csv"]
    assert names(tmp_path, f"{tmp_path}/[b]") == ["b/2.txt", "b/10.txt"]
    assert names(tmp_path, f"{tmp_path}/*.pdf") == []


def test_a_name_with_brackets_that_exists_is_no_glob(tmp_path: Path) -> None:
    """A name is not a glob if a file of exactly that name exists."""
    make(tmp_path, "a[1].txt", "a1.txt")
    assert names(tmp_path, f"{tmp_path}/a[1].txt") == ["a[1].txt"]


def test_what_does_not_exist_is_named(tmp_path: Path) -> None:
    """A missing file or folder is an error before the run begins."""
    with pytest.raises(InputMissing, match=r"nowhere\.txt does not exist"):
        find([f"{tmp_path}/nowhere.txt"])
    with pytest.raises(InputMissing, match="memory://nowhere"):
        find(["memory://nowhere/at-all.txt"])
    with pytest.raises(UsageError, match="nosuch://"):
        find(["nosuch://a/b"])


def test_the_output_folder_is_never_read(tmp_path: Path) -> None:
    """In a folder or glob the output is skipped; naming it is an error."""
    make(tmp_path, "a.txt", "out/documents/b.txt", "output/c.txt")
    out = tmp_path / "out"
    assert names(tmp_path, str(tmp_path), exclude=out) == ["a.txt", "output/c.txt"]
    assert names(tmp_path, f"{tmp_path}/**/*.txt", exclude=out) == ["a.txt", "output/c.txt"]
    with pytest.raises(UsageError, match="output folder"):
        find([str(out / "documents")], exclude=out)


def test_paths_are_absolute_and_links_keep_their_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The uri is the absolute path as given, with or without `file://`, without dots; links are not resolved."""
    make(tmp_path, "real/a.txt")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    monkeypatch.chdir(tmp_path)
    wanted = [str(tmp_path / "link" / "a.txt")]
    assert [i.uri for i in find(["real/../link/a.txt"])] == wanted
    assert [i.uri for i in find([f"file://{tmp_path}/link"])] == wanted


def test_links_in_a_circle_end(tmp_path: Path) -> None:
    """A link to one of its own parents does not recurse for ever."""
    make(tmp_path, "a/b.txt")
    (tmp_path / "a" / "up").symlink_to(tmp_path)
    assert names(tmp_path, str(tmp_path)) == ["a/b.txt"]


def test_a_link_inside_the_folder_is_no_second_name(tmp_path: Path) -> None:
    """What a link leads to is read once, by its own name; what would not be found or read by it, by the link."""
    make(tmp_path, "in/a.txt", "in/b/c.txt", "in/.store/d.txt", "in/blobs/1f")
    links = {"0.txt": "a.txt", "0": "b", "e": ".store", "f.txt": ".store/d.txt", "g.jsonl": "blobs/1f"}
    for name, target in links.items():
        (tmp_path / "in" / name).symlink_to(target)
    found = names(tmp_path, str(tmp_path / "in"))
    assert found == ["in/a.txt", "in/b/c.txt", "in/blobs/1f", "in/e/d.txt", "in/g.jsonl"]


def test_links_out_of_the_folder_are_left_out(tmp_path: Path) -> None:
    """Each is an input that says where it leads and what to do; the setting opens them, and each file is read once."""
    make(tmp_path, "in/a.txt", "x/secret.txt", "x/y/b.txt")
    for name, target in {"file.txt": "secret.txt", "again.txt": "secret.txt", "folder": "", "y": "y"}.items():
        (tmp_path / "in" / name).symlink_to(tmp_path / "x" / target)
    for pattern in (str(tmp_path / "in"), f"{tmp_path}/in/**", f"{tmp_path}/i*", f"{tmp_path}/in/*"):
        found = find([pattern])
        assert {Path(i.uri).name for i in found if not i.problem} == {"a.txt"}
        left_out = {Path(i.uri).name: i.problem for i in found if i.problem}
        assert set(left_out) >= {"folder", "y"}
        assert all("outside_links = true" in why and f"{tmp_path}/x" in why for why in left_out.values())
        opened = find([pattern], outside_links=True)
        assert sorted(os.path.realpath(i.path).removeprefix(str(tmp_path)) for i in opened) == [
            "/in/a.txt",
            "/x/secret.txt",
            "/x/y/b.txt",
        ]


@pytest.mark.parametrize("pattern", ["r/d0", "r", "r/**", "r/**/*.txt", "r/*"])
def test_diamonds_of_links(tmp_path: Path, pattern: str) -> None:
    """Two links in every folder to the next: there are 2^40 paths to one file, and it is found once."""
    for n in range(40):
        (tmp_path / f"r/d{n}").mkdir(parents=True)
        for name in "xy":
            (tmp_path / f"r/d{n}/{name}").symlink_to(f"../d{n + 1}")
    make(tmp_path, "r/d40/s.txt")
    found = find([str(tmp_path / pattern)], outside_links=True)
    assert [os.path.realpath(i.path) for i in found] == [str(tmp_path / "r/d40/s.txt")]


@pytest.mark.parametrize("pattern", ["in", "in/**", "in/**/*.txt", "in/*"])
def test_folders_of_any_depth(tmp_path: Path, pattern: str) -> None:
    """Folders nested deeper than Python's stack are read to the deepest."""
    deep = tmp_path / "in" / "/".join("a" * 1200)
    subprocess.run(["mkdir", "-p", deep], check=True)
    try:
        make(deep, "deep.txt")
        assert [i.uri for i in find([str(tmp_path / pattern)])] == [str(deep / "deep.txt")]
    finally:
        subprocess.run(["rm", "-r", tmp_path / "in"], check=True)


@pytest.mark.parametrize("pattern", ["in", "in/**", "in/**/*.txt"])
def test_a_path_that_is_too_long(tmp_path: Path, pattern: str) -> None:
    """What the system cannot open by its path is an input that says so."""
    make(tmp_path, "in/a.txt")
    folder = os.open(tmp_path / "in", os.O_RDONLY)
    for _ in range(25):
        os.mkdir("x" * 200, dir_fd=folder)
        inner = os.open("x" * 200, os.O_RDONLY, dir_fd=folder)
        os.close(folder)
        folder = inner
    os.close(folder)
    found = find([str(tmp_path / pattern)])
    assert sorted(i.problem for i in found) == ["", "cannot be read: File name too long"]


def test_a_dataset_in_the_folder_is_left_out_by_name(tmp_path: Path) -> None:
    """It is an input that says why; as an INPUT, it is an error."""
    make(tmp_path, "a.txt", "old/documents/b.txt", "old/mark")
    found = find([str(tmp_path)], is_dataset=lambda folder: Path(folder, "mark").exists())
    assert [(Path(i.uri).name, bool(i.problem)) for i in found] == [("a.txt", False), ("old", True)]
    assert "name its folder `documents`" in found[1].problem
    with pytest.raises(UsageError, match="is a copydesk dataset"):
        find([str(tmp_path / "old")], is_dataset=lambda _folder: True)


@given(st.sets(st.text(st.sampled_from("ax\\#1é\udcff\udce9n"), min_size=1), min_size=2))
def test_no_two_paths_share_a_uri(paths: set[str]) -> None:
    """Nor does a path have the uri of a record of another, whatever is in its name."""
    uris = {uri_of(path) for path in paths}
    assert len(uris) == len(paths)
    assert {path_of(uri) for uri in uris} == paths
    assert not any("#" in uri for uri in uris)


def test_size_and_time_show_a_changed_file(tmp_path: Path) -> None:
    """An input carries its size and the time of its last change."""
    make(tmp_path, "a.txt")
    os.utime(tmp_path / "a.txt", ns=(5, 1_234_567_890))
    (found,) = find([str(tmp_path)])
    assert (found.size, found.modified_ns) == (4, 1_234_567_890)


def test_non_files_are_found_with_their_problem(tmp_path: Path) -> None:
    """Pipes, sockets and dangling links are inputs that say why they cannot be read; nothing blocks."""
    os.mkfifo(tmp_path / "pipe.txt")
    (tmp_path / "dangling.txt").symlink_to(tmp_path / "gone.txt")
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(str(tmp_path / "socket"))
        problems = {Path(i.uri).name: i.problem for i in find([str(tmp_path)])}
    assert problems == {
        "dangling.txt": "cannot be read: No such file or directory",
        "pipe.txt": "cannot be read: it is not a regular file",
        "socket": "cannot be read: it is not a regular file",
    }


def test_a_folder_that_cannot_be_listed_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder without read permission is an unreadable input; its neighbours are found."""
    make(tmp_path, "a/1.txt", "b/2.txt")
    real = os.scandir

    def scandir(path: str) -> object:
        if path.endswith("/a"):
            raise PermissionError(13, "Permission denied", path)
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    found = find([str(tmp_path)])
    assert [i.problem for i in found] == ["cannot be read: Permission denied", ""]
    assert found[0].uri == str(tmp_path / "a")


def test_a_name_that_is_not_utf8(tmp_path: Path) -> None:
    """The uri escapes bytes that are not UTF-8, and the file can still be opened."""
    path = os.fsencode(tmp_path) + b"/caf\xe9.txt"
    with open(path, "wb") as file:  # noqa: PTH123
        file.write(b"word")
    (found,) = find([str(tmp_path)])
    assert found.uri == f"{tmp_path}/caf\\xe9.txt"
    assert Path(found.path).read_bytes() == b"word"


def test_urls(tmp_path: Path) -> None:
    """Files, folders and globs of an fsspec storage, in natural order and without hidden ones."""
    storage = fsspec.filesystem("memory")
    for name in ("/news/10.txt", "/news/2.txt", "/news/.hidden", "/news/deep/a.jsonl.gz"):
        storage.pipe(name, b"word")
    try:
        assert [i.uri for i in find(["memory://news"])] == [
            "memory:///news/2.txt",
            "memory:///news/10.txt",
            "memory:///news/deep/a.jsonl.gz",
        ]
        (one,) = find(["memory://news/deep/*.gz"])
        assert one.format is not None
        assert (one.format.name, one.compression) == ("jsonl", "gzip")
        assert one.size == 4
        assert one.modified_ns > 0
        assert find(["memory://news/*.pdf"]) == []
    finally:
        storage.rm("/news", recursive=True)


@given(st.lists(st.text(st.sampled_from("a1/0²b."), min_size=1), unique=True))
def test_natural_order_is_an_order(paths: list[str]) -> None:
    """Any two different names compare, and never as equal."""
    assert len({repr(natural(p)) for p in paths}) == len(paths)
    assert sorted(paths, key=natural) == sorted(sorted(paths), key=natural)
