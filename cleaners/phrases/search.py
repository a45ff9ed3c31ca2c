"""Where phrases are found in the paragraphs of a frame.

A line of more than `MAX_CHARACTERS` is never looked at, whatever a phrase says: boilerplate is short. Lines are many,
phrases thousands, and matches few, so `phrase_candidates` clears most lines at a first look. Of what it leaves, whole
lines are joined on their folded text; a line that begins with a wording on its first letters; one that holds a wording
has its longest word; and regular expressions are tried only on lines that begin as their matches do.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import polars as pl

from cleaners.phrases.candidates import candidates
from cleaners.phrases.folding import fold, lower, strip_end
from cleaners.phrases.phrase import MAX_WORDING, Phrase
from cleaners.phrases.tables import Regexes, Tables, any_of, make_tables, whole_words
from cleaners.text.matching import matches
from cleaners.text.prose import words

MAX_CHARACTERS: Final = 300
_HEAD: Final = MAX_WORDING + 20  # characters
#: So many lines are matched with regular expressions joined into one first; to compile that takes as long as a few.
_MANY: Final = 20_000
# what a wrapped sentence leaves on its last line ("like this."), and a word that is called out ("Help!")
_FRAGMENT: Final = r"^[(\"'“‘]*\p{Ll}\S*(?:\s\S+){0,2}[.,;:!?)\"”'’]$|^[\p{Latin}\p{Cyrillic}]+[!?]$"
# what is quoted at the beginning of a line, an article speaks of: "Accept all" is the label of a button
_QUOTATION: Final = r"^[\"“”„«][^\"“”„«»]+[\"“”»]"


def lines_of(frame: pl.DataFrame) -> pl.DataFrame:
    """The lines of a frame that take part: row (its place in the frame), document (a number), text and source."""
    return (
        frame.lazy()
        .with_row_index("row")
        .select("row", pl.col("document_id").rle_id().alias("document"), "text", "source", "reason")
        .filter(pl.col("reason").is_null() & (pl.col("text") != ""))
        .drop("reason")
        .collect()
    )


def search(frame: pl.DataFrame, phrases: Sequence[Phrase]) -> pl.DataFrame:
    """What `find` answers for the lines of a frame; of a line first the phrases in the language of its document."""
    found = find(lines_of(frame), phrases)
    language = frame.get_column("language").gather(found.get_column("row"))
    own = found.get_column("rule").str.extract("^phrase ([^:]+):") == language
    return (
        found.with_columns(own.fill_null(False).alias("own"))
        .sort("row", ~pl.col("own"), maintain_order=True)
        .drop("own")
    )


def find(lines: pl.DataFrame, phrases: Sequence[Phrase]) -> pl.DataFrame:
    """Where the phrases are: a row for each line and phrase that match, by line, then in the order of `phrases`.

    `lines` has the columns row (UInt32), text and source (of the line's document). The answer has row; phrase (UInt32,
    place in `phrases`); bare (Boolean, the line is found to hold nothing beside the phrase); and of the phrase its
    action, rule, and only_at_end (Boolean, its `where` is "end"). Nulls match nothing.
    """
    tables = make_tables(tuple(phrases))
    text = pl.col("text")
    size = lines.get_column("text").str.len_bytes()
    # of few lines the characters must be counted
    longer = size.is_between(MAX_CHARACTERS + 1, 4 * MAX_CHARACTERS).arg_true()
    characters = lines.get_column("text").gather(longer).str.len_chars()
    short = lines.select("row", "text", "source").filter(
        (size <= MAX_CHARACTERS).scatter(longer, characters <= MAX_CHARACTERS)
    )
    may = candidates(short.get_column("text"), tables.sought)
    # a wording at the start, or alone on its line, is within the head of the line
    heads = (
        pl.concat([short, may], how="horizontal")
        .filter(pl.col("is_line") | pl.col("starts"))
        .filter(~text.str.contains(_QUOTATION))
    )
    heads = heads.with_columns(fold(heads.get_column("text").str.slice(0, _HEAD)).alias("folded"))
    alone = (
        heads.filter(pl.col("is_line") & (text.str.len_chars() <= _HEAD))
        .filter(~text.str.contains(_FRAGMENT))
        .select("row", "source", strip_end(pl.col("folded")).alias("wording"))
        .join(tables.lines, on="wording")
        .select("row", "source", "phrase", pl.lit(True).alias("bare"))
    )
    within = short.filter(may.get_column("holds"))
    within = within.filter(lower(within.get_column("text")).str.contains_any(tables.words_within.implode()))
    within = within.with_columns(fold(within.get_column("text")).alias("folded"))
    return (
        pl.concat(
            [
                alone,
                _find_wordings(_beginning(heads.filter("starts"), tables), tables, tables.start),
                _find_wordings(_holding(within, tables), tables, tables.anywhere),
                *(
                    _find_regexes(short.filter(may[regexes.candidates]), regexes, tables)
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
    """The folded lines that begin with the characters of a wording, with that `wording`."""
    found = [pl.DataFrame(schema=_CANDIDATE)]
    for wordings in tables.by_prefix:
        prefix = pl.col("folded").str.slice(0, len(wordings.item(0, "prefix"))).alias("prefix")
        same = lines.with_columns(prefix).join(wordings, on="prefix")
        found.append(same.filter(pl.col("folded").str.starts_with(pl.col("wording"))).select(*_CANDIDATE))
    return pl.concat(found)


def _holding(lines: pl.DataFrame, tables: Tables) -> pl.DataFrame:
    """The folded lines that hold the characters of a wording, with that `wording`."""
    wordings = pl.Series(list(tables.anywhere), dtype=pl.String).implode()
    found = pl.col("folded").str.extract_many(wordings, overlapping=True).list.unique().alias("wording")
    return (
        lines.with_columns(found)
        .explode("wording", empty_as_null=True, keep_nulls=True)
        .filter(pl.col("wording").is_not_null())
        .select(*_CANDIDATE)
    )


def _find_wordings(candidates: pl.DataFrame, tables: Tables, numbers: dict[str, list[int]]) -> pl.DataFrame:
    """Matches of the wordings of `numbers` among candidates, each looked at: they begin and end with a word."""
    found: list[tuple[int, str | None, int, bool]] = []
    for row, source, line, whole, count, wording in candidates.select(
        "row",
        "source",
        "folded",
        pl.col("text").str.len_chars() <= _HEAD,
        words(pl.col("text")).alias("words"),
        "wording",
    ).iter_rows():
        pattern = whole_words(wording)
        for number in numbers[wording]:
            phrase = tables.phrases[number]
            if count > phrase.max_words:
                continue
            match = pattern.match(line) if phrase.match == "start" else pattern.search(line)
            if match:
                rest = line[: match.start()] + line[match.end() :]
                bare = whole and not any(c.isalnum() or c == "#" for c in rest)
                found.append((row, source, number, bare))
    return pl.DataFrame(found, schema=_FOUND, orient="row")


def _find_regexes(lines: pl.DataFrame, regexes: Regexes, tables: Tables) -> pl.DataFrame:
    """Matches of regular expressions, which see the line as it stands."""
    if lines.is_empty():  # to compile the patterns would take the most time of a small frame
        return pl.DataFrame(schema=_FOUND)
    if len(lines) > _MANY and (pattern := any_of(regexes.patterns)) is not None:
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
