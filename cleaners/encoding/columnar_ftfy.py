"""ftfy for whole columns of text: the same result for every row, a hundred times as fast.

ftfy takes about a second per megabyte. But in news nearly every paragraph is sound. A scan
(`cleaners.encoding.scan`) finds the texts that ftfy could change. Single characters are replaced in whole columns.
The few other texts are processed line by line: a line that was decoded in the wrong charset throughout is decoded again
here, and everything else goes to ftfy itself.
"""

from __future__ import annotations

import contextlib
import functools
import re
import sys
from collections.abc import Iterable, Iterator
from typing import Final

import ftfy
import numpy as np
import polars as pl
from ftfy.badness import is_bad
from ftfy.chardata import (
    ALTERED_UTF8_RE,
    C1_CONTROL_RE,
    CHARMAP_ENCODINGS,
    HTML_ENTITY_RE,
    LOSSY_UTF8_RE,
    UTF8_DETECTOR_RE,
    possible_encoding,
)
from numpy.typing import NDArray

from cleaners.encoding.beyond_ftfy import redecoded
from cleaners.encoding.gate import COMPOSING, NEEDS_FTFY, QUOTE, REPLACED, Gate, gate
from cleaners.encoding.scan import scan
from cleaners.kernels import U8
from cleaners.text.normalization import normalize, sort_marks

#: An ampersand that is escaped more often than texts are in good faith.
_NESTED_AMPERSAND: Final = re.compile(
    r"&((?:(?:amp|AMP|#0{0,16}38|#[xX]0{0,16}26);){32})(?:(?:amp|AMP|#0{0,16}38|#[xX]0{0,16}26);)+"
)
#: What bytes that ftfy decodes as UTF-8 do not have, however many it has to restore: a first byte before another one,
#: before an ASCII character that replaces no byte or at the end, and one that continues nothing.
_NO_UTF_8: Final = re.compile(
    rb"[\xc0-\xff](?:[\x00-\x19\x1b-\x1f!->@-\x7f\xc0-\xff]|\Z)|(?:\A|[\x00-\x19\x1b-\x1f!->@-\x7f])[\x80-\xbf]"
)
#: What `fix_c1_controls` makes of each control.
_C1: Final = {code: bytes([code]).decode("sloppy-windows-1252") for code in range(0x80, 0xA0)}


def fix_text(text: pl.Series, config: ftfy.TextFixerConfig = ftfy.TextFixerConfig()) -> pl.Series:  # noqa: B008
    """`ftfy.fix_text(row, config)` for every row of a String series, exactly, but a hundred times as fast.

    Null stays null. `cleaners.encoding.scan` finds the rows that ftfy could change; `gate` explains why that is exact.

    >>> fix_text(pl.Series(["schÃ¶n", "It rained.", None])).to_list()
    ['schön', 'It rained.', None]
    """
    return fix(text, scan(text, gate(config)), config, named=False)[0]


def fix(
    text: pl.Series, found: U8, config: ftfy.TextFixerConfig, *, named: bool
) -> tuple[pl.Series, dict[int, list[str]]]:
    """(fixed texts as from `fix_text`, names of the fixes by row); the names are complete only with `named`.

    `found` is the result of `scan` for the texts. The names are those documented in `cleaners.encoding.repair`. A named
    fix may have changed nothing in the end, as steps that ftfy lists may.
    """
    if text.is_empty():
        return text, {}
    fixed, needs_ftfy = _fix_characters(text, found, gate(config))
    names = _character_fix_names(text, fixed, config) if named else {}
    if not len(needs_ftfy):
        return fixed, names
    by_ftfy, ftfy_names = _fix_by_segments(text.gather(needs_ftfy).to_list(), config, named=named)
    names.update(zip(needs_ftfy.tolist(), ftfy_names, strict=True))
    return fixed.scatter(needs_ftfy, pl.Series(by_ftfy, dtype=pl.String)), names


