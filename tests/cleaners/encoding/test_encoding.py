"""The columnar ftfy against ftfy itself, the gate's pits and mutants, and the cleaner's names and white space."""

from __future__ import annotations

import io
import itertools
import json
import re
import tarfile
import unicodedata
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import ftfy
import numpy as np
import polars as pl
import pytest
import zstandard
from ftfy.badness import BADNESS_RE, MOJIBAKE_CATEGORIES
from ftfy.chardata import CHARMAP_ENCODINGS
from hypothesis import example, given
from hypothesis import strategies as st

from cleaners.encoding import columnar_ftfy as module
from cleaners.encoding.badness import badness
from cleaners.encoding.cleaner import NEWS, ROUNDS, SEPARATORS, Options, encoding, fix_text, repair
from cleaners.encoding.mojibake import (
    BEYOND,
    CHARACTER_FIXES,
    COMPOSING,
    OTHER_SPACE,
    QUOTE,
    REPLACED,
    SPACE,
    STRAY,
    Form,
    Gate,
    character_table,
    composing,
    gate,
    look,
)
from cleaners.paragraphs import to_paragraphs
from cleaners.text.white_space import WHITE_SPACE
from flows.settings.model import Encoding
from support import ROOT

CASES = json.loads((ROOT / "tests" / "cases" / "encoding.json").read_text(encoding="utf-8"))
DEFAULT = ftfy.TextFixerConfig()
FORMS: tuple[Form, ...] = ("NFC", "NFD", "NFKC", "NFKD")
CHARACTERS = [chr(c) for c in range(0x110000) if not 0xD800 <= c <= 0xDFFF]


def ftfy_row_by_row(texts: list[str | None], config: ftfy.TextFixerConfig) -> list[str | None]:
    """What the columnar ftfy must come to."""
    return [None if text is None else ftfy.fix_text(text, config) for text in texts]


def columnar(texts: list[str | None], config: ftfy.TextFixerConfig) -> list[str | None]:
    """The columnar ftfy on a list."""
    return fix_text(pl.Series(texts, dtype=pl.String), config).to_list()


def expand(category: str) -> str:
    """The characters of one of ftfy's classes, with its ranges written out."""
    ranges = re.sub("(.)-(.)", lambda m: "".join(map(chr, range(ord(m[1]), ord(m[2]) + 1))), category)
    return ranges.replace("-", "")


