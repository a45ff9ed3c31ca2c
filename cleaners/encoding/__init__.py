"""Mojibake and other damage to text, repaired as ftfy does it, but for whole columns.

`cleaner` holds the cleaner, `columnar_ftfy` the function `fix_text`.
"""

from cleaners.encoding.cleaner import encoding, repair
from cleaners.encoding.columnar_ftfy import fix_text

__all__ = ["encoding", "fix_text", "repair"]
