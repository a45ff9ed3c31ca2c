"""Text files: one document each, with a source, an id and front matter."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
import xxhash
from hypothesis import given
from hypothesis import strategies as st

from flows.inputs.records.titles import title_of_markdown, title_of_text

from .reading import COMPRESS, documents, errors, texts


def test_a_text_file_is_a_document(tmp_path: Path) -> None:
    """Its source is the name of its folder, its uri is its path, and unknown fields are null."""
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
    """A file with an unknown ending is read as text, compressed or not."""
    (tmp_path / (name + ending)).write_bytes(COMPRESS[ending](b"word"))
    assert texts(tmp_path) == ["word"]


@pytest.mark.parametrize("charset", ["utf-8-sig", "utf-16", "utf-32", "windows-1252"])
def test_text_of_any_charset(tmp_path: Path, charset: str) -> None:
    """Bytes are decoded, the byte order mark is dropped, and the charset is recorded."""
    text = "Ein schöner Tag für die Bürger: die Brücke über den Fluss wird früher geöffnet.\n" * 3
    (tmp_path / "a.txt").write_bytes(text.encode(charset))
    (found,) = documents(tmp_path)
    assert found["text"] == text
    assert found["encoding"] == charset.removesuffix("-sig")


def test_the_charset_of_a_source_is_preferred(tmp_path: Path) -> None:
    """If the bytes are ambiguous, the charset that the source used before decides."""
    path = tmp_path / "gazeta" / "a.txt"
    path.parent.mkdir()
    path.write_bytes("żółw".encode("iso-8859-2"))
    (found,) = documents(path, charsets={"gazeta": "iso-8859-2"})
    assert (found["text"], found["encoding"]) == ("żółw", "iso-8859-2")


def test_the_id_depends_on_uri_and_content(tmp_path: Path) -> None:
    """The same file always has the same id; different content or a different path gives a different id.

    It is the documented hash, which others can compute.
    """
    a, b = tmp_path / "a.txt", tmp_path / "b.txt"
    a.write_text("one")
    b.write_text("one")
    first = documents(a)[0]["document_id"]
    hashed = f"{a}\0{xxhash.xxh3_128_hexdigest(b'one')}".encode()
    assert first == hashlib.blake2b(hashed, digest_size=16).hexdigest()
    assert documents(a)[0]["document_id"] == first
    assert documents(b)[0]["document_id"] != first
    a.write_text("two")
    assert documents(a)[0]["document_id"] != first


def test_front_matter_has_fields(tmp_path: Path) -> None:
    """The YAML keys of a Markdown file are fields like those of a record; the rest is the text."""
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


def test_front_matter_in_json(tmp_path: Path) -> None:
    """An object that ends with its line is front matter; with prose after it, it is an example."""
    (tmp_path / "a.md").write_text('{\n  "title": "Dry",\n  "date": "2019-05-14"\n}\n\nNo rain fell.')
    (tmp_path / "b.md").write_text('{"title": "Dry"} is how a record begins.')
    one, two = documents(tmp_path)
    assert (one["title"], one["text"], str(one["published"])[:10]) == ("Dry", "\nNo rain fell.", "2019-05-14")
    assert (two["title"], two["text"]) == (None, '{"title": "Dry"} is how a record begins.')


@pytest.mark.parametrize("name", ["a.md", "a.txt"])
def test_front_matter_in_lines(tmp_path: Path, name: str) -> None:
    """A title and another field in lines above a blank one are front matter; other lines are text."""
    path = tmp_path / name
    path.write_text(
        "Title: Dry: no rain\r\nURL: http://a.org/b\r\nMood: bad\r\n\r\nNo rain fell.", newline=""
    )
    (found,) = documents(path)
    assert (found["title"], found["url"], found["text"]) == (
        "Dry: no rain",
        "http://a.org/b",
        "No rain fell.",
    )
    assert json.loads(found["metadata"]) == {"Mood": "bad"}
    for text in (
        "Title: Dry\n\nNo rain fell.",
        "Title: Dry\nDate: today\nNo rain fell.\n\nNone.",
        "Place: Hawes\nDate: 2019-05-14\n\nNo rain fell.",
        "Title: Dry\nTitle: Wet\nDate: 2019-05-14\n\nNo rain fell.",
        "Title: Dry\nDate: 2019-05-14\n\nNo rain fell.\n\nTitle: Wet\nDate: 2019-05-15\n\nIt poured.",
        f"Title: Dry\nDate: 2019-05-14\nCorrection: {'No rain fell in the valley. ' * 9}\n\nNone.",
    ):
        path.write_text(text)
        assert documents(path)[0]["text"] == text


@pytest.mark.parametrize(
    "above",
    [
        "Title: Dry\nDate: 2019-05-14\nText: {}\n\n",
        "---\ntitle: Dry\ndate: 2019-05-14\ntext: {}\n---\n",
        '{{"title": "Dry", "date": "2019-05-14", "text": "{}"}}\n',
    ],
)
def test_a_text_in_front_matter_is_the_first_of_the_text(tmp_path: Path, above: str) -> None:
    """A paragraph that front matter names as text stands above the others, and is not lost to metadata."""
    first = "No rain fell in the valley for the third month."
    (tmp_path / "a.txt").write_text(above.format(first) + "Then it poured.")
    (found,) = documents(tmp_path)
    assert found["text"].split("\n\n") == [first, "Then it poured."]
    assert (found["title"], found["metadata"]) == ("Dry", None)


def test_an_example_of_json_is_no_front_matter(tmp_path: Path) -> None:
    """An object above a text is front matter if it has a field of a document, in Markdown, too."""
    text = '{"error": "not found"}\n\nThat is what readers saw.'
    (tmp_path / "a.md").write_text(text)
    assert documents(tmp_path)[0]["text"] == text


def test_front_matter_of_text_files_and_in_toml(tmp_path: Path) -> None:
    """TOML between lines of plus signs is front matter, and so is that of a text file, if it has a known field."""
    block = (
        '+++\r\ntitle = "A dry summer"\ndate = 2016-09-20T10:00:00Z\n[rain]\nmm = 0\n+++\r\nNo rain fell.\n'
    )
    for name in ("a.md", "a.txt"):
        (tmp_path / name).write_text(block)
        (found,) = documents(tmp_path / name)
        assert (found["title"], found["text"]) == ("A dry summer", "No rain fell.\n")
        assert found["published"].hour == 10
        assert json.loads(found["metadata"]) == {"rain": {"mm": 0}}
    (tmp_path / "b.txt").write_text("---\nheadline: Dry\n---\nNo rain fell.")
    assert [documents(tmp_path / "b.txt")[0][key] for key in ("title", "text")] == ["Dry", "No rain fell."]
    for text in (
        "---\nrain: none\n---\nNo rain fell.",
        "+++\ntitle = \n+++\nNo.",
        "+++\na = " + "[" * 9000 + "\n+++\nNo.",
    ):
        (tmp_path / "b.txt").write_text(text)
        assert documents(tmp_path / "b.txt")[0]["text"] == text


def test_surrogates_in_front_matter(tmp_path: Path) -> None:
    """A pair becomes its character, and half a pair U+FFFD."""
    (tmp_path / "a.md").write_text('---\ntitle: "\\ud83d\\ude00 cut \\uD83d"\n---\nNo rain fell.')
    (found,) = documents(tmp_path)
    assert (found["title"], found["text"]) == ("😀 cut \ufffd", "No rain fell.")


def test_front_matter_without_source_leaves_the_folder(tmp_path: Path) -> None:
    """Without source and URL, the source is the folder."""
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
def test_invalid_front_matter_stays_text(tmp_path: Path, text: str) -> None:
    """Broken YAML, prose between rules, and aliases that could expand without bound leave the text whole."""
    (tmp_path / "a.md").write_text(text)
    (found,) = documents(tmp_path)
    assert (found["text"], found["metadata"]) == (text, None)


def test_front_matter_alone_is_not_text(tmp_path: Path) -> None:
    """A Markdown file that has only front matter is rejected."""
    (tmp_path / "a.md").write_text("---\ntitle: A dry summer\n---\n\n")
    assert errors(tmp_path) == {"a.md": "no text: nothing follows the front matter"}


PROSE = (
    "It leaves at noon with forty people on board, and the sea was calm for the first time since the war. "
    * 2
)


@pytest.mark.parametrize(
    ("head", "title"),
    [
        ("Night ferry to Stell sails again", "Night ferry to Stell sails again"),
        ("\ufeff\n\n  Night ferry to Stell sails again \t", "Night ferry to Stell sails again"),
        ("Does the night ferry sail again?", "Does the night ferry sail again?"),
        ("Rowse: 'The ferry sails'", "Rowse: 'The ferry sails'"),
        ("Паром до Ельников снова ходит зимой", "Паром до Ельников снова ходит зимой"),
        ("青禾镇老渡口停航二十年后重新开渡", "青禾镇老渡口停航二十年后重新开渡"),
        ("Night ferry to Stell sails again.", None),
        ("Night ferry to Stell:", None),
        ("Night ferry", None),
        ("By Nora Quill and Sam Reed", None),
        ("Tuesday 14 May 2019, updated", None),
        ("From: nora@example.org to all", None),
        ("Home | News | Sport | Weather today", None),
        ("Skip to the main content", None),
        ("- the first item of a list", None),
        ("1. The first item of a list", None),
        ("The ferry sails. It leaves at noon", None),
        ("“We sail at noon,” said the captain of the boat”", None),
        ("Read more at https://www.example.org today", None),
        (
            "Will the ferry that the council sold to a man from Stell in winter sail again in the spring?",
            None,
        ),
        ("The ferry " * 10, None),
        ("Night ferry to Stell\nsails again", None),
    ],
)
def test_a_first_line_that_stands_alone_is_the_title(tmp_path: Path, head: str, title: str | None) -> None:
    """If it looks like a headline above prose. The text stays as it is."""
    for end in ("\n", "\r\n", "\r"):
        path = tmp_path / "a.txt"
        path.write_bytes(f"{head}\n\n{PROSE}\n".replace("\n", end).encode())
        (found,) = documents(path)
        assert found["title"] == title
        assert found["text"].replace(end, "\n") == f"{head}\n\n{PROSE}\n".removeprefix("\ufeff")


@pytest.mark.parametrize(
    "text",
    [
        "Night ferry to Stell sails again",
        "Night ferry to Stell sails again\n\n",
        "Night ferry to Stell sails again\n" + PROSE,
        "Night ferry to Stell sails again\n\nHome\n\nNews\n\nSport",
        "Night ferry to Stell sails again\n\n" + "A line of a menu\n\n" * 5 + PROSE,
        "Night ferry to Stell sails again\n\n" + PROSE.rstrip(". ") + " and so on",
        PROSE + "\n\n" + PROSE,
    ],
)
def test_a_line_that_is_not_above_prose_is_no_title(tmp_path: Path, text: str) -> None:
    """A file of one line, a list, a poem or the menu of a page has none."""
    (tmp_path / "a.txt").write_text(text)
    assert documents(tmp_path)[0]["title"] is None


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("# Night ferry\n\nIt leaves at noon.", "Night ferry"),
        ("\n## Night ferry ##\nIt leaves at noon.", "Night ferry"),
        ("Night ferry\n===\n\nIt leaves at noon.", "Night ferry"),
        (
            "# The **night** [ferry](http://a.org/b) `sails` _again_\n\nAt noon.",
            "The night ferry sails again",
        ),
        ("---\nauthor: N. Q.\n---\n# Night ferry\n\nIt leaves at noon.", "Night ferry"),
        ("---\ntitle: Ferry\n---\n# Night ferry\n\nIt leaves at noon.", "Ferry"),
        (f"Night ferry to Stell sails again\n\n{PROSE}", "Night ferry to Stell sails again"),
        ("# Night ferry", None),
        ("# " + "*" * 5000 + "a\n\nIt leaves at noon.", None),
        ("It leaves at noon.\n\n# Night ferry\n\nAnd so on.", None),
        ("#ferry sails\n\nIt leaves at noon.", None),
        ("### Section\n\nIt leaves at noon.", None),
    ],
)
def test_the_heading_of_markdown_is_the_title(tmp_path: Path, text: str, title: str | None) -> None:
    """Without its markup; front matter is better. The heading stays in the text."""
    (tmp_path / "a.md").write_text(text)
    (found,) = documents(tmp_path)
    assert found["title"] == title
    assert text.endswith(found["text"])


@given(st.text(st.sampled_from("ab #*_`[]()=-.\n\u3000")) | st.text())
def test_any_text_has_a_title_or_none(text: str) -> None:
    """A title is one line that is not blank, and has no more characters than a title may."""
    for title in (title_of_text(text), title_of_markdown(text)):
        assert title is None or (title.strip() == title != "" and "\n" not in title and len(title) <= 200)