SUSPICIOUS = (
    "".join(map(expand, MOJIBAKE_CATEGORIES.values())) + "ŒœÂÃÎÐ°×²³ØÙŸŠ®µ»à¹¼½¾√±∂†≠≈‚Äìîïвā€ΒΓΞΟВГРС"
)
WORDS = [
    "Rates ",
    "rose",
    " Pešek ",
    "Müller",
    "Zoë,",
    "à la carte",
    "Ørsted",
    "北京",
    "Москва",
    "“so”",
    "it’s",
    "…",
]
ENTITIES = [
    "&amp;",
    "&#233;",
    "&EACUTE;",
    "&amp",
    "&#x2019;",
    "&lt;",
    "&#10;",
    "&#13;",
    "&hellip;",
    "&quux;",
    "&amp;amp;",
]
CONTROLS = [
    chr(c) for c in (0, 8, 9, 11, 12, 26, 27, 28, 31, 127, 0x80, 0x85, 0x93, 0x9F, 0xFEFF, 0x206A, 0xFFFC)
]
ESCAPES = ["\x1b[0m", "\x1b[1;31mred", "\x1b[", "\x1b[٣m"]
FORMS_OF_WIDTH = ["＆", "ａｍｐ", "；", "＜", "Ｒ", "ｶﾞ", "　", "￠", "！"]
LIGATURES = ["ﬁ", "ﬄ", "ŉ", "Ǆ", "ﬅ", "Ĳ"]
QUOTES = list("‘’‚‛“”„‟ʼ'\"`")
BREAKS = ["\n", "\r", "\r\n", "\n\r", "\r\r\n", "\u2028", "\u2029", "\x85", "\r\x00\n"]
COMBINING = [
    "e\u0301",
    "\u0301",
    "A\u030a",
    "\u1100\u1161\u11a8",
    "가\u11a8",
    "\u0344",
    "\u212b",
    "\u037e",
    "\u0387",
    "\u0897",
]
COMBINING += [
    "\u0f71\u0f72",
    "q\u0323\u0307",
    "q\u0307\u0323",
    "\ufb1d",
    "Ã\u0303",
    "\u3099",
    "か\u3099",
    "\U00011930",
]
DAMAGED = st.builds(
    lambda text, codec, twice: (
        twice(twice(text, codec), "windows-1252") if codec == "cp437" else twice(text, codec)
    ),
    st.text("éàüßñçøÅõ“”’–€ščžłДмтаАбвяاليةבה中文日本語ﬁ😀\xa0 a", min_size=1, max_size=6),
    st.sampled_from(CHARMAP_ENCODINGS),
    st.just(lambda text, codec: text.encode("utf-8").decode(codec, "replace")),
)
PIECES = st.one_of(
    DAMAGED,
    st.sampled_from(WORDS),
    st.sampled_from([*ENTITIES, *ESCAPES, "<", "&", ";", "#", " ", "Ã ", "a Ã ", "é” "]),
    st.sampled_from([*CONTROLS, *BREAKS]),
    st.sampled_from([*FORMS_OF_WIDTH, *LIGATURES, *QUOTES, *COMBINING]),
    st.sampled_from(SUSPICIOUS),
    st.characters(exclude_categories=["Cs"]),
)
TEXTS = st.lists(PIECES, max_size=8).map("".join)
CONFIGS = st.builds(
    ftfy.TextFixerConfig,
    unescape_html=st.sampled_from(["auto", True, False]),
    **{name: st.booleans() for name in ftfy.TextFixerConfig._fields[1:13]},
    normalization=st.sampled_from([*FORMS, None]),
    max_decode_length=st.sampled_from([1, 3, 10, 1_000_000, 1_000_000, 1_000_000]),
    explain=st.booleans(),
)
# a repair's options: everything but what ftfy's cutting and explaining is told
OPTIONS = st.fixed_dictionaries(
    {},
    optional={
        "unescape_html": st.sampled_from(["auto", True, False]),
        **{name: st.booleans() for name in ftfy.TextFixerConfig._fields[1:13]},
        "normalization": st.sampled_from([*FORMS, "none"]),
    },
)


@given(st.lists(st.none() | TEXTS, max_size=30), st.just(DEFAULT) | st.just(NEWS) | CONFIGS)
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


def changed(**parts: Any) -> Callable[[Gate], Gate]:
    """A gate with other parts."""
    return lambda ask: ask._replace(**parts)


def without(kind: int, characters: Iterable[str] = CHARACTERS) -> Callable[[Gate], Gate]:
    """A gate to which none of the characters is of a kind."""

    def broken(ask: Gate) -> Gate:
        kinds = ask.kinds.copy()
        kinds[[ord(c) for c in characters]] &= 0xFF ^ kind
        return ask._replace(kinds=kinds)

    return broken


# Each entry: how the gate is broken, and a text and configuration that must notice.
MUTANTS: list[tuple[Callable[[Gate], Gate], str, dict[str, Any]]] = [
    (changed(entities=False), "Fish &amp; chips", {}),
    (changed(mojibake=False), "The cafÃ© opens", {}),
    (changed(longest=1_000_000), "ab\r\ncd", {"max_decode_length": 3}),
    (without(BEYOND, "\x93"), "a\x93b", {"fix_encoding": False}),
    (without(BEYOND, "\x1b"), "\x1b[1mred", {}),
    (without(QUOTE), "“so”", {}),
    (changed(quotes={"“": '"'}), "“so”", {}),
    (without(REPLACED), "ﬁsh", {}),
    (without(REPLACED, "\x00"), "a\x00b", {}),
    (without(REPLACED, "\x7f"), "a\x7fb", {}),
    (without(REPLACED, "\r"), "a\rb", {}),
    (lambda ask: ask._replace(table={c: new for c, new in ask.table.items() if c != "\r\n"}), "a\r\nb", {}),
    (without(COMPOSING), "cafe\u0301", {}),
    (without(COMPOSING, "\u1161\u11ab"), "\u1112\u1161\u11ab", {}),
    (without(COMPOSING, "…"), "wait…", {"normalization": "NFKC"}),
    (changed(form=None), "cafe\u0301", {}),
    (changed(form="NFC"), "café", {"normalization": "NFD"}),
]