def _fix_characters(text: pl.Series, found: U8, rules: Gate) -> tuple[pl.Series, NDArray[np.int64]]:
    """(the texts with single characters fixed, the rows that need ftfy); the latter rows are unchanged."""
    simple = found & NEEDS_FTFY == 0
    fixed = text.clone()
    for kinds, table in ((QUOTE, rules.quotes), (REPLACED, rules.table), (QUOTE | REPLACED, rules.table)):
        rows = np.flatnonzero(simple & (found & (QUOTE | REPLACED) == kinds))
        if len(rows):
            fixed = fixed.scatter(rows, text.gather(rows).str.replace_many(table, leftmost=True))
    needs_ftfy = np.flatnonzero(~simple)
    rows = np.flatnonzero(simple & (found & (REPLACED | COMPOSING) != 0))
    if not len(rows):
        return fixed, needs_ftfy
    new = fixed.gather(rows)
    rules = rules._replace(longest=sys.maxsize)  # ftfy cuts a text only before it fixes it
    seen = scan(new, rules)
    if rules.form is not None:
        composing = np.flatnonzero(seen & COMPOSING)
        # with Python's tables, because polars follows another version of Unicode
        normal = [normalize(rules.form, row) for row in new.gather(composing).to_list()]
        new = new.scatter(composing, pl.Series(normal, dtype=pl.String))
        seen[composing] = scan(new.gather(composing), rules)
    # a fixed text may contain a new entity or new mojibake, which ftfy would then fix in another round
    needs_ftfy = np.union1d(needs_ftfy, rows[seen & (QUOTE | REPLACED | NEEDS_FTFY) != 0])
    return fixed.scatter(rows, new).scatter(needs_ftfy, text.gather(needs_ftfy)), needs_ftfy


def _character_fix_names(
    text: pl.Series, fixed: pl.Series, config: ftfy.TextFixerConfig
) -> dict[int, list[str]]:
    """The names of the fixes for each row that `_fix_characters` changed."""
    rules = gate(config)
    rows = (fixed != text).arg_true().to_numpy()
    if not len(rows):
        return {}
    old, new = text.gather(rows), fixed.gather(rows)
    done = {name: old.str.contains_any(characters) for name, characters in rules.fixes.items()}
    if rules.form is not None:
        replaced = old.str.replace_many(rules.table, leftmost=True) if rules.table else old
        done[f"normalize_{rules.form.lower()}"] = new != replaced
    names: dict[int, list[str]] = {row: [] for row in rows.tolist()}
    for name, where in done.items():
        for row in rows[where.arg_true().to_numpy()].tolist():
            names[row].append(name)
    # ftfy fixes line by line, which decides the order of the names
    mixed = [row for row, fixes in names.items() if len(fixes) > 1 and "\n" in text[row][:-1]]
    if mixed:
        _, in_order = _fix_by_segments(text.gather(mixed).to_list(), config, named=True)
        names.update(zip(mixed, in_order, strict=True))
    return names


def _fix_by_segments(
    texts: list[str], config: ftfy.TextFixerConfig, *, named: bool
) -> tuple[list[str], list[list[str]]]:
    """(texts that need ftfy as ftfy fixes them, the names of its fixes for each text).

    ftfy fixes each segment of a text by itself. Most segments are sound, so that only few really have to go to ftfy.
    """
    pieces: list[list[str]] = [[] for _ in texts]
    names: list[list[str]] = [[] for _ in texts]
    plain: list[tuple[int, str]] = []
    markup: list[tuple[int, str]] = []
    decoded: list[tuple[int, str]] = []
    left: list[tuple[int, str]] = []
    whole: list[tuple[int, str]] = []
    for place, text in enumerate(texts):
        segments, first = _segments(text, config)
        if len(segments) > 1:
            plain.extend((place, segment) for segment in segments[:first])
            markup.extend((place, segment) for segment in segments[first:])
        elif (step := _redecode(text, config)) and step[0] != text:
            decoded.append((place, step[0]))
            names[place].extend(step[1])
        elif step:
            left.append((place, text))
            names[place].extend(step[1])
        else:
            whole.append((place, text))
    for (place, text), more in zip(left, _have_more_to_fix([text for _, text in left], config), strict=True):
        if more:
            names[place].clear()
            whole.append((place, text))
        else:
            pieces[place].append(text)
    for place, text in whole:
        fixed, steps = ftfy.fix_and_explain(_made_easy(text, config), config)
        pieces[place].append(fixed)
        names[place].extend(_names(steps or ()))
    for part, several in (
        (config, plain),
        (config._replace(unescape_html=False), markup),
        (config, decoded),
    ):
        if not several:
            continue
        old = pl.Series([text for _, text in several], dtype=pl.String)
        new, new_names = fix(old, scan(old, gate(part)), part, named=named)
        for i, ((place, text), piece) in enumerate(zip(several, new.to_list(), strict=True)):
            pieces[place].append(piece)
            if piece != text or several is decoded:
                names[place].extend(new_names.get(i, ()))
    return ["".join(several) for several in pieces], names


