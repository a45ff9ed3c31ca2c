"""Boilerplate inside a paragraph that is recognised by shape alone: one function for each shape.

Each function takes a text and returns it without the boilerplate. `inline_prefilter` knows the few texts that may have
any. A single space replaces it, or nothing before a
closing punctuation mark. A text without boilerplate is returned unchanged.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Final

import numpy as np

from cleaners.repeated_line.closing_credits import closing_credits
from cleaners.repeated_line.inline_patterns import (
    BEFORE_FUNCTION,
    CALLED,
    CALLED_END,
    FUNCTION,
    LABELS,
    MAX_SPAN,
    MORE,
    OPENING,
    PAGE_SCRIPT,
    PLAYER,
    SHORTCODE,
    InlinePatterns,
)
from cleaners.repeated_line.markup_tags import cut_tags
from cleaners.repeated_line.whole_promo import without_promo

#: Boilerplate is nested less deeply than this. A text that is not, takes no longer for it.
MAX_ROUNDS: Final = 30
#: The characters of the longest call around a function, and of the longest last sentence that is a plea.
MAX_CALLED: Final = 61
#: Spaces in what `glued_name` and `repeated_name` match: fewer than.
NAME_SPACES: Final = 40
MAX_PLEA: Final = 400

_BRACKETS: Final = np.isin(np.arange(256), list(map(ord, "(){}[]")))


def teasers_after_a_name(text: str, patterns: InlinePatterns) -> str:
    """The text without the full name and the teasers that some pages insert after a name.

    "Sen. Jane Doe Jane Mary DoeMayor opens bridge | Ferry sinks MORE (I-Stell) said so." becomes
    "Sen. Jane Doe (I-Stell) said so.".
    """
    if " MORE" not in text:
        return text
    for pattern, kept in (
        (patterns.glued_name, lambda m: m[1] + (m[2] or "")),
        (patterns.repeated_name, lambda m: m[1]),
    ):
        for _ in range(MAX_ROUNDS):
            shorter = _without_teasers(text, pattern, kept)
            if shorter == text:
                break
            text = shorter
    return text


def _without_teasers(text: str, pattern: re.Pattern[str], kept: Callable[[re.Match[str]], str]) -> str:
    """The text with what is `kept` of each match of the pattern in place of the match and the teasers after it.

    The teasers go up to the next MORE, at most MAX_SPAN characters. They are not part of the pattern, because a regular
    expression would read them again for every name.
    """
    ends = [match.span() for match in MORE.finditer(text)]
    pieces: list[str] = []
    done, more, at = 0, 0, 0
    while more < len(ends):
        at = _before_words(text, at, ends[more][0] - MAX_SPAN)
        if not (match := pattern.search(text, at, ends[-1][0])):
            break
        while more < len(ends) and ends[more][0] < match.end():
            more += 1
        at = match.start() + 1
        if more < len(ends) and ends[more][0] - match.end() <= MAX_SPAN:
            pieces += text[done : match.start()], kept(match)
            done = at = ends[more][1]
    return "".join(pieces) + text[done:] if pieces else text


def _before_words(text: str, at: int, end: int) -> int:
    """The last place from `at` on, or `at`, from which no name reaches `end`: names before it are too far from MORE."""
    if end - at > MAX_SPAN:
        start = end
        for _ in range(NAME_SPACES):
            start = text.rfind(" ", at, start)
            if start < 0:
                return at
        return start
    return at


def player_messages(text: str, _: InlinePatterns) -> str:
    """The text without what a media player, a picture frame or another frame of the page shows before its text.

    "Media playback is unsupported on your device Media caption The ferry at sea" becomes
    "The ferry at sea".
    """
    begins = text.startswith(LABELS)
    return _cut(text, _spans(PLAYER, text)) if begins or "layback is " in text else text


def bracketed_teasers(text: str, patterns: InlinePatterns) -> str:
    """The text without "(RELATED: ...)" and "[Read more: ...]", in the languages of the phrases.

    "The talks are over. (RELATED: Ferries (All Of Them) Stop) Boats sail." becomes
    "The talks are over. Boats sail.".
    """
    return _cut(text, _spans(patterns.related, text))


def advertisement_marks(text: str, patterns: InlinePatterns) -> str:
    """The text without "Story continues below advertisement" and similar notices.

    "It was late. Advertisement Story continues below advertisement They slept." becomes
    "It was late. They slept.".
    """
    begins = any(begin in text for begin in patterns.notice_begins)  # the pattern is slow
    return _cut(text, _spans(patterns.notice, text)) if begins else text


def closing_pleas(text: str, patterns: InlinePatterns) -> str:
    """The text without the last sentences that ask for a click or a subscription, and without the rest of the promo.

    "Boats sail at noon. Click here to subscribe." becomes
    "Boats sail at noon.".
    """
    end = len(text)
    while plea := patterns.plea.search(text, _last_sentence(text, end), end):
        end = _end_before(text, plea.start())
    return text if end == len(text) else without_promo(text[:end], text[end:], patterns.promo)


def _last_sentence(text: str, end: int) -> int:
    """Where the end of the sentence before the last one is, at most MAX_PLEA characters before `end`."""
    first = max(0, end - MAX_PLEA)
    return max(first, *(text.rfind(mark, first, end - 1) for mark in ".!?…"))


def shortcodes(text: str, _: InlinePatterns) -> str:
    """The text without the shortcodes of a publishing system, such as "[embed ...]".

    `He wrote: [embedtweet id="12"] That was all.` becomes
    "He wrote: That was all.".
    """
    return _cut(text, _spans(SHORTCODE, text)) if "[" in text else text


def tags(text: str, _: InlinePatterns) -> str:
    """The text without the tags of HTML, Markdown and templates that are left in it; what they enclose stays.

    "The ferry <b>sails</b> at noon.{{ad}}" becomes
    "The ferry sails at noon.".
    """
    return cut_tags(text)


def scripts(text: str, _: InlinePatterns) -> str:
    """The text without JavaScript functions, up to their balanced closing bracket, and the calls around them.

    "Boats sail. (function(d){ d.load('x'); })(document); They are late." becomes
    "Boats sail. They are late.".
    """
    return _cut(text, _script_spans(text)) if "function" in text else text


SHAPES: Final[tuple[Callable[[str, InlinePatterns], str], ...]] = (
    scripts,
    shortcodes,
    teasers_after_a_name,
    player_messages,
    bracketed_teasers,
    advertisement_marks,
    closing_pleas,
    closing_credits,
    tags,
)


def _spans(pattern: re.Pattern[str], text: str) -> Iterator[tuple[int, int]]:
    return (match.span() for match in pattern.finditer(text) if match.end() > match.start())


def _script_spans(text: str) -> Iterator[tuple[int, int]]:
    """The spans of functions, with the call that they are an argument of and the semicolon after them.

    A function whose brackets do not balance has no span.
    """
    functions = list(_functions(text))
    done, closed = 0, _closing_brackets(text) if functions else {}
    for begin, start, head in functions:
        if begin < done:
            continue
        last = start + (text[start] == "(")
        called = CALLED_END.search(
            text, max(done, last - 4), last
        )  # quick, and most functions are not called so
        if called and (called := CALLED.search(text, max(done, start - MAX_CALLED), last)):
            start, opening = called.start(), called.end() - 1
        else:
            opening = start if text[start] == "(" else head - 1
        end = closed.get(opening)
        # the function may be called at once, or a block may follow
        while end is not None and end < len(text) and text[end] in "({":
            end = closed.get(end)
        if end is not None:
            while end < len(text) and text[end] in ";)":
                end += 1
            if _is_of_the_page(text, start, end):
                yield start, end
            done = end


def _functions(text: str) -> Iterator[tuple[int, int, int]]:
    """The functions: where what belongs to them begins, where the script begins, and where the function's body does."""
    done, at = 0, text.find("function")
    while at >= 0:
        if match := FUNCTION.match(text, at):
            begin = at
            for marks in BEFORE_FUNCTION:
                begin -= begin > done and text[begin - 1] in marks
            yield begin, at - len(text[begin:at].lstrip(";!+ ")), match.end()
            done = match.end()
        at = text.find("function", max(done, at + 1))