@pytest.mark.parametrize(("broken", "text", "overrides"), MUTANTS)
def test_mutants_of_the_gate_die(
    monkeypatch: pytest.MonkeyPatch, broken: Callable[[Gate], Gate], text: str, overrides: dict[str, Any]
) -> None:
    """No part of the gate is idle: break it, and a text comes out otherwise than ftfy has it."""
    config = DEFAULT._replace(**overrides)
    assert columnar([text], config) == ftfy_row_by_row([text], config)
    monkeypatch.setattr(module, "gate", lambda config: broken(gate(config)))
    assert columnar([text], config) != ftfy_row_by_row([text], config)


@pytest.mark.parametrize(
    ("text", "overrides"),
    [
        ("Fish ＆amp; chips", {}),
        ("cafÃ\x00© bar", {}),
        ("Fish &amp\u037e chips", {}),
        ("ŉ", {"fix_latin_ligatures": False, "normalization": "NFKC"}),
    ],
)
def test_mutant_that_looks_only_once_dies(
    monkeypatch: pytest.MonkeyPatch, text: str, overrides: dict[str, Any]
) -> None:
    """What mending makes of a text must be looked at again."""
    config = DEFAULT._replace(**overrides)
    looks = itertools.count()
    monkeypatch.setattr(
        module, "look", lambda text, ask: look(text, ask) & (COMPOSING if next(looks) else 0xFF)
    )
    assert columnar([text], config) != ftfy_row_by_row([text], config)


NOTHING: Any = re.compile(r"(?!)")
NO_BYTES: Any = re.compile(rb"(?!)")


@pytest.mark.parametrize(
    ("name", "broken", "text"),
    [
        ("HTML_ENTITY_RE", NOTHING, "&EACUTE;\x80"),
        ("is_bad", lambda _: True, "…ß\x1b[0m"),
        ("CHARMAP_ENCODINGS", ["sloppy-windows-1252", "latin-1"], "‚Ç¨"),
        ("CHARMAP_ENCODINGS", ftfy.chardata.CHARMAP_ENCODINGS[::-1], "Ã§"),
        ("ALTERED_UTF8_RE", NO_BYTES, "Ã quele"),
        ("LOSSY_UTF8_RE", NO_BYTES, "â”œâ•\ufffd"),
        ("UTF8_DETECTOR_RE", NOTHING, "Â\x85Müller"),
    ],
)
def test_mutants_that_read_otherwise_die(
    monkeypatch: pytest.MonkeyPatch, name: str, broken: Any, text: str
) -> None:
    """Where a line is read in another charset without ftfy, all that ftfy would ask is asked."""
    assert columnar([text], DEFAULT) == ftfy_row_by_row([text], DEFAULT)
    monkeypatch.setattr(module, name, broken)
    assert columnar([text], DEFAULT) != ftfy_row_by_row([text], DEFAULT)


def test_mutant_of_the_segments_dies(monkeypatch: pytest.MonkeyPatch) -> None:
    """A long text that is cut, but not watched for markup, comes out otherwise than ftfy has it."""
    text, config = "<b>\n&amp;", DEFAULT._replace(max_decode_length=5)
    assert columnar([text], config) == ftfy_row_by_row([text], config)
    monkeypatch.setattr(module, "_segments", lambda text, _: (text.splitlines(keepends=True), len(text)))
    assert columnar([text], config) != ftfy_row_by_row([text], config)


def test_mutant_that_normalises_with_polars_dies(monkeypatch: pytest.MonkeyPatch) -> None:
    """Characters that polars knows and Python does not (or the other way round) are normalised as Python does."""
    candidates = [f"a{c}\u0323" for c in CHARACTERS[:0x20000] if unicodedata.category(c) == "Cn"]
    by_polars = pl.Series(candidates).str.normalize("NFC").to_list()
    differing = [
        a for a, b in zip(candidates, by_polars, strict=True) if unicodedata.normalize("NFC", a) != b
    ]
    if not differing:
        pytest.skip("polars and Python are of one version of Unicode")
    assert columnar(differing, DEFAULT) == ftfy_row_by_row(differing, DEFAULT)

    class Polars:
        @staticmethod
        def normalize(form: Form, text: str) -> str:
            return pl.Series([text]).str.normalize(form)[0]

    monkeypatch.setattr(module, "unicodedata", Polars)
    assert columnar(differing, DEFAULT) != ftfy_row_by_row(differing, DEFAULT)


