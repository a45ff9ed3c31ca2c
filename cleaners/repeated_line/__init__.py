"""Removal of what a source repeats across its documents: lines, and spans inside paragraphs.

`cleaner` removes lines, `inline_boilerplate` removes spans.
"""

from cleaners.repeated_line.cleaner import repeated_line
from cleaners.repeated_line.inline_boilerplate import inline_boilerplate

__all__ = ["inline_boilerplate", "repeated_line"]
