"""Boilerplate: lines that belong to the page and not to the article.

`cleaner` holds the cleaner itself. Most other modules each recognise one kind of line by its form. `line_classifier`
scores the lines that no rule has removed.
"""

from cleaners.boilerplate.cleaner import boilerplate

__all__ = ["boilerplate"]
