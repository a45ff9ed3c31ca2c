"""Phrases made ready to be found in many lines."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import polars as pl

from cleaners.phrases.candidates import WINDOW, Sought, seek
from cleaners.phrases.folding import fold, strip_end
from cleaners.phrases.phrase import Phrase
from cleaners.phrases.regexes import beginnings

_UNSPACED_LAST: Final = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]$"
)
# and any other escape, so that the second half of one is not taken for a boundary
_WORD_BOUNDARY: Final = re.compile(r"\\(?:(b)(?![?*+{])|.)", re.DOTALL)


class Regexes(NamedTuple):
    """Regular expressions that are tried together."""

    candidates: str  # the lines that may match one: a column of `phrases.candidates.candidates`
    patterns: tuple[str, ...]
    numbers: tuple[int, ...]  # of their phrases


@dataclass(frozen=True)
class Tables:
    """Phrases made ready for finding."""

    phrases: tuple[Phrase, ...]
    lines: pl.DataFrame  # wording, phrase
    start: dict[str, list[int]]  # wording that a line begins with -> phrases
    anywhere: dict[str, list[int]]  # wording that a line holds -> phrases
    by_prefix: tuple[pl.DataFrame, ...]  # prefix, wording of those that begin lines; a table for each length
    words_within: pl.Series  # the longest word of those within lines
    sought: Sought  # all of them, for a first look
    regexes: tuple[Regexes, ...]
    about: pl.DataFrame  # phrase, wanted (source), action, rule, only_at_end


@functools.lru_cache(maxsize=16)
def make_tables(phrases: tuple[Phrase, ...]) -> Tables:
    """The tables of the phrases, made once and kept."""
    start, anywhere = (_by_wording(phrases, match) for match in ("start", "anywhere"))
    regexes: dict[bool, list[tuple[str, int]]] = {True: [], False: []}
    for number, phrase in enumerate(phrases):
        for text in phrase.texts if phrase.match == "regex" else ():
            # together those that begin at the start of the line are quickly done with a line, and the others are not
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
        seek(
            lines.get_column("wording").to_list(),
            list(start),
            first_letters,
            # of what is no word other characters may have been made
            [
                *(word if word.isalnum() else "" for word in words_within),
                *(text[:WINDOW] for text in first_characters),
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


def _wordings(phrases: Sequence[Phrase], match: str) -> pl.DataFrame:
    """(wording, phrase) of the phrases that match so, folded; none is empty."""
    rows = [(text, number) for number, p in enumerate(phrases) if p.match == match for text in p.texts]
    found = pl.DataFrame(rows, schema={"wording": pl.String, "phrase": pl.UInt32}, orient="row")
    return found.with_columns(fold(found.get_column("wording"))).filter(pl.col("wording") != "")


def _by_wording(phrases: Sequence[Phrase], match: str) -> dict[str, list[int]]:
    """Of each wording of the phrases that match so, in their order, the phrases."""
    found = _wordings(phrases, match).group_by("wording", maintain_order=True).agg("phrase")
    return dict(found.iter_rows())


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


@functools.lru_cache(maxsize=16)
def any_of(patterns: tuple[str, ...]) -> str | None:
    """A quick pattern that matches at least where one of these does; None if there is none."""
    # the boundaries of words make the engine slow, and without them there are few matches more
    joined = "|".join(f"(?:{_WORD_BOUNDARY.sub(_without_boundary, pattern)})" for pattern in patterns)
    try:
        pl.Series([""]).str.contains(joined)
    except pl.exceptions.ComputeError:
        return None
    return joined


def _without_boundary(escape: re.Match[str]) -> str:
    return "" if escape[1] else escape[0]


def _by_prefix(wordings: Iterable[str]) -> tuple[pl.DataFrame, ...]:
    """Each wording by its first letters: 8, or of a shorter one 4, 2 or 1; a table for each length."""
    groups: dict[int, list[tuple[str, str]]] = {}
    for wording in wordings:
        length = next(n for n in (8, 4, 2, 1) if n <= len(wording))
        groups.setdefault(length, []).append((wording[:length], wording))
    schema = {"prefix": pl.String, "wording": pl.String}
    return tuple(pl.DataFrame(group, schema=schema, orient="row") for group in groups.values())
