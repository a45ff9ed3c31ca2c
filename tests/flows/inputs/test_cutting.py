"""Cutting the texts out of JSON lines before the lines are parsed."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flows.inputs import cutting, find, read
from flows.inputs.cutting import Cut, cut
from flows.settings.model import Fields, Inputs


@pytest.fixture(autouse=True)
def _few_lines_are_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cutting, "LARGE", 0)


def first_of(*wanted: str) -> Callable[[Sequence[str]], str | None]:
    """Answers which of the wanted names is the first that there is."""
    return lambda names: next((one for one in wanted if one in names), None)


def texts(*lines: str, names: tuple[str, ...] = ("text",)) -> list[bytes | None]:
    """The text cut out of each line, None for a line left whole."""
    found = list(cut("\n".join(lines).encode(), b"\n", first_of(*names)))
    assert [bytes(one.line if isinstance(one, Cut) else one).decode() for one in found] == list(lines)
    return [bytes(one.text) if isinstance(one, Cut) else None for one in found]


@pytest.mark.parametrize("ascii_only", [True, False])
@pytest.mark.parametrize("separators", [(", ", ": "), (",", ":"), ("\t,\r", "\r:\t ")])
def test_a_text_is_cut_out(ascii_only: bool, separators: tuple[str, str]) -> None:
    """The text is the field's string, unescaped; the rest is the record with a placeholder."""
    record = {
        "id": 'in "text": "x"', "deep": [{"text": "{["}, "text"], "text": 'a\n"b"\\ /\b\f\r\té—天😀\0\x7f', "n": {},
    }  # fmt: skip
    line = json.dumps(record, ensure_ascii=ascii_only, separators=separators)
    (found,) = cut(line.encode(), b"\n", first_of("text"))
    assert isinstance(found, Cut)
    assert found.text.decode() == record["text"]
    assert orjson.loads(found.rest) == record | {"text": "-"}


@pytest.mark.parametrize(
    "line",
    [
        "", "text", '{"text', '{"text"', '{"text":', '{"text": "', '{"text": "a', '{"text": "a\\', '{"text": "a\\"',
        '{"text": ""}', '{"text": " \\n\\t"}', '{"text": "\u3000\u00a0\u0085\u2003"}', '{"text": "\\u3000"}',
        '{"text": null}', '{"text": 5}', '{"text": {"text": "a"}}', '{"text": ["a"]}', '["text"]', '[{"text": "a"}]',
        '{"Text": "a"}', '{"texts": "a"}', '{"tex": "a"}', '{"a": "text"}', '{"a": {"text": "b"}}',
        '{"text": "a", "text": "b"}', '{"text": "a", "text": null}', '{"text": null, "text": "a"}',
        '{"\\u0061": "b"}', '{"a\\n": "b"}',
        '{"te\\u0078t": "a", "text": "b"}', '{"text": "a", "te\\u0078t": "b"}',
        '{"text": "a\\x"}', '{"text": "a\\u12"}', '{"text": "a\\u12g4"}', '{"text": "a\x1f"}', '{"text": "a\tb"}',
        '{"text": "a\\ud83d"}', '{"text": "a\\ud83d\\u0041"}', '{"text": "a\\ude00"}', '{"text": "a\\ud83d\\ud83d"}',
        '{"text": "a\\ud83d\\ue000"}', '{"text": "a\\ud83d\\n"}',
        '{"text": "a\\ud83d', '{"text": "a\\ud83d\\', '{"text": "a\\ud83d\\u',
    ],
)  # fmt: skip
def test_what_is_in_doubt_is_left_whole(line: str) -> None:
    """A line without a text, with a doubtful one, or with another field is left to the parser."""
    good = '{"text": "a"}'
    assert texts(good, line, good) == [b"a", None, b"a"]


def test_escapes_stand_for_characters_of_any_width() -> None:
    """Escapes of one to four bytes of UTF-8, in upper and lower case."""
    text = "\0\x7f\x80\u07ff\u0800\u0915\ud7ff\ue000\uffff\U00010000\U0010ffff"
    line = json.dumps({"text": f"a{text}"})
    assert texts(line, line.upper().replace("\\U", "\\u").replace("TEXT", "text")) == [
        f"a{text}".encode(),
        f"A{text}".encode(),
    ]


