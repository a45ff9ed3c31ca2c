"""JSON in any shape: lists, one article a file, objects over many lines or glued together, lists in objects."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flows.inputs.bounds import Reserve, Unreadable
from flows.inputs.json_files import shapes as json_shapes
from flows.inputs.json_files.records import holds_records, parse
from flows.inputs.json_files.shapes import Shapes
from flows.inputs.reader import Options
from flows.inputs.records.documents import Document
from flows.inputs.records.field_names import FieldNames
from flows.inputs.records.wrappers import unwrapped
from flows.settings.model import Fields, Inputs
from small_runs import run
from support import json_lines, table

from .reading import COMPRESS, documents, errors, texts
from .test_json_lines import json_values

Shape = Callable[[list[Any]], str]


def glued(records: list[Any]) -> str:
    """One after the other, with nothing in between."""
    return "".join(json.dumps(one) for one in records)


SHAPES: dict[str, Shape] = {
    "lines": lambda records: "".join(json.dumps(one) + "\n" for one in records),
    "list": json.dumps,
    "list in compact form": lambda records: json.dumps(records, separators=(",", ":"), ensure_ascii=False),
    "list over many lines": lambda records: json.dumps(records, indent=2),
    "list with an object a line": lambda records: "[\n" + ",\n".join(map(json.dumps, records)) + "\n]\n",
    "list with commas first": lambda records: "[" + "\n,".join(map(json.dumps, records)) + "]",
    "list without its end": lambda records: "[" + ", ".join(map(json.dumps, records)),
    "trailing commas": lambda records: "[" + "".join(json.dumps(one) + ",\n" for one in records) + "]",
    "trailing commas, no brackets": lambda records: "".join(json.dumps(one) + ",\n" for one in records),
    "glued": glued,
    "over many lines": lambda records: "\n".join(json.dumps(one, indent=4) for one in records),
    "over many lines, glued": lambda records: "".join(json.dumps(one, indent="\t") for one in records),
    "record separators": lambda records: "".join(f"\x1e{json.dumps(one)}\n" for one in records),
    "byte order marks": lambda records: "".join(f"\ufeff{json.dumps([one])}" for one in records),
    "list in an object": lambda records: json.dumps({"status": "ok", "n": 5, "articles": records}),
    "list in an object, more after it": lambda records: json.dumps({"data": records, "next": {"page": 2}}),
    "list deep in an object": lambda records: json.dumps({"response": {"docs": records}, "x": [1]}, indent=1),
    "hits": lambda records: json.dumps(
        {"took": 1, "hits": {"total": {"value": 3}, "hits": [{"_index": "n", "_source": r} for r in records]}}
    ),
    "pages glued": lambda records: "".join(json.dumps({"page": 1, "results": [one]}) for one in records),
    "pages, one a line": lambda records: "".join(
        json.dumps({"status": "ok", "items": [one]}) + "\n" for one in records
    ),
    "lists, one a line": lambda records: "".join(json.dumps([one]) + "\n" for one in records),
    "by key": lambda records: json.dumps({"articles": {f"k{n}": one for n, one in enumerate(records)}}),
}  # fmt: skip

texts_of_news = st.text().map(lambda text: f"{text} rain")  # "None" and the like are no texts
records_of_news = st.lists(
    st.fixed_dictionaries(
        {"text": texts_of_news},
        optional={"title": texts_of_news, "extra": json_values, "tags": st.lists(st.text(), max_size=2)},
    ),
    min_size=2,
    max_size=6,
)


def rows_of(data: bytes, sizes: list[int]) -> list[tuple[str | None, str | None]]:
    """What comes of bytes in chunks of those sizes: documents, rejected records, and whether they end too early."""
    chunks, at = [], 0
    while at < len(data):
        size = sizes[len(chunks) % len(sizes)]
        chunks.append(data[at : at + size])
        at += size
    found: list[tuple[str | None, str | None]] = []
    try:
        for row, _ in Shapes(
            chunks, "utf-8", "f", Options(Inputs(), FieldNames(Fields()), {}, Reserve(), Counter())
        ).rows():
            found.append((row.uri, row.text.decode()) if isinstance(row, Document) else (row.uri, None))
    except Unreadable:
        found.append((None, None))
    return found


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", ["a.json", "a.jsonl", "a.json.gz"])
def test_any_shape_holds_the_same_documents(tmp_path: Path, shape: str, name: str) -> None:
    """Texts, titles and order are those of the records; the uris count them."""
    records = [
        {"title": f"Story {n}", "text": f'{n} "quoted" {{[ \\ ünd\n', "meta": {"a": [{"b": {}}, []]}}
        for n in range(20)
    ]
    path = tmp_path / name
    path.write_bytes(COMPRESS[".gz" if name.endswith(".gz") else ""](SHAPES[shape](records).encode()))
    found = [row for row in table_of(path) if row["text"] is not None]
    assert [row["text"] for row in found] == [one["text"] for one in records]
    assert [row["title"] for row in found] == [one["title"] for one in records]
    assert [row["uri"] for row in found] == [f"{path}#{n + 1}" for n in range(20)]


def table_of(path: Path) -> list[dict[str, Any]]:
    """The documents of a file, whatever else is rejected."""
    from .reading import shards

    return [row for shard in shards(path) for row in shard.documents.to_dicts()]


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(records_of_news, st.sampled_from(sorted(SHAPES)), st.sampled_from(["a.json", "a.jsonl"]))
def test_the_shape_changes_no_document(tmp_path: Path, records: list[Any], shape: str, name: str) -> None:
    """Whatever the records hold, any shape gives the texts and titles that JSON lines give."""
    path = tmp_path / name
    path.write_text(SHAPES[shape](records))
    found = table_of(path)
    assert [row["text"] for row in found] == [one["text"] for one in records]
    assert [row["title"] for row in found] == [one.get("title") for one in records]
    path.unlink()


@settings(deadline=None)
@given(
    records_of_news,
    st.sampled_from(sorted(SHAPES)),
    st.lists(st.integers(1, 40), min_size=1, max_size=5),
)
def test_chunks_may_be_cut_anywhere(records: list[Any], shape: str, sizes: list[int]) -> None:
    """Where the bytes are cut into chunks changes nothing."""
    whole = SHAPES[shape](records).encode()
    assert rows_of(whole, sizes) == rows_of(whole, [len(whole) + 1])


@settings(deadline=None)
@given(
    records_of_news,
    st.sampled_from(sorted(SHAPES)),
    st.lists(
        st.tuples(st.floats(0, 1), st.sampled_from([b"", b'"', b"{", b"}", b"[", b"]", b"\\", b",", b"\n"])),
        min_size=1,
        max_size=3,
    ),
    st.integers(1, 100),
)
def test_damage_anywhere(
    records: list[Any], shape: str, changes: list[tuple[float, bytes]], size: int
) -> None:
    """Whatever is broken, something is read or rejected, and reading comes to its end."""
    whole = bytearray(SHAPES[shape](records).encode())
    for share, new in changes:
        at = int(share * (len(whole) - 1))
        whole[at : at + 1] = new
    assert rows_of(bytes(whole), [size])


@settings(deadline=None)
@given(
    st.sampled_from([('{"a":', "}"), ("[", "]"), ('[{"{[":', "}]"), ('[1, "]", {"a\\"}": ', "}]")]),
    st.sampled_from(["1", '"]}"', '"\\\\"', '"\\"]"', '"a\\\\\\"}"', '[{}, "[{", {}]']),
    st.lists(st.integers(1, 3000), min_size=1, max_size=4),
)
def test_the_end_of_a_deep_value_is_found(nested: tuple[str, str], inner: str, sizes: list[int]) -> None:
    """Brackets and quotes within its strings end nothing, wherever its bytes are cut into chunks."""
    opening, closing = nested
    deep = f'{{"text": "deep", "x": {opening * 400}{inner}{closing * 400}, "y": [{{"z": 1}}]}}'
    data = f'[{deep}, {{"text": "x"}}, {deep}, {{"text": "y"}}]'.encode()
    assert rows_of(data, sizes) == [("f#1", None), ("f#2", "x"), ("f#3", None), ("f#4", "y")]


def test_a_file_of_one_article_has_the_uri_of_the_file(tmp_path: Path) -> None:
    """It may be in one line or over many, and lists in it are parts of it; in a .jsonl it is a numbered record."""
    article = {
        "title": "A dry summer",
        "tags": [{"text": "rain", "title": "Rain"}],
        "comments": [{"text": "No!", "url": "http://a.org"}],
        "text": "No rain fell.",
    }
    for name, data in {
        "a.json": json.dumps(article),
        "b.json": json.dumps(article, indent=1) + "\n\n",
    }.items():
        (tmp_path / name).write_text(data)
        (found,) = documents(tmp_path / name)
        assert (found["uri"], found["text"]) == (str(tmp_path / name), "No rain fell.")
        assert set(json.loads(found["metadata"])) == {"tags", "comments"}
    (tmp_path / "c.jsonl").write_text(json.dumps(article, indent=1))
    (found,) = documents(tmp_path / "c.jsonl")
    assert found["uri"] == f"{tmp_path}/c.jsonl#1"


def test_what_holds_records(tmp_path: Path) -> None:
    """Parts of an article are no records, and neither are short texts with nothing beside them."""
    fields = FieldNames(Fields(text=("text",)))
    long = "word " * 30
    assert holds_records({"anything": [{"text": long}]}, fields)
    assert holds_records({"anything": [{"text": "word", "title": "T"}]}, fields)
    assert holds_records({"articles": [{"text": "word"}]}, fields)
    assert holds_records({"title": "The feed", "items": [{"text": "word"}]}, fields)
    assert holds_records({"a": {"text": "x", "url": "u"}, "b": {"text": "y", "url": "v"}}, fields)
    assert not holds_records({"anything": [{"text": "word"}]}, fields)
    assert not holds_records({"full_text": "word", "entities": {"hashtags": [{"text": "tag"}]}}, fields)
    assert not holds_records({"title": "T", "other": [{"text": long, "title": "T"}]}, fields)
    assert not holds_records({"text": None, "articles": [{"text": long}]}, fields)
    assert not holds_records({"comments": [{"text": long, "title": "T"}]}, fields)


def test_a_record_around_another(tmp_path: Path) -> None:
    """The fields of both are there; the inner one wins, and what it hides stays under the name of the inner one."""
    path = tmp_path / "a.jsonl"
    lines = [{"_index": "news", "_source": {"text": f"Story {n}.", "title": "T"}} for n in range(3)]
    path.write_bytes(json_lines(*lines, {"id": 1, "data": {"id": 2, "text": "x"}}, {"data": {"no": "text"}}))
    found = table_of(path)
    assert [row["text"] for row in found] == ["Story 0.", "Story 1.", "Story 2.", "x"]
    assert [row["uri"][-2:] for row in found] == ["#1", "#2", "#3", "#4"]
    assert json.loads(found[0]["metadata"]) == {"_index": "news"}
    assert (found[3]["record_id"], json.loads(found[3]["metadata"])) == ("2", {"data": {"id": 1}})
    assert list(errors(path)) == ["a.jsonl#5"]
    assert unwrapped({"text": "a", "data": {"text": "b"}}, FieldNames(Fields())) == {
        "text": "a",
        "data": {"text": "b"},
    }


@pytest.mark.parametrize("ending", ["jsonl", "json"])
@pytest.mark.parametrize("name", ["article", "post", "story", "document", "news"])
def test_a_record_under_a_name_of_the_text(tmp_path: Path, name: str, ending: str) -> None:
    """Its title and date are those of the document; an object that only holds a text is the text."""
    inner = {"title": "T", "content": "Rain.", "published": "2019-05-14"}
    path = tmp_path / f"a.{ending}"
    path.write_bytes(json_lines({name: inner, "id": 1}, {name: {"rendered": "Wind."}, "title": "W"}))
    assert [(row["title"], row["text"]) for row in table_of(path)] == [("T", "Rain."), ("W", "Wind.")]
    assert [row["published"] is None for row in table_of(path)] == [False, True]


def test_teasers_in_answers_of_services(tmp_path: Path) -> None:
    """A description is the text of an article in a list of articles, not of what else an answer lists."""
    page = {
        "articles": [
            {"title": "T", "description": "Rain."},
            {"title": "U", "description": "x", "content": ""},
        ],
        "facets": [{"title": "F", "description": "What a facet is."}],
    }
    (tmp_path / "a.json").write_text(json.dumps(page))
    assert texts(tmp_path) == ["Rain."]
    assert errors(tmp_path) == {"a.json#2": 'record 2: no text: field "content" is empty'}


def test_objects_glued_in_one_line_among_others(tmp_path: Path) -> None:
    """They are numbered within their line, and the lines around them keep their numbers."""
    path = tmp_path / "a.jsonl"
    one = json.dumps({"text": "one"})
    page = json.dumps({"articles": [{"text": "three"}, {"text": "four"}]})
    path.write_text(f"{one}\n{one}{one}\n{one},\n[{one}, {one}]\n{page}\n{one}{{\n{one}\n")
    assert [row["uri"].rpartition("/")[2] for row in table_of(path)] == [
        "a.jsonl#1", "a.jsonl#2.1", "a.jsonl#2.2", "a.jsonl#3", "a.jsonl#4.1", "a.jsonl#4.2", "a.jsonl#5.1",
        "a.jsonl#5.2", "a.jsonl#6.1", "a.jsonl#7",
    ]  # fmt: skip
    assert list(errors(path)) == ["a.jsonl#6"]


BAD = {
    "a quote inside": '{"title": "T", "text": "He said "yes" and left"}',
    "an open string": '{"title": "T", "text": "never closed}',
    "no value": '{"title": "T", "text": }',
    "no end": '{"title": "T", "text": "x"',
    "no end, nested": '{"title": "T", "more": {"a": [1, {"b": 2}',
    "another bracket": '{"title": "T", "text": "x"]',
    "no comma": '{"title": "T" "text": "x"}',
    "no word": '{"title": "T", "text": nothing}',
    "a comment": '{"title": "T", /* why */ "text": "x"}',
    "single quotes": "{'title': 'T', 'text': 'x'}",
    "too deep": '{"title": "T", "text": "x", "a": ' + "[" * 5000 + "]" * 5000 + "}",
    "no text": '{"title": "T"}',
    "a number": "17",
    "null": "null",
}


@pytest.mark.parametrize("bad", BAD)
@pytest.mark.parametrize("at", [0, 2, 5])
@pytest.mark.parametrize("shape", ["[{}]", '{{"status": "ok", "articles": [{}]}}', "[\n  {}\n]"])
def test_a_bad_record_costs_only_itself(tmp_path: Path, bad: str, at: int, shape: str) -> None:
    """It is one row in `rejected`, and all others are documents."""
    good = [json.dumps({"title": f"T{n}", "text": f"Story {n}."}) for n in range(5)]
    path = tmp_path / "a.json"
    path.write_text(
        shape.replace("{}", "%s").replace("{{", "{").replace("}}", "}")
        % ", ".join([*good[:at], BAD[bad], *good[at:]])
    )
    assert texts(path) == [f"Story {n}." for n in range(5)]
    assert len(errors(path)) <= 1
    if not (shape.startswith("{") and bad in ("a number", "null")):
        assert errors(path)


def test_equal_objects_without_text_each_have_a_row(tmp_path: Path) -> None:
    """Each is rejected by its number, also after damage, in another list, and after a record."""
    path = tmp_path / "a.json"
    path.write_text('[{}, {}, {], {"text": "word"}, {}, {}, [{}, 1, {}]]')
    assert texts(path) == ["word"]
    found = {uri.partition("#")[2]: error for uri, error in errors(path).items()}
    assert list(found) == ["1", "2", "3", "5", "6", "7", "8", "9"]
    assert [n for n, error in found.items() if error.startswith("no text: no field")] == list("125679")


def test_a_file_that_was_cut_off(tmp_path: Path) -> None:
    """The records before the cut are read; one row says that the end is missing."""
    whole = json.dumps({"articles": [{"title": "T", "text": f"Story {n}."} for n in range(5)]})
    for name, data in {"a.json": whole[:-30], "b.json": whole[:-2], "c.jsonl": whole[13:-30]}.items():
        (tmp_path / name).write_text(data)
        assert texts(tmp_path / name) == [f"Story {n}." for n in range(5 if name == "b.json" else 4)]
        ((uri, error),) = errors(tmp_path / name).items()
        assert uri == name
        assert error.startswith("truncated JSON")
        assert error.endswith(f"after record {5 if name == 'b.json' else 4}")


def test_what_is_no_record_costs_few_rows(tmp_path: Path) -> None:
    """Other values next to each other are rejected together."""
    (tmp_path / "a.json").write_text(json.dumps([*range(1000), {"text": "x"}, "a", None, {"text": "y"}]))
    assert texts(tmp_path) == ["x", "y"]
    why = "expected objects, got other values"
    assert errors(tmp_path) == {"a.json#1": f"record 1: {why}", "a.json#3": f"record 3: {why}"}
    (tmp_path / "a.json").write_text("No JSON at all, [ only } words.\n" * 1000)
    assert len(errors(tmp_path)) <= 12
    (tmp_path / "a.json").write_text("['a', {'text': 'x'}]\n" * 1000)
    assert len(errors(tmp_path)) <= 12
    (tmp_path / "a.json").write_text("[]")
    assert errors(tmp_path) == {"a.json": "no text: the file contains no records"}


def test_objects_without_text_around_articles(tmp_path: Path) -> None:
    """In a list with articles they are rejected; elsewhere in the object they only describe it."""
    page = {
        "source": {"name": "A"},
        "facets": [{"name": "x", "count": 1}],
        "articles": [{"title": "none"}, {"title": "T", "text": "x"}, {"title": "none"}],
        "trends": {"now": [{"text": "#rain"}]},
        "comments": [{"title": "T", "text": "No."}],
    }
    (tmp_path / "a.json").write_text(json.dumps(page))
    assert texts(tmp_path) == ["x"]
    assert list(errors(tmp_path)) == ["a.json#1", "a.json#3"]


@pytest.mark.parametrize("charset", ["utf-8-sig", "utf-16", "utf-16-be", "utf-32", "windows-1252", "cp932"])
def test_lists_of_any_charset(tmp_path: Path, charset: str) -> None:
    """The charset is detected, also one in which parts of characters look like brackets and backslashes."""
    text = (
        "表示ソース能十構造。天気は晴れ。" * 3
        if charset == "cp932"
        else "Die Brücke für Fußgänger wird geöffnet."
    )
    records = [{"text": f"{text} {n}"} for n in range(50)]
    for shape in ("list", "list over many lines", "list in an object"):
        data = SHAPES[shape](json.loads(json.dumps(records)))
        (tmp_path / "a.json").write_bytes(
            json.dumps(json.loads(data), ensure_ascii=False, indent=1).encode(charset)
        )
        found = documents(tmp_path)
        assert [row["text"] for row in found] == [one["text"] for one in records]
        assert len({row["encoding"] for row in found}) == 1


def test_lenient_json_in_lists(tmp_path: Path) -> None:
    """NaN, trailing commas within records, line breaks within strings, and long integers lose no document."""
    (tmp_path / "a.json").write_text(
        '[{"text": "a", "score": NaN},\n{"text": "b\nc"},\n{"text": "d, ]", "tags": ["e,}", 1,], },\n'
        '{"text": "f", "n": 123456789012345678901234567890}]'
    )
    found = documents(tmp_path)
    assert [row["text"] for row in found] == ["a", "b\nc", "d, ]", "f"]
    assert json.loads(found[2]["metadata"]) == {"tags": ["e,}", 1]}
    assert json.loads(found[3]["metadata"]) == {"n": 123456789012345678901234567890}


def test_large_lists_are_streamed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No more of a list, or of an object around one, is held than is needed to know what it is."""
    held = []
    monkeypatch.setattr(json_shapes, "PROBE", 10_000)
    monkeypatch.setattr(json_shapes, "parse", lambda data, *a: held.append(len(data)) or parse(data, *a))
    records = [{"title": "T", "text": "word " * 20, "n": n} for n in range(2000)]
    for shape in ("list", "list in an object", "hits", "list over many lines"):
        data = SHAPES[shape](records).encode()
        held.clear()
        assert len(rows_of(data, [4096])) == 2000
        assert max(held) < 20_000


