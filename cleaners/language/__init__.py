"""The language of documents, judged by the beginning of each."""

from cleaners.language.identifier import language, language_of_documents
from cleaners.language.model import preload

__all__ = ["language", "language_of_documents", "preload"]
