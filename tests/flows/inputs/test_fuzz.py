"""Files of every format, generated and mutated by chance: none may kill a run, be lost, or cost another file.

`COPYDESK_FUZZ_MINUTES` says how long to try (default 10), `COPYDESK_FUZZ_SEED` with which numbers to begin.
"""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import json
import lzma
import os
import random
import subprocess
import sys
import tarfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
import zstandard

from flows.inputs.names import uri_of
from support import ROOT, STORY

FILES = 60  # in a run
SECONDS = 180  # that a run may take: then it hangs

#: What parsers stumble over.
TOKENS = (
    *(
        b"\0",
        b'"',
        b"'",
        b"\\",
        b",",
        b";",
        b"\t",
        b"\r",
        b"\n",
        b"\r\n",
        b"{",
        b"}",
        b"[",
        b"]",
        b"<",
        b">",
        b"&",
    ),
    *(
        b"\xef\xbb\xbf",
        b"\xff\xfe",
        b"\xfe\xff",
        b"\xc3",
        b"\xe2\x80",
        b"\xf4\x90\x80\x80",
        b"\xed\xa0\x80",
        b"\x1b[",
    ),
    *(
        b"---\n",
        b"#",
        b"NaN",
        b"null",
        b"1e999",
        b"-0",
        b'"\\ud800"',
        b'"text":',
        b"sep=;\n",
        b"PAR1",
        b"\x1f\x8b",
    ),
    *(
        b"[" * 400,
        b'{"a":' * 400,
        b"- " * 400,
        b"(" * 400,
        b"a" * 5000,
        b"\n" * 500,
        b"," * 3000,
        b"&amp;" * 99,
    ),
)


def text(chance: random.Random) -> str:
    """A text of a few paragraphs."""
    words = [
        "boats",
        "harbour",
        "école",
        "Straße",
        "橋",
        "мост",
        "3,5",
        "“said”",
        "Read more",
        "&amp;",
        "Ã©",
        "\u0301",
    ]
    return "\n".join(
        " ".join(chance.choices(words, k=chance.randrange(1, 30))) for _ in range(chance.randrange(1, 8))
    )


def records(chance: random.Random) -> list[dict[str, object]]:
    """Some records, with values of any type."""
    values = [None, 3, 2.5, True, ["a"], {"b": "c"}, "2031-03-04", "", "x"]
    return [
        {"text": text(chance), "title": chance.choice(values), "date": chance.choice(values), "n": n}
        for n in range(chance.randrange(1, 5))
    ]


def as_csv(chance: random.Random, delimiter: str) -> bytes:
    """The records as a table with a header."""
    rows = io.StringIO(newline="")
    writer = csv.writer(rows, delimiter=delimiter)
    writer.writerow(["text", "title"])
    writer.writerows([[record["text"], record["title"]] for record in records(chance)])
    return rows.getvalue().encode()


def as_parquet(chance: random.Random) -> bytes:
    """The records as Parquet."""
    buffer = io.BytesIO()
    compression = chance.choice(["uncompressed", "zstd", "snappy", "gzip"])
    rows = [{"text": record["text"], "n": [record["n"]], "s": {"a": "b"}} for record in records(chance)]
    pl.DataFrame(rows).write_parquet(buffer, compression=compression)
    return buffer.getvalue()


def as_zip(chance: random.Random) -> bytes:
    """The records, a text and a table in a zip archive."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", chance.choice([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])) as archive:
        for name in ("a.txt", "b.jsonl", "c.csv", "d.parquet"):
            archive.writestr(f"{chance.random()}/{name}", FORMATS[name[1:]](chance))
    return buffer.getvalue()


def as_tar(chance: random.Random) -> bytes:
    """The same in a tar archive, with another archive in it."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=chance.choice([0, 1, 2])) as archive:
        for name in ("a.txt", "b.jsonl", "c.csv", "d.zip"):
            data = FORMATS[name[1:]](chance)
            header = tarfile.TarInfo(f"{'x' * chance.randrange(150)}/{name}")
            header.size = len(data)
            archive.addfile(header, io.BytesIO(data))
    return buffer.getvalue()


def as_json(chance: random.Random) -> bytes:
    """The records as a list, in an object, over many lines, glued, or one alone."""
    found = list(records(chance))
    match chance.randrange(5):
        case 0:
            return json.dumps(found).encode()
        case 1:
            return json.dumps({"status": "ok", "articles": found}).encode()
        case 2:
            return json.dumps(found, indent=2).encode()
        case 3:
            return "".join(map(json.dumps, found)).encode()
        case _:
            return json.dumps(found[0]).encode()