def test_records_that_are_too_large(tmp_path: Path) -> None:
    """They are rejected with their number, and those around them are documents."""
    records = [
        {"text": "a"},
        {"text": "x" * 3_000_000},
        {"text": "b"},
        {"n": [{"m": "x" * 2_000_000}] * 2, "text": "c"},
    ]
    for shape in ("list", "list in an object"):
        (tmp_path / "a.json").write_text(SHAPES[shape]([*records, {"text": "d"}]))
        assert texts(tmp_path, max_document_megabytes=1) == ["a", "b", "d"]
        why = "larger than 1 MB ([inputs] max_document_megabytes)"
        assert errors(tmp_path, max_document_megabytes=1) == {
            "a.json#2": f"record 2: {why}",
            "a.json#4": f"record 4: {why}",
        }


@pytest.mark.parametrize(
    "bomb",
    ["[" * 200_000, '{"a":' * 200_000, '[{"a":' * 50_000, '[{"a":1,' * 50_000, '{"a":[{"b":"' * 50_000, '"' * 200_000]
)  # fmt: skip
@pytest.mark.parametrize("around", ["%s", '[{"text": "x"}, %s', '{"articles": [{"text": "x"}, %s'])
def test_bombs_cost_few_rows(tmp_path: Path, bomb: str, around: str) -> None:
    """Brackets and quotes without end are rejected, and what came before them is read."""
    (tmp_path / "a.json").write_text(around % bomb)
    assert texts(tmp_path) == (["x"] if "text" in around else [])
    assert 1 <= len(errors(tmp_path)) <= 20