@given(st.text(st.sampled_from('abcdefgh !"\\\x1f\x7f\n\té“中😀'), min_size=1, max_size=80), st.booleans())
def test_a_text_is_cut_out_wherever_its_escapes_stand(text: str, ascii_only: bool) -> None:
    """Long plain parts are read many bytes at a time, and end at any byte."""
    line = json.dumps({"text": f"a{text}"}, ensure_ascii=ascii_only)
    assert texts(line) == [f"a{text}".encode()]


def test_the_first_record_says_which_field_is_the_text() -> None:
    """The name is sought in all of the block; it may contain anything that JSON does not escape."""
    lines = '{"text": "a"}', '{"body": "b", "text": "a"}'
    assert texts(*lines, names=("content", "body", "text")) == [b"a", b"a"]
    assert texts(*reversed(lines), names=("content", "body", "text")) == [b"b", None]
    assert texts("[]", "", "no JSON", '{"naïve": "b"}', names=("naïve", "текст")) == [None, None, None, b"b"]
    assert texts(*lines, names=("content",)) == texts(*lines, names=()) == [None, None]


def test_lines_that_are_not_utf8_are_left_whole() -> None:
    """So are their neighbours, and small blocks, for which the machine code is not loaded."""
    good, bad = b'{"text": "good"}', '{"text": "na\xefve"}'.encode("latin-1")
    assert [isinstance(one, Cut) for one in cut(good, b"\r", first_of("text"))] == [True]
    assert list(cut(good + b"\r" + bad, b"\r", first_of("text"))) == [good, bad]
    cutting.LARGE = len(good) + 1
    assert list(cut(good, b"\n", first_of("text"))) == [good]


FRAGMENTS = [
    '{', '}', '[', ']', ',', ':', '"', ' ', '\t', '\r', '\n', '\\', 'null', '-1', '1e400', 'NaN', "9" * 20,
    '"text"', '"text": ', '"body": ', '"te\\u0078t": ', '"title": ', '"a": ', '"a"', '{"text": "a"}', '"text": "x"',
    '\\n', '\\"', '\\u00e9', '\\ud83d', '\\ude00', '\\ud83d\\ude00', 'é', '天', '\u3000', '\x01', '\xff', 'a b',
]  # fmt: skip
members = st.tuples(
    st.sampled_from(['"text"', '"text"', '"body"', '"title"', '"url"', '"a"', '"te\\u0078t"']),
    st.sampled_from([": ", ":", " : "]),
    st.one_of(
        st.lists(st.sampled_from(FRAGMENTS[23:]), max_size=4).map(lambda parts: f'"{"".join(parts)}"'),
        st.sampled_from(
            ['"word"', '"http://www.example.org/a"', "null", "5", "1e400", "9" * 20, '{"text": "a"}']
        ),
    ),
).map("".join)
records = st.lists(members, max_size=4).map(lambda found: f"{{{', '.join(found)}}}")
odd_lines = st.one_of(records, records, st.lists(st.sampled_from(FRAGMENTS), max_size=8).map("".join))
OPTIONS = [
    Fields(),
    Fields(text=("body", "text")),
    Fields(text=("text", "a"), title=("text",)),
    Fields(text=("a", "text"), source=("a",)),
]


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(odd_lines, min_size=1, max_size=12),
    st.sampled_from(OPTIONS),
    st.sampled_from(["utf-8", "utf-8", "utf-8", "latin-1"]),
    st.sampled_from(["\n", "\r\n", "\r"]),
)
def test_documents_equal_those_of_whole_lines(
    tmp_path: Path, lines: list[str], fields: Fields, charset: str, end: str
) -> None:
    """For any lines, documents, ids, metadata and errors equal those of lines parsed without cutting."""
    path = tmp_path / "a.jsonl"
    good = '{"text": "good", "id": 1}'  # so that the head is text, and some are cut whatever else there is
    path.write_bytes(end.join([good, *lines, good]).encode(charset, "replace"))

    def rows(large: int) -> list[list[dict[str, Any]]]:
        cutting.LARGE = large
        return [
            table.to_dicts() for shard in read(find([str(path)]), Inputs(), fields) for table in shard[:3]
        ]

    assert rows(0) == rows(1 << 60)
