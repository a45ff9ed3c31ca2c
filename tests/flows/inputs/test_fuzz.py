"""Files of every format, generated and mutated by chance: none may kill a run, be lost, or cost another file.

`COPYDESK_FUZZ_MINUTES` says how long to try (default 10), `COPYDESK_FUZZ_SEED` with which numbers to begin.
"""

from __future__ import annotations

import bz2
import csv
import gzip
import html
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
from email.message import EmailMessage
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
        b"<div>" * 3000,
        b"--=\n" * 99,
        b"From a@b Tue May 14 10:30:00 2019\n",
        b"Content-Type: multipart/mixed; boundary==\n",
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
    """The records as a table with a header, in one of many dialects."""
    rows = io.StringIO(newline="")
    escapes = chance.random() < 0.3
    writer = csv.writer(
        rows,
        delimiter=delimiter,
        quotechar=chance.choice('""\''),
        quoting=chance.choice([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]),
        doublequote=not escapes,
        escapechar="\\" if escapes else None,
        lineterminator=chance.choice(["\n", "\r\n", "\r"]),
    )
    if chance.random() < 0.1:
        rows.write(f"sep={delimiter}\n")
    writer.writerow(["text", "title", "n"])
    writer.writerows([[record["text"], record["title"], record["n"]] for record in records(chance)])
    return rows.getvalue().encode(chance.choice(["utf-8", "utf-8", "utf-16", "cp1252"]), "replace")


def as_parquet(chance: random.Random) -> bytes:
    """The records as Parquet."""
    buffer = io.BytesIO()
    compression = chance.choice(["uncompressed", "zstd", "snappy", "gzip"])
    rows = [{"text": record["text"], "n": [record["n"]], "s": {"a": "b"}} for record in records(chance)]
    pl.DataFrame(rows).write_parquet(buffer, compression=compression)
    return buffer.getvalue()


def as_page(chance: random.Random) -> bytes:
    """A web page, its tags nested a few times or many."""
    deep = chance.choice([1, 3, 3, 400])
    body = "".join(f"<p>{line}</p>" for line in text(chance).splitlines())
    head = chance.choice(["<!DOCTYPE html>", "", '<?xml version="1.0"?>', "<!-- a comment -->"])
    page = f"{head}<html><head><title>Ferry</title></head><body>{'<div>' * deep}{body}{'</div>' * deep}</body></html>"
    return page.encode(chance.choice(["utf-8", "utf-16", "cp1252"]), "replace")


def as_feed(chance: random.Random) -> bytes:
    """The records as RSS or Atom, some with entities of their own."""
    declared = '<!DOCTYPE a [<!ENTITY b "ferry"><!ENTITY c "&b;&b;&b;&b;">]>' if chance.random() < 0.2 else ""
    entity = "&c;" if declared else ""
    rows = [(html.escape(str(record["text"])) + entity, record["title"]) for record in records(chance)]
    if chance.random() < 0.5:
        items = "".join(
            f"<item><title>{title}</title><description>{one}</description></item>" for one, title in rows
        )
        return f'<?xml version="1.0"?>{declared}<rss version="2.0"><channel>{items}</channel></rss>'.encode()
    items = "".join(
        f'<entry><title>{title}</title><content type="html">{one}</content></entry>' for one, title in rows
    )
    return f'<?xml version="1.0"?>{declared}<feed xmlns="http://www.w3.org/2005/Atom">{items}</feed>'.encode()


def as_mail(chance: random.Random) -> bytes:
    """A mail of one part or several, encoded in any way."""
    mail = EmailMessage()
    mail["From"], mail["Subject"] = (
        "Nora Quill <nora@pell.example>",
        chance.choice(["Ferry", "école", "=?utf-8?q?"]),
    )
    mail["Date"], mail["Message-ID"] = "Tue, 14 May 2019 10:30:00 +0200", f"<{chance.random()}@pell.example>"
    mail.set_content(text(chance), cte=chance.choice(["8bit", "base64", "quoted-printable"]))
    if chance.random() < 0.5:
        mail.add_alternative(as_page(chance).decode("utf-8", "replace"), subtype="html")
    if chance.random() < 0.3:
        mail.add_attachment(chance.randbytes(50), maintype="image", subtype="png", filename="a.png")
    return mail.as_bytes()


