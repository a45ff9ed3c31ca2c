"""Pairs of news paragraphs, made by seed: a witness, and a later one with an edit of a known kind.

A paragraph is four to six sentences of the files beside this module, one language each. In them, `[f:412|431]` is a
place with two versions. Its letter says what changes with it: a figure (f), a number in words (w), a day (d), a month
(m), a name (n), a negation (-), the statement itself (c), or only the wording (r). A line that begins with `+` is a
clause, one with `$` a sentence, that an edit adds.

Only the two of a pair resemble each other: for each pair, the words of its language are exchanged among themselves,
drawn anew, wherever no place is. What that does to the sense is the same in both paragraphs.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Literal, NamedTuple

HARMLESS, LOSES = "harmless", "loses"
SEED = 19
#: How often each language is drawn.
LANGUAGES = {"en": 40, "de": 15, "fr": 15, "es": 15, "ru": 8, "zh": 7}
SENTENCES = (4, 5, 6)
#: Words that are exchanged, those with a capital among themselves; in Chinese, characters.
_EXCHANGED = re.compile(r"[^\W\d_]{3,}")
_HAN = re.compile(r"[\u4e00-\u9fff]")

_PLACE = re.compile(r"\[(.):([^|\]]+)\|([^\]]+)\]")


class Pair(NamedTuple):
    """Two paragraphs; `label` says whether something is lost where the later one is removed."""

    id: str
    lang: str
    kind: str
    label: str
    witness: str
    later: str


@dataclass(frozen=True)
class Pool:
    """The sentences of a language."""

    sentences: list[str]
    clauses: list[str]
    additions: list[str]
    space: str  # between sentences
    word: re.Pattern[str]
    exchanged: tuple[list[str], list[str]]  # the words that are in no place, and those of them with a capital


Edit = Callable[[list[str], Pool, random.Random], "tuple[str, str] | None"]


@cache
def pool(language: str) -> Pool:
    """What the file of a language has."""
    lines = Path(__file__).with_name(f"{language}.txt").read_text(encoding="utf-8").splitlines()
    marked = {mark: [line[2:] for line in lines if line.startswith(f"{mark} ")] for mark in "+$"}
    plain = [line for line in lines if line and line[0] not in "+$"]
    word = _HAN if language == "zh" else _EXCHANGED
    outside = set(word.findall(_PLACE.sub("", "\n".join(lines))))
    inside = {one for found in _PLACE.finditer("\n".join(lines)) for one in word.findall(found[0])}
    words = sorted(outside - inside)
    exchanged = ([one for one in words if not one[0].isupper()], [one for one in words if one[0].isupper()])
    return Pool(plain, marked["+"], marked["$"], "" if language == "zh" else " ", word, exchanged)


def _with_other_words(pool: Pool, draw: random.Random) -> Pool:
    """The pool, with its words exchanged among themselves."""
    others: dict[str, str] = {}
    for words in pool.exchanged:
        others |= dict(zip(words, draw.sample(words, len(words)), strict=True))

    def exchange(lines: list[str]) -> list[str]:
        return [pool.word.sub(lambda found: others.get(found[0], found[0]), line) for line in lines]

    return replace(
        pool,
        sentences=exchange(pool.sentences),
        clauses=exchange(pool.clauses),
        additions=exchange(pool.additions),
    )


def _written(template: str, versions: Callable[[int], int]) -> str:
    """The text of a template: of each place the version that is asked for by its number."""
    number = -1

    def choose(found: re.Match[str]) -> str:
        nonlocal number
        number += 1
        return found[2 + versions(number)]

    return _PLACE.sub(choose, template)


def _changed(letters: str, most: int, version: int | None = None) -> Edit:
    """An edit that changes up to so many places of these kinds; `version` is what the witness has there, else drawn."""

    def edit(sentences: list[str], pool: Pool, draw: random.Random) -> tuple[str, str] | None:
        template = pool.space.join(sentences)
        kinds = [found[1] for found in _PLACE.finditer(template)]
        places = [place for place, kind in enumerate(kinds) if kind in letters]
        if not places:
            return None
        first = [draw.randrange(2) for _ in kinds]
        chosen = set(draw.sample(places, min(most, len(places))))
        if version is not None:
            first = [version if place in chosen else other for place, other in enumerate(first)]
        later = [1 - other if place in chosen else other for place, other in enumerate(first)]
        return _written(template, first.__getitem__), _written(template, later.__getitem__)

    return edit


def _edited(change: Callable[[list[str], Pool, random.Random], list[str]]) -> Edit:
    """An edit of the sentences; the places have the same versions in both paragraphs."""

    def edit(sentences: list[str], pool: Pool, draw: random.Random) -> tuple[str, str]:
        whole = [_written(one, lambda _: draw.randrange(2)) for one in sentences]
        return pool.space.join(whole), pool.space.join(change(whole, pool, draw))

    return edit


def _same_words(sentences: list[str], _: Pool, draw: random.Random) -> list[str]:
    place = draw.randrange(len(sentences))
    return [
        one.upper() if at == place else one.replace(", ", " - ").replace("，", "；")
        for at, one in enumerate(sentences)
    ]


def _with_clause(sentences: list[str], pool: Pool, draw: random.Random) -> list[str]:
    place = draw.randrange(len(sentences))
    one = sentences[place]
    return [*sentences[:place], f"{one[:-1]}{draw.choice(pool.clauses)}{one[-1]}", *sentences[place + 1 :]]


def _with_code(sentences: list[str], _: Pool, draw: random.Random) -> list[str]:
    one, code = sentences[0], draw.choice(["(HBR.L)", "<HBR.L>", "[ID:nL4N0]"])
    return [f"{one[:-1]} {code}{one[-1]}", *sentences[1:]]


def _with_sentence(sentences: list[str], pool: Pool, draw: random.Random) -> list[str]:
    place = draw.randrange(1, len(sentences) + 1)
    return [*sentences[:place], draw.choice(pool.additions), *sentences[place:]]


#: (kind, label, edit).
KINDS: tuple[tuple[str, Literal["harmless", "loses"], Edit], ...] = (
    ("same words, other case and punctuation", HARMLESS, _edited(_same_words)),
    ("reworded", HARMLESS, _changed("r", 2)),
    ("shortened by a sentence", HARMLESS, _edited(lambda sentences, *_: sentences[:-1])),
    ("a market code added", HARMLESS, _edited(_with_code)),
    ("other figure", LOSES, _changed("f", 1)),
    ("number in words", LOSES, _changed("w", 1)),
    ("other day", LOSES, _changed("d", 1)),
    ("other month", LOSES, _changed("m", 1)),
    ("other name", LOSES, _changed("n", 1)),
    ("negation added", LOSES, _changed("-", 1, 0)),
    ("negation left out", LOSES, _changed("-", 1, 1)),
    ("correction", LOSES, _changed("c", 1)),
    ("new clause", LOSES, _edited(_with_clause)),
    ("new sentence", LOSES, _edited(_with_sentence)),
    ("template with other values", LOSES, _changed("fwdmnc", 99)),
)


def pairs(number: int, seed: int = SEED) -> Iterator[Pair]:
    """So many pairs, of each kind as many; the same for the same seed."""
    draw = random.Random(seed)
    for place in range(number):
        kind, label, edit = KINDS[place % len(KINDS)]
        made, language = None, ""
        while made is None or made[0] == made[1]:  # no sentence has a place of this kind
            language = draw.choices(list(LANGUAGES), list(LANGUAGES.values()))[0]
            of = _with_other_words(pool(language), draw)
            made = edit(draw.sample(of.sentences, draw.choice(SENTENCES)), of, draw)
        yield Pair(f"p{place:05}", language, kind, label, *made)


def write(path: Path, number: int, seed: int = SEED) -> None:
    """The pairs as JSON Lines: id, lang, kind, label, witness, later."""
    lines = (json.dumps(pair._asdict(), ensure_ascii=False) for pair in pairs(number, seed))
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
