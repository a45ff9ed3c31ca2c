"""WARC, feeds and mail: many documents, or one, in a file."""

from __future__ import annotations

import gzip
import json
from email.message import EmailMessage
from pathlib import Path

import feedparser
import pytest

from flows.inputs import child_process
from flows.inputs.markup import warc as warc_files
from flows.inputs.markup import worker
from flows.inputs.markup.fragments import fragment_text

from .reading import documents, errors, shards, texts
from .test_html_files import HEAD, PARAGRAPHS, page_of

PAGE = page_of(*PARAGRAPHS, head=HEAD)
URL = "https://www.ellerby.example/x"


def record(
    kind: str, body: bytes, media: str = "application/http; msgtype=response", url: str = URL
) -> bytes:
    """A WARC record."""
    head = (
        f"WARC/1.0\r\nWARC-Type: {kind}\r\nWARC-Record-ID: <urn:uuid:{len(body)}>\r\nWARC-Target-URI: {url}\r\n"
        f"WARC-Date: 2019-06-01T00:00:00Z\r\nContent-Type: {media}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body + b"\r\n\r\n"


def http(body: bytes, status: str = "200 OK", media: str = "text/html", more: str = "") -> bytes:
    """An answer of a web server."""
    head = f"HTTP/1.1 {status}\r\nContent-Type: {media}\r\n{more}Content-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


WARC = b"".join(
    (
        record("warcinfo", b"software: x\r\n", "application/warc-fields"),
        record("request", b"GET / HTTP/1.1\r\n\r\n", "application/http; msgtype=request"),
        record("response", http(PAGE)),
        record("response", http(b"gone", "404 Not Found")),
        record("response", http(b"\x89PNG", media="image/png")),
        record("response", http(b"User-agent: *", media="text/plain"), url="https://a.org/robots.txt"),
        record("response", http(gzip.compress(PAGE), more="Content-Encoding: gzip\r\n")),
        record("response", http(b"%x\r\n%b\r\n0\r\n\r\n" % (len(PAGE), PAGE), more="Transfer-Encoding: chunked\r\n")),
        record("conversion", "The bridge at Torrin, café and all.".encode(), "text/plain"),
    )
)  # fmt: skip


@pytest.mark.parametrize("name", ["a.warc", "a.warc.gz", "a.txt", "a"])
def test_pages_and_texts_of_a_warc_file(tmp_path: Path, name: str) -> None:
    """Answers with status 200 and conversions are documents; their numbers are those of the records."""
    (tmp_path / name).write_bytes(gzip.compress(WARC) if name.endswith(".gz") else WARC)
    found = documents(tmp_path)
    assert [row["uri"].rpartition("#")[2] for row in found] == ["3", "7", "8", "9"]
    assert all(PARAGRAPHS[2] in row["text"] for row in found[:3])
    assert {row["url"] for row in found} == {URL}
    assert {row["source"] for row in found} == {"ellerby.example"}
    assert [row["published"].date().isoformat() for row in found] == ["2019-05-14"] * 3 + ["2019-06-01"]
    assert found[3]["text"] == "The bridge at Torrin, café and all."
    (shard,) = shards(tmp_path)
    assert shard.skipped == {
        "WARC warcinfo record": 1,
        "WARC request record": 1,
        "WARC error": 1,
        "WARC non-text record": 2,
    }


def test_damaged_warc_files(tmp_path: Path) -> None:
    """What comes before the damage is read; a file without pages says what it holds instead."""
    (tmp_path / "a.warc").write_bytes(WARC[: -len(PAGE)])
    (tmp_path / "b.warc").write_bytes(record("response", http(b"gone", "404 Not Found")) * 3)
    (tmp_path / "c.warc").write_bytes(record("response", http(b"<html><body></body></html>")))
    (tmp_path / "d.warc").write_bytes(
        record("response", http(gzip.compress(b"<p>" + b"x" * 30_000_000), more="Content-Encoding: gzip\r\n"))
    )
    assert len(texts(tmp_path)) == 2
    found = errors(tmp_path)
    assert found["a.warc"].startswith("damaged WARC")
    assert found["b.warc"] == "no text: none of the 3 records is a page or a text (3 of status 404)"
    assert found["c.warc#1"] == f"{URL}: no text was found in the page"
    assert "max_ratio" in found["d.warc"]


def test_the_native_code_of_warc_panics(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It costs the file, not the run."""
    panic = type("PanicException", (BaseException,), {})

    def crash(*_: object) -> None:
        raise panic("at the disco")

    monkeypatch.setattr(warc_files, "_row", crash)
    (tmp_path / "a.warc").write_bytes(WARC)
    (tmp_path / "b.txt").write_text("word")
    assert texts(tmp_path) == ["word"]
    assert errors(tmp_path) == {"a.warc": "damaged WARC (at the disco) after record 1"}


RSS = """<?xml version="1.0" encoding="utf-8"?><rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/">
<channel><title>Ellerby Post</title><link>https://ellerby.example/</link>
<item><title>Ferry &amp;amp; bridge</title><link>https://ellerby.example/1</link><guid>g1</guid>
<pubDate>Tue, 14 May 2019 10:30:00 GMT</pubDate><description>Short.</description>
<content:encoded><![CDATA[<p>The ferry is <b>back</b>.</p>
<p>Tickets &amp; times: noon.</p><script>x()</script>]]></content:encoded></item>
<item><title>Market</title><link>https://ellerby.example/2</link>
<description>&lt;p&gt;Only a summary.&lt;/p&gt;</description></item>
<item><title>Nothing</title></item></channel></rss>"""

ATOM = """<feed xmlns="http://www.w3.org/2005/Atom"><title>Post</title><entry><title>Ferry</title><id>urn:1</id>
<link href="https://ellerby.example/1"/><updated>2019-05-14T10:30:00Z</updated>
<content type="html">&lt;p&gt;The ferry is back.&lt;/p&gt;</content></entry></feed>"""


def test_what_feedparser_cannot_read_of_an_item_is_no_text(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a damaged feed leaves None for a text, the item has none, and the run goes on."""
    item = feedparser.FeedParserDict(content=[{"value": None}], summary=None, title="Nothing")
    parsed = feedparser.FeedParserDict(entries=[item], bozo=True, feed=feedparser.FeedParserDict())
    monkeypatch.setattr(feedparser, "parse", lambda _: parsed)
    (found,) = worker.feed(b"")
    assert isinstance(found, dict)
    assert found["html"] == ""


def test_a_bug_in_a_reader_costs_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file is rejected with the error, to be tried again by the next run; all others are read."""
    (tmp_path / "a.rss").write_text(RSS)
    (tmp_path / "b.txt").write_text("The ferry sails again from Monday, the harbour board said on Friday.")

    def broken(_: str) -> str:
        raise AttributeError("no such thing")

    monkeypatch.setattr("flows.inputs.markup.feeds.fragment_text", broken)
    assert errors(tmp_path) == {
        "a.rss": "cannot be read: it meets a bug in copydesk, AttributeError: no such thing"
    }
    assert list(texts(tmp_path))


@pytest.mark.parametrize("name", ["a.rss", "a.xml", "a.txt"])
def test_items_of_a_feed_are_documents(tmp_path: Path, name: str) -> None:
    """The content, or else the summary, is their text; an item with neither is rejected."""
    (tmp_path / name).write_text(RSS)
    assert texts(tmp_path) == ["The ferry is back.\nTickets & times: noon.", "Only a summary."]
    assert list(errors(tmp_path)) == [f"{name}#3"]
    (tmp_path / name).write_text(RSS.replace("<item><title>Nothing</title></item>", ""))
    first, second = documents(tmp_path)
    assert (first["title"], first["record_id"], first["source"]) == (
        "Ferry & bridge",
        "g1",
        "ellerby.example",
    )
    assert (first["url"], second["url"]) == ("https://ellerby.example/1", "https://ellerby.example/2")
    assert first["published"].isoformat() == "2019-05-14T10:30:00+00:00"
    assert json.loads(first["metadata"]) == {"feed": "Ellerby Post"}


def test_atom(tmp_path: Path) -> None:
    """Atom is read in the same way."""
    (tmp_path / "a.atom").write_text(ATOM)
    (found,) = documents(tmp_path)
    assert (found["text"], found["record_id"], found["title"]) == ("The ferry is back.", "urn:1", "Ferry")


def test_feeds_without_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error says what to install."""
    monkeypatch.setattr(child_process.Child, "ask", lambda *_: None)
    monkeypatch.setattr(child_process.Child, "answer", lambda *_: "missing feedparser")
    (tmp_path / "a.rss").write_text(RSS)
    assert errors(tmp_path) == {"a.rss": 'it is read with: pip install "copydesk[feeds]"'}


def mail_of(text: str, subtype: str = "plain", **options: str) -> EmailMessage:
    """A mail with a subject beyond ASCII."""
    mail = EmailMessage()
    mail["From"] = "Pell Post <news@Pell.example>"
    mail["Subject"] = "Brücke bleibt"
    mail["Date"] = "Tue, 14 May 2019 10:30:00 +0000"
    mail["Message-ID"] = "<1@pell.example>"
    mail.set_content(text, subtype=subtype, **options)
    return mail


@pytest.mark.parametrize("charset", ["utf-8", "iso-8859-1", "windows-1252"])
@pytest.mark.parametrize("transfer", ["quoted-printable", "base64", "8bit"])
def test_mail(tmp_path: Path, charset: str, transfer: str) -> None:
    """The plain text is decoded, and headers have their columns; attachments are named."""
    mail = mail_of("Die Händler kamen über die Brücke.\n", charset=charset, cte=transfer)
    mail.add_alternative("<p>Nicht dies.</p>", subtype="html")
    mail.add_attachment(b"\x89PNG", maintype="image", subtype="png", filename="karte.png")
    (tmp_path / "a.eml").write_bytes(mail.as_bytes())
    (found,) = documents(tmp_path)
    assert found["text"].strip() == "Die Händler kamen über die Brücke."
    assert (found["title"], found["source"]) == ("Brücke bleibt", "pell.example")
    assert (found["record_id"], found["uri"]) == ("1@pell.example", str(tmp_path / "a.eml"))
    assert found["published"].isoformat() == "2019-05-14T10:30:00+00:00"
    assert json.loads(found["metadata"])["attachments"] == ["karte.png"]


def test_mail_that_is_a_web_page(tmp_path: Path) -> None:
    """The article of the page is its text."""
    (tmp_path / "a.eml").write_bytes(mail_of(PAGE.decode(), "html").as_bytes())
    (found,) = documents(tmp_path)
    assert PARAGRAPHS[2] in found["text"]
    assert "<" not in found["text"]


def test_a_page_that_a_browser_saved_as_mail(tmp_path: Path) -> None:
    """Its url is that of the page, and so is its source: "Saved by Blink" is nobody's domain."""
    mail = mail_of(PAGE.decode(), "html")
    del mail["From"]
    mail["From"] = "<Saved by Blink>"
    (tmp_path / "a.mhtml").write_bytes(mail.as_bytes())
    assert documents(tmp_path)[0]["source"] is None
    mail["Snapshot-Content-Location"] = "https://pell.example/ferry"
    (tmp_path / "a.mhtml").write_bytes(mail.as_bytes())
    (found,) = documents(tmp_path)
    assert (found["url"], found["source"]) == ("https://pell.example/ferry", "pell.example")


def test_flowed_mail(tmp_path: Path) -> None:
    """Line breaks that are none are taken out (RFC 3676)."""
    mail = mail_of("The ferry is \nback.\n\nThe bridge \nstays.\n")
    mail.set_param("format", "flowed")
    (tmp_path / "a.eml").write_bytes(mail.as_bytes())
    assert texts(tmp_path) == ["The ferry is back.\n\nThe bridge stays.\n"]


def test_an_mbox_has_many_mails(tmp_path: Path) -> None:
    """They are numbered, and a quoted "From " is unquoted; one without text is rejected."""
    one = mail_of("The ferry is back.\n\n>From the bank one sees it.\n").as_bytes()
    empty = mail_of("").as_bytes()
    (tmp_path / "a.mbox").write_bytes(
        b"".join(b"From a@b Tue May 14\n%b\n\n" % mail for mail in (one, empty, one))
    )
    assert [text.split("\n")[2] for text in texts(tmp_path)] == ["From the bank one sees it."] * 2
    assert list(errors(tmp_path)) == ["a.mbox#2"]


def test_hostile_mail(tmp_path: Path) -> None:
    """Parts nested without end, and headers without end, cost at most the mail."""
    deep = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(5000))
    (tmp_path / "a.eml").write_bytes(b"From: a@b.org\nSubject: x\nDate: x\nMIME-Version: 1.0\n" + deep)
    (tmp_path / "b.eml").write_bytes(
        b"From: " + b"(" * 50_000 + b"\nSubject: x\nMessage-ID: <x>\n\nThe ferry.\n"
    )
    (tmp_path / "c.txt").write_text("word")
    assert texts(tmp_path)[-1] == "word"


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("<p>Rain &amp; wind.<br/>No ferry.</p>\n<p>The <b>bridge</b> stays.</p>",
         "Rain & wind.\nNo ferry.\nThe bridge stays."),
        ("a < b and c > d, see <x@y.org> or <https://a.org>", "a < b and c > d, see <x@y.org> or <https://a.org>"),
        ("<ul><li>one<li>two</ul><!-- three --><script>four()</script>five", "one\ntwo\nfive"),
        ("<table><tr><td>1</td><td>2</td></tr><tr><td>3</td></tr></table>", "1 2\n3"),
        ('<a href="https://a.org/?a=1&amp;b=2" title="a > b">link</a> &#8364;', "link €"),
        ("one\n<b>two</b>", "one\ntwo"),
        ("<script>never closed", "never closed"),
    ],
)  # fmt: skip
def test_fragments(markup: str, text: str) -> None:
    """Tags that are known become line breaks or nothing; what only looks like one stays."""
    assert fragment_text(markup) == text


@pytest.mark.parametrize("bomb", ["<!--", "<script>", "<p ", "<p a='", "&", "<a b=", "</"])
def test_hostile_fragments(bomb: str) -> None:
    """What is never closed is searched for once, not from everywhere."""
    assert fragment_text(bomb * 50_000) is not None
