"""The standard streams of a command: printable, and lost without harm.

What reaches stdout or stderr without passing a rich console (usage errors, warnings, logs, tracebacks of libraries) is
made printable by the stream itself. Consoles write styles and therefore write to the stream below; `Screen` makes their
text printable before it is styled.

A stream that is closed, full or a broken pipe loses what is printed, and nothing else: a run that was started is
finished and published, and its exit code says so.
"""

from __future__ import annotations

import errno
import io
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Final, TextIO, cast

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from flows.printable import printable

#: Also what a closed stream is replaced with.
STANDARD: Final = (0, 1, 2)
#: The end of a style. colorama, which numba loads, writes it to a terminal when Python exits.
RESET: Final = "\x1b[0m"


class LossyStream(io.TextIOBase):
    """A text stream whose first failure silences it; a failure other than a broken pipe is kept as `error`."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.error: OSError | None = None
        self.has_reader = True  # False after the first failure: what is printed goes nowhere

    def write(self, text: str) -> int:
        """Write the text, or lose it."""
        self._attempt(lambda: self._stream.write(text))
        return len(text)

    def flush(self) -> None:
        """Flush the stream, or lose what it holds."""
        self._attempt(self._stream.flush)

    def isatty(self) -> bool:
        """Whether the stream is a terminal."""
        return self._stream.isatty()

    def fileno(self) -> int:
        """The descriptor of the stream."""
        return self._stream.fileno()

    def writable(self) -> bool:
        """A stream that can be written, in its own way."""
        return True

    @property
    def closed(self) -> bool:
        """Whether the stream is closed, as others than this class may do."""
        return self._stream.closed

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """The encoding of the stream."""
        return self._stream.encoding

    def _attempt(self, act: Callable[[], object]) -> None:
        if self._stream.closed:
            return
        try:
            act()
        except OSError as error:
            self.has_reader = False
            if error.errno != errno.EPIPE:
                self.error = error
            # what is still buffered goes nowhere, instead of failing again when Python exits
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, self._stream.fileno())
            os.close(null)


class PrintableStream(LossyStream):
    """A lossy stream that escapes everything but line ends."""

    @property
    def rich_proxied_file(self) -> LossyStream:
        """The stream for rich's consoles (the name is rich's), whose styles are escape sequences."""
        return self._below

    def __init__(self, below: LossyStream) -> None:
        super().__init__(cast(TextIO, below))
        self._below = below

    def write(self, text: str) -> int:
        """Write the printable text, or lose it."""
        super().write(text if text == RESET else printable(text, keep="\n"))
        return len(text)


class Screen(Console):
    """A console that prints text as it is, without markup, and escapes what is not printable in it.

    A string is printed as one line, whatever is in it; several lines are several strings.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(highlight=False, soft_wrap=True, markup=False, emoji=False, **options)

    def print(self, *objects: Any, sep: str = "\n", **options: Any) -> None:
        """Print strings, a line each, and renderables."""
        super().print(*(printable(o) if isinstance(o, str) else o for o in objects), sep=sep, **options)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """The segments of a renderable, each printable."""
        for segment in super().render(renderable, options):
            text, style, control = segment
            yield segment if control else Segment(printable(text, keep="\n"), style)

    @property
    def is_lost(self) -> bool:
        """Whether something that was printed could not be written, other than to a closed pipe."""
        return getattr(self.file, "error", None) is not None

    @property
    def has_reader(self) -> bool:
        """Whether what is printed still goes anywhere, as far as is known."""
        return getattr(self.file, "has_reader", True)


@contextmanager
def standard_streams() -> Iterator[None]:
    """Replace stdout and stderr by printable streams, inside the block."""
    before = sys.stdout, sys.stderr
    _occupy_descriptors()
    streams = []
    for number, stream in zip(STANDARD[1:], before, strict=True):
        if stream is None:  # it was closed when Python started
            stream = open(number, "w", closefd=False, encoding="utf-8")  # noqa: SIM115 - a descriptor
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # for terminals without Unicode
        streams.append(LossyStream(stream))
    out, err = streams
    sys.stdout, sys.stderr = cast(TextIO, PrintableStream(out)), cast(TextIO, PrintableStream(err))
    try:
        yield
    finally:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        if out.error:
            err.write(f"copydesk: the output could not be written: {out.error.strerror}\n")
            err.flush()
        sys.stdout, sys.stderr = before


def _occupy_descriptors() -> None:
    """Open descriptors that were closed when Python started: otherwise a file of the dataset would get their number.

    Whatever writes to stdout or stderr below Python would then write into that file.
    """
    for number in STANDARD:
        try:
            os.fstat(number)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)
