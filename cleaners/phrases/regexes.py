"""How the matches of a regular expression begin, so that it need not be tried on every line.

Understood is what phrases are mostly written with: characters, alternatives, repetition, the usual classes. Nothing is
told of a regular expression that goes beyond these.
"""

from __future__ import annotations

import re
from collections import deque
from typing import Final

from cleaners.phrases.characters import bytes_tell, is_plain

#: A beginning is told up to this length, and so many of them at most.
LONGEST: Final = 12
MOST: Final = 300

_TOKEN: Final = re.compile(
    r"(?P<group>\((?:\?(?:-?i)?:|(?!\?)))|(?P<end>[|)])"
    r"|(?P<repeat>(?:[*+?]|\{[0-9]+(?:,[0-9]*)?\})\??(?![*+?{]))"
    r"|(?P<place>(?:[$^]|\\[bB])(?![*+?{]))"
    # no range, so that it is seen that there is no letter among them
    r"|(?P<no_letter>\\[Wsd]|\[(?:\\[Wsd]|\\?[^\w\\^&~\[\]-]|\\[\\^&~\[\]-])+-?\])"
    r"|(?P<other>\.|\\[wSD]|\\[pP](?:\{\w+\}|[A-Z])|\[\^?(?:\\[wWsSdD]|\\[pP]\{\w+\}|\\[^\w\s]|[^\\&~\[\]])+\])"
    r"|(?P<character>\\[^\w\s<>]|[^\\.*+?()|{}\[\]^$])"
)

#: What a match may begin with, and whether what comes then is told by what follows.
_Path = tuple[str, bool]
_NOTHING: Final[_Path] = ("", True)
_ANYTHING: Final[_Path] = ("", False)


class _NotTold(Exception):
    pass


def beginnings(regex: str, *, letters: bool) -> set[str]:
    """Each match in a line of plain characters begins with one of these, in any case; with "" if more cannot be told.

    With `letters`, each such line that matches begins with the letters of one of these, whatever stands between them;
    nothing is told then of a regular expression that may match elsewhere than at the start of a line.

    >>> sorted(beginnings(r"(?:sign up|subscribe) to\\b", letters=False))
    ['sign up to', 'subscribe to']
    >>> sorted(beginnings(r"^\\W*read (?:more|also):", letters=True))
    ['read also:', 'read more:']
    """
    try:
        tokens = _tokens(regex)
        if letters and tokens[:1] != [("place", "^")]:
            return {""}
        left = deque(tokens)
        paths = _sequence(left, letters) if letters else _alternatives(left, letters)
    except _NotTold:
        return {""}
    return {""} if left else {text for text, _ in paths}


def _tokens(regex: str) -> list[tuple[str, str]]:
    tokens = []
    at = 0
    while at < len(regex):
        match = _TOKEN.match(regex, at)
        if match is None or match.lastgroup is None or "--" in match[0]:
            raise _NotTold
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
                raise _NotTold
            return paths
        case "place", _:
            return {_NOTHING}
        case "no_letter", text if letters and not _has_case(re.sub(r"\\[Wsd]", "", text)):
            return {_NOTHING}
        case "character", text:
            return _character(text[-1], letters)
        case "no_letter" | "other", _:
            return {_ANYTHING}
        case _:
            raise _NotTold


def _character(character: str, letters: bool) -> set[_Path]:
    if not is_plain(character):  # so is no character of the line, but another case of a letter may be
        return {_ANYTHING} if _has_case(character) else set()
    if letters:
        return {(character, True)}
    small = character.lower()
    return {(small, True) if len(small) == 1 and bytes_tell()[ord(small)] else _ANYTHING}


def _has_case(text: str) -> bool:
    return text.upper() != text.lower()


def _repeated(item: set[_Path], how: str) -> set[_Path]:
    """What an item may begin with that may be left out, or may come again."""
    if how[0] != "?":
        item = {path if path == _NOTHING else (path[0], False) for path in item}
    return item if how[0] in "+{" and how[1:2] != "0" else item | {_NOTHING}


def _joined(paths: set[_Path], item: set[_Path]) -> set[_Path]:
    joined = {path for path in paths if not path[1]}
    for text, told in paths:
        joined |= {((text + more)[:LONGEST], on and len(text + more) < LONGEST) for more, on in item if told}
    if len(joined) > MOST:
        raise _NotTold
    return joined
