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

import ftfy
import ftfy.bad_codecs
import numpy as np

from cleaners.derived import derived
from cleaners.kernels import I32, I64, U8, U16, U32, Flags, Integer, Rows, Tables, Written, helper, kernel
from cleaners.text.letter_pairs import extra_costs_of_rows, letter_pairs, stamp

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
MIN_USUAL_SHARE: Final = (
    0.7  # of the words of a long paragraph in the right charset that are usual in a language
)
MIN_REST: Final = 6  # ASCII words beside which a single letter is a word of the same language
#: The same for a paragraph that ftfy would change: only what is beyond doubt comes before it.
SURE_GAIN: Final = 300
SURE_PAIR_COST: Final = 31
SEEN: Final = 1 << 62  # in place of what a reading costs at least

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
    costs: Tables[U8]  # (classes, classes, languages)
    latin: Flags  # whether each language has ASCII letters
    vowels: Flags  # whether each class is one
    bytes_of: Rows[U8]  # (charsets of `READ_AS`, 65536): the byte of each code point; 0 where there is none
    charsets: U32  # bits of those that have each code point
    read_as: I64  # what is added to the cost
    written_as: I64
    characters: Rows[U16]  # (charsets of `WRITTEN_AS` but UTF-8, 256): the code point of each byte
    no_text: Rows[Flags]
    lowest: Tables[U8]  # (256, 256, charsets): what each two bytes cost in any one language


@functools.cache
def _tables() -> _Tables:
    return derived("charset-readings", f"{stamp()} {ftfy.__version__}", _make_tables)


def _make_tables() -> _Tables:
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
        np.ascontiguousarray(model.costs.transpose(1, 2, 0)),
        model.latin,
        model.vowels,
        bytes_of,
        ((bytes_of > 0) << np.arange(len(READ_AS))[:, None]).sum(axis=0).astype(np.uint32),
        np.array(list(READ_AS.values()), np.int64),
        np.array(list(WRITTEN_AS.values()), np.int64),
        codes,
        np.array([bool(NO_TEXT.match(character)) for character in characters]).reshape(-1, 256),
        np.ascontiguousarray(model.costs.min(axis=0)[classes.T[:, None], classes.T[None]]),
    )