@given(st.lists(TEXTS, max_size=30), CONFIGS)
def test_a_look_finds_what_is_there(texts: list[str], config: ftfy.TextFixerConfig) -> None:
    """Each kind of character, stray white space, and all that only ftfy can judge."""
    ask = gate(config)
    for text, found in zip(texts, look(pl.Series(texts, dtype=pl.String), ask).tolist(), strict=True):
        assert bool(found & QUOTE) == any(c in ask.quotes for c in text)
        assert bool(found & REPLACED) == any(c in ask.table and c not in ask.quotes for c in text)
        assert bool(found & COMPOSING) == any(ask.form is not None and c in composing(ask.form) for c in text)
        assert bool(found & OTHER_SPACE) == bool(re.search(r"[^\S ]", text))
        assert bool(found & STRAY) == (squeezed(text) != text)
        judged = (
            (config.fix_encoding and any(map(BADNESS_RE.search, text.split("\n"))))
            or (config.unescape_html and re.search(r"&#?[0-9A-Za-z]{1,24};", text))
            or ((config.fix_encoding or config.fix_c1_controls) and re.search(r"[\x80-\x9f]", text))
            or (config.remove_terminal_escapes and "\x1b" in text)
            or len(text) > config.max_decode_length
        )
        assert found & BEYOND or not judged


def squeezed(text: str) -> str:
    """A text without stray white space."""
    text = re.sub(SEPARATORS, " ", text)
    return re.sub(r"\s{2,}|[\t\f\n\r\x85\u2028\u2029]", " ", text).strip()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("sound", 0),
        ("so und", 0),
        (" sound", STRAY),
        ("sound ", STRAY),
        ("so  und", STRAY),
        ("\tsound", STRAY | OTHER_SPACE),
        ("sound\n", STRAY | OTHER_SPACE),
        ("so\nund", STRAY | OTHER_SPACE),
        ("so\fund", SPACE | STRAY | OTHER_SPACE),
        ("so\xa0und", SPACE | OTHER_SPACE),
        ("so\xa0 und", SPACE | STRAY | OTHER_SPACE),
        ("so \u3000und", SPACE | STRAY | OTHER_SPACE),
        ("\xa0sound", SPACE | STRAY | OTHER_SPACE),
        ("sound\xa0", SPACE | STRAY | OTHER_SPACE),
        ("é\u2028é", SPACE | STRAY | OTHER_SPACE),
    ],
)
def test_stray_white_space_is_found(text: str, found: int) -> None:
    """Where it is, and where white space is not stray."""
    assert look(pl.Series([text]), gate(NEWS._replace(fix_line_breaks=False))).tolist() == [found]


@pytest.mark.parametrize(
    "entity", ["&a;", "&#" + 21 * "0" + "233;", "&" + 24 * "Z" + ";", "&#x2019;", "&;&09;"]
)
@pytest.mark.parametrize("context", ["{}", "a{}b", "é {}", "& {} ;"])
def test_what_may_be_an_entity_goes_to_ftfy(entity: str, context: str) -> None:
    """Up to the longest that ftfy looks for."""
    text = context.format(entity)
    assert look(pl.Series([text]), gate(DEFAULT))[0] & BEYOND
    assert columnar([text], DEFAULT) == ftfy_row_by_row([text], DEFAULT)


@pytest.mark.parametrize(
    "text", ["Fish & chips; salt", "&amp", "&a b;", "&" + 26 * "a" + ";", "&é;", "AT&T", ";"]
)
def test_an_ampersand_is_no_entity(text: str) -> None:
    """Only what may be an entity goes to ftfy."""
    assert not look(pl.Series([text]), gate(DEFAULT))[0] & BEYOND


@pytest.mark.parametrize(("text", "cut"), [("abc", False), ("abcd", True), ("éé", False), ("éééé", True)])
def test_what_ftfy_would_cut_goes_to_ftfy(text: str, cut: bool) -> None:
    """A text of more characters than ftfy takes at once, not of more bytes."""
    found = look(pl.Series([text]), gate(DEFAULT._replace(max_decode_length=3)))
    assert bool(found[0] & BEYOND) == cut


def test_usual_characters_are_of_no_kind() -> None:
    """What the quick half of a look takes for usual needs no other: but for white space, it is of no kind."""
    for fixes in itertools.product([False, True], repeat=len(CHARACTER_FIXES)):
        for form in (*FORMS, None):
            overrides = dict(zip(CHARACTER_FIXES, fixes, strict=True))
            kinds = gate(DEFAULT._replace(normalization=form, **overrides)).kinds
            assert not kinds[0x21:0x7F].any()
            assert kinds[[ord(" "), ord("\t"), ord("\n")]].tolist() == [
                SPACE,
                SPACE | STRAY | OTHER_SPACE,
                SPACE | STRAY | OTHER_SPACE,
            ]


