"""No part of the gate is idle: each mutant of it gives another text than ftfy."""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Callable, Iterable
from typing import Any

import ftfy
import polars as pl
import pytest

from cleaners.encoding import columnar_ftfy as module
from cleaners.encoding.gate import COMPOSING, NEEDS_FTFY, QUOTE, REPLACED, Form, Gate, gate
from cleaners.encoding.scan import scan

from .damaged_texts import CHARACTERS, DEFAULT, changed, columnar, ftfy_row_by_row


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
    (without(NEEDS_FTFY, "\x93"), "a\x93b", {"fix_encoding": False}),
    (without(NEEDS_FTFY, "\x1b"), "\x1b[1mred", {}),
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
        module, "scan", lambda text, ask: scan(text, ask) & (COMPOSING if next(looks) else 0xFF)
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

    def by_polars_alone(form: Form, text: str) -> str:
        return pl.Series([text]).str.normalize(form)[0]

    monkeypatch.setattr(module, "normalize", by_polars_alone)
    assert columnar(differing, DEFAULT) != ftfy_row_by_row(differing, DEFAULT)
