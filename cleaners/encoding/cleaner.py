"""Mojibake and other damage to text, repaired as ftfy does it, and the white space that damage leaves behind.

In news nearly every paragraph is whole; one look at each tells which are not (`cleaners.encoding.mojibake`), and only
those are touched.
"""

from __future__ import annotations

from typing import Any, Final, Literal, TypedDict, Unpack

import ftfy
import numpy as np
import polars as pl
from numpy.typing import NDArray

from cleaners.encoding.columnar_ftfy import fix
from cleaners.encoding.columnar_ftfy import fix_text as fix_text
from cleaners.encoding.mojibake import (
    BEYOND,
    COMPOSING,
    OTHER_SPACE,
    QUOTE,
    REPLACED,
    STRAY,
    Gate,
    gate,
    look,
)
from cleaners.paragraphs import rewrite
from cleaners.text.tokens import U8
from cleaners.text.white_space import LINE_BREAK, WHITE_SPACE

ROUNDS: Final = 8
#: White space that becomes one space; a single no-break or ideographic space is meant, and stays.
STRAY_SPACE: Final = rf"[{WHITE_SPACE}]{{2,}}|[\t\v\f]|{LINE_BREAK}"
#: What a text holds that repair could change.
CHANGEABLE: Final = QUOTE | REPLACED | COMPOSING | BEYOND | STRAY
#: White space that is a control character to ftfy, which would remove it and join the words around it.
SEPARATORS: Final = r"[\x0b\x1c-\x1f]"
WHITE_SPACE_FIX: Final = "normalize_white_space"


class Options(TypedDict, total=False):
    """The options of `repair` and `encoding`: those of ftfy.TextFixerConfig, which explains each."""

    unescape_html: Literal["auto"] | bool
    remove_terminal_escapes: bool
    fix_encoding: bool
    restore_byte_a0: bool
    replace_lossy_sequences: bool
    decode_inconsistent_utf8: bool
    fix_c1_controls: bool
    fix_latin_ligatures: bool
    fix_character_width: bool
    uncurl_quotes: bool
    fix_line_breaks: bool
    fix_surrogates: bool
    remove_control_chars: bool
    normalization: Literal["NFC", "NFD", "NFKC", "NFKD", "none"]


#: ftfy's defaults, but for two that would rewrite typography: curly quotes, and Chinese and Japanese punctuation.
NEWS: Final = ftfy.TextFixerConfig(fix_character_width=False, uncurl_quotes=False)


def encoding(frame: pl.DataFrame, **options: Unpack[Options]) -> pl.DataFrame:
    """The frame with the text of every row that is not removed repaired, and `before` and `fixes` filled where it was.

    The options that are not given are those of NEWS. See `repair` for what is done and how the fixes are named; a
    paragraph of which nothing is left keeps its row.
    """
    takes_part = pl.col("reason").is_null()
    text, fixes = repair(frame.select(pl.when(takes_part).then("text")).to_series(), **options)
    new = frame.select(pl.when(takes_part).then(text.alias("new")).otherwise("text").alias("text"))
    return rewrite(frame, new.to_series(), fixes)