def test_a_straight_quote_makes_nothing_bad() -> None:
    """In any context of two characters, a curly quote is at least as bad as the straight one that it becomes."""
    bits = badness()
    _, firsts = np.unique(bits.classes, return_index=True)
    context = [chr(code) for code in firsts] + ["a", " ", "&", ";"]
    quotes = gate(DEFAULT).quotes
    assert set("‘’“”") < set(quotes)
    for before, (curly, straight), after in itertools.product(context, quotes.items(), context):
        if BADNESS_RE.search(f"{before}{straight}{after}"):
            assert BADNESS_RE.search(f"{before}{curly}{after}")


def test_the_character_table_is_whole() -> None:
    """It is what the fixes make of each character, and they touch nothing outside the part that is asked."""

    def fixed(text: str) -> str:
        for name in CHARACTER_FIXES:
            text = ftfy.FIXERS[name](text)
        return text

    table, changed = character_table(CHARACTER_FIXES)
    assert all(fixed(old) == new for old, new in table.items())
    assert {c for characters in changed.values() for c in characters} == set(table)
    others = "".join(c for c in CHARACTERS if c not in table)
    assert fixed(others) == others
    assert table["\r\n"] == "\n"


@pytest.mark.parametrize("form", FORMS)
def test_composing_characters_are_all_found(form: Form) -> None:
    """Every character of Unicode that fails the quick check, or has a combining class, is among them."""
    assert all(
        unicodedata.is_normalized(form, c) and not unicodedata.combining(c)
        for c in set(CHARACTERS) - composing(form)
    )


@given(
    st.text(st.sampled_from(SUSPICIOUS) | st.characters(exclude_categories=["Cs"])), st.sampled_from(FORMS)
)
def test_text_without_composing_characters_is_normal(text: str, form: Form) -> None:
    """Normalisation leaves a text alone that holds none of them."""
    text = "".join(c for c in text if c not in composing(form))
    assert unicodedata.normalize(form, text) == text


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


@pytest.mark.parametrize("case", CASES, ids=[case["shows"] for case in CASES])
def test_cases(case: dict[str, Any]) -> None:
    """Before and after, with the names of the fixes, under the settings for news."""
    text, fixes = repair(pl.Series([case["before"]]), **case.get("options", {}))
    assert text.to_list() == [case["after"]]
    assert fixes.to_list() == [case["fixes"]]


@given(st.lists(st.none() | TEXTS, max_size=20), OPTIONS)
def test_repair_names_what_it_did(texts: list[str | None], options: Options) -> None:
    """A text has fixes if, and only if, it changed; each is named once."""
    text, fixes = repair(pl.Series(texts, dtype=pl.String), **options)
    for old, new, names in zip(texts, text.to_list(), fixes.to_list(), strict=True):
        assert (names is None) == (old == new)
        assert names is None or (names and len(set(names)) == len(names))
        assert all(re.fullmatch("[a-z0-9_]+", name) for name in names or ())


def explained(text: str, config: ftfy.TextFixerConfig) -> tuple[str, list[str]]:
    """What ftfy makes of a text, and what it says about each line that it changes, in the words of `repair`."""
    fixed, names = [], []
    for line in re.findall(r"[^\n]*\n|[^\n]+", text):
        if config.unescape_html == "auto" and "<" in line:
            config = config._replace(unescape_html=False)
        new, steps = ftfy.fix_and_explain(line, config)
        fixed.append(new)
        encoded = ""
        for action, parameter in steps if new != line else ():
            if action == "encode":
                encoded = parameter
            elif action == "decode":
                name = f"redecode_{encoded}_as_{parameter}".replace("sloppy-", "")
                names.append(name.replace("-", "_").lower())
            else:
                names.append(f"normalize_{parameter.lower()}" if action == "normalize" else parameter)
    return "".join(fixed), names


