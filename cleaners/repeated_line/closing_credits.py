"""Credits in brackets at the end of a paragraph: "(Reporting by Nora Quill; Editing by Adam Roe)"."""

from __future__ import annotations

import re
from typing import Final

from cleaners.phrases.names import names_follow
from cleaners.repeated_line.inline_patterns import InlinePatterns

#: How far before the end of a paragraph its credits may begin, in characters.
MAX_DISTANCE: Final = 1500
_SENTENCE_ENDS: Final = ".!?…”\"’'»)]。！？」』）।؟۔"
_FIRST_CLAUSE: Final = re.compile(r"[^;:,.]+")
_OPENING: Final = " (（"
_CLOSING: Final = " )）.。-("


def closing_credits(text: str, patterns: InlinePatterns) -> str:
    """The text without the credits of reporters, editors and translators in brackets at its end.

    "Boats sail at noon. (Reporting by Nora Quill in Stell; Editing by Adam Roe)" becomes
    "Boats sail at noon.".

    A credit begins with a label, and names follow. A sentence ends before it, or nothing stands there, unless it has
    two labels. After it there is at most something else in brackets, such as an exchange rate. Its closing bracket may
    be lost.
    """
    first = max(0, len(text) - MAX_DISTANCE)
    head, end = text[:first], text[first:]
    while credit := _last_credit(end, patterns):
        before, after = end[: credit.start()].rstrip(_OPENING), end[credit.end() :].lstrip(_CLOSING)
        end = f"{before} ({after}" if after else before
    return head + end


def _last_credit(text: str, patterns: InlinePatterns) -> re.Match[str] | None:
    """The last credit, if nothing but something in brackets stands after it."""
    found = next(reversed([*patterns.credit.finditer(text)]), None)
    if found is None or not _are_names(found[1]):
        return None
    before, after = text[: found.start()].rstrip(_OPENING), text[found.end() :].strip(_CLOSING)
    if after and not (text[found.end() :].lstrip(" )").startswith("(") and text.endswith(")")):
        return None
    apart = not before or before[-1] in _SENTENCE_ENDS or len(patterns.credit_label.findall(found[0])) > 1
    return found if apart else None


def _are_names(credit: str) -> bool:
    """Whether names follow the label: in all that follows, or up to the first mark."""
    first = _FIRST_CLAUSE.match(credit)
    return names_follow(credit.split()) or (first is not None and names_follow(first[0].split()))
