"""The cheapest readings of the words of many paragraphs: the search behind `cleaners.encoding.charset_mixups`.

A reading is what words become if they are encoded in one charset and decoded in another. All pairs of charsets, all
paragraphs and all languages are compared in one kernel. For each paragraph it asks three things in turn: what the words
cost as they are; which readings may cost enough less, by bounds that the most unusual words give, as if each pair of
characters were of the language that suits it best; and which of these is the best, and has no rival.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

import numpy as np

from cleaners.encoding.charset_tables import (
    READ_AS,
    WRITTEN_AS,
    CharsetTables,
    charset_tables,
    decode,
    encode,
)
from cleaners.encoding.word_costs import (
    costs_of_ascii_words,
    costs_of_words,
    extra_cost,
    least,
    least_costs,
    most_unusual,
    spaces,
    sums,
)
from cleaners.kernels import I32, I64, U16, Flags, Integer, Written, helper, kernel

MIXED_COST: Final = 30  # of a paragraph whose words are of several languages
MIN_GAIN: Final = 45  # of the reading over the paragraph as it is
MIN_LEAD: Final = 15  # of the reading over the next one
MAX_PAIR_COST: Final = 33  # of the reading, on average
WORSE: Final = 30  # how much more a word costs that is worse
#: Of the words of a long paragraph in the right charset, the share that is usual in a language.
MIN_USUAL_SHARE: Final = 0.7
MIN_REST: Final = 6  # ASCII words beside which a single letter is a word of the same language
#: The same for a paragraph that ftfy would change: only what is beyond doubt comes before it.
SURE_GAIN: Final = 300
SURE_PAIR_COST: Final = 31
SEEN: Final = 1 << 62  # in place of what a reading costs at least


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
    places, gains, worse = _choose(codes, np.array(bounds), counts, long, sure, charset_tables())
    several, first = list(READ_AS), 0
    for (own, *_), place, gain in zip(paragraphs, places.tolist(), gains.tolist(), strict=True):
        if place < 0:
            yield None
        else:
            written_as, read_as = divmod(place, len(several))
            better = worse[first : first + len(own)]
            yield Reading(several[read_as], list(WRITTEN_AS)[written_as], gain, better)
        first += len(own)


# In the kernels below, arrays of the tables have names of their own, because numba counts references at each use of a
# field. There are loops, because each function of numpy would be compiled into them, which took longer than the rest.


@kernel
def _choose(codes: U16, bounds: I64, others: I64, long: Flags, sure: bool, tables: CharsetTables) -> Any:
    """(the place of the best reading of each paragraph, its gain, whether each own word is worse in it).

    `codes` has the own words of each paragraph, then its ASCII words, with a space before and after each; `bounds` says
    where they begin, `others` how many ASCII words there are. The place is the number of the charset written in,
    times the number of charsets read as, plus the number of that; -1 if no reading is good enough.
    """
    rows, readings = len(others), len(tables.bytes_of) * (len(tables.characters) + 1)
    places, gains = np.zeros(rows, np.int64), np.zeros(rows, np.int64)
    worse = np.zeros(len(codes), np.bool_)
    at_least, likely = np.empty(readings, np.int64), np.empty(readings, np.int64)
    least_gain = SURE_GAIN if sure else MIN_GAIN
    next_word = 0
    for row in range(rows):
        own = codes[bounds[2 * row] : bounds[2 * row + 1]]
        ascii_words = codes[bounds[2 * row + 1] : bounds[2 * row + 2]]
        borders = spaces(own)
        words = len(borders) - 1
        word, next_word = next_word, next_word + words
        places[row] = -1
        rest = costs_of_ascii_words(ascii_words, others[row], tables)
        costs, cost = _as_they_are(own, borders, others[row], long[row], rest, tables)
        if cost < 0:
            continue
        most_words = (SURE_PAIR_COST if sure else MAX_PAIR_COST) * (len(own) - 1)
        most = cost - least_gain
        count = _likely(own, borders, costs, most, most_words, rest, sure, tables, at_least, likely)
        place, new_cost, new_costs = _best(
            own, borders, most, most_words, rest, tables, at_least[:count], likely[:count]
        )
        if place < 0:
            continue
        places[row], gains[row] = place, cost - new_cost
        for i in range(words):
            worse[word + i] = new_costs[i] > costs[i] + WORSE
    return places, gains, worse


@helper
def _as_they_are(
    own: U16, borders: I64, others: Integer, long: bool, rest: I64, tables: CharsetTables
) -> Any:
    """(what each word costs in the language that suits it best, what all cost: -1 if they are surely right).

    Words may be of several languages. Controls cost what ftfy makes of them.
    """
    as_fixed = tables.fixed
    words, languages = len(borders) - 1, len(rest)
    fixed = np.empty(len(own), np.uint16)
    for at in range(len(own)):
        fixed[at] = as_fixed[own[at]] if own[at] < 256 else own[at]
    by_language = costs_of_words(fixed, borders, tables)
    costs = np.empty(words, np.int32)
    usual = 0
    for i in range(words):
        costs[i] = by_language[i, 0]
        for language in range(1, languages):
            costs[i] = min(costs[i], by_language[i, language])
        usual += costs[i] <= MAX_PAIR_COST * (borders[i + 1] - borders[i])
    if long and usual / words >= MIN_USUAL_SHARE:
        return costs, np.int64(-1)
    in_one = sums(by_language, rest)
    language = least(in_one)
    if others >= MIN_REST:  # a single letter is no word of another language
        for i in range(words):
            if borders[i + 1] - borders[i] == 2:
                costs[i] = by_language[i, language]
    mixed = rest[least(rest)] + MIXED_COST
    for i in range(words):
        mixed += costs[i]
    return costs, min(in_one[language], mixed)


@helper
def _likely(
    own: U16,
    borders: I64,
    costs: I32,
    most: Integer,
    most_words: Integer,
    rest: I64,
    sure: bool,
    tables: CharsetTables,
    at_least: Written[I64],
    likely: Written[I64],
) -> Any:
    """The number of readings that may cost `most`, or nearly so, whose places and least costs are written.

    Only the words that are most unusual as they are, are looked at. Among the readings is each that may cost so little
    that it is a rival. There are none if the words of all of them must cost more than `most_words`.
    """
    all_bytes, charsets, lowest = tables.bytes_of, tables.charsets, tables.lowest
    added_read, added_written = tables.read_as, tables.written_as
    several, single = len(all_bytes), len(tables.characters)
    least_rest = rest[least(rest)]
    screened, cost_of_screened = most_unusual(own, borders, costs)
    limit = min(cost_of_screened - MIN_GAIN, most + MIN_LEAD - least_rest)
    if sure and limit < 0:
        return 0
    has_c1 = False
    for code in screened:
        has_c1 |= 0x80 <= code < 0xA0
    have_all = ~np.uint32(0)
    for code in own:
        have_all &= charsets[code]
    new, bounds = np.empty(len(own), np.uint16), np.empty(single, np.int64)
    encoded, data = np.empty(len(screened), np.uint8), np.empty(len(own), np.uint8)
    count, least_words = 0, limit + 1
    for read_as in range(0 if has_c1 else 1, several):  # Latin-1 is first
        if not have_all >> np.uint32(read_as) & np.uint32(1):
            continue
        encode(screened, all_bytes[read_as], encoded)
        added = least_rest + added_read[read_as]
        least_costs(encoded, lowest, bounds)
        for charset in range(single):
            bound = bounds[charset]
            if bound > limit or decode(encoded, charset, tables, new) < 0:
                continue
            bound += extra_cost(new[: len(encoded)], tables)
            if bound <= limit:
                at_least[count] = bound + added + added_written[charset]
                likely[count] = charset * several + read_as
                count += 1
                least_words = min(least_words, bound)
        if not sure:
            encode(own, all_bytes[read_as], data)
            if decode(data, single, tables, new) > 0:
                at_least[count], likely[count] = added + added_written[single], single * several + read_as
                count += 1
                least_words = 0
    return count if least_words <= most_words else 0


@helper
def _best(
    own: U16,
    borders: I64,
    most: Integer,
    most_words: Integer,
    rest: I64,
    tables: CharsetTables,
    at_least: Written[I64],
    likely: I64,
) -> Any:
    """(the place of the best reading, what it costs, what each of its words does); place -1 if it is not good enough.

    It costs `most` or less, its words `most_words` or less, and no reading that is other text costs nearly as little.
    Readings are looked at from the one on that may cost least; `at_least` of those seen becomes `SEEN`.
    """
    all_bytes = tables.bytes_of
    several, words, length = len(all_bytes), len(borders) - 1, len(own)
    totals, read, seen = np.empty(len(likely), np.int64), np.empty(len(likely), np.int64), 0
    data, new = np.empty(length, np.uint8), np.empty(length, np.uint16)
    first, first_cost, first_length = np.int64(-1), np.int64(0), 0
    first_new, first_costs = np.empty(length, np.uint16), np.zeros(words, np.int32)
    limit = most
    for _ in range(len(likely)):
        i = least(at_least)
        if at_least[i] > limit + MIN_LEAD:
            break
        at_least[i] = SEEN
        place = likely[i]
        encode(own, all_bytes[place % several], data)
        new_length = decode(data, place // several, tables, new)
        if new_length < 0 or _are_equal(new[:new_length], own):
            continue
        new_borders = spaces(new[:new_length])
        if len(new_borders) != len(borders):
            continue
        costs = costs_of_words(new[:new_length], new_borders, tables)
        in_one = sums(costs, rest)
        language = least(in_one)
        total = in_one[language] + tables.read_as[place % several] + tables.written_as[place // several]
        totals[seen], read[seen] = total, place
        seen += 1
        limit = min(limit, total)
        if first < 0 or total < first_cost or (total == first_cost and place < first):
            first, first_cost, first_length = place, total, new_length
            for at in range(new_length):
                first_new[at] = new[at]
            for word in range(words):
                first_costs[word] = costs[word, language]
    none = np.int64(-1)
    if first < 0 or first_cost > most:
        return none, first_cost, first_costs
    of_words = np.int64(0)
    for word in range(words):
        of_words += first_costs[word]
    if of_words > most_words:
        return none, first_cost, first_costs
    for i in range(seen):
        if read[i] != first and totals[i] - first_cost < MIN_LEAD:
            encode(own, all_bytes[read[i] % several], data)
            new_length = decode(data, read[i] // several, tables, new)
            if not _are_equal(new[:new_length], first_new[:first_length]):
                return none, first_cost, first_costs
    return first, first_cost, first_costs


@helper
def _are_equal(codes: U16, others: U16) -> Any:
    equal = len(codes) == len(others)
    at = 0
    while equal and at < len(codes):
        equal = codes[at] == others[at]
        at += 1
    return equal
