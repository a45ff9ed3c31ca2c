"""Near-duplicate removal: signatures, candidates, the keep rule, and the document rules.

`cleaner` is the entry point for frames, and `near_duplicates` decides over all of them. Paragraphs with a common key
are candidates; exact verification of the candidates gives the witnesses.
"""

from cleaners.duplicate.cleaner import duplicate

__all__ = ["duplicate"]
