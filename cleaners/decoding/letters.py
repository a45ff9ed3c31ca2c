"""How well a text reads in each single-byte charset, by the letters of its words in 34 languages.

Two such charsets differ only in which letters their bytes stand for. In few words, only the language shows which is
right: `0xF1` begins a Spanish word as "ñ" and no word of any language as "ń". So the words are read in every charset,
and `cleaners.text.letter_pairs` says what their letters cost in the language that suits all of them best.
"""

from __future__ import annotations

import functools
import re
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cleaners.text.letter_pairs import CONTROL, extra_costs, letter_pairs, sums_of_words

_WEST: Final = "ca da de en es fi fr id is it nl no pt sv"
_CENTRAL: Final = "cs hr hu pl ro sk sl"
_BALTIC: Final = "lt lv"
_CYRILLIC: Final = "bg mk ru sr uk"
#: Charset -> (what is added to its costs, the languages that it was made for). The commonest costs nothing.
CHARSETS: Final[dict[str, tuple[int, str]]] = {
    "windows-1252": (0, _WEST),
    "windows-1250": (0, _CENTRAL),
    "windows-1251": (0, _CYRILLIC),
    "windows-1253": (0, "el"),
    "windows-1254": (0, "tr"),
    "windows-1255": (0, "he"),
    "windows-1256": (0, "ar fa"),
    "windows-1257": (0, _BALTIC),
    "windows-1258": (20, "vi"),
    "iso-8859-2": (5, _CENTRAL),
    "iso-8859-3": (50, ""),
    "iso-8859-4": (40, _BALTIC),
    "iso-8859-5": (10, _CYRILLIC),
    "iso-8859-6": (5, "ar"),
    "iso-8859-7": (5, "el"),
    "iso-8859-10": (50, _WEST),
    "iso-8859-13": (10, _BALTIC),
    "iso-8859-14": (50, ""),
    "iso-8859-15": (10, _WEST),
    "iso-8859-16": (30, "ro"),
    "koi8-r": (5, "ru"),
    "koi8-u": (10, "uk ru"),
    "mac-roman": (15, _WEST),
    "mac-latin2": (20, _CENTRAL),
    "mac-cyrillic": (20, _CYRILLIC),
    "mac-greek": (20, "el"),
    "mac-turkish": (25, "tr"),
    "cp437": (30, _WEST),
    "cp737": (20, "el"),
    "cp775": (30, _BALTIC),
    "cp850": (15, _WEST),
    "cp852": (15, _CENTRAL),
    "cp855": (30, _CYRILLIC),
    "cp857": (20, "tr"),
    "cp858": (30, _WEST),
    "cp860": (50, "pt"),
    "cp861": (50, "is"),
    "cp862": (20, "he"),
    "cp863": (50, "fr"),
    "cp865": (50, "da no"),
    "cp866": (5, _CYRILLIC),
    "cp869": (30, "el"),
    "cp1125": (30, "uk"),
}
FOREIGN: Final = 20  # added where the language is none of those
MAX_WORDS: Final = 40  # with characters beyond ASCII
MAX_ASCII_WORDS: Final = 30
MAX_WORD: Final = 40  # bytes of a word
ASCII_WORD_COST: Final = 15  # of an ASCII word in a language with another script; at most 20 count
FOREIGN_WORD: Final = 20  # more than this no word costs in the language of the text than in its own
CONFIDENCE_WEIGHT: Final = 400  # what a charset costs in which the detector has no confidence at all
OTHERS_CONFIDENCE: Final = 0.3  # in charsets that the detector leaves out
MAX_PAIR_COST: Final = (
    29  # of the best charset, on average; above, the text is in no language that is known here
)
MAX_FIRST_COST: Final = 70  # what may be added to that, as a few words prove less
MAX_READINGS: Final = 8  # of the words that are looked at in every language
MAX_LEAD: Final = 250  # charsets that cost more than this above the best are ruled out
MARKS_BYTES: Final = 1000  # of the sample in which marks are looked at
SAME_BYTES: Final = 8000  # in which charsets must differ that the letters distinguish
PARTS: Final = 8  # of a long sample
PART_BYTES: Final = 1000

