"""The language of documents, from their heads."""

from cleaners.language.identifier import language, language_of_documents, preload

__all__ = ["language", "language_of_documents", "preload"]
