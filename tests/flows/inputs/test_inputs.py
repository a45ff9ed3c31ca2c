"""Inputs as shards of documents: text, Markdown and JSON lines."""

from __future__ import annotations

import gzip
import json
import os
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import fsspec
import polars as pl
import pytest
import xxhash
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flows.inputs import DOCUMENTS, REJECTED, Shard, compression, find, read
from flows.inputs import shards as shards_module
from flows.settings.model import Fields, Inputs

COMPRESS = {"": bytes, ".gz": gzip.compress, ".zst": zstandard.ZstdCompressor().compress}


def shards(
    *names: Path | str,
    charsets: Mapping[str, str] | None = None,
    fields: Fields | None = None,
    **options: int,
) -> list[Shard]:
    """The shards of some inputs."""
    return list(read(find([str(n) for n in names]), Inputs(**options), fields or Fields(), charsets))


def documents(*names: Path | str, **options: Any) -> list[dict[str, Any]]:
    """The documents of some inputs, of which none may be rejected."""
    found = shards(*names, **options)
    assert [row for s in found for row in s.rejected.rows()] == []
    return [row for s in found for row in s.documents.to_dicts()]


def errors(*names: Path | str, **options: Any) -> dict[str, str]:
    """Of what is rejected the end of its uri, and the error."""
    rows = [row for s in shards(*names, **options) for row in s.rejected.rows()]
    found = {uri.rpartition("/")[2]: error for uri, error in rows}
    assert len(found) == len(rows)
    return found


def texts(*names: Path | str, **options: Any) -> list[str]:
    """The texts of some inputs, whatever else is rejected."""
    return [text for s in shards(*names, **options) for text in s.documents["text"]]


def write_lines(path: Path, *lines: Any) -> Path:
    """A file of JSON lines; a line that is bytes or text stands as it is."""
    data = [
        one if isinstance(one, bytes) else (one if isinstance(one, str) else json.dumps(one)).encode()
        for one in lines
    ]
    path.write_bytes(b"\n".join(data) + b"\n")
    return path


# --- text files


def test_a_text_file_is_a_document(tmp_path: Path) -> None:
    """Its source is the name of its folder, its uri its path; what it does not tell is null."""
    path = tmp_path / "gazette" / "rain.txt"
    path.parent.mkdir()
    path.write_bytes("Rain fell on Žilina.\r\n".encode())
    (found,) = documents(path)
    assert len(found.pop("document_id")) == 32
    assert found.pop("content") == xxhash.xxh3_128_hexdigest(path.read_bytes())
    assert found == {
        "older": None, "file": str(path),
        "record_id": None, "uri": str(path), "source": "gazette", "url": None, "title": None, "published": None,
        "encoding": "utf-8", "text": "Rain fell on Žilina.\r\n", "metadata": None,
    }  # fmt: skip


@pytest.mark.parametrize("ending", COMPRESS)
@pytest.mark.parametrize("name", ["a.txt", "a.text", "a.md", "a", "a.12345", "us-ford-idUSN1737"])
def test_unknown_endings_are_text(tmp_path: Path, name: str, ending: str) -> None:
    """A file whose name tells nothing is read as text, compressed or not."""
    (tmp_path / (name + ending)).write_bytes(COMPRESS[ending](b"word"))
    assert texts(tmp_path) == ["word"]


@pytest.mark.parametrize("charset", ["utf-8-sig", "utf-16", "utf-32", "windows-1252"])
def test_text_of_any_charset(tmp_path: Path, charset: str) -> None:
    """Bytes are decoded, without their byte order mark, and the charset is told."""
    text = "Ein schöner Tag für die Bürger: die Brücke über den Fluss wird früher geöffnet.\n" * 3
    (tmp_path / "a.txt").write_bytes(text.encode(charset))
    (found,) = documents(tmp_path)
    assert found["text"] == text
    assert found["encoding"] == charset.removesuffix("-sig")


def test_the_charset_of_a_source_is_preferred(tmp_path: Path) -> None:
    """Where the bytes leave a doubt, the charset that the source used before decides."""
    path = tmp_path / "gazeta" / "a.txt"
    path.parent.mkdir()
    path.write_bytes("żółw".encode("iso-8859-2"))
    (found,) = documents(path, charsets={"gazeta": "iso-8859-2"})
    assert (found["text"], found["encoding"]) == ("żółw", "iso-8859-2")


