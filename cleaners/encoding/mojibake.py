"""The gate before ftfy: a scan of each text that finds out what `ftfy.fix_text` could change in it.

Everything is derived from ftfy's own tables and functions. The only possible error is to send ftfy a text that it would
not change:

- A text with mojibake according to ftfy's badness pattern, an entity, a C1 control or a terminal escape is NEEDS_FTFY.
- In any other text, ftfy only replaces single characters (QUOTE, REPLACED) and normalises (COMPOSING).
- SUSPECT is what the steps beyond ftfy look at (`cleaners.encoding.beyond_ftfy`): a pair of characters that no language
  has, a backslash before what JSON escapes, a question mark within a word or right before one.
- If the result of that is NEEDS_FTFY or has characters to replace, ftfy would go another round, so the text goes to it.
  This cannot happen where curly quotes became straight and nothing else changed.
"""

from __future__ import annotations

import functools
import unicodedata
from typing import Any, Final, Literal, NamedTuple

import ftfy
import numpy as np
import polars as pl
from ftfy.chardata import CONTROL_CHARS, DOUBLE_QUOTE_RE, LIGATURES, SINGLE_QUOTE_RE, WIDTH_MAP
from numpy.typing import NDArray

from cleaners.derived import of_characters
from cleaners.encoding.badness import badness, search
from cleaners.kernels import I64, U8, U16, U64, Byte, Flags, Rows, Word, helper, kernel
from cleaners.text.letter_pairs import BEYOND, SUSPICION, letter_pairs
from cleaners.text.tokens import code_point, eight_bytes, trailing_zeros
from cleaners.text.utf8 import utf8
from cleaners.text.white_space import WHITE_SPACE

Form = Literal["NFC", "NFD", "NFKC", "NFKD"]

# Kinds of characters, as bits. For a text, the kinds that occur in it.
QUOTE: Final = 1  # becomes a straight quote, and that cannot lead to another fix
REPLACED: Final = 2  # by one of ftfy's fixes of single characters
COMPOSING: Final = 4  # normalisation may change it, alone or next to another character
NEEDS_FTFY: Final = 8  # only ftfy can decide
SPACE: Final = 16
STRAY: Final = 32  # white space that is never kept; for a text, any white space to remove or replace
OTHER_SPACE: Final = 64  # white space other than U+0020
SUSPECT: Final = 128  # pairs of characters that no language has; what ftfy does not repair

#: ftfy's fixes of single characters, in its order. Its other fixes depend on context; texts that need these go to ftfy.
CHARACTER_FIXES: Final = (
    "fix_latin_ligatures",
    "fix_character_width",
    "uncurl_quotes",
    "fix_line_breaks",
    "remove_control_chars",
)
LINE_BREAKS: Final = ("\r\n", "\r", "\x85", "\u2028", "\u2029")
#: White space that is never kept. White space of other kinds may stand alone within a text.
ALWAYS_STRAY: Final = "\t\n\v\f\r\x1c\x1d\x1e\x1f\x85\u2028\u2029"
#: All code points except ideographs and the higher planes, which normalisation neither composes nor decomposes.
BLOCKS: Final = (
    range(0x3400),
    range(0xA000, 0xD800),
    range(0xE000, 0x20000),
    range(0x2F800, 0x2FA20),
)


class Gate(NamedTuple):
    """What to look for under one configuration of ftfy, and how to fix it."""

    kinds: U8  # of every code point
    entities: bool  # whether to look for entities
    mojibake: bool  # whether to look for mojibake
    longest: int  # characters; ftfy cuts longer texts, and the result depends on where
    table: dict[str, str]  # replacements of characters, and of CR LF
    quotes: dict[str, str]  # the part of `table` that straightens quotes
    fixes: dict[str, list[str]]  # name of a fix -> the characters that it changes
    form: Form | None  # normalisation
    beyond_ftfy: bool = False  # whether to look for what is SUSPECT


