r"""Escapes of JSON and of databases that were never undone: "the mayor\u2019s office", "\"No,\" she said".

They come from text that was escaped twice. Text about programs has them on purpose, so a paragraph that looks like code
stays as it is.
"""

from __future__ import annotations

import functools
import re
from typing import Final

#: What only a text about programs, paths or formulas contains beside escapes.
_CODE: Final = re.compile(
    r"[{}`]|[=!<>]=|;\s*$|\$\w|\b(?:[A-Za-z]:\\|regex|regexp|escap\w+|backslash|Unicode|JSON|ASCII|UTF-8"
    r"|printf?|echo|strings?|newline|LaTeX|bash|javascript)|\\[^\W\dunrtbf]|\\\\[^nrtu\"'/\\]",
    re.IGNORECASE,
)
_UNICODE: Final = r"\\{1,4}u(?:[dD][89abAB][0-9a-fA-F]{2}\\{1,4}u[dD][c-fC-F][0-9a-fA-F]{2}|[0-9a-fA-F]{4})"
#: An escaped line break: between the end of a sentence, or a word, and the next one.
_BREAK: Final = (
    r"(?:(?<=[.!?:”’…)])|(?<=[.!?,]\")|(?<=[.!?,]\\\"))(?:\\{1,4}[rnt]\s?){1,8}(?=[^\W\d_a-z]|[\"“‘(\d–—-]|\\|\Z)"
    r"|(?<=\w)(?:\\{1,4}[rn]){1,8}(?=[A-Z][a-z])"
)
_QUOTED: Final = re.compile(
    r"(?<![\w\\])\\{1,4}\"(?=[\w“‘(.\\])([^\"]{1,2000}?)(?<=[\w.,!?”’)…-])\\{1,4}\"(?!\w)"
)
_APOSTROPHE: Final = r"(?<=\w)\\{1,4}'(?=\w)"
_ADDRESS: Final = re.compile(r"\bhttps?:\\{1,4}/\\{1,4}/[^\s\"<>]+")
_ESCAPE: Final = re.compile("|".join((_UNICODE, _BREAK, _APOSTROPHE)))
#: Where there are escaped characters, too, any line break is one.
_ESCAPE_AND_BREAK: Final = re.compile(
    "|".join((_UNICODE, r"\\{1,4}[rnt](?:\s?\\{1,4}[rnt]){0,8}", _APOSTROPHE))
)
#: Words of prose; lines of encoded binary data have hardly any.
_WORD: Final = re.compile(r"(?:(?<=\s)|\A)[\"'(]?(?:[a-zA-Z]|\\{1,4}['\"]){2,}")
MIN_WORDS: Final = 3
_HEX: Final = re.compile("[0-9a-fA-F]{4}")
#: What is written as \uXXXX in JSON and stands in news: no controls, no private characters.
_WRITTEN: Final = re.compile(
    "[\xa0-\u1fff\u2010-\u2029\u2030-\u206f\u20a0-\u2bff\u3000-\ud7ff\uf900-\ufdff\ufe30-\uffef\U00010000-\U0001faff]"
)


def unescape(text: str) -> str:
    r"""The text with the escapes undone that its language cannot have; an escaped line break becomes a space.

    >>> unescape(r"The mayor\u2019s office said \u201cno\u201d.\nThe plan is dead.")
    'The mayor’s office said “no”. The plan is dead.'
    >>> unescape(r"Write \u2019 in JSON, and \n for a newline.")
    'Write \\u2019 in JSON, and \\n for a newline.'
    """
    if "\\" not in text or _CODE.search(text):
        return text
    has_characters = re.search(_UNICODE, text)
    if text.isascii() and not has_characters and len(_WORD.findall(text)) < MIN_WORDS:
        return text
    if not has_characters and re.search(r"\\[ntr][a-z]", text):
        return text  # a path or a formula
    text = (_ESCAPE_AND_BREAK if has_characters else _ESCAPE).sub(lambda escape: _unescaped(escape[0]), text)
    if not re.search(r'(?<!\\)"', text):
        text = _QUOTED.sub(r'"\1"', text)
    return _ADDRESS.sub(lambda match: match[0].replace("\\", ""), text)


@functools.lru_cache(1 << 10)
def _unescaped(escape: str) -> str:
    kind = escape.lstrip("\\")[0]
    if kind == "u":
        codes = [int(code, 16) for code in _HEX.findall(escape)]
        character = b"".join(code.to_bytes(2, "big") for code in codes).decode("utf-16-be", "replace")
        return character if _WRITTEN.fullmatch(character) else escape
    return " " if kind in "rnt" else kind