def test_a_list_that_grew_is_known_by_its_records(tmp_path: Path) -> None:
    """The file is read again, and only what is new is published."""
    path, out = tmp_path / "a.json", tmp_path / "out"
    stories = [
        f"In the year {n} the council of Ellerby met {n + 3} times about the bridge." for n in range(6)
    ]
    path.write_text(SHAPES["list over many lines"]([{"text": one} for one in stories[:3]]))
    run([path], out)
    path.write_text(SHAPES["list over many lines"]([{"text": one} for one in stories[:5]]))
    run([path], out)
    assert [uri.rpartition("#")[2] for uri in table(out, "documents")["uri"]] == ["1", "2", "3", "4", "5"]


def test_a_glued_line_without_an_end_that_grows(tmp_path: Path) -> None:
    """Its records are published once, and those that are added to the line are new."""
    path, out = tmp_path / "a.jsonl", tmp_path / "out"
    lines = [
        json.dumps({"text": f"In the year {n} the council of Ellerby met {n + 3} times about the bridge."})
        for n in range(5)
    ]
    path.write_text(f"{lines[0]}\n{lines[1]}{lines[2]}")
    run([path], out)
    path.write_text(f"{lines[0]}\n{lines[1]}{lines[2]}{lines[3]}\n{lines[4]}\n")
    run([path], out)
    ends = [uri.rpartition("#")[2] for uri in table(out, "documents")["uri"]]
    assert ends == ["1", "2.1", "2.2", "2.3", "3"]


def test_json_lines_in_a_json_file_resume(tmp_path: Path) -> None:
    """A .json file with one object a line is read as such, and read on when it has grown."""
    path, out = tmp_path / "a.json", tmp_path / "out"
    stories = [
        f"In the year {n} the council of Ellerby met {n + 3} times about the bridge." for n in range(4)
    ]
    path.write_bytes(json_lines({"text": stories[0]}, {"text": stories[1]}))
    run([path], out)
    with path.open("ab") as file:
        file.write(json_lines({"text": stories[2]}))
    run([path], out)
    assert [uri.rpartition("#")[2] for uri in table(out, "documents")["uri"]] == ["1", "2", "3"]
