"""Mojibake and other damage to text, repaired: a columnar ftfy, and the white space that damage leaves behind.

ftfy knows how text breaks, and takes about a second for each megabyte. But in news nearly every paragraph is whole:
`fix_text` finds out in columns which paragraphs ftfy could change at all, mends single characters in columns too, and
hands ftfy the rest.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from typing import Any, Final, Literal, TypedDict, Unpack

import ftfy
import polars as pl

from cleaners.mojibake import Gate, gate, small_classes
from cleaners.paragraphs import LINE_BREAK, WHITE_SPACE, rewrite

ROUNDS: Final = 8
#: White space that becomes one space; a single no-break or ideographic space is meant, and stays.
STRAY: Final = rf"[{WHITE_SPACE}]{{2,}}|[\t\v\f]|{LINE_BREAK}"
OTHER_WHITE_SPACE: Final = small_classes(WHITE_SPACE.replace(" ", ""))
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
    result = text.clone()
    names: dict[int, list[str]] = {}
    spaced = pl.repeat(False, len(text), eager=True)
    rows = pl.int_range(len(text), eager=True)
    for _ in range(ROUNDS):
        old = result.gather(rows)
        parted = _replace_by_space(old, SEPARATORS, _contains_one(old, [SEPARATORS]))
        fixed, by_ftfy = _fix_and_explain(parted, config)
        new = _normalize_white_space(fixed)
        for place, fixes in by_ftfy.items():
            names.setdefault(rows[place], []).extend(fixes)
        spaced = spaced.scatter(rows.filter((parted != old) | (new != fixed)), True)
        changed = new != old
        rows = rows.filter(changed)
        if rows.is_empty():
            break
        result = result.scatter(rows, new.filter(changed))
    return result, _fix_names(text.ne_missing(result), names, spaced)


def fix_text(text: pl.Series, config: ftfy.TextFixerConfig = ftfy.TextFixerConfig()) -> pl.Series:  # noqa: B008
    """`ftfy.fix_text(row, config)` for every row of a String series, exactly, at a hundred times its pace; null stays.

    The gate of cleaners.mojibake decides in columns which rows ftfy could change; see there for why that is exact.
    """
    mended, beyond = _mend(text, config)
    rows = beyond.arg_true()
    fixed = [_fix(row, config) for row in text.gather(rows).to_list()]
    return mended.scatter(rows, pl.Series(fixed, dtype=pl.String))


def _fix_and_explain(text: pl.Series, config: ftfy.TextFixerConfig) -> tuple[pl.Series, dict[int, list[str]]]:
    """(as `fix_text`, the names of the fixes for each place that changed)."""
    mended, beyond = _mend(text, config)
    rows = ((mended != text) | beyond).arg_true()
    fixed, names = [], {}
    for place, damaged in zip(rows.to_list(), text.gather(rows).to_list(), strict=True):
        repaired, fixes = _explain(damaged, config)
        fixed.append(repaired)
        if repaired != damaged:
            names[place] = fixes
    return mended.scatter(rows, pl.Series(fixed, dtype=pl.String)), names


def _mend(text: pl.Series, config: ftfy.TextFixerConfig) -> tuple[pl.Series, pl.Series]:
    """(the texts with single characters mended, whether ftfy might do more or otherwise)."""
    ask = gate(config)
    length = text.str.len_chars()
    # ftfy cuts longer texts, and what it finds depends on where
    beyond = ((length > config.max_decode_length) | text.str.contains(ask.entity)).fill_null(False)
    mended = text.clone()
    rows = (text.str.len_bytes() != length).arg_true()
    other = text.gather(rows)
    if ask.quotes:
        mended = mended.scatter(rows, other.str.replace_many(ask.quotes, leftmost=True))
    lively = _contains_one(text, ask.lively_ascii).scatter(rows, other.str.contains(ask.lively))
    rows = (lively & ~beyond).arg_true()
    mended_lively, beyond_lively = _mend_lively(text.gather(rows), ask)
    return mended.scatter(rows, mended_lively), beyond.scatter(rows, beyond_lively)


def _mend_lively(text: pl.Series, ask: Gate) -> tuple[pl.Series, pl.Series]:
    """`_mend` for texts that hold more than calm characters."""
    beyond = text.str.contains(ask.beyond)
    mended = text.str.replace_many(ask.table, leftmost=True) if ask.table else text.clone()
    if ask.form is not None:
        rows = (mended.str.contains(ask.composing) & ~beyond).arg_true()
        # Python's tables: those of polars are of another version of Unicode
        normal = [unicodedata.normalize(ask.form, row) for row in mended.gather(rows).to_list()]
        mended = mended.scatter(rows, pl.Series(normal, dtype=pl.String))
    # a mended text may hold a new entity or new mojibake, and then ftfy would go round again
    rows = (mended != text).arg_true()
    again = pl.repeat(False, len(text), eager=True).scatter(rows, mended.gather(rows).str.contains(ask.again))
    return mended, beyond | again


def _fix(text: str, config: ftfy.TextFixerConfig) -> str:
    """`ftfy.fix_text(text, config)`, by its segments where it is long."""
    if len(text) <= config.max_decode_length:
        return ftfy.fix_text(text, config)
    return "".join("".join(fix_text(segments, part).to_list()) for segments, part in _segments(text, config))


def _explain(text: str, config: ftfy.TextFixerConfig) -> tuple[str, list[str]]:
    """(`ftfy.fix_text(text, config)`, the names of what it did)."""
    result: list[str] = []
    names: list[str] = []
    for segments, part in _segments(text, config):
        # a segment among many is likely to be whole
        fixed = fix_text(segments, part) if len(segments) > 1 else None
        changed = segments if fixed is None else segments.filter(fixed != segments)
        explained = [ftfy.fix_and_explain(segment, part) for segment in changed.to_list()]
        names.extend(name for _, steps in explained for name in _names(steps or ()))
        result.extend((text for text, _ in explained) if fixed is None else fixed.to_list())
    return "".join(result), names


def _segments(text: str, config: ftfy.TextFixerConfig) -> Iterator[tuple[pl.Series, ftfy.TextFixerConfig]]:
    """The pieces of a text that ftfy mends each by itself, with the configuration that it has for them.

    They are lines, cut where they are too long. From the first one that holds a `<`, the text is taken for HTML, and
    `unescape_html="auto"` means no.
    """
    *lines, last = text.split("\n")
    size = config.max_decode_length
    segments = [
        line[i : i + size]
        for line in (*(f"{line}\n" for line in lines), last)
        for i in range(0, len(line), size)
    ]
    plain = len(segments)
    if config.unescape_html == "auto":
        plain = next((i for i, segment in enumerate(segments) if "<" in segment), plain)
    yield pl.Series(segments[:plain], dtype=pl.String), config
    yield pl.Series(segments[plain:], dtype=pl.String), config._replace(unescape_html=False)


def _names(steps: Iterable[ftfy.ExplanationStep]) -> Iterator[str]:
    """The steps of ftfy by the names that `repair` promises."""
    encoded = ""
    for action, parameter in steps:
        name = parameter.removeprefix("sloppy-").replace("-", "_").lower()
        if action == "encode":
            encoded = name
        elif action == "decode":
            yield f"redecode_{encoded}_as_{name}"
        else:
            yield f"normalize_{name}" if action == "normalize" else name


def _normalize_white_space(text: pl.Series) -> pl.Series:
    """The texts without white space around them, and with stray white space within as one space."""
    other = _contains_one(text, OTHER_WHITE_SPACE)
    # double spaces are most of it, and soon replaced
    double = text.str.contains("  ", literal=True) & ~other
    text = _replace_by_space(_replace_by_space(text, " {2,}", double), STRAY, other)
    return text.str.strip_chars(WHITE_SPACE)


def _replace_by_space(text: pl.Series, pattern: str, where: pl.Series) -> pl.Series:
    """The texts with a space for each match of the pattern, looked for only in the rows of `where`."""
    rows = where.arg_true()
    return text.clone().scatter(rows, text.gather(rows).str.replace_all(pattern, " "))


def _contains_one(text: pl.Series, patterns: Iterable[str]) -> pl.Series:
    """Whether each text matches one of the patterns; null counts as no match."""
    found = pl.repeat(False, len(text), eager=True)
    for pattern in patterns:
        found |= text.str.contains(pattern).fill_null(False)
    return found


def _fix_names(changed: pl.Series, names: dict[int, list[str]], spaced: pl.Series) -> pl.Series:
    """The list of fixes for each row that changed, null for the others."""
    lists = pl.Series([list(dict.fromkeys(fixes)) for fixes in names.values()], dtype=pl.List(pl.String))
    places = pl.repeat(None, len(changed), dtype=pl.UInt32, eager=True)
    places = places.scatter(list(names), pl.int_range(len(lists), dtype=pl.UInt32, eager=True))
    by_ftfy = pl.lit(lists.gather(places)).fill_null([])
    by_space = (
        pl.when(pl.lit(spaced)).then(pl.lit([WHITE_SPACE_FIX])).otherwise(pl.lit([], pl.List(pl.String)))
    )
    return pl.select(
        pl.when(pl.lit(changed)).then(pl.concat_list(by_ftfy, by_space)).alias("fixes")
    ).to_series()
