"""Markup in the text of a record is extracted, or the record is rejected: it is never published raw."""

from __future__ import annotations

import csv
import html
import json
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.inputs import child_process
from flows.inputs.markup.fragments import fragment_paragraphs, fragment_text
from flows.inputs.markup.in_records import kind_of
from flows.run.clean_shard import clean_shard
from flows.settings import Settings, lexicon_of, phrases_of

from .reading import documents, errors, shards, write_lines
from .test_html_files import PARAGRAPHS, page_of

PAGE = page_of(*PARAGRAPHS).decode()
FRAGMENTS = {
    "<p>No rain fell.</p><p>The ferry &amp; the bridge stay.</p>": "No rain fell.\nThe ferry & the bridge stay.",
    "No rain fell.<br><br>The ferry stays.": "No rain fell.\nThe ferry stays.",
    'The <a href="https://a.org/x">council</a> said so.': "The council said so.",
    "<strong>Ellerby</strong> – No rain fell.": "Ellerby – No rain fell.",
    "<div class='x'>No rain fell.<script>track()</script></div>": "No rain fell.",
    "No rain fell on Tuesday.<p>The ferry stays at the landing.<p>The bridge is closed on Monday.": (
        "No rain fell on Tuesday.\nThe ferry stays at the landing.\nThe bridge is closed on Monday."
    ),
    "<p>He explained what a tag is.</p>": "He explained what a tag is.",
}
PLAIN = (
    "If a<b and c>d then a<d.",
    "Write to <news@pell.example> or see <https://pell.example/>.",
    "The <b> tag makes text bold, and </b> ends it; <p> and <br> are others.",
    'In HTML, <p>text</p> is a paragraph, and <a href="x">y</a> is a link.',
    "He said: <<No!>> and left. </3",
    "Use <br> here.",
    "1 < 2, 3 > 2, x <= y",
    "The list<String> and the map<K, V>.",
    "<Anna> hello\n<Bob> hi",
    "The element </> is empty.",
)


def plain(text: str) -> str:
    """A text as `clean_shard` makes it of the fragment of a web page: its tags go paragraph by paragraph."""
    return "\n".join(map(fragment_text, text.split("\n\n"))) if "<" in text else text


@given(
    st.lists(
        st.sampled_from(
            [
                "<p>",
                "</p>",
                "<br>",
                "<b>x</b>",
                "a",
                "&amp;",
                " ",
                "\n",
                "<td>",
                "<script>",
                "</script>",
                "<!--",
                "-->",
            ]
        )
    )
)
def test_no_character_of_a_fragment_is_lost(pieces: list[str]) -> None:
    """Its paragraphs are all of the markup but for white space, and their text is the text of it."""
    markup = "".join(pieces)
    found = fragment_paragraphs(markup)
    if found:
        assert "".join("".join(found).split()) == "".join(markup.split())
    assert "\n".join(map(fragment_text, found)) == fragment_text(markup)


def test_the_tags_of_a_fragment_are_in_the_table_of_repairs(tmp_path: Path) -> None:
    """What was taken out of a paragraph can be read there, as of any other repair."""
    write_lines(
        tmp_path / "a.jsonl", {"text": "<p>Rain &amp; wind on <b>Monday</b>.</p><p>No ferry sails.</p>"}
    )
    (shard,) = shards(tmp_path)
    settings = Settings()
    _, frame = clean_shard(shard.documents, settings, phrases_of(settings), lexicon_of(settings))
    assert frame.select("text", "before", "fixes").rows() == [
        ("Rain & wind on Monday.", "<p>Rain &amp; wind on <b>Monday</b>.", ["extract_markup"]),
        ("No ferry sails.", "</p><p>No ferry sails.</p>", ["extract_markup"]),
    ]