@functools.lru_cache(maxsize=16)
def gate(config: ftfy.TextFixerConfig) -> Gate:
    """The rules of the scan for texts that should come out as `ftfy.fix_text(text, config)`."""
    table, fixes = character_table(tuple(name for name in CHARACTER_FIXES if getattr(config, name)))
    quotes = {
        c: straight for c, straight in table.items() if straight in ("'", '"') and _is_quiet(c, straight)
    }
    form = config.normalization
    kinds = np.zeros(0x110000, np.uint8)
    for kind, characters, wanted in (
        (QUOTE, quotes, True),
        (REPLACED, (c for c in table if len(c) == 1 and c not in quotes), True),
        (COMPOSING, composing(form) if form else (), True),
        (NEEDS_FTFY, map(chr, range(0x80, 0xA0)), config.fix_encoding or config.fix_c1_controls),
        (NEEDS_FTFY, "\x1b", config.remove_terminal_escapes),
        (SPACE, WHITE_SPACE, True),
        (OTHER_SPACE, WHITE_SPACE.replace(" ", ""), True),
        (STRAY, ALWAYS_STRAY, True),
    ):
        if wanted:
            kinds[[ord(c) for c in characters]] |= kind
    return Gate(
        kinds,
        bool(config.unescape_html),
        config.fix_encoding,
        config.max_decode_length,
        table,
        quotes,
        fixes,
        form,
    )


def scan(text: pl.Series, rules: Gate) -> U8:
    """The kinds of characters that occur in each text, as bits; 0 for a null."""
    if text.is_empty():
        return np.zeros(0, np.uint8)
    data, offsets = utf8(text.fill_null(""))
    options: Any = (rules.kinds, rules.entities, rules.mojibake, *badness(), *_pairs(rules.beyond_ftfy))
    found: U8 = _scan(data, offsets, *options)
    # a text without anything to fix has nothing to fix in any of its pieces
    rows = np.flatnonzero((np.diff(offsets) > rules.longest) & (found & (QUOTE | REPLACED | COMPOSING) != 0))
    if len(rows):
        found[rows[(text.gather(rows).str.len_chars() > rules.longest).to_numpy()]] |= NEEDS_FTFY
    return found


class _Pairs(NamedTuple):
    """What the scan needs of `cleaners.text.letter_pairs`."""

    wanted: bool  # whether to look at pairs at all
    letters: NDArray[np.uint16]  # the class of each code point below BEYOND
    cases: U8  # the same for its case
    alphabets: U64
    west: np.uint64  # the languages that are written with "q", "x" or apostrophes
    unusual: U8  # of each pair of classes: what it costs beyond what is usual


def _pairs(wanted: bool) -> _Pairs:
    if not wanted:
        return _Pairs(
            False,
            np.zeros(1, np.uint16),
            np.zeros(1, np.uint8),
            np.zeros(1, np.uint64),
            np.uint64(0),
            np.zeros((1, 1), np.uint8),
        )
    model = letter_pairs()
    return _Pairs(True, model.classes, model.cases, model.alphabets, model.west, model.unusual)


