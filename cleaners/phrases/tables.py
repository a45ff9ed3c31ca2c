"""Lookup tables of phrases, for the search in many lines."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

import polars as pl

from cleaners.derived import derived
from cleaners.phrases.candidates import MAX_WINDOW, Prefilter, make_prefilter
from cleaners.phrases.folding import fold, strip_end
from cleaners.phrases.phrase import Phrase
from cleaners.phrases.regexes import beginnings
from cleaners.text.scripts import is_unspaced

#: The tables of fewer phrases are sooner made than read.
MANY_PHRASES: Final = 500

# matches every escape, so that the second half of `\\` is not taken for the start of a boundary
_WORD_BOUNDARY: Final = re.compile(r"\\(?:(b)(?![?*+{])|.)", re.DOTALL)


class Regexes(NamedTuple):
    """Regular expressions that are tried on the same candidates."""

    candidates: str  # the column of `candidates()` with the lines that may match one
    patterns: tuple[str, ...]
    numbers: tuple[int, ...]  # of their phrases


@dataclass(frozen=True)
class Tables:
    """Phrases in the forms in which the search needs them."""

    phrases: tuple[Phrase, ...]
    lines: pl.DataFrame  # wording, phrase
    start: dict[str, list[int]]  # wording that a line begins with, also before names -> phrases
    anywhere: dict[str, list[int]]  # wording that a line holds, also after names -> phrases
    by_prefix: tuple[pl.DataFrame, ...]  # prefix, wording (of `start`); a table for each length of prefix
    words_within: pl.Series  # the longest word of each wording of `anywhere`
    prefilter: Prefilter  # for all of them
    regexes: tuple[Regexes, ...]
    about: pl.DataFrame  # phrase, wanted (source), action, rule, only_at_end


@functools.lru_cache(maxsize=16)
def make_tables(phrases: tuple[Phrase, ...]) -> Tables:
    """The tables for the phrases, kept in memory and, of many phrases, on disk, because making them is slow."""
    if len(phrases) < MANY_PHRASES:
        return _make_tables(phrases)
    content = "\0".join(
        "\1".join((*p.texts, p.rule, p.action, p.match, p.where, f"{p.source}")) for p in phrases
    )
    kept = derived("phrase-tables", content, lambda: replace(_make_tables(phrases), phrases=()))
    return replace(kept, phrases=phrases)


def _make_tables(phrases: tuple[Phrase, ...]) -> Tables:
    start = _by_wording(phrases, "start", "before_names")
    anywhere = _by_wording(phrases, "anywhere", "after_names")
    regexes: dict[bool, list[tuple[str, int]]] = {True: [], False: []}
    for number, phrase in enumerate(phrases):
        for text in phrase.texts if phrase.match == "regex" else ():
            # a separate group, because patterns anchored at the start of the line reject a line quickly
            regexes[text.startswith("^")].append((text, number))
    lines = (
        _wordings(phrases, "line")
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
    words_within = sorted({_longest_word(wording) for wording in anywhere})
    first_letters, first_characters = (
        sorted({text for regex, _ in regexes[letters] for text in beginnings(regex, letters=letters)})
        for letters in (True, False)
    )
    return Tables(
        phrases,
        lines,
        start,
        anywhere,
        _by_prefix(start),
        pl.Series(words_within, dtype=pl.String),
        make_prefilter(
            lines.get_column("wording").to_list(),
            list(start),
            first_letters,
            # folding may have changed the characters of what is not a word
            [
                *(word if word.isalnum() else "" for word in words_within),
                *(text[:MAX_WINDOW] for text in first_characters),
            ],
        ),
        tuple(
            Regexes(
                "starts_regex" if at_start else "holds",
                tuple(f"(?i){regex}" for regex, _ in group),
                tuple(number for _, number in group),
            )
            for at_start, group in regexes.items()
            if group
        ),
        about,
    )


def _wordings(phrases: Sequence[Phrase], *match: str) -> pl.DataFrame:
    """(wording, phrase) of the phrases with one of these `match`; wordings are folded and never empty."""
    rows = [(text, number) for number, p in enumerate(phrases) if p.match in match for text in p.texts]
    found = pl.DataFrame(rows, schema={"wording": pl.String, "phrase": pl.UInt32}, orient="row")
    return found.with_columns(fold(found.get_column("wording"))).filter(pl.col("wording") != "")


def _by_wording(phrases: Sequence[Phrase], *match: str) -> dict[str, list[int]]:
    """The phrases (in order) of each wording, for the phrases with one of these `match`."""
    found = _wordings(phrases, *match).group_by("wording", maintain_order=True).agg("phrase")
    return dict(found.iter_rows())


@functools.lru_cache(maxsize=4096)
def whole_words(wording: str) -> re.Pattern[str]:
    """A pattern for the wording that does not begin or end within a word."""
    after = "" if is_unspaced(wording[-1]) or not wording[-1].isalnum() else r"(?!\w)"
    before = "" if is_unspaced(wording[0]) or not wording[0].isalnum() else r"(?<!\w)"
    return re.compile(before + re.escape(wording) + after)


def _longest_word(wording: str) -> str:
    """The word likely to be rarest, judged by its length in bytes: two Chinese characters are rarer than "ai"."""
    found: list[str] = re.findall(r"[^\W_]+", wording)
    return max(found, key=lambda word: len(word.encode()), default=wording)


@functools.lru_cache(maxsize=16)
def any_of(patterns: tuple[str, ...]) -> str | None:
    """A fast pattern that matches wherever one of these does, and maybe elsewhere; None if it does not compile."""
    # word boundaries slow the engine down, and dropping them adds few matches
    joined = "|".join(f"(?:{_WORD_BOUNDARY.sub(_without_boundary, pattern)})" for pattern in patterns)
    try:
        pl.Series([""]).str.contains(joined)
    except pl.exceptions.ComputeError:
        return None
    return joined


def _without_boundary(escape: re.Match[str]) -> str:
    return "" if escape[1] else escape[0]


def _by_prefix(wordings: Iterable[str]) -> tuple[pl.DataFrame, ...]:
    """Tables (prefix, wording), one for each length of prefix: 8 characters, or 4, 2 or 1 for shorter wordings."""
    groups: dict[int, list[tuple[str, str]]] = {}
    for wording in wordings:
        length = next(n for n in (8, 4, 2, 1) if n <= len(wording))
        groups.setdefault(length, []).append((wording[:length], wording))
    schema = {"prefix": pl.String, "wording": pl.String}
    return tuple(pl.DataFrame(group, schema=schema, orient="row") for group in groups.values())
