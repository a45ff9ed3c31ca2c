"""Values of any type: a secondary field never costs an article, and nothing of it is lost."""

from __future__ import annotations

import csv
import datetime as dt
import json
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flows.inputs.records.documents import Document, to_document
from flows.inputs.records.field_names import FieldNames
from flows.inputs.records.values import Unusable, as_body, as_text, whole_characters
from flows.settings.model import Fields

from .reading import documents, errors, shards, write_lines

NAN = float("nan")


def document(**record: Any) -> Document:
    """The document in a record with a text."""
    return to_document(
        {"text": "No rain.", **record}, FieldNames(Fields()), uri="a#1", content=b"", encoding="utf-8"
    )


def metadata(found: Document) -> Any:
    """Its metadata, parsed."""
    return json.loads(found.metadata or "{}")


@pytest.mark.parametrize(
    ("title", "read", "left"),
    [
        ("A dry summer", "A dry summer", False),
        (None, None, False),
        ("", None, False),
        ("  ", None, False),
        (NAN, None, False),
        ("NaN", None, True),
        ("NULL", None, True),
        (r"\N", None, True),
        (1984, "1984", False),
        (19.5, "19.5", False),
        (Decimal("1.50"), "1.50", False),
        (float("inf"), None, True),
        (True, None, True),
        (b"caf\xc3\xa9", "café", False),
        ("Die Brücke für Fußgänger".encode("cp1252"), "Die Brücke für Fußgänger", False),
        (bytes(range(9)) * 40, None, True),
        (["A dry summer"], "A dry summer", False),
        ([None, "", "A dry summer"], "A dry summer", False),
        (["A dry summer", "No rain"], "A dry summer", True),
        ([], None, True),
        ([True], None, True),
        ({"rendered": "A dry summer"}, "A dry summer", False),
        ({"main": "A dry summer", "kicker": "Weather"}, "A dry summer", True),
        ({"main": None, "name": ["A dry summer"]}, "A dry summer", False),
        ({"#text": "A dry summer", "@type": "html"}, "A dry summer", True),
        ({"words": 3}, None, True),
        ({"en": "A dry summer"}, "A dry summer", False),
        ({"de-AT": "Ein dürrer Sommer", "en": "A dry summer"}, "Ein dürrer Sommer", True),
        ({}, None, True),
        ('{"rendered": "A dry summer"}', "A dry summer", True),
        ("{'rendered': 'A dry summer', 'protected': False}", "A dry summer", True),
        ("['A dry summer', 'No rain']", "A dry summer", True),
        ("[Video] A dry summer", "[Video] A dry summer", False),
        ("[Video]", "[Video]", False),
        ("['A dry' 'summer']", "['A dry' 'summer']", False),
        ("[" * 5000 + "]" * 5000, "[" * 5000 + "]" * 5000, False),
        ("cut \ud83d", "cut \ufffd", False),
        ("\ud83d\ude00", "😀", False),
        (dt.date(2016, 9, 20), None, True),
    ],
)
def test_what_a_title_of_any_type_says(title: object, read: str | None, left: bool) -> None:
    """Text, number, bytes, object or list give a title or none; what is not taken whole stays in the metadata."""
    found = document(title=title)
    assert found.title == read
    assert ("title" in metadata(found)) == left


def test_what_stays_in_the_metadata_is_the_original() -> None:
    """As it was, or as JSON can show it."""
    for title in (["a", "b"], {"main": "a", "kicker": {"b": [1]}}, True, "NULL"):
        assert metadata(document(title=title)) == {"title": title}
    assert metadata(document(title=b"\x00\xff" * 40))["title"].startswith("\0\\xff")


def test_objects_of_the_usual_exports() -> None:
    """A news service's source has a name, BSON has types, XML has text and attributes."""
    found = document(
        id={"$oid": "5c"},
        source={"id": "ellerby-post", "name": "Ellerby Post"},
        url={"href": "http://a.org/b", "rel": "self"},
        date={"$date": {"$numberLong": "1557829800000"}},
    )
    assert (found.record_id, found.source, found.url) == ("5c", "Ellerby Post", "http://a.org/b")
    assert found.published == 1557829800_000000
    assert metadata(found) == {
        "source": {"id": "ellerby-post", "name": "Ellerby Post"},
        "url": {"href": "http://a.org/b", "rel": "self"},
    }
    assert document(source={"id": "ellerby-post", "name": None}).source == "ellerby-post"
    assert document(source="{'id': None, 'name': 'Ellerby Post'}").source == "Ellerby Post"
    assert document(id={"$numberLong": "5"}).record_id == document(id=5).record_id == "5"
    assert (
        document(date={"year": 2019, "month": 5, "day": 14}).published
        == document(date="2019-05-14").published
    )
    assert document(date=["2019-05-14"]).published == document(date={"iso": "2019-05-14"}).published


