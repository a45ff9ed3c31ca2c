"""Zip and tar archives: each file in them is read as if it were a file of its own."""

from __future__ import annotations

import gzip
import io
import random
import stat
import struct
import tarfile
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path

import fsspec
import polars as pl
import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flows.inputs import archives, bounds, find, read
from flows.settings.model import Fields, Inputs
from support import Copydesk, table

from .reading import documents, errors, shards, texts

FERRY, MILL = "The ferry of Hawes sails at noon.", "The mill of Keld grinds again."
RECORDS = b'{"text": "The ferry of Hawes sails at noon."}\n{"text": "The mill of Keld grinds again."}\n'

Files = list[tuple[str, bytes]]


def zipped(files: Files, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip archive."""
    data = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(data, "w", method) as archive:
        warnings.simplefilter("ignore")  # of names that are there twice
        for name, content in files:
            archive.writestr(zipfile.ZipInfo(name), content, method)
    return data.getvalue()


def tarred(files: Files, format_: int = tarfile.PAX_FORMAT) -> bytes:
    """A tar archive."""
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w", format=format_) as archive:
        for name, content in files:
            header = tarfile.TarInfo(name)
            header.size = len(content)
            archive.addfile(header, io.BytesIO(content))
    return data.getvalue()


def parquet() -> bytes:
    """A table of one text."""
    data = io.BytesIO()
    pl.DataFrame({"text": [FERRY]}).write_parquet(data)
    return data.getvalue()


ARCHIVES: dict[str, Callable[[Files], bytes]] = {
    "a.zip": zipped,
    "stored.zip": lambda files: zipped(files, zipfile.ZIP_STORED),
    "bzip2.zip": lambda files: zipped(files, zipfile.ZIP_BZIP2),
    "lzma.zip": lambda files: zipped(files, zipfile.ZIP_LZMA),
    "a.tar": tarred,
    "gnu.tar": lambda files: tarred(files, tarfile.GNU_FORMAT),
    "ustar.tar": lambda files: tarred(files, tarfile.USTAR_FORMAT),
    "a.tar.gz": lambda files: gzip.compress(tarred(files)),
    "a.tgz": lambda files: gzip.compress(tarred(files)),
    "a.tar.zst": lambda files: zstandard.compress(tarred(files)),
    "zip.txt": zipped,
    "tar": tarred,
}


@pytest.mark.parametrize("name", ARCHIVES)
def test_files_of_every_kind_are_read(tmp_path: Path, name: str) -> None:
    """Each by its content, compressed or not; the uri has the archive, the file in it, and the number of a record."""
    files = [
        ("courier/a.txt", FERRY.encode()),
        ("b.jsonl", RECORDS),
        ("c.csv", b"id,text\n1,The mill of Keld grinds again.\n"),
        ("d.txt.gz", gzip.compress(FERRY.encode())),
        ("e.parquet", parquet()),
        ("f", RECORDS),
        ("g.pdf", b"%PDF-1.7\n"),
        ("h.txt", b""),
        ("i.jsonl", b"no json\n"),
        ("__MACOSX/._a.txt", b"x"),
        ("j.txt.part", b"x"),
        (".k/l.txt", b"x"),
    ]
    path = tmp_path / "news" / name
    path.parent.mkdir()
    path.write_bytes(ARCHIVES[name](files))
    (shard,) = shards(path)
    found = {
        row["uri"].removeprefix(f"{path}#"): (row["text"], row["source"], row["file"])
        for row in shard.documents.to_dicts()
    }
    assert found == {
        "courier/a.txt": (FERRY, "courier", str(path)),
        "d.txt.gz": (FERRY, "news", str(path)),
        "b.jsonl#1": (FERRY, None, str(path)), "b.jsonl#2": (MILL, None, str(path)),
        "f#1": (FERRY, None, str(path)), "f#2": (MILL, None, str(path)),
        "c.csv#1": (MILL, None, str(path)), "e.parquet#1": (FERRY, None, str(path)),
    }  # fmt: skip
    rejected = {uri.removeprefix(f"{path}#"): error for uri, error in shard.rejected.rows()}
    assert set(rejected) == {"g.pdf", "h.txt", "i.jsonl#1"}
    assert "pdftotext" in rejected["g.pdf"]
    assert rejected["h.txt"] == "no text: the file is empty"
    assert shard.skipped == {"system file": 1, "half download": 1, "hidden": 1}
    assert len(shard.inputs) == 1


def test_columns_in_the_names_of_folders_fill_what_is_missing(tmp_path: Path) -> None:
    """Those of the folders in the archive, and those of the folders that the archive is in."""
    path = tmp_path / "lang=en" / "a.zip"
    path.parent.mkdir()
    path.write_bytes(
        zipped([("source=courier/date=2031-03-04/a.jsonl", RECORDS), ("source=post/b.txt", MILL.encode())])
    )
    found = documents(tmp_path)
    assert [row["source"] for row in found] == ["courier", "courier", "post"]
    assert [str(row["published"])[:10] for row in found] == ["2031-03-04", "2031-03-04", "None"]
    assert all('"lang":"en"' in row["metadata"] for row in found)


def test_archives_within_archives(tmp_path: Path) -> None:
    """They are read to a small depth; deeper ones are rejected by name."""
    data, inner = zipped([("a.txt", FERRY.encode())]), "a.zip"
    for name in ("b.tar.gz", "c.zip", "d.tar"):
        make = ARCHIVES[{"b.tar.gz": "a.tar.gz", "c.zip": "a.zip", "d.tar": "a.tar"}[name]]
        data, inner = make([(inner, data), ("x.txt", MILL.encode())]), name
    (tmp_path / "d.tar").write_bytes(data)
    uris = [row["uri"].partition("#")[2] for row in shards(tmp_path)[0].documents.to_dicts()]
    assert uris == ["c.zip#b.tar.gz#x.txt", "c.zip#x.txt", "x.txt"]
    assert errors(tmp_path) == {"d.tar#c.zip#b.tar.gz#a.zip": "an archive within 3 archives; unpack it"}


def test_names_are_labels(tmp_path: Path) -> None:
    """No name leads anywhere, and no two files or records share a uri, whatever their names are."""
    names = (
        "../../etc/passwd", "/etc/passwd", "a.jsonl", "a.jsonl", "a.jsonl#1", "a.jsonl##2", "a\\x23", "dir\\a.txt",
        "é.txt", "x" * 300 + ".txt", "C:/a.txt", "a.jsonl/../b.txt", "3",
    )  # fmt: skip
    files = [(name, RECORDS if name == "a.jsonl" else FERRY.encode()) for name in names]
    before = sorted(tmp_path.rglob("*"))
    for name in ("a.zip", "a.tar"):
        path = tmp_path / name
        path.write_bytes(ARCHIVES[name](files))
        found = documents(path)
        uris = [row["uri"].removeprefix(str(path)) for row in found]
        assert len(uris) == len(set(uris)) == len({row["document_id"] for row in found}) == len(names) + 2
        assert {
            "#../../etc/passwd",
            "#/etc/passwd",
            "#a.jsonl#1",
            "#a.jsonl##2#2",
            r"#a.jsonl\x231",
            "#é.txt",
        } < set(uris)
        assert next(row["source"] for row in found if row["uri"].endswith("#../../etc/passwd")) == "etc"
        path.unlink()
    assert sorted(tmp_path.rglob("*")) == before


def test_names_in_other_charsets(tmp_path: Path) -> None:
    """Names in zip are UTF-8, with or without the flag that says so, or cp437; those in tar may be any bytes."""
    for raw, wanted in ((b"\xc3\xa9.txt", "é.txt"), (b"\x82.txt", "é.txt")):
        data = zipped([("??.txt" if len(raw) > 5 else "?.txt", FERRY.encode())])
        (tmp_path / "a.zip").write_bytes(data.replace(b"??.txt", raw).replace(b"?.txt", raw))
        assert documents(tmp_path / "a.zip")[0]["uri"].endswith(f"a.zip#{wanted}")
    (tmp_path / "a.tar").write_bytes(tarred([("\udce9.txt", FERRY.encode())], tarfile.GNU_FORMAT))
    assert documents(tmp_path / "a.tar")[0]["uri"].endswith(r"a.tar#\xe9.txt")


def test_links_and_special_files_are_not_read(tmp_path: Path) -> None:
    """A link is skipped and counted; a device is rejected; neither is opened."""
    data = io.BytesIO(tarred([("a.txt", FERRY.encode())]))
    with tarfile.open(fileobj=data, mode="a") as archive:
        for name, kind in (
            ("b", tarfile.SYMTYPE),
            ("c", tarfile.LNKTYPE),
            ("d", tarfile.CHRTYPE),
            ("e", tarfile.DIRTYPE),
        ):
            header = tarfile.TarInfo(name)
            header.type, header.linkname = kind, "/etc/passwd"
            archive.addfile(header)
    (tmp_path / "a.tar").write_bytes(data.getvalue())
    info = zipfile.ZipInfo("b.txt")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as other:
        other.writestr(info, "/etc/passwd")
        other.writestr("a.txt", FERRY)
    for name, links in (("a.tar", 2), ("a.zip", 1)):
        (shard,) = shards(tmp_path / name)
        assert shard.documents["text"].to_list() == [FERRY]
        assert shard.skipped == {"link": links}
        assert len(shard.rejected) == (name == "a.tar")


def test_damage_costs_the_file_that_has_it(tmp_path: Path) -> None:
    """A wrong checksum, encryption, an unknown method or a wrong size in a zip archive costs that file only."""
    files = [("a.txt", FERRY.encode()), ("b.txt", MILL.encode()), ("c.txt", FERRY.encode())]
    good = zipped(files, zipfile.ZIP_STORED)
    second = good.index(b"PK\1\2", good.index(b"PK\1\2") + 1)
    for change, why in {
        (good.index(MILL.encode()), b"t"): "Bad CRC-32",
        (second + 8, b"\1"): "encrypted",
        (second + 10, b"\x63"): "method 99",
        (second + 24, struct.pack("<I", 5)): "damaged zip",
        (second + 20, struct.pack("<I", 5)): "damaged zip",
        (second + 42, struct.pack("<I", 0)): "shares its bytes",
        (second + 42, struct.pack("<I", 7)): "damaged zip",
    }.items():
        at, new = change
        (tmp_path / "a.zip").write_bytes(good[:at] + new + good[at + len(new) :])
        assert texts(tmp_path) == [FERRY, FERRY]
        ((name, error),) = errors(tmp_path).items()
        assert (name, why in error) == ("a.zip#b.txt", True)


def test_a_damaged_tar_keeps_the_files_before(tmp_path: Path) -> None:
    """Wherever it is cut off, the files before are read and something is rejected, if only the archive."""
    whole = tarred([("a.txt", FERRY.encode()), ("b.txt", MILL.encode())], tarfile.GNU_FORMAT)[:2048]
    for length in range(300, len(whole), 61):
        (tmp_path / "a.tar").write_bytes(whole[:length])
        (shard,) = shards(tmp_path)
        assert len(shard.documents) == (length >= 512 + len(FERRY)) + (length >= 1536 + len(MILL))
        complete = length in (1024, 2048)
        assert (len(shard.rejected) > 0) or complete
    broken = bytearray(
        tarred([("a.txt", FERRY.encode()), ("b.txt", FERRY.encode()), ("c.txt", MILL.encode())])
    )
    broken[1024 + 20] ^= 1
    (tmp_path / "a.tar").write_bytes(broken)
    assert texts(tmp_path) == [FERRY, MILL]
    assert errors(tmp_path) == {
        "a.tar": "damaged tar (bad checksum); the 2 files beside the damage were read"
    }


def test_archives_one_after_another(tmp_path: Path) -> None:
    """Concatenated tar archives are one."""
    (tmp_path / "a.tar").write_bytes(tarred([("a.txt", FERRY.encode())]) + tarred([("a.txt", MILL.encode())]))
    assert [row["uri"].partition("#")[2] for row in documents(tmp_path)] == ["a.txt", "a.txt##2"]


def test_bombs_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An archive that grows too much is rejected after the files before that, also if one within it does."""
    monkeypatch.setattr(bounds, "SMALL", 1000)
    bomb = ("b.jsonl", RECORDS * 4000)
    files = [("a.txt", MILL.encode()), bomb, ("c.txt", MILL.encode())]
    for name in ("a.zip", "bzip2.zip", "lzma.zip", "a.tar.gz", "a.tar.zst"):
        (tmp_path / name).write_bytes(ARCHIVES[name](files))
        assert not name.endswith("zip") or texts(tmp_path / name, max_ratio=3)[0] == MILL
        assert any("bomb" in error for error in errors(tmp_path / name, max_ratio=3).values())
    for name, data in {
        "d.zip": zipped([("x.zip", zipped([bomb]))], zipfile.ZIP_STORED),
        "e.tar": tarred([("x.zip", zipped([bomb]))]),
        "f.tar": tarred([("x.txt.gz", gzip.compress(bytes(500_000)))]),
    }.items():
        (tmp_path / name).write_bytes(data)
        (error,) = errors(tmp_path / name, max_ratio=3).values()
        assert "bomb" in error


def test_a_bomb_costs_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In an archive that does not grow too much, a file that does is rejected, and the rest is read."""
    monkeypatch.setattr(bounds, "SMALL", 1000)
    noise = random.Random(1).randbytes(100_000)
    files = [("a.txt", MILL.encode() * 2000), ("b.bin", noise), ("c.txt", MILL.encode())]
    (tmp_path / "a.zip").write_bytes(zipped(files))
    assert texts(tmp_path, max_ratio=3) == [MILL]
    found = errors(tmp_path, max_ratio=3)
    assert set(found) == {"a.zip#a.txt", "a.zip#b.bin"}
    assert "bomb" in found["a.zip#a.txt"]


def test_overlapping_files_are_read_once(tmp_path: Path) -> None:
    """Entries that share their bytes, so that a small archive holds any amount, are rejected but for the first."""
    data = zipped([("a.txt", FERRY.encode())], zipfile.ZIP_STORED)
    start = data.index(b"PK\1\2")
    end = data.index(b"PK\5\6")
    entry = data[start:end]
    tail = struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, 50, 50, 50 * len(entry), start, 0)
    (tmp_path / "a.zip").write_bytes(data[:start] + 50 * entry + tail)
    assert texts(tmp_path) == [FERRY]
    assert len(errors(tmp_path)) == 49


def test_quoted_files_are_read_once(tmp_path: Path) -> None:
    """An entry that begins within the bytes of another file is rejected: the two could share any amount of data."""
    data = zipped([("a.txt", FERRY.encode())], zipfile.ZIP_STORED)
    start = data.index(b"PK\1\2")
    inner, entry = data[:start], data[start : data.index(b"PK\5\6")]
    whole = zipped([("q.jsonl", inner)], zipfile.ZIP_STORED)
    at, directory = whole.index(inner), whole.index(b"PK\1\2", len(inner))
    both = whole[directory : whole.index(b"PK\5\6")] + entry[:42] + struct.pack("<I", at) + entry[46:]
    tail = struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, 2, 2, len(both), directory, 0)
    (tmp_path / "a.zip").write_bytes(whole[:directory] + both + tail)
    assert texts(tmp_path) == []
    assert "shares its bytes" in errors(tmp_path)["a.zip#a.txt"]


def test_directories_and_headers_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Too many files, a directory too large, and headers that never end cost the archive, not the memory."""
    files = [(f"{n}.txt", FERRY.encode()) for n in range(20)]
    for name in ("a.zip", "a.tar"):
        with monkeypatch.context() as patch:
            (tmp_path / name).write_bytes(ARCHIVES[name](files))
            patch.setattr(archives, "MAX_MEMBERS", 10)
            assert "more than 10 files" in errors(tmp_path / name)[name]
    monkeypatch.setattr(archives, "MAX_DIRECTORY", 500)
    assert "directory" in errors(tmp_path / "a.zip")["a.zip"]
    header = tarfile.TarInfo("x")
    header.type, header.size = tarfile.GNUTYPE_LONGNAME, 5_000_000
    (tmp_path / "b.tar").write_bytes(header.tobuf(tarfile.GNU_FORMAT) + b"x" * 5_000_000)
    assert "headers of more than 1 MB" in errors(tmp_path / "b.tar")["b.tar"]
    header.size = 1
    (tmp_path / "c.tar").write_bytes((header.tobuf(tarfile.GNU_FORMAT) + b"x" * 512) * 3000)
    assert errors(tmp_path / "c.tar")["c.tar"].startswith("damaged tar (")


def test_documents_of_office_suites_are_no_archives(tmp_path: Path) -> None:
    """They are rejected with the name of a tool, whatever their name is, also within an archive."""
    kinds = {
        "a.docx": [("[Content_Types].xml", b"<Types/>"), ("word/document.xml", b"<w/>")],
        "b": [("[Content_Types].xml", b"<Types/>"), ("xl/workbook.xml", b"<w/>")],
        "c.zip": [
            ("mimetype", b"application/epub+zip"),
            ("META-INF/container.xml", b"<c/>"),
            ("a.xhtml", b"<p>x</p>"),
        ],
        "d.odt": [
            ("mimetype", b"application/vnd.oasis.opendocument.text"),
            ("META-INF/manifest.xml", b"<c/>"),
        ],
    }
    for name, files in kinds.items():
        (tmp_path / name).write_bytes(zipped(files))
    (tmp_path / "e.tar").write_bytes(tarred([("f.zip", (tmp_path / "c.zip").read_bytes())]))
    assert texts(tmp_path) == []
    found = errors(tmp_path)
    assert found["a.docx"] == "a .docx file is not plain text; extract the text first (pandoc)"
    assert "save it as CSV" in found["b"]
    assert set(found) == {"a.docx", "b", "c.zip", "d.odt", "e.tar#f.zip"}
    assert all("pandoc" in error for name, error in found.items() if name != "b")


def test_an_archive_of_nothing(tmp_path: Path) -> None:
    """An archive without files is rejected, and so is one that is cut off before its directory."""
    (tmp_path / "a.zip").write_bytes(zipped([]))
    (tmp_path / "b.zip").write_bytes(zipped([("a.txt", FERRY.encode())])[:-30])
    (tmp_path / "c.tar").write_bytes(tarred([("a/.b", b"")]))
    assert {name: error[:10] for name, error in errors(tmp_path).items()} == {
        "a.zip": "no text: t", "b.zip": "damaged zi", "c.tar": "no text: t",
    }  # fmt: skip


def test_an_archive_behind_a_url(tmp_path: Path) -> None:
    """It is copied to a temporary file if it is a zip archive, and streamed if it is tar."""
    storage = fsspec.filesystem("memory")
    storage.pipe("/arc/a.zip", zipped([("a.txt", FERRY.encode())]))
    storage.pipe("/arc/b.tar.gz", gzip.compress(tarred([("b.txt", MILL.encode())])))
    try:
        assert texts("memory://arc") == [FERRY, MILL]
    finally:
        storage.rm("/arc", recursive=True)


def test_a_changed_archive_costs_what_changed(copydesk: Copydesk, tmp_path: Path) -> None:
    """Its known documents are recognised by their content; the dataset is sound, and what was removed can come back."""
    path, out, pdf = tmp_path / "a.zip", tmp_path / "out", ("b.pdf", b"%PDF-1.7\n")
    path.write_bytes(zipped([("z/a.txt", FERRY.encode()), ("b.jsonl", RECORDS), pdf]))
    assert copydesk("run", path, "--out", out).code == 0
    path.write_bytes(
        zipped(
            [
                ("n.txt", b"A new library opens."),
                ("b.jsonl", RECORDS),
                ("z/a.txt", FERRY.encode()),
                ("b.pdf", b"%PDF-1.7\n"),
            ]
        )
    )
    assert copydesk("run", path, "--out", out).code == 0
    read_in = table(out, "documents").group_by("run_id").agg(pl.col("uri").str.tail(5)).sort("run_id")
    assert read_in["uri"].list.sort().to_list() == [["a.txt", "onl#1", "onl#2"], ["n.txt"]]
    assert len(table(out, "rejected")) == 1
    assert copydesk("verify", out).code == 0
    assert "nothing new" in copydesk("run", path, "--out", out).out


def test_what_was_removed_from_an_archive_comes_back_in_its_place(copydesk: Copydesk, tmp_path: Path) -> None:
    """A document that was removed whole is restored between those that were read before and after it."""
    story = (
        "The swing bridge over the Wend will close on Monday for eleven weeks, the port authority said again."
    )
    path, out = tmp_path / "a.tar", tmp_path / "out"
    path.write_bytes(tarred([(name, text.encode()) for name, text in (
        ("z.txt", story), ("m.txt", story), ("a.txt", MILL), ("b.jsonl", '{"text": "Ten."}')
    )]))  # fmt: skip
    copydesk("run", path, "--out", out)
    assert [uri[-5:] for uri in table(out, "documents")["uri"]] == ["z.txt", "a.txt", "onl#1"]
    assert copydesk("restore", out, "--reason", "duplicate_document", "--reason", "duplicate").code == 0
    assert [uri[-5:] for uri in table(out, "documents")["uri"]] == ["z.txt", "m.txt", "a.txt", "onl#1"]
    assert copydesk("verify", out).code == 0


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_damage(tmp_path: Path, data: st.DataObject) -> None:
    """However an archive is mutated, it ends in documents and rejected rows, and never in an exception."""
    name = data.draw(st.sampled_from([one for one in ARCHIVES if one.endswith((".zip", ".tar", ".gz"))]))
    inner = zipped([("x.txt", FERRY.encode())])
    whole = bytearray(ARCHIVES[name]([("a.txt", FERRY.encode()), ("b.jsonl", RECORDS), ("c.zip", inner)]))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(whole) - 1))
        whole[at : at + data.draw(st.integers(0, 4))] = data.draw(st.binary(max_size=4))
    path = tmp_path / name
    path.write_bytes(whole)
    (shard,) = read(find([str(path)]), Inputs(), Fields())
    assert len(shard.documents) + len(shard.rejected) > 0
    assert all(uri.startswith(str(path)) for uri in shard.documents["uri"])


def test_names_as_long_as_a_zip_file_allows(tmp_path: Path) -> None:
    """A name of 60,000 letters, or of as many folders, takes a moment, and its text is read."""
    names = ["a" * 60_000, "a/" * 30_000 + "b.txt", "#" * 20_000]
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for name in names:
            archive.writestr(name, "word")
    assert texts(tmp_path) == ["word"] * 3
