"""Boilerplate that stands inside a paragraph and shows by its shape alone what it is: one function a shape.

Each function takes a text and gives it back without the boilerplate, and where that stood a single space, or nothing
before a mark that closes. A text that has none comes back as it is.
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
    LONGEST,
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
    """Without the full name and the teasers that a page shows behind a name.

    >>> teasers_after_a_name("Sen. Jane Doe Jane Mary DoeMayor opens bridge | Ferry sinks MORE (I-Stell) said so.")
    'Sen. Jane Doe (I-Stell) said so.'
    """
    for pattern, kept in ((GLUED, lambda m: m[1] + (m[2] or "")), (APART, lambda m: m[1])):
        while ends := [match.end() for match in MORE.finditer(text)]:
            teasers = text[: ends[-1]]  # after the last of these are none
            shorter = pattern.sub(kept, teasers)
            if shorter == teasers:
                break
            text = shorter + text[ends[-1] :]
    return text


def player_messages(text: str) -> str:
    """Without what a player or a picture frame says of itself before its caption.

    >>> player_messages("Media playback is unsupported on your device Media caption The ferry at sea")
    'The ferry at sea'
    """
    begins = text.startswith(("Image c", "Image s", "Media c"))
    return _cut(text, _spans(PLAYER, text)) if begins or "layback is " in text else text


def bracketed_teasers(text: str) -> str:
    """Without "(RELATED: ...)" and "[Read more: ...]", in the languages of the phrases.

    >>> bracketed_teasers("The removal is over. (RELATED: Ferries (All Of Them) Stop) Boats sail.")
    'The removal is over. Boats sail.'
    """
    return _cut(text, _spans(RELATED, text)) if RELATED_BEGINS.search(text) else text


def advertisement_marks(text: str) -> str:
    """Without "Story continues below advertisement" and its like.

    >>> advertisement_marks("It was late. Advertisement Story continues below advertisement They slept.")
    'It was late. They slept.'
    """
    return _cut(text, _spans(AD, text)) if "ontinue" in text or "CONTINUE" in text else text


def closing_pleas(text: str) -> str:
    """Without a last sentence that asks for a click or a subscription.

    >>> closing_pleas("Boats sail at noon. Click here to subscribe.")
    'Boats sail at noon.'
    """
    return _cut(text, _spans(PLEA, text)) if PLEA_BEGINS.search(text) else text


def shortcodes(text: str) -> str:
    """Without the codes of a publishing system, "[embed ...]".

    >>> shortcodes('He wrote: [embedtweet id="12"] That was all.')
    'He wrote: That was all.'
    """
    return _cut(text, _spans(SHORTCODE, text)) if "[" in text else text


def scripts(text: str) -> str:
    """Without functions of JavaScript, brackets balanced, and what calls them.

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
    """The text without all of them, and without what comes to light when one is gone."""
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
    """Where functions stand, from what they are handed to up to the semicolon after them; none that does not end."""
    done = 0
    for match in SCRIPT.finditer(text):
        if match.start() < done:
            continue
        start = match.start() + len(match[0]) - len(match[0].lstrip(";!+ "))
        if called := CALLED.search(text, max(done, start - LONGEST), start + (text[start] == "(")):
            start, opening = called.start(), called.end() - 1
        else:
            opening = start if text[start] == "(" else match.end() - 1
        end = _closed(text, opening)
        while (
            end is not None and end < len(text) and text[end] in "({"
        ):  # called at once, or followed by a block
            end = _closed(text, end)
        if end is not None:
            while end < len(text) and text[end] in ";)":
                end += 1
            if _is_of_the_page(text, start, end):
                yield start, end
            done = end


def _is_of_the_page(text: str, start: int, end: int) -> bool:
    """Whether a script names what pages are made of, or runs at once and stands between whole sentences."""
    before, after = text[:start].rstrip(), text[end:].lstrip()
    apart = (not before or before[-1] in '.!?”"’…') and (not after or after[0].isupper() or after[0] in '“"‘')
    at_once = text[start] in "(!" and text[start:end].rstrip(";").endswith(")")
    return bool(PAGE_SCRIPT.search(text, start, end)) or (bool(before or after) and apart and at_once)


def _closed(text: str, at: int) -> int | None:
    """Where the bracket at `at` is closed, and all within it; None where it is not."""
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
    """The text without the spans, white space mended where they stood."""
    for start, end in reversed(list(spans)):
        before, after = text[:start].rstrip(), text[end:].lstrip()
        apart = len(before) < start or len(after) < len(text) - end
        joint = " " if apart and before and after and after[0] not in ".,;:!?)]’”" else ""
        text = before + joint + after
    return text
