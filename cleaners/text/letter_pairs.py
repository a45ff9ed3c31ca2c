"""How unusual the letters of a word are, one after the other, in each of some 35 languages.

The cost of a pair is its surprisal in tenths of a nat, `-10 ln P(second | first)`. Capitals count as small letters; a
boundary of a word counts as a character. Text in its own language costs about 25 a pair, in a wrong charset 60 and
more.

`python -m tests.encoding train` makes the file `letter_pairs.npz` from the word frequencies of wordfreq 3.1 by Robyn
Speer, whose data is under the licence Creative Commons Attribution-ShareAlike 4.0. The file holds statistics of that
data and is under the same licence.

Other characters than letters have fixed costs: a quotation mark between two letters is as unusual as a symbol there.
"""

from __future__ import annotations

import functools
import unicodedata
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cleaners.derived import derived
from cleaners.kernels import I32, I64, U8, U16, Flags, Rows, Tables, kernel

MODEL: Final = Path(__file__).with_name("letter_pairs.npz")

# Classes of characters. From LETTERS on, each letter has a class of its own.
(
    BOUNDARY,  # ASCII except letters; East Asian punctuation
    OTHER_LETTER,  # of no language here
    SYMBOL,
    RAISED,  # "ª", "²"
    OPENING,  # "¿"
    LOW_QUOTE,
    ELLIPSIS,
    QUOTE,
    APOSTROPHE,
    DASH,
    TRADE_MARK,
    SIGN,
    GAP,  # no-break space, soft hyphen
    CONTROL,
    LETTERS,
) = range(15)
_MARKS: Final = {
    RAISED: "ªº°¹²³",
    OPENING: "¿¡",
    LOW_QUOTE: "„‚",
    ELLIPSIS: "…",
    QUOTE: "“”‘«»‹›",
    APOSTROPHE: "’´",  # and what is typed for it
    DASH: "–—",
    TRADE_MARK: "©®™",
    SIGN: "·•§†‡€",
    GAP: "\xa0\xad",
}
#: The cost of each class before a letter, after one, and at a boundary; whether the letter begins or ends its word.
_COSTS: Final[dict[int, tuple[int, int, int, bool]]] = {
    OTHER_LETTER: (100, 100, 40, False),
    SYMBOL: (80, 80, 30, False),
    RAISED: (70, 50, 12, False),
    OPENING: (20, 90, 20, True),
    LOW_QUOTE: (20, 90, 20, True),
    ELLIPSIS: (20, 20, 20, True),
    QUOTE: (20, 20, 20, True),
    APOSTROPHE: (12, 12, 20, True),
    DASH: (30, 30, 5, True),
    TRADE_MARK: (80, 40, 15, False),
    SIGN: (70, 70, 20, False),
    GAP: (30, 30, 15, True),
    CONTROL: (250, 250, 250, False),
}
UNSEEN: Final = 110  # of a letter that the language does not have
HIGHEST: Final = 250
CAPITAL_INSIDE: Final = 40  # of a capital after a small letter, or after the capital that begins a word
MARK_INSIDE: Final = 60  # of a mark between two letters
APOSTROPHE_INSIDE: Final = 10
MARK_ALONE: Final = 20  # of a mark that is a word by itself
VOWELS: Final = "aeiouyhæøœаеєиіїоуыэюяαεηιουω"
USUAL: Final = 70  # what a pair costs at most that is usual in some language
SUSPICION: Final = 25  # what the pairs of a text cost beyond that, to be looked at
RARE: Final = "ÿƒ"  # letters of no language here that stand for others in single-byte charsets
#: Languages whose words have no "q", "x" or apostrophe.
EASTERN: Final = ("cs", "hr", "hu", "lt", "lv", "pl", "ro", "sk", "sl")
#: The letters beyond ASCII of languages without letter pairs: Estonian, Welsh, Albanian, Luxembourgish, Faroese,
#: Azerbaijani, Kurdish, Turkmen, Afrikaans, Gaelic.
OTHER_ALPHABETS: Final = (
    "äöüõšž",
    "âêîôûïëö",
    "çë",
    "äéëöü",
    "áðíóúýæø",
    "çğıöşü",
    "çêîşû",
    "äçžňöşüý",
    "êëéèôûîïáóúí",
    "àèìòùáéíóú",
)
#: No character from here on is in a single-byte charset, but for a few that count as symbols.
BEYOND: Final = 0x2600


class LetterPairs(NamedTuple):
    """The costs, and what they are of."""

    languages: tuple[str, ...]
    latin: NDArray[np.bool_]  # whether each language has ASCII letters
    costs: NDArray[np.uint8]  # (languages, classes, classes)
    classes: NDArray[np.uint16]  # of each code point up to U+FFFF
    cases: NDArray[np.uint8]  # 1 a capital, 2 a small letter, 0 neither
    alphabets: NDArray[np.uint64]  # of each class: a bit for each language that has the letter
    west: np.uint64  # the bits of languages with "q", "x" or apostrophes between letters
    unusual: NDArray[np.uint8]  # (classes, classes): what a pair costs beyond USUAL in every language
    vowels: NDArray[np.bool_]  # whether each class is a vowel, or "h"


