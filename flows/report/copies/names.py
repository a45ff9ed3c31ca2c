"""The names of the tables of copies and of their orders, as the command and Python take them."""

from __future__ import annotations

from enum import StrEnum


class By(StrEnum):
    """A table of copies, by what a row is."""

    PARAGRAPHS = "paragraphs"
    PAIRS = "pairs"
    SOURCES = "sources"
    CLUSTERS = "clusters"


class Order(StrEnum):
    """Whose print is the first one: that of the earliest date, or what was read first and is kept."""

    PUBLISHED = "published"
    READ = "read"
