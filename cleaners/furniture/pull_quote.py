"""Pull quotes: a sentence of the article that the page prints once more, large and in quotation marks."""

from __future__ import annotations

from typing import Final

import polars as pl

from cleaners.texts.prose import words_and_prose

RULE: Final = "pull quote: repeats a sentence of the article"

#: Words of a pull quote,
MIN_WORDS: Final = 6
MAX_WORDS: Final = 60
#: and how many more the paragraph has from which it is taken.
MORE_WORDS: Final = 4
#: A longer line, in bytes, is none.
MAX_BYTES: Final = 500
#: So many characters of a quotation are looked for first.
HEAD: Final = 10

# single quotation marks stand around subheads, too
_QUOTED: Final = r"""^[“"„«「『].*[”"“»」』][.,。，]?$"""
_MARKS: Final = '"“”„«»「」『』…., 。，\u00a0'


def pull_quotes(lines: pl.DataFrame) -> pl.DataFrame:
    """(row, rule) of the quotations whose words stand in another, longer paragraph of their document.

    `lines` is what `cleaners.phrases.search.lines_of` answers. A pull quote is a line in double quotation marks below
    the first paragraph of prose, of 6 to 60 words that stand in the same order, spelled alike, in a paragraph that has
    four words more. What is quoted several times over is a refrain, and stays.
    """
    text, quote = pl.col("text"), pl.col("quote")
    quoted = (
        lines.filter(text.str.len_bytes() <= MAX_BYTES)
        .filter(text.str.contains(_QUOTED))
        .with_columns(
            text.str.strip_chars(_MARKS).alias("quote"), words_and_prose(text).struct.field("words")
        )
        .filter(pl.col("words").is_between(MIN_WORDS, MAX_WORDS))
        .filter(pl.len().over("document", "quote") == 1)
    )
    documents = quoted.get_column("document").unique()
    paragraphs = lines.filter(pl.col("document").is_in(documents.implode())).with_columns(
        words_and_prose(text).struct.unnest()
    )
    first = paragraphs.filter("prose").group_by("document").agg(pl.col("row").min().alias("first"))
    return (
        quoted.join(first, on="document")
        .filter(pl.col("row") > pl.col("first"))
        .select("row", "document", "quote", "words")
        .join(paragraphs.select("document", "text", pl.col("words").alias("more")), on="document")
        .filter(pl.col("more") >= pl.col("words") + MORE_WORDS)
        # to look for a short one first is quicker
        .filter(text.str.contains(quote.str.slice(0, HEAD), literal=True))
        .filter(text.str.contains(quote, literal=True))
        .select(pl.col("row").unique(maintain_order=True), pl.lit(RULE).alias("rule"))
        .sort("row")
    )
