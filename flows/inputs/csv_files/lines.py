"""The lines of a CSV file. They can be taken, looked at and returned, until it is clear where a row ends."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterator
from typing import Final

from flows.inputs.bounds import Unreadable
from flows.inputs.csv_files.dialect import Layout

FIRST_CHECK: Final = 8  # lines of a row after which it is first asked whether they look like rows


class Swallowed(Exception):
    """The quotes of a row open in one row and close in another."""


class Encoded(str):
    """A line of another encoding than most."""

    def __new__(cls, text: str, encoding: str) -> Encoded:
        """The text of a line, and the encoding of its bytes."""
        line = super().__new__(cls, text)
        line.encoding = encoding
        return line

    encoding: str


class Lines:
    """The lines of a file, each with a line end, for the csv module, which takes as many as a row spans.

    Lines that were taken can be returned. `limit` bounds the characters of a row.
    """

    def __init__(self, source: Iterator[str], usual: str, too_large: str, limit: int) -> None:
        """`usual` is the encoding of all lines that are not `Encoded`."""
        self._source = source
        self._usual = usual
        self._limit, self._too_large = limit, too_large
        self._returned: deque[str] = deque()
        self._error: Unreadable | None = None
        self._change: Callable[[str], list[str]] | None = None
        self._before = 0  # lines before the current row
        self.layout: Layout | None = None
        self.taken: list[str] = []
        self.begin_row()

    def begin_row(self) -> None:
        """Reset what is known of the current row."""
        self._before += len(self.taken)
        self.taken = []
        self.encoding = self._usual
        self.size = 0  # characters
        self._check_at = FIRST_CHECK

    @property
    def number(self) -> int:
        """The number of the last line taken."""
        return self._before + len(self.taken)

    def __iter__(self) -> Iterator[str]:
        """The lines; raises Unreadable where there are more that cannot be read, and Swallowed."""
        while True:
            taken = self.taken
            if len(taken) >= self._check_at:
                self._check_at *= 2
                if self.layout is not None and self.layout.is_swallowed(taken):
                    raise Swallowed
            if self._returned or self._change is not None:
                text = self.take()
            else:  # as `take` does, without the call
                text = next(self._source, None)
                if text is not None:
                    if type(text) is Encoded:
                        self.encoding = text.encoding
                    taken.append(text)
                    self.size += len(text)
            if text is None:
                self.refuse_if_unreadable()
                return
            if self.size > self._limit:
                raise Unreadable(self._too_large)
            yield text

    def take(self) -> str | None:
        """The next line as one more of the current row; None after the last that can be read."""
        if self._returned:
            text = self._returned.popleft()
        elif self._error is not None:
            return None
        else:
            try:
                found = next(self._source, None)
            except Unreadable as error:
                self._error = error
                return None
            if found is None:
                return None
            text = found
            if self._change is not None:
                self._returned.extend(_changed(text, self._change))
                text = self._returned.popleft()
        if isinstance(text, Encoded):
            self.encoding = text.encoding
        self.taken.append(text)
        self.size += len(text)
        return text

    def give_back(self, keep: int) -> None:
        """Return all lines of the current row but the first `keep`."""
        self._returned.extendleft(reversed(self.taken[keep:]))
        del self.taken[keep:]
        others = [line.encoding for line in self.taken if isinstance(line, Encoded)]
        self.encoding = others[-1] if others else self._usual

    def sample(self, size: int) -> tuple[list[str], bool]:
        """(lines, whole): the first lines, about `size` characters, and whether the file ends with them."""
        while self.size < size and self.take() is not None:
            pass
        sample, whole = list(self.taken), self.size < size and self._error is None
        self.give_back(0)
        self.begin_row()
        return sample, whole

    def change(self, change: Callable[[str], list[str]]) -> None:
        """From now on, each line is replaced by one or more."""
        self._change = change
        lines, self._returned = self._returned, deque()
        self._returned.extend(part for text in lines for part in _changed(text, change))

    def refuse_if_unreadable(self) -> None:
        """Raise Unreadable if the file can be read only up to here."""
        if self._error is not None:
            raise self._error

    def skip(self, count: int) -> None:
        """Leave out the next lines."""
        for _ in range(count):
            self.take()
        self.begin_row()


def _changed(text: str, change: Callable[[str], list[str]]) -> list[str]:
    parts = change(text)
    return [Encoded(part, text.encoding) for part in parts] if isinstance(text, Encoded) else parts


def split_at_carriage_returns(line: str) -> list[str]:
    r"""The lines in a line, each with the carriage return that ends it.

    >>> split_at_carriage_returns("one\rtwo\n")
    ['one\r', 'two\n']
    """
    return [part for part in re.split(r"(?<=\r)", line) if part]


def unwrapped(line: str) -> list[str]:
    r"""A line of a row that is a single quoted cell, as spreadsheets save a CSV file that they did not split.

    >>> unwrapped('"1,""one, two"",A"\n')
    ['1,"one, two",A\n']
    """
    text = line.rstrip("\r\n")
    first, last = len(text) - len(text.lstrip('"')), len(text) - len(text.rstrip('"'))
    inner = text[first % 2 : len(text) - (last % 2 if last < len(text) else 0)]
    return [inner.replace('""', '"') + line[len(text) :]]
