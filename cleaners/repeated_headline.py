"""Removal of repeated headlines: the first printing in the text stays, later ones near it are removed.

Extractors find the headline of a page in its head, in its share bar and in the caption of its first picture. A text may
therefore begin with the headline two or three times, once followed by the name of the site, once in capitals. A line
that merely says the same as the headline belongs to the article and stays: one with a full stop, a quotation, or the
name of a speaker.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl

from cleaners.attributes import label_lines
from cleaners.lexicon import Lexicon
from cleaners.paragraphs import document_starts, remove_rows
from cleaners.text.prose import words
from cleaners.text.same_ends import same_ends
from cleaners.text.scripts import UNSPACED

REASON: Final = "repeated_headline"

#: A paragraph of more characters is no headline.
MAX_CHARACTERS: Final = 250
#: The most characters that the name of a site, with its sections, adds to a headline.
MAX_SITE_NAME: Final = 70
#: Rows in which the first printing is searched for: front matter, a share bar or a picture may precede it.
FIRST_ROWS: Final = 20
#: Rows after the first printing in which even a short headline, or one with a full stop, is a repetition.
ROWS_BELOW: Final = 2
#: A first line of more words is a picture caption, unless it equals the title.
MAX_WORDS_UNTITLED: Final = 25
#: Rows after a first line that no title confirms as the headline in which its repetitions are searched for.
ROWS_BELOW_UNTITLED: Final = 5
#: A headline of at least this many words is removed at any distance, if it equals the title.
MIN_WORDS_ANYWHERE: Final = 6

#: How a later printing differs from the first.
OTHER_WRITING: Final = "written in other case or punctuation"
WITH_SITE_NAME: Final = "with site name"
FURTHER_DOWN: Final = "further down"

_NOT_KEY: Final = r"[^\p{L}\p{M}\p{N}]+"
_ENDS_WITH_STOP: Final = r"""[.。।۔]["'’”»)\]」』]*$"""
_QUOTED: Final = r"""^["“„«»‘‚'「『].*["”“»«’'」』][,.、。]?$"""
_LABEL: Final = r":$"

_SEPARATOR: Final = r"[-–—―·•»/:|_]"
#: A site name after the headline: at most five words, the first capitalised if the script has capitals.
_SUFFIX: Final = (
    r"^(.+)(?:\s+[-–—―·•»/:]{1,2}\s+|\s*[|_]\s*)"
    r"((?:[\p{Lu}\p{Lo}@][^\s|_\p{Nd}]*|[^\s|_\p{Nd}]+\.[a-z]{2,})(?:\s+[^\s|_\p{Nd}]+){0,4})$"
)
#: The same in a script without spaces, where none are needed around the separator.
_SUFFIX_UNSPACED: Final = rf"^(.+[{UNSPACED}」』”》）)?？!！])[-–—―:]([{UNSPACED}]{{2,12}})$"
#: A site name or a label before the headline: at most three words without a digit, then a colon or a bar.
_PREFIX: Final = r"^[^\s:|\p{Nd}]+(?:\s[^\s:|\p{Nd}]+){0,2}\s*[:|]\s*(.+)$"

_SHORT: Final = pl.col("text").str.len_chars() <= MAX_CHARACTERS
_SENTENCE_OR_QUOTATION: Final = pl.col("stopped") | pl.col("quoted")


def repeated_headline(
    frame: pl.DataFrame,
    *,
    lexicon: Lexicon,
    rows: int = 10,
    min_words: int = 4,
    keep_title_in_text: bool = True,
) -> pl.DataFrame:
    """The frame with every repetition of a document's headline removed.

    A headline is the title of the document, or its first paragraph if that looks like a headline: at least `min_words`
    words, no full stop, no colon at the end, no quotation, and no label (`cleaners.attributes`).

    Two lines are printings of one headline if they differ only in case, punctuation and white space, or by a site name
    at the end or the beginning of one of them ("... - BBC News", "... | Politics | Reuters", "Reuters: ..."). The first
    printing among the first rows stays.

    A later printing is removed if it is among the next `rows` rows, has at least `min_words` words (in a script without
    spaces, two characters count as a word), and is neither a sentence with a full stop nor a quotation, unless the
    first printing is one, too. Directly below the first printing, two words are enough and a full stop is allowed.
    Farther down, only a headline of six words or more is removed.

    With `keep_title_in_text` off, the first printing of the title goes, too, by the rule "title again", unless it is a
    sentence with a full stop or a quotation: the title is in the column `title`.

    >>> from cleaners.paragraphs import to_paragraphs
    >>> text = "Night ferry sails again\\nNIGHT FERRY SAILS AGAIN\\nIt leaves at noon."
    >>> documents = pl.DataFrame({"text": [text], "title": ["Night ferry sails again"],
    ...                           "source": [None], "language": [None]})
    >>> repeated_headline(to_paragraphs(documents), lexicon=Lexicon())["rule"].to_list()
    [None, 'headline again', None]
    """
    if frame.is_empty():
        return frame
    lines = _lines(frame)
    if keep_title_in_text:  # then only documents with two alike lines matter
        lines = lines.filter(same_ends(lines))
    if lines.is_empty():
        return frame
    printings = _printings(lines, _titles(lines), _first_lines(lines, min_words, lexicon), rows, min_words)
    first = (
        printings.filter(pl.col("place") < FIRST_ROWS).group_by("document", "titled").agg(pl.all().first())
    )
    found = [_again_near(printings, first, rows, min_words), _again_far(lines, first, rows)]
    if not keep_title_in_text:
        found.append(_titles_in_text(first))
    # a row that is a printing of both the title and the first line takes the first line's rule
    removed = pl.concat(found).sort("row", "rule", "detail").unique("row", keep="first", maintain_order=True)
    return remove_rows(frame, removed, REASON)


def _lines(frame: pl.DataFrame) -> pl.DataFrame:
    """(row, document, text, title, reason, place) of the rows in scope; the place is that in the document, from 0."""
    starts = document_starts(frame)
    places = np.arange(len(frame)) - np.repeat(starts[:-1], np.diff(starts))
    return (
        frame.select("document", "text", "title", "reason")
        .with_row_index("row")
        .with_columns(pl.Series("place", places))
        .filter((pl.col("reason").is_null() | (pl.col("reason") == REASON)) & pl.col("text").is_not_null())
    )


def _titles(lines: pl.DataFrame) -> pl.DataFrame:
    """The title of each document that has one, with its key."""
    titles = lines.group_by("document", maintain_order=True).agg(pl.col("title").first().alias("text"))
    return _with_keys(titles.filter(_SHORT)).with_columns(pl.lit(True).alias("titled"))


def _first_lines(lines: pl.DataFrame, min_words: int, lexicon: Lexicon) -> pl.DataFrame:
    """The first line of each document where it looks like a headline."""
    first = (
        lines.filter(pl.col("text").str.contains(r"\p{L}|\p{N}"))
        .group_by("document", maintain_order=True)
        .agg(pl.col("text", "place").first())
    )
    alike = (
        _with_features(_with_keys(first.filter(_SHORT)))
        .filter(pl.col("words").is_between(min_words, MAX_WORDS_UNTITLED))
        .filter(~pl.col("stopped") & ~pl.col("quoted") & ~pl.col("clean").str.contains(_LABEL))
    )
    unlabelled = label_lines(alike.get_column("clean"), lexicon).is_null()
    return alike.filter(unlabelled).with_columns(pl.lit(False).alias("titled"))


def _printings(
    lines: pl.DataFrame, titles: pl.DataFrame, first_lines: pl.DataFrame, rows: int, min_words: int
) -> pl.DataFrame:
    """The lines near the top that are printings of a title (`titled`) or of a first line, with their features.

    No line that is too far down, or too long, is one.
    """
    length = pl.col("text").str.len_chars().alias("length")
    last = (pl.col("place") + min(rows, ROWS_BELOW_UNTITLED)).alias("last")
    bounds = (
        pl.concat(
            [
                titles.select("document", length, pl.lit(FIRST_ROWS + rows).alias("last")),
                first_lines.select("document", length, last),
            ],
            how="vertical_relaxed",
        )
        .group_by("document")
        .max()
    )
    top = _with_keys(
        lines.join(bounds, on="document", how="inner")
        .filter((pl.col("place") <= pl.col("last")) & (length <= pl.col("length") + MAX_SITE_NAME))
        .select("row", "document", "place", "text")
    )
    wanted = _forms(pl.concat([titles, first_lines.select(titles.columns)]), min_words, "titled")
    return _with_features(
        _forms(top, min_words, "row")
        .join(wanted, on=["document", "form"], how="inner")
        .filter(~(pl.col("cut") & pl.col("cut_right")))
        .select("document", "row", "titled")
        .unique()
        .join(top.drop("document"), on="row", how="inner")
        .sort("row")
    )


def _again_near(printings: pl.DataFrame, first: pl.DataFrame, rows: int, min_words: int) -> pl.DataFrame:
    """(row, rule, detail) of the printings that are repetitions among the next rows after the first."""
    directly_below = pl.col("gap") <= ROWS_BELOW
    return (
        printings.join(first, on=["document", "titled"], how="inner", suffix="_first")
        .filter(pl.col("row") > pl.col("row_first"))
        .with_columns((pl.col("row") - pl.col("row_first")).alias("gap"))
        .filter(
            (pl.col("gap") <= pl.when("titled").then(rows).otherwise(min(rows, ROWS_BELOW_UNTITLED)))
            & (pl.col("words") >= pl.when(directly_below).then(2).otherwise(min_words))
            & (~pl.col("stopped") | pl.col("stopped_first") | directly_below)
            & (~pl.col("quoted") | pl.col("quoted_first"))
            & ~pl.col("clean").str.contains(_LABEL)
        )
        .select("row", *_rule_and_detail())
    )


def _again_far(lines: pl.DataFrame, first: pl.DataFrame, rows: int) -> pl.DataFrame:
    """(row, rule, detail) of the repetitions of a long title farther down."""
    titles = first.filter(
        pl.col("titled") & (pl.col("words") >= MIN_WORDS_ANYWHERE) & ~_SENTENCE_OR_QUOTATION
    ).select(
        "document",
        pl.col("key").alias("form"),
        pl.col("text").alias("text_first"),
        pl.col("row").alias("row_first"),
    )
    below = _with_keys(
        lines.filter(_SHORT)
        .join(titles.select("document", "row_first"), on="document", how="inner")
        .filter(pl.col("row") > pl.col("row_first") + rows)
        .select("row", "document", "text")
    )
    return (
        _with_features(_forms(below, MIN_WORDS_ANYWHERE, "row").join(below.drop("document"), on="row"))
        .join(titles, on=["document", "form"], how="inner")
        .filter(~_SENTENCE_OR_QUOTATION & ~pl.col("clean").str.contains(_LABEL))
        .select(
            "row",
            pl.lit("headline again").alias("rule"),
            pl.when(pl.col("text") == pl.col("text_first"))
            .then(pl.lit(FURTHER_DOWN))
            .when(pl.col("cut"))
            .then(pl.lit(f"{WITH_SITE_NAME}, {FURTHER_DOWN}"))
            .otherwise(pl.lit(f"{OTHER_WRITING}, {FURTHER_DOWN}"))
            .alias("detail"),
        )
    )


def _titles_in_text(first: pl.DataFrame) -> pl.DataFrame:
    """(row, rule, detail) of the first printings of titles."""
    return first.filter(pl.col("titled") & ~_SENTENCE_OR_QUOTATION).select(
        "row", pl.lit("title again").alias("rule"), pl.lit(None, pl.String).alias("detail")
    )


def _with_keys(lines: pl.DataFrame) -> pl.DataFrame:
    """The lines with `clean`, the text in NFKC, and `key`, its letters, marks and numbers in lower case.

    Lines with an empty key are left out.
    """
    ascii_ = pl.col("text").str.len_bytes() == pl.col("text").str.len_chars()
    return (
        pl.concat(
            [
                lines.filter(ascii_).with_columns(pl.col("text").alias("clean")),
                lines.filter(~ascii_).with_columns(pl.col("text").str.normalize("NFKC").alias("clean")),
            ]
        )
        .with_columns(_match_key(pl.col("clean")).alias("key"))
        .filter(pl.col("key") != "")
    )


def _with_features(lines: pl.DataFrame) -> pl.DataFrame:
    """The lines with the features that separate a headline from a sentence and a quotation."""
    return lines.with_columns(
        words(pl.col("clean")).alias("words"),
        pl.col("clean").str.contains(_ENDS_WITH_STOP).alias("stopped"),
        pl.col("clean").str.contains(_QUOTED).alias("quoted"),
    )


def _match_key(text: pl.Expr) -> pl.Expr:
    return text.str.replace_all(_NOT_KEY, "").str.to_lowercase().str.replace_all("ß", "ss", literal=True)


def _forms(lines: pl.DataFrame, min_words: int, name: str) -> pl.DataFrame:
    """(document, `name`, form, cut): the key of each line and, with `cut`, its keys without a site name.

    A line is only cut if at least `min_words` words are left.
    """
    once = _without_site_suffix(pl.col("clean"))
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
                    .filter(pl.col("form").is_not_null() & (words(pl.col("form")) >= min_words))
                    .with_columns(_match_key(pl.col("form")), pl.lit(True).alias("cut"))
                    for form in (once, _without_site_suffix(once), pl.col("clean").str.extract(_PREFIX))
                ),
            ]
        )
        .unique()
        .collect()
    )


def _without_site_suffix(text: pl.Expr) -> pl.Expr:
    return pl.coalesce(text.str.extract(_SUFFIX), text.str.extract(_SUFFIX_UNSPACED)).str.strip_chars()


def _rule_and_detail() -> tuple[pl.Expr, pl.Expr]:
    """What a later printing is, and how it differs from the first."""

    def squeezed(name: str) -> pl.Expr:
        return pl.col(name).str.replace_all(r"\s+", " ")

    title = pl.col("titled") & (pl.col("place_first") > 0)
    return (
        pl.when(title).then(pl.lit("title again")).otherwise(pl.lit("headline again")).alias("rule"),
        pl.when(title | (squeezed("clean") == squeezed("clean_first")))
        .then(pl.lit(None, pl.String))
        .when(pl.col("key") == pl.col("key_first"))
        .then(pl.lit(OTHER_WRITING))
        .when(pl.col("key").str.len_chars() > pl.col("key_first").str.len_chars())
        .then(pl.lit(WITH_SITE_NAME))
        .otherwise(pl.lit("without site name"))
        .alias("detail"),
    )
