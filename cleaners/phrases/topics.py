"""Sentences on the topic of the article: in one about cookies, "We use cookies only where we must" belongs to it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import polars as pl

from cleaners.phrases.folding import fold
from cleaners.phrases.phrase import Phrase
from cleaners.text.prose import words_and_prose

#: Names of phrases whose subject articles are written about, too.
TOPICS: Final = ("cookies", "newsletter", "subscribe", "comments", "app", "advertisement")
#: Shortest word that can be a topic.
MIN_TOPIC_LETTERS: Final = 7
#: How far after the phrase a topic may end, in characters.
MAX_TOPIC_DISTANCE: Final = 20
#: Shortest line that counts as a sentence.
MIN_SENTENCE_WORDS: Final = 8

_WORD: Final = re.compile(r"[^\W\d_]+")


def on_topic_sentences(found: pl.DataFrame, lines: pl.DataFrame, phrases: Sequence[Phrase]) -> pl.Series:
    """The rows (UInt32) of sentences that begin with a phrase, in articles that are about the topic of the phrase.

    `lines` is the result of `cleaners.phrases.search.lines_of`, `found` that of `find`. Such a sentence is prose of
    eight words or more and says more than the phrase. Its topics are the name of the phrase and words of seven letters
    or more in or just after the phrase. One of its topics occurs in two lines of prose before it, or in one before and
    one after it; lines with a phrase of their own do not count.
    """
    text = pl.col("text")
    with_topics = [number for number, phrase in enumerate(phrases) if _has_topic(phrase)]
    hits = (
        found.filter((pl.col("action") == "line") & ~pl.col("bare") & pl.col("phrase").is_in(with_topics))
        .join(lines.select("row", "document", "text"), on="row", maintain_order="left")
        .with_columns(words_and_prose(text).struct.unnest())
        .filter("prose", pl.col("words") >= MIN_SENTENCE_WORDS)
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
    mentions = topics.join(others, on="document").filter(text.str.contains(pl.col("topic"), literal=True))
    before = pl.col("other") < pl.col("row")
    return (
        mentions.group_by("row", "topic")
        .agg(before.sum().alias("before"), (~before).sum().alias("after"))
        .filter((pl.col("before") >= 2) | ((pl.col("before") >= 1) & (pl.col("after") >= 1)))
        .get_column("row")
        .unique()
    )


def _has_topic(phrase: Phrase) -> bool:
    return phrase.match == "start" and phrase.name in TOPICS


def _topics(phrase: Phrase, line: str) -> set[str]:
    """The topics, in lower case, of a phrase with a topic that was found in this folded line."""
    topics = {phrase.name.removesuffix("s")}
    for text in phrase.texts:
        wording = text.lower()
        if wording.strip() in line:
            end = line.index(wording.strip()) + len(wording) + MAX_TOPIC_DISTANCE
            topics |= {word for word in _WORD.findall(line[:end]) if len(word) >= MIN_TOPIC_LETTERS}
    return {topic for topic in topics if topic in line}
