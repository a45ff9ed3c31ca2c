"""The cleaner `encoding`: repairs mojibake and other damage, and removes the white space damage leaves.

ftfy's fixes come first, and what they leave is for the steps of `cleaners.encoding.beyond_ftfy`. In news, nearly every
paragraph is sound. A scan (`cleaners.encoding.scan`) finds those that are not, and only these are processed.
"""

from __future__ import annotations

from typing import Any, Final, Literal, TypedDict, Unpack

import ftfy
import numpy as np
import polars as pl
from numpy.typing import NDArray

from cleaners.encoding import beyond_ftfy
from cleaners.encoding.columnar_ftfy import fix
from cleaners.encoding.columnar_ftfy import fix_text as fix_text
from cleaners.encoding.gate import (
    COMPOSING,
    NEEDS_FTFY,
    OTHER_SPACE,
    QUOTE,
    REPLACED,
    STRAY,
    SUSPECT,
    Gate,
    gate,
)
from cleaners.encoding.scan import scan
from cleaners.kernels import U8
from cleaners.paragraphs import rewrite
from cleaners.text.white_space import LINE_BREAK, WHITE_SPACE

MAX_ROUNDS: Final = 8  # of repair
#: White space that becomes one space. A single no-break or ideographic space is intended and stays.
STRAY_SPACE: Final = rf"[{WHITE_SPACE}]{{2,}}|[\t\v\f]|{LINE_BREAK}"
#: Kinds of characters that repair could change.
CHANGEABLE: Final = QUOTE | REPLACED | COMPOSING | NEEDS_FTFY | STRAY | SUSPECT
#: White space that ftfy takes for control characters: it would remove them and so join the words around them.
SEPARATORS: Final = r"[\x0b\x1c-\x1f]"
WHITE_SPACE_FIX: Final = "normalize_white_space"


class Options(TypedDict, total=False):
    """The options of `repair` and `encoding`: those of `ftfy.TextFixerConfig`, which documents each, and our own."""

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
    fix_charset_mixups: bool  # of paragraphs read in the wrong single-byte charset
    decode_utf8_words: bool  # single words of mojibake
    unescape_json: bool
    restore_lossy_quotes: bool  # that have become question marks


#: ftfy's defaults, except two that would rewrite typography: curly quotes, and Chinese and Japanese punctuation.
NEWS_CONFIG: Final = ftfy.TextFixerConfig(fix_character_width=False, uncurl_quotes=False)


def encoding(frame: pl.DataFrame, **options: Unpack[Options]) -> pl.DataFrame:
    """The frame with the text of every row that has no reason repaired, and `before` and `fixes` filled where changed.

    Options that are not given are those of `NEWS_CONFIG`. `repair` documents what is done and how fixes are named. A
    paragraph of which nothing is left keeps its row, with an empty text.

    >>> from cleaners.paragraphs import to_paragraphs
    >>> frame = to_paragraphs(pl.DataFrame({"text": ["The cafÃ© opened.\\nIt rained."],
    ...                                     "source": [None], "title": [None], "language": [None]}))
    >>> encoding(frame).select("text", "before", "fixes").rows()
    [('The café opened.', 'The cafÃ© opened.', ['redecode_latin_1_as_utf_8']), ('It rained.', None, None)]
    """
    takes_part = pl.col("reason").is_null()
    text, fixes = repair(frame.select(pl.when(takes_part).then("text")).to_series(), **options)
    new = frame.select(pl.when(takes_part).then(text.alias("new")).otherwise("text").alias("text"))
    return rewrite(frame, new.to_series(), fixes)