def test_the_id_is_of_uri_and_content(tmp_path: Path) -> None:
    """The same file has the same id again; another content or another path has another."""
    a, b = tmp_path / "a.txt", tmp_path / "b.txt"
    a.write_text("one")
    b.write_text("one")
    first = documents(a)[0]["document_id"]
    assert documents(a)[0]["document_id"] == first
    assert documents(b)[0]["document_id"] != first
    a.write_text("two")
    assert documents(a)[0]["document_id"] != first


def test_files_that_are_no_text_are_rejected(tmp_path: Path) -> None:
    """Each says why, and what to do where something can be done; the rest is read."""
    for name, data in {
        "empty.txt": b"", "blank.txt": b" \n\xc2\xa0\n", "binary.txt": os.urandom(5000), "page.html": b"<p>x</p>",
        "list.json": b"[]", "paper.pdf": b"%PDF-1.7", "photo.JPG": b"\xff\xd8", "all.tar.gz": b"x",
        "good.txt": b"word", "e.jsonl": b"", "e.csv": b"", "b.jsonl": b"\n \n",
    }.items():  # fmt: skip
        (tmp_path / name).write_bytes(data)
    assert texts(tmp_path) == ["word"]
    found = errors(tmp_path)
    assert found.pop("binary.txt").startswith("binary data")
    assert "extract the text first" in found.pop("page.html")
    assert "extract the text first" in found.pop("paper.pdf")
    assert "one record a line" in found.pop("list.json")
    assert "unpack it" in found.pop("all.tar.gz")
    assert "holds no text" in found.pop("photo.JPG")
    assert set(found) == {"empty.txt", "blank.txt", "e.jsonl", "e.csv", "b.jsonl"}
    assert all(error.startswith("no text") for error in found.values())


def test_files_that_cannot_be_opened_are_rejected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files that vanish, are replaced by folders or may not be read cost themselves only."""
    for name in ("a.txt", "b.txt", "c.jsonl", "d.parquet", "e.csv", "f.txt"):
        (tmp_path / name).write_text("word")
    found = find([str(tmp_path)])
    for name in ("a.txt", "b.txt", "d.parquet", "e.csv"):
        (tmp_path / name).unlink()
    (tmp_path / "b.txt").mkdir()
    real = os.open

    def refuse(path: str, flags: int, *rest: Any, **named: Any) -> int:
        if path.endswith("c.jsonl"):
            raise PermissionError(13, "Permission denied", path)
        return real(path, flags, *rest, **named)

    monkeypatch.setattr(compression.os, "open", refuse)
    (shard,) = read(found, Inputs(), Fields())
    assert shard.documents["text"].to_list() == ["word"]
    gone = "cannot be read: No such file or directory"
    assert dict(zip("abcde", shard.rejected["error"], strict=True)) == {
        "a": gone, "b": "cannot be read: it is a folder", "c": "cannot be read: Permission denied",
        "d": gone, "e": gone,
    }  # fmt: skip


def test_what_was_found_unreadable_is_rejected_with_its_problem(tmp_path: Path) -> None:
    """A pipe and a dangling link are rows in `rejected`."""
    os.mkfifo(tmp_path / "pipe.txt")
    (tmp_path / "dangling.txt").symlink_to(tmp_path / "gone")
    assert errors(tmp_path) == {
        "dangling.txt": "cannot be read: No such file or directory",
        "pipe.txt": "cannot be read: it is no regular file",
    }


def test_a_text_that_is_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is rejected by its size before it is opened, or, compressed, as soon as it is too large."""
    with (tmp_path / "a.txt").open("wb") as file:
        file.truncate(1_000_001)
    (tmp_path / "b.txt.gz").write_bytes(gzip.compress(b"word " * 300_000))
    (tmp_path / "c.txt").write_bytes(b"word\n" * 200_000)
    assert errors(tmp_path, max_document_megabytes=1) == {
        "a.txt": "larger than 1 MB ([inputs] max_document_megabytes)",
        "b.txt.gz": "larger than 1 MB ([inputs] max_document_megabytes)",
    }
    assert len(texts(tmp_path, max_document_megabytes=1)) == 1


