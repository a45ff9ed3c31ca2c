"""The kinds of characters that `ftfy.fix_text` could change in a text, which `cleaners.encoding.scan` looks for.

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
from typing import Final, Literal, NamedTuple

import ftfy
import numpy as np
from ftfy.chardata import CONTROL_CHARS, DOUBLE_QUOTE_RE, LIGATURES, SINGLE_QUOTE_RE, WIDTH_MAP

from cleaners.derived import of_characters
from cleaners.encoding.badness import badness
from cleaners.kernels import U8
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
