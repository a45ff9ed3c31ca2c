"""Shapes of lines that an article may share with many others: quotations, by-lines, headings, figures."""

from __future__ import annotations

from typing import Final

import polars as pl

#: Lines up to this length may be a name, a by-line, a question over a section, a dateline.
SHORT_LINE: Final = 8

QUOTED: Final = (
    r"""^>|^[-–—•*\s]*["“„«»‘‚「『].*["”“»«’'」』][,.、。]?$"""
    r"""|^["“„«「『][^"”»」』]{40}"""  # what follows may be who said it
    r"|^(?:--|—|–)\s*\p{Lu}"  # "-- Jane Doe on the evening news"
)
QUESTION_OR_LABEL: Final = r"[?？؟:：]$"
BY_LINE: Final = (
    r"(?i)^[-–—•*\s]*(?:(?:analysis|commentary|opinion|reporting|written|story|words|text|analyse|kommentar|análisis|análise"
    r"|analisi)\s)?(by|von|par|por|di|door|av|af|автор|記者|记者|文)(\s|:|：)"
)
SUBJECT: Final = r"(?i)^(subject|title|re)\s*:"
#: "Jane Doe, Evening Post": each word with a capital, small words aside, and a comma between two parts
NAMES: Final = (
    r"^\p{Lu}[\p{L}\p{M}.'’-]*(?:\s(?:\p{Lu}[\p{L}\p{M}.'’-]*|\p{Ll}{1,3}))*"
    r",(?:\s(?:\p{Lu}[\p{L}\p{M}.'’-]*|\p{Ll}{1,3}))+$"
)
#: "WRENMOUTH (Reuters) -", and nothing after it
DATELINE: Final = r"^\p{Lu}{3}[\p{Lu}\s.,'’-]*(?:\(.{2,20}\)\s*)?[-–—]+$"
#: "The Late Harbour Show": each word with a capital, small words aside, and no full stop; or "# The week" in Markdown
_CAPITAL: Final = r"\p{Lu}[\p{L}\p{M}\p{N}.'’&-]*"
HEADING: Final = (
    rf"^#{{1,6}}\s|^[^\p{{L}}]*{_CAPITAL}(?:[\s:–—-]+(?:{_CAPITAL}|\p{{Ll}}{{1,3}}|&))*[^\p{{L}}.]*$"
)
#: "Port Alder, 4 March 2031", "Tuesday 4 March 2031, Port Alder"
DATE_AND_PLACE: Final = r"^\p{Lu}[\p{L}\s.'’-]*,\s[^,]*\p{Nd}{4}$|^[^,]*\p{Nd}{4},\s*\p{Lu}\p{L}+"
#: "Attendance: 23,100", "Final score: 3-1"
LABEL_AND_FIGURES: Final = r"^[\p{L}\s]{2,40}[:：]\s*[^\p{L}]*\p{Nd}[^\p{L}]*$"


def belongs_to_the_article(text: pl.Expr, words: pl.Expr) -> pl.Expr:
    """Quotations, subjects, datelines; of short lines questions, labels, by-lines, names, those with two numbers."""
    return (
        text.str.contains(QUOTED)
        | (
            (words <= SHORT_LINE)
            & (
                text.str.contains(QUESTION_OR_LABEL)
                | text.str.contains(BY_LINE)
                | text.str.contains(NAMES)
                | (text.str.count_matches(r"\p{Nd}+") >= 2)
            )
        )
        | text.str.contains(f"{SUBJECT}|{DATELINE}")
    )
