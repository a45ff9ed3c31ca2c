"""JSON lines: one document a record, and no record lost to its neighbours."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flows.inputs.records.values import MISSING
from flows.settings.model import Fields
from support import json_lines

from .reading import COMPRESS, documents, errors, shards, texts, write_lines


@pytest.mark.parametrize("name", ["a.jsonl", "a.ndjson", "a.JSONL"])
@pytest.mark.parametrize("ending", COMPRESS)
def test_a_record_is_a_document(tmp_path: Path, name: str, ending: str) -> None:
    """Mapped fields fill the columns, all others are metadata; the uri ends with the line number."""
    record = {
        "id": 17, "url": "https://WWW.Example.org:8080/x", "title": "A dry summer", "date": "2016-09-20",
        "text": "No rain.", "author": {"name": "Zoë"}, "tags": ["a", None, 1.5], "empty": None,
    }  # fmt: skip
    path = tmp_path / (name + ending)
    path.write_bytes(COMPRESS[ending](b"\n" + json.dumps(record).encode() + b"\r\n"))
    (found,) = documents(path)
    assert found["uri"] == f"{path}#2"
    assert found["record_id"] == "17"
    assert found["source"] == "example.org"
    assert found["url"] == "https://WWW.Example.org:8080/x"
    assert found["published"].isoformat() == "2016-09-20T00:00:00+00:00"
    assert json.loads(found["metadata"]) == {
        "author": {"name": "Zoë"},
        "tags": ["a", None, 1.5],
        "empty": None,
    }


def test_fields_are_mapped(tmp_path: Path) -> None:
    """The first name with a value is used; other mapped names stay in the metadata."""
    path = write_lines(
        tmp_path / "a.jsonl",
        {"body": "One.", "headline": "", "name": "Named", "outlet": "The Post", "url": "http://a.org"},
        {"body": None, "content": "Two.", "headline": "H", "name": "N"},
    )
    fields = Fields(text=("body", "content"), title=("headline", "name"), source=("outlet",))
    one, two = documents(path, fields=fields)
    assert (one["text"], one["title"], one["source"], one["metadata"]) == ("One.", "Named", "The Post", None)
    assert (two["text"], two["title"], two["source"]) == ("Two.", "H", None)
    assert json.loads(two["metadata"]) == {"name": "N"}


def test_long_numbers_keep_their_digits(tmp_path: Path) -> None:
    """Integers of more than 64 bits are in the metadata as they were written, however deep they lie."""
    other = {"n": {"c": 10**29, "d": [1, -(10**22), 0.1]}, "m": 2**64}
    path = write_lines(tmp_path / "a.jsonl", {"text": "No rain.", **other})
    assert json.loads(documents(path)[0]["metadata"]) == other


def test_an_unparsable_date_stays_in_the_metadata(tmp_path: Path) -> None:
    """`published` is then null, and the original is kept under its own name."""
    path = write_lines(
        tmp_path / "a.jsonl", {"text": "x", "date": "last week"}, {"text": "x", "published": [1]}
    )
    one, two = documents(path)
    assert one["published"] is two["published"] is None
    assert (one["metadata"], two["metadata"]) == ('{"date":"last week"}', '{"published":[1]}')


def test_broken_lines_affect_only_themselves(tmp_path: Path) -> None:
    """Each is a rejected row with its line number, counting blank lines; the others are documents."""
    path = write_lines(
        tmp_path / "a.jsonl",
        {"text": "first"},
        "",
        '{"text": "never closed',
        "[1, 2]",
        "17",
        {"text": 5},
        {"text": {"words": 3}},
        {"text": [1, 2]},
        {"text": True},
        {"text": [None, ""]},
        {"text": None},
        {"title": "T"},
        {"text": " \t\u2003\n"},
        '{"text": NaN}',
        "[" * 5000,
        b"\x00\x00\x00\x00",
        b'{"text": "' + bytes(range(1, 9)) * 40 + b'\xff"',
        '{"text": "x", "id": ' + "9" * 5000 + "}",
        {},
        {"text": "last"},
    )
    assert texts(path) == ["first", "last"]
    found = {int(uri.partition("#")[2]): error for uri, error in errors(path).items()}
    assert found[3] == "line 3: not JSON: Unterminated string starting at (column 10)"
    assert found[4] == "expected an object, got a list"
    assert found[5] == "expected an object, got a single value"
    assert found[6] == 'field "text": expected text, got a number (5)'
    assert found[7] == 'field "text": expected text, got an object without text (it has words)'
    assert found[8] == 'field "text": expected text, got a list without text'
    assert found[9] == 'field "text": expected text, got a truth value (true)'
    assert found[10] == 'field "text": expected text, got a list without text'
    assert all(found[n].startswith("no text: ") for n in (11, 12, 13, 14, 19))
    assert all(found[n].startswith(f"line {n}: not JSON: ") for n in (15, 16, 17, 18))
    assert list(found) == [*range(3, 20)]


def test_lenient_json(tmp_path: Path) -> None:
    """NaN, raw control characters, huge numbers, and lone surrogates outside mapped fields lose no document."""
    path = write_lines(
        tmp_path / "a.jsonl",
        '{"text": "a", "score": NaN, "other": [Infinity, 1]}',
        '{"text": "b\tc\x01"}',
        '{"text": "c", "id": 123456789012345678901234567890, "n": 123456789012345678901234567890}',
        '{"text": "d", "author": "cut \\ud83d", "\\udc00": 1}',
        '{"text": "\\ud83d\\ude00"}',
        '{"text": "e", "deep": ' + "[" * 300 + "]" * 300 + "}",
    )
    found = documents(path)
    assert [d["text"] for d in found] == ["a", "b\tc\x01", "c", "d", "😀", "e"]
    assert json.loads(found[0]["metadata"]) == {"score": "NaN", "other": ["Infinity", 1]}
    assert found[2]["record_id"] == "123456789012345678901234567890"
    assert json.loads(found[2]["metadata"]) == {"n": 123456789012345678901234567890}
    assert json.loads(found[3]["metadata"]) == {"author": r"cut \ud83d", r"\udc00": 1}


@pytest.mark.parametrize(
    "charset", ["utf-8-sig", "utf-16", "utf-16-le", "utf-32", "windows-1252", "shift_jis"]
)
def test_json_lines_of_any_charset(tmp_path: Path, charset: str) -> None:
    """The charset is detected from the head; the lines are decoded as they stream."""
    text = (
        "天気は晴れ、気温は三十度。" * 5
        if charset == "shift_jis"
        else "Die Brücke für Fußgänger wird geöffnet."
    )
    lines = [json.dumps({"text": f"{text} {n}"}, ensure_ascii=False) for n in range(3000)]
    (tmp_path / "a.jsonl").write_bytes("\n".join(lines).encode(charset))
    found = documents(tmp_path)
    assert [d["text"] for d in found] == [f"{text} {n}" for n in range(3000)]
    assert len({d["encoding"] for d in found}) == 1


def test_a_line_of_another_charset(tmp_path: Path) -> None:
    """In a file concatenated from parts, a line that is not UTF-8 is decoded by itself."""
    path = write_lines(
        tmp_path / "a.jsonl",
        {"text": "plain"},
        *[json.dumps({"text": f"naïve {n}"}, ensure_ascii=False) for n in range(5000)],
        '{"text": "Die Brücke für Fußgänger wird früher geöffnet."}'.encode("windows-1252"),
    )
    last = documents(path)[-1]
    assert (last["text"], last["encoding"]) == (
        "Die Brücke für Fußgänger wird früher geöffnet.",
        "windows-1252",
    )


def test_a_line_that_is_too_long_is_skipped(tmp_path: Path) -> None:
    """It is rejected with its number, and the lines around it are documents."""
    path = write_lines(
        tmp_path / "a.jsonl", {"text": "a"}, {"text": "x" * 3_000_000}, {"text": "b"}, {"text": "y" * 999_000}
    )
    assert errors(path, max_document_megabytes=1) == {
        "a.jsonl#2": "line 2: larger than 1 MB ([inputs] max_document_megabytes)"
    }
    assert [t[0] for t in texts(path, max_document_megabytes=1)] == ["a", "b", "y"]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


#: Texts that stand for themselves.
written = st.text(min_size=1).filter(lambda t: not t.isspace() and t not in MISSING and t[0] not in "[{")


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.fixed_dictionaries(
            {"text": written},
            optional={
                "title": written,
                "extra": json_values,
                "id": st.integers(),
            },
        ),
        min_size=1,
        max_size=8,
    ),
    st.sampled_from(["", ".gz", ".zst"]),
)
def test_documents_preserve_json_lines(tmp_path: Path, records: list[dict[str, Any]], ending: str) -> None:
    """Texts, titles, ids and metadata equal those of the records, in order; uris and ids are unique."""
    path = tmp_path / f"a.jsonl{ending}"
    path.write_bytes(COMPRESS[ending](json_lines(*records)))
    found = documents(path)
    assert [d["text"] for d in found] == [r["text"] for r in records]
    assert [d["title"] for d in found] == [r.get("title") for r in records]
    assert [d["record_id"] for d in found] == [str(r["id"]) if "id" in r else None for r in records]
    extras = [json.loads(d["metadata"] or "{}") for d in found]
    assert extras == [{"extra": r["extra"]} if "extra" in r else {} for r in records]
    assert len({d["uri"] for d in found}) == len({d["document_id"] for d in found}) == len(records)


def test_every_document_has_a_uri_of_its_own(tmp_path: Path) -> None:
    """Identical lines and identical files are different documents."""
    write_lines(tmp_path / "a.jsonl", *[{"text": "same"}] * 50)
    for n in range(50):
        (tmp_path / f"{n}.txt").write_text("same")
    found = pl.concat(s.documents for s in shards(tmp_path, tmp_path))
    assert found["uri"].n_unique() == found["document_id"].n_unique() == len(found) == 100


def test_lines_for_elasticsearch_are_no_records(tmp_path: Path) -> None:
    """What its bulk interface is to do with the next line is skipped and counted, not rejected."""
    path = write_lines(
        tmp_path / "a.ndjson",
        {"index": {"_index": "news", "_id": "1"}},
        {"text": "No rain."},
        {"create": {}},
        {"text": "Rain."},
        {"index": {"name": "prices"}},
    )
    (shard,) = shards(path)
    assert shard.documents["text"].to_list() == ["No rain.", "Rain."]
    assert shard.skipped == {"Elasticsearch action": 2}
    assert [uri[-1] for uri in shard.rejected["uri"]] == ["5"]