def test_a_bomb_costs_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a text that grows past the ratio nothing is kept, of records those before; the next file is read."""
    monkeypatch.setattr(compression, "SMALL", 1000)
    (tmp_path / "a.txt.gz").write_bytes(gzip.compress(b"word " * 500_000))
    (tmp_path / "b.jsonl.zst").write_bytes(COMPRESS[".zst"](b'{"text": "word"}\n' * 200_000))
    (tmp_path / "c.txt").write_text("good")
    found = errors(tmp_path, max_ratio=10)
    assert list(found) == ["a.txt.gz", "b.jsonl.zst"]
    assert all("bomb" in error for error in found.values())
    assert texts(tmp_path, max_ratio=10)[-1] == "good"
    assert texts(tmp_path / "a.txt.gz", max_ratio=10) == []


# --- Markdown


def test_front_matter_holds_fields(tmp_path: Path) -> None:
    """The keys of a Markdown file's YAML are fields like a record's; the text is the rest."""
    path = tmp_path / "paper" / "a.md"
    path.parent.mkdir()
    path.write_text(
        "---\r\ntitle: 'A dry summer'\r\ndate: 2016-09-20\r\nurl: https://www.example.org/a\r\ntags: [rain, sun]\r\n"
        "draft: no\r\noriginal_url: http://example.net\r\n---\r\n# A dry summer\r\n\r\nNo rain fell.\r\n"
    )
    (found,) = documents(path)
    assert found["text"] == "# A dry summer\r\n\r\nNo rain fell.\r\n"
    assert (found["title"], found["source"]) == ("A dry summer", "example.org")
    assert f"{found['published']:%Y-%m-%d}" == "2016-09-20"
    assert json.loads(found["metadata"]) == {
        "tags": ["rain", "sun"], "draft": "no", "original_url": "http://example.net",
    }  # fmt: skip


def test_front_matter_without_source_leaves_the_folder(tmp_path: Path) -> None:
    """Where neither a source nor a URL is told, the source is the folder."""
    path = tmp_path / "paper" / "a.md"
    path.parent.mkdir()
    path.write_text("---\ntext: not this\n---\nThe text.")
    (found,) = documents(path)
    assert (found["text"], found["source"], found["metadata"]) == (
        "The text.",
        "paper",
        '{"text":"not this"}',
    )


@pytest.mark.parametrize(
    "text",
    [
        "---\ntitle: [broken\n---\nText.",
        "---\n\ttab: x\n---\nText.",
        "---\nJust a line between rules.\n---\nText.",
        "---\ntitle: never closed\nText.",
        "--- \n- a list\n---\nText.",
        "---\na: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n---\nText.",
        "A text.\n---\ntitle: not at the head\n---\nText.",
    ],
)
def test_what_is_no_front_matter_stays_text(tmp_path: Path, text: str) -> None:
    """Broken YAML, prose between rules, and aliases that could grow without end leave the text whole."""
    (tmp_path / "a.md").write_text(text)
    (found,) = documents(tmp_path)
    assert (found["text"], found["metadata"]) == (text, None)


def test_front_matter_alone_is_no_text(tmp_path: Path) -> None:
    """A Markdown file with nothing but fields is rejected."""
    (tmp_path / "a.md").write_text("---\ntitle: A dry summer\n---\n\n")
    assert errors(tmp_path) == {"a.md": "no text: nothing follows the front matter"}


# --- JSON lines


@pytest.mark.parametrize("name", ["a.jsonl", "a.ndjson", "a.JSONL"])
@pytest.mark.parametrize("ending", COMPRESS)
def test_a_record_is_a_document(tmp_path: Path, name: str, ending: str) -> None:
    """Mapped fields fill the columns, all others are metadata; the uri ends in the number of the line."""
    record = {
        "id": 17, "url": "https://WWW.Example.org:8080/x", "title": "A dry summer", "date": "2016-09-20",
        "text": "No rain.", "author": {"name": "Zoë"}, "tags": ["a", None, 1.5], "empty": None,
    }  # fmt: skip
    path = tmp_path / (name + ending)
    path.write_bytes(COMPRESS[ending](b"\n" + json.dumps(record).encode() + b"\r\n"))
    (found,) = documents(path)
    assert found["uri"] == f"{path}#2"
    assert found["record_id"] == "17"
    assert found["source"] == "example.org"
    assert found["url"] == "https://WWW.Example.org:8080/x"
    assert found["published"].isoformat() == "2016-09-20T00:00:00+00:00"
    assert json.loads(found["metadata"]) == {
        "author": {"name": "Zoë"},
        "tags": ["a", None, 1.5],
        "empty": None,
    }


def test_fields_are_mapped(tmp_path: Path) -> None:
    """The first name that a record fills is taken; another that is mapped too stays in the metadata."""
    path = write_lines(
        tmp_path / "a.jsonl",
        {"body": "One.", "headline": "", "name": "Named", "outlet": "The Post", "url": "http://a.org"},
        {"body": None, "content": "Two.", "headline": "H", "name": "N"},
    )
    fields = Fields(text=("body", "content"), title=("headline", "name"), source=("outlet",))
    one, two = documents(path, fields=fields)
    assert (one["text"], one["title"], one["source"], one["metadata"]) == ("One.", "Named", "The Post", None)
    assert (two["text"], two["title"], two["source"]) == ("Two.", "H", None)
    assert json.loads(two["metadata"]) == {"name": "N"}


def test_a_date_that_cannot_be_told_stays_in_the_metadata(tmp_path: Path) -> None:
    """`published` is null then, and the original is kept under its own name."""
    path = write_lines(
        tmp_path / "a.jsonl", {"text": "x", "date": "last week"}, {"text": "x", "published": [1]}
    )
    one, two = documents(path)
    assert one["published"] is two["published"] is None
    assert (one["metadata"], two["metadata"]) == ('{"date":"last week"}', '{"published":[1]}')


def test_broken_lines_cost_themselves(tmp_path: Path) -> None:
    """Each is a rejected row with the number of its line, blank lines counted; the others are documents."""
    path = write_lines(
        tmp_path / "a.jsonl",
        {"text": "first"},
        "",
        '{"text": "never closed',
        "[1, 2]",
        "17",
        {"text": 5},
        {"text": "x", "title": ["T"]},
        {"text": "x", "url": {"a": 1}},
        {"text": "x", "id": True},
        {"text": "x", "source": False},
        {"text": None},
        {"title": "T"},
        {"text": " \t\u2003\n"},
        '{"text": "x", "title": "cut \\ud83d"}',
        "[" * 5000,
        b"\x00\x00\x00\x00",
        b'{"text": "' + bytes(range(1, 9)) * 40 + b'\xff"',
        '{"text": "x", "id": ' + "9" * 5000 + "}",
        {},
        {"text": "last"},
    )
    assert texts(path) == ["first", "last"]
    found = {int(uri.partition("#")[2]): error for uri, error in errors(path).items()}
    assert found[3] == "line 3: not JSON: Unterminated string starting at (column 10)"
    assert found[4] == "expected an object, got a list"
    assert found[5] == "expected an object, got a single value"
    assert found[6] == 'field "text": expected text, got a number (5)'
    assert found[7] == 'field "title": expected text, got a list'
    assert found[8] == 'field "url": expected text, got an object'
    assert found[9] == 'field "id": expected text or a number, got a truth value (true)'
    assert found[10] == 'field "source": expected text, got a truth value (false)'
    assert all(found[n].startswith("no text: ") for n in (11, 12, 13, 19))
    assert found[14] == 'field "title": lone surrogate U+D83D'
    assert all(found[n].startswith(f"line {n}: not JSON: ") for n in (15, 16, 17, 18))
    assert list(found) == [*range(3, 20)]


def test_json_that_is_not_quite(tmp_path: Path) -> None:
    """NaN, raw control characters, huge numbers and half surrogates outside the mapped fields lose no document."""
    path = write_lines(
        tmp_path / "a.jsonl",
        '{"text": "a", "score": NaN, "other": [Infinity, 1]}',
        '{"text": "b\tc\x01"}',
        '{"text": "c", "id": 123456789012345678901234567890, "n": 123456789012345678901234567890}',
        '{"text": "d", "author": "cut \\ud83d", "\\udc00": 1}',
        '{"text": "\\ud83d\\ude00"}',
        '{"text": "e", "deep": ' + "[" * 300 + "]" * 300 + "}",
    )
    found = documents(path)
    assert [d["text"] for d in found] == ["a", "b\tc\x01", "c", "d", "😀", "e"]
    assert json.loads(found[0]["metadata"]) == {"score": "NaN", "other": ["Infinity", 1]}
    assert found[2]["record_id"] == "123456789012345678901234567890"
    assert json.loads(found[2]["metadata"]) == {"n": 123456789012345678901234567890}
    assert json.loads(found[3]["metadata"]) == {"author": r"cut \ud83d", r"\udc00": 1}


@pytest.mark.parametrize(
    "charset", ["utf-8-sig", "utf-16", "utf-16-le", "utf-32", "windows-1252", "shift_jis"]
)
def test_json_lines_of_any_charset(tmp_path: Path, charset: str) -> None:
    """The charset is told by the head; the lines are decoded as they stream."""
    text = (
        "天気は晴れ、気温は三十度。" * 5
        if charset == "shift_jis"
        else "Die Brücke für Fußgänger wird geöffnet."
    )
    lines = [json.dumps({"text": f"{text} {n}"}, ensure_ascii=False) for n in range(3000)]
    (tmp_path / "a.jsonl").write_bytes("\n".join(lines).encode(charset))
    found = documents(tmp_path)
    assert [d["text"] for d in found] == [f"{text} {n}" for n in range(3000)]
    assert len({d["encoding"] for d in found}) == 1


def test_a_line_of_another_charset(tmp_path: Path) -> None:
    """In a file that was glued together from parts, a line that is no UTF-8 is decoded by itself."""
    path = write_lines(
        tmp_path / "a.jsonl",
        {"text": "plain"},
        *[json.dumps({"text": f"naïve {n}"}, ensure_ascii=False) for n in range(5000)],
        '{"text": "Die Brücke für Fußgänger wird früher geöffnet."}'.encode("windows-1252"),
    )
    last = documents(path)[-1]
    assert (last["text"], last["encoding"]) == (
        "Die Brücke für Fußgänger wird früher geöffnet.",
        "windows-1252",
    )


def test_a_line_that_is_too_long_is_never_held(tmp_path: Path) -> None:
    """It is rejected with its number, the lines around it are documents."""
    path = write_lines(
        tmp_path / "a.jsonl", {"text": "a"}, {"text": "x" * 3_000_000}, {"text": "b"}, {"text": "y" * 999_000}
    )
    assert errors(path, max_document_megabytes=1) == {
        "a.jsonl#2": "line 2: larger than 1 MB ([inputs] max_document_megabytes)"
    }
    assert [t[0] for t in texts(path, max_document_megabytes=1)] == ["a", "b", "y"]


def test_a_truncated_gzip_keeps_the_records_before(tmp_path: Path) -> None:
    """Wherever it is cut, whole lines before the cut are documents, and the file is rejected once from there on."""
    wanted = [f"Sentence {n}." for n in range(20)]
    whole = gzip.compress(b"".join(json.dumps({"text": t}).encode() + b"\n" for t in wanted), mtime=0)
    path = tmp_path / "a.jsonl.gz"
    for length in range(1, len(whole)):
        path.write_bytes(whole[:length])
        (shard,) = shards(path)
        kept = shard.documents["text"].to_list()
        assert kept == wanted[: zlib.decompressobj(31).decompress(whole[:length]).count(b"\n")]
        after = f" after line {len(kept)}" if kept else ""
        assert shard.rejected.rows() == [(str(path), f"truncated gzip{after}")]
    path.write_bytes(whole)
    assert texts(path) == wanted


def test_a_damaged_frame_keeps_the_records_of_those_before(tmp_path: Path) -> None:
    """Of frames joined to one file the whole ones are read, and the file is rejected from the damage on."""
    frame = zstandard.ZstdCompressor(write_checksum=True).compress
    good = frame(b'{"text": "a"}\n') + frame(b'{"text": "b"}\n')
    path = tmp_path / "a.jsonl.zst"
    for last in (frame(b'{"text": "c"}\n')[:-1], frame(b'{"text": "c"}\n')[:-1] + b"!", b"no frame at all"):
        path.write_bytes(good + last)
        assert texts(path)[:2] == ["a", "b"]
        (error,) = errors(path).values()
        assert error.startswith(("truncated zstd", "damaged zstd ("))
        assert " after line " in error


def test_a_truncated_text_is_rejected_whole(tmp_path: Path) -> None:
    """Half a document is none."""
    (tmp_path / "a.txt.gz").write_bytes(gzip.compress(os.urandom(2000).hex().encode())[:-20])
    assert errors(tmp_path) == {"a.txt.gz": "truncated gzip"}
    assert texts(tmp_path) == []


# --- shards


def test_shards_close_by_size_and_keep_the_order(tmp_path: Path) -> None:
    """A shard ends as soon as it holds its megabytes, across files; together they are the input in its order."""
    for n in range(1, 12):
        write_lines(tmp_path / f"{n}.jsonl", *({"text": f"{n} {m} " + "x" * 50_000} for m in range(9)))
    found = shards(tmp_path, shard_megabytes=1)
    assert [len(s.documents) for s in found] == [20, 20, 20, 20, 19]
    frequencies = [text.split()[:2] for s in found for text in s.documents["text"]]
    assert frequencies == [[str(n), str(m)] for n in range(1, 12) for m in range(9)]
    assert all(dict(s.documents.schema) == DOCUMENTS for s in found)


def test_a_document_larger_than_a_shard_is_not_split(tmp_path: Path) -> None:
    """It makes a shard of its own size."""
    path = write_lines(tmp_path / "a.jsonl", {"text": "x" * 3_000_000}, {"text": "y"})
    assert [len(s.documents) for s in shards(path, shard_megabytes=1)] == [1, 1]


def test_shards_are_bounded_in_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Many tiny documents, or rejected records, close a shard too."""
    monkeypatch.setattr(shards_module, "MAX_ROWS", 1000)
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"text":"x"}\n' * 1001 + b"x\n" * 1001)
    assert [(len(s.documents), len(s.rejected)) for s in shards(path)] == [(1000, 0), (1, 1000), (0, 1)]