@kernel
def _scan(
    data: U8,
    offsets: I64,
    kinds: U8,
    entities: bool,
    mojibake: bool,
    classes: U8,
    fits: Rows[U64],
    bounds: Rows[U64],
    pairs: Rows[Flags],
    beyond_ftfy: bool,
    letters: U16,
    cases: U8,
    alphabets: U64,
    languages_of_west: Word,
    odd_pairs: Rows[U8],
) -> Any:
    """The kinds of characters that occur in each text."""
    rows = len(offsets) - 1
    found = np.zeros(rows, np.uint8)
    for row in range(rows):
        start, stop = offsets[row], offsets[row + 1]
        if start == stop:
            continue
        # of ASCII that is printable, this loop sees all that matters, and the compiler vectorises it
        text = data[start:stop]
        beyond, control, other = text[0] > 127, _is_control(text[0]), text[0] < 32
        ampersand, semicolon = text[0] == 38, False
        double = (text[0] == 32) | (text[-1] == 32)
        escape = (text[0] == 63) | (text[0] == 92)
        western = text[0] == 113
        for i in range(1, len(text)):
            beyond |= text[i] > 127
            control |= _is_control(text[i])
            other |= text[i] < 32
            ampersand |= text[i] == 38
            semicolon |= text[i] == 59
            double |= (text[i] == 32) & (text[i - 1] == 32)
            escape |= (text[i] == 63) | (text[i] == 92)
            western |= (text[i] == 113) | (text[i] == 120) | (text[i] == 39)  # "q", "x", "'"
        seen = np.uint8(0 if control else STRAY * (other | double) | OTHER_SPACE * other)
        if entities and ampersand and semicolon and _has_entity(text):
            seen |= NEEDS_FTFY
        if beyond_ftfy and escape and _has_escape(text):
            seen |= SUSPECT
        if beyond or control:
            last, last_case, odd = np.int64(0), np.uint8(0), np.int64(0)
            languages, vietnamese = ~np.uint64(0), False
            before = np.uint8(SPACE)
            at = searched = start
            while at < stop:
                code, width = np.int64(data[at]), 1
                if code < 0x80 and not control:  # only the ends of such a part meet what is not known yet
                    seen |= (kinds[code] & before & SPACE) << 1
                    at = _end_of_ascii(data, at + 1, stop)
                    before = kinds[data[at - 1]]
                    continue
                if code >= 0x80:
                    code, width = code_point(data, at)
                    end = at + width
                    if mojibake and at >= searched and end < stop:
                        after, _ = code_point(data, end)
                        if pairs[classes[code], classes[after]]:
                            is_bad, searched = search(data, at, start, stop, classes, fits, bounds)
                            seen |= NEEDS_FTFY * is_bad
                    own, case = np.int64(0), np.uint8(0)
                    if beyond_ftfy and code < BEYOND:
                        own, case = np.int64(letters[code]), cases[code]
                        if at > start and data[at - 1] < 0x80:
                            last, last_case = np.int64(letters[data[at - 1]]), cases[data[at - 1]]
                        elif at == start:
                            last, last_case = np.int64(0), np.uint8(0)
                        languages &= alphabets[own]
                        vietnamese |= 0x1EA0 <= code < 0x1F00  # it has letters of all others
                        if code == 0xB7 and last == letters[108]:
                            own = last  # Catalan "l·l"
                        odd += odd_pairs[last, own] + SUSPICION * ((last_case == 2) & (case == 1))
                        if end < stop and data[end] < 0x80:
                            behind = data[end]
                            odd += odd_pairs[own, letters[behind]]
                            odd += SUSPICION * ((case == 2) & (cases[behind] == 1))
                        odd += SUSPICION * (0x2013 <= code <= 0x203A and _is_inside(data, at, stop))
                    last, last_case = own, case
                kind = kinds[code]
                seen |= kind | (kind & before & SPACE) << 1
                before = kind
                at += width
            seen |= (before & SPACE) << 1
            if western:
                languages &= languages_of_west
            if beyond_ftfy and (odd >= SUSPICION or (languages == 0 and not vietnamese)):
                seen |= SUSPECT
        found[row] = seen
    return found


@helper
def _is_inside(data: U8, at: int, stop: int) -> Any:
    """Whether a dash or quote at `at`, three bytes long, stands in a word where none stands: "a–o", "tur’stico"."""
    if at == 0 or at + 4 >= stop or not (_is_small(data[at - 1]) and _is_small(data[at + 3])):
        return False
    kind, after, next_after = data[at + 2], data[at + 3], data[at + 4]
    if kind == 0x94:  # an em dash joins whole words
        return (after == 110 or after == 115) and not _is_small(next_after)
    if kind == 0x99:  # an apostrophe precedes a vowel or a short ending, but in "o’clock"
        vowel = after == 97 or after == 101 or after == 105 or after == 111 or after == 117 or after == 121
        long = at + 5 < stop and _is_small(next_after) and _is_small(data[at + 5])  # not "’re"
        return not vowel and after != 104 and long and not (data[at - 1] == 111 and after == 99)
    # "‘", "“", "”", "‹", "›", "–"
    return kind == 0x93 or kind == 0x98 or kind == 0x9C or kind == 0x9D or kind == 0xB9 or kind == 0xBA


