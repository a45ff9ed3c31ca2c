"""A prefilter: the kinds of boilerplate that a line may be, found in one pass over its bytes.

Nearly all lines are sentences of an article, and regular expressions are slow to reject them. A line must meet a
necessary condition to be of a kind; only the lines that meet it are matched against the patterns of that kind.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable
from typing import Any, Final, NamedTuple

import numpy as np
import polars as pl

from cleaners.kernels import I64, U8, U32, U64, Rows, Word, helper, kernel
from cleaners.lexicon import Lexicon
from cleaners.text.tokens import SMALL

#: The kinds that a line may be: a stray mark, buttons of a share bar, a caption that ends with a credit, a note on
#: the author, pictures that are counted, a caption that ends with names. One bit each.
STRAY_MARK, BUTTONS, ENDS_IN_CREDIT, AUTHOR_NOTE, COUNTS, ENDS_IN_NAMES = (1 << n for n in range(6))
#: The longest line of each kind, in bytes.
MAX_STRAY_MARK: Final = 60
MAX_BUTTONS: Final = 160
MAX_CAPTION: Final = 700
MAX_AUTHOR_NOTE: Final = 700
#: A note on the author is among this many lines at the end of a document.
LAST_LINES: Final = 6

#: Characters at the end of a caption in which a credit may stand.
CREDIT_CHARACTERS: Final = 150
#: The counter of the first picture ends within the first bytes of a line, if it stands there.
_FIRST_COUNTER: Final = 48
# properties of a byte, one bit each; all bytes of characters beyond ASCII are _BEYOND
_WORD, _NOT_IN_BUTTONS, _IN_NAMES, _SPACE, _BEYOND = (1 << n for n in range(5))

_A, _Z, _COMMA, _FULL_STOP, _COLON, _ZERO, _ONE, _NINE, _SLASH, _BAR = b"AZ,.:019/|"
#: The first bytes of the other marks between a picture and its maker: a wide colon, and the copyright sign.
_WIDE_COLON, _COPYRIGHT = (mark.encode()[0] for mark in "：©")
_BRACKETS: Final = tuple(b")]")
# the bytes of curly quotation marks
_QUOTE_1, _QUOTE_2 = "“".encode()[:2]
_QUOTES_3: Final = tuple(mark.encode()[2] for mark in "“”‘’„")
#: Characters between the commas after a name: "Nora Quill, the sailor, is ..."; each has up to four bytes.
_MAX_APPOSITION: Final = 4 * 60
_KEY_BYTES: Final = 8


class NameWords(NamedTuple):
    """The words by which a note on the author is known, as kernels compare them; made by `_name_words`."""

    particles: U64  # the key of each, as `_word_key` makes it
    copulas: U64
    #: The keys, in lower case, of the first two words of each mention of an author, and which bits of the second count.
    mentions: Rows[U64]


def possible_kinds(lines: pl.DataFrame, texts: tuple[U8, I64], lexicon: Lexicon) -> pl.Series:
    """The kinds that each line may be, as the bits STRAY_MARK to ENDS_IN_NAMES: the series `possible_kinds` (UInt8).

    `lines` are `lines_of` a frame, `texts` the `utf8` of all its rows.
    """
    places = lines.get_column("row").to_numpy(), lines.get_column("document").to_numpy()
    return pl.Series("possible_kinds", _possible_kinds(*texts, *places, _bytes(), _name_words(lexicon)))


def may_be(kind: int) -> pl.Expr:
    """Whether a line may be of a kind (Boolean), by its column `possible_kinds`."""
    return pl.col("possible_kinds") & kind != 0


@functools.cache
def _bytes() -> U8:
    """The properties of each byte value, shape (256,)."""
    kinds = np.zeros(256, np.uint8)
    ascii_ = [chr(code) for code in range(128)]
    for kind, characters in (
        (_WORD, filter(str.isalnum, ascii_)),
        (_NOT_IN_BUTTONS, (c for c in ascii_ if not (c.isalnum() or c.isspace() or c in "|*/&+:-()."))),
        (_IN_NAMES, (c for c in ascii_ if c.isalpha() or c in ".'-")),
        (_SPACE, filter(str.isspace, ascii_)),
    ):
        kinds[list(map(ord, characters))] |= kind
    kinds[128:] |= _BEYOND
    return kinds


@functools.cache
def _name_words(lexicon: Lexicon) -> NameWords:
    """The words for a lexicon."""
    mentions = {
        tuple(_key(word) for word in mention.lower().split()[:2]) for mention in lexicon.author_mentions
    }
    rows = [(*keys, 0)[:2] for keys in sorted(mentions) if keys]
    return NameWords(
        _keys(lexicon.name_particles),
        _keys([*lexicon.copulas, "-"]),
        np.array([(*row, 256 ** -(-row[1].bit_length() // 8) - 1) for row in rows], np.uint64).reshape(-1, 3),
    )


def _key(word: str) -> int:
    """The key of how a word begins, as `_word_key` makes it."""
    begin = re.match(rf"[A-Za-z.'-]{{0,{_KEY_BYTES}}}", word)
    return int.from_bytes(begin[0].encode(), "little") if begin else 0


def _keys(words: Iterable[str]) -> U64:
    return np.array(sorted(set(map(_key, words))), np.uint64)


@kernel
def _possible_kinds(data: U8, offsets: I64, rows: U32, documents: U32, bytes_: U8, names: NameWords) -> Any:
    possible = np.zeros(len(rows), np.uint8)
    for n in range(len(possible)):
        start, stop = offsets[rows[n]], offsets[np.int64(rows[n]) + 1]
        size = stop - start
        if size == 0:
            continue
        if _is_digit(data[stop - 1]) or _has_one(data, start, min(stop, start + _FIRST_COUNTER)):
            possible[n] = COUNTS
        if size > MAX_AUTHOR_NOTE:
            continue
        is_last = n + LAST_LINES >= len(rows) or documents[n + LAST_LINES] != documents[n]
        line_kinds = 0
        if is_last and _begins_like_author_note(data, start, stop, bytes_, names):
            line_kinds |= AUTHOR_NOTE
        # nearly all lines end with a full stop
        if size <= MAX_BUTTONS and (data[stop - 1] != _FULL_STOP or size <= MAX_STRAY_MARK):
            kinds = _byte_kinds_of(data, start, stop, bytes_)
            line_kinds |= STRAY_MARK if size <= MAX_STRAY_MARK and kinds & _WORD == 0 else 0
            line_kinds |= BUTTONS if kinds & _NOT_IN_BUTTONS == 0 and data[stop - 1] != _FULL_STOP else 0
        if size <= MAX_CAPTION and (
            _has_caption_mark(data, start, stop)
            or _has_bracket(data, _start_of_last(data, start, stop, 3), stop)
        ):
            line_kinds |= ENDS_IN_CREDIT
        if size <= MAX_CAPTION and _ends_in_word(data[stop - 1]):
            line_kinds |= ENDS_IN_NAMES * _has_slash(data, max(start, stop - 4 * CREDIT_CHARACTERS), stop)
        possible[n] |= line_kinds
    return possible


@helper
def _is_digit(byte: int) -> Any:
    """Whether a byte is a digit of ASCII."""
    return (byte >= _ZERO) & (byte <= _NINE)


@helper
def _ends_in_word(byte: int) -> Any:
    """Whether a byte is a letter of ASCII or belongs to a character beyond it."""
    return (byte & 0xDF >= _A) & (byte & 0xDF <= _Z) | (byte >= 0x80)


@helper
def _has_slash(data: U8, start: int, stop: int) -> bool:
    """Whether a slash or an upright bar is among these bytes."""
    found = False
    for at in range(start, stop):  # no branch, so that the loop is vectorised
        byte = data[np.uint64(at)]
        found |= (byte == _SLASH) | (byte == _BAR)
    return found


@helper
def _has_one(data: U8, start: int, stop: int) -> bool:
    """Whether a "1" is among these bytes."""
    found = False
    for at in range(start, stop):  # no branch, so that the loop is vectorised
        found |= data[np.uint64(at)] == _ONE
    return found


@helper
def _byte_kinds_of(data: U8, start: int, stop: int, bytes_: U8) -> int:
    """The properties of all these bytes together."""
    kinds = 0
    for at in range(start, stop):
        kinds |= bytes_[data[np.uint64(at)]]
    return kinds


@helper
def _has_caption_mark(data: U8, start: int, stop: int) -> bool:
    """Whether the end of a caption may have a mark between a picture and its maker."""
    near = max(start, stop - CREDIT_CHARACTERS)
    found, beyond = _marks_among(data, near, stop)
    if beyond:  # the end has more bytes then; each character beyond ASCII has up to four
        found |= _marks_among(data, max(start, stop - 4 * CREDIT_CHARACTERS), near)[0]
    return bool(found)


@helper
def _marks_among(data: U8, start: int, stop: int) -> Any:
    """(whether one of these bytes may begin such a mark, whether one is beyond ASCII)."""
    found, beyond = False, False
    for at in range(start, stop):  # no branch, so that the loop is vectorised
        byte = data[np.uint64(at)]
        found |= (byte == _COLON) | (byte == _WIDE_COLON) | (byte == _COPYRIGHT)
        beyond |= byte >= 0x80
    return found, beyond


@helper
def _start_of_last(data: U8, start: int, stop: int, characters: int) -> int:
    """Where the last `characters` characters of a text begin."""
    at = stop
    while at > start and characters > 0:
        at -= 1
        characters -= data[at] & 0xC0 != 0x80
    return at


@helper
def _has_bracket(data: U8, start: int, stop: int) -> bool:
    """Whether a closing bracket is among these bytes."""
    found = False
    for at in range(start, stop):
        found |= data[at] in _BRACKETS
    return found


@helper
def _begins_like_author_note(data: U8, start: int, stop: int, bytes_: U8, names: NameWords) -> bool:
    """Whether a text may begin with a name and "is", or with a mention of the author.

    A name has two words or more; particles among the later ones may be in lower case. Between the name and "is" may
    stand something in commas. A character beyond ASCII may be anything, so the answer is then yes, but for quotation
    marks before the name, with which many lines begin.
    """
    at = start
    for _ in range(3):
        if at < stop and bytes_[data[at]] & (_WORD | _BEYOND) == 0:
            at += 1
        elif (
            at + 2 < stop and data[at] == _QUOTE_1 and data[at + 1] == _QUOTE_2 and data[at + 2] in _QUOTES_3
        ):
            at += 3
    begin = at
    first, at = _word_key(data, at, stop, bytes_)
    for words in range(1, 7):
        in_commas = words > 1 and at < stop and data[at] == _COMMA
        if in_commas:
            at = _behind_apposition(data, at + 1, stop)
        if at + 1 >= stop:
            return False
        if bytes_[data[at]] & _BEYOND:
            return True
        if bytes_[data[at]] & _SPACE == 0:
            return False
        at += 1
        begins = data[at]
        if bytes_[begins] & (_BEYOND | _SPACE):
            return True
        key, at = _word_key(data, at, stop, bytes_)
        if words == 1:
            if _is_mention(first, key, names.mentions):
                return True
            if not _A <= data[begin] <= _Z:
                return False
        if at < stop and bytes_[data[at]] & _BEYOND:
            return True
        if words > 1 and _is_among(key, names.copulas):
            return True
        if in_commas or not (_A <= begins <= _Z or _is_among(key, names.particles)):
            return False
    return False


@helper
def _word_key(data: U8, start: int, stop: int, bytes_: U8) -> Any:
    """(the first bytes of the word that begins here, as a little-endian number; where the word ends)."""
    key, at = np.uint64(0), start
    while at < stop and bytes_[data[at]] & _IN_NAMES:
        if at - start < _KEY_BYTES:
            key |= np.uint64(data[at]) << np.uint64(8 * (at - start))
        at += 1
    return key, at


@helper
def _is_among(key: Word, keys: U64) -> bool:
    """Whether a word has one of these keys."""
    found = False
    for n in range(len(keys)):
        found |= keys[n] == key
    return found


@helper
def _behind_apposition(data: U8, start: int, stop: int) -> int:
    """Where the text goes on behind the next comma, or `stop` if a sentence ends first, or if it is too far away."""
    for at in range(start, min(stop, start + _MAX_APPOSITION + 1)):
        if data[at] == _COMMA:
            return at + 1
        if data[at] == _FULL_STOP:
            return stop
    return stop


@helper
def _is_mention(first: Word, second: Word, mentions: Rows[U64]) -> bool:
    """Whether words with these keys, in any case, begin a mention of the author."""
    small = np.uint64(SMALL)
    found = False
    for n in range(len(mentions)):
        found |= (first | small) == (mentions[n, 0] | small) and (second | small) & mentions[
            n, 2
        ] == mentions[n, 1]
    return found
