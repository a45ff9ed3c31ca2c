"""Web pages: the article in them, whatever else they hold."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import pytest

from flows.inputs import child_process
from flows.inputs.bounds import Unreadable
from flows.inputs.markup import extraction as markup
from flows.inputs.markup import worker as markup_worker

from .reading import documents, errors, texts

PARAGRAPHS = (
    "The ferry at Ellerby will carry passengers again from Monday, the council said, after nine years without one.",
    "An old boatman called Keld Orrell said that he would believe it when he had a rope in his hand.",
    "Die Fähre fährt täglich um sechs, sagte der Fährmann, und die Brücke bleibt für Fußgänger geöffnet.",
)


def page_of(*paragraphs: str, head: str = "", charset: str = "utf-8") -> bytes:
    """A page with a menu, an article and a footer."""
    body = "".join(f"<p>{one}</p>\n" for one in paragraphs)
    return (
        f'<!DOCTYPE html><html><head><meta charset="{charset}"><title>Ferry returns to Ellerby</title>{head}'
        f'<script>var a = "</p>";</script></head><body><nav><a href="/">Home</a> <a href="/n">News</a></nav>'
        f"<article><h1>Ferry returns to Ellerby</h1>{body}</article><footer>Privacy</footer></body></html>"
    ).encode(charset)


HEAD = (
    '<link rel="canonical" href="https://www.ellerby.example/news/ferry">'
    '<meta property="article:published_time" content="2019-05-14T10:30:00Z">'
)


@pytest.mark.parametrize("name", ["a.html", "a.htm", "a.xhtml", "page", "a.txt"])
def test_the_article_of_a_page_is_a_document(tmp_path: Path, name: str) -> None:
    """Its text is without menu, script and footer; title, date, URL and host have their columns."""
    (tmp_path / name).write_bytes(page_of(*PARAGRAPHS, head=HEAD))
    (found,) = documents(tmp_path)
    assert [line for line in found["text"].split("\n") if line in PARAGRAPHS] == list(PARAGRAPHS)
    assert not any(word in found["text"] for word in ("Home", "Privacy", "var a", "<"))
    assert found["uri"] == str(tmp_path / name)
    assert found["url"] == "https://www.ellerby.example/news/ferry"
    assert (found["title"], found["source"]) == ("Ferry returns to Ellerby", "ellerby.example")
    assert found["published"].date().isoformat() == "2019-05-14"


def test_the_source_of_a_page_without_a_url(tmp_path: Path) -> None:
    """It is the name of the folder, as for text files."""
    (tmp_path / "courier").mkdir()
    (tmp_path / "courier/a.html").write_bytes(page_of(*PARAGRAPHS))
    assert documents(tmp_path)[0]["source"] == "courier"


@pytest.mark.parametrize("charset", ["utf-8", "iso-8859-1", "windows-1252", "utf-16"])
def test_pages_in_any_charset(tmp_path: Path, charset: str) -> None:
    """Valid Unicode is read as such, whatever the page says of itself; anything else as it says."""
    (tmp_path / "a.html").write_bytes(page_of(*PARAGRAPHS, charset=charset))
    assert PARAGRAPHS[2] in documents(tmp_path)[0]["text"]
    wrong = page_of(*PARAGRAPHS).replace(b'charset="utf-8"', b'charset="iso-8859-1"')
    (tmp_path / "a.html").write_bytes(wrong)
    assert PARAGRAPHS[2] in documents(tmp_path)[0]["text"]
    cyrillic = "Жителі села зібралися біля старої школи, щоб вирішити долю мосту."
    assert markup.decoded(f'<meta charset="koi8-u">{cyrillic}'.encode("koi8-u")).text.endswith(cyrillic)


def test_a_page_without_an_article(tmp_path: Path) -> None:
    """It is rejected."""
    (tmp_path / "a.html").write_bytes(
        b"<!doctype html><html><head><title>x</title></head><body></body></html>"
    )
    assert errors(tmp_path) == {"a.html": "no text was found in the page"}


def test_the_setting_decides_what_is_preferred(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`[inputs] html` is passed on to the extraction."""
    asked: list[str] = []

    def ask(_name: str, _html: str, _url: str | None, mode: str, **_size: int) -> list[dict[str, str]]:
        asked.append(mode)
        return [{"text": "No rain."}]

    monkeypatch.setattr(markup, "ask", ask)
    (tmp_path / "a.html").write_bytes(page_of(*PARAGRAPHS))
    for mode in ("balanced", "precision", "recall"):
        assert texts(tmp_path, html=mode) == ["No rain."]
    assert asked == ["balanced", "precision", "recall"]


