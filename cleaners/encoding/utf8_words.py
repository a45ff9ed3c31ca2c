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
import polars as pl

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
_SPACES: Final = re.compile("( +)")
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
    several = (chr(code) for code in range(0x80, 0x3000) if _EXPECTED.fullmatch(chr(code)))
    found = {character.encode().decode(read_as, "replace"): character for character in several}
    return {sequence: character for sequence, character in found.items() if "\ufffd" not in sequence}


def decode_words(texts: Sequence[str]) -> list[str]:
    """The texts with their words that are certainly UTF-8 in disguise decoded.

    >>> decode_words(["Der K√∂nig kam mit dem Bus nach Ã…lesund.", "A solution of √π, and LIÇÃ…"])
    ['Der König kam mit dem Bus nach Ålesund.', 'A solution of √π, and LIÇÃ…']
    """
    done = [_ARABIC_DIGITS.sub(_digits, text) if "Ù" in text and _ARABIC.search(text) else text for text in texts]
    rows = list(range(len(done)))
    for _ in range(MAX_ROUNDS):
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
    parts: list[str]  # words, and the spaces between them
    places: list[int]  # of the words that can be decoded
    decoded: list[str]


def _decode_once(texts: list[str]) -> list[str]:
    """The texts with the words decoded that are better so, each in the charset in which most is gained."""
    column, candidates = pl.Series(texts, dtype=pl.String), []
    for read_as in READ_AS:
        # without a sequence that is an expected character, no word is decoded
        rows = column.str.contains_any(list(_expected(read_as))).arg_true().to_list()
        candidates += [found for row in rows if (found := _candidate(row, texts[row], read_as))]
    if not candidates:
        return texts
    gains = _gains(candidates)
    new, most = list(texts), [0] * len(texts)
    for found, own in zip(candidates, gains, strict=True):
        if sum(own) > most[found.row]:
            most[found.row] = sum(own)
            parts = list(found.parts)
            for place, word, gain in zip(found.places, found.decoded, own, strict=True):
                if gain:
                    parts[place] = word
            new[found.row] = "".join(_with_lone_a(parts, found.read_as))
    return new


def _candidate(row: int, text: str, read_as: str) -> _Candidate | None:
    parts = _SPACES.split(text)
    pattern, expected = _sequence(read_as), _expected(read_as)
    new = {
        place: decoded
        for place, part in enumerate(parts)
        if not part.isascii()
        and len(part) <= MAX_WORD
        and (decoded := _decoded(part, pattern, expected)) != part
    }
    return _Candidate(row, read_as, parts, list(new), list(new.values())) if new else None


def _decoded(word: str, pattern: re.Pattern[str], expected: dict[str, str]) -> str:
    """The word with each sequence decoded that is an expected character; the word itself if one is not."""
    if not all(map(expected.__contains__, pattern.findall(word))):
        return word
    return pattern.sub(lambda match: expected[match[0]], word)


def _digits(match: re.Match[str]) -> str:
    return match[0].replace(" ", "\xa0").encode("latin-1").decode("utf-8")


def _gains(candidates: list[_Candidate]) -> list[list[int]]:
    """How much more usual each new word is than the old one, each in its own language; 0 where it is not enough."""
    old = [found.parts[place] for found in candidates for place in found.places]
    new = [word for found in candidates for word in found.decoded]
    before, after = (words_cost(words).min(axis=0).tolist() for words in (old, new))
    gains, at = [], 0
    for found in candidates:
        several = range(at, at := at + len(found.places))
        own = [before[i] - after[i] + ELLIPSIS_COST * bool(_ELLIPSIS.match(old[i])) for i in several]
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


def _with_lone_a(parts: list[str], read_as: str) -> list[str]:
    """The words with the first byte of "à" decoded where it stands alone: its second became a space."""
    lead = bytes([0xC3]).decode(read_as)
    return ["à" if part == lead else part for part in parts]