def repair(text: pl.Series, **options: Unpack[Options]) -> tuple[pl.Series, pl.Series]:
    """(repaired text, fixes): the texts as ftfy mends them, free of stray white space, and what was done to each.

    White space: what surrounds the text goes; two or more white-space characters in a row, a tab, a form feed, a
    line break and the separators of ASCII (U+000B, U+001C to U+001F) become one space. As that can bring to light
    what ftfy had overlooked, both are done again until nothing changes.

    `fixes` is List(String), null where the text is as it was. The names are, each once, in the order of first use:

    - a function of ftfy.fixes, as `unescape_html`, `fix_latin_ligatures` or `restore_byte_a0`;
    - `redecode_A_as_B`: bytes that had been decoded as A were decoded as B, as in `redecode_windows_1252_as_utf_8`;
    - `normalize_nfc` (or nfd, nfkc, nfkd): Unicode normalisation;
    - `normalize_white_space`, always the last.

    >>> text, fixes = repair(pl.Series(["cafÃ©s &amp;  bars", "sound"]))
    >>> text.to_list()
    ['cafés & bars', 'sound']
    >>> fixes.to_list()
    [['unescape_html', 'redecode_latin_1_as_utf_8', 'normalize_white_space'], None]
    """
    given: dict[str, Any] = {**options}
    if given.get("normalization") == "none":
        given["normalization"] = None
    config = NEWS._replace(**given)
    ask = gate(config)
    result = text.clone()
    names: dict[int, list[str]] = {}
    spaced = np.zeros(len(text), np.bool_)
    found = look(text, ask)
    touched = rows = np.flatnonzero(found & CHANGEABLE)
    found = found[rows]
    for _ in range(ROUNDS):
        if not len(rows):
            break
        old = result.gather(rows)
        parted = _replace_by_space(old, SEPARATORS, np.flatnonzero(found & OTHER_SPACE))
        found = _look_again(old, parted, found, ask)
        fixed, by_ftfy = fix(parted, found, config, named=True)
        new = _normalize_white_space(fixed, _look_again(parted, fixed, found, ask))
        came_to = (fixed != parted).to_numpy()
        for place, fixes in by_ftfy.items():
            if came_to[place]:
                names.setdefault(int(rows[place]), []).extend(fixes)
        spaced[rows] |= ((parted != old) | (new != fixed)).to_numpy()
        changed = (new != old).arg_true().to_numpy()
        rows, new = rows[changed], new.gather(changed)
        result = result.scatter(rows, new)
        found = look(new, ask)
        again = np.flatnonzero(found & CHANGEABLE)
        rows, found = rows[again], found[again]
    touched = touched[(text.gather(touched) != result.gather(touched)).to_numpy()]
    return result, _fix_names(len(text), touched, names, spaced)


def _normalize_white_space(text: pl.Series, found: U8) -> pl.Series:
    """The texts without white space around them, and with stray white space within as one space.

    `found` is what a look at the texts found.
    """
    for kinds, pattern in ((STRAY, " {2,}"), (STRAY | OTHER_SPACE, STRAY_SPACE)):
        rows = np.flatnonzero(found & (STRAY | OTHER_SPACE) == kinds)
        text = _replace_by_space(text, pattern, rows)
        text = text.scatter(rows, text.gather(rows).str.strip_chars(WHITE_SPACE))
    return text


def _replace_by_space(text: pl.Series, pattern: str, rows: NDArray[np.int64]) -> pl.Series:
    """The texts with a space for each match of the pattern, looked for only in `rows`."""
    return text.clone().scatter(rows, text.gather(rows).str.replace_all(pattern, " "))


def _look_again(old: pl.Series, new: pl.Series, found: U8, ask: Gate) -> U8:
    """What a look at the new texts finds, given what it `found` in the old ones: most are the same."""
    rows = (new != old).arg_true().to_numpy()
    found = found.copy()
    found[rows] = look(new.gather(rows), ask)
    return found


def _fix_names(
    length: int, rows: NDArray[np.int64], names: dict[int, list[str]], spaced: NDArray[np.bool_]
) -> pl.Series:
    """The list of fixes for each of `rows`, null for the others: the same few lists again and again."""
    lists: dict[tuple[str, ...], int] = {(WHITE_SPACE_FIX,): 0}
    which = np.full(length, -1)
    which[rows] = 0
    for row, fixes in names.items():
        if which[row] == 0:
            done = dict.fromkeys((*fixes, WHITE_SPACE_FIX) if spaced[row] else fixes)
            which[row] = lists.setdefault(tuple(done), len(lists))
    places = pl.Series(which, dtype=pl.Int64)
    return pl.Series("fixes", [*lists], dtype=pl.List(pl.String)).gather(places.set(places < 0, None))
