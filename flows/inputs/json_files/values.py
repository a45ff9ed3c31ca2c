"""Where the values of a stream of JSON begin and end, in bounded memory.

Nothing is parsed here. The bytes are in a charset that has ASCII characters only where they are meant.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable
from typing import Final

from flows.inputs.bounds import MAX_DEPTH

OPEN_OBJECT, OPEN_ARRAY = b"{["
CLOSERS: Final = {OPEN_OBJECT: ord("}"), OPEN_ARRAY: ord("]")}
_OPENERS: Final = {closer: opener for opener, closer in CLOSERS.items()}

_QUOTE, _COLON, _COMMA = b'":,'
_WHITE: Final = b" \t\r\n"
#: What may stand between two values; others put byte order marks, commas or record separators there (RFC 7464).
_BETWEEN: Final = re.compile(rb"(?:[\s,\x1e]++|\xef\xbb\xbf)*+")
_STRING: Final = rb'"(?:[^"\\]++|\\.)*+"'
_REST_OF_STRING: Final = re.compile(rb'((?:[^"\\]++|\\.)*+)"', re.DOTALL)
_CUT_STRING: Final = re.compile(rb'(?:[^"\\]++|\\.)*+', re.DOTALL)
#: Members of an object or list up to the next bracket, or up to what is not JSON.
_MEMBERS: Final = re.compile(
    rb"(?:[\s,:]++|" + _STRING + rb"(?=\s*+[,:\]}])|[-+.\w]++(?=[\s,\]}]))*+", re.DOTALL
)
_LITERAL: Final = re.compile(rb"[-+.\w]++")
#: What counts where values are too deep: openers with all between them, closers, and strings, the last of which may
#: go on in the next chunk.
_DEEP: Final = re.compile(
    rb'[\[{](?:[^"{}\[\]]++|"[^"\\{}\[\]]*+"|[\[{])*+|[\]}]++|"(?:[^"\\]++|\\.)*+(?:"|(\\?)\Z)', re.DOTALL
)
_AFTER_STRING: Final = b",:]}"
_NO_BRACKET: Final = re.compile(rb'(?:[^"{}\[\]]++|' + _STRING + rb")*+", re.DOTALL)
_NAME: Final = re.compile(rb'"([^"\\]{1,64})"\s*:\s*\Z')
_TAIL: Final = 256  # bytes in which the name of a member is searched for


class Damaged(Exception):
    """What follows is not JSON; the message says what was found, `at` is its position in the bytes given last."""

    def __init__(self, message: str, at: int) -> None:
        super().__init__(message)
        self.at = at


class Extent:
    """The search for the end of an object or a list, chunk by chunk."""

    def __init__(self) -> None:
        self._open = (
            bytearray()
        )  # the closers of what is open, the innermost last; none of those beyond MAX_DEPTH,
        self._deeper = 0  # whose number this is
        self._last = _COLON  # the last byte that is not white; a quote stands for a string
        self._in_string = self._in_escape = False
        self._scanned = 0  # bytes of the chunks before
        self._closed: tuple[int, int] | None = None

    def end(self, data: bytes, at: int) -> int | None:
        """Just after the value that begins, or goes on, at `at`; None if it goes on in the next chunk.

        Raises Damaged where the bytes cannot be JSON, but not wherever they are not: the value still has to be parsed.
        """
        start = at
        while at < len(data):
            if self._in_string:
                at = self._after_string(data, at)
                continue
            if self._deeper:
                at = self._less_deep(data, at)
                continue
            begin, at = at, _MEMBERS.match(data, at).end()  # type: ignore[union-attr]  # it may be empty
            self._remember(data, begin, at)
            if at == len(data):
                break
            byte = data[at]
            if self._last == _QUOTE and byte not in _AFTER_STRING:
                raise _unexpected(data, at, " after a string")
            if byte in CLOSERS:
                inside = self._open[-1:] or b"]"
                if self._last != _COLON if inside == b"}" else self._last not in b"[,:":
                    raise _unexpected(data, at)
                if len(self._open) < MAX_DEPTH:
                    self._open.append(CLOSERS[byte])
                else:
                    self._deeper = 1
                self._last = byte
                at += 1
            elif byte in _OPENERS:
                if self._open[-1] != byte:
                    raise _unexpected(data, at, f" where '{self._open[-1:].decode()}' is missing")
                self._open.pop()
                self._last = byte
                at += 1
                if not self._open:
                    return at
                self._closed = self._scanned + at - start, len(self._open)
            elif byte == _QUOTE:
                if self._last not in b"{[,:":
                    raise _unexpected(data, at)
                self._in_string = True
                at += 1
            else:
                literal = _LITERAL.match(data, at)
                if not literal or literal.end() < len(data):
                    raise _unexpected(data, literal.end() if literal else at, " outside of a string")
                self._last, at = ord("0"), literal.end()
        self._scanned += len(data) - start
        return None

    def _less_deep(self, data: bytes, at: int) -> int:
        """Just after the value that is too deep, or the end of the chunk; nothing in it is checked."""
        for found in _DEEP.finditer(data, at):
            passed = found[0]
            if passed[0] == _QUOTE:
                self._in_string, self._in_escape = found[1] is not None, bool(found[1])
            elif passed[0] in CLOSERS:
                self._deeper += sum(map(passed.count, CLOSERS))
            elif len(passed) < self._deeper:
                self._deeper -= len(passed)
            else:
                end = found.start() + self._deeper
                self._deeper, self._last = 0, data[end - 1]
                return end
        return len(data)

    @property
    def closers(self) -> bytes:
        """What closes all that is open."""
        return bytes(reversed(self._open))

    @property
    def closed(self) -> tuple[int, bytes] | None:
        """(bytes up to the last member that is complete, what closes all that is open there); None if there is none."""
        if self._closed is None:
            return None
        length, depth = self._closed
        return length, bytes(reversed(self._open[:depth]))

    def _after_string(self, data: bytes, at: int) -> int:
        if self._in_escape:
            self._in_escape = False
            at += 1
        if found := _REST_OF_STRING.match(data, at):
            self._in_string = False
            self._last = _QUOTE
            return found.end()
        self._in_escape = _CUT_STRING.match(data, at).end() < len(data)  # type: ignore[union-attr]
        return len(data)

    def _remember(self, data: bytes, begin: int, at: int) -> None:
        """Note the last byte before `at` that is not white, and check the first one after a string."""
        if self._last == _QUOTE:
            first = begin
            while first < at and data[first] in _WHITE:
                first += 1
            if first < at and data[first] not in _AFTER_STRING:
                raise _unexpected(data, first, " after a string")
        while begin < at and data[at - 1] in _WHITE:
            at -= 1
        if begin < at:
            self._last = data[at - 1]


def _unexpected(data: bytes, at: int, where: str = "") -> Damaged:
    found = data[at : at + 1].decode("ascii", "backslashreplace")
    return Damaged(f"unexpected '{found}'{where}", at)


class Cursor:
    """A position in a stream of bytes."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self.data = b""  # the current chunk
        self.at = 0  # the position in it
        self.total = 0  # bytes of all chunks so far

    def more(self) -> bool:
        """Go to the next chunk; whether there is one."""
        self.data, self.at = next(self._chunks, b""), 0
        while not self.data:
            chunk = next(self._chunks, None)
            if chunk is None:
                return False
            self.data = chunk
        self.total += len(self.data)
        return True

    def back(self, data: bytes, at: int) -> None:
        """Go back to a position in `data`, which ends where the current chunk ends."""
        self.data, self.at = data, at

    def passes(self, what: bytes) -> bool:
        """Whether these bytes come next; then they are passed."""
        if not self.data.startswith(what, self.at):
            return False
        self.at += len(what)
        return True

    def next_byte(self) -> int | None:
        """The next byte that stands not just between two values; None at the end."""
        while True:
            self.at = _BETWEEN.match(self.data, self.at).end()  # type: ignore[union-attr]
            if codecs.BOM_UTF8.startswith(rest := self.data[self.at : self.at + 3]):
                if not self.more():
                    return rest[0] if rest else None
                self.data = rest + self.data
            else:
                return self.data[self.at]

    def to_bracket(self) -> str | None:
        """Pass all but brackets; return the name of the member whose value the next bracket begins, if it does."""
        tail = b""
        while True:
            begin = self.at
            self.at = _NO_BRACKET.match(self.data, begin).end()  # type: ignore[union-attr]
            tail = tail[-_TAIL:] + self.data[max(begin, self.at - _TAIL) : self.at]
            if self.at < len(self.data):
                if self.data[self.at] != _QUOTE:
                    break
                tail += self.data[self.at :][-_TAIL:]
                if not self._pass_string():
                    break
                tail += self.data[: self.at][-_TAIL:]
            elif not self.more():
                break
        found = _NAME.search(tail)
        return found[1].decode("utf-8", "replace") if found else None

    def _pass_string(self) -> bool:
        """Pass a string that goes on in the next chunk; whether it ends."""
        self.at += 1
        while True:
            if found := _REST_OF_STRING.match(self.data, self.at):
                self.at = found.end()
                return True
            cut = _CUT_STRING.match(self.data, self.at).end() < len(self.data)  # type: ignore[union-attr]
            if not self.more():
                return False
            self.at = int(cut)
