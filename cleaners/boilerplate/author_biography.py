"""Notes on the author at the end of an article: "Nora Quill is a reporter for the Gazette. Write to her at ..."."""

from __future__ import annotations

import functools
from typing import Final

import polars as pl

from cleaners.boilerplate.prefilter import AUTHOR_NOTE, may_be
from cleaners.lexicon import Lexicon, any_of, any_pattern, shortest
from cleaners.text.matching import matches
from cleaners.text.prose import words_and_prose

RULE: Final = "author biography"
#: A note stands after at least this many words of prose.
MIN_PROSE_WORDS_BEFORE: Final = 100

#: An address or a handle, which is a way to reach the author in every language.
_ADDRESS: Final = r"[\w.+-]+@[\w-]+\.\w|(?:^|\s)@\w{3,}"


@functools.cache
def biography(lexicon: Lexicon) -> str:
    """A regular expression for the beginning of a note: a name, "is", and a profession within ten words."""
    name = rf"\p{{Lu}}[\p{{L}}.'’-]*(?:\s(?:\p{{Lu}}[\p{{L}}.'’-]*|{any_of(lexicon.name_particles)})){{1,4}}"
    mention = rf"(?i:{any_of(lexicon.author_mentions)})(?:[:.]?\s?{name})?"
    author = rf"(?:{name}|{mention})(?:,[^,.]{{1,60}},)?"
    copula = rf"(?:{any_of(lexicon.copulas)}|–|—|-)"
    profession = f"(?i:{any_of(lexicon.professions)})"
    return rf"^[\W_]{{0,3}}{author}\s{copula}\s(?:[^.!?\s]+\s){{0,9}}?[\p{{L}}-]*{profession}\b"


@functools.cache
def _any_profession(lexicon: Lexicon) -> str:
    """A prefilter, because `biography` is slow."""
    return f"(?i){any_of(shortest(lexicon.professions))}"


@functools.cache
def _contact(lexicon: Lexicon) -> str:
    """A regular expression for how to reach the author, or what they write about."""
    return f"{_ADDRESS}|(?i:{any_pattern(lexicon.contact_patterns)})"


def author_biographies(lines: pl.DataFrame, lexicon: Lexicon) -> pl.DataFrame:
    """The notes on the author, as a table (row, rule).

    `lines` are `lines_of` the frame with their `possible_kinds`. A note is one of the last six lines of its document,
    below at least 100 words of prose. It begins with a name, calls that person a reporter, writer, editor or the like,
    and says how to reach them or what they cover.
    """
    text = pl.col("text")
    found = lines.filter(may_be(AUTHOR_NOTE))
    for pattern in (_any_profession(lexicon), biography(lexicon), _contact(lexicon)):
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
