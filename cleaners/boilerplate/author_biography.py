"""Notes on the author at the end of an article: "Nora Quill is a reporter for the Gazette. Write to her at ..."."""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl

from cleaners.boilerplate.prefilter import AUTHOR_NOTE, may_be
from cleaners.text.matching import matches
from cleaners.text.prose import words_and_prose

RULE: Final = "author biography"
#: A note stands among this many lines at the end of a document, after at least this many words of prose.
LAST_LINES: Final = 6
MIN_PROSE_WORDS_BEFORE: Final = 100

_NAME: Final = (
    r"\p{Lu}[\p{L}.'’-]*(?:\s(?:\p{Lu}[\p{L}.'’-]*|de|da|van|von|der|den|al|bin|del|di|la|le)){1,4}"
)
_AUTHOR: Final = (
    rf"(?:{_NAME}|(?i:the (?:author|writer)|about the author[:.]?\s?{_NAME}))(?:,[^,.]{{1,60}},)?"
)
_PROFESSION: Final = (
    r"(?i:reporter|writer|editor|journalist|columnist|correspondent|author|contributor|commentator|producer|blogger|critic"
    r"|photographer|fellow|analyst|professor|lecturer|redakteur(?:in)?|journalist(?:in)?|autor(?:in)?|korrespondent(?:in)?"
    r"|volontär(?:in)?|kolumnist(?:in)?|publizist(?:in)?|journaliste|chroniqueu[rs]e?|éditorialiste|correspondante?|auteure?"
    r"|périodista|periodista|redactora?|columnista|corresponsal|escritora?|giornalista|redattore|redattrice|scrittore"
    r"|scrittrice|corrispondente|jornalista|repórter|colunista|escritora?|editora?|verslaggever|redacteur|columniste?"
    r"|toimittaja|reportrar?|skribent|krönikör|dziennikarz|dziennikarka|publicyst(?:a|ka)|журналист(?:ка)?|обозреватель"
    r"|корреспондент(?:ка)?|колумнист(?:ка)?|gazeteci|yazar(?:ı)?|muhabir(?:i)?)"
)
_COPULA: Final = r"(?:is|was|are|ist|est|es|è|é|is|on|är|er|jest|–|—|-)"
BIOGRAPHY: Final = rf"^[\W_]{{0,3}}{_AUTHOR}\s{_COPULA}\s(?:[^.!?\s]+\s){{0,9}}?[\p{{L}}-]*{_PROFESSION}\b"
_CONTACT: Final = (
    r"[\w.+-]+@[\w-]+\.\w|(?:^|\s)@\w{3,}|(?i:\btwitter\b|\bx\.com|instagram|linkedin|facebook|follow (?:him|her|them)"
    r"|(?:reach|contact|e-?mail|write to) (?:him|her|them)|can be reached|covers |writes (?:about|on|for)|reports on"
    r"|newsletter|\bhis (?:book|work)|\bher (?:book|work)|is the author of|worked (?:at|for|as)|previously|joined)"
)


def author_biographies(lines: pl.DataFrame) -> pl.DataFrame:
    """The notes on the author, as a table (row, rule).

    `lines` are `lines_of` the frame with their `possible_kinds`. A note is one of the last six lines of its document,
    below at least 100 words of prose. It begins with a name, calls that person a reporter, writer, editor or the like,
    and says how to reach them or what they cover.
    """
    text = pl.col("text")
    sizes = lines.get_column("document").rle().struct.field("len").to_numpy()
    to_the_end = np.repeat(np.cumsum(sizes), sizes) - np.arange(len(lines))
    found = lines.filter(may_be(AUTHOR_NOTE) & pl.lit(pl.Series(to_the_end <= LAST_LINES)))
    for pattern in (BIOGRAPHY, _CONTACT):
        found = found.filter(matches(found.get_column("text"), pattern))
    documents = found.get_column("document").unique()
    before = (
        lines.filter(pl.col("document").is_in(documents.implode()))
        .with_columns(words_and_prose(text).struct.unnest())
        .with_columns(pl.when("prose").then("words").otherwise(0).cum_sum().over("document").alias("so_far"))
        .filter(pl.col("so_far") - pl.when("prose").then("words").otherwise(0) >= MIN_PROSE_WORDS_BEFORE)
    )
    return found.join(before, on="row", how="semi", maintain_order="left").select(
        "row", pl.lit(RULE).alias("rule")
    )
