"""Near-duplicates: signatures, candidates, the keep rule, and the document rules.

`cleaner` holds the cleaner. Keys in common lead to candidates, and exact verification of candidates to witnesses.
"""

from cleaners.duplicate.cleaner import duplicate

__all__ = ["duplicate"]
