"""The cleaners, in the order in which they process a paragraph.

    decoding             bytes to text
    language             finds the language of a document
    paragraphs           text to a frame with one row per paragraph; the verbs `rewrite` and `remove`
    encoding             rewrites: repairs mojibake and other damage, a columnar ftfy
    repeated_headline    removes: the headline where it is printed again
    related_articles     removes: "Related Articles" and the teasers after it
    boilerplate          removes: lines such as share bars, newsletter pleas, cookie and copyright notices
    inline_boilerplate   rewrites: takes boilerplate out of a paragraph and keeps the rest
    repeated_line        removes: lines that a source repeats across its documents
    duplicate            removes: near-duplicate paragraphs, and documents that consist of little else

From `encoding` on, each is a function that takes a frame and returns it. Cleaners do not know files or each other.
"""

from cleaners.pipeline import PIPELINE, REASONS, Cleaner

__all__ = ["PIPELINE", "REASONS", "Cleaner"]
