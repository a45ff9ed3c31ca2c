"""The cleaners: functions that take a frame of paragraphs and return it.

`PIPELINE` has them in the order in which they process a paragraph, each with what it does. Before it, `decoding` turns
bytes into text, `language` finds the language of a document, and `paragraphs` makes the frame. Cleaners do not know
files or each other.

For a text or a column of texts there are `fix_text`, `language_of`, `signatures` and `find_duplicates`; see `texts`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cleaners.pipeline import PIPELINE, REASONS, Cleaner

if TYPE_CHECKING:
    from cleaners.texts import find_duplicates, fix_text, language_of, signatures

__all__ = [
    "PIPELINE",
    "REASONS",
    "Cleaner",
    "find_duplicates",
    "fix_text",
    "language_of",
    "signatures",
]


def __getattr__(name: str) -> Any:
    """The functions of `texts`, which is imported when the first of them is asked for: the command starts sooner."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from cleaners import texts

    return getattr(texts, name)
