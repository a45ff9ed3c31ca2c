"""The gate before ftfy: which texts `ftfy.fix_text` could change, as patterns and tables for polars.

Everything here is derived from ftfy's own tables and functions, and only ever errs by sending ftfy a text too many:

- A text of *calm* characters alone (ASCII that can be printed, common typography) and without an entity changes, if at
  all, by its quotes.
- Any other text goes to ftfy if it matches `beyond`: mojibake by ftfy's badness pattern, a C1 control, a terminal
  escape. If it does not, then ftfy replaces single characters (`table`) and normalises, and that is all.
- What comes out of that must not match `again`, or ftfy would go round once more.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Iterable
from typing import Final, Literal, NamedTuple

import ftfy
from ftfy.badness import BADNESS_RE
from ftfy.chardata import HTML_ENTITY_RE

from cleaners.paragraphs import WHITE_SPACE

Form = Literal["NFC", "NFD", "NFKC", "NFKD"]

#: Characters of everyday news of which no combination is mojibake to ftfy.
CALM: Final = "\t\n\f" + "".join(map(chr, range(0x20, 0x7F))) + "\xa0–—‘’“”«»•…"
#: Quotes become these, and they can neither spell an entity nor be normalised.
STRAIGHT_QUOTES: Final = ("'", '"')
#: ftfy's fixes of single characters, in its order. Those around them need a context, and those texts go to ftfy.
CHARACTER_FIXES: Final = (
    "fix_latin_ligatures",
    "fix_character_width",
    "uncurl_quotes",
    "fix_line_breaks",
    "remove_control_chars",
)
SEPARATOR: Final = "\U00100000"  # of private use: no fix knows it
#: All code points but ideographs and the planes beyond them: those nothing composes, decomposes or takes apart.
BLOCKS: Final = (
    range(0x3400),
    range(0xA000, 0xD800),
    range(0xE000, 0x20000),
    range(0x2F800, 0x2FA20),
)
SMALL: Final = 8  # as many literals as the vector search of Rust's regex tells apart
NEVER: Final = r"[^\U00000000-\U0010ffff]"  # in either dialect


class Gate(NamedTuple):
    """What the gate asks, for one configuration of ftfy; patterns are of Rust's dialect."""

    lively: str  # a character that is not calm
    lively_ascii: tuple[str, ...]  # the same for ASCII, in small classes
    entity: str  # an HTML entity
    beyond: str  # what only ftfy can judge
    again: str  # what must not be there after the table and the normalisation
    quotes: dict[str, str]  # the part of the table that calm characters have
    table: dict[str, str]  # what becomes of characters, and of CR LF
    form: Form | None
    composing: str  # a character that normalisation may change


@functools.lru_cache(maxsize=16)
def gate(config: ftfy.TextFixerConfig) -> Gate:
    """The gate for texts that are to come out as `ftfy.fix_text(text, config)`."""
    table = character_table(tuple(name for name in CHARACTER_FIXES if getattr(config, name)))
    form = config.normalization
    inert = re.compile(composing(form)) if form else None
    calm = [
        c
        for c in CALM
        if table.get(c, "'") in STRAIGHT_QUOTES and not (inert is not None and inert.search(c))
    ]
    entity = HTML_ENTITY_RE.pattern if config.unescape_html else NEVER
    beyond = "|".join(
        pattern
        for pattern, wanted in (
            (BADNESS, config.fix_encoding),
            (r"[\x80-\x9f]", config.fix_encoding or config.fix_c1_controls),
            (r"\x1b", config.remove_terminal_escapes),
        )
        if wanted
    )
    return Gate(
        lively=character_class(calm, negated=True),
        lively_ascii=small_classes(c for c in map(chr, range(0x80)) if c not in calm),
        entity=entity,
        beyond=beyond or NEVER,
        again="|".join([character_class(c for c in table if len(c) == 1), entity, beyond or NEVER]),
        quotes={c: table[c] for c in calm if c in table},
        table=table,
        form=form,
        composing=composing(form) if form else NEVER,
    )


@functools.cache
def character_table(fixes: tuple[str, ...]) -> dict[str, str]:
    """What ftfy's `fixes`, one after the other, make of each character (and of CR LF) that they change."""
    pieces = ["\r\n", *(chr(c) for block in BLOCKS[:3] for c in block)]
    fixed = SEPARATOR.join(pieces)
    for fix in fixes:
        fixed = ftfy.FIXERS[fix](fixed)
    return {old: new for old, new in zip(pieces, fixed.split(SEPARATOR), strict=True) if old != new}


@functools.cache
def composing(form: Form) -> str:
    """A pattern for the characters that normalisation to `form` may change, alone or beside another.

    These are the characters that the Unicode quick check does not pass (UAX #15, section 9): those that `form` changes,
    combining marks, and the second parts of composed characters. It asks Python's own tables, as ftfy
    does: those of polars are of another version of Unicode.
    """
    characters = [chr(c) for block in BLOCKS for c in block]
    joined = SEPARATOR.join(characters)
    normal = unicodedata.normalize(form, joined).split(SEPARATOR)
    changed = {old for old, new in zip(characters, normal, strict=True) if old != new}
    seconds = {c for parts in unicodedata.normalize("NFD", joined).split(SEPARATOR) for c in parts[1:]}
    return character_class({*changed, *seconds, *filter(unicodedata.combining, characters)})


def character_class(characters: Iterable[str], *, negated: bool = False) -> str:
    """A pattern for one of the characters, or for any other: the same in Rust's and in Python's dialect."""
    codes = sorted(map(ord, characters))
    if not codes:
        return NEVER
    starts = [c for i, c in enumerate(codes) if i == 0 or codes[i - 1] < c - 1]
    ends = [c for i, c in enumerate(codes) if i == len(codes) - 1 or codes[i + 1] > c + 1]
    ranges = "".join(f"{_escaped(a)}-{_escaped(b)}" for a, b in zip(starts, ends, strict=True))
    return f"[{'^' if negated else ''}{ranges}]"


def small_classes(characters: Iterable[str]) -> tuple[str, ...]:
    """Patterns for the characters, eight in each: for so few, Rust's regex is twenty times as fast as for more."""
    batch = list(characters)
    return tuple(character_class(batch[i : i + SMALL]) for i in range(0, len(batch), SMALL))


def _escaped(code: int) -> str:
    return f"\\U{code:08x}"


def _rust_pattern(verbose: str) -> str:
    r"""The badness pattern of ftfy for Rust, matching where Python's would, and in a few harmless places more.

    Rust's verbose mode ignores spaces within classes, so comments and white space are taken out here. Python's `\s` is
    spelled out; for `\w` stands every character that is not ASCII punctuation, white space or a calm mark; and
    a line, not only the text, begins at `^`, because ftfy looks at each line by itself.
    """
    compact = re.sub(r"(\[[^\]]*\]|\\.)|#[^\n]*|\s+", lambda match: match[1] or "", verbose)
    not_word = "".join(c for c in CALM if not (c.isalnum() or c == "_"))
    return (
        compact.replace(r"\s", f"[{WHITE_SPACE}]")
        .replace(r"\w", character_class(not_word, negated=True))
        .replace("^[ÃÂ]", "(?m:^)[ÃÂ]")
    )


BADNESS: Final = _rust_pattern(BADNESS_RE.pattern)
