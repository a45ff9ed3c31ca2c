"""Boilerplate inside a paragraph that is recognised by shape alone: one function for each shape.

Each function takes a text and returns it without the boilerplate. A single space replaces it, or nothing before a
closing punctuation mark. A text without boilerplate is returned unchanged.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final

from cleaners.repeated_line.inline_patterns import (
    AD,
    APART,
    CALLED,
    GLUED,
    MAX_SPAN,
    MORE,
    OPENING,
    PAGE_SCRIPT,
    PLAYER,
    PLEA,
    PLEA_BEGINS,
    RELATED,
    RELATED_BEGINS,
    SCRIPT,
    SHORTCODE,
)


def teasers_after_a_name(text: str) -> str:
    """The text without the full name and the teasers that some pages insert after a name.

    >>> teasers_after_a_name("Sen. Jane Doe Jane Mary DoeMayor opens bridge | Ferry sinks MORE (I-Stell) said so.")
    'Sen. Jane Doe (I-Stell) said so.'
    """
    for pattern, kept in ((GLUED, lambda m: m[1] + (m[2] or "")), (APART, lambda m: m[1])):
        while ends := [match.end() for match in MORE.finditer(text)]:
            teasers = text[: ends[-1]]  # there are no teasers after the last MORE
            shorter = pattern.sub(kept, teasers)
            if shorter == teasers:
                break
            text = shorter + text[ends[-1] :]
    return text


def player_messages(text: str) -> str:
    """The text without the messages that a media player or a picture frame shows before its caption.

    >>> player_messages("Media playback is unsupported on your device Media caption The ferry at sea")
    'The ferry at sea'
    """
    begins = text.startswith(("Image c", "Image s", "Media c"))
    return _cut(text, _spans(PLAYER, text)) if begins or "layback is " in text else text


def bracketed_teasers(text: str) -> str:
    """The text without "(RELATED: ...)" and "[Read more: ...]", in the languages of the phrases.

    >>> bracketed_teasers("The talks are over. (RELATED: Ferries (All Of Them) Stop) Boats sail.")
    'The talks are over. Boats sail.'
    """
    return _cut(text, _spans(RELATED, text)) if RELATED_BEGINS.search(text) else text


def advertisement_marks(text: str) -> str:
    """The text without "Story continues below advertisement" and similar notices.

    >>> advertisement_marks("It was late. Advertisement Story continues below advertisement They slept.")
    'It was late. They slept.'
    """
    return _cut(text, _spans(AD, text)) if "ontinue" in text or "CONTINUE" in text else text


def closing_pleas(text: str) -> str:
    """The text without a last sentence that asks for a click or a subscription.

    >>> closing_pleas("Boats sail at noon. Click here to subscribe.")
    'Boats sail at noon.'
    """
    return _cut(text, _spans(PLEA, text)) if PLEA_BEGINS.search(text) else text


def shortcodes(text: str) -> str:
    """The text without the shortcodes of a publishing system, such as "[embed ...]".

    >>> shortcodes('He wrote: [embedtweet id="12"] That was all.')
    'He wrote: That was all.'
    """
    return _cut(text, _spans(SHORTCODE, text)) if "[" in text else text


def scripts(text: str) -> str:
    """The text without JavaScript functions, up to their balanced closing bracket, and the calls around them.

    >>> scripts("Boats sail. (function(d){ d.load('x'); })(document); They are late.")
    'Boats sail. They are late.'
    """
    return _cut(text, _script_spans(text)) if "function" in text else text


SHAPES: Final[tuple[Callable[[str], str], ...]] = (
    scripts,
    shortcodes,
    teasers_after_a_name,
    player_messages,
    bracketed_teasers,
    advertisement_marks,
    closing_pleas,
)


def without_inline_boilerplate(text: str) -> str:
    """The text without any of the shapes, applied until nothing changes: removing one may expose another."""
    while True:
        shorter = text
        for shape in SHAPES:
            shorter = shape(shorter)
        if shorter == text:
            return text
        text = shorter


def _spans(pattern: re.Pattern[str], text: str) -> Iterator[tuple[int, int]]:
    return (match.span() for match in pattern.finditer(text) if match.end() > match.start())


def _script_spans(text: str) -> Iterator[tuple[int, int]]:
    """The spans of functions, with the call that they are an argument of and the semicolon after them.

    A function whose brackets do not balance has no span.
    """
    done = 0
    for match in SCRIPT.finditer(text):
        if match.start() < done:
            continue
        start = match.start() + len(match[0]) - len(match[0].lstrip(";!+ "))
        if called := CALLED.search(text, max(done, start - MAX_SPAN), start + (text[start] == "(")):
            start, opening = called.start(), called.end() - 1
        else:
            opening = start if text[start] == "(" else match.end() - 1
        end = _closed(text, opening)
        # the function may be called at once, or a block may follow
        while end is not None and end < len(text) and text[end] in "({":
            end = _closed(text, end)
        if end is not None:
            while end < len(text) and text[end] in ";)":
                end += 1
            if _is_of_the_page(text, start, end):
                yield start, end
            done = end


def _is_of_the_page(text: str, start: int, end: int) -> bool:
    """Whether a script matches PAGE_SCRIPT, or is called at once and stands between whole sentences."""
    before, after = text[:start].rstrip(), text[end:].lstrip()
    apart = (not before or before[-1] in '.!?”"’…') and (not after or after[0].isupper() or after[0] in '“"‘')
    at_once = text[start] in "(!" and text[start:end].rstrip(";").endswith(")")
    return bool(PAGE_SCRIPT.search(text, start, end)) or (bool(before or after) and apart and at_once)


def _closed(text: str, at: int) -> int | None:
    """The position after the bracket that closes the one at `at`; None if the brackets do not balance."""
    waiting: list[str] = []
    for place in range(at, len(text)):
        character = text[place]
        if character in OPENING:
            waiting.append(OPENING[character])
        elif character in ")}]":
            if not waiting or waiting.pop() != character:
                return None
            if not waiting:
                return place + 1
    return None


def _cut(text: str, spans: Iterator[tuple[int, int]]) -> str:
    """The text without the spans, with white space normalised where they were."""
    for start, end in reversed(list(spans)):
        before, after = text[:start].rstrip(), text[end:].lstrip()
        apart = len(before) < start or len(after) < len(text) - end
        joint = " " if apart and before and after and after[0] not in ".,;:!?)]’”" else ""
        text = before + joint + after
    return text
