"""Single words of UTF-8 that was decoded in another charset, in a paragraph that is sound otherwise: "K√∂nig".

ftfy decodes a whole line, or what its pattern is sure of. It leaves alone what may be meant: "√" is a symbol of
mathematics, "Ã…" may end a Portuguese headline. Here the letters around it decide: "König" is a far more usual word
than "K√∂nig", whatever the language.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from typing import Final, NamedTuple

import ftfy.bad_codecs

from cleaners.text.letter_pairs import words_cost

ftfy.bad_codecs.ok()

#: What UTF-8 is read as, the most likely first.
READ_AS: Final = (
    "sloppy-windows-1252",
    "macroman",
    "mac-latin2",
    "sloppy-windows-1250",
    "sloppy-windows-1251",
    "cp437",
    "cp850",
    "koi8-r",
    "cp866",
)
MIN_GAIN: Final = 60  # of a word that is decoded, over the word as it is
MIN_GAIN_OF_LETTERS: Final = 90  # the same, where all its characters are letters
MIN_GAIN_BESIDE: Final = 15  # the same, where another word of the paragraph is certain
MAX_PAIR_COST: Final = 50  # of a word that is decoded, on average
MAX_WORD: Final = 1000  # characters; longer words are not looked at
MAX_ROUNDS: Final = 3  # of a word that was read wrongly several times

#: What may come out: letters of European languages, and the marks of their texts.
_SEVERAL_SCRIPTS: Final = re.compile("[A-Za-zÀ-ɏ][Ͱ-ԯ]|[Ͱ-ԯ][A-Za-zÀ-ɏ]|[Ͱ-Ͽ][Ѐ-ԯ]|[Ѐ-ԯ][Ͱ-Ͽ]")
#: "Ã…" before a small letter: an ellipsis after a single capital is followed by a space.
_ELLIPSIS: Final = re.compile(r"\W*[ÃÄÅ]…[^\W\d_]")
ELLIPSIS_COST: Final = 60
_EXPECTED: Final = re.compile("[\xa0¡¢£§©«®°²³´·¹º»¼½¾¿À-ÖØ-öø-žȘșȚțΆΈ-ώЀ-џҐґ\u2010-\u2015‘-„†‡•…‰‹›€™]+")
#: Arabic digits, the first of which is "Ù" and a space: UTF-8 read as windows-1252, with its no-break space lost.
_ARABIC_DIGITS: Final = re.compile(
    r"(?<!\S)(?:Ù[ \xa0-©]){2,12}(?!\S)|(?<!\S)(?:Ù[ \xa0-©]){2,12}(?=[^\W\d_])"
)
_ARABIC: Final = re.compile("[\u0621-\u064a]")


@functools.cache
def _bytes_as(read_as: str, first: int, last: int) -> frozenset[str]:
    """What bytes look like when read as `read_as`."""
    return frozenset(bytes(range(first, last + 1)).decode(read_as, "replace")) - {"\ufffd"}


@functools.cache
def _sequence(read_as: str) -> re.Pattern[str]:
    """The pattern of a character in UTF-8 of two or three bytes, as it looks when read as `read_as`."""

    def characters(first: int, last: int) -> str:
        return "[" + re.escape("".join(sorted(_bytes_as(read_as, first, last)))) + "]"

    more = characters(0x80, 0xBF)
    return re.compile(
        f"{characters(0xC2, 0xDF)}{more}|{characters(0xE0, 0xEF)}{more}{{2}}"  # a lead byte and what follows it
    )


@functools.cache
def _expected(read_as: str) -> dict[str, str]:
    """The sequences that are expected characters -> these."""
    found = {character.encode().decode(read_as, "replace"): character for character in _expected_characters()}
    return {sequence: character for sequence, character in found.items() if "\ufffd" not in sequence}


@functools.cache
def _expected_characters() -> str:
    return "".join(_EXPECTED.findall("".join(map(chr, range(0x80, 0x3000)))))


def decode_words(texts: Sequence[str]) -> list[str]:
    """The texts with their words that are certainly UTF-8 in disguise decoded.

    >>> decode_words(["Der K√∂nig kam mit dem Bus nach Ã…lesund.", "A solution of √π, and LIÇÃ…"])
    ['Der König kam mit dem Bus nach Ålesund.', 'A solution of √π, and LIÇÃ…']
    """
    done = [
        _ARABIC_DIGITS.sub(_digits, text) if "Ù" in text and _ARABIC.search(text) else text for text in texts
    ]
    rows = list(range(len(done)))
    for _ in range(MAX_ROUNDS):
        if not rows:
            break
        old = [done[row] for row in rows]
        new = _decode_once(old)
        rows = [row for row, before, after in zip(rows, old, new, strict=True) if before != after]
        for row, after in zip(rows, (b for a, b in zip(old, new, strict=True) if a != b), strict=True):
            done[row] = after
    return done


class _Candidate(NamedTuple):
    """What becomes of a text if it was read as one charset."""

    row: int
    read_as: str
    old: list[str]  # words that can be decoded
    new: list[str]


def _decode_once(texts: list[str]) -> list[str]:
    """The texts with the words decoded that are better so, each in the charset in which most is gained."""
    candidates = []
    rows = [
        [word for word in text.split(" ") if len(word) <= MAX_WORD and not word.isascii()] for text in texts
    ]
    characters = [set("".join(words)) for words in rows]
    for read_as in READ_AS:
        first = _bytes_as(read_as, 0xC2, 0xEF)
        for row, words in enumerate(rows):
            if first.isdisjoint(characters[row]):
                continue
            pattern, expected = _sequence(read_as), _expected(read_as)
            # what could be decoded is hardly ever an expected character
            if not expected.keys().isdisjoint(pattern.findall(" ".join(words))):
                new = [_decoded(word, pattern, expected) for word in words]
                changed = [pair for pair in zip(words, new, strict=True) if pair[0] != pair[1]]
                if changed:
                    candidates.append(_Candidate(row, read_as, *map(list, zip(*changed, strict=True))))
    if not candidates:
        return texts
    done, most = list(texts), [0] * len(texts)
    for found, gains in zip(candidates, _gains(candidates), strict=True):
        row = found.row
        if sum(gains) > most[row]:
            most[row] = sum(gains)
            better = {old: new for old, new, gain in zip(found.old, found.new, gains, strict=True) if gain}
            better[bytes([0xC3]).decode(found.read_as)] = "à"  # alone: its second byte became a space
            done[row] = " ".join(better.get(word, word) for word in texts[row].split(" "))
    return done


def _decoded(word: str, pattern: re.Pattern[str], expected: dict[str, str]) -> str:
    """The word with each sequence decoded that is an expected character; the word itself if one is not."""
    if not all(map(expected.__contains__, pattern.findall(word))):
        return word
    return pattern.sub(lambda match: expected[match[0]], word)


def _digits(match: re.Match[str]) -> str:
    return match[0].replace(" ", "\xa0").encode("latin-1").decode("utf-8")


def _gains(candidates: list[_Candidate]) -> list[list[int]]:
    """How much more usual each new word is than the old one, each in its own language; 0 where it is not enough."""
    old = [word for found in candidates for word in found.old]
    new = [word for found in candidates for word in found.new]
    before, after = (words_cost(words).min(axis=0).tolist() for words in (old, new))
    gains, at = [], 0
    for found in candidates:
        several = range(at, at := at + len(found.old))
        own = [
            before[i] - after[i] + ELLIPSIS_COST * ("…" in old[i] and bool(_ELLIPSIS.match(old[i])))
            for i in several
        ]
        wanted = [MIN_GAIN_OF_LETTERS if old[i].isalpha() else MIN_GAIN for i in several]
        if any(gain >= least for gain, least in zip(own, wanted, strict=True)):
            wanted = [MIN_GAIN_BESIDE] * len(own)
        gains.append(
            [
                gain
                if gain >= least
                and after[i] <= MAX_PAIR_COST * (len(new[i]) + 1)
                and not _SEVERAL_SCRIPTS.search(new[i])
                else 0
                for i, gain, least in zip(several, own, wanted, strict=True)
            ]
        )
    return gains
