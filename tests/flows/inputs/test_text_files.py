"""Text files: one document each, with a source, an id and front matter."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import xxhash

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
    """The same file always has the same id; different content or a different path gives a different id."""
    a, b = tmp_path / "a.txt", tmp_path / "b.txt"
    a.write_text("one")
    b.write_text("one")
    first = documents(a)[0]["document_id"]
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
