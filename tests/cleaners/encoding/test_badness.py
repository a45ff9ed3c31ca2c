"""The search for mojibake against ftfy's own pattern, and mutants of it."""

from __future__ import annotations

import itertools
import random
import re
import types
from typing import Any

import ftfy
import numpy as np
import polars as pl
import pytest
from ftfy.badness import BADNESS_RE

from cleaners.encoding import badness as module
from cleaners.encoding import scan as scan_module
from cleaners.encoding.badness import LATIN_1, MAX_ASCII_PREFIX, alphabet, badness, bits_of, search, sequences
from cleaners.encoding.gate import NEEDS_FTFY, gate
from cleaners.encoding.scan import scan
from cleaners.text.white_space import WHITE_SPACE

ASCII = LATIN_1[:0x80]
NAMED = sorted(alphabet(BADNESS_RE.pattern))
GATE = gate(ftfy.TextFixerConfig(unescape_html=False, remove_terminal_escapes=False))


def seen(texts: list[str]) -> list[bool]:
    """Whether a scan finds mojibake in each text."""
    return (scan(pl.Series(texts), GATE) & NEEDS_FTFY > 0).tolist()


def bad(text: str) -> bool:
    """Whether ftfy does, which looks at each line by itself."""
    return any(map(BADNESS_RE.search, re.findall(r"[^\n]*\n|[^\n]+", text)))


def one_of_each_class() -> list[str]:
    """A character of each class; none is a line feed."""
    by_class = {badness().classes[ord(c)]: c for c in NAMED if c != "\n"}
    assert len(by_class) == len(badness().fits)
    return [*by_class.values()]


@pytest.mark.parametrize("context", ["{}", "at{}", "a {}b", "ж{}я", "{}é{}"])
def test_every_pair_that_is_bad_is_found(context: str) -> None:
    """And no other: every pair of the characters that the pattern names, alone and in a context."""
    pairs = map("".join, itertools.product((c for c in NAMED if c != "\n"), repeat=2))
    probes = [context.format(pair, pair) for pair in pairs]
    assert [p for p, found in zip(probes, seen(probes), strict=True) if found != bad(p)] == []


def test_every_triple_that_is_bad_is_found() -> None:
    """And no other: all triples of characters of different classes."""
    probes = ["".join(triple) for triple in itertools.product(one_of_each_class(), repeat=3)]
    assert [p for p, found in zip(probes, seen(probes), strict=True) if found != bad(p)] == []


def test_all_that_is_bad_is_found_in_longer_texts() -> None:
    """In random runs of characters, named by the pattern or not, over several lines."""
    rng = random.Random(7)
    characters = [*one_of_each_class(), *"aZ0_ .?\n\n\x1c\u3000жя中²"]
    probes = ["".join(rng.choices(characters, k=rng.randint(4, 9))) for _ in range(60_000)]
    probes += ["".join(rng.choices("ØÙ–´µaÃÂ \u2003ГўВЂВ", k=7)) for _ in range(30_000)]
    assert [p for p, found in zip(probes, seen(probes), strict=True) if bad(p) and not found] == []


def test_each_sequence_holds_a_character_beyond_ascii_early() -> None:
    """And goes on after it: the search begins at the pair, and looks back as far as ASCII may stand before it."""
    leads = []
    for sequence in sequences(BADNESS_RE.pattern):
        classes = [one for one in sequence if one != "^"]
        beyond = [not re.findall(one, ASCII) for one in classes]
        leads.append(beyond.index(True))
        # a control of C1 is bad by itself, and the scan finds it
        assert len(classes) > leads[-1] + 1 or classes == ["[\x80-\x9f]"]
    assert max(leads) == MAX_ASCII_PREFIX


# Each entry: a part of the pattern, what it is broken to, and a probe that must notice.
MUTANTS = [
    (r"\s", "[ ]", "\x1cÑ€"),
    (r"\w", "[0-9A-Za-z_]", "é”ж"),
    ("^[ÃÂ][ ]", "[ÃÂ][ ]{2}", "Â la"),
    ("^[ÃÂ][ ]", "[ÃÂ][ ]{2}", "All.\nÃ la"),
    (r"[a-z]\s?[ÃÂ][ ]", r"[a-z]\s[ÃÂ][ ]", "aÃ b"),
    (r"[a-z]\s?[ÃÂ][ ]", "[a-z][ÃÂ][ ]", "a\u2003Ã b"),
    ("вЂ", "вв", "вЂ"),
]


@pytest.mark.parametrize(("part", "broken", "probe"), MUTANTS)
def test_mutants_of_the_pattern_die(
    monkeypatch: pytest.MonkeyPatch, part: str, broken: str, probe: str
) -> None:
    """Every part of the pattern counts: without it, lines would be overlooked that are bad to ftfy."""
    assert bad(probe)
    assert seen([probe]) == [True]
    bits = bits_of(BADNESS_RE.pattern.replace(part, broken))
    monkeypatch.setattr(scan_module, "badness", lambda: bits)
    assert seen([probe]) == [False]


def test_mutant_without_pairs_dies(monkeypatch: pytest.MonkeyPatch) -> None:
    """The search begins where two characters may be in one sequence."""
    bits = badness()
    monkeypatch.setattr(scan_module, "badness", lambda: bits._replace(pairs=np.zeros_like(bits.pairs)))
    assert seen(["cafÃ©"]) == [False]


def found_at(text: str, character: str, **broken: Any) -> bool:
    """What a search at a character finds, where the module's constants are broken."""
    globals_ = {**vars(module), **broken}
    python = types.FunctionType(search.function.__code__, globals_)  # type: ignore[attr-defined]
    data = np.frombuffer(text.encode(), np.uint8)
    at = len(text[: text.index(character)].encode())
    bits = badness()
    return bool(python(data, at, 0, len(data), bits.classes, bits.fits, bits.bounds)[0])


def test_mutants_that_look_back_less_die() -> None:
    """A sequence may begin before the character at which the search does."""
    assert found_at("a Ã b", "Ã")
    assert not found_at("a Ã b", "Ã", MAX_ASCII_PREFIX=MAX_ASCII_PREFIX - 1)


def test_what_the_pattern_names_is_known() -> None:
    """White space and ranges too, and a character for all others that each class holds which is not a list."""
    assert {*WHITE_SPACE, *"àñÿ═╬αω", module.OTHER} <= set(NAMED)
    assert re.findall(r"\w[^A-Za-z]", module.OTHER * 2)
