"""The search for phrases in the paragraphs of a frame.

A line of more than `MAX_LINE_CHARACTERS` matches only by how it begins, because boilerplate is short. Lines are many,
phrases thousands, and matches few. So the prefilter `cleaners.phrases.candidates` rules out most lines first. On the
others,

- whole lines are found by a join on their folded text;
- beginnings of lines by a join on their first letters;
- wordings anywhere in a line only where the longest word of the wording is;
- regular expressions only in lines with a beginning of their matches (`cleaners.phrases.regexes`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import numpy as np
import polars as pl

from cleaners.phrases.candidates import candidates
from cleaners.phrases.folding import fold, lower, strip_end
from cleaners.phrases.names import names_follow, names_precede
from cleaners.phrases.phrase import MAX_WORDING_CHARACTERS, Phrase
from cleaners.phrases.tables import Regexes, Tables, any_of, make_tables, whole_words
from cleaners.text.matching import matches
from cleaners.text.prose import words

MAX_LINE_CHARACTERS: Final = 300
_HEAD_CHARACTERS: Final = MAX_WORDING_CHARACTERS + 20
#: From this many lines on, one pattern that joins all regular expressions is tried first. Compiling it takes as long as
#: compiling several of them.
_MANY_LINES: Final = 20_000
# the last words of a wrapped sentence ("like this."), and an exclaimed word ("Help!")
_FRAGMENT: Final = r"^[(\"'“‘]*\p{Ll}\S*(?:\s\S+){0,2}[.,;:!?)\"”'’]$|^[\p{Latin}\p{Cyrillic}]+[!?]$"
# a line that begins with a quotation is about the words quoted: “Accept all” is the label of a button
_QUOTATION: Final = r"^[\"“”„«][^\"“”„«»]+[\"“”»]"


def lines_of(frame: pl.DataFrame) -> pl.DataFrame:
    """The lines that are neither removed nor empty: row (place in the frame), document (a number), text and source."""
    return (
        frame.lazy()
        .with_row_index("row")
        .select("row", "document", "text", "source", "reason")
        .filter(pl.col("reason").is_null() & (pl.col("text") != ""))
        .drop("reason")
        .collect()
    )


def search(frame: pl.DataFrame, phrases: Sequence[Phrase]) -> pl.DataFrame:
    """The result of `find` for the lines of a frame; for each line, phrases in its document's language come first."""
    found = find(lines_of(frame), phrases)
    language = frame.get_column("language").gather(found.get_column("row"))
    own = found.get_column("rule").str.extract("^phrase ([^:]+):") == language
    return (
        found.with_columns(own.fill_null(False).alias("own"))
        .sort("row", ~pl.col("own"), maintain_order=True)
        .drop("own")
    )


def find(lines: pl.DataFrame, phrases: Sequence[Phrase]) -> pl.DataFrame:
    """A row for each line and phrase that match, ordered by line, then as `phrases`.

    `lines` has the columns row (UInt32), text and source (of the line's document). Null texts match nothing. The result
    has the columns

    - row, and phrase (UInt32, place in `phrases`);
    - bare (Boolean): the line is known to contain nothing but the phrase;
    - action and rule of the phrase, and only_at_end (Boolean): its `where` is "end".
    """
    tables = make_tables(tuple(phrases))
    text = pl.col("text")
    lines = lines.select("row", "text", "source").filter(text.is_not_null())
    may = candidates(lines.get_column("text"), tables.prefilter, MAX_LINE_CHARACTERS)
    # a wording at the start of a line, or alone on it, lies within the head of the line
    heads = (
        pl.concat([lines, may], how="horizontal")
        .filter(pl.col("is_line") | pl.col("starts"))
        .filter(~text.str.contains(_QUOTATION))
    )
    heads = heads.with_columns(fold(heads.get_column("text").str.slice(0, _HEAD_CHARACTERS)).alias("folded"))
    alone = (
        heads.filter(pl.col("is_line") & (text.str.len_chars() <= _HEAD_CHARACTERS))
        .filter(~text.str.contains(_FRAGMENT))
        .select("row", "source", strip_end(pl.col("folded")).alias("wording"))
        .join(tables.lines, on="wording")
        .select("row", "source", "phrase", pl.lit(True).alias("bare"))
    )
    within = lines.filter(may["holds"])
    within = within.filter(lower(within.get_column("text")).str.contains_any(tables.words_within.implode()))
    within = within.with_columns(fold(within.get_column("text")).alias("folded"))
    return (
        pl.concat(
            [
                alone,
                _find_wordings(_beginning(heads.filter("starts"), tables), tables, tables.start),
                _find_wordings(_holding(within, tables), tables, tables.anywhere),
                *(
                    _find_regexes(lines.filter(may[regexes.candidates]), regexes, tables)
                    for regexes in tables.regexes
                ),
            ]
        )
        .join(tables.about, on="phrase")
        .filter(pl.col("wanted").is_null() | (pl.col("wanted") == pl.col("source")).fill_null(False))
        .group_by("row", "phrase")
        .agg(pl.col("bare").any(), pl.col("action", "rule", "only_at_end").first())
        .sort("row", "phrase")
    )