@kernel
def _choose(codes: U16, bounds: I64, others: I64, long: Flags, sure: bool, tables: _Tables) -> Any:
    """(the place of the best reading of each paragraph, its gain, whether each own word is worse in it).

    `codes` has the own words of each paragraph, then its ASCII words, with a space before and after each; `bounds` says
    where they begin, `others` how many ASCII words there are. The place is the number of the charset written in,
    times the number of charsets read as, plus the number of that; -1 if no reading is good enough.
    """
    rows, several, single = len(others), len(tables.bytes_of), len(tables.characters)
    # names, because numba counts references at each use of a field; loops, because each function of numpy would be
    # compiled into this kernel, which took longer than all the rest of it
    classes, cases, vowels = tables.classes, tables.cases, tables.vowels
    costs_of_pairs, latin = tables.costs, tables.latin
    as_fixed, all_bytes, charsets, lowest = tables.fixed, tables.bytes_of, tables.charsets, tables.lowest
    characters, no_text = tables.characters, tables.no_text
    added_read, added_written = tables.read_as, tables.written_as
    places, gains = np.zeros(rows, np.int64), np.zeros(rows, np.int64)
    worse = np.zeros(len(codes), np.bool_)
    keys, likely = np.empty(several * (single + 1), np.int64), np.empty(several * (single + 1), np.int64)
    totals, read = np.empty(len(keys), np.int64), np.empty(len(keys), np.int64)
    no_language, whole = np.zeros(len(latin), np.int64), np.zeros(2, np.int64)
    least_gain = SURE_GAIN if sure else MIN_GAIN
    next_word = 0
    for row in range(rows):
        own = codes[bounds[2 * row] : bounds[2 * row + 1]]
        places[row] = -1
        borders = _spaces(own)
        length, words = len(own), len(borders) - 1
        word, next_word = next_word, next_word + words
        rest = no_language
        if others[row]:
            ascii_words = codes[bounds[2 * row + 1] : bounds[2 * row + 2]]
            whole[1] = len(ascii_words) - 1
            rest = _sums(_costs_of(ascii_words, whole, classes, cases, costs_of_pairs, vowels), rest)
            _add_foreign(rest, others[row], latin)
        least_rest = rest[_least(rest)]
        fixed = np.empty(length, np.uint16)
        for at in range(length):
            fixed[at] = as_fixed[own[at]] if own[at] < 256 else own[at]
        # the cost of the paragraph as it is
        costs = _costs_of(fixed, borders, classes, cases, costs_of_pairs, vowels)
        languages, best = _sums(costs, rest), np.empty(words, np.int32)
        usual = 0
        for i in range(words):
            best[i] = costs[i, 0]
            for language in range(1, len(latin)):
                best[i] = min(best[i], costs[i, language])
            usual += best[i] <= MAX_PAIR_COST * (borders[i + 1] - borders[i])
        if long[row] and usual / words >= MIN_USUAL_SHARE:
            continue
        if others[row] >= MIN_REST:  # a single letter is no word of another language
            language = _least(languages)
            for i in range(words):
                if borders[i + 1] - borders[i] == 2:
                    best[i] = costs[i, language]
        cost = least_rest + MIXED_COST
        for i in range(words):
            cost += best[i]
        cost = min(languages[_least(languages)], cost)
        # neither is the first reading nor close to it what costs more than the limit
        screened, cost_of_screened = _most_unusual(own, borders, best)
        limit = min(cost_of_screened - MIN_GAIN, cost - least_gain + MIN_LEAD - least_rest)
        if sure and limit < 0:
            continue
        c1 = False
        for code in screened:
            c1 |= 0x80 <= code < 0xA0
        have_all = ~np.uint32(0)
        for code in own:
            have_all &= charsets[code]
        new, at_leasts = np.empty(length, np.uint16), np.empty(single, np.int64)
        most_words = (SURE_PAIR_COST if sure else MAX_PAIR_COST) * (length - 1)
        count, least_words = 0, limit + 1
        encoded, data = np.empty(len(screened), np.uint8), np.empty((several, length), np.uint8)
        for read_as in range(0 if c1 else 1, several):  # Latin-1 is first
            if not have_all >> np.uint32(read_as) & np.uint32(1):
                continue
            bytes_of = all_bytes[read_as]
            for at in range(len(screened)):
                encoded[at] = bytes_of[screened[at]]
            for at in range(length):
                data[read_as, at] = bytes_of[own[at]]
            added = least_rest + added_read[read_as]
            _add_up(encoded, lowest, at_leasts)
            for charset in range(single):
                at_least = at_leasts[charset]
                if at_least > limit or _decode(encoded, charset, characters, no_text, new) < 0:
                    continue
                at_least += _extra_of(new[: len(encoded)], classes, cases, vowels)
                if at_least <= limit:
                    keys[count] = at_least + added + added_written[charset]
                    likely[count] = charset * several + read_as
                    count += 1
                    least_words = min(least_words, at_least)
            if not sure and _decode(data[read_as], single, characters, no_text, new) > 0:
                keys[count], likely[count] = added + added_written[single], single * several + read_as
                count += 1
                least_words = 0
        if least_words > most_words:  # of what may come first, nothing is usual enough
            continue
        # the readings, from the one that may cost least on
        most, first, seen = cost - least_gain, -1, 0
        first_new, first_words = np.empty(length, np.uint16), np.empty(words, np.int32)
        first_cost = np.int64(0)
        first_length = 0
        for _ in range(count):
            i = _least(keys[:count])
            if keys[i] > most + MIN_LEAD:
                break
            keys[i] = SEEN
            place = likely[i]
            new_length = _decode(data[place % several], place // several, characters, no_text, new)
            if new_length < 0 or _are_equal(new[:new_length], own):
                continue
            new_borders = _spaces(new[:new_length])
            if len(new_borders) != len(borders):
                continue
            costs = _costs_of(new[:new_length], new_borders, classes, cases, costs_of_pairs, vowels)
            languages = _sums(costs, rest)
            language = _least(languages)
            total = languages[language] + added_read[place % several] + added_written[place // several]
            totals[seen], read[seen] = total, place
            seen += 1
            most = min(most, total)
            if first < 0 or total < first_cost or (total == first_cost and place < first):
                first, first_cost, first_length = place, total, new_length
                for at in range(new_length):
                    first_new[at] = new[at]
                for i in range(words):
                    first_words[i] = costs[i, language]
        if first < 0 or first_cost > cost - least_gain:
            continue
        of_words = np.int64(0)
        for i in range(words):
            of_words += first_words[i]
        if of_words > most_words:
            continue
        rivals = False
        for i in range(seen):
            if read[i] != first and totals[i] - first_cost < MIN_LEAD:
                new_length = _decode(data[read[i] % several], read[i] // several, characters, no_text, new)
                rivals |= not _are_equal(new[:new_length], first_new[:first_length])
        if rivals:
            continue
        places[row], gains[row] = first, cost - first_cost
        for i in range(words):
            worse[word + i] = first_words[i] > best[i] + WORSE
    return places, gains, worse


@helper
def _spaces(codes: U16) -> Any:
    """Where the spaces are."""
    places, count = np.empty(len(codes), np.int64), 0
    for at in range(len(codes)):
        if codes[at] == 0x20:
            places[count] = at
            count += 1
    return places[:count]


@helper
def _sums(rows: Rows[I32], start: I64) -> Any:
    """The sum of each column, and of `start`."""
    sums = np.empty(len(start), np.int64)
    for column in range(len(start)):
        sums[column] = start[column]
    for row in range(len(rows)):
        for column in range(len(start)):
            sums[column] += rows[row, column]
    return sums


@helper
def _least(values: I64) -> Any:
    """Where the least value is, the first of several."""
    place = 0
    for at in range(1, len(values)):
        if values[at] < values[place]:
            place = at
    return place


@helper
def _costs_of(codes: U16, borders: I64, classes: U16, cases: U8, costs: Tables[U8], vowels: Flags) -> Any:
    """(words, languages): the cost of each word."""
    of, case = np.empty((1, len(codes)), np.uint16), np.empty((1, len(codes)), np.uint8)
    for at in range(len(codes)):
        of[0, at], case[0, at] = classes[codes[at]], cases[codes[at]]
    extra = extra_costs_of_rows(of, case, vowels)[0]
    languages = costs.shape[2]
    sums = np.zeros((len(borders) - 1, languages), np.int32)
    for word in range(len(sums)):
        total = sums[word]
        for at in range(borders[word], borders[word + 1]):
            pair, more = costs[of[0, at], of[0, at + 1]], extra[at]
            for language in range(languages):
                total[language] += more + pair[language]
    return sums


@helper
def _extra_of(codes: U16, classes: U16, cases: U8, vowels: Flags) -> Any:
    """What words cost beyond their pairs."""
    of, case = np.empty((1, len(codes)), np.uint16), np.empty((1, len(codes)), np.uint8)
    for at in range(len(codes)):
        of[0, at], case[0, at] = classes[codes[at]], cases[codes[at]]
    extra, total = extra_costs_of_rows(of, case, vowels)[0], np.int64(0)
    for at in range(len(extra)):
        total += extra[at]
    return total


@helper
def _add_foreign(rest: Written[I64], words: int, latin: Flags) -> None:
    """Make the cost of ASCII words in languages with another script what it is in the best of the others, and more."""
    lowest = np.int64(1 << 62)
    for language in range(len(rest)):
        if latin[language]:
            lowest = min(lowest, rest[language])
    for language in range(len(rest)):
        if not latin[language]:
            rest[language] = lowest + ASCII_WORD_COST * min(words, 20)


@helper
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


@helper
def _add_up(data: U8, lowest: Tables[U8], totals: Written[I64]) -> Any:
    """What the pairs of words cost at least in each charset."""
    totals[:] = 0
    for at in range(len(data) - 1):
        pair = lowest[data[at], data[at + 1]]
        for charset in range(len(totals)):
            totals[charset] += pair[charset]


@helper
def _decode(data: U8, charset: int, characters: Rows[U16], no_text: Rows[Flags], codes: Written[U16]) -> Any:
    """How many units of UTF-16 bytes are in a charset, which are written to `codes`; -1 if they are no text."""
    if charset < len(characters):
        for at in range(len(data)):
            if no_text[charset, data[at]]:
                return -1
            codes[at] = characters[charset, data[at]]
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


@helper
def _is_no_text(code: Integer) -> Any:
    """Whether `NO_TEXT` matches a character that UTF-8 writes in several bytes."""
    return (
        0x7F <= code < 0xA0 or 0xE000 <= code < 0xF900 or code == 0xFB01 or code == 0xFB02 or code == 0xFFFD
    )


@helper
def _are_equal(codes: U16, others: U16) -> Any:
    equal = len(codes) == len(others)
    at = 0
    while equal and at < len(codes):
        equal = codes[at] == others[at]
        at += 1
    return equal