def _made_easy(text: str, config: ftfy.TextFixerConfig) -> str:
    """A text that ftfy fixes in the same way, without what takes it quadratic time.

    ftfy unescapes "&amp;amp;amp;" one level at a time, and sorts long runs of combining marks by insertion. So no
    ampersand stays escaped more than 32 times.
    """
    if config.unescape_html and not (config.unescape_html == "auto" and "<" in text):
        text = _NESTED_AMPERSAND.sub(r"&\1", text)
    return sort_marks(text) if config.normalization else text


def _segments(text: str, config: ftfy.TextFixerConfig) -> tuple[list[str], int]:
    """(the segments of a text that ftfy fixes one by one, the index of the first that it takes for markup).

    Segments are lines; long ones are cut. From the first `<` on, ftfy takes the text for HTML, and
    `unescape_html="auto"` then leaves entities alone.
    """
    size = config.max_decode_length
    if "\n" not in text and len(text) <= size:
        return [text], 1  # which then is not used
    *lines, last = text.split("\n")
    segments = [
        line[i : i + size]
        for line in (*(f"{line}\n" for line in lines), last)
        for i in range(0, len(line), size)
    ]
    if config.unescape_html != "auto":
        return segments, len(segments)
    return segments, next((i for i, segment in enumerate(segments) if "<" in segment), len(segments))


def _redecode(text: str, config: ftfy.TextFixerConfig) -> tuple[str, list[str]] | None:
    """(a segment after the first step of ftfy's repair, the names of its parts); None where it needs ftfy.

    This works for a segment without entities. ftfy gives the same result for the segment before and after this step.
    """
    if not config.fix_encoding or (config.unescape_html and HTML_ENTITY_RE.search(text)):
        return None
    # without `explain`, ftfy ignores the options given and uses its defaults in this step
    return (
        _redecoded(text, config if config.explain else ftfy.TextFixerConfig()) if is_bad(text) else (text, [])
    )


def _have_more_to_fix(texts: list[str], config: ftfy.TextFixerConfig) -> list[bool]:
    """Whether ftfy changes segments that have no mojibake which it could repair."""
    old, part = pl.Series(texts, dtype=pl.String), config._replace(fix_encoding=False)
    return (fix(old, scan(old, gate(part)), part, named=False)[0] != old).to_list()


def _redecoded(text: str, options: ftfy.TextFixerConfig) -> tuple[str, list[str]]:
    """(the text as it was written, names of the fixes) as ftfy has it for a text with mojibake."""
    for encoding in CHARMAP_ENCODINGS:
        if not possible_encoding(text, encoding):
            continue
        data, names = text.encode(encoding), []
        if _NO_UTF_8.search(data):
            continue
        for name, wanted, damage in (
            ("restore_byte_a0", encoding != "macroman", ALTERED_UTF8_RE),
            ("replace_lossy_sequences", encoding.startswith("sloppy-"), LOSSY_UTF8_RE),
        ):
            if wanted and getattr(options, name) and damage.search(data):
                new = ftfy.FIXERS[name](data)
                if new != data:
                    data = new
                    names.append(name)
        decoding = "utf-8-variants" if 0xED in data or 0xC0 in data else "utf-8"
        try:
            return data.decode(decoding), [*names, redecoded(encoding, decoding)]
        except UnicodeDecodeError:
            continue
    if options.decode_inconsistent_utf8:
        fixed = UTF8_DETECTOR_RE.sub(
            lambda part: part[0] if len(part[0]) == len(text) else _decoded_part(part[0]), text
        )
        if fixed != text:
            return fixed, ["decode_inconsistent_utf8"]
    with contextlib.suppress(UnicodeError):
        fixed = text.encode("latin-1").decode("windows-1252")
        if fixed != text:
            return fixed, [redecoded("latin-1", "windows-1252")]
    if options.fix_c1_controls and C1_CONTROL_RE.search(text):
        return text.translate(_C1), ["fix_c1_controls"]
    return text, []


@functools.lru_cache(1 << 12)  # such parts are short, and repeat
def _decoded_part(part: str) -> str:
    return ftfy.fix_encoding(part) if is_bad(part) else part


def _names(steps: Iterable[ftfy.ExplanationStep]) -> Iterator[str]:
    """The names of the fixes for ftfy's steps."""
    encoded = ""
    for action, parameter in steps:
        if action == "encode":
            encoded = parameter
        elif action == "decode":
            yield redecoded(encoded, parameter)
        else:
            yield f"normalize_{parameter.lower()}" if action == "normalize" else parameter
