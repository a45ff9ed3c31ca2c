"""Articles about what boilerplate is about: in one about cookies, "We use cookies only where we must" is its own."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import polars as pl

from cleaners.phrases.folding import fold
from cleaners.phrases.phrase import Phrase
from cleaners.text.prose import words_and_prose

#: Boilerplate that articles are written about, by the names of its phrases.
TOPICS: Final = ("cookies", "newsletter", "subscribe", "comments", "app", "advertisement")
#: A shorter word of a phrase is no topic,
MIN_LETTERS: Final = 7
#: but one may stand so many characters beyond it,
BEYOND: Final = 20
#: nor is a shorter line a sentence.
MIN_WORDS: Final = 8

_WORD: Final = re.compile(r"[^\W\d_]+")


def spoken_of(found: pl.DataFrame, lines: pl.DataFrame, phrases: Sequence[Phrase]) -> pl.Series:
    """The rows of sentences that begin with a phrase about whose matter the article speaks (UInt32).

    `lines` is what `cleaners.phrases.search.lines_of` answers, `found` what `find` does. Such a sentence is prose of
    eight words or more with other words beside the phrase; a word of seven letters or more at the phrase, or its name,
    stands in two lines of prose before it, or in one before it and one after it, in which no phrase is found.
    """
    text = pl.col("text")
    with_topics = [number for number, phrase in enumerate(phrases) if _has_topic(phrase)]
    hits = (
        found.filter((pl.col("action") == "line") & ~pl.col("bare") & pl.col("phrase").is_in(with_topics))
        .join(lines.select("row", "document", "text"), on="row", maintain_order="left")
        .with_columns(words_and_prose(text).struct.unnest())
        .filter("prose", pl.col("words") >= MIN_WORDS)
    )
    rows = zip(hits["row"], hits["document"], fold(hits["text"]), hits["phrase"], strict=True)
    topics = pl.DataFrame(
        [
            (row, document, topic)
            for row, document, line, number in rows
            for topic in _topics(phrases[number], line)
        ],
        schema={"row": pl.UInt32, "document": lines.schema["document"], "topic": pl.String},
        orient="row",
    )
    others = (
        lines.filter(pl.col("document").is_in(topics.get_column("document").unique().implode()))
        .filter(~pl.col("row").is_in(found.get_column("row").implode()))
        .filter(words_and_prose(text).struct.field("prose"))
        .select("document", pl.col("row").alias("other"), text.str.to_lowercase())
    )
    said = topics.join(others, on="document").filter(text.str.contains(pl.col("topic"), literal=True))
    before = pl.col("other") < pl.col("row")
    return (
        said.group_by("row", "topic")
        .agg(before.sum().alias("before"), (~before).sum().alias("after"))
        .filter((pl.col("before") >= 2) | ((pl.col("before") >= 1) & (pl.col("after") >= 1)))
        .get_column("row")
        .unique()
    )


def _has_topic(phrase: Phrase) -> bool:
    return phrase.match == "start" and phrase.name in TOPICS


def _topics(phrase: Phrase, line: str) -> set[str]:
    """The words, in lower case, that the phrase, which has a topic, is about, as it is found in the folded line."""
    topics = {phrase.name.removesuffix("s")}
    for text in phrase.texts:
        wording = text.lower()
        if wording.strip() in line:
            end = line.index(wording.strip()) + len(wording) + BEYOND
            topics |= {word for word in _WORD.findall(line[:end]) if len(word) >= MIN_LETTERS}
    return {topic for topic in topics if topic in line}