_WORD: Final = re.compile(rb"[A-Za-z\x80-\xff]+")
#: A letter beyond ASCII, or another character beyond ASCII beside a letter.
_NEAR_LETTERS: Final = re.compile(
    r"(?![\x00-\x7f])[^\W\d_]|(?<=[A-Za-z])[^\x00-\x7f]|[^\x00-\x7f](?=[A-Za-z])"
)
#: Marks of windows-1252 at places where no letter of another charset stands.
_PLAIN_MARK: Final = re.compile(
    r"£(?=\d)|€(?=\d)|(?<=\d)\s?€|©(?=\s)|(?<=\d)\s?°(?=\s?[CF]?\b)|§(?=\s?\d)|(?<=\s)–(?=\s)"
)
_LETTER: Final = r"[^\W\d_]"
#: What misread letters often look like -> what it costs, up to MAX_MARKS times.
_MARKS: Final = {
    re.compile(
        r"(?<=[^\s,.:;!?()\d»”’\"%])\xa0 | \xa0(?! )|(?<!\S)\xa0(?!\S)"
    ): 60,  # a no-break space beside a space
    re.compile(rf"(?<={_LETTER})[–—](?=\s|$)"): 40,
    re.compile(rf"(?<={_LETTER})…(?=\s+{_LETTER})|(?<=\s)…(?=\s)"): 25,
    re.compile(r"(?<=\w)‚|‚‚|(?<![^\s(])‚(?=[a-zà-ÿ])(?![^‘’]*[‘’])"): 30,  # a low quote that opens nothing
    re.compile(r"[ﬁﬂ¢¤¦¬¨¸¯¶‡‰ƒ\u02c6-\u02dd]"): 40,
    re.compile(r"(?<=[lL])·(?=[lL])"): -150,  # Catalan, where the letter pairs see a mark within a word
}
MAX_MARKS: Final = 3
_MARK_CHARACTERS: Final = frozenset("\xa0–—…‚ﬁﬂ¢¤¦¬¨¸¯¶‡‰ƒ·" + "".join(map(chr, range(0x2C6, 0x2DE))))


def by_letters(sample: bytes, detected: str, confidences: dict[str, float]) -> str:
    """The single-byte charset that suits the letters of a sample best, or `detected`.

    `confidences` are the detector's in its candidates, relative to the highest. They weigh as much as a few letters do,
    so in most short lines the letters decide. It stays as detected where they cannot: in charsets of several bytes, and
    in languages without statistics.
    """
    if detected not in CHARSETS:
        return detected
    if _PLAIN_MARK.sub("", sample[:SAME_BYTES].decode("windows-1252", "replace")).isascii():
        return "windows-1252"
    doubts = [round(CONFIDENCE_WEIGHT * (1 - confidences.get(name, OTHERS_CONFIDENCE))) for name in CHARSETS]
    if (costs := _costs(sample, doubts)) is None:
        return detected
    highest = min(costs.values()) + MAX_LEAD
    marks: dict[str, int] = {}  # by text, as many charsets read it the same

    def cost(name: str) -> int:
        text = sample[:MARKS_BYTES].decode(name, "replace")
        if text not in marks:
            marks[text] = _cost_of_marks(text)
        return costs[name] + marks[text]

    best = min((name for name in costs if costs[name] <= highest), key=cost)
    head = sample[:SAME_BYTES]
    text = head.decode(best, "replace")
    return best if _NEAR_LETTERS.search(text) and text != head.decode(detected, "replace") else detected


