"""Paragraphs that were decoded in the wrong single-byte charset throughout: "Ìîñò" where "Мост" was written.

ftfy repairs UTF-8 that was read as something else, which the pattern of its bytes shows. Two single-byte charsets
differ only in which text makes sense. So a paragraph is encoded and decoded again in every pair of charsets that fit.
The reading whose letters follow each other as in one of 35 languages is taken, if it is far better than the paragraph
as it is and than any other reading. `cleaners.text.letter_pairs` has the costs.

Only the words with characters beyond ASCII count, each once: the others are the same in all readings. The paragraph as
it is may take each of its words from another language, as one with foreign names does; a reading may not.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import numpy as np

from cleaners.encoding.charset_tables import NO_TEXT
from cleaners.encoding.readings import MIN_GAIN, Reading, Words, best_readings
from cleaners.text.letter_pairs import OTHER_ALPHABETS

MAX_WORDS: Final = 40  # with characters beyond ASCII that are looked at
MAX_ASCII_WORDS: Final = 40
MAX_WORD: Final = 40  # characters of a word
MIN_GAIN_OF_ONE: Final = 80  # of a reading that changes a single word that could be right
MAX_WORSE_SHARE: Final = 0.2  # of the words
LONG: Final = (
    2_000  # characters of a paragraph that is in the right charset if its words are usual in a language
)
MIN_LENGTH: Final = 3  # letters of the words of the reading
MIN_LENGTH_FOREIGN: Final = 8  # the same in another script than Latin
MIN_LETTERS: Final = 0.75  # share of letters among the characters beyond ASCII of the reading
SURE_LETTERS: Final = 0.9  # the same for a paragraph that ftfy would change

#: Marks that are no evidence against a reading: an apostrophe between letters, a quotation mark before or after a word.
_NEUTRAL: Final = re.compile(
    r"(?<=[^\W\d_])’(?=[^\W\d_])|(?<!\w)[“„«»‘](?=\w)|(?<=[\w.,!?])[”“«»](?!\w)|(?<!\S)[«»](?!\S)|(?<!\w)§+(?=\s?\d|\s)|[–—…\xa0]"
)
#: Letters of other scripts that are typed among Latin ones, which they look like.
_LOOK_ALIKES: Final = frozenset("АВЕЅІЈКМНОРСТУХаеіјорѕсухΑΒΕΖΗΙΚΜΝΟΡΤΥΧο")
_LATIN: Final = re.compile("[A-Za-zÀ-ɏ]")
_CAPITAL_INSIDE: Final = re.compile("[a-zß-öø-ÿ][À-ÖØ-ÞŠŽŸ]")
_LATIN_BEYOND: Final = re.compile("[À-ɏ]")
_LETTER_BEYOND: Final = re.compile(r"(?![\x00-\x7f])[^\W\d_]")
_LIGATURE: Final = re.compile("[ﬁﬂ]")
_ASCII_LETTER: Final = re.compile("[A-Za-z]")
#: What is left of UTF-8 when bytes of it were lost, and proves nothing about another charset.
_LEFT_OVER: Final = frozenset("ÃÂâ")
_GLUED: Final = re.compile("[©®™•]")
_CATALAN: Final = re.compile("(?<=[lL])·(?=[lL])")
_C1: Final = re.compile("[\x80-\x9f]")
_PUNCTUATION_C1: Final = frozenset("\x85\x91\x92\x93\x94\x96\x97")
DENSE: Final = 6  # a language of Latin-1 has fewer than one character beyond ASCII in this many
#: Punctuation of English, and what ftfy makes of the controls of windows-1252: beyond it English has hardly anything.
_ENGLISH_MARKS: Final = frozenset((*"‘’“”–—…\xa0", *map(chr, range(0x80, 0xA0))))
_ENGLISH: Final = re.compile(r"\b(?:the|and|of|to|in|is|that|for|was|with)\b")
_MIN_ENGLISH: Final = 2  # of these words in a paragraph that is English
_WORD: Final = re.compile(r"[A-Za-z\x80-\U0010ffff]+")


def reread(texts: Sequence[str], *, sure: bool = False) -> list[tuple[str, str, str] | None]:
    """For each text (it as it was written, the charset it was read as, the one it was written in); None if it is right.

    `sure` asks for more evidence. UTF-8 that was read as another charset then does not count: ftfy repairs it.

    >>> reread(["Ìîñò îñòàíåòñÿ îòêðûòûì äî âåñíû.", "La española cantó en Łódź."])
    [('Мост останется открытым до весны.', 'sloppy-windows-1252', 'sloppy-windows-1251'), None]
    """
    rows: dict[Words, list[int]] = {}  # lines may differ in figures alone
    for row, text in enumerate(texts):
        if words := _words_to_read(text, sure):
            rows.setdefault(words, []).append(row)
    found: list[tuple[str, str, str] | None] = [None] * len(texts)
    for words, reading in zip(rows, best_readings(list(rows), sure=sure), strict=True):
        if reading and _is_convincing(words.own, reading, sure):
            for row in rows[words]:
                found[row] = _read_anew(texts[row], reading)
    return found


def _words_to_read(text: str, sure: bool) -> Words | None:
    """The words of a text; None if it is certainly in the right charset."""
    words = dict.fromkeys(_WORD.findall(_CATALAN.sub("", text) if "·" in text else text))
    own = [word for word in words if not word.isascii() and len(word) <= MAX_WORD][:MAX_WORDS]
    beyond = {character for character in set("".join(own)) if character > "\x7f"}
    if not own or "\ufffd" in text or _LOOK_ALIKES.issuperset(beyond):
        return None
    if max(beyond) > "\uffff":  # in no single-byte charset
        return None
    if _ENGLISH_MARKS.issuperset(beyond) and len(_ENGLISH.findall(text)) >= _MIN_ENGLISH:
        return None
    if sure and _is_latin_1_with_punctuation(text, beyond):
        return None
    others = [word for word in words if word.isascii() and len(word) <= MAX_WORD][:MAX_ASCII_WORDS]
    return Words(tuple(own), tuple(others), len(text) >= LONG)


def _read_anew(text: str, reading: Reading) -> tuple[str, str, str] | None:
    try:
        new = text.encode(reading.read_as).decode(reading.written_as)
    except UnicodeError:
        return None
    return None if NO_TEXT.search(new) else (new, reading.read_as, reading.written_as)


def _is_convincing(own: Sequence[str], reading: Reading, sure: bool) -> bool:
    """Whether what a reading makes of words is text, and better in most of them."""
    new_words = " ".join(own).encode(reading.read_as).decode(reading.written_as).split(" ")
    pairs_changed = [(old, new) for old, new in zip(own, new_words, strict=True) if old != new]
    joined = " ".join(new for _, new in pairs_changed)
    # ligatures count as the letters that they look like, which are no worse
    compared = np.array(
        [
            old != new and not _LIGATURE.search(old) and any(map(str.isalpha, new))
            for old, new in zip(own, new_words, strict=True)
        ]
    )
    worse = np.count_nonzero(reading.worse & compared) / max(compared.sum(), 1)
    letters = {
        old for before, after in pairs_changed for old, new in zip(before, after, strict=False) if old != new
    }
    return not (
        (not sure and reading.gain < _least_gain([old for old, _ in pairs_changed], reading.read_as))
        or worse > MAX_WORSE_SHARE
        or _share_of_letters(joined) < (SURE_LETTERS if sure else MIN_LETTERS)
        or _is_short(joined)
        or (not _LETTER_BEYOND.search(joined) and not _is_apostrophe(joined, reading.written_as))
        or letters <= _LEFT_OVER
        or (_LATIN_BEYOND.search(joined) and _may_be_of_another_language(own))
        or any(_letter_becomes_mark(old, new) for old, new in pairs_changed)
        or any(word.count("·") > 1 for word in own)
    )


def _is_latin_1_with_punctuation(text: str, beyond: set[str]) -> bool:
    """Whether the only controls are quotation marks, dashes and the like of windows-1252, among a few letters."""
    others = beyond.difference(_PUNCTUATION_C1)
    many = sum(map(text.count, others)) * DENSE > len(text)
    return not many and all(
        character.isalpha() or (character in _ENGLISH_MARKS and not _C1.match(character))
        for character in others
    )


def _may_be_of_another_language(words: Sequence[str]) -> bool:
    """Whether these characters, but for punctuation, are letters of a language whose words are not known."""
    beyond = {character for character in set("".join(words)) if character > "\x7f"}
    letters = set("".join(beyond.difference(_ENGLISH_MARKS)).lower())
    known = any(letters.issubset(alphabet) for alphabet in OTHER_ALPHABETS)
    return bool(letters) and known and not any(map(_CAPITAL_INSIDE.search, words))


def _letter_becomes_mark(old: str, new: str) -> bool:
    """Whether a letter within a word becomes a mark other than an apostrophe, a dash or an ellipsis."""
    return any(
        before.isalpha() and not after.isalpha() and after not in "’–—…"
        for before, after in zip(old[1:-1], new[1:-1], strict=False)
        if len(old) == len(new)
    )


def _least_gain(changed: list[str], read_as: str) -> int:
    """How much a reading must gain that changes these words.

    One word proves little if it may be a name of another language, or has a bullet or trade mark without a space. But
    letters of Eastern Europe beside Western words are suspicious by themselves.
    """
    if len(changed) > 1:
        return MIN_GAIN
    name = changed[0].isalpha() and read_as not in ("sloppy-windows-1250", "iso-8859-2")
    return MIN_GAIN_OF_ONE if name or _GLUED.search(changed[0]) else MIN_GAIN


def _share_of_letters(text: str) -> float:
    """The share of letters among the characters beyond ASCII that are not neutral; 1 where there are none."""
    beyond = [character for character in _NEUTRAL.sub("", text) if not character.isascii()]
    return sum(map(str.isalpha, beyond)) / len(beyond) if beyond else 1.0


def _is_short(text: str) -> bool:
    """Whether a reading has too few letters to prove anything."""
    letters = "".join(filter(str.isalpha, text))
    latin = _LATIN.search(letters)
    return len(letters) < (MIN_LENGTH if latin else MIN_LENGTH_FOREIGN) and len(text) > 1


def _is_apostrophe(text: str, written_as: str) -> bool:
    """Whether a reading without letters beyond ASCII is the one that is common: apostrophes of MacRoman, "itÕs"."""
    return written_as == "macroman" and bool(_ASCII_LETTER.search(text))
