"""The headline printed again: the first printing in the text stays, a later one near it goes.

Extractors take a page's headline from its head, from its share bar and from the caption of its first picture, so that a
text begins with it two or three times, once with the site's name behind it, once in capitals. A line that merely says
the same as the headline belongs to the article and stays: one with a full stop, a quotation, a speaker's name.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl

from cleaners.paragraphs import remove
from cleaners.text.same_ends import same_ends

REASON: Final = "repeated_headline"

#: A longer paragraph is no headline.
MAX_CHARACTERS: Final = 250
#: Characters that a site's name, with the sections before it, may add to a headline.
MAX_SITE_NAME: Final = 70
#: Rows in which a first printing is looked for; front matter, a share bar or a picture may stand above it.
FIRST_ROWS: Final = 20
#: Rows after the first printing in which even a short headline, or one with a full stop, is one printed again.
BENEATH: Final = 2
#: A first line of more words is a picture's caption, unless the title has it.
MAX_WORDS_UNTITLED: Final = 25
#: The same as BENEATH for a first line that no title confirms to be a headline.
BENEATH_UNTITLED: Final = 5
#: A headline of so many words may be removed at any distance, if the title has it.
CERTAIN_WORDS: Final = 6
#: A short line with two numbers or more is a dateline.
MAX_WORDS_OF_DATELINE: Final = 8

_UNSPACED: Final = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
#: Characters of a script without spaces that are counted as one word.
CHARACTERS_PER_WORD: Final = 2

_NOT_KEY: Final = r"[^\p{L}\p{M}\p{N}]+"
_STOPPED: Final = r"""[.。।۔]["'’”»)\]」』]*$"""
_QUOTED: Final = r"""^["“„«»‘‚'「『].*["”“»«’'」』][,.、。]?$"""
_LABEL: Final = r":$"
_BY_LINE: Final = r"(?i)^(by|von|par|por|di|door|av|af|автор|記者|记者|文)(\s|:)"

_SEPARATOR: Final = r"[-–—―·•»/:|_]"
#: A site's name behind the headline: at most five words, the first with a capital where there are capitals.
_SUFFIX: Final = (
    r"^(.+)(?:\s+[-–—―·•»/:]{1,2}\s+|\s*[|_]\s*)"
    r"((?:[\p{Lu}\p{Lo}@][^\s|_\p{Nd}]*|[^\s|_\p{Nd}]+\.[a-z]{2,})(?:\s+[^\s|_\p{Nd}]+){0,4})$"
)
#: The same in a script without spaces, where none need part them.
_SUFFIX_UNSPACED: Final = rf"^(.+[{_UNSPACED}」』”》）)?？!！])[-–—―:]([{_UNSPACED}]{{2,12}})$"
#: A site's name or a label before the headline: at most three words without a figure, and a colon or a bar.
_PREFIX: Final = r"^[^\s:|\p{Nd}]+(?:\s[^\s:|\p{Nd}]+){0,2}\s*[:|]\s*(.+)$"

_SHORT: Final = pl.col("text").str.len_chars() <= MAX_CHARACTERS


def repeated_headline(frame: pl.DataFrame, *, rows: int = 10, min_words: int = 4) -> pl.DataFrame:
    """The frame with every later printing of a document's headline removed.

    A headline is the document's title, or its first paragraph where that looks like one: `min_words` or more, no full
    stop, no colon at the end, no quotation, no by-line and no dateline. Two lines are printings of one headline if they
    differ only in case, punctuation and white space, or by a site's name at the end or the beginning of one of them
    ("... - BBC News", "... | Politics | Reuters", "Reuters: ..."). The first printing among the first rows stays.

    A later one goes if it is among the next `rows` rows, is not shorter than `min_words` (in a script without spaces
    two characters are a word), and is neither a sentence with a full stop nor a quotation, unless the first printing is
    that too. Directly beneath the first printing, two words do, and a full stop. Farther down, only a headline of
    six words or more goes.
    """
    if frame.is_empty():
        return frame
    sizes = frame.get_column("document_id").rle().struct.field("len").to_numpy()
    starts = np.cumsum(sizes) - sizes
    lines = (
        frame.select("text", "title", "reason")
        .with_row_index("row")
        .with_columns(
            pl.Series("document", np.repeat(np.arange(len(sizes)), sizes)),
            pl.Series("place", np.arange(len(frame)) - np.repeat(starts, sizes)),
        )
        .filter((pl.col("reason").is_null() | (pl.col("reason") == REASON)) & pl.col("text").is_not_null())
    )
    lines = lines.filter(same_ends(lines))
    if lines.is_empty():
        return frame
    titles, first_lines = _titles(lines), _first_lines(lines, min_words)
    # no line farther down than this, or longer, is a printing of the document's headline
    length = pl.col("text").str.len_chars()
    bounds = (
        pl.concat(
            [
                titles.select("document", length.alias("length"), pl.lit(FIRST_ROWS + rows).alias("last")),
                first_lines.select(
                    "document",
                    length.alias("length"),
                    (pl.col("place") + min(rows, BENEATH_UNTITLED)).alias("last"),
                ),
            ],
            how="vertical_relaxed",
        )
        .group_by("document")
        .max()
    )
    top = _keyed(
        lines.join(bounds, on="document", how="inner")
        .filter((pl.col("place") <= pl.col("last")) & (length <= pl.col("length") + MAX_SITE_NAME))
        .select("row", "document", "place", "text")
    )
    wanted = _forms(pl.concat([titles, first_lines.select(titles.columns)]), min_words, "titled")
    printings = _described(
        _forms(top, min_words, "row")
        .join(wanted, on=["document", "form"], how="inner")
        .filter(~(pl.col("cut") & pl.col("cut_right")))
        .select("document", "row", "titled")
        .unique()
        .join(top.drop("document"), on="row", how="inner")
        .sort("row")
    )
    first = (
        printings.filter(pl.col("place") < FIRST_ROWS).group_by("document", "titled").agg(pl.all().first())
    )
    later = (
        printings.join(first, on=["document", "titled"], how="inner", suffix="_first")
        .filter(pl.col("row") > pl.col("row_first"))
        .with_columns((pl.col("row") - pl.col("row_first")).alias("gap"))
    )
    beneath = pl.col("gap") <= BENEATH
    removed = later.filter(
        (pl.col("gap") <= pl.when("titled").then(rows).otherwise(min(rows, BENEATH_UNTITLED)))
        & (pl.col("words") >= pl.when(beneath).then(2).otherwise(min_words))
        & (~pl.col("stopped") | pl.col("stopped_first") | beneath)
        & (~pl.col("quoted") | pl.col("quoted_first"))
        & ~pl.col("clean").str.contains(_LABEL)
    ).select("row", _rule().alias("rule"))
    certain = first.filter(
        pl.col("titled") & (pl.col("words") >= CERTAIN_WORDS) & ~pl.col("stopped") & ~pl.col("quoted")
    ).select(
        "document",
        pl.col("key").alias("form"),
        pl.col("text").alias("text_first"),
        pl.col("row").alias("row_first"),
    )
    below = _keyed(
        lines.filter(_SHORT)
        .join(certain.select("document", "row_first"), on="document", how="inner")
        .filter(pl.col("row") > pl.col("row_first") + rows)
        .select("row", "document", "text")
    )
    far = (
        _described(_forms(below, CERTAIN_WORDS, "row").join(below.drop("document"), on="row"))
        .join(certain, on=["document", "form"], how="inner")
        .filter(~pl.col("stopped") & ~pl.col("quoted") & ~pl.col("clean").str.contains(_LABEL))
        .select(
            "row",
            pl.when(pl.col("text") == pl.col("text_first"))
            .then(pl.lit("headline again, further down"))
            .when(pl.col("cut"))
            .then(pl.lit("headline again with site name, further down"))
            .otherwise(pl.lit("headline again, other case or punctuation, further down"))
            .alias("rule"),
        )
    )
    # a row that is a printing of both the title and the first line takes the first line's rule
    found = pl.concat([removed, far]).sort("row", "rule").unique("row", keep="first", maintain_order=True)
    where = pl.repeat(False, len(frame), eager=True).scatter(found.get_column("row"), True)
    rule = pl.repeat(None, len(frame), dtype=pl.String, eager=True).scatter(
        found.get_column("row"), found.get_column("rule")
    )
    return remove(frame, where, REASON, rule)


def _titles(lines: pl.DataFrame) -> pl.DataFrame:
    """The title of each document that has one."""
    titles = lines.group_by("document", maintain_order=True).agg(pl.col("title").first().alias("text"))
    return _keyed(titles.filter(_SHORT)).with_columns(pl.lit(True).alias("titled"))


def _first_lines(lines: pl.DataFrame, min_words: int) -> pl.DataFrame:
    """The first line of each document where it looks like a headline."""
    first = (
        lines.filter(pl.col("text").str.contains(r"\p{L}|\p{N}"))
        .group_by("document", maintain_order=True)
        .agg(pl.col("text", "place").first())
    )
    dateline = (pl.col("figures") >= 2) & (pl.col("words") <= MAX_WORDS_OF_DATELINE)
    return (
        _described(_keyed(first.filter(_SHORT)))
        .filter(pl.col("words").is_between(min_words, MAX_WORDS_UNTITLED) & ~dateline)
        .filter(~pl.col("stopped") & ~pl.col("quoted"))
        .filter(~pl.col("clean").str.contains(_LABEL) & ~pl.col("clean").str.contains(_BY_LINE))
        .with_columns(pl.lit(False).alias("titled"))
    )


def _keyed(lines: pl.DataFrame) -> pl.DataFrame:
    """The lines with `clean`, the text in NFKC, and `key`, its letters and figures in lower case.

    Lines that have neither letter nor figure are left out.
    """
    ascii_ = pl.col("text").str.len_bytes() == pl.col("text").str.len_chars()
    return (
        pl.concat(
            [
                lines.filter(ascii_).with_columns(pl.col("text").alias("clean")),
                lines.filter(~ascii_).with_columns(pl.col("text").str.normalize("NFKC").alias("clean")),
            ]
        )
        .with_columns(_key(pl.col("clean")).alias("key"))
        .filter(pl.col("key") != "")
    )


def _described(lines: pl.DataFrame) -> pl.DataFrame:
    """The lines with what tells a headline from a sentence, a quotation and a dateline."""
    return lines.with_columns(
        _words(pl.col("clean")).alias("words"),
        pl.col("clean").str.count_matches(r"\p{Nd}+").alias("figures"),
        pl.col("clean").str.contains(_STOPPED).alias("stopped"),
        pl.col("clean").str.contains(_QUOTED).alias("quoted"),
    )


def _words(text: pl.Expr) -> pl.Expr:
    unspaced = text.str.count_matches(f"[{_UNSPACED}]") / CHARACTERS_PER_WORD
    return text.str.count_matches(rf"[\p{{L}}\p{{M}}\p{{N}}'’--[{_UNSPACED}]]+") + unspaced


def _key(text: pl.Expr) -> pl.Expr:
    return text.str.replace_all(_NOT_KEY, "").str.to_lowercase().str.replace_all("ß", "ss", literal=True)


def _forms(lines: pl.DataFrame, min_words: int, name: str) -> pl.DataFrame:
    """(document, name, form, cut): each line's key and, where `cut`, the keys without a site's name.

    Of a line that is cut, `min_words` must be left.
    """
    once = _cut_behind(pl.col("clean"))
    return (
        pl.concat(
            [
                lines.lazy().select(
                    "document", name, pl.col("key").alias("form"), pl.lit(False).alias("cut")
                ),
                *(
                    lines.lazy()
                    .filter(pl.col("clean").str.contains(_SEPARATOR))
                    .select("document", name, form.alias("form"))
                    .filter(pl.col("form").is_not_null() & (_words(pl.col("form")) >= min_words))
                    .with_columns(_key(pl.col("form")), pl.lit(True).alias("cut"))
                    for form in (once, _cut_behind(once), pl.col("clean").str.extract(_PREFIX))
                ),
            ]
        )
        .unique()
        .collect()
    )


def _cut_behind(text: pl.Expr) -> pl.Expr:
    return pl.coalesce(text.str.extract(_SUFFIX), text.str.extract(_SUFFIX_UNSPACED)).str.strip_chars()


def _rule() -> pl.Expr:
    """What a later printing is, beside the first."""

    def squeezed(name: str) -> pl.Expr:
        return pl.col(name).str.replace_all(r"\s+", " ")

    return (
        pl.when(pl.col("titled") & (pl.col("place_first") > 0))
        .then(pl.lit("title again"))
        .when(squeezed("clean") == squeezed("clean_first"))
        .then(pl.lit("headline again"))
        .when(pl.col("key") == pl.col("key_first"))
        .then(pl.lit("headline again, other case or punctuation"))
        .when(pl.col("key").str.len_chars() > pl.col("key_first").str.len_chars())
        .then(pl.lit("headline again with site name"))
        .otherwise(pl.lit("headline again without site name"))
    )