_FOUND: Final = {"row": pl.UInt32, "source": pl.String, "phrase": pl.UInt32, "bare": pl.Boolean}
_CANDIDATE: Final = dict.fromkeys(("source", "text", "folded", "wording"), pl.String) | {"row": pl.UInt32}


def _beginning(lines: pl.DataFrame, tables: Tables) -> pl.DataFrame:
    """The folded lines that begin with the characters of a wording; one row for each pair of line and `wording`."""
    found = [pl.DataFrame(schema=_CANDIDATE)]
    for wordings in tables.by_prefix:
        prefix = pl.col("folded").str.slice(0, len(wordings.item(0, "prefix"))).alias("prefix")
        same = lines.with_columns(prefix).join(wordings, on="prefix")
        found.append(same.filter(pl.col("folded").str.starts_with(pl.col("wording"))).select(*_CANDIDATE))
    return pl.concat(found)


def _holding(lines: pl.DataFrame, tables: Tables) -> pl.DataFrame:
    """The folded lines that contain the characters of a wording; one row for each pair of line and `wording`."""
    wordings = pl.Series(list(tables.anywhere), dtype=pl.String).implode()
    found = pl.col("folded").str.extract_many(wordings, overlapping=True).list.unique().alias("wording")
    return (
        lines.with_columns(found)
        .explode("wording", empty_as_null=True, keep_nulls=True)
        .filter(pl.col("wording").is_not_null())
        .select(*_CANDIDATE)
    )


def _find_wordings(candidates: pl.DataFrame, tables: Tables, numbers: dict[str, list[int]]) -> pl.DataFrame:
    """The candidates that are matches: the wording begins and ends at word boundaries, and the line is not too long.

    `numbers` maps a wording to its phrases.
    """
    found: list[tuple[int, str | None, int, bool]] = []
    for row, source, text, line, whole, count, wording in candidates.select(
        "row",
        "source",
        "text",
        "folded",
        (pl.col("text").str.len_chars() <= _HEAD_CHARACTERS).alias("whole"),
        words(pl.col("text")).alias("words"),
        "wording",
    ).iter_rows():
        pattern = whole_words(wording)
        for number in numbers[wording]:
            phrase = tables.phrases[number]
            if count > phrase.max_words:
                continue
            begins = phrase.match in ("start", "before_names")
            match = pattern.match(line) if begins else pattern.search(line)
            if match and _has_its_names(phrase, text, line, match):
                rest = line[: match.start()] + line[match.end() :]
                bare = whole and not any(c.isalnum() or c == "#" for c in rest)
                found.append((row, source, number, bare))
    return pl.DataFrame(found, schema=_FOUND, orient="row")


def _has_its_names(phrase: Phrase, text: str, folded: str, match: re.Match[str]) -> bool:
    """Whether names stand beside the match in a folded line, if the phrase wants them; `text` is the line as it was."""
    if phrase.match not in ("before_names", "after_names"):
        return True
    words = [word for word in text.split() if any(map(str.isalnum, word))]
    size = len(match[0].split())
    if phrase.match == "before_names":  # in a script without spaces the names are part of the same word
        return names_follow(words[size:]) or (len(words) == size and match.end() < len(folded))
    after = sum(any(map(str.isalnum, word)) for word in folded[match.end() :].split())
    before, follow = words[: len(words) - after - size], words[len(words) - after :]
    return names_precede(before) and (not after or names_follow(follow))


def _find_regexes(lines: pl.DataFrame, regexes: Regexes, tables: Tables) -> pl.DataFrame:
    """Matches of regular expressions, which are tried on lines that are not folded."""
    if lines.is_empty():  # compiling the patterns would dominate the time for a small frame
        return pl.DataFrame(schema=_FOUND)
    if len(lines) > _MANY_LINES and (pattern := any_of(regexes.patterns)) is not None:
        lines = lines.filter(matches(lines.get_column("text"), pattern))
    text, count = lines.get_column("text"), lines.select(words(pl.col("text"))).to_series()
    places = [
        (matches(text, pattern) & (count <= tables.phrases[number].max_words)).arg_true()
        for pattern, number in zip(regexes.patterns, regexes.numbers, strict=True)
    ]
    numbers = np.repeat(regexes.numbers, [len(rows) for rows in places])
    return lines[pl.concat(places)].select(
        "row", "source", pl.Series("phrase", numbers, pl.UInt32), pl.lit(False).alias("bare")
    )
