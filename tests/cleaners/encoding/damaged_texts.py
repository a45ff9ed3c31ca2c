"""Texts with every kind of damage, and ftfy on each of them, row by row and in columns."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import ftfy
import polars as pl
from ftfy.badness import MOJIBAKE_CATEGORIES
from ftfy.chardata import CHARMAP_ENCODINGS
from hypothesis import strategies as st

from cleaners.encoding.cleaner import MAX_ROUNDS, SEPARATORS, fix_text
from cleaners.encoding.gate import Form, Gate

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


def changed(**parts: Any) -> Callable[[Gate], Gate]:
    """A gate with other parts."""
    return lambda ask: ask._replace(**parts)


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
    for _ in range(MAX_ROUNDS):
        parted = re.sub(SEPARATORS, " ", old)
        fixed, done = explained(parted, config)
        new = re.sub(r"\s{2,}|[\t\v\f\n\r\x85\u2028\u2029]", " ", fixed).strip()
        names += done
        spaced |= parted != old or new != fixed
        if new == old:
            break
        old = new
    return new, None if new == text else [*dict.fromkeys(names + ["normalize_white_space"] * spaced)]
