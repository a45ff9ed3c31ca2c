"""Where phrases are found in the paragraphs of a frame.

A line of more than `MAX_CHARACTERS` is never looked at, whatever a phrase says: furniture is short. Lines are many,
phrases thousands, and matches few, so every way to match begins with a cheap test that clears most lines: whole lines
are joined on their folded text; a line that begins with a wording has its first letters; one that holds a wording has
its longest word; and regular expressions are tried all at once before each is tried alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import polars as pl

from cleaners.phrase_folding import fold, fold_lower, lower, strip_end
from cleaners.phrase_tables import PREFIX, Tables, make_tables, whole_words
from cleaners.phrases import MAX_WORDING, Phrase
from cleaners.prose import words

MAX_CHARACTERS: Final = 300
_HEAD: Final = MAX_WORDING + 20  # characters
#: Quoted mail and rows of a table are nobody's furniture.
QUOTED: Final = r"^[>|]"
# what a wrapped sentence leaves on its last line ("like this."), and a word that is called out ("Help!")
_FRAGMENT: Final = r"^[(\"'“‘]*\p{Ll}\S*(?:\s\S+){0,2}[.,;:!?)\"”'’]$|^[\p{Latin}\p{Cyrillic}]+[!?]$"

# what folding takes away from the start of a line, and lower-case text of which it leaves the first letters
_OPENING: Final = " \"'([*-."
_FOLDED_ALREADY: Final = r"^[a-z](?: ?[a-z'\",.;()-])* ?$"


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
    """What `find` answers for the lines of a frame, for the cleaners that ask for it."""
    return find(lines_of(frame), phrases)


def find(lines: pl.DataFrame, phrases: Sequence[Phrase]) -> pl.DataFrame:
    """Where the phrases are: a row for each line and phrase that match, by line, then in the order of `phrases`.

    `lines` has the columns row (UInt32), text and source (of the line's document). The answer has row; phrase (UInt32,
    place in `phrases`); bare (Boolean, the line is found to hold nothing beside the phrase); and of the phrase its
    action, rule, and only_at_end (Boolean, its `where` is "end"). Nulls match nothing.
    """
    tables = make_tables(tuple(phrases))
    short = (
        lines.select("row", "text", "source")
        .filter(pl.col("text").str.len_bytes() <= 4 * MAX_CHARACTERS)
        .filter(pl.col("text").str.len_chars() <= MAX_CHARACTERS)
        .filter(~pl.col("text").str.contains(QUOTED))
    )
    lowered = lower(short.get_column("text"))
    # a wording at the start, or alone on its line, is within the head of the line
    is_head = short.get_column("text").str.len_chars() <= _HEAD
    whole = short.filter(is_head).with_columns(fold_lower(lowered.filter(is_head)).alias("folded"))
    alone = (
        whole.filter(~pl.col("text").str.contains(_FRAGMENT))
        .select("row", "source", strip_end(pl.col("folded")).alias("wording"))
        .join(tables.lines, on="wording")
        .select("row", "source", "phrase", pl.lit(True).alias("bare"))
    )
    heads = short.filter(~is_head)
    heads = heads.filter(_may_begin(lowered.filter(~is_head), tables.prefixes))
    heads = heads.with_columns(fold(heads.get_column("text").str.slice(0, _HEAD)).alias("folded"))
    begin = pl.concat([whole, heads])
    begin = begin.filter(_begins(begin.get_column("folded"), tables.prefixes))
    # one within the line has its longest word in it, and few lines have that
    with_word = short.filter(lowered.str.contains_any(tables.words_within.implode()))
    with_word = with_word.with_columns(fold(with_word.get_column("text")).alias("folded"))
    return (
        pl.concat(
            [
                alone,
                _find_wordings(begin, tables, tables.start),
                _find_wordings(with_word, tables, tables.anywhere),
                _find_regex(short, tables),
            ]
        )
        .join(tables.about, on="phrase")
        .filter(pl.col("wanted").is_null() | (pl.col("wanted") == pl.col("source")).fill_null(False))
        .group_by("row", "phrase")
        .agg(pl.col("bare").any(), pl.col("action", "rule", "only_at_end").first())
        .sort("row", "phrase")
    )


def _begins(text: pl.Series, prefixes: Sequence[pl.Series]) -> pl.Series:
    """Whether a text begins with one of the prefixes (Boolean)."""
    found = pl.repeat(False, len(text), dtype=pl.Boolean, eager=True)
    for series in prefixes:
        found |= text.str.slice(0, len(series[0])).is_in(series.implode())
    return found


def _may_begin(lowered: pl.Series, prefixes: Sequence[pl.Series]) -> pl.Series:
    """Whether a line that has this lower-case text could, once folded, begin with one of the prefixes (Boolean)."""
    # one letter more, for a mark may follow that combines with the last
    head = lowered.str.slice(0, PREFIX + 5).str.strip_chars_start(_OPENING).str.slice(0, PREFIX + 1)
    return _begins(head, prefixes) | (head.str.len_bytes() <= PREFIX) | ~head.str.contains(_FOLDED_ALREADY)


_FOUND: Final = {"row": pl.UInt32, "source": pl.String, "phrase": pl.UInt32, "bare": pl.Boolean}


def _find_wordings(lines: pl.DataFrame, tables: Tables, numbers: dict[str, list[int]]) -> pl.DataFrame:
    """Matches of the wordings of `numbers`: candidates by Aho-Corasick, each then looked at."""
    wordings = pl.Series(list(numbers), dtype=pl.String)
    if wordings.is_empty():
        return pl.DataFrame(schema=_FOUND)
    candidates = (
        lines.with_columns(
            pl.col("folded")
            .str.extract_many(wordings.implode(), overlapping=True)
            .list.unique()
            .alias("wording")
        )
        .filter(pl.col("wording").list.len() > 0)
        .with_columns(words(pl.col("text")).alias("words"))
        .explode("wording", empty_as_null=True, keep_nulls=True)
    )
    found: list[tuple[int, str | None, int, bool]] = []
    for row, source, line, whole, count, wording in candidates.select(
        "row", "source", "folded", pl.col("text").str.len_chars() <= _HEAD, "words", "wording"
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


def _find_regex(short: pl.DataFrame, tables: Tables) -> pl.DataFrame:
    """Matches of the regular expressions, which see the line as it stands."""
    found = [pl.DataFrame(schema=_FOUND)]
    for any_of, group in tables.regexes:
        candidates = short if any_of is None else short.filter(pl.col("text").str.contains(any_of))
        matches = candidates.select(
            "row",
            "source",
            words(pl.col("text")).alias("words"),
            *(pl.col("text").str.contains(regex).alias(f"{n}") for n, (regex, _) in enumerate(group)),
        )
        for n, (_, number) in enumerate(group):
            matched = matches.filter(f"{n}", pl.col("words") <= tables.phrases[number].max_words)
            number_and_bare = (pl.lit(number, pl.UInt32).alias("phrase"), pl.lit(False).alias("bare"))
            found.append(matched.select("row", "source", *number_and_bare))
    return pl.concat(found)
