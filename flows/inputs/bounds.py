"""What one input may cost: how deep it may nest, and how far it may grow."""

from __future__ import annotations

from typing import Final

#: Of nested lists and objects in records and front matter: well below what parsers bear.
MAX_DEPTH: Final = 300
SMALL: Final = 16_000_000  # bytes that any file may grow to, however small it is,
ALL_SMALL: Final = 4 * SMALL  # and bytes that all files read together may grow to beyond their ratio
MEGABYTE: Final = 1_000_000


class Unreadable(Exception):
    """A file cannot be read, or not to its end; the message says why."""


class Spare:
    """What the files that are read together have left of `ALL_SMALL`: many small bombs are one large one."""

    def __init__(self) -> None:
        self.left = ALL_SMALL


class Growth:
    """How many bytes come out of a file, of a known number of bytes."""

    def __init__(self, size: int, max_ratio: int, max_megabytes: int, spare: Spare | None = None) -> None:
        self.size = size  # of the file
        self._ratio, self._most = max_ratio, max_megabytes * MEGABYTE
        self._spare = spare or Spare()
        self._total = 0  # bytes that came out
        self._beyond = 0  # of these, more than the ratio allows

    def add(self, length: int, kind: str) -> None:
        """Count bytes that come out of data of that kind; raises Unreadable if there are too many."""
        self._total += length
        if self._total > self._most:
            raise Unreadable(
                f"{kind} data that grows to more than {self._most // MEGABYTE} MB ([inputs] max_file_megabytes)"
            )
        beyond = self._total - self.size * self._ratio
        if beyond > self._beyond:
            self._spare.left -= beyond - self._beyond
            self._beyond = beyond
            if self._total > SMALL or self._spare.left < 0:
                raise Unreadable(
                    f"{kind} data that grows to more than {self._ratio} times its size: perhaps a decompression bomb "
                    "([inputs] max_ratio)"
                )


def too_deep(what: str) -> str:
    """The error of something that is nested too deep."""
    return f"{what} nested more than {MAX_DEPTH} levels deep"