@helper
def _is_small(byte: Byte) -> Any:
    return 97 <= byte <= 122


@helper
def _has_escape(text: U8) -> Any:
    """Whether a text has a backslash before what JSON escapes, or a question mark right before a letter."""
    for at in range(len(text) - 1):
        after = text[at + 1]
        if text[at] == 92 and (
            after == 92
            or after == 34
            or after == 39
            or after == 47
            or after == 117
            or after == 110
            or after == 114
            or after == 116
        ):
            return True
        if text[at] == 63 and 97 <= after | 32 <= 122:
            return True
    return False


@helper
def _is_control(byte: Byte) -> Any:
    """Whether a byte is an ASCII control other than a tab and a line feed."""
    return (byte == 127) | ((byte < 32) & (byte != 9) & (byte != 10))


@helper
def _end_of_ascii(data: U8, at: int, stop: int) -> Any:
    """The offset of the first byte beyond ASCII from `at` on, at most `stop`."""
    while at + 8 <= stop:
        eight: Any = eight_bytes(data, at)
        beyond = eight & np.uint64(0x8080808080808080)
        if beyond:
            return at + (trailing_zeros(beyond) >> 3)
        at += 8
    while at < stop and data[at] < 0x80:
        at += 1
    return at


@helper
def _has_entity(text: U8) -> Any:
    """Whether a text may contain an entity: an ampersand, up to 25 letters, digits and number signs, a semicolon."""
    for at in range(len(text)):
        if text[at] == 38:
            end = at + 1
            while end < len(text) and end <= at + 25 and _is_in_entity(text[end]):
                end += 1
            if end < len(text) and text[end] == 59:
                return True
    return False


@helper
def _is_in_entity(byte: Byte) -> Any:
    return (48 <= byte <= 57) | (97 <= byte | 32 <= 122) | (byte == 35)


@functools.cache
def character_table(fixes: tuple[str, ...]) -> tuple[dict[str, str], dict[str, list[str]]]:
    """(replacement of each character, and of CR LF; the characters that each fix changes).

    Only characters that change when ftfy's `fixes` are applied one after the other are included.
    """
    block = "".join(map(chr, range(0x3000)))
    quotes = SINGLE_QUOTE_RE.findall(block) + DOUBLE_QUOTE_RE.findall(block)
    old = {c: c for c in (*map(chr, (*LIGATURES, *WIDTH_MAP, *CONTROL_CHARS)), *quotes, *LINE_BREAKS)}
    table, changed = old, {}
    for fix in fixes:
        new = {c: ftfy.FIXERS[fix](fixed) for c, fixed in table.items()}
        changed[fix] = [c for c in new if new[c] != table[c]]
        table = new
    return {c: new for c, new in table.items() if new != c}, changed


@of_characters
def composing(form: Form) -> frozenset[str]:
    """The characters that normalisation to `form` may change, alone or next to another.

    These are the characters that fail the Unicode quick check (UAX #15, section 9): those that `form` changes,
    combining marks, and the second parts of composed characters. They come from Python's own tables, as ftfy's do;
    polars follows another version of Unicode.
    """
    characters = [chr(c) for block in BLOCKS for c in block]
    changed = (c for c in characters if not unicodedata.is_normalized(form, c))
    composed = (c for c in characters if not unicodedata.is_normalized("NFD", c))
    seconds = (part for c in composed for part in unicodedata.normalize("NFD", c)[1:])
    return frozenset((*changed, *seconds, *filter(unicodedata.combining, characters)))


def _is_quiet(old: str, new: str) -> bool:
    """Whether replacing `old` by `new` cannot create a match of the badness pattern."""
    bits = badness()
    fits_old, fits_new = (bits.fits[bits.classes[ord(c)]] for c in (old, new))
    return not (fits_new & ~fits_old).any()
