"""Quotes and apostrophes that were lost to a question mark on the way to ASCII: "I don?t know", "a ?safe? harbour".

Only English has contractions by which the apostrophe is certain. Where one was lost, quotation marks are certain, too:
a question mark stands directly before a word and another directly after one, and the sentence goes on. Without a lost
apostrophe in the paragraph, "(?terminology?)" may be what its author doubted. What is not certain can be counted:
`may_have_lost_quotes` says where.
"""

from __future__ import annotations

import re
from typing import Final

import polars as pl

_APOSTROPHE: Final = re.compile(
    r"(?<=[a-z]n)\?(?=t\b)"  # don?t
    r"|(?<=\bI)\?(?=(?:m|ve|ll|d)\b)"
    r"|(?<=\b(?:it|he))\?(?=(?:s|ll|d)\b)"
    r"|(?<=\b(?:we))\?(?=(?:re|ve|ll|d)\b)"
    r"|(?<=\b(?:she))\?(?=(?:s|ll|d)\b)"
    r"|(?<=\b(?:you))\?(?=(?:re|ve|ll|d)\b)"
    r"|(?<=\b(?:they|that))\?(?=(?:s|re|ve|ll|d)\b)"
    r"|(?<=[a-z]{2})\?(?=s\s+[a-z])",  # the city?s mayor
    re.IGNORECASE,
)
_QUOTED: Final = re.compile(r"(?<![^\s(])\?(?=\w)([^?\n]{1,300}?(?<=[\w.,!]))\?(?=,|\s+[a-z]|[.;:)]|\s*\Z)")
_ENGLISH: Final = re.compile(r"\b(?:the|and|of|to|in|is|was|that|with|for|are|I|you|it)\b")


#: A question mark within a word, or right before one at its beginning; not in an address, which has no such word.
_DOUBTFUL: Final = r"(?:^|[\s(\"“])(?:\p{L}+\?\p{Ll}+|\?\p{L}+)(?:[\s,.;:!?)\"”]|$)"

#: What every match of `_DOUBTFUL` has: a prefilter, because few question marks stand before a letter.
_BEFORE_LETTER: Final = r"\?[a-zA-Z[:^ascii:]]"


def may_have_lost_quotes(text: pl.Series) -> pl.Series:
    """Whether each text has a question mark where a quote or an apostrophe may have been; null where it is null.

    >>> may_have_lost_quotes(pl.Series(["Le vent d?ouest", "a ?safe? harbour", "Is it? See a.example/?b=c"])).to_list()
    [True, True, False]
    """
    found = text.str.contains(_BEFORE_LETTER)
    rows = found.arg_true()
    return found.scatter(rows, text.gather(rows).str.contains(_DOUBTFUL))


def restore_quotes(text: str) -> str:
    """The text with typographic quotes in the place of question marks that cannot be any.

    >>> restore_quotes("I don?t know the ?safe? harbour of the town. Do you?")
    'I don’t know the “safe” harbour of the town. Do you?'
    """
    if "?" not in text or not text.isascii() or "://" in text or len(_ENGLISH.findall(text)) < 2:
        return text
    new, apostrophes = _APOSTROPHE.subn("’", text)
    return _QUOTED.sub("“\\1”", new) if apostrophes else text