def repaired(text: str, config: ftfy.TextFixerConfig) -> tuple[str, list[str] | None]:
    """What `repair` must come to: ftfy and white space by turns, and the names of what was done."""
    old, new = text, ""
    names: list[str] = []
    spaced = False
    for _ in range(ROUNDS):
        parted = re.sub(SEPARATORS, " ", old)
        fixed, done = explained(parted, config)
        new = re.sub(r"\s{2,}|[\t\v\f\n\r\x85\u2028\u2029]", " ", fixed).strip()
        names += done
        spaced |= parted != old or new != fixed
        if new == old:
            break
        old = new
    return new, None if new == text else [*dict.fromkeys(names + ["normalize_white_space"] * spaced)]


@given(st.lists(st.none() | TEXTS, max_size=20), OPTIONS)
@example(["Â\xa0\x81"], {})  # a step of ftfy's that comes to nothing is named all the same
@example(["\r\nﬁ"], {})  # one line after the other
@example(["so \xed\xa0\xbd\xed\xb8\x8d"], {})  # a variant of UTF-8
@example([" Ã la"], {})  # bad only when the space before it is gone
def test_repair_equals_ftfy_and_white_space_by_turns(texts: list[str | None], options: Options) -> None:
    """The texts, and the names of the fixes, are those of ftfy row by row."""
    config = NEWS._replace(**{name: None if value == "none" else value for name, value in options.items()})
    text, fixes = repair(pl.Series(texts, dtype=pl.String), **options)
    expected = [(None, None) if text is None else repaired(text, config) for text in texts]
    assert [*zip(text.to_list(), fixes.to_list(), strict=True)] == expected


@given(st.lists(st.none() | TEXTS, max_size=20), OPTIONS)
def test_repair_leaves_no_stray_white_space(texts: list[str | None], options: Options) -> None:
    """No white space around a text, no two in a row, no tab and no line break within; null stays null."""
    text, _ = repair(pl.Series(texts, dtype=pl.String), **options)
    for old, new in zip(texts, text.to_list(), strict=True):
        assert (old is None) == (new is None)
        assert new is None or not re.search(r"^\s|\s$|\s\s|[\t\v\f\n\r\x85\u2028\u2029]", new)


@given(st.lists(st.none() | TEXTS, max_size=20), OPTIONS)
def test_repair_twice_is_repair_once(texts: list[str | None], options: Options) -> None:
    """What repair leaves, it would leave again."""
    once, _ = repair(pl.Series(texts, dtype=pl.String), **options)
    twice, fixes = repair(once, **options)
    assert twice.to_list() == once.to_list()
    assert fixes.null_count() == len(texts)


def paragraphs(*texts: str) -> pl.DataFrame:
    """A frame of one document."""
    frame = to_paragraphs(
        pl.DataFrame(
            {"document_id": ["a"], "text": ["x"], "source": [None], "title": [None], "language": [None]}
        )
    )
    return pl.concat([frame.with_columns(pl.lit(text).alias("text")) for text in texts])


def test_encoding_fills_before_and_fixes() -> None:
    """A repaired row says what it was and what was done; white space alone is no repair; an empty row stays."""
    frame = encoding(paragraphs("The cafÃ© is open", "two  spaces", "\ufeff", "sound"))
    assert frame.select("text", "before", "fixes").rows() == [
        ("The café is open", "The cafÃ© is open", ["redecode_latin_1_as_utf_8"]),
        ("two spaces", None, None),
        ("", "\ufeff", ["remove_control_chars"]),
        ("sound", None, None),
    ]


def test_encoding_leaves_removed_rows() -> None:
    """A row that an earlier cleaner removed is not repaired."""
    frame = paragraphs("cafÃ©", "cafÃ©").with_columns(reason=pl.Series(["boilerplate", None]))
    assert encoding(frame).get_column("text").to_list() == ["cafÃ©", "café"]


def test_options_are_the_settings() -> None:
    """The options are the keys of the table in the settings, and so are their defaults."""
    table = Encoding().model_dump(exclude={"enabled", "source_history"})
    assert set(table) == set(Options.__annotations__)
    assert {name: getattr(NEWS, name) for name in table} == table


def test_an_unknown_option_is_refused() -> None:
    """A misspelt option is an error, not a default."""
    with pytest.raises(ValueError, match="uncurl"):
        repair(pl.Series(["sound"]), uncurl=True)  # type: ignore[call-arg]


@pytest.mark.shared
@pytest.mark.parametrize("config", [DEFAULT, NEWS, NEWS._replace(normalization="NFKC", fix_encoding=False)])
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