def _is_of_the_page(text: str, start: int, end: int) -> bool:
    """Whether a script matches PAGE_SCRIPT, or is called at once and stands between whole sentences."""
    if PAGE_SCRIPT.search(text, start, end):
        return True
    before, after = _end_before(text, start), _start_after(text, end)
    apart = (before == 0 or text[before - 1] in '.!?”"’…') and (
        after == len(text) or text[after].isupper() or text[after] in '“"‘'
    )
    last = end
    while last > start and text[last - 1] == ";":
        last -= 1
    at_once = text[start] in "(!" and text[last - 1] == ")"
    return (before > 0 or after < len(text)) and apart and at_once


def _end_before(text: str, at: int) -> int:
    """Where the text before `at` ends, without the white space at its end."""
    while at > 0 and text[at - 1].isspace():
        at -= 1
    return at


def _start_after(text: str, at: int) -> int:
    """Where the text from `at` on starts, without the white space at its start."""
    while at < len(text) and text[at].isspace():
        at += 1
    return at


def _closing_brackets(text: str) -> dict[int, int]:
    """The position after the closing bracket, by the position of the opening one; without those that do not balance."""
    closed: dict[int, int] = {}
    waiting: list[int] = []
    for place in _brackets(text):
        character = text[place]
        if character in OPENING:
            waiting.append(place)
        elif waiting and OPENING[text[waiting[-1]]] == character:
            closed[waiting.pop()] = place + 1
        else:
            waiting.clear()  # none of the brackets that are open here balances
    return closed


def _brackets(text: str) -> Sequence[int]:
    """The positions of the brackets."""
    characters = np.frombuffer(text.encode("latin-1", "replace"), np.uint8)  # a byte for each character
    places: list[int] = np.flatnonzero(_BRACKETS[characters]).tolist()
    return places


def _cut(text: str, spans: Iterator[tuple[int, int]]) -> str:
    """The text without the spans, with white space normalised where they were."""
    pieces: list[str] = []
    kept = 0
    for start, end in spans:
        pieces.append(text[kept:start])
        kept = end
    if not pieces:
        return text
    pieces.append(text[kept:])
    return _joined(pieces)


def _joined(pieces: list[str]) -> str:
    """The pieces without white space where they meet, and with a space there if there was some."""
    done: list[str] = []
    space = False
    for number, piece in enumerate(pieces):
        bare = piece.lstrip() if number else piece
        space |= len(bare) < len(piece)
        last = number == len(pieces) - 1
        shorter = bare if last else bare.rstrip()
        if shorter:
            if done and space and shorter[0] not in ".,;:!?)]’”":
                done.append(" ")
            done.append(shorter)
            space = False
        space |= len(shorter) < len(bare)
    return "".join(done)
