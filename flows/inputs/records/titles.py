"""The title of a text file, as its text has it: Markdown's first heading, or a first line that stands alone.

Nothing is taken out of the text: the headline is printed there, and `repeated_headline` removes other printings of it.
A wrong title is worse than none. So a first line is one only if it looks like a headline above prose.
"""

from __future__ import annotations

import re
from typing import Final

from flows.inputs.records.written_dates import written_date

MAX_CHARACTERS: Final = 200  # in a title,
MAX_HEADING: Final = 1000  # characters of a heading with its markup
MAX_WORDS: Final = 18  # and words; in a question, `MAX_QUESTION`
MAX_QUESTION: Final = 12
MIN_WORDS: Final = 4  # shorter first lines are names of sites and sections more often than headlines
MIN_PROSE_WORDS: Final = 20  # in one of the next paragraphs, which ends like a sentence
NEXT: Final = 5  # paragraphs; where prose begins farther down, the text begins with the menu of a page
UNSPACED: Final = 2  # characters of a script without spaces that count as a word
HEAD: Final = 20_000  # characters that are looked at

_PARAGRAPH_END: Final = re.compile(r"\n[^\S\n]*\n")
_HEADING: Final = re.compile(r"[ ]{0,3}#{1,2}[ \t]+(?P<title>[^\n]*?)[ \t]*#*[ \t]*(?:\n|\Z)")
_UNDERLINED: Final = re.compile(r"[ ]{0,3}(?P<title>[^\s#>|=-][^\n]*)\n[ ]{0,3}={3,}[ \t]*(?:\n|\Z)")
_LINK: Final = re.compile(r"!?\[([^\[\]]*)\]\([^()\s]*\)")
_EMPHASIS: Final = re.compile(r"(?<!\w)(\*{1,3}|_{1,3}|`)(?=\S)(.+?)(?<=\S)\1(?!\w)")
_BEGINS: Final = re.compile(r"[^\W_]|[\"'“„«‘‚「『《¿¡$€£]")
_ENDS: Final = re.compile(r"[.。।۔,，、;；:：|…×¶-]\s*[\"'’”»)」』]*\Z")
_SENTENCE_END: Final = re.compile(r"[.。।۔!?！？…]\s*[\"'’”»)」』\]]*\Z")
#: By-lines, credits, dates, addresses, menus, quotations, list items, several sentences.
_NO_HEADLINE: Final = re.compile(
    r"(?:by|von|par|por|di|da|door|av|af|от|text|photos?|source|from|subject|date|to|path|published|updated|posted)\b:?\s"
    r"(?:\S+\s*){0,8}\Z|(?:share|follow|sign|log|skip|search|welcome|subscribe|click|win|posted|advertisement|menu)\b"
    r"|.*(?://|www\.|\w@\w|\||»|›|©\s?\d{4}|[^\W\d]{3}/[^\W\d]{3}|\b(?:cookies?|javascript|credits?|newsletter)\b)"
    r"|.*(?:\b\d{1,2}\.? [^\W\d]{3,} \d{4}\b|\b[^\W\d]{3,} \d{1,2}(?:st|nd|rd|th)?,? \d{4}\b)"
    r"|.*\b\d\d?[./-]\d\d?[./-]\d{4}"
    r"|[\"“„«].*[\"”“»](?: ?[-–—].*)?\Z|\d+[.)](?!\d)|.*[^\W\d]{3}[.?!]['\"’”»)]? +[\"“„«¿¡]?[^\W\d]",
    re.IGNORECASE | re.DOTALL,
)
_WORDS: Final = re.compile(r"[\w'’-]*[^\W\d_][\w'’-]*")
_NO_SPACES: Final = re.compile(
    r"[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff]"
)


def title_of_text(text: str) -> str | None:
    """The first line of a text, if it looks like the headline of the prose below; else None.

    >>> title_of_text("Night ferry sails again\\n\\n" + "It leaves at noon, and comes back at night. " * 5)
    'Night ferry sails again'
    """
    head = _head(text)
    end = _PARAGRAPH_END.search(head)
    if not end:
        return None
    line = head[: end.start()].strip()
    if "\n" in line or not _is_headline(line):
        return None
    rest = _PARAGRAPH_END.split(head[end.end() :], maxsplit=NEXT)
    return line if any(_is_prose(one) for one in rest[:NEXT]) else None


def title_of_markdown(text: str) -> str | None:
    """The heading that a Markdown text begins with, without its markup; else what `title_of_text` finds.

    >>> title_of_markdown("# Night ferry [sails](http://a.org) **again** #\\n\\nIt leaves at noon.")
    'Night ferry sails again'
    """
    head = _head(text)
    found = _HEADING.match(head) or _UNDERLINED.match(head)
    if not found or len(found["title"]) > MAX_HEADING:
        return title_of_text(text)
    title = _EMPHASIS.sub(r"\2", _LINK.sub(r"\1", found["title"])).strip()
    return title if 0 < len(title) <= MAX_CHARACTERS and found.end() < len(head.rstrip()) else None


def _head(text: str) -> str:
    lines = text[:HEAD]
    if "\r" in lines:
        lines = lines.replace("\r\n", "\n").replace("\r", "\n")
    lines = lines.lstrip("\ufeff")
    return lines[len(lines) - len(lines.lstrip()) :] if lines[:1].isspace() else lines


def _is_headline(line: str) -> bool:
    most = MAX_QUESTION if line.endswith(("?", "!")) else MAX_WORDS
    return (
        len(line) <= MAX_CHARACTERS
        and MIN_WORDS <= _count(line) <= most
        and _BEGINS.match(line) is not None
        and not _ENDS.search(line)
        and not _NO_HEADLINE.match(line)
        and written_date(line) is None
    )


def _is_prose(paragraph: str) -> bool:
    return _count(paragraph) >= MIN_PROSE_WORDS and _SENTENCE_END.search(paragraph.rstrip()) is not None


def _count(text: str) -> int:
    """The number of words, those of scripts without spaces by their characters."""
    unspaced = len(_NO_SPACES.findall(text))
    return unspaced // UNSPACED if unspaced * 2 > len(text) else len(_WORDS.findall(text))