def test_fragments_become_text(tmp_path: Path) -> None:
    """Paragraphs and line breaks become lines; the metadata says that there was a fragment."""
    write_lines(tmp_path / "a.jsonl", *({"text": one, "n": 1} for one in FRAGMENTS))
    found = documents(tmp_path)
    assert [plain(row["text"]) for row in found] == list(FRAGMENTS.values())
    assert {row["metadata"] for row in found} == {'{"n":1,"markup":"fragment"}'}


def test_escaped_markup(tmp_path: Path) -> None:
    """What was escaped twice, or wrapped for XML, is markup, too; an example of it within a text stays."""
    escaped = {
        html.escape("<p>Rain &amp; wind.</p><p>No ferry.</p>"): "Rain & wind.\nNo ferry.",
        "<![CDATA[<p>Rain.</p>]]>": "Rain.",
        " <![CDATA[No tags\nhere & there.]]>\n": "No tags\nhere & there.",
        "Write &lt;p&gt;text&lt;/p&gt; there.": "Write &lt;p&gt;text&lt;/p&gt; there.",
        "&lt;3 &lt;news@pell.example&gt;": "&lt;3 &lt;news@pell.example&gt;",
    }
    write_lines(tmp_path / "a.jsonl", *({"text": one} for one in escaped))
    assert [plain(row["text"]) for row in documents(tmp_path)] == list(escaped.values())
    write_lines(tmp_path / "a.jsonl", {"text": "<![CDATA[ ]]>"})
    assert errors(tmp_path) == {"a.jsonl#1": "no text: there is only markup"}


@pytest.mark.parametrize("text", PLAIN)
def test_what_only_looks_like_markup_stays(text: str) -> None:
    """Comparisons, addresses, and texts about markup are untouched."""
    assert kind_of(text) is None
    assert kind_of(f"{text}\n{text}") is None


def test_whole_pages_in_any_format_of_records(tmp_path: Path) -> None:
    """The article is the text, and what the record lacks is taken from the page."""
    write_lines(
        tmp_path / "a.jsonl", {"text": PAGE}, {"text": PAGE, "title": "Own", "url": "https://b.org/1"}
    )
    (tmp_path / "b.json").write_text(json.dumps([{"text": PAGE}]))
    with (tmp_path / "c.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["text", "title"], [PAGE, "Own"]])
    pl.DataFrame({"text": [PAGE]}).write_parquet(tmp_path / "d.parquet")
    found = documents(tmp_path)
    assert len(found) == 5
    assert all(PARAGRAPHS[0] in row["text"] and "<" not in row["text"] for row in found)
    assert [row["title"] for row in found] == [
        "Ferry returns to Ellerby", "Own", "Ferry returns to Ellerby", "Own", "Ferry returns to Ellerby",
    ]  # fmt: skip
    assert {json.loads(row["metadata"])["markup"] for row in found} == {"page"}


def test_pages_that_cannot_be_extracted_are_rejected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without an article, without the extra, or without any text, a record is rejected, and says why."""
    write_lines(
        tmp_path / "a.jsonl",
        {"text": "<html><body></body></html>"},
        {"text": "<p><img src='x.png'></p>"},
        {"text": "x"},
    )
    assert errors(tmp_path) == {
        "a.jsonl#1": "the text is a web page; no text was found in the page",
        "a.jsonl#2": "no text: there is only markup",
    }
    monkeypatch.setattr(child_process.Child, "ask", lambda *_: None)
    monkeypatch.setattr(child_process.Child, "answer", lambda *_: "missing trafilatura")
    assert (
        errors(tmp_path)["a.jsonl#1"]
        == 'the text is a web page; it is read with: pip install "copydesk[html]"'
    )


@pytest.mark.parametrize("bomb", ["<p ", "<br", "</", "<a href=", "<b>", "<p>", "<!--", "<p a", "<body>"])
def test_hostile_texts(bomb: str) -> None:
    """Openings without end take time in proportion to their number."""
    for before in ("", "x "):
        kind_of(before + bomb * 50_000 + "</p>")
