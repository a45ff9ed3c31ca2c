"""Boilerplate: lines that belong to the page and not to the article.

`cleaner` holds the cleaner. The other modules are one kind of line each, told by its form; the `line_classifier` scores
what no rule has decided on.
"""

from cleaners.boilerplate.cleaner import boilerplate

__all__ = ["boilerplate"]