def test_a_date_that_is_none_is_kept_and_the_next_is_read() -> None:
    """A flag under the name of the date does not hide the date."""
    found = document(published=True, date="2019-05-14")
    assert found.published == document(date="2019-05-14").published
    assert metadata(found) == {"published": True}


@pytest.mark.parametrize(
    ("value", "text", "left"),
    [
        (b"caf\xc3\xa9", "café", None),
        ("Die Brücke für Fußgänger".encode("cp1252"), "Die Brücke für Fußgänger", None),
        (["One.", None, "Two."], "One.\n\nTwo.", None),
        ([["One."], "Two."], "One.\n\nTwo.", None),
        ({"text": "One."}, "One.", None),
        ({"text": "One.", "lang": "en", "note": None}, "One.", {"lang": "en"}),
        ({"rendered": "One.", "protected": False}, "One.", {"protected": False}),
        ({"content": [{"text": "One."}, {"text": "Two."}]}, "One.\n\nTwo.", None),
        ([{"content": "One.", "type": "p"}, {"content": 132}], "One.", [{"type": "p"}, {"content": 132}]),
        (["Rain ", {"type": "link", "text": "in Pell"}, "."], "Rain in Pell.", [None, {"type": "link"}, None]),
        (
            {
                "sections": [{"headline": [], "paragraphs": ["One."]}, {"headline": ["Dry"], "paragraphs": ["2."]}],
                "summary": ["Wet."],
            },
            "Wet.\n\nOne.\n\nDry\n\n2.",
            None,
        ),
        ({"paragraphs": [{"text": "One."}, "Two."], "words": 2}, "One.\n\nTwo.", {"words": 2}),
        ([b"One.", "Two."], "One.\n\nTwo.", None),
        ('["One.", "Two."]', "One.\n\nTwo.", None),
        ("['One.', \"It's two.\"]", "One.\n\nIt's two.", None),
        ('{"text": "One."}', "One.", None),
        ('{"error": "not found"}', '{"error": "not found"}', None),
        ("[One] [two]", "[One] [two]", None),
        ("cut \ud83d", "cut \ufffd", None),
        (["cut \ud83d", "\ude00 cut"], "cut \ufffd\n\n\ufffd cut", None),
    ],
)  # fmt: skip
def test_texts_of_any_type(value: object, text: str, left: object) -> None:
    """Bytes are decoded, paragraphs joined, objects opened; what is no text of them stays in the metadata."""
    found = document(text=value)
    assert found.text.decode() == text
    assert metadata(found) == ({} if left is None else {"text": left})


def test_only_the_text_costs_a_document(tmp_path: Path) -> None:
    """Words for a missing value are no text, and a text of another type is named."""
    path = write_lines(
        tmp_path / "a.jsonl", *({"text": value} for value in ("NaN", "NULL", r"\N", "[]", 5, {"a": "b"}))
    )
    found = errors(path)
    assert all(found[f"a.jsonl#{n}"] == 'no text: field "text" is empty' for n in range(1, 5))
    assert found["a.jsonl#5"] == 'field "text": expected text, got a number (5)'
    assert found["a.jsonl#6"] == 'field "text": expected text, got an object without text (it has a)'


def test_bytes_say_their_charset() -> None:
    """The encoding of a document is that of the bytes of its text."""
    assert document(text="Die Brücke für Fußgänger".encode("cp1252")).encoding == "windows-1252"


def test_a_table_by_its_columns() -> None:
    """The error says how pandas writes records."""
    with pytest.raises(Unusable, match='orient="records"'):
        as_body({"0": "Rain.", "1": "Wind."})