def test_nothing_comes_of_nothing(tmp_path: Path) -> None:
    """No inputs, no shard; inputs that are all rejected make one with typed, empty documents."""
    assert shards(tmp_path) == []
    (tmp_path / "a.txt").touch()
    (shard,) = shards(tmp_path)
    assert shard.documents.is_empty()
    assert dict(shard.documents.schema) == DOCUMENTS
    assert dict(shard.rejected.schema) == REJECTED


def test_reading_is_lazy(tmp_path: Path) -> None:
    """The first shard is there before the rest of the file is read."""
    path = tmp_path / "a.jsonl"
    path.write_bytes((json.dumps({"text": "x" * 900}) + "\n").encode() * 20_000)
    stream = read(find([str(path)]), Inputs(shard_megabytes=1), Fields())
    first = next(stream)
    path.write_bytes(b"")
    assert len(first.documents) < 1200
    assert sum(len(s.documents) for s in stream) < 19_000


def test_a_remote_input(tmp_path: Path) -> None:
    """A file behind a URL is read like any other; its source is the folder in the URL."""
    storage = fsspec.filesystem("memory")
    storage.pipe("/paper/a.txt", b"one")
    storage.pipe("/paper/b.jsonl.gz", gzip.compress(b'{"text": "two"}'))
    try:
        found = documents("memory://paper")
        assert [(d["uri"], d["source"], d["text"]) for d in found] == [
            ("memory:///paper/a.txt", "paper", "one"),
            ("memory:///paper/b.jsonl.gz#1", None, "two"),
        ]
    finally:
        storage.rm("/paper", recursive=True)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.fixed_dictionaries(
            {"text": st.text(min_size=1).filter(lambda t: not t.isspace())},
            optional={
                "title": st.text(min_size=1).filter(lambda t: not t.isspace()),
                "extra": json_values,
                "id": st.integers(),
            },
        ),
        min_size=1,
        max_size=8,
    ),
    st.sampled_from(["", ".gz", ".zst"]),
)
def test_what_json_lines_hold_the_documents_give_back(
    tmp_path: Path, records: list[dict[str, Any]], ending: str
) -> None:
    """Texts, titles, ids and metadata are those of the records, in their order; each has a uri and an id of its own."""
    path = tmp_path / f"a.jsonl{ending}"
    path.write_bytes(COMPRESS[ending](b"".join(json.dumps(r).encode() + b"\n" for r in records)))
    found = documents(path)
    assert [d["text"] for d in found] == [r["text"] for r in records]
    assert [d["title"] for d in found] == [r.get("title") for r in records]
    assert [d["record_id"] for d in found] == [str(r["id"]) if "id" in r else None for r in records]
    extras = [json.loads(d["metadata"] or "{}") for d in found]
    assert extras == [{"extra": r["extra"]} if "extra" in r else {} for r in records]
    assert len({d["uri"] for d in found}) == len({d["document_id"] for d in found}) == len(records)


def test_every_document_has_a_uri_of_its_own(tmp_path: Path) -> None:
    """Equal lines and equal files are different documents."""
    write_lines(tmp_path / "a.jsonl", *[{"text": "same"}] * 50)
    for n in range(50):
        (tmp_path / f"{n}.txt").write_text("same")
    found = pl.concat(s.documents for s in shards(tmp_path, tmp_path))
    assert found["uri"].n_unique() == found["document_id"].n_unique() == len(found) == 100
