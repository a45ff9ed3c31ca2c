"""Repairs of what ftfy leaves, each a step with an option of its own.

A step looks only at paragraphs that the scan finds SUSPECT (`cleaners.encoding.mojibake`), a few in a thousand.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from cleaners.encoding.charset_mixups import reread
from cleaners.encoding.escapes import unescape
from cleaners.encoding.lossy_quotes import restore_quotes
from cleaners.encoding.utf8_words import decode_words


def fix_charset_mixups(text: str, sure: bool = False) -> tuple[str, str]:
    """(text, name of the fix) where the text was decoded in the wrong single-byte charset throughout.

    >>> fix_charset_mixups("Ìîñò îñòàíåòñÿ îòêðûòûì äî âåñíû.")
    ('Мост останется открытым до весны.', 'redecode_windows_1252_as_windows_1251')
    """
    found = reread(text, sure)
    if found is None:
        return text, ""
    new, read_as, written_as = found
    return new, redecoded(read_as, written_as)


def redecoded(encoding: str, decoding: str) -> str:
    """The name of the fix that encodes a text as `encoding` and decodes it as `decoding`."""
    return f"redecode_{encoding}_as_{decoding}".replace("sloppy-", "").replace("-", "_").lower()


#: The steps that come before ftfy's, where ftfy's pattern for mojibake does not match.
FIRST: Final = ("decode_utf8_words", "fix_charset_mixups")
#: Option -> its step, in order. A step returns the text and the name of its fix, of which it may have none.
STEPS: Final[dict[str, Callable[[str], tuple[str, str]]]] = {
    "decode_utf8_words": lambda text: (decode_words(text), "decode_utf8_words"),
    "fix_charset_mixups": fix_charset_mixups,
    "unescape_json": lambda text: (unescape(text), "unescape_json"),
    "restore_lossy_quotes": lambda text: (restore_quotes(text), "restore_lossy_quotes"),
}

#: The step that comes first where the pattern does match; it then needs more evidence.
SURE: Final[dict[str, Callable[[str], tuple[str, str]]]] = {
    "fix_charset_mixups": lambda text: fix_charset_mixups(text, sure=True),
}


def fix(text: str, steps: tuple[str, ...], sure: bool = False) -> tuple[str, list[str]]:
    """(the text after the steps, the names of the fixes that changed it)."""
    names = []
    for step in steps:
        new, name = (SURE if sure else STEPS)[step](text)
        if new != text:
            text = new
            names.append(name)
    return text, names
