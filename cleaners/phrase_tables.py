"""Phrases made ready to be found in many lines."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl

from cleaners.phrase_folding import fold, strip_end
from cleaners.phrases import Phrase

#: A line that begins with this many letters of a wording, or with all of a shorter one, is looked at.
PREFIX: Final = 8
_UNSPACED_LAST: Final = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]$"
)
# and any other escape, so that the second half of one is not taken for a boundary
_WORD_BOUNDARY: Final = re.compile(r"\\(?:(b)(?![?*+{])|.)", re.DOTALL)


@dataclass(frozen=True)
class Tables:
    """Phrases made ready for finding."""

    phrases: tuple[Phrase, ...]
    lines: pl.DataFrame  # wording, phrase
    start: dict[str, list[int]]  # wording that a line begins with -> phrases
    anywhere: dict[str, list[int]]  # wording that a line holds -> phrases
    prefixes: tuple[pl.Series, ...]  # the first letters of those that begin lines, a series for each length
    words_within: pl.Series  # the longest word of those within lines
    regexes: tuple[
        tuple[str | None, list[tuple[str, int]]], ...
    ]  # pattern of all of a group -> (pattern, phrase)
    about: pl.DataFrame  # phrase, wanted (source), action, rule, only_at_end


@functools.lru_cache(maxsize=16)
def make_tables(phrases: tuple[Phrase, ...]) -> Tables:
    """The tables of the phrases, made once and kept."""
    rows = [(text, number) for number, phrase in enumerate(phrases) for text in phrase.texts]
    is_line = [phrases[number].match == "line" for _, number in rows]
    folded = fold(pl.Series([text for text, _ in rows], dtype=pl.String)).to_list()
    start: dict[str, list[int]] = {}
    anywhere: dict[str, list[int]] = {}
    regexes: dict[bool, list[tuple[str, int]]] = {}
    for (text, number), wording in zip(rows, folded, strict=True):
        if phrases[number].match == "regex":
            # together those that begin at the start of the line are quickly done with a line, and the others are not
            regexes.setdefault(text.startswith("^"), []).append((f"(?i){text}", number))
        elif phrases[number].match == "start" and wording:
            start.setdefault(wording, []).append(number)
        elif phrases[number].match == "anywhere" and wording:
            anywhere.setdefault(wording, []).append(number)
    lines = (
        pl.DataFrame(
            {"wording": folded, "phrase": [number for _, number in rows], "line": is_line},
            schema={"wording": pl.String, "phrase": pl.UInt32, "line": pl.Boolean},
        )
        .filter("line")
        .select(strip_end(pl.col("wording")), "phrase")
        .filter(pl.col("wording") != "")
        .unique(maintain_order=True)
    )
    about = pl.DataFrame(
        [(n, p.source, p.action, p.rule, p.where == "end") for n, p in enumerate(phrases)],
        schema={
            "phrase": pl.UInt32,
            "wanted": pl.String,
            "action": pl.String,
            "rule": pl.String,
            "only_at_end": pl.Boolean,
        },
        orient="row",
    )
    return Tables(
        phrases,
        lines,
        start,
        anywhere,
        _prefixes(start),
        pl.Series(sorted({_longest_word(w) for w in anywhere}), dtype=pl.String),
        tuple((_any_of([text for text, _ in group]), group) for group in regexes.values()),
        about,
    )


@functools.lru_cache(maxsize=4096)
def whole_words(wording: str) -> re.Pattern[str]:
    """The wording as a pattern that does not begin or end within a word."""
    after = "" if _UNSPACED_LAST.search(wording) or not wording[-1].isalnum() else r"(?!\w)"
    before = "" if _UNSPACED_LAST.search(wording[0]) or not wording[0].isalnum() else r"(?<!\w)"
    return re.compile(before + re.escape(wording) + after)


def _longest_word(wording: str) -> str:
    """The word that the fewest lines hold, by its length in bytes: two letters of Chinese are rarer than "ai"."""
    found: list[str] = re.findall(r"[^\W_]+", wording)
    return max(found, key=lambda word: len(word.encode()), default=wording)


def _any_of(regexes: Sequence[str]) -> str | None:
    """A quick pattern that matches at least where one of the regular expressions does; None if there is none."""
    # the boundaries of words make the engine slow, and without them there are few matches more
    joined = "|".join(f"(?:{_WORD_BOUNDARY.sub(_without_boundary, regex)})" for regex in regexes)
    try:
        pl.Series([""]).str.contains(joined)
    except pl.exceptions.ComputeError:
        return None
    return joined


def _without_boundary(escape: re.Match[str]) -> str:
    return "" if escape[1] else escape[0]


def _prefixes(wordings: Iterable[str]) -> tuple[pl.Series, ...]:
    """The first letters of the wordings: 8, or of shorter ones 4, 2 or 1; a series for each length."""
    prefixes: dict[int, set[str]] = {}
    for wording in wordings:
        length = next(n for n in (PREFIX, 4, 2, 1) if n <= len(wording))
        prefixes.setdefault(length, set()).add(wording[:length])
    return tuple(pl.Series(sorted(group), dtype=pl.String) for group in prefixes.values())
