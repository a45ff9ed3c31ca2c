"""Repairs mojibake and other damage to text as ftfy does it, for whole columns.

`cleaner` has the cleaner `encoding`, `columnar_ftfy` the function `fix_text`.
"""

from cleaners.encoding.cleaner import encoding, repair
from cleaners.encoding.columnar_ftfy import fix_text
from cleaners.encoding.lossy_quotes import may_have_lost_quotes

__all__ = ["encoding", "fix_text", "may_have_lost_quotes", "repair"]
