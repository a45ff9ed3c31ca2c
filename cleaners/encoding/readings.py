"""The cheapest readings of the words of many paragraphs: the search behind `cleaners.encoding.charset_mixups`.

A reading is what words become if they are encoded in one charset and decoded in another. All pairs of charsets, all
paragraphs and all languages are compared in one kernel. Bounds come first: the most unusual words, as if each pair of
characters were of the language that suits it best, rule out most readings.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

import ftfy.bad_codecs
import numpy as np

from cleaners.kernels import I32, I64, U8, U16, Flags, Rows, Tables, Written, kernel
from cleaners.text.letter_pairs import extra_costs_of_rows, letter_pairs, sums_of_words, vowels

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
    "utf-8": 0,  # the last: all others are tables of 256 characters
}
SCREENED: Final = 12  # words, the most unusual ones, by which readings are ruled out
MIXED_COST: Final = 30  # of a paragraph whose words are of several languages
ASCII_WORD_COST: Final = 15  # of an ASCII word in a language with another script; at most 20 count
MIN_GAIN: Final = 45  # of the reading over the paragraph as it is
MIN_LEAD: Final = 15  # of the reading over the next one
MAX_PAIR_COST: Final = 33  # of the reading, on average
WORSE: Final = 30  # how much more a word costs that is worse
MIN_USUAL_SHARE: Final = 0.7  # of the words of a long paragraph in the right charset that are usual in a language
MIN_REST: Final = 6  # ASCII words beside which a single letter is a word of the same language
#: The same for a paragraph that ftfy would change: only what is beyond doubt comes before it.
SURE_GAIN: Final = 300
SURE_PAIR_COST: Final = 31

#: Controls as the characters of windows-1252 that ftfy makes of them.
_AS_FTFY_FIXES_C1: Final = {
    code: character
    for code in range(0x80, 0xA0)
    if (character := bytes([code]).decode("windows-1252", "ignore"))
}
#: What no reading contains: controls, private characters, ligatures, what could not be decoded.
NO_TEXT: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ue000-\uf8ff\ufb01\ufb02\ufffd]")


class Words(NamedTuple):
    """The distinct words of a paragraph that are looked at. None is empty or contains white space."""

    own: tuple[str, ...]  # with characters beyond ASCII
    others: tuple[str, ...]  # ASCII
    long: bool  # whether the paragraph is


class Reading(NamedTuple):
    """A reading that is far better than the words as they are, and than any other reading."""

    read_as: str
    written_as: str
    gain: int  # what it costs less
    worse: Flags  # whether each of the own words is worse in it


def best_readings(paragraphs: Sequence[Words], *, sure: bool) -> Iterator[Reading | None]:
    """The reading of each paragraph that is better than all else; None where there is none.

    `sure` asks for more evidence, and excludes readings as UTF-8.
    """
    text, bounds = [], [0]
    for own, others, _ in paragraphs:
        for words in (own, others):
            text.append(f" {' '.join(words)} ")
            bounds.append(bounds[-1] + len(text[-1]))
    codes = np.frombuffer("".join(text).encode("utf-16-le", "surrogatepass"), np.uint16)
    counts = np.array([len(others) for _, others, _ in paragraphs], np.int64)
    long = np.array([paragraph.long for paragraph in paragraphs], np.bool_)
    places, gains, worse = _choose(codes, np.array(bounds), counts, long, sure, _tables())
    several, first = list(READ_AS), 0
    for (own, *_), place, gain in zip(paragraphs, places.tolist(), gains.tolist(), strict=True):
        if place < 0:
            yield None
        else:
            written_as, read_as = divmod(place, len(several))
            better = worse[first : first + len(own)]
            yield Reading(several[read_as], list(WRITTEN_AS)[written_as], gain, better)
        first += len(own)


class _Tables(NamedTuple):
    """What characters cost, and what each byte stands for in each charset."""

    classes: U16  # of code points
    cases: U8
    fixed: U16  # code points of Latin-1 as ftfy fixes them
    costs: Tables[U8]
    latin: Flags  # whether each language has ASCII letters
    vowels: Flags  # whether each class is one
    bytes_of: Rows[U8]  # (charsets of `READ_AS`, 65536): the byte of each code point; 0 where there is none
    read_as: I64  # what is added to the cost
    written_as: I64
    characters: Rows[U16]  # (charsets of `WRITTEN_AS` but UTF-8, 256): the code point of each byte
    no_text: Rows[Flags]
    lowest: Tables[U8]  # (charsets, 256, 256): what each two bytes cost in any one language


@functools.cache
def _tables() -> _Tables:
    names = [name for name in WRITTEN_AS if name != "utf-8"]
    characters = [bytes([byte]).decode(name, "replace") for name in names for byte in range(256)]
    codes = np.array([ord(character) for character in characters], np.uint16).reshape(-1, 256)
    model = letter_pairs()
    classes = model.classes[codes]
    bytes_of = np.zeros((len(READ_AS), 0x10000), np.uint8)
    for row, read_as in enumerate(READ_AS):
        for byte in range(256):
            bytes_of[row, ord(bytes([byte]).decode(read_as, "replace"))] = byte
    bytes_of[:, 0xFFFD] = 0
    return _Tables(
        model.classes,
        model.cases,
        np.array([ord(_AS_FTFY_FIXES_C1.get(code, chr(code))) for code in range(256)], np.uint16),
        model.costs,
        model.latin,
        vowels(),
        bytes_of,
        np.array(list(READ_AS.values()), np.int64),
        np.array(list(WRITTEN_AS.values()), np.int64),
        codes,
        np.array([bool(NO_TEXT.match(character)) for character in characters]).reshape(-1, 256),
        model.costs.min(axis=0)[classes[:, :, None], classes[:, None, :]],
    )


@kernel
def _choose(codes: U16, bounds: I64, others: I64, long: Flags, sure: bool, tables: _Tables) -> Any:
    """(the place of the best reading of each paragraph, its gain, whether each own word is worse in it).

    `codes` has the own words of each paragraph, then its ASCII words, with a space before and after each; `bounds` says
    where they begin, `others` how many ASCII words there are. The place is the number of the charset written in,
    times the number of charsets read as, plus the number of that; -1 if no reading is good enough.
    """
    rows, several, single = len(others), len(tables.bytes_of), len(tables.characters)
    places, gains = np.full(rows, -1, np.int64), np.zeros(rows, np.int64)
    worse = np.zeros(len(codes), np.bool_)
    keys, likely = np.empty(several * (single + 1), np.int64), np.empty(several * (single + 1), np.int64)
    totals, read = np.empty_like(keys), np.empty_like(keys)
    least_gain = SURE_GAIN if sure else MIN_GAIN
    next_word = 0
    for row in range(rows):
        own = codes[bounds[2 * row] : bounds[2 * row + 1]]
        borders = np.flatnonzero(own == 0x20)
        length, words = len(own), len(borders) - 1
        word, next_word = next_word, next_word + words
        rest = _cost_of_rest(codes[bounds[2 * row + 1] : bounds[2 * row + 2]], others[row], tables)
        fixed = np.empty(length, np.uint16)
        for at in range(length):
            fixed[at] = tables.fixed[own[at]] if own[at] < 256 else own[at]
        # the cost of the paragraph as it is
        costs = _costs_of(fixed, borders, tables)
        languages, best = rest.copy(), costs[0].copy()
        for language in range(len(costs)):
            for i in range(words):
                languages[language] += costs[language, i]
                best[i] = min(best[i], costs[language, i])
        usual = 0
        for i in range(words):
            usual += best[i] <= MAX_PAIR_COST * (borders[i + 1] - borders[i])
        if long[row] and usual / words >= MIN_USUAL_SHARE:
            continue
        if others[row] >= MIN_REST:  # a single letter is no word of another language
            language = languages.argmin()
            for i in range(words):
                if borders[i + 1] - borders[i] == 2:
                    best[i] = costs[language, i]
        cost = min(languages.min(), best.sum() + rest.min() + MIXED_COST)
        # neither is the first reading nor close to it what costs more than the limit
        screened, cost_of_screened = _most_unusual(own, borders, best)
        limit = min(cost_of_screened - MIN_GAIN, cost - least_gain + MIN_LEAD - rest.min())
        if sure and limit < 0:
            continue
        c1 = False
        for code in screened:
            c1 |= 0x80 <= code < 0xA0
        count = 0
        encoded, data = np.empty(len(screened), np.uint8), np.empty((several, length), np.uint8)
        for read_as in range(0 if c1 else 1, several):  # Latin-1 is first
            if not _encode(own, tables.bytes_of[read_as], data[read_as]):
                continue
            _encode(screened, tables.bytes_of[read_as], encoded)
            added = rest.min() + tables.read_as[read_as]
            for charset in range(single):
                at_least = _bound(encoded, charset, limit, tables)
                if at_least <= limit:
                    keys[count] = at_least + added + tables.written_as[charset]
                    likely[count] = charset * several + read_as
                    count += 1
            if not sure:
                keys[count], likely[count] = added + tables.written_as[single], single * several + read_as
                count += 1
        # the readings, from the one that may cost least on
        most, first, seen = cost - least_gain, -1, 0
        new, first_new = np.empty(length, np.uint16), np.empty(length, np.uint16)
        first_cost = np.int64(0)
        first_length = 0
        first_words = best
        for i in np.argsort(keys[:count], kind="mergesort"):
            if keys[i] > most + MIN_LEAD:
                break
            place = likely[i]
            new_length = _decode(data[place % several], place // several, tables, new)
            if new_length < 0 or _are_equal(new[:new_length], own):
                continue
            new_borders = np.flatnonzero(new[:new_length] == 0x20)
            if len(new_borders) != len(borders):
                continue
            costs = _costs_of(new[:new_length], new_borders, tables)
            languages = rest.copy()
            for language in range(len(costs)):
                languages[language] += costs[language].sum()
            language = languages.argmin()
            total = languages[language] + tables.read_as[place % several] + tables.written_as[place // several]
            totals[seen], read[seen] = total, place
            seen += 1
            most = min(most, total)
            if first < 0 or total < first_cost or (total == first_cost and place < first):
                first, first_cost, first_words, first_length = place, total, costs[language].copy(), new_length
                first_new[:new_length] = new[:new_length]
        if first < 0 or first_cost > cost - least_gain:
            continue
        if first_words.sum() > (SURE_PAIR_COST if sure else MAX_PAIR_COST) * (length - 1):
            continue
        rivals = False
        for i in range(seen):
            if read[i] != first and totals[i] - first_cost < MIN_LEAD:
                new_length = _decode(data[read[i] % several], read[i] // several, tables, new)
                rivals |= not _are_equal(new[:new_length], first_new[:first_length])
        if rivals:
            continue
        places[row], gains[row] = first, cost - first_cost
        for i in range(words):
            worse[word + i] = first_words[i] > best[i] + WORSE
    return places, gains, worse


@kernel
def _costs_of(codes: U16, borders: I64, tables: _Tables) -> Any:
    """(languages, words): the cost of each word."""
    classes, cases = np.empty((1, len(codes)), np.uint16), np.empty((1, len(codes)), np.uint8)
    for at in range(len(codes)):
        classes[0, at], cases[0, at] = tables.classes[codes[at]], tables.cases[codes[at]]
    return sums_of_words(
        classes[0], extra_costs_of_rows(classes, cases, tables.vowels)[0], borders, tables.costs
    )


@kernel
def _cost_of_rest(codes: U16, words: int, tables: _Tables) -> Any:
    """(languages,): the cost of ASCII words, which are the same in all readings."""
    rest = np.zeros(len(tables.latin), np.int64)
    if not words:
        return rest
    costs = _costs_of(codes, np.array([0, len(codes) - 1]), tables)
    lowest = np.int64(1 << 62)
    for language in range(len(costs)):
        if tables.latin[language]:
            lowest = min(lowest, np.int64(costs[language, 0]))
    for language in range(len(costs)):
        rest[language] = costs[language, 0] if tables.latin[language] else lowest + ASCII_WORD_COST * min(words, 20)
    return rest


@kernel
def _most_unusual(codes: U16, borders: I64, costs: I32) -> Any:
    """(the words that cost most for their length, with spaces around them; what they cost)."""
    words = len(costs)
    screened, length, cost = np.empty(len(codes), np.uint16), 1, np.int64(0)
    screened[0] = 0x20
    left = np.ones(words, np.bool_)
    for _ in range(min(SCREENED, words)):
        most, chosen = -1.0, 0
        for i in range(words):
            each = costs[i] / (borders[i + 1] - borders[i])
            if left[i] and each > most:
                most, chosen = each, i
        left[chosen] = False
        cost += costs[chosen]
        for at in range(borders[chosen] + 1, borders[chosen + 1] + 1):
            screened[length] = codes[at]
            length += 1
    return screened[:length], cost


@kernel
def _encode(codes: U16, bytes_of: U8, data: Written[U8]) -> Any:
    """Whether the charset has all characters; their bytes are written to `data`."""
    for at in range(len(codes)):
        data[at] = bytes_of[codes[at]]
        if data[at] == 0:
            return False
    return True


@kernel
def _bound(data: U8, charset: int, limit: int, tables: _Tables) -> Any:
    """What words cost at least in a charset; more than `limit` if they are no text, too."""
    total = 0
    for at in range(len(data) - 1):
        total += tables.lowest[charset, data[at], data[at + 1]]
        if total > limit or tables.no_text[charset, data[at]]:
            return limit + 1
    classes, cases = np.empty((1, len(data)), np.uint16), np.empty((1, len(data)), np.uint8)
    for at in range(len(data)):
        code = tables.characters[charset, data[at]]
        classes[0, at], cases[0, at] = tables.classes[code], tables.cases[code]
    return total + extra_costs_of_rows(classes, cases, tables.vowels).sum()


@kernel
def _decode(data: U8, charset: int, tables: _Tables, codes: Written[U16]) -> Any:
    """How many units of UTF-16 bytes are in a charset, which are written to `codes`; -1 if they are no text."""
    if charset < len(tables.characters):
        for at in range(len(data)):
            if tables.no_text[charset, data[at]]:
                return -1
            codes[at] = tables.characters[charset, data[at]]
        return len(data)
    at = length = 0
    while at < len(data):
        code, width = np.int64(data[at]), 1
        if code >= 0xF5 or 0x80 <= code < 0xC2:
            return -1
        if code >= 0x80:
            width = 2 if code < 0xE0 else 3 if code < 0xF0 else 4
            if at + width > len(data):
                return -1
            code &= 0x7F >> width
            for more in range(at + 1, at + width):
                if data[more] >> 6 != 2:
                    return -1
                code = code << 6 | np.int64(data[more] & 63)
        if width == 3 and (code < 0x800 or 0xD800 <= code < 0xE000):
            return -1
        if width == 4 and (code < 0x10000 or code > 0x10FFFF):
            return -1
        if _is_no_text(code):
            return -1
        if code >= 0x10000:
            codes[length] = 0xD800 + (code - 0x10000 >> 10)
            codes[length + 1] = 0xDC00 + (code & 0x3FF)
            length += 2
        else:
            codes[length] = code
            length += 1
        at += width
    return length


@kernel
def _is_no_text(code: int) -> Any:
    """Whether `NO_TEXT` matches a character that UTF-8 writes in several bytes."""
    return (
        0x7F <= code < 0xA0 or 0xE000 <= code < 0xF900 or code == 0xFB01 or code == 0xFB02 or code == 0xFFFD
    )


@kernel
def _are_equal(codes: U16, others: U16) -> Any:
    if len(codes) != len(others):
        return False
    for at in range(len(codes)):
        if codes[at] != others[at]:
            return False
    return True
