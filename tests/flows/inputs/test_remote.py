"""Files behind URLs: which can be read, what is said of the others, and that no password is shown or stored."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fsspec
import polars as pl
import pytest
from fsspec.registry import _registry as loaded
from fsspec.registry import known_implementations
from fsspec.utils import infer_storage_options

from flows.errors import InputMissing, UsageError
from flows.inputs import find
from flows.inputs.bounds import Growth, Unreadable
from flows.inputs.compression import chunks
from support import STORY, Copydesk, table

FILES = {"/news/a.txt": STORY.encode(), "/news/b.jsonl": b'{"text": "Rain fell on the orchestra."}\n'}


class HostStorage(fsspec.AbstractFileSystem):  # type: ignore[misc]
    """A storage like FTP: its URLs have a host and a password, and its paths do not know them."""

    protocol = "hosted"
    root_marker = "/"

    def __init__(
        self, host: str, username: str | None = None, password: str | None = None, **more: Any
    ) -> None:
        super().__init__(host=host, username=username, password=password, **more)
        if password != "s3cret":
            raise EOFError(f"530 not for hosted://{username}:{password}@{host}")  # no OSError, like ftplib's

    @classmethod
    def _strip_protocol(cls, path: str) -> str:
        return "/" + str(infer_storage_options(path)["path"]).strip("/")

    @staticmethod
    def _get_kwargs_from_urls(path: str) -> dict[str, Any]:
        options = infer_storage_options(path)
        return {name: options[name] for name in ("host", "username", "password") if name in options}

    def info(self, path: str, **_: Any) -> dict[str, Any]:
        """A file, or the folder."""
        path = self._strip_protocol(path)
        if path in FILES:
            return {"name": path, "size": len(FILES[path]), "type": "file"}
        if path == "/news":
            return {"name": path, "size": 0, "type": "directory"}
        raise FileNotFoundError(path)

    def ls(self, path: str, detail: bool = True, **_: Any) -> list[Any]:
        """The files of the folder."""
        found = [self.info(name) for name in FILES if name.startswith(self._strip_protocol(path))]
        return found if detail else [one["name"] for one in found]

    def _open(self, path: str, *_: Any, **__: Any) -> io.BytesIO:
        return io.BytesIO(FILES[path])


class WebStorage(fsspec.AbstractFileSystem):  # type: ignore[misc]
    """A storage like HTTP: its paths are URLs, with their queries; it has one file."""

    protocol = "https"
    url = "https://host/a.jsonl?part=1&sig=s3cret"

    @classmethod
    def _strip_protocol(cls, path: str) -> str:
        return path

    def info(self, path: str, **_: Any) -> dict[str, Any]:
        """The file."""
        if path != self.url:
            raise FileNotFoundError(path)
        return {"name": path, "size": len(FILES["/news/b.jsonl"]), "type": "file"}

    def _open(self, *_: Any, **__: Any) -> io.BytesIO:
        return io.BytesIO(FILES["/news/b.jsonl"])


class Breaking(io.BytesIO):
    """A file whose connection breaks, with an exception of a library."""

    def read(self, size: int | None = -1) -> bytes:
        """Nothing."""
        raise KeyError(f"broken after {size} of ftp://u:s3cret@host")


@pytest.fixture(autouse=True)
def storages() -> Iterator[None]:
    """The storages of these tests, known to fsspec."""
    for storage in (HostStorage, WebStorage):
        fsspec.register_implementation(storage.protocol, storage, clobber=True)
    yield
    for storage in (HostStorage, WebStorage):
        loaded.pop(storage.protocol)
        storage.clear_instance_cache()


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("nowhere://user:s3cret@host/x", "the protocol nowhere:// is unknown"),
        ("s3://bucket/x", 's3:// needs a package that is not installed: pip install "copydesk[s3]"'),
        ("gs://bucket/x", 'pip install "copydesk[gcs]"'),
        ("http://host/x?token=s3cret", 'pip install "copydesk[http]"'),
        ("abfs://container@account/x", "abfs:// needs a package that is not installed: Install adlfs"),
        ("dir:///tmp", "the protocol dir:// needs more than a URL can say"),
        ("generic:///tmp/x", "the protocol generic:// needs more than a URL can say"),
        ("reference:///tmp/x.json", "the protocol reference:// needs more than a URL can say"),
        ("hosted://user:wr0ng@host/news", "530 not for hosted://user:***@host"),
        ("hosted://user:s3cret@host/none", "does not exist"),
        ("https://host/none.jsonl?sig=s3cret", "does not exist"),
        ("memory://a::zip://b", "chained URLs are not supported"),
    ],
)
def test_a_url_that_cannot_be_used_is_wrong_usage(
    url: str, message: str, copydesk: Copydesk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One sentence, which names the package to install, and no password; nothing is written."""
    for protocol in ("s3", "gs", "http", "abfs"):  # as if no package were installed
        name = f"not_installed_{protocol}"
        known = {**known_implementations[protocol], "class": f"{name}.Storage"}
        monkeypatch.setitem(known_implementations, protocol, known)
        monkeypatch.delitem(loaded, protocol, raising=False)
    answer = copydesk("run", url, "--out", tmp_path / "out")
    assert answer.code == 2
    assert message in answer.err
    assert len(answer.err.splitlines()) == 1
    assert "s3cret" not in answer.err
    assert "wr0ng" not in answer.err
    assert not (tmp_path / "out").exists()


def test_a_folder_with_a_password_is_read(copydesk: Copydesk, tmp_path: Path) -> None:
    """All tables and manifests have the URL without the password; the next run knows the inputs again."""
    out = tmp_path / "out"
    for said in ("kept  ", "nothing new"):
        answer = copydesk("run", "hosted://user:s3cret@host/news", "--out", out)
        assert answer.code == 0
        assert said in answer.out
    place = "hosted://user:***@host/news"
    assert table(out, "documents")["uri"].to_list() == [f"{place}/a.txt", f"{place}/b.jsonl#1"]
    for path in out.rglob("*.*"):
        if path.suffix == ".parquet":
            assert "s3cret" not in str(pl.read_parquet(path, hive_partitioning=False).rows())
        else:
            assert b"s3cret" not in path.read_bytes()
    assert place in (out / "_copydesk/runs/run=r000001/run.json").read_text()


def test_a_presigned_url_is_read() -> None:
    """The format is that of the name before the query; the signature is in the path to open only."""
    (found,) = find(["https://host/a.jsonl?part=1&sig=s3cret"])
    assert found.format.name == "jsonl"
    assert "s3cret" not in found.uri
    assert found.uri.startswith("https://host/a.jsonl?part=1&sig=***")
    assert b"".join(chunks(found.path, "", Growth(found.size, 10, 1))) == FILES["/news/b.jsonl"]


def test_a_connection_that_breaks_costs_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a storage raises, when a file is opened or read."""
    url = "hosted://user:s3cret@host/news/a.txt"
    with pytest.raises(Unreadable, match="cannot be read: '/news/gone'"):
        list(chunks(url.replace("a.txt", "gone"), "", Growth(5, 10, 1)))
    monkeypatch.setattr(HostStorage, "_open", lambda *_, **__: Breaking())
    with pytest.raises(Unreadable, match=r"cannot be read: .broken after"):
        list(chunks(url, "", Growth(5, 10, 1)))


def test_errors_are_those_of_find() -> None:
    """A missing file is one that does not exist; anything else is wrong usage."""
    with pytest.raises(InputMissing):
        find(["hosted://user:s3cret@host/none"])
    with pytest.raises(UsageError):
        find(["hosted://user:wr0ng@host/news"])
