"""The white-space characters, and the line breaks among them."""

from __future__ import annotations

from typing import Final

#: White space as Python's `str.isspace` defines it. Spelled out, because polars (Rust) leaves out U+001C to U+001F.
WHITE_SPACE: Final = (
    "\t\n\v\f\r\x1c\x1d\x1e\x1f \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)
#: Line breaks, as a regular expression for polars.
LINE_BREAK: Final = r"\r\n|[\n\r\u{85}\u{2028}\u{2029}]"
