"""Single words of UTF-8 that was decoded in another charset, in a paragraph that is sound otherwise: "K√∂nig".

ftfy decodes a whole line, or what its pattern is sure of. It leaves alone what may be meant: "√" is a symbol of
mathematics, "Ã…" may end a Portuguese headline. Here the letters around it decide: "König" is a far more usual word
than "K√∂nig", whatever the language.
"""

from __future__ import annotations

import functools
import re
from typing import Final

import ftfy.bad_codecs
import numpy as np
from numpy.typing import NDArray

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


def decode_words(text: str) -> str:
    """The text with its words that are certainly UTF-8 in disguise decoded; the same text where there are none.

    >>> decode_words("Der K√∂nig kam mit dem Bus nach Ã…lesund.")
    'Der König kam mit dem Bus nach Ålesund.'
    >>> decode_words("A solution of √π, and LIÇÃ…")
    'A solution of √π, and LIÇÃ…'
    """
    text = _ARABIC_DIGITS.sub(_digits, text) if _ARABIC.search(text) else text
    for _ in range(MAX_ROUNDS):
        new = _decode_once(text)
        if new == text:
            break
        text = new
    return text


def _decode_once(text: str) -> str:
    """The text with the words decoded that are better so, in the charset in which most is gained."""
    most, best = 0, text
    there = set(text)
    for read_as in READ_AS:
        if there.isdisjoint(_bytes_as(read_as, 0xC2, 0xEF)) or there.isdisjoint(
            _bytes_as(read_as, 0x80, 0xBF)
        ):
            continue
        pattern = _sequence(read_as)
        if not pattern.search(text):
            continue
        parts = re.split("( +)", text)
        new = {
            i: decoded
            for i, part in enumerate(parts)
            if not part.isascii()
            and len(part) <= MAX_WORD
            and (decoded := _decoded(part, pattern, read_as)) != part
        }
        if not new:
            continue
        gains = _gains([parts[i] for i in new], list(new.values()))
        if gains.sum() > most:
            most = gains.sum()
            for (i, word), gain in zip(new.items(), gains, strict=True):
                if gain:
                    parts[i] = word
            best = "".join(_with_lone_a(parts, read_as))
    return best


def _decoded(word: str, pattern: re.Pattern[str], read_as: str) -> str:
    """The word with each sequence decoded that gives an expected character; the word itself if one does not."""
    wrong = False

    def decode(match: re.Match[str]) -> str:
        nonlocal wrong
        try:
            character = match[0].encode(read_as).decode("utf-8")
        except UnicodeError:
            character = ""
        wrong |= not _EXPECTED.fullmatch(character)
        return character

    new = pattern.sub(decode, word)
    return word if wrong else new


def _digits(match: re.Match[str]) -> str:
    return match[0].replace(" ", "\xa0").encode("latin-1").decode("utf-8")


def _gains(old: list[str], new: list[str]) -> NDArray[np.int64]:
    """How much more usual each new word is than the old one, each in its own language; 0 where it is not enough."""
    before, after = (words_cost(words).min(axis=0) for words in (old, new))
    before = before + ELLIPSIS_COST * np.array([bool(_ELLIPSIS.match(word)) for word in old])
    wanted = np.array([MIN_GAIN_OF_LETTERS if word.isalpha() else MIN_GAIN for word in old])
    gains = before - after
    if (gains >= wanted).any():
        wanted = np.minimum(wanted, MIN_GAIN_BESIDE)
    usual = after <= MAX_PAIR_COST * np.array([len(word) + 1 for word in new])
    one_script = [not _SEVERAL_SCRIPTS.search(word) for word in new]
    return np.where(usual & one_script & (gains >= wanted), gains, 0)


def _with_lone_a(parts: list[str], read_as: str) -> list[str]:
    """The words with the first byte of "à" decoded where it stands alone: its second became a space."""
    lead = bytes([0xC3]).decode(read_as)
    return ["à" if part == lead else part for part in parts]
