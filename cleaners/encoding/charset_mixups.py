"""Paragraphs that were decoded in the wrong single-byte charset throughout: "Ìîñò" where "Мост" was written.

ftfy repairs UTF-8 that was read as something else, which the pattern of its bytes shows. Two single-byte charsets
differ only in which text makes sense. So a paragraph is encoded and decoded again in every pair of charsets that fit.
The reading whose letters follow each other as in one of 35 languages is taken, if it is far better than the paragraph
as it is and than any other reading. `cleaners.text.letter_pairs` has the costs.

Only the words with characters beyond ASCII count, each once: the others are the same in all readings. The paragraph as
it is may take each of its words from another language, as one with foreign names does; a reading may not.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import ftfy.bad_codecs
import numpy as np
from numpy.typing import NDArray

from cleaners.kernels import U8, Flags, Rows, Tables, kernel
from cleaners.text.letter_pairs import OTHER_ALPHABETS, letter_pairs, lowest_costs, words_cost

ftfy.bad_codecs.ok()  # makes its "sloppy" charsets known, in which no byte is undefined

#: Charset -> what to add to the cost of readings in which a paragraph was wrongly read as this.
READ_AS: Final = {
    "latin-1": 0,  # where there are C1 controls; otherwise the same as the next
    "sloppy-windows-1252": 0,
    "sloppy-windows-1250": 10,
    "sloppy-windows-1251": 10,
    "macroman": 10,
    "koi8-r": 20,
    "cp866": 20,
    "iso-8859-2": 30,
    "cp437": 40,
    "cp850": 40,
    "koi8-u": 40,
    "sloppy-windows-1253": 50,
    "sloppy-windows-1254": 50,
    "sloppy-windows-1257": 50,
    "iso-8859-5": 50,
    "iso-8859-7": 50,
    "mac-cyrillic": 50,
    "cp852": 50,
}
#: Charset -> the same where it is the right one.
WRITTEN_AS: Final = {
    "sloppy-windows-1252": 0,
    "sloppy-windows-1251": 0,
    "sloppy-windows-1250": 0,
    "utf-8": 0,
    "koi8-r": 0,
    "sloppy-windows-1253": 0,
    "iso-8859-7": 5,
    "cp866": 10,
    "koi8-u": 10,
    "macroman": 10,
    "iso-8859-2": 10,
    "sloppy-windows-1254": 10,
    "sloppy-windows-1257": 10,
    "cp850": 15,
    "cp437": 25,
    "cp852": 40,
    "iso-8859-5": 40,
    "mac-cyrillic": 40,
    "cp737": 40,
    "windows-1255": 40,
    "windows-1256": 40,
}
MAX_WORDS: Final = 40  # with characters beyond ASCII that are looked at
MAX_ASCII_WORDS: Final = 40
SCREENED: Final = 12  # words, the most unusual ones, by which readings are ruled out
MAX_WORD: Final = 40  # characters of a word
MIXED_COST: Final = 30  # of a paragraph whose words are of several languages
ASCII_WORD_COST: Final = 15  # of an ASCII word in a language with another script; at most 20 count
MIN_GAIN: Final = 45  # of the reading over the paragraph as it is
MIN_GAIN_OF_ONE: Final = 80  # the same where it changes a single word that could be right
MIN_LEAD: Final = 15  # of the reading over the next one
MAX_PAIR_COST: Final = 33  # of the reading, on average
MAX_WORSE_SHARE: Final = 0.2  # of the words
WORSE: Final = 30  # how much more a word costs that is worse
LONG: Final = 2_000  # characters of a paragraph that is in the right charset if
MIN_USUAL_SHARE: Final = 0.7  # of its words are usual in a language
MIN_LENGTH: Final = 3  # letters of the words of the reading
MIN_LENGTH_FOREIGN: Final = 8  # the same in another script than Latin
MIN_REST: Final = 6  # ASCII words beside which a single letter is a word of the same language
MIN_LETTERS: Final = 0.75  # share of letters among the characters beyond ASCII of the reading
#: The same for a paragraph that ftfy would change: only what is beyond doubt comes before it.
SURE_GAIN: Final = 300
SURE_PAIR_COST: Final = 31
SURE_LETTERS: Final = 0.9

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
#: Controls as the characters of windows-1252 that ftfy makes of them.
_AS_FTFY_FIXES_C1: Final = {
    code: character
    for code in range(0x80, 0xA0)
    if (character := bytes([code]).decode("windows-1252", "ignore"))
}
_PUNCTUATION_C1: Final = frozenset("\x85\x91\x92\x93\x94\x96\x97")
DENSE: Final = 6  # a language of Latin-1 has fewer than one character beyond ASCII in this many
#: Punctuation of English, and what ftfy makes of the controls of windows-1252: beyond it English has hardly anything.
_ENGLISH_MARKS: Final = frozenset((*"‘’“”–—…\xa0", *map(chr, range(0x80, 0xA0))))
_ENGLISH: Final = re.compile(r"\b(?:the|and|of|to|in|is|that|for|was|with)\b")
_MIN_ENGLISH: Final = 2  # of these words in a paragraph that is English
_WORD: Final = re.compile(r"[A-Za-z\x80-\U0010ffff]+")
#: What no reading contains: controls, private characters, ligatures, what could not be decoded.
_NO_TEXT: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ue000-\uf8ff\ufb01\ufb02\ufffd]")


class Reading(NamedTuple):
    """What words become if they are encoded as `read_as` and decoded as `written_as`."""

    words: list[str]
    read_as: str
    written_as: str


class Scored(NamedTuple):
    """A reading, its cost in the language that suits it best, and the costs of its words in that language."""

    cost: int
    reading: Reading
    words: NDArray[np.int32]


def reread(text: str, sure: bool = False) -> tuple[str, str, str] | None:
    """(the text as it was written, the charset it was read as, the charset it was written in); None if it is right.

    `sure` asks for more evidence. UTF-8 that was read as another charset then does not count: ftfy repairs it.

    >>> reread("Ìîñò îñòàíåòñÿ îòêðûòûì äî âåñíû.")
    ('Мост останется открытым до весны.', 'sloppy-windows-1252', 'sloppy-windows-1251')
    >>> reread("La española cantó en Łódź.")
    """
    words = [word for word in dict.fromkeys(_WORD.findall(_CATALAN.sub("", text))) if len(word) <= MAX_WORD]
    own = [word for word in words if not word.isascii()][:MAX_WORDS]
    beyond = {character for word in own for character in word if character > "\x7f"}
    if not own or "\ufffd" in text or _LOOK_ALIKES.issuperset(beyond):
        return None
    if _ENGLISH_MARKS.issuperset(beyond) and len(_ENGLISH.findall(text)) >= _MIN_ENGLISH:
        return None
    if sure and _is_latin_1_with_punctuation(text, beyond):
        return None
    others = [word for word in words if word.isascii()][:MAX_ASCII_WORDS]
    charsets = _right_charsets(tuple(own), tuple(others), sure, len(text) >= LONG)
    if charsets is None:
        return None
    read_as, written_as = charsets
    try:
        new = text.encode(read_as).decode(written_as)
    except UnicodeError:
        return None
    return None if _NO_TEXT.search(new) else (new, read_as, written_as)


@functools.lru_cache(1 << 10)  # lines may differ in figures alone
def _right_charsets(
    own: tuple[str, ...], others: tuple[str, ...], sure: bool, long: bool
) -> tuple[str, str] | None:
    """(the charset that words were read as, the one they were written in); None if they are right.

    `own` are words with characters beyond ASCII, `others` those without, `long` whether their text is.
    """
    beyond = {character for word in own for character in word if character > "\x7f"}
    unknown = _may_be_of_another_language(beyond) and not any(map(_CAPITAL_INSIDE.search, own))
    rest = _cost_of_rest(others)
    costs = words_cost([word.translate(_AS_FTFY_FIXES_C1) for word in own])
    best = costs.min(axis=0)
    lengths = np.array([len(word) + 1 for word in own])
    if long and np.mean(best <= MAX_PAIR_COST * lengths) >= MIN_USUAL_SHARE:
        return None
    if len(others) >= MIN_REST:  # a single letter is no word of another language
        best = np.where([len(word) == 1 for word in own], costs[(costs.sum(axis=1) + rest).argmin()], best)
    cost = int(min((costs.sum(axis=1) + rest).min(), best.sum() + rest.min() + MIXED_COST))
    unusual = np.argsort(-best / lengths, kind="stable")[:SCREENED]
    least_gain = SURE_GAIN if sure else MIN_GAIN
    # neither is the first reading nor close to it what costs more than that
    limit = min(int(best[unusual].sum()) - MIN_GAIN, cost - least_gain + MIN_LEAD - int(rest.min()))
    charsets = _charsets([own[i] for i in unusual], limit, utf_8=not sure)
    scored = _scored(own, rest, charsets, cost - least_gain)
    if not scored or scored[0].cost > cost - least_gain:
        return None
    first = scored[0]
    next_cost = (other.cost for other in scored[1:] if other.reading.words != first.reading.words)
    pairs = sum(map(len, own)) + len(own)
    # ligatures count as the letters that they look like, which are no worse
    compared = np.array(
        [
            old != new and not _LIGATURE.search(old) and any(map(str.isalpha, new))
            for old, new in zip(own, first.reading.words, strict=True)
        ]
    )
    worse = np.count_nonzero((first.words > best + WORSE) & compared) / max(compared.sum(), 1)
    pairs_changed = [(old, new) for old, new in zip(own, first.reading.words, strict=True) if old != new]
    joined = " ".join(new for _, new in pairs_changed)
    letters = {
        old for before, after in pairs_changed for old, new in zip(before, after, strict=False) if old != new
    }
    if (
        cost - first.cost < (SURE_GAIN if sure else _least_gain([old for old, _ in pairs_changed], first))
        or next(next_cost, cost) - first.cost < MIN_LEAD
        or first.words.sum() > (SURE_PAIR_COST if sure else MAX_PAIR_COST) * pairs
        or worse > MAX_WORSE_SHARE
        or _share_of_letters(joined) < (SURE_LETTERS if sure else MIN_LETTERS)
        or _is_short(joined)
        or (not _LETTER_BEYOND.search(joined) and not _is_apostrophe(joined, first.reading.written_as))
        or letters <= _LEFT_OVER
        or (unknown and _LATIN_BEYOND.search(joined))
        or any(_letter_becomes_mark(old, new) for old, new in pairs_changed)
        or any(word.count("·") > 1 for word in own)
    ):
        return None
    return first.reading.read_as, first.reading.written_as


def _is_latin_1_with_punctuation(text: str, beyond: set[str]) -> bool:
    """Whether the only controls are quotation marks, dashes and the like of windows-1252, among a few letters."""
    others = beyond.difference(_PUNCTUATION_C1)
    many = sum(map(text.count, others)) * DENSE > len(text)
    return not many and all(
        character.isalpha() or (character in _ENGLISH_MARKS and not _C1.match(character))
        for character in others
    )


def _may_be_of_another_language(beyond: set[str]) -> bool:
    """Whether these characters, but for punctuation, are letters of a language whose words are not known."""
    letters = "".join(beyond.difference(_ENGLISH_MARKS)).lower()
    return bool(letters) and any(set(letters) <= set(alphabet) for alphabet in OTHER_ALPHABETS)


def _letter_becomes_mark(old: str, new: str) -> bool:
    """Whether a letter within a word becomes a mark other than an apostrophe, a dash or an ellipsis."""
    return any(
        before.isalpha() and not after.isalpha() and after not in "’–—…"
        for before, after in zip(old[1:-1], new[1:-1], strict=False)
        if len(old) == len(new)
    )


def _least_gain(changed: list[str], scored: Scored) -> int:
    """How much a reading must gain that changes these words.

    One word proves little if it may be a name of another language, or has a bullet or trade mark without a space. But
    letters of Eastern Europe beside Western words are suspicious by themselves.
    """
    if len(changed) > 1:
        return MIN_GAIN
    name = changed[0].isalpha() and scored.reading.read_as not in ("sloppy-windows-1250", "iso-8859-2")
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


def _cost_of_rest(words: Sequence[str]) -> Any:
    """(languages,): the cost of ASCII words, which are the same in all readings."""
    model = letter_pairs()
    if not words:
        return np.zeros(len(model.languages), np.int32)
    costs = words_cost(words).sum(axis=1)
    foreign = costs[model.latin].min() + ASCII_WORD_COST * min(len(words), 20)
    return np.where(model.latin, costs, foreign)


def _charsets(words: list[str], limit: int, *, utf_8: bool) -> list[tuple[int, str, str]]:
    """(what the words cost at least, charset read as, charset written in), for pairs where that is at most `limit`.

    With `utf_8`, it is among the charsets written in, whatever the words may cost.
    """
    if not utf_8 and limit < 0:
        return []
    tables = _tables()
    text = f" {' '.join(words)} "
    codes = np.frombuffer(text.encode("utf-16-le", "surrogatepass"), np.uint16)
    encoded = tables.bytes_of[:, codes]
    rows = np.flatnonzero(encoded.all(axis=1))
    if not _C1.search(text):
        rows = rows[rows > 0]  # Latin-1, which is first, is then the same as windows-1252
    if not len(rows):
        return []
    several = [tables.read_as[row] for row in rows.tolist()]
    encoded = encoded[rows]
    found: list[tuple[int, str, str]] = []
    # what is added to the costs of the pairs is never negative, and takes longer
    likely = np.argwhere(_may_cost(encoded, tables.lowest, tables.no_text, limit))
    if len(likely):
        column, data = likely[:, :1], encoded[likely[:, 1]]
        costs = lowest_costs(tables.classes[column, data], tables.cases[column, data])
        found = [
            (cost, several[row], tables.names[column])
            for (column, row), cost in zip(likely.tolist(), costs.tolist(), strict=True)
            if cost <= limit
        ]
    return found + [(0, read_as, "utf-8") for read_as in several if utf_8]


@kernel
def _may_cost(codes: Rows[U8], lowest: Tables[U8], no_text: Rows[Flags], limit: int) -> Any:
    """(charsets, rows of bytes): whether the pairs of a row may cost at most `limit` in a charset, and are text."""
    likely = np.zeros((len(lowest), len(codes)), np.bool_)
    for charset in range(len(lowest)):
        for row in range(len(codes)):
            total = 0
            for at in range(codes.shape[1] - 1):
                total += lowest[charset, codes[row, at], codes[row, at + 1]]
                if total > limit or no_text[charset, codes[row, at]]:
                    break
            else:
                likely[charset, row] = True
    return likely


def _scored(words: Sequence[str], rest: Any, charsets: list[tuple[int, str, str]], most: int) -> list[Scored]:
    """The readings of the words that change them and are text, from the one that costs least on.

    Those are left out that cost more than `most`, or than the first one, by more than MIN_LEAD.
    """
    joined, rest_at_least = " ".join(words), int(rest.min())
    scored = []
    bounds = [
        at_least + rest_at_least + READ_AS[read_as] + WRITTEN_AS[written_as]
        for at_least, read_as, written_as in charsets
    ]
    for place in sorted(range(len(charsets)), key=bounds.__getitem__):
        if bounds[place] > most + MIN_LEAD:
            break
        _, read_as, written_as = charsets[place]
        try:
            new = joined.encode(read_as).decode(written_as)
        except UnicodeError:
            continue
        parts = new.split(" ")
        if new == joined or len(parts) != len(words) or _NO_TEXT.search(new):
            continue
        costs = words_cost(parts)
        totals = costs.sum(axis=1) + rest
        language = int(totals.argmin())
        cost = int(totals[language]) + READ_AS[read_as] + WRITTEN_AS[written_as]
        scored.append((cost, place, Scored(cost, Reading(parts, read_as, written_as), costs[language])))
        most = min(most, cost)
    return [reading for _, _, reading in sorted(scored, key=lambda scored: scored[:2])]


class _Tables(NamedTuple):
    """What each byte stands for, with a row for each single-byte charset of `WRITTEN_AS`."""

    read_as: list[str]
    bytes_of: U8  # (charsets of `READ_AS`, 65536): the byte of each code point; 0 where there is none
    names: list[str]
    classes: NDArray[np.uint16]
    cases: NDArray[np.uint8]
    no_text: NDArray[np.bool_]
    lowest: NDArray[np.uint8]  # (charsets, 256, 256): what each two bytes cost in any one language


@functools.cache
def _tables() -> _Tables:
    names = [name for name in WRITTEN_AS if name != "utf-8"]
    characters = [bytes([byte]).decode(name, "replace") for name in names for byte in range(256)]
    codes = np.array([ord(character) for character in characters]).reshape(-1, 256)
    model = letter_pairs()
    classes = model.classes[codes]
    bytes_of = np.zeros((len(READ_AS), 0x10000), np.uint8)
    for row, read_as in enumerate(READ_AS):
        for byte in range(256):
            bytes_of[row, ord(bytes([byte]).decode(read_as, "replace"))] = byte
    bytes_of[:, 0xFFFD] = 0
    return _Tables(
        list(READ_AS),
        bytes_of,
        names,
        classes,
        model.cases[codes],
        np.array([bool(_NO_TEXT.match(character)) for character in characters]).reshape(-1, 256),
        model.costs.min(axis=0)[classes[:, :, None], classes[:, None, :]],
    )