def test_bytes_that_python_shows(tmp_path: Path) -> None:
    """They are the text that they encode; what only begins like them stays as it is."""
    plain = ("b'twixt the isles, and 'b'", "b", 'b"open', "b'a' + b'b'", "b'\\xzz'")
    for text in plain:
        assert as_body(text) == (text.encode(), None, None)
        assert as_text(text, "title") == (text, True)
    (tmp_path / "a.csv").write_bytes(
        b"title,text\nb'Caf\\xc3\\xa9',\"b'It\\xe2\\x80\\x99s late,\\nhe said.'\"\n"
    )
    (found,) = documents(tmp_path)
    assert (found["title"], found["text"]) == ("Café", "It’s late,\nhe said.")
    with pytest.raises(Unusable, match="no text"):
        as_body(repr(bytes(range(256))))


def test_csv_cells_of_exports(tmp_path: Path) -> None:
    """Objects as Python shows them, and words for missing values."""
    rows = [
        {
            "text": "One.",
            "title": "nan",
            "source": "{'id': None, 'name': 'Ellerby Post'}",
            "date": "20190514.0",
        },
        {"text": "NULL", "title": "T", "source": "", "date": ""},
    ]
    with (tmp_path / "a.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)
    (shard,) = shards(tmp_path / "a.csv")
    (found,) = shard.documents.to_dicts()
    assert (found["title"], found["source"], found["published"].date()) == (
        None,
        "Ellerby Post",
        dt.date(2019, 5, 14),
    )
    assert json.loads(found["metadata"])["title"] == "nan"
    assert shard.rejected["error"].to_list() == ['no text: field "text" is empty']


def test_parquet_columns_of_any_type(tmp_path: Path) -> None:
    """Binary, struct, list, decimal and date columns are read like any value."""
    frame = pl.DataFrame(
        {
            "text": [b"Caf\xc3\xa9s are open.", b"Two."],
            "title": [["A dry summer"], None],
            "source": [{"id": None, "name": "Ellerby Post"}, {"id": "x", "name": None}],
            "id": [Decimal("12"), None],
            "published": [dt.date(2019, 5, 14), None],
        }
    )
    frame.write_parquet(tmp_path / "a.parquet")
    one, two = documents(tmp_path)
    assert (one["text"], one["title"], one["source"], one["record_id"]) == (
        "Cafés are open.", "A dry summer", "Ellerby Post", "12",
    )  # fmt: skip
    assert one["published"].date() == dt.date(2019, 5, 14)
    assert (two["text"], two["title"], two["source"]) == ("Two.", None, "x")


def test_front_matter_of_any_type(tmp_path: Path) -> None:
    """A list or a mapping in front matter is read like any value."""
    (tmp_path / "a.md").write_text("---\ntitle: [One, Two]\nsource: {name: Ellerby Post}\n---\nNo rain.\n")
    (found,) = documents(tmp_path)
    assert (found["title"], found["source"]) == ("One", "Ellerby Post")
    assert json.loads(found["metadata"]) == {"title": ["One", "Two"]}


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters())
NAMES = st.text(max_size=3) | st.sampled_from(["name", "$oid", "text"])
VALUES = st.recursive(
    SCALARS | st.sampled_from(["NaN", "[]", "{}", "['a']"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
)
SECONDARY = st.dictionaries(
    st.sampled_from(["title", "source", "url", "id", "published", "date", "other"]), VALUES
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(SECONDARY)
def test_any_object_with_a_good_text_is_a_document(tmp_path: Path, record: dict[str, Any]) -> None:
    """Whatever the other fields are; each has its column or stays in the metadata, but what is empty."""
    (found,) = documents(write_lines(tmp_path / "a.jsonl", {**record, "text": "No rain."}))
    assert found["text"] == "No rain."
    left = json.loads(found["metadata"] or "{}")
    columns = {"title": "title", "url": "url", "id": "record_id", "published": "published"}
    for name, column in columns.items():
        if found[column] is None and name in record and as_text(record[name], "title")[0] is not None:
            assert name in left


@given(VALUES)
def test_a_text_of_any_type_is_read_or_named(value: object) -> None:
    """No value raises anything but what says that it is no text."""
    with suppress(Unusable):
        body = as_body(value)
        assert body is None or body.text.decode().strip()


@given(st.text(st.characters()))
def test_whole_characters_can_be_encoded(text: str) -> None:
    """Surrogates become characters or U+FFFD; all others stay."""
    whole = whole_characters(text)
    assert whole.encode("utf-16-le") == text.encode("utf-16-le", "surrogatepass") or "\ufffd" in whole
    assert whole_characters(whole) == whole