def as_mbox(chance: random.Random) -> bytes:
    """Some mails, one after the other."""
    mails = (as_mail(chance).replace(b"\nFrom ", b"\n>From ") for _ in range(chance.randrange(1, 5)))
    return b"".join(b"From nora@pell.example Tue May 14 10:30:00 2019\n" + mail + b"\n\n" for mail in mails)


def as_warc(chance: random.Random) -> bytes:
    """Pages as they were fetched, and texts, some with a wrong length; compressed one by one or not at all."""
    pieces = []
    for number in range(chance.randrange(1, 5)):
        kind, media, body = "conversion", "text/plain", text(chance).encode()
        if chance.random() < 0.6:
            kind, media = "response", "application/http; msgtype=response"
            body = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n" + as_page(chance)
        length = len(body) + chance.choice([0, 0, 0, 0, -7, 9, 10**12])
        head = (
            f"WARC/1.0\r\nWARC-Type: {kind}\r\nWARC-Target-URI: https://pell.example/{number}\r\n"
            f"WARC-Record-ID: <urn:uuid:{number}>\r\nContent-Type: {media}\r\nContent-Length: {length}\r\n\r\n"
        )
        pieces.append(head.encode() + body + b"\r\n\r\n")
    return b"".join(map(gzip.compress, pieces) if chance.random() < 0.3 else pieces)


def as_zip(chance: random.Random) -> bytes:
    """Files of several formats in a zip archive, some under names that lead elsewhere."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", chance.choice([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])) as archive:
        for name in ("a.txt", "b.jsonl", "c.csv", "d.parquet", "e.html", "f.eml"):
            folder = chance.choice(["..", "/etc", "C:\\x", "source=pell", "é#1", str(chance.random())])
            archive.writestr(f"{folder}/{name}", FORMATS[name[1:]](chance))
    return buffer.getvalue()


def as_tar(chance: random.Random) -> bytes:
    """The same in a tar archive, with another archive and a link in it."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=chance.choice([0, 1, 2])) as archive:
        for name in ("a.txt", "b.jsonl", "c.csv", "d.zip"):
            data = FORMATS[name[1:]](chance)
            header = tarfile.TarInfo(f"{'x' * chance.randrange(150)}/{name}")
            header.size = len(data)
            archive.addfile(header, io.BytesIO(data))
        if chance.random() < 0.3:
            link = tarfile.TarInfo("link.txt")
            link.type, link.linkname = (
                chance.choice([tarfile.SYMTYPE, tarfile.LNKTYPE]),
                "../../../etc/passwd",
            )
            archive.addfile(link)
    return buffer.getvalue()


def as_json(chance: random.Random) -> bytes:
    """The records as a list, in an object, over many lines, glued, or one alone."""
    found = list(records(chance))
    match chance.randrange(7):
        case 0:
            return json.dumps(found).encode()
        case 1:
            return json.dumps({"status": "ok", "articles": found}).encode()
        case 2:
            return json.dumps(found, indent=2).encode()
        case 3:
            return "".join(map(json.dumps, found)).encode()
        case 4:
            return json.dumps(
                {"hits": {"hits": [{"_id": n, "_source": one} for n, one in enumerate(found)]}}
            ).encode()
        case 5:
            return b"{} " * chance.randrange(1, 300) + json.dumps(found).encode()
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
    ".html": as_page,
    ".rss": as_feed,
    ".eml": as_mail,
    ".mbox": as_mbox,
    ".warc": as_warc,
    ".zip": as_zip,
    ".tar": as_tar,
}
STEMS = (*[""] * 6, "#1", "é", " a b", "\x1b[31m", "[x]*", "%41", "\\x23", "\n", "\udce9")
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
    """Fill a folder with files; half of them are mutated before they are compressed, half after.

    Some have the ending of another format or none.
    """
    for number in range(FILES):
        ending = chance.choice(list(FORMATS))
        compression = chance.choice(list(COMPRESSIONS)) if ending not in (".parquet", ".zip") else ""
        data, compress = FORMATS[ending](chance), COMPRESSIONS[compression]
        data = compress(mutated(data, chance)) if chance.random() < 0.5 else mutated(compress(data), chance)
        if chance.random() < 0.15:
            ending = chance.choice(["", *FORMATS])
        (folder / f"{number:03}{chance.choice(STEMS)}{ending}{compression}").write_bytes(data)
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
