"""The columnar ftfy equals ftfy, whatever the text and the configuration."""

from __future__ import annotations

import io
import itertools
import json
import re
import tarfile
from pathlib import Path
from typing import Any

import ftfy
import polars as pl
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from cleaners.encoding.cleaner import NEWS_CONFIG, repair
from cleaners.text.white_space import WHITE_SPACE

from .damaged_texts import CHARACTERS, CONFIGS, DEFAULT, TEXTS, columnar, ftfy_row_by_row


@given(st.lists(st.none() | TEXTS, max_size=30), st.just(DEFAULT) | st.just(NEWS_CONFIG) | CONFIGS)
def test_fix_text_equals_ftfy(texts: list[str | None], config: ftfy.TextFixerConfig) -> None:
    """On every row, for every configuration, the columnar ftfy comes to what ftfy comes to; nulls stay null."""
    assert columnar(texts, config) == ftfy_row_by_row(texts, config)


# Each entry: what the pit is, a text that falls into it, and the configuration where it differs from the default.
PITS: list[tuple[str, str, dict[str, Any]]] = [
    ("\\w of Python is wider than ASCII", "Ä“б", {}),
    ("\\s of Python holds U+001C", "\x1cÑ€", {}),
    ("a line begins within the text", "All.\nÃ la", {}),
    ("a line break is no letter after œ", "Å“\n", {}),
    ("markup in an earlier line turns entities off", "<p>\n&amp;", {}),
    ("markup in a later line does not", "&amp;\n<p>", {}),
    ("markup that a fix makes does not", "＜&amp;", {}),
    ("markup is no matter when entities are asked for", "<p> &amp;", {"unescape_html": True}),
    ("width makes an entity", "Fish ＆amp; chips", {}),
    ("a removed control makes an entity", "Fish &a\x00mp; chips", {}),
    ("a removed control makes mojibake", "cafÃ\x00© bar", {}),
    ("normalisation makes an entity", "Fish &amp\u037e chips", {}),
    ("normalisation makes a ligature's quote", "ŉ", {"fix_latin_ligatures": False, "normalization": "NFKC"}),
    ("normalisation changes calm characters", "wait… a\xa0bit", {"normalization": "NFKC"}),
    ("CR LF is one line break", "a\r\nb\rc\n\rd", {}),
    ("a control parts CR from LF", "a\r\x00\nb", {}),
    ("CR stays if it is to stay", "a\r\nb", {"fix_line_breaks": False}),
    ("NEL is a line break if it is no mojibake", "a\x85b", {"fix_encoding": False, "fix_c1_controls": False}),
    ("C1 controls are fixed without the encoding", "a\x93b", {"fix_encoding": False}),
    (
        "C1 controls stay if they are to stay",
        "a\x93b\ufb01",
        {"fix_encoding": False, "fix_c1_controls": False},
    ),
    ("digits of an escape may be of any script", "\x1b[\u0663mred", {}),
    ("an escape is a control where escapes stay", "\x1b[1mred", {"remove_terminal_escapes": False}),
    ("a text is cut at the length", "ab\r\ncd", {"max_decode_length": 3}),
    ("mojibake is cut at the length", "abÃ©", {"max_decode_length": 3}),
    ("markup in an earlier segment", "ab<def &amp; g", {"max_decode_length": 6}),
    ("a character that this Unicode does not know", "a\u0897\u0323 \U0001e5ee\u0323", {}),
    ("Hangul is composed by arithmetic", "\u1112\u1161\u11ab 하\u11ab", {}),
    ("marks are put in order", "q\u0307\u0323", {}),
    ("a quote of one line changes, mojibake of the other", "“so”\ncafÃ©\n", {}),
    ("half a character in UTF-8 is a whole one in a variant of it", "\xed\xa0\xbd\xed\xb8\x8d", {}),
    ("so is a zero of two bytes", "a\xc0\x80b", {}),
    ("an encoding is tried after those that fail", "Ð¿Ñ€Ð¸Ð²ÐµÑ‚ â€” РїСЂРёРІРµС‚", {}),
    ("a line was read wrongly twice", "cafÃƒÂ©", {}),
    ("sub-options count only where ftfy explains", "voilÃ le", {"restore_byte_a0": False, "explain": True}),
    ("and are on where it does not", "voilÃ le", {"restore_byte_a0": False, "explain": False}),
]


@pytest.mark.parametrize(("pit", "text", "overrides"), PITS, ids=[pit for pit, _, _ in PITS])
def test_pits(pit: str, text: str, overrides: dict[str, Any]) -> None:
    """Where a columnar ftfy would go wrong most easily, it does not, alone and among other rows."""
    config = DEFAULT._replace(**overrides)
    assert columnar([text], config) == ftfy_row_by_row([text], config)
    texts = ["", text, None, f"{text}\n{text}", "sound"]
    assert columnar(texts, config) == ftfy_row_by_row(texts, config)


def test_white_space_is_what_python_holds_for_it() -> None:
    r"""The list that stands for `\s` in the badness pattern is complete."""
    assert set(re.findall(r"\s", "".join(CHARACTERS))) == set(WHITE_SPACE)


def test_a_text_over_a_million_characters_is_cut_as_ftfy_cuts_it() -> None:
    """A CR LF that lies on the cut becomes two line breaks, as with ftfy; the next text is not touched by that."""
    text = "a" * 999_999 + "\r\n" + "b &amp; cafÃ©"
    assert columnar([text, "a\r\nb"], DEFAULT) == ftfy_row_by_row([text, "a\r\nb"], DEFAULT)


@pytest.mark.slow
def test_fifty_megabytes_in_one_line() -> None:
    """A single line of 50 MB is repaired in seconds, with the mojibake at its end."""
    text = "The ferry leaves at noon. " * 2_000_000 + "cafÃ©"
    repaired, fixes = repair(pl.Series([text]))
    assert repaired[0].endswith("noon. café")
    assert fixes.to_list() == [["redecode_latin_1_as_utf_8"]]


@pytest.mark.shared
@pytest.mark.parametrize(
    "config", [DEFAULT, NEWS_CONFIG, NEWS_CONFIG._replace(normalization="NFKC", fix_encoding=False)]
)
def test_real_news_equals_ftfy(shared: Path, config: ftfy.TextFixerConfig) -> None:
    """On paragraphs of real news, English and Portuguese, and on ftfy's own cases."""
    with (shared / "data/news/allsides.jsonl.zst").open("rb") as file:
        lines = io.TextIOWrapper(zstandard.ZstdDecompressor().stream_reader(file), encoding="utf-8")
        texts = [json.loads(line)["text"] for line in itertools.islice(lines, 300)]
    with (shared / "data/news/fakebr-pt.tar.zst").open("rb") as file:
        stream = zstandard.ZstdDecompressor().stream_reader(file)
        with tarfile.open(fileobj=stream, mode="r|") as tar:
            files = (tar.extractfile(member) for member in tar if member.isfile())
            texts += [
                f.read().decode("utf-8", "replace") for f in itertools.islice(files, 600) if f is not None
            ]
    texts += [line for text in texts for line in text.splitlines()]
    for path in sorted((shared / "data/encoding/ftfy-cases").glob("*.json")):
        texts += [
            case[key]
            for case in json.loads(path.read_text("utf-8"))
            for key in ("original", "fixed")
            if key in case
        ]
    assert columnar([*texts], config) == ftfy_row_by_row([*texts], config)