def repair(text: pl.Series, **options: Unpack[Options]) -> tuple[pl.Series, pl.Series]:
    """(text, fixes): the texts as ftfy repairs them and without stray white space, and what was done to each.

    White space at the ends of a text is stripped. Two or more white-space characters in a row, a tab, a form feed, a
    line break and the ASCII separators (U+000B, U+001C to U+001F) become one space. As that can uncover damage that
    ftfy could not see, both steps are repeated until nothing changes, at most `MAX_ROUNDS` times.

    `fixes` is List(String), null where the text did not change. It names each fix once, in the order of first use:

    - the name of a function of `ftfy.fixes`, such as `unescape_html`, `fix_latin_ligatures` or `restore_byte_a0`;
    - `redecode_A_as_B`: bytes that had been decoded as A were decoded as B (`redecode_windows_1252_as_utf_8`);
    - `normalize_nfc` (or nfd, nfkc, nfkd): Unicode normalisation;
    - `decode_utf8_words`, `unescape_json`, `restore_lossy_quotes`: steps beyond ftfy;
    - `normalize_white_space`, always last.

    >>> text, fixes = repair(pl.Series(["cafÃ©s &amp;  bars", "sound"]))
    >>> text.to_list()
    ['cafés & bars', 'sound']
    >>> fixes.to_list()
    [['unescape_html', 'redecode_latin_1_as_utf_8', 'normalize_white_space'], None]
    """
    given: dict[str, Any] = {**options}
    if given.get("normalization") == "none":
        given["normalization"] = None
    steps = tuple(step for step in beyond_ftfy.STEPS if given.pop(step, True))
    config = NEWS_CONFIG._replace(**given)
    rules = gate(config)._replace(beyond_ftfy=bool(steps))
    found = scan(text, rules)
    rows = np.flatnonzero(found & CHANGEABLE)
    old = text.gather(rows)
    first = old.to_frame("old").with_row_index().select(pl.col("index").min().over("old"))["index"].to_numpy()
    distinct = np.unique(first)  # equal texts are repaired once
    new, fixes = _repair(old.gather(distinct), found[rows[distinct]], config, rules, steps)
    which = np.searchsorted(distinct, first)
    places = np.full(len(text), -1)
    places[rows] = which
    chosen = pl.Series(places, dtype=pl.Int64)
    return text.clone().scatter(rows, new.gather(which)), fixes.gather(chosen.set(chosen < 0, None))


def _repair(
    text: pl.Series, found: U8, config: ftfy.TextFixerConfig, rules: Gate, steps: tuple[str, ...]
) -> tuple[pl.Series, pl.Series]:
    """(text, fixes) as from `repair`, of distinct texts that `scan` found changeable."""
    result = text.clone()
    names: dict[int, list[str]] = {}
    spaced = np.zeros(len(text), np.bool_)
    rows = np.arange(len(text))
    for _ in range(MAX_ROUNDS):
        if not len(rows):
            break
        old = result.gather(rows)
        separated = _replace_by_space(old, SEPARATORS, np.flatnonzero(found & OTHER_SPACE))
        found = _rescan(old, separated, found, rules)
        reread, reread_names = _reread(separated, found, steps)
        found = _rescan(separated, reread, found, rules)
        fixed, by_ftfy = fix(reread, found, config, named=True)
        beyond, beyond_names = _fix_beyond_ftfy(fixed, found, (fixed == separated).to_numpy(), steps)
        new = _normalize_white_space(beyond, _rescan(reread, beyond, found, rules))
        changed_by_ftfy = (fixed != reread).to_numpy()
        by_ftfy = {place: fixes for place, fixes in by_ftfy.items() if changed_by_ftfy[place]}
        for several in (reread_names, by_ftfy, beyond_names):
            for place, fixes in several.items():
                names.setdefault(int(rows[place]), []).extend(fixes)
        spaced[rows] |= ((separated != old) | (new != beyond)).to_numpy()
        changed = (new != old).arg_true().to_numpy()
        rows, new = rows[changed], new.gather(changed)
        result = result.scatter(rows, new)
        found = scan(new, rules)
        again = np.flatnonzero(found & CHANGEABLE)
        rows, found = rows[again], found[again]
    return result, _fix_names((result != text).to_numpy(), names, spaced)