FORMATS: dict[str, Callable[[random.Random], bytes]] = {
    ".txt": lambda chance: text(chance).encode(chance.choice(["utf-8", "utf-16", "cp1252"]), "replace"),
    ".md": lambda chance: f"---\ntitle: {chance.random()}\ntags: [a, b]\n---\n{text(chance)}".encode(),
    ".jsonl": lambda chance: b"".join(json.dumps(record).encode() + b"\n" for record in records(chance)),
    ".json": as_json,
    ".csv": lambda chance: as_csv(chance, chance.choice([",", ";", "|"])),
    ".tsv": lambda chance: as_csv(chance, "\t"),
    ".parquet": as_parquet,
    ".zip": as_zip,
    ".tar": as_tar,
}
COMPRESSIONS: dict[str, Callable[[bytes], bytes]] = {
    "": bytes,
    ".gz": gzip.compress,
    ".zst": zstandard.ZstdCompressor().compress,
    ".bz2": bz2.compress,
    ".xz": lzma.compress,
}


def mutated(data: bytes, chance: random.Random) -> bytes:
    """The bytes after a few accidents."""
    for _ in range(chance.choice([0, 1, 1, 2, 5])):
        at, length = chance.randrange(len(data) + 1), chance.randrange(1, 40)
        match chance.randrange(6):
            case 0:
                data = data[:at] + chance.choice(TOKENS) + data[at:]
            case 1:
                data = data[:at] + data[at + length :]
            case 2:
                data = data[:at] + data[at : at + length] * chance.randrange(1, 50) + data[at:]
            case 3:
                data = data[:at] + chance.randbytes(length) + data[at + length :]
            case 4:
                data = data[:at]
            case _:
                flipped = bytes(byte ^ (1 << chance.randrange(8)) for byte in data[at : at + 3])
                data = data[:at] + flipped + data[at + 3 :]
    return data


def write_files(folder: Path, chance: random.Random) -> None:
    """Fill a folder with files; half of them are mutated before they are compressed, half after."""
    for number in range(FILES):
        ending = chance.choice(list(FORMATS))
        compression = chance.choice(list(COMPRESSIONS)) if ending not in (".parquet", ".zip") else ""
        data, compress = FORMATS[ending](chance), COMPRESSIONS[compression]
        data = compress(mutated(data, chance)) if chance.random() < 0.5 else mutated(compress(data), chance)
        (folder / f"{number:03}{ending}{compression}").write_bytes(data)
    (folder / "story.txt").write_text(STORY)


def copydesk(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "flows.cli", *map(str, arguments)],
        capture_output=True,
        text=True,
        errors="replace",
        timeout=SECONDS,
        cwd=ROOT,
        check=False,
    )


@pytest.mark.slow
def test_no_file_kills_a_run_or_is_lost(tmp_path: Path) -> None:
    """Each run ends well, publishes the good article, accounts for every file, and leaves a sound dataset."""
    seed = int(os.environ.get("COPYDESK_FUZZ_SEED", "1"))
    end = time.monotonic() + 60 * float(os.environ.get("COPYDESK_FUZZ_MINUTES", "10"))
    tried = 0
    while tried == 0 or time.monotonic() < end:
        place = tmp_path / str(seed + tried)
        given, out = place / "in", place / "out"
        given.mkdir(parents=True)
        write_files(given, random.Random(seed + tried))
        told = f"COPYDESK_FUZZ_SEED={seed + tried}, {place}"
        for _ in range(2):  # an incomplete last line waits for the second
            run = copydesk("run", given, "--out", out)
            assert run.returncode == 0, f"{told}: {run.stderr[-2000:]}"
            assert "bug in copydesk" not in run.stderr, told
        uris = [
            uri.partition("#")[0]
            for table in ("documents", "removed", "rejected")
            for uri in pl.read_parquet(out / table, hive_partitioning=False)["uri"]
        ]
        assert {uri_of(str(path)) for path in given.iterdir()} == set(uris), told
        published = pl.read_parquet(out / "documents", hive_partitioning=False)["uri"]
        assert uri_of(str(given / "story.txt")) in published.to_list(), told
        assert copydesk("verify", out).returncode == 0, told
        tried += 1