@functools.cache
def letter_pairs() -> LetterPairs:
    """The costs, read from the package."""
    return derived("letter-pairs", stamp(), _read)


@functools.cache
def stamp() -> str:
    """What the costs depend on, but for the code: see `cleaners.derived`."""
    return f"{zlib.crc32(MODEL.read_bytes())} {unicodedata.unidata_version}"


def _read() -> LetterPairs:
    with np.load(MODEL) as file:
        languages = tuple(str(file["languages"]).split())
        alphabets = str(file["alphabets"]).split()
        tables = file["costs"]
    letters = sorted(set("".join(alphabets)) | set(RARE))
    number = {letter: LETTERS + i for i, letter in enumerate(letters)}
    size = LETTERS + len(letters)
    costs = np.full((len(languages), size, size), UNSEEN, np.uint8)
    start = 0
    for language, alphabet in enumerate(alphabets):
        own = [BOUNDARY, *(number[letter] for letter in alphabet)]
        table = tables[start : start + len(own) ** 2].reshape(len(own), len(own))
        costs[language][np.ix_(own, own)] = table
        start += table.size
    _add_marks(costs)
    classes = np.full(0x10000, OTHER_LETTER, np.uint16)
    classes[:0x3040] = [_class_of(chr(code), number) for code in range(0x3040)]
    classes[0xFF00:0xFF61] = BOUNDARY
    cases = np.zeros(0x10000, np.uint8)
    classes[0x2C6:0x2DE] = SYMBOL  # accents by themselves, which Unicode counts as letters
    classes[[0xFB01, 0xFB02]] = number["i"], number["l"]  # ligatures of f
    cases[:BEYOND] = [chr(c).isupper() + 2 * chr(c).islower() for c in range(BEYOND)]
    return LetterPairs(
        languages,
        np.array(["a" in alphabet for alphabet in alphabets]),
        costs,
        classes,
        cases,
        _alphabets(alphabets, number),
        np.uint64(
            sum(1 << i for i, code in enumerate((*languages, *OTHER_ALPHABETS)) if code not in EASTERN)
        ),
        _unusual(costs, number),
        _vowels(classes, size),
    )


def _add_marks(costs: NDArray[np.uint8]) -> None:
    """Fills in the costs of characters that are no letters."""
    costs[:, BOUNDARY, BOUNDARY] = 0
    for mark, (before, after, at_boundary, soft) in _COSTS.items():
        begins, ends = costs[:, BOUNDARY, LETTERS:], costs[:, LETTERS:, BOUNDARY]
        costs[:, mark, LETTERS:] = np.minimum(begins * np.uint16(soft) + before, HIGHEST)
        costs[:, LETTERS:, mark] = np.minimum(ends * np.uint16(soft) + after, HIGHEST)
        costs[:, mark, BOUNDARY] = costs[:, BOUNDARY, mark] = at_boundary
        for other in range(OTHER_LETTER, mark + 1):
            costs[:, mark, other] = costs[:, other, mark] = max(15, at_boundary, _COSTS[other][2])
    costs[:, OTHER_LETTER, OTHER_LETTER] = 40
    costs[:, SYMBOL, SYMBOL] = 50


def _class_of(character: str, letters: dict[str, int]) -> int:
    small = character.lower()[:1]
    if character in letters or small in letters:
        return letters.get(character) or letters[small]
    if character.isascii() or "\u3000" <= character <= "\u303f":
        return BOUNDARY
    for mark, characters in _MARKS.items():
        if character in characters:
            return mark
    category = unicodedata.category(character)
    if category in ("Cc", "Co", "Cn"):
        return CONTROL
    return OTHER_LETTER if category[0] in "LM" else SYMBOL


def _alphabets(alphabets: list[str], letters: dict[str, int]) -> NDArray[np.uint64]:
    """For each class the languages with the Latin letter as bits; all of them for what is no Latin letter beyond ASCII.

    No text in one language has letters that no language has all of.
    """
    known = np.full(LETTERS + len(letters), np.iinfo(np.uint64).max, np.uint64)
    several = (*alphabets, *OTHER_ALPHABETS)
    for letter, number in letters.items():
        if not letter.isascii() and unicodedata.name(letter).startswith("LATIN"):
            known[number] = sum(
                1 << i for i, alphabet in enumerate(several) if letter in alphabet and len(alphabet) < 60
            )
    return known