def _reread(text: pl.Series, found: U8, steps: tuple[str, ...]) -> tuple[pl.Series, dict[int, list[str]]]:
    """(texts, names of fixes by row): the texts in the right charset, where ftfy would not notice the wrong one.

    This comes before ftfy, which would take a letter of the wrong charset for a ligature, or a few for UTF-8.
    """
    suspect, needs_ftfy = found & SUSPECT != 0, found & NEEDS_FTFY != 0
    first = tuple(step for step in steps if step in beyond_ftfy.FIRST)
    sure = tuple(step for step in steps if step in beyond_ftfy.SURE)
    text, names = _fix_rows(text, np.flatnonzero(suspect & ~needs_ftfy), first)
    text, others = _fix_rows(text, np.flatnonzero(suspect & needs_ftfy), sure, sure=True)
    return text, names | others


def _fix_beyond_ftfy(
    text: pl.Series, found: U8, same: NDArray[np.bool_], steps: tuple[str, ...]
) -> tuple[pl.Series, dict[int, list[str]]]:
    """(texts, names of fixes by row): suspect texts that ftfy left the `same`, after the steps beyond it."""
    suspect, needs_ftfy = same & (found & SUSPECT != 0), found & NEEDS_FTFY != 0
    left = tuple(step for step in steps if step not in beyond_ftfy.FIRST)
    text, names = _fix_rows(text, np.flatnonzero(suspect & needs_ftfy), steps)
    text, others = _fix_rows(text, np.flatnonzero(suspect & ~needs_ftfy), left)
    return text, names | others


def _fix_rows(
    text: pl.Series, rows: NDArray[np.int64], steps: tuple[str, ...], *, sure: bool = False
) -> tuple[pl.Series, dict[int, list[str]]]:
    """(texts, names of fixes by row): the texts after the steps, in `rows` only."""
    if not len(rows) or not steps:
        return text, {}
    fixed, several = beyond_ftfy.fix(text.gather(rows).to_list(), steps, sure)
    names = {row: names for row, names in zip(rows.tolist(), several, strict=True) if names}
    return text.clone().scatter(rows, pl.Series(fixed, dtype=pl.String)), names


def _normalize_white_space(text: pl.Series, found: U8) -> pl.Series:
    """The texts with their ends stripped and each run of stray white space turned into one space.

    `found` is the result of `scan` for the texts.
    """
    for kinds, pattern in ((STRAY, " {2,}"), (STRAY | OTHER_SPACE, STRAY_SPACE)):
        rows = np.flatnonzero(found & (STRAY | OTHER_SPACE) == kinds)
        if len(rows):
            text = _replace_by_space(text, pattern, rows)
            text = text.scatter(rows, text.gather(rows).str.strip_chars(WHITE_SPACE))
    return text


def _replace_by_space(text: pl.Series, pattern: str, rows: NDArray[np.int64]) -> pl.Series:
    """The texts with each match of the pattern replaced by a space, in `rows` only."""
    return text.clone().scatter(rows, text.gather(rows).str.replace_all(pattern, " ")) if len(rows) else text


def _rescan(old: pl.Series, new: pl.Series, found: U8, rules: Gate) -> U8:
    """The result of `scan` for `new`, given its result `found` for `old`; only texts that differ are scanned again."""
    if new is old:
        return found
    rows = (new != old).arg_true().to_numpy()
    found = found.copy()
    found[rows] = scan(new.gather(rows), rules)
    return found


def _fix_names(
    changed: NDArray[np.bool_], names: dict[int, list[str]], spaced: NDArray[np.bool_]
) -> pl.Series:
    """The list of fixes for each text that changed, null for the others. Equal lists are built once: few differ."""
    lists: dict[tuple[str, ...], int] = {(WHITE_SPACE_FIX,): 0}
    which = np.where(changed, 0, -1)
    for row in np.flatnonzero(changed).tolist():
        if row in names:
            done = dict.fromkeys((*names[row], WHITE_SPACE_FIX) if spaced[row] else names[row])
            which[row] = lists.setdefault(tuple(done), len(lists))
    places = pl.Series(which, dtype=pl.Int64)
    return pl.Series("fixes", [*lists], dtype=pl.List(pl.String)).gather(places.set(places < 0, None))
