"""What a source repeats across its documents: lines, and spans inside paragraphs.

`cleaner` holds the cleaner of lines, `inline_boilerplate` that of spans.
"""

from cleaners.repeated_line.cleaner import repeated_line
from cleaners.repeated_line.inline_boilerplate import inline_boilerplate

__all__ = ["inline_boilerplate", "repeated_line"]