def _unusual(costs: NDArray[np.uint8], letters: dict[str, int]) -> NDArray[np.uint8]:
    """What each pair costs beyond USUAL in every language, and pairs that begin UTF-8 read as windows-1252 ("Ã…")."""
    unusual: NDArray[np.uint8] = np.maximum(costs.min(axis=0), USUAL) - np.uint8(USUAL)
    for mark in (SYMBOL, RAISED, OPENING, LOW_QUOTE, TRADE_MARK, SIGN, CONTROL):
        unusual[mark, LETTERS:] = SUSPICION * (costs[:, mark, LETTERS:].min(axis=0) >= USUAL)
        unusual[LETTERS:, mark] = SUSPICION * (costs[:, LETTERS:, mark].min(axis=0) >= USUAL)
    unusual[:LETTERS, :LETTERS] = 0
    unusual[SYMBOL, SYMBOL] = unusual[CONTROL] = unusual[:, CONTROL] = SUSPICION
    unusual[OTHER_LETTER] = unusual[:, OTHER_LETTER] = 0
    unusual[letters["σ"], BOUNDARY] = 0  # a list of words has only final sigma at the end
    for lead in "ãäå":
        unusual[letters[lead], [RAISED, ELLIPSIS, QUOTE, DASH, TRADE_MARK]] = SUSPICION
    return unusual


def words_cost(words: Sequence[str]) -> Any:
    """(languages, words): the cost of each word in each language. No word is empty or contains white space.

    >>> greek, swedish = words_cost(["γέφυρα", "ãÝöõñá"]).min(axis=0)
    >>> bool(greek < 250 < 400 < swedish)
    True
    """
    model = letter_pairs()
    text = f" {' '.join(words)} ".encode("utf-16-le", "surrogatepass")
    codes = np.frombuffer(text, np.uint16)
    classes = model.classes[codes]
    extra = extra_costs(classes, model.cases[codes])
    return sums_of_words(classes, extra, np.flatnonzero(codes == 0x20), model.costs)


@kernel
def sums_of_words(classes: U16, extra: I32, borders: I64, costs: Tables[U8]) -> Any:
    """(languages, words): the sums of the costs between the borders."""
    sums = np.zeros((len(costs), len(borders) - 1), np.int32)
    for language in range(len(costs)):
        own = costs[language]
        for word in range(len(borders) - 1):
            total = np.int32(0)
            for at in range(borders[word], borders[word + 1]):
                total += own[classes[at], classes[at + 1]] + extra[at]
            sums[language, word] = total
    return sums


def extra_costs(classes: NDArray[np.uint16], cases: NDArray[np.uint8]) -> Any:
    """The costs of what takes more than a pair to see, and is the same in all languages: (..., pairs)."""
    length = classes.shape[-1]
    extra = extra_costs_of_rows(classes.reshape(-1, length), cases.reshape(-1, length), letter_pairs().vowels)
    return extra.reshape(*classes.shape[:-1], length - 1)


@kernel
def extra_costs_of_rows(classes: Rows[U16], cases: Rows[U8], vowels: Flags) -> Any:
    """The same for rows: (rows, pairs). None is negative. `vowels` are those of `letter_pairs`."""
    rows, length = classes.shape
    extra = np.zeros((rows, length - 1), np.int32)
    for row in range(rows):
        of, case = classes[row], cases[row]
        for at in range(length - 1):
            after = of[at + 1]
            cost = CAPITAL_INSIDE * (case[at] == 2 and case[at + 1] == 1)
            if at > 0:
                before, here = of[at - 1], of[at]
                # two capitals and a small letter
                cost += CAPITAL_INSIDE * (case[at - 1] == 1 and case[at] == 1 and case[at + 1] == 2)
                # one small letter among capitals is a habit of print
                cost -= CAPITAL_INSIDE * (case[at - 1] == 1 and case[at] == 2 and case[at + 1] == 1)
                if BOUNDARY < here < LETTERS and here != GAP:
                    if before >= LETTERS and after >= LETTERS and here != ELLIPSIS:
                        # an apostrophe precedes a vowel, a name or a short ending such as "’re"
                        usual = here == APOSTROPHE and (
                            at + 3 >= length
                            or of[at + 2] < LETTERS
                            or of[at + 3] < LETTERS
                            or vowels[after]
                            or case[at + 1] == 1
                        )
                        cost += APOSTROPHE_INSIDE if usual else MARK_INSIDE
                    if here != DASH and before == BOUNDARY and after == BOUNDARY:
                        cost += MARK_ALONE
            extra[row, at] = cost
    return extra


def _vowels(classes: NDArray[np.uint16], size: int) -> NDArray[np.bool_]:
    found = np.zeros(size, np.bool_)
    for code in range(0xC0, BEYOND):
        found[classes[code]] |= unicodedata.normalize("NFD", chr(code))[0] in VOWELS
    found[classes[[ord(letter) for letter in VOWELS]]] = True
    found[:LETTERS] = False
    return found
