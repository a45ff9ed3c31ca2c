"""Where phrases are found in the paragraphs of a frame.

A line of more than `MAX_CHARACTERS` is never looked at, whatever a phrase says: furniture is short. To be quick with
many lines and thousands of phrases, whole lines are joined on their folded text, wordings within lines are found by
Aho-Corasick, and only regular expressions, which are few, are tried one by one.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl

from cleaners.paragraphs import WHITE_SPACE
from cleaners.phrases import MAX_WORDING, Phrase
from cleaners.prose import words

MAX_CHARACTERS: Final = 300
#: Quoted mail and rows of a table are nobody's furniture.
QUOTED: Final = r"^[>|]"
_UNSPACED_LAST: Final = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]$"
)
# what a wrapped sentence leaves on its last line ("like this."), and a word that is called out ("Help!")
_FRAGMENT: Final = r"^[(\"'“‘]*\p{Ll}\S*(?:\s\S+){0,2}[.,;:!?)\"”'’]$|^[\p{Latin}\p{Cyrillic}]+[!?]$"

# either spelling on both sides: curly quotes, and the Turkish letters that lose or gain a dot between the cases
_SPELLINGS: Final = {
    "’": "'",
    "‘": "'",
    "ʼ": "'",
    "“": '"',
    "”": '"',
    "…": "...",
    "–": "-",
    "—": "-",
    "i\u0307": "i",
    "ı": "i",
    "\u200b": "",
    "\u200e": "",
    "\u200f": "",
    "\ufeff": "",
}
_ODD_SPACES: Final = ("  ", *WHITE_SPACE.replace(" ", ""))
_SPACED_PUNCTUATION: Final = {" :": ":", " !": "!", " ?": "?"}


def find(lines: pl.DataFrame, phrases: Sequence[Phrase]) -> pl.DataFrame:
    """Where the phrases are: a row for each line and phrase that match, by line, then in the order of `phrases`.

    `lines` has the columns row (UInt32), text and source (of the line's document). The answer has row; phrase (UInt32,
    place in `phrases`); bare (Boolean, the line is found to hold nothing beside the phrase); and of the phrase its
    action, rule, and only_at_end (Boolean, its `where` is "end"). Nulls match nothing.
    """
    tables = _tables(tuple(phrases))
    short = (
        lines.select("row", "text", "source")
        .filter(pl.col("text").str.len_bytes() <= 4 * MAX_CHARACTERS)
        .filter(pl.col("text").str.len_chars() <= MAX_CHARACTERS)
        .filter(~pl.col("text").str.contains(QUOTED))
    )
    # a wording at the start, or alone on its line, is within the head of the line
    heads = short.with_columns(_fold(short.get_column("text").str.slice(0, MAX_WORDING + 20)).alias("folded"))
    whole = (
        heads.filter(pl.col("text").str.len_chars() <= MAX_WORDING + 20)
        .filter(~pl.col("text").str.contains(_FRAGMENT))
        .select("row", "source", _strip_end(pl.col("folded")).alias("wording"))
        .join(tables.lines, on="wording")
        .select("row", "source", "phrase", pl.lit(True).alias("bare"))
    )
    # one within the line has its longest word in it, and few lines have that
    words_within = pl.Series([_longest_word(w) for w in tables.anywhere], dtype=pl.String)
    with_word = short.filter(_lower(short.get_column("text")).str.contains_any(words_within.implode()))
    with_word = with_word.with_columns(_fold(with_word.get_column("text")).alias("folded"))
    return (
        pl.concat(
            [
                whole,
                _find_wordings(heads, tables, tables.start),
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


@dataclass(frozen=True)
class _Tables:
    """Phrases made ready for finding."""

    phrases: tuple[Phrase, ...]
    lines: pl.DataFrame  # wording, phrase
    start: dict[str, list[int]]  # wording that a line begins with -> phrases
    anywhere: dict[str, list[int]]  # wording that a line holds -> phrases
    patterns: dict[str, re.Pattern[str]]  # these wordings as whole words
    regexes: tuple[tuple[str, int], ...]
    about: pl.DataFrame  # phrase, wanted (source), action, rule, only_at_end


@functools.lru_cache(maxsize=16)
def _tables(phrases: tuple[Phrase, ...]) -> _Tables:
    rows = [(text, number) for number, phrase in enumerate(phrases) for text in phrase.texts]
    is_line = [phrases[number].match == "line" for _, number in rows]
    folded = _fold(pl.Series([text for text, _ in rows], dtype=pl.String)).to_list()
    start: dict[str, list[int]] = {}
    anywhere: dict[str, list[int]] = {}
    regexes = []
    for (text, number), wording in zip(rows, folded, strict=True):
        if phrases[number].match == "regex":
            regexes.append((f"(?i){text}", number))
        elif phrases[number].match == "start" and wording:
            start.setdefault(wording, []).append(number)
        elif phrases[number].match == "anywhere" and wording:
            anywhere.setdefault(wording, []).append(number)
    lines = (
        pl.DataFrame(
            {"wording": folded, "phrase": [number for _, number in rows], "line": is_line},
            schema={"wording": pl.String, "phrase": pl.UInt32, "line": pl.Boolean},
        )
        .filter("line")
        .select(_strip_end(pl.col("wording")), "phrase")
        .filter(pl.col("wording") != "")
        .unique(maintain_order=True)
    )
    about = pl.DataFrame(
        [(n, p.source, p.action, p.rule, p.where == "end") for n, p in enumerate(phrases)],
        schema={
            "phrase": pl.UInt32,
            "wanted": pl.String,
            "action": pl.String,
            "rule": pl.String,
            "only_at_end": pl.Boolean,
        },
        orient="row",
    )
    return _Tables(
        phrases,
        lines,
        start,
        anywhere,
        {wording: _whole_words(wording) for wording in (*start, *anywhere)},
        tuple(regexes),
        about,
    )


def _whole_words(wording: str) -> re.Pattern[str]:
    """The wording as a pattern that does not begin or end within a word."""
    after = "" if _UNSPACED_LAST.search(wording) or not wording[-1].isalnum() else r"(?!\w)"
    before = "" if _UNSPACED_LAST.search(wording[0]) or not wording[0].isalnum() else r"(?<!\w)"
    return re.compile(before + re.escape(wording) + after)


def _longest_word(wording: str) -> str:
    found: list[str] = re.findall(r"[^\W_]+", wording)
    return max(found, key=len, default=wording)


def _fold(text: pl.Series) -> pl.Series:
    """The lines in one spelling: lower case, single spaces, no punctuation at the start, `#` for numbers."""
    folded = _lower(text)
    folded = _where(
        folded,
        _not_ascii(folded),
        lambda few: few.str.normalize("NFKC").str.to_lowercase().str.replace_many(_SPELLINGS),
    )
    odd_space = folded.str.contains_any(pl.Series(_ODD_SPACES).implode())
    folded = _where(folded, odd_space, lambda few: few.str.replace_all(f"[{WHITE_SPACE}]+", " "))
    return (
        folded.str.replace(r"^[^\p{L}\p{M}\p{N}#]+", "")
        .str.replace_many(_SPACED_PUNCTUATION)
        .str.replace_all(r"[0-9]+(?:[.,][0-9]+)*", "#")
    )


def _lower(text: pl.Series) -> pl.Series:
    """The lines in lower case, with one spelling of quotes, dashes and dotted letters."""
    lower = text.str.to_lowercase()
    return _where(lower, _not_ascii(lower), lambda few: few.str.replace_many(_SPELLINGS))


def _not_ascii(text: pl.Series) -> pl.Series:
    return text.str.len_bytes() != text.str.len_chars()


def _where(text: pl.Series, where: pl.Series, change: Callable[[pl.Series], pl.Series]) -> pl.Series:
    """The texts, changed on the rows of `where` only: most are plain, and what changes the others is slow."""
    rows = where.fill_null(False).arg_true()
    return text.scatter(rows, change(text.gather(rows))) if len(rows) else text


def _strip_end(text: pl.Expr) -> pl.Expr:
    return text.str.replace(r"[^\p{L}\p{M}\p{N}#]+$", "")


_FOUND: Final = {"row": pl.UInt32, "source": pl.String, "phrase": pl.UInt32, "bare": pl.Boolean}


def _find_wordings(lines: pl.DataFrame, tables: _Tables, numbers: dict[str, list[int]]) -> pl.DataFrame:
    """Matches of the wordings of `numbers`: candidates by Aho-Corasick, each then looked at."""
    wordings = pl.Series(list(numbers), dtype=pl.String)
    if wordings.is_empty():
        return pl.DataFrame(schema=_FOUND)
    candidates = (
        lines.filter(pl.col("folded").str.contains_any(wordings.implode()))
        .with_columns(
            words(pl.col("text")).alias("words"),
            pl.col("folded")
            .str.extract_many(wordings.implode(), overlapping=True)
            .list.unique()
            .alias("wording"),
        )
        .explode("wording", empty_as_null=True, keep_nulls=True)
    )
    found: list[tuple[int, str | None, int, bool]] = []
    for row, source, line, whole, count, wording in candidates.select(
        "row", "source", "folded", pl.col("text").str.len_chars() <= MAX_WORDING + 20, "words", "wording"
    ).iter_rows():
        pattern = tables.patterns[wording]
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


def _find_regex(short: pl.DataFrame, tables: _Tables) -> pl.DataFrame:
    """Matches of the regular expressions, which see the line as it stands."""
    found = [pl.DataFrame(schema=_FOUND)]
    for regex, number in tables.regexes:
        matched = short.filter(pl.col("text").str.contains(regex)).filter(
            words(pl.col("text")) <= tables.phrases[number].max_words
        )
        number_and_bare = (pl.lit(number, pl.UInt32).alias("phrase"), pl.lit(False).alias("bare"))
        found.append(matched.select("row", "source", *number_and_bare))
    return pl.concat(found)
