"""Patterns of lines that many articles may share with good reason: quotations, by-lines, headings, figures."""

from __future__ import annotations

from typing import Final

import polars as pl

from cleaners.text.matching import LETTERS

#: Words of the longest line that may be a name, a by-line, a question above a section, or a dateline.
SHORT_LINE: Final = 8

QUOTED: Final = (
    r"""^>|^[-–—•*\s]*["“„«»‘‚「『].*["”“»«’'」』][,.、。]?$"""
    r"""|^["“„«「『][^"”»」』]{40}"""  # the speaker may follow
    r"|^(?:--|—|–)\s*\p{Lu}"  # "-- Jane Doe on the evening news"
)
QUESTION_OR_LABEL: Final = r"[?？؟:：]$"
#: "Jane Doe, Evening Post": capitalised words, except for short ones, in two parts with a comma between them
NAMES: Final = (
    r"^\p{Lu}[\p{L}\p{M}.'’-]*(?:\s(?:\p{Lu}[\p{L}\p{M}.'’-]*|\p{Ll}{1,3}))*"
    r",(?:\s(?:\p{Lu}[\p{L}\p{M}.'’-]*|\p{Ll}{1,3}))+$"
)
#: "The Late Harbour Show": capitalised words, except for short ones, and no full stop; or "# The week" in Markdown
_CAPITAL: Final = r"\p{Lu}[\p{L}\p{M}\p{N}.'’&-]*"
HEADING: Final = (
    rf"^#{{1,6}}\s|^[^\p{{L}}]*{_CAPITAL}(?:[\s:–—-]+(?:{_CAPITAL}|\p{{Ll}}{{1,3}}|&))*[^\p{{L}}.]*$"
)
#: A place before or after a comma, in a dateline: "Port Alder, 4 March 2031", "Tuesday 4 March 2031, Port Alder"
PLACE: Final = r"^\p{Lu}[\p{L}\s.'’-]*,\s|,\s*\p{Lu}\p{L}+[^,]*$"
#: "Attendance: 23,100", "Final score: 3-1"
LABEL_AND_FIGURES: Final = rf"^[{LETTERS}\s]{{2,40}}[:：]\s*[^\p{{L}}]*\p{{Nd}}[^\p{{L}}]*$"


def belongs_to_the_article() -> pl.Expr:
    """Whether a line belongs to its article although many articles may have it (Boolean).

    That holds for quotations, subjects and datelines; and for short lines that are a question, a label, a by-line or a
    name, or that have two numbers or more. The line has the columns `text`, `words` (its word count), `label` `by_line`
    (whether it begins as by-lines do, see `cleaners.attributes`) and `subject` (whether it is a subject of mail).
    """
    text, words, label = pl.col("text"), pl.col("words"), pl.col("label")
    return (
        text.str.contains(QUOTED)
        | (
            (words <= SHORT_LINE)
            & (
                text.str.contains(QUESTION_OR_LABEL)
                | pl.col("by_line")
                | text.str.contains(NAMES)
                | (text.str.count_matches(r"\p{Nd}+") >= 2)
            )
        )
        | pl.col("subject")
        | label.eq_missing("dateline")
    )
