"""How the matches of a regular expression begin, so that it need not be tried on every line.

This understands what phrases are usually written with: characters, alternatives, repetition and the common classes. For
a regular expression that goes beyond these, it finds no beginnings.
"""

from __future__ import annotations

import re
from collections import deque
from typing import Final

from cleaners.phrases.characters import byte_comparable, is_plain

MAX_CHARACTERS: Final = 12  # in a beginning; what follows is cut off
MAX_BEGINNINGS: Final = 300  # of one regular expression

_TOKEN: Final = re.compile(
    r"(?P<group>\((?:\?(?:-?i)?:|(?!\?)))|(?P<end>[|)])"
    r"|(?P<repeat>(?:[*+?]|\{[0-9]+(?:,[0-9]*)?\})\??(?![*+?{]))"
    r"|(?P<place>(?:[$^]|\\[bB])(?![*+?{]))"
    # classes without ranges only, so that they can be seen to contain no letter
    r"|(?P<no_letter>\\[Wsd]|\[(?:\\[Wsd]|\\?[^\w\\^&~\[\]-]|\\[\\^&~\[\]-])+-?\])"
    r"|(?P<other>\.|\\[wSD]|\\[pP](?:\{\w+\}|[A-Z])|\[\^?(?:\\[wWsSdD]|\\[pP]\{\w+\}|\\[^\w\s]|[^\\&~\[\]])+\])"
    r"|(?P<character>\\[^\w\s<>]|[^\\.*+?()|{}\[\]^$])"
)

_CLASS_WITHIN: Final = re.compile(r"\\[Wsd]")
_ESCAPE: Final = re.compile(r"\\(.)")

#: A text that a match may begin with, and whether it is still open: what follows can extend it.
_Path = tuple[str, bool]
_NOTHING: Final[_Path] = ("", True)
_ANYTHING: Final[_Path] = ("", False)


class _Unsupported(Exception):
    """The regular expression uses what this module does not understand."""


def beginnings(regex: str, *, letters: bool) -> set[str]:
    """The texts with which the matches in lines of plain characters begin, in any case; "" stands for an unknown one.

    With `letters`, every such line that matches begins with the letters of one of the texts, whatever stands between
    these letters. That is known only of regular expressions that begin with `^`.

    >>> sorted(beginnings(r"(?:sign up|subscribe) to\\b", letters=False))
    ['sign up to', 'subscribe to']
    >>> sorted(beginnings("[.!] more$", letters=False))
    ['! more', '. more']
    >>> sorted(beginnings(r"^\\W*read (?:more|also):", letters=True))
    ['read also:', 'read more:']
    """
    try:
        tokens = _tokens(regex)
        if letters and tokens[:1] != [("place", "^")]:
            return {""}
        left = deque(tokens)
        paths = _sequence(left, letters) if letters else _alternatives(left, letters)
    except _Unsupported:
        return {""}
    return {""} if left else {text for text, _ in paths}


def _tokens(regex: str) -> list[tuple[str, str]]:
    tokens = []
    at = 0
    while at < len(regex):
        match = _TOKEN.match(regex, at)
        if match is None or match.lastgroup is None or "--" in match[0]:
            raise _Unsupported
        tokens.append((match.lastgroup, match[0]))
        at = match.end()
    return tokens


def _alternatives(tokens: deque[tuple[str, str]], letters: bool) -> set[_Path]:
    paths = _sequence(tokens, letters)
    while tokens and tokens[0] == ("end", "|"):
        tokens.popleft()
        paths |= _sequence(tokens, letters)
    return paths


def _sequence(tokens: deque[tuple[str, str]], letters: bool) -> set[_Path]:
    paths = {_NOTHING}
    while tokens and tokens[0][0] != "end":
        item = _item(tokens, letters)
        if tokens and tokens[0][0] == "repeat":
            item = _repeated(item, tokens.popleft()[1])
        paths = _joined(paths, item)
    return paths


def _item(tokens: deque[tuple[str, str]], letters: bool) -> set[_Path]:
    match tokens.popleft():
        case "group", _:
            paths = _alternatives(tokens, letters)
            if not tokens or tokens.popleft() != ("end", ")"):
                raise _Unsupported
            return paths
        case "place", _:
            return {_NOTHING}
        case "no_letter", text if letters and not _has_case(re.sub(r"\\[Wsd]", "", text)):
            return {_NOTHING}
        case "no_letter", text if not letters and text[0] == "[" and not _CLASS_WITHIN.search(text):
            return {path for one in _ESCAPE.sub(r"\1", text[1:-1]) for path in _character(one, letters)}
        case "character", text:
            return _character(text[-1], letters)
        case "no_letter" | "other", _:
            return {_ANYTHING}
        case _:
            raise _Unsupported


def _character(character: str, letters: bool) -> set[_Path]:
    if not is_plain(character):  # then no line has it, but a line may have the letter in another case
        return {_ANYTHING} if _has_case(character) else set()
    if letters:
        return {(character, True)}
    small = character.lower()
    return {(small, True) if len(small) == 1 and byte_comparable()[ord(small)] else _ANYTHING}


def _has_case(text: str) -> bool:
    return text.upper() != text.lower()


def _repeated(item: set[_Path], how: str) -> set[_Path]:
    """The paths of an item that may be left out or repeated, as `how` says (`?`, `*`, `+` or `{m,n}`)."""
    if how[0] != "?":
        item = {path if path == _NOTHING else (path[0], False) for path in item}
    return item if how[0] in "+{" and how[1:2] != "0" else item | {_NOTHING}


def _joined(paths: set[_Path], item: set[_Path]) -> set[_Path]:
    joined = {path for path in paths if not path[1]}
    for text, is_open in paths:
        if is_open:
            joined |= {
                ((text + more)[:MAX_CHARACTERS], on and len(text + more) < MAX_CHARACTERS)
                for more, on in item
            }
    if len(joined) > MAX_BEGINNINGS:
        raise _Unsupported
    return joined
