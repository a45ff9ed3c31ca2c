"""Repairs of what ftfy leaves, each a step with an option of its own.

A step looks only at paragraphs that the scan finds SUSPECT (`cleaners.encoding.scan`), a few in a thousand.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from cleaners.encoding.charset_mixups import reread
from cleaners.encoding.escapes import unescape
from cleaners.encoding.lossy_quotes import restore_quotes
from cleaners.encoding.utf8_words import decode_words

#: What a step makes of each text, and the name of the fix.
Fixed = list[tuple[str, str]]


def fix_charset_mixups(texts: Sequence[str], sure: bool = False) -> Fixed:
    """(text, name of the fix) for each text, with those decoded again that were in the wrong charset throughout.

    >>> fix_charset_mixups(["Ìîñò îñòàíåòñÿ îòêðûòûì äî âåñíû."])
    [('Мост останется открытым до весны.', 'redecode_windows_1252_as_windows_1251')]
    """
    return [
        (found[0], redecoded(*found[1:])) if found else (text, "")
        for text, found in zip(texts, reread(texts, sure=sure), strict=True)
    ]


def redecoded(encoding: str, decoding: str) -> str:
    """The name of the fix that encodes a text as `encoding` and decodes it as `decoding`."""
    return f"redecode_{encoding}_as_{decoding}".replace("sloppy-", "").replace("-", "_").lower()


#: The steps that come before ftfy's, where ftfy's pattern for mojibake does not match.
FIRST: Final = ("decode_utf8_words", "fix_charset_mixups")
#: Option -> its step, in order.
STEPS: Final[dict[str, Callable[[Sequence[str]], Fixed]]] = {
    "decode_utf8_words": lambda texts: [(text, "decode_utf8_words") for text in decode_words(texts)],
    "fix_charset_mixups": fix_charset_mixups,
    "unescape_json": lambda texts: [(unescape(text), "unescape_json") for text in texts],
    "restore_lossy_quotes": lambda texts: [(restore_quotes(text), "restore_lossy_quotes") for text in texts],
}

#: The step that comes first where the pattern does match; it then needs more evidence.
SURE: Final[dict[str, Callable[[Sequence[str]], Fixed]]] = {
    "fix_charset_mixups": lambda texts: fix_charset_mixups(texts, sure=True),
}


def fix(texts: list[str], steps: tuple[str, ...], sure: bool = False) -> tuple[list[str], list[list[str]]]:
    """(the texts after the steps, the names of the fixes that changed each)."""
    names: list[list[str]] = [[] for _ in texts]
    for step in steps:
        fixed = (SURE if sure else STEPS)[step](texts)
        for row, (new, name) in enumerate(fixed):
            if new != texts[row]:
                names[row].append(name)
        texts = [new for new, _ in fixed]
    return texts, names
