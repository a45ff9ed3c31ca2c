"""ftfy for a whole column of texts at once: the same text for every row, a hundred times as fast.

ftfy takes about a second for each megabyte. But in news nearly every paragraph is whole: a look at each (see
`cleaners.encoding.mojibake`) tells which ftfy could change at all. Single characters are mended in columns too; of the
few other texts each line is judged by itself, and where all of it was read in a wrong charset, reading it in the right
one is quickly done. The rest is handed to ftfy.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator

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

from cleaners.encoding.mojibake import BEYOND, COMPOSING, QUOTE, REPLACED, Gate, gate, look
from cleaners.text.tokens import U8


def fix_text(text: pl.Series, config: ftfy.TextFixerConfig = ftfy.TextFixerConfig()) -> pl.Series:  # noqa: B008
    """`ftfy.fix_text(row, config)` for every row of a String series, exactly, at a hundred times its pace; null stays.

    The gate of cleaners.mojibake decides in columns which rows ftfy could change; see there for why that is exact.
    """
    return fix(text, look(text, gate(config)), config, named=False)[0]


def fix(
    text: pl.Series, found: U8, config: ftfy.TextFixerConfig, *, named: bool
) -> tuple[pl.Series, dict[int, list[str]]]:
    """(as `fix_text`, by places the names of the fixes made there; not all of them unless `named`).

    `found` is what a look at the texts found. The names are those that `cleaners.encoding.repair` promises; what they
    name may have come to nothing, as ftfy's steps may.
    """
    if text.is_empty():
        return text, {}
    mended, beyond = _mend(text, found, gate(config))
    names = _mended_names(text, mended, config) if named else {}
    if not len(beyond):
        return mended, names
    judged, judged_names = _judge(text.gather(beyond).to_list(), config, named=named)
    names.update(zip(beyond.tolist(), judged_names, strict=True))
    return mended.scatter(beyond, pl.Series(judged, dtype=pl.String)), names


def _mend(text: pl.Series, found: U8, ask: Gate) -> tuple[pl.Series, NDArray[np.int64]]:
    """(the texts with single characters mended, the rows that only ftfy can judge; these are as they were)."""
    within = found & BEYOND == 0
    mended = text.clone()
    for kinds, table in ((QUOTE, ask.quotes), (REPLACED, ask.table), (QUOTE | REPLACED, ask.table)):
        rows = np.flatnonzero(within & (found & (QUOTE | REPLACED) == kinds))
        if len(rows):
            mended = mended.scatter(rows, text.gather(rows).str.replace_many(table, leftmost=True))
    beyond = np.flatnonzero(~within)
    rows = np.flatnonzero(within & (found & (REPLACED | COMPOSING) != 0))
    if not len(rows):
        return mended, beyond
    new = mended.gather(rows)
    seen = look(new, ask)
    if ask.form is not None:
        composing = np.flatnonzero(seen & COMPOSING)
        # Python's tables: those of polars are of another version of Unicode
        normal = [unicodedata.normalize(ask.form, row) for row in new.gather(composing).to_list()]
        new = new.scatter(composing, pl.Series(normal, dtype=pl.String))
        seen[composing] = look(new.gather(composing), ask)
    # a mended text may hold a new entity or new mojibake, and then ftfy would go round again
    beyond = np.union1d(beyond, rows[seen & (QUOTE | REPLACED | BEYOND) != 0])
    return mended.scatter(rows, new).scatter(beyond, text.gather(beyond)), beyond


def _mended_names(text: pl.Series, mended: pl.Series, config: ftfy.TextFixerConfig) -> dict[int, list[str]]:
    """The names of the fixes for each place that `_mend` changed."""
    ask = gate(config)
    rows = (mended != text).arg_true().to_numpy()
    old, new = text.gather(rows), mended.gather(rows)
    done = {name: old.str.contains_any(characters) for name, characters in ask.fixes.items()}
    if ask.form is not None:
        replaced = old.str.replace_many(ask.table, leftmost=True) if ask.table else old
        done[f"normalize_{ask.form.lower()}"] = new != replaced
    names: dict[int, list[str]] = {row: [] for row in rows.tolist()}
    for name, where in done.items():
        for row in rows[where.arg_true().to_numpy()].tolist():
            names[row].append(name)
    # ftfy mends one line after the other, and so they are named
    mixed = [row for row, fixes in names.items() if len(fixes) > 1 and "\n" in text[row][:-1]]
    _, in_order = _judge(text.gather(mixed).to_list(), config, named=True)
    names.update(zip(mixed, in_order, strict=True))
    return names


def _judge(
    texts: list[str], config: ftfy.TextFixerConfig, *, named: bool
) -> tuple[list[str], list[list[str]]]:
    """(texts that only ftfy can judge as it mends them, the names of its fixes).

    ftfy mends each segment by itself, and of many in a text most are whole.
    """
    pieces: list[list[str]] = [[] for _ in texts]
    names: list[list[str]] = [[] for _ in texts]
    plain: list[tuple[int, str]] = []
    markup: list[tuple[int, str]] = []
    decoded: list[tuple[int, str]] = []
    for place, text in enumerate(texts):
        segments, first = _segments(text, config)
        if len(segments) > 1:
            plain.extend((place, segment) for segment in segments[:first])
            markup.extend((place, segment) for segment in segments[first:])
        elif step := _redecode(text, config):
            decoded.append((place, step[0]))
            names[place].append(step[1])
        else:
            fixed, steps = ftfy.fix_and_explain(text, config)
            pieces[place].append(fixed)
            names[place].extend(_names(steps or ()))
    for part, several in (
        (config, plain),
        (config._replace(unescape_html=False), markup),
        (config, decoded),
    ):
        old = pl.Series([text for _, text in several], dtype=pl.String)
        new, new_names = fix(old, look(old, gate(part)), part, named=named)
        for i, ((place, text), piece) in enumerate(zip(several, new.to_list(), strict=True)):
            pieces[place].append(piece)
            if piece != text or several is decoded:
                names[place].extend(new_names.get(i, ()))
    return ["".join(several) for several in pieces], names


def _segments(text: str, config: ftfy.TextFixerConfig) -> tuple[list[str], int]:
    """(the pieces of a text that ftfy mends each by itself, the first that it takes for markup).

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
    if config.unescape_html != "auto":
        return segments, len(segments)
    return segments, next((i for i, segment in enumerate(segments) if "<" in segment), len(segments))