def test_without_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error says what to install."""
    monkeypatch.setattr(child_process.Child, "ask", lambda *_: None)
    monkeypatch.setattr(child_process.Child, "answer", lambda *_: "missing trafilatura")
    (tmp_path / "a.html").write_bytes(page_of(*PARAGRAPHS))
    assert errors(tmp_path) == {"a.html": 'it is read with: pip install "copydesk[html]"'}


def test_a_page_that_crashes_or_stalls_the_extractor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is rejected, and the next one is read by another process."""
    for name in "abc":
        (tmp_path / f"{name}.html").write_bytes(page_of(*PARAGRAPHS, name))
    real = child_process.Child.ask

    def crash(worker: Any, request: Any) -> None:
        if "<p>b</p>" in request[2][0]:
            os.kill(worker._process.pid, signal.SIGSEGV)
            worker._process.wait()
        real(worker, request)

    monkeypatch.setattr(child_process.Child, "ask", crash)
    assert len(texts(tmp_path)) == 2
    assert "SIGSEGV" in errors(tmp_path)["b.html"]
    monkeypatch.setattr(child_process.Child, "ask", real)
    child = child_process._idle[markup.TASK.script][-1]
    child._task = markup.TASK._replace(seconds=0)
    os.kill(child._process.pid, signal.SIGSTOP)
    with pytest.raises(Unreadable, match="within 0 seconds"):
        markup.ask("page", page_of(*PARAGRAPHS).decode(), None, "balanced", size=1)


def test_hostile_pages(tmp_path: Path) -> None:
    """Depth, width and entities cost at most the page."""
    (tmp_path / "deep.html").write_text("<!doctype html><html><body>" + "<div>" * 50_000 + "x")
    (tmp_path / "wide.html").write_text("<!doctype html><html><body>" + "<b>x</b>" * 50_000)
    (tmp_path / "attributes.html").write_text("<!doctype html><html><body><p " + "a='b' " * 50_000 + ">x</p>")
    laughs = "".join(f'<!ENTITY l{n + 1} "{f"&l{n};" * 10}">' for n in range(9))
    (tmp_path / "bomb.xhtml").write_text(
        f'<?xml version="1.0"?><!DOCTYPE html [<!ENTITY l0 "ha">{laughs}]><html><body><p>&l9;</p></body></html>'
    )
    (tmp_path / "good.html").write_bytes(page_of(*PARAGRAPHS))
    found = [one for one in texts(tmp_path) if PARAGRAPHS[0] in one]
    assert len(found) == 1
    assert sum(map(len, texts(tmp_path))) < 1_000_000


def test_no_page_is_fetched(tmp_path: Path) -> None:
    """A text that is nothing but a URL is no page, and the process has no network."""
    answer = markup_worker._offline
    with pytest.raises(OSError, match="offline"):
        answer()
    with pytest.raises(Unreadable):
        markup.page("https://127.0.0.1:9/", "https://127.0.0.1:9/", "balanced")


def test_a_file_that_is_a_fragment_of_a_page(tmp_path: Path) -> None:
    """Where no article is found in it, it is the text between its tags."""
    (tmp_path / "a.txt").write_text("<p>The ferry &amp; the mill.</p>\n")
    (found,) = documents(tmp_path)
    assert found["text"] == "The ferry & the mill."
