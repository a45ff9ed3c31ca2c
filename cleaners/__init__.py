"""The cleaners: functions that take a frame of paragraphs and return it.

`PIPELINE` has them in the order in which they process a paragraph, each with what it does. Before it, `decoding` turns
bytes into text, `language` finds the language of a document, and `paragraphs` makes the frame. Cleaners do not know
files or each other.
"""

from cleaners.pipeline import PIPELINE, REASONS, Cleaner

__all__ = ["PIPELINE", "REASONS", "Cleaner"]