def _redecode(text: str, config: ftfy.TextFixerConfig) -> tuple[str, str] | None:
    """(a segment after the first step of ftfy's repair, the name of that step); None where only ftfy can tell.

    It can be told of one without entities that was read in a wrong charset, and of which nothing got lost. To ftfy it
    is as good after the step as before it.
    """
    if not config.fix_encoding or (config.unescape_html and HTML_ENTITY_RE.search(text)):
        return None
    if not (C1_CONTROL_RE.search(text) or is_bad(text)):
        return None
    options = (
        config if config.explain else ftfy.TextFixerConfig()
    )  # ftfy forgets them where it need not explain
    for encoding in CHARMAP_ENCODINGS:
        if not possible_encoding(text, encoding):
            continue
        data = text.encode(encoding)
        if options.restore_byte_a0 and ALTERED_UTF8_RE.search(data):
            return None
        if options.replace_lossy_sequences and encoding.startswith("sloppy-") and LOSSY_UTF8_RE.search(data):
            return None
        decoding = "utf-8-variants" if 0xED in data or 0xC0 in data else "utf-8"
        try:
            return data.decode(decoding), _fix_name(encoding, decoding)
        except UnicodeDecodeError:
            continue
    if options.decode_inconsistent_utf8 and UTF8_DETECTOR_RE.search(text):
        fixed = ftfy.FIXERS["decode_inconsistent_utf8"](text)
        if fixed != text:
            return fixed, "decode_inconsistent_utf8"
    try:
        fixed = text.encode("latin-1").decode("windows-1252")
    except UnicodeError:
        return None
    return (fixed, _fix_name("latin-1", "windows-1252")) if fixed != text else None


def _fix_name(encoding: str, decoding: str) -> str:
    """The name of the fix that decodes otherwise what had been decoded wrongly."""
    return f"redecode_{encoding}_as_{decoding}".replace("sloppy-", "").replace("-", "_").lower()


def _names(steps: Iterable[ftfy.ExplanationStep]) -> Iterator[str]:
    """The names of ftfy's steps."""
    encoded = ""
    for action, parameter in steps:
        if action == "encode":
            encoded = parameter
        elif action == "decode":
            yield _fix_name(encoded, parameter)
        else:
            yield f"normalize_{parameter.lower()}" if action == "normalize" else parameter