def _costs(sample: bytes, doubts: list[int]) -> dict[str, int] | None:
    """What the words of a sample cost in each likely charset, in tenths of a nat, with the doubts about the charset.

    None if they are of no language known here.
    """
    words = dict.fromkeys(_words(sample))
    own = _some([word for word in words if not word.isascii()], MAX_WORDS)
    if not own:
        return None
    tables = _tables()
    codes = np.frombuffer(b" %b " % b" ".join(own), np.uint8)
    letters = tables.letters[:, codes]
    same: dict[bytes, list[int]] = {}  # charsets that read the words as the same letters
    for charset, row in enumerate(letters):
        same.setdefault(row.tobytes(), []).append(charset)
    readings = letters[[charsets[0] for charsets in same.values()]]
    classes, cases = (readings >> 2).astype(np.uint16), (readings & 3).astype(np.uint8)
    extra = extra_costs(classes, cases)
    at_least = (tables.lowest[classes[:, :-1], classes[:, 1:]] + extra).sum(axis=1)
    at_least += [min(map(doubts.__getitem__, charsets)) for charsets in same.values()]
    likely = np.argsort(at_least, kind="stable")[:MAX_READINGS]
    borders = np.flatnonzero(codes == 0x20)
    costs = np.stack(
        [sums_of_words(classes[row], extra[row], borders, tables.costs) for row in likely], axis=1
    )
    by_language: NDArray[np.int32] = np.minimum(costs, costs.min(axis=0) + FOREIGN_WORD).sum(axis=2)
    by_language += _cost_of_rest([word for word in words if word.isascii()][:MAX_ASCII_WORDS])[:, None]
    groups = list(same.values())
    totals: dict[int, int] = {}
    for row, reading in enumerate(likely.tolist()):
        charsets = groups[reading]
        least = (by_language[:, row, None] + tables.added[:, charsets]).min(axis=0)
        totals.update(zip(charsets, least.tolist(), strict=True))
    if min(totals.values()) > MAX_PAIR_COST * (len(codes) - 1) + MAX_FIRST_COST:
        return None
    return {tables.names[charset]: total + doubts[charset] for charset, total in totals.items()}


def _words(sample: bytes) -> list[bytes]:
    """The words of a sample; of a long one, those of several parts of it."""
    step = len(sample) // PARTS
    if step <= PART_BYTES:
        return [word for word in _WORD.findall(sample) if len(word) <= MAX_WORD]
    parts = (sample[at : at + PART_BYTES] for at in range(0, len(sample), step))
    return [word for part in parts for word in _WORD.findall(part)[1:-1] if len(word) <= MAX_WORD]


def _cost_of_marks(text: str) -> int:
    if _MARK_CHARACTERS.isdisjoint(text):
        return 0
    return sum(cost * min(len(mark.findall(text)), MAX_MARKS) for mark, cost in _MARKS.items())


def _some(words: list[bytes], count: int) -> list[bytes]:
    """At most `count` of the words, from all parts of the list."""
    return words if len(words) <= count else [words[i * len(words) // count] for i in range(count)]


def _cost_of_rest(words: list[bytes]) -> Any:
    """(languages,): how much more ASCII words cost, which are the same in all charsets, than in the best language."""
    tables = _tables()
    if not words:
        return np.zeros(len(tables.latin), np.int32)
    classes = tables.letters[0, np.frombuffer(b" %b " % b" ".join(words), np.uint8)] >> 2
    whole = np.array([0, len(classes) - 1])
    costs = sums_of_words(classes, np.zeros(len(classes), np.int32), whole, tables.costs)[:, 0]
    least = costs[tables.latin].min()
    return np.where(tables.latin, costs - least, ASCII_WORD_COST * min(len(words), 20))


class _Tables(NamedTuple):
    """What each byte stands for, with a row for each charset, and what pairs of that cost."""

    names: list[str]
    letters: NDArray[np.uint16]  # (charsets, 256): four times the class of the character, plus its case
    added: NDArray[np.int32]  # (languages, charsets): to the cost
    costs: NDArray[np.uint8]  # (languages, classes, classes)
    lowest: NDArray[np.int32]  # (classes, classes): in any language
    latin: NDArray[np.bool_]  # whether each language has ASCII letters


@functools.cache
def _tables() -> _Tables:
    model = letter_pairs()
    codes = np.array(
        [[ord(bytes([byte]).decode(name, "replace")) for byte in range(256)] for name in CHARSETS]
    )
    classes = model.classes[codes]
    classes[codes == 0xFFFD] = CONTROL
    added = [
        [cost + FOREIGN * (language not in languages.split()) for cost, languages in CHARSETS.values()]
        for language in model.languages
    ]
    return _Tables(
        list(CHARSETS),
        classes << 2 | model.cases[codes],
        np.array(added, np.int32),
        model.costs,
        model.costs.min(axis=0).astype(np.int32),
        model.latin,
    )
