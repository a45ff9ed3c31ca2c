"""What a file is, by how it begins, whatever its name says."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import pickle
import zipfile
from pathlib import Path

import polars as pl
import pytest
import zstandard
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from flows.inputs import find, read
from flows.inputs.formats import FORMATS
from flows.inputs.sniffing import sniff
from flows.inputs.text_kinds import text_kind
from flows.settings.model import Fields, Inputs

from .reading import errors, shards, texts

PAGE = b"<!DOCTYPE html>\n<html><head><title>Hawes</title></head><body><p>The ferry sails.</p></body></html>"
FEED = (
    b'<?xml version="1.0"?>\n<!-- made daily -->\n<rss version="2.0"><channel><item></item></channel></rss>'
)
SENTENCE = "The ferry of Hawes sails at noon, and the mill of Keld grinds again."
MAIL = (
    b"Received: from mx.hawes.example by mail.keld.example; Tue, 4 Mar 2031 10:00:00 +0000\nFrom: desk@hawes.example\n"
    b"To: all@keld.example\nSubject: The ferry\n sails again\nMIME-Version: 1.0\n\nThe ferry of Hawes sails at noon.\n"
)
TABLE = b'id,title,text\n1,Ferry,"The ferry of Hawes, it is said, sails at noon."\n2,Mill,"The mill grinds\nagain."\n'


def _zip() -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("story.txt", "The ferry of Hawes sails at noon.")
    return data.getvalue()


def _parquet() -> bytes:
    data = io.BytesIO()
    pl.DataFrame({"text": ["The ferry of Hawes sails at noon."]}).write_parquet(data)
    return data.getvalue()


#: Kind -> what begins so.
DISTINCTIVE = {
    "pdf": b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n1 0 obj\n",
    "rtf": rb"{\rtf1\ansi The council of Colne}",
    "postscript": b"%!PS-Adobe-3.0\n",
    "office": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(100),
    "zip": _zip(),
    "parquet": _parquet(),
    "sqlite": b"SQLite format 3\0" + bytes(100),
    "image": b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
    "media": b"ID3\x04\0\0\0\0",
    "font": b"wOF2\0\1\0\0",
    "program": b"\x7fELF\2\1\1\0",
    "archive": b"7z\xbc\xaf\x27\x1c\0\4",
    "compressed": b"\x04\x22\x4d\x18\x60\x70",
    "pointer": b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12\n",
    "warc": b"WARC/1.0\r\nWARC-Type: warcinfo\r\n\r\n",
    "html": PAGE,
    "feed": FEED,
    "sitemap": b'<?xml version="1.0"?><urlset xmlns="x"><url><loc>https://hawes.example</loc></url></urlset>',
    "xml": b'<?xml version="1.0"?>\n<nitf><body><p>The ferry sails.</p></body></nitf>',
    "mail": MAIL,
    "json": b'[\n {"title": "Hawes", "text": "The ferry sails."},\n {"text": "The mill grinds."}\n]',
    "jsonl": b'{"text": "The ferry sails."}\n{"text": "The mill grinds."}\n',
    "csv": TABLE,
    "gdelt": b"20310304100000-1\t20310304100000\t1\thawes.example\thttps://hawes.example/a\t\t\n",
    "subtitles": b"1\n00:00:01,000 --> 00:00:02,500\nIt sails.\nAt noon.\n\n2\n00:00:03,000 --> 00:00:04,000\nNo.\n",
    "tex": b"% draft\n\\documentclass[12pt]{article}\n\\begin{document}\nThe ferry sails.\n\\end{document}\n",
    "bibliography": b"@article{keld31,\n  title = {The ferry},\n}\n",
    "log": b"--2031-03-04 10:30:00--  https://hawes.example/\nResolving hawes.example... 192.0.2.1\n200 OK\n",
    "cookies": b"# Netscape HTTP Cookie File\n\n.hawes.example\tTRUE\t/\tFALSE\t0\tid\tx\n",
    "urls": b"# to do\nhttps://hawes.example/ferry\nhttps://hawes.example/mill\n",
    "ads": b"# sellers\nads.example, pub-1, DIRECT, f08c\nkeld.example, 7, RESELLER\n",
    "cdx": b'example,hawes)/ 20310304103000 {"url": "https://hawes.example/"}\n',
    "sql": b"-- MySQL dump 10.13\n--\n-- Host: hawes\n\nCREATE TABLE `a` (id int);\n",
    "shortcut": b"[InternetShortcut]\nURL=https://hawes.example/\n",
    "calendar": b"BEGIN:VCALENDAR\nVERSION:2.0\n",
    "patch": b"diff --git a/x b/x\n--- a/x\n+++ b/x\n",
    "checksums": b"d41d8cd98f00b204e9800998ecf8427e  a.txt\n0cc175b9c0f1b6a831c399e269772661  b.txt\n",
    "script": b'var stories = [{"text": "The ferry sails."}];\n',
    "python": b"{'title': 'Ferry', 'text': 'It sails.'}\n{'title': 'Mill', 'text': 'It grinds.'}\n",
    "yaml": b"- title: Ferry\n  text: It sails.\n- title: Mill\n  text: It grinds.\n",
    "har": b'{"log": {"version": "1.2", "entries": [{"text": "The ferry sails."}]}}',
    "sheet": b'<html xmlns:x="urn:schemas-microsoft-com:office:excel"><table><tr><td>text</td></tr></table></html>',
    "robots": b"# for all\nUser-agent: *\nDisallow: /private\n\nSitemap: https://hawes.example/map.xml\n",
}

#: Texts that begin like something else.
PROSE = (
    "<Reuters> - The ferry of Hawes sails at noon, the port authority said.",
    "<b>Update</b> The ferry of Hawes sails again, <i>The Courier</i> reports.",
    "<p>The ferry sails.",
    "[Update] The ferry of Hawes sails at noon.",
    '["The ferry sails," he said.] That was on Monday.',
    "{sic} The ferry of Hawes sails at noon.",
    '{"text": "x"} is how a record begins, the manual says.',
    "From: a reader in Hawes\nTo: the editor\nSubject: The ferry\n\nIt sails at noon.",
    "From the harbour of Hawes: the ferry sails at noon on Mondays, and in 2031 it will sail daily.",
    "Date: 4 March 2031\nPlace: Hawes\nContent: The ferry\n\nIt sails at noon.",
    "%PDF is how such a file begins, the archivist said.",
    "%PDF-1.4 is how such a file begins, the archivist said.",
    "PK was his name, and the ferry his life.",
    "WARC/1.0 is a format of the archive in Hawes.",
    "Text, title and date were missing from the letter\nThe ferry, he wrote, sails at noon\n",
    "News, story, and weather at ten\nThe ferry of Hawes sails at noon, and at two",
    "title: the text, and the text\nIt sails, it is said\n",
    "RIFF is a word of jazz, Rar! a cry, and BM a car.",
    "#Hawes: the ferry sails at noon.",
    "User-agent: that is what they call a browser.\nThe ferry sails at noon.",
    "HTML tutorial: write <html>, then <head>, then <body>; close </p> and </div> in the end.",
    "Sitemap of Hawes: the harbour, the mill.\n\nThe ferry sails at noon.",
    "The captions were wrong.\n\n1\n00:00:01,000 --> 00:00:02,500\nThe ferry sails.\n",
    "To begin a paper, write \\documentclass{article} and \\begin{document}.",
    "\\section is a command of TeX, the printer of Hawes said.",
    "2031-03-04 10:30:00 INFO is how a line of a log begins, the harbour master said.\nIt is a long list.",
    "--2031-- is what the stone says.",
    "https://hawes.example/ferry is where the timetable of the ferry is.",
    "WEBVTT is the first word of such a file.",
    "INSERT INTO the box one coin, the sign says.",
    "# Netscape is remembered in Hawes",
    "{'text': 'x'} is how Python shows it, the manual says.",
    "var is a word of the language, and so is const = 5.",
    "- Hawes: the ferry sails.\n- Keld: the mill grinds.",
    "\tThe ferry sails at noon.\n\tThe mill grinds.\n\tThe inn is open.",
    "10:30 The ferry sails.\n11:45 The ferry comes back.",
    "User-agent: *\nThat is the line that the search engine saw, the editor of Hawes said on Monday.",
    '"Rain" "wind" "text"\nThat is what the sign said.',
    'Object notation of the ferry {"a": 1}',
    "CREATE TABLE decorations from paper, the craftsmen of Hawes advise us this spring.",
    f"CREATE TABLE ferries (id int);\n\n{SENTENCE}\n{SENTENCE}",
    f"INSERT INTO history VALUES: how a phrase came to Hawes\n{SENTENCE}",
    f"var ferry = {{\n  a: 1\n}};\n{SENTENCE}\n\n{SENTENCE}",
    f"{{'Bread': 3}}\n{SENTENCE}",
    f"#!/bin/sh\n{SENTENCE}",
    "const ferries = {\n  a: 1,\n  b: 2,\n  c: 3,\n  d: 4,\n};\n\n" + f"{SENTENCE * 3}\n" * 2,
    f"<note>\n<to>Roe</to>\n<from>Doe</from>\n<by>Poe</by>\n</note>\n\n{SENTENCE}",
    f"{SENTENCE}\n\n<html>\n<head><title>x</title></head>\n<body></body>\n</html>\n\n{SENTENCE}",
    "20:15\tNews\n20:30\tFilm\n22:00\tSport\n",
    f'[{{"a": 1}}]\n\n{SENTENCE}',
    f"12:04.30 --> the record of Hawes\n{SENTENCE}",
    f"@article{{roe,\n title = {{x}}}}\n\n{SENTENCE}\n{SENTENCE}",
    f"WEBVTT\n\n{SENTENCE}",
    f"GIF89a is the name of a format.\n{SENTENCE}",
    f"* Trying 3 times is enough, the trainer of Hawes says.\n{SENTENCE}",
    "Wget 1.25 is out, and it mends many faults, says Hawes.",
    f"- name: Roe\n  role: mayor\n- name: Doe\n  role: captain\n\n{SENTENCE}",
    f"- title: Ferry\n  date: May\n- title: Mill\n  date: June\n\n{SENTENCE}",
    "- Question: Does it sail?\n  Answer: It does.\n- Question: At noon?\n  Answer: At two.\n",
    "\n".join(f"[00:{second}:10] ANNA: {SENTENCE}" for second in range(10, 20)),
    f"# {SENTENCE}\n# {SENTENCE}\nhttps://hawes.example/ferry\n",
    f"<strong>HAWES</strong> - The <em>ferry</em> sank on <b>Monday</b>.\n{SENTENCE}\n<strong>More</strong> soon.",
    f"To make a list, write <ul> <li>one</li> <li>two</li> <li>three</li> </ul>.\n{SENTENCE}\n{SENTENCE}",
    f"News\tDate\n{SENTENCE}\n{SENTENCE}",
    f"Summary, abstract, and lead\n{SENTENCE} No, no, no, no.\n",
    *(
        "\n".join(f"{label}\t{SENTENCE}" for _ in range(4))
        for label in ("1914", "10:30", "4.3.2031", "-", "\u2022", "2.", "(b)", "ANNA:")
    ),
)


@pytest.mark.parametrize("kind", DISTINCTIVE)
def test_distinctive_content_has_its_kind(kind: str) -> None:
    """Each kind is known by its beginning, also after white space, a byte order mark or in UTF-16 where it is text."""
    data = DISTINCTIVE[kind]
    assert sniff(data) == kind
    if kind in (
        "html",
        "feed",
        "mail",
        "json",
        "jsonl",
        "csv",
        "xml",
        "sitemap",
        "sheet",
        "har",
    ) or text_kind(data):
        text = data.decode()
        assert sniff(b"\xef\xbb\xbf" + data) == kind
        assert {sniff(text.encode(name)) for name in ("utf-16", "utf-16-le", "utf-16-be", "utf-32")} == {kind}
        assert sniff(text.replace("\n", "\r\n").encode()) == kind
    if kind in ("html", "feed", "json", "jsonl"):
        assert sniff(b"\n\n " + data) == kind


@pytest.mark.parametrize("text", PROSE)
def test_prose_is_left_open(text: str) -> None:
    """An article that begins like something else, or quotes it, is none of that."""
    assert sniff(text.encode()) == ""
    assert sniff((text + "\n\nThe mill of Keld grinds again, and Hawes has a ferry.\n" * 50).encode()) == ""


def test_markup_without_its_outer_tags() -> None:
    """Several tags of blocks are part of a page, and so is text full of them; a few are not."""
    assert sniff(b"<div><p>The ferry sails.</p></div>") == "tags"
    assert sniff(b"<p>The ferry sails.</p>\n") == "tags"
    assert sniff(b"<title>Ferry</title>\n<text>It sails.</text>\n") == "xml"
    assert sniff(b"<div class='a'>x</div><title>Hawes</title><body>x") == "html"
    assert sniff(b"Ferry news\n<p>It sails.</p>\n<p>At noon.</p>\n<p>And at two.</p>") == "tags"
    assert (
        sniff(
            b"Use </p> after <p>, </p> after that, and </p>, he said. " + b"The ferry sails at noon. " * 200
        )
        == ""
    )
    assert sniff(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n" + PAGE) == "html"
    assert sniff(b"Warning: no cache in /srv/page.php\n" + PAGE) == "html"
    assert sniff(b'<DOC id="1">\n<HEADLINE>Ferry</HEADLINE>\n<TEXT>It sails.</TEXT>\n</DOC>\n') == "xml"


def test_a_table_needs_a_text_field() -> None:
    """The header has a name of a text field, given or usual, and the rows have as many cells, or other usual names."""
    assert sniff(b"title;content\nFerry;It sails at noon.\nMill;It grinds.\n") == "csv"
    assert sniff(b"label\ttext\n1\tIt sails at noon.\n0\tIt grinds, slowly, again.\n") == "csv"
    assert sniff(b",text\n0,It sails at noon\n1,It grinds\n") == "csv"
    assert sniff(b"Article Text,Publication Date\nIt sails at noon,2031-03-04\n") == "csv"
    assert sniff(b"titel,inhalt\na,b\nc,d\n") == ""
    assert sniff(b"titel,inhalt\na,b\nc,d\n", ("inhalt",)) == "csv"
    assert sniff(b"id\x1ftitle\x1ftext\n1\x1fFerry\x1fIt sails at noon.\n") == "csv"
    assert sniff(b"id^title^text\n1^Ferry^It sails at noon.\n") == "csv"
    assert sniff(b"id,webTitle,fields.bodyText\n1,Ferry,It sails at noon.\n") == "csv"
    assert sniff(b"sep=;\ntitle;text\n") == "csv"
    assert sniff(b"place,text\nHawes,The ferry, it is said, sails\nKeld\n") == ""
    assert sniff(b"id,title,text\n" + b'1,a,"It sails at noon. ' + b"And at two. " * 9000) == "csv"


def test_the_name_of_a_file_does_not_hide_its_content(tmp_path: Path) -> None:
    """What is distinctive is read or rejected as what it is, compressed or not, under any name."""
    for name in (
        "a.txt",
        "a",
        "a.md",
        "a.jsonl",
        "a.csv",
        "a.png",
        "a.pdf",
        "a.txt.gz",
        "a.parquet",
        "a.html",
    ):
        path = tmp_path / name
        for compress in (bytes, gzip.compress, bz2.compress, lzma.compress, zstandard.compress):
            for data in (DISTINCTIVE["jsonl"], DISTINCTIVE["csv"], DISTINCTIVE["parquet"]):
                path.write_bytes(compress(data))
                assert texts(path)
                assert not errors(path)
            path.write_bytes(compress(DISTINCTIVE["pdf"]))
            assert texts(path) == []
            assert "pdftotext" in errors(path)[name]


def test_compression_is_known_by_content(tmp_path: Path) -> None:
    """Text named .gz is text; a compressed text is decompressed whatever its name, also if it was compressed twice."""
    text = "The ferry of Hawes sails at noon.\n"
    (tmp_path / "a.txt.gz").write_text(text)
    (tmp_path / "b.zst").write_bytes(text.encode("utf-16"))
    (tmp_path / "c.txt").write_bytes(gzip.compress(text.encode()))
    (tmp_path / "d").write_bytes(zstandard.compress(text.encode()))
    (tmp_path / "e.txt.gz").write_bytes(gzip.compress(gzip.compress(text.encode())))
    (tmp_path / "f.txt.gz").write_bytes(bz2.compress(text.encode()))
    (tmp_path / "g.txt.gz").write_bytes(b"\0\x01\xfe" * 50)
    (tmp_path / "h.xz").write_bytes(_zip())
    assert texts(tmp_path) == [text] * 6 + [text.strip()]
    ((name, error),) = errors(tmp_path).items()
    assert name == "g.txt.gz"
    assert error.startswith("damaged gzip")


def test_plain_text_is_no_picture(tmp_path: Path) -> None:
    """Text under the name of something binary, or of a page with few tags, is read; a little rubbish is not."""
    for name in ("a.pdf", "b.jpg", "c.doc", "d.html", "e.zip"):
        (tmp_path / name).write_text("The ferry of Hawes sails at noon.")
        (tmp_path / f"x{name}").write_bytes(b"\xff\xd8 rubbish of five words \xe2")
    (tmp_path / "f.html").write_text("The ferry of <b>Hawes</b> sails at noon.")
    assert len(texts(tmp_path)) == 6
    assert {name[0] for name in errors(tmp_path)} == {"x"}


def test_an_input_may_come_from_another_process(tmp_path: Path) -> None:
    """Inputs that were pickled, as Prefect and Dask do, are read as before."""
    (tmp_path / "a.txt").write_bytes(b"<p>The ferry sails.</p>\n<p>At noon.</p>\n<p>And at two.</p>")
    (tmp_path / "b.zip").write_bytes(_zip())
    (tmp_path / "c.pdf").write_bytes(DISTINCTIVE["pdf"])
    found = find([str(tmp_path)])
    once, again = (
        [(shard.documents.rows(), shard.rejected.rows()) for shard in read(one, Inputs(), Fields())]
        for one in (found, pickle.loads(pickle.dumps(found)))
    )
    assert once == again


def test_what_is_not_read_says_so(tmp_path: Path) -> None:
    """The error says what the content is, why it is not read and, where there is one, names a tool."""
    read = {one.name for one in FORMATS}
    for kind, data in DISTINCTIVE.items():
        if kind not in read:
            (tmp_path / f"{kind}.txt").write_bytes(data)
    assert texts(tmp_path) == []
    assert all(error.startswith("by its content it is ") for error in errors(tmp_path).values())
    (tmp_path / "b.rtf").write_bytes(DISTINCTIVE["rtf"])
    assert errors(tmp_path / "b.rtf") == {
        "b.rtf": "a .rtf file is not plain text; extract the text first (pandoc)"
    }


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("subtitles", "WEBVTT - English\n\n00:01.000 --> 00:02.000\nNo."),
        ("subtitles", "0:00:01.000,0:00:02.000\nNo.\n\n0:00:03.000,0:00:04.000\nYes.\n"),
        ("subtitles", "[ti:Ferry]\n[00:12.00]No\n[00:15.30]Yes\n"),
        ("tex", "\\chapter{Hawes}\nIt has a \\emph{ferry}.\n\\section{Keld}\nA mill.\n\\label{k}\n"),
        ("log", "2031-03-04 10:30:00 [scrapy.core.engine] DEBUG: Crawled (200)\n{'a': 1}\n"),
        ("log", '192.0.2.1 - - [04/Mar/2031:10:30:00 +0000] "GET / HTTP/1.1" 200 12\n' * 3),
        ("log", "Mar  4 10:30:00 hawes sshd[12]: accepted\nMar  4 10:30:01 hawes cron[4]: done\n"),
        ("log", "INFO:root:started\nWARNING:app.ferry:late\n"),
        ("log", "2031-03-04T10:30:00.123Z   200   1234 https://hawes.example/ - - text/html\n"),
        (
            "log",
            "HTTrack3.49-2+htsswf launched on Tue, 04 Mar 2031 10:30:00 at https://hawes.example\n(httrack -q)\n",
        ),
        ("robots", "# Welcome\n" * 999 + "User-agent: *\nDisallow: /x\nClean-param: a /b\nX-new-rule: 1\n"),
        (
            "cookies",
            ".hawes.example\tTRUE\t/\tFALSE\t0\tid\tx\n#HttpOnly_keld.example\tFALSE\t/\tTRUE\t9\ts\ty\n",
        ),
        ("bibliography", "TY  - NEWS\nT1  - The ferry\nER  - \n"),
        ("gdelt", "1039391520\t20310304\t203103\t2031\t2031.1726\tGBR\n"),
        ("cdx", " CDX N b a m s k r M S V g\n"),
        ("sql", "COPY public.stories (id, text) FROM stdin;\n1\tIt sails.\n"),
        ("script", 'callback({"articles": [{"text": "It sails."}]});'),
        ("script", 'window.__STATE__ = {"text": "It sails."};'),
        ("python", "[{'title': 'Ferry',\n  'text': 'It sails.'}]"),
        ("csv", "1\tFerry\tIt sails.\n2\tMill\tIt grinds.\n3\tInn\tIt is open.\n"),
        ("urls", "https://hawes.example/ferry"),
    ],
)
def test_text_that_is_no_article(kind: str, text: str) -> None:
    """It is known by the form of its lines, which prose below it does not have."""
    assert sniff(text.encode()) == kind
    assert sniff(text.replace("\n", "\r\n").encode()) == kind
    prose = "The ferry of Hawes sails at noon, and the mill of Keld grinds again.\n"
    if kind in ("log", "urls", "robots", "cookies") and "HTTrack" not in text:
        assert sniff((text.rstrip() + "\n" + prose * 3 * (text.count("\n") + 1)).encode()) == ""


def test_prose_does_not_hide_what_begins_like_a_dump() -> None:
    """Sentences in subtitles, records and dumps do not make articles of them."""
    line = f"{SENTENCE}\n"
    for kind, text in {
        "subtitles": "WEBVTT\n\n" + f"00:01.000 --> 00:02.000\n{line}{line}\n" * 9,
        "sql": "PRAGMA foreign_keys=OFF;\nBEGIN TRANSACTION;\nINSERT INTO a VALUES('It sails.\n" + line * 9,
        "bibliography": f"TY  - NEWS\nAB  - {line}ER  - \n\n" * 3,
        "yaml": f"- title: Ferry\n  text: |\n    {line}    {line}" * 3,
        "python": f"{{'text': '{SENTENCE}'}}\n" * 3,
    }.items():
        assert sniff(text.encode()) == kind
    assert sniff(f"INSERT INTO a VALUES (1, 'It sails.\n{line}{line}');\n".encode()) == "sql"
    ass = "[Script Info]\nTitle: Ferry\n\n[Events]\n" + f"Dialogue: 0,0:00:01.00,0:00:02.00,A,,{line}" * 9
    assert sniff(ass.encode()) == "subtitles"


def test_markdown_may_begin_with_macros_or_examples(tmp_path: Path) -> None:
    """Macros for formulas, a picture in SVG and a listing of a page do not make TeX, an image or HTML of Markdown."""
    begins = {
        "tex": "\\newcommand{\\R}{R}\n\\newcommand{\\N}{N}\n\\newcommand{\\Z}{Z}\n\n",
        "image": "<svg width='1'><path d='x'/></svg>\n\n",
        "html": "```html\n<html>\n<head></head>\n</html>\n```\n\n",
    }
    for kind, begin in begins.items():
        assert sniff((begin + SENTENCE).encode()) == kind
        (tmp_path / f"{kind}.md").write_text(begin + SENTENCE)
    assert sorted(texts(tmp_path)) == sorted(begin + SENTENCE for begin in begins.values())


def test_names_count_where_content_does_not_decide(tmp_path: Path) -> None:
    """A .tex file with a command is TeX, a web page named .xls a spreadsheet, and text named .xls a table."""
    prose = "The ferry of Hawes sails at noon, and the mill of Keld grinds again."
    files = {
        "a.tex": f"{prose} It is \\emph{{late}}.",
        "b.tex": prose,
        "a.srt": prose,
        "a.xls": f"<table><tr><td>title</td><td>text</td></tr><tr><td>Ferry</td><td>{prose}</td></tr></table>",
        "b.xls": f"title\ttext\nFerry\t{prose}\n",
        "c.xls": f"titel\tinhalt\nFerry\t{prose}\n",
        "a.log": prose,
        "cookies.txt": prose,
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    assert sorted(texts(tmp_path)) == [prose] * 5
    found = errors(tmp_path)
    assert "pandoc, detex" in found["a.tex"]
    assert "soffice --convert-to csv" in found["a.xls"]
    assert "it has titel, inhalt" in found["c.xls"]
    assert len(found) == 3


def test_records_are_found_in_a_script_that_is_named_as_json(tmp_path: Path) -> None:
    """What is around them is rejected; under another name it is a script."""
    for name in ("a.json", "a.txt"):
        (tmp_path / name).write_text('callback({"articles": [{"title": "Ferry", "text": "It sails."}]});')
    assert texts(tmp_path) == ["It sails."]
    assert "save the JSON in it as .json" in errors(tmp_path)["a.txt"]


def test_tables_from_r_are_known_by_their_spaces() -> None:
    """Whatever their columns are; the rows decide."""
    assert sniff(b'"titel" "inhalt"\n"1" "a" "It sails at noon."\n') == "csv"
    assert sniff(b'"text"\n"1" "It \\"sails\\" at noon."\n"2" "It grinds."\n') == "csv"
    assert sniff(b'"id" "text"\n17 "It sails at noon."\n18 NA\n') == "csv"
    assert sniff(b'"It sails" "at noon"\nsaid the sign of the ferry\n') == ""


def test_sniffing_takes_linear_time() -> None:
    """Long runs of what patterns begin with are no distinctive content, and do not keep them busy."""
    for begin, again in (
        ("User-agent: x", "\n"), ("#", "\n#"), ("", "\n"), ("<", "<!--"), ("<!--", " "), ("<html", "\n<html>"),
        ("{", " "), ("[", "["), ('{"a', "\\"), ("From: a\n", "x: y\n"), ("a,", "\"'"), ("From ", " "), ("<p", " <p"),
        ("%PDF-1.4", " "), ("1", "\n1"), ("--", "\n"), ("\\a", "\n\\a"), ("%", "\n%"), ("-- ", "\n-- "),
        ("INFO", " INFO"),
        ("2031-03-04 10:30:00 ", "[ "), ('"a"', ' "a"'), ('"a"\n', '"b" '), ("https://", "\nhttps://"), ("@a{", "b,"),
        ("a.b,", "a,"), ("a,b", ",b)"), ("[00:", "\n[00:"), ("# ", "\n# "), ('{"log":{', " "), ("a b ", "c ["),
    ):  # fmt: skip
        sniff((begin + again * 20_000 + "z").encode())


names = st.sampled_from(
    [
        "a",
        "a.txt",
        "a.jsonl",
        "a.json",
        "a.csv",
        "a.md",
        "a.gz",
        "a.txt.zst",
        "a.parquet",
        "a.pdf",
        "a.html",
        "a.eml",
    ]
)
pieces = st.one_of(
    st.binary(max_size=200), st.sampled_from(list(DISTINCTIVE.values())), st.text().map(str.encode)
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=names, data=st.lists(pieces, max_size=3).map(b"".join))
@example(name="a.gz", data=b"\x1f\x8b")
@example(name="a", data=b"\x50\x2a\x4d\x18")
def test_any_bytes_under_any_name(tmp_path: Path, name: str, data: bytes) -> None:
    """Every file ends in documents or rejected rows, and never in an exception."""
    path = tmp_path / name
    path.write_bytes(data)
    (shard,) = shards(path)
    assert len(shard.inputs) == 1
    assert len(shard.documents) + len(shard.rejected) > 0 or shard.inputs["incomplete_tail"].item()


@given(
    kind=st.sampled_from([one for one in DISTINCTIVE if one not in ("parquet", "zip")]),
    cut=st.integers(0, 5),
    rest=st.binary(max_size=100),
)
def test_a_kind_needs_only_its_beginning(kind: str, cut: int, rest: bytes) -> None:
    """Binary kinds are known whatever follows; sniffing any bytes raises nothing."""
    data = DISTINCTIVE[kind]
    sniff(data[cut:] + rest)
    if kind in (
        "pdf",
        "rtf",
        "postscript",
        "office",
        "sqlite",
        "image",
        "program",
        "archive",
        "compressed",
        "pointer",
    ):
        assert sniff(data + rest) == kind
