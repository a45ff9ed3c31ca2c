"""What words cost as text of each language: the sums of their pairs of characters, by `cleaners.text.letter_pairs`.

Words come as units of UTF-16, with one space before each and one after the last. `borders` are where the spaces are.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from cleaners.encoding.charset_tables import CharsetTables
from cleaners.kernels import I32, I64, U8, U16, Rows, Tables, Written, helper
from cleaners.text.letter_pairs import extra_costs_of_rows

ASCII_WORD_COST: Final = 15  # of an ASCII word in a language with another script
MOST_ASCII_WORDS: Final = 20  # that cost this
SCREENED: Final = 12  # words, the most unusual ones, by which readings are ruled out


@helper
def spaces(codes: U16) -> Any:
    """Where the spaces are."""
    places, count = np.empty(len(codes), np.int64), 0
    for at in range(len(codes)):
        if codes[at] == 0x20:
            places[count] = at
            count += 1
    return places[:count]


@helper
def least(values: I64) -> Any:
    """Where the least value is, the first of several."""
    place = 0
    for at in range(1, len(values)):
        if values[at] < values[place]:
            place = at
    return place


@helper
def costs_of_words(codes: U16, borders: I64, tables: CharsetTables) -> Any:
    """(words, languages): the cost of each word."""
    costs = tables.costs
    classes, extra = _classes_and_extra(codes, tables)
    languages = costs.shape[2]
    sums = np.zeros((len(borders) - 1, languages), np.int32)
    for word in range(len(sums)):
        total = sums[word]
        for at in range(borders[word], borders[word + 1]):
            pair, more = costs[classes[at], classes[at + 1]], extra[at]
            for language in range(languages):
                total[language] += more + pair[language]
    return sums


@helper
def extra_cost(codes: U16, tables: CharsetTables) -> Any:
    """What words cost beyond their pairs."""
    total = np.int64(0)
    _, extra = _classes_and_extra(codes, tables)
    for at in range(len(extra)):
        total += extra[at]
    return total


@helper
def _classes_and_extra(codes: U16, tables: CharsetTables) -> Any:
    """(the class of each character, what each pair of them costs beyond the table of pairs)."""
    classes, cases = tables.classes, tables.cases
    of, case = np.empty((1, len(codes)), np.uint16), np.empty((1, len(codes)), np.uint8)
    for at in range(len(codes)):
        of[0, at], case[0, at] = classes[codes[at]], cases[codes[at]]
    return of[0], extra_costs_of_rows(of, case, tables.vowels)[0]


@helper
def sums(rows: Rows[I32], start: I64) -> Any:
    """The sum of each column, and of `start`."""
    totals = np.empty(len(start), np.int64)
    for column in range(len(start)):
        totals[column] = start[column]
    for row in range(len(rows)):
        for column in range(len(start)):
            totals[column] += rows[row, column]
    return totals


@helper
def costs_of_ascii_words(codes: U16, words: int, tables: CharsetTables) -> Any:
    """The cost of some ASCII words together in each language.

    In languages with another script it is the least of the others, and more for each word.
    """
    latin = tables.latin
    costs = np.zeros(len(latin), np.int64)
    if not words:
        return costs
    whole = np.empty(2, np.int64)
    whole[0], whole[1] = 0, len(codes) - 1
    costs = sums(costs_of_words(codes, whole, tables), costs)
    lowest = np.int64(1 << 62)
    for language in range(len(costs)):
        if latin[language]:
            lowest = min(lowest, costs[language])
    for language in range(len(costs)):
        if not latin[language]:
            costs[language] = lowest + ASCII_WORD_COST * min(words, MOST_ASCII_WORDS)
    return costs


@helper
def most_unusual(codes: U16, borders: I64, costs: I32) -> Any:
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
def least_costs(data: U8, lowest: Tables[U8], totals: Written[I64]) -> None:
    """Write what the pairs of bytes cost at least in each charset, in any one language, to `totals`."""
    totals[:] = 0
    for at in range(len(data) - 1):
        pair = lowest[data[at], data[at + 1]]
        for charset in range(len(totals)):
            totals[charset] += pair[charset]
