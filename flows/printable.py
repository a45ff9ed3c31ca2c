r"""Text from outside, made safe to show: in a terminal, a log, a notice, a page of Prefect, a manifest.

Titles, file names, URLs and error messages come from pages that anyone may have written. Shown as they are, they could
move the cursor, set the clipboard (OSC 52), reverse the order of what follows (bidi), or start a line that looks like
one of copydesk's. And a URL may contain a password.

Everything that is shown passes `printable`: the messages of `flows.errors` line by line, the consoles and streams of
`flows.cli`, the log records of this process, notices, artifacts, and the strings of a manifest.
"""

from __future__ import annotations

import hashlib
import logging
import re
import textwrap
import traceback
from collections.abc import Mapping
from typing import Any, Final

SHOWN: Final = 40  # characters of a name in a message
#: Categories Cc, Cf, Cs, Zl and Zp of Unicode, and letters and marks that have no glyph.
_UNPRINTABLE: Final = re.compile(
    "[\0-\x1f\x7f-\x9f\xad\u034f\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u115f\u1160\u17b4\u17b5"
    "\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u2800\u3164\ud800-\udfff\ufeff\uffa0\ufff9-\ufffb"
    "\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)

#: What stands before an `@`, and what follows it up to another `@` of the same host.
_BEFORE_AT: Final = re.compile(r"(?<![^\s@])([^\s@]++)@(?:[^\s@/?#]++@)*+")
#: `scheme://user:` before a password; paths join `//` into `/`. Digits before a `/` are a port, and the name after
#: `github://` and `git://` is that of a repository. A password with `/` in it makes no valid URL, but stays a secret.
_USER: Final = re.compile(
    r"(?<=[A-Za-z0-9])(?<!\bgithub)(?<!\bgit):/{1,2}(?!\[)[^/:?#]*:(?!\d{1,5}[/?#])(?=.)"
)
#: `https://` before a token; with other schemes, a name without a password is a user or a container.
_HTTP: Final = re.compile(r"(?i)\bhttps?:/{1,2}(?=[^/:?#]+\Z)")
#: Parameters of a query that give access, as in presigned URLs.
_SECRET: Final = re.compile(
    r"(?i)([?&;#](?:amp;)?(?:[\w.%-]{0,64}(?:token|secret|signature|passw|credential|access.?id|api.?key|access.?key)"
    r"[\w.%-]{0,64}|(?:[\w.%-]{0,64}[-_.])?(?:key|sig|pass|pwd|pw|auth|authorization|code|jwt|sas|session|sessionid))=)"
    r"(?!\*\*\*[0-9a-f]{8}[:,.]*(?![^\s&;#\"'<>)\]]))([^\s&;#\"'<>)\]]*[^\s&;#\"'<>)\]:,.])"
)


def printable(text: str, keep: str = "") -> str:
    r"""The text with escapes for what is not seen as it is, and with masked passwords.

    Control characters (C0, C1), line breaks, bidi controls, invisible characters and lone surrogates become escapes;
    a byte of a file name that is not UTF-8 becomes `\xff`. Characters in `keep` stay. What is printable already is
    returned as it is.

    >>> print(printable("Ferry\x1b]0;pwned\x07 late\ncopydesk: done"))
    Ferry\x1b]0;pwned\x07 late\ncopydesk: done
    >>> printable("ftp://user:s3cret@host/a.txt")
    'ftp://user:***@host/a.txt'
    """
    if _SHOWN_AS:
        text = _as_shown(text)
    if text.isascii() and text.isprintable():
        return mask(text)
    return mask(_UNPRINTABLE.sub(lambda found: found[0] if found[0] in keep else _escape(found[0]), text))


#: Folders on this machine that stand for something else, and what that is.
_SHOWN_AS: Final[dict[str, str]] = {}


def show_as(folder: str, name: str, but: str) -> None:
    """From now on, this folder is shown as `name`, except where its path goes on as the regular expression `but` says.

    A dataset on object storage is worked on in a folder of this machine, whose name would mean nothing to its users.
    """
    _SHOWN_AS[rf"{re.escape(folder)}(?![\w.-])(?!{but})"] = name


def _as_shown(text: str) -> str:
    for folder, name in _SHOWN_AS.items():
        text = re.sub(folder, name.replace("\\", r"\\"), text)
    return text


def mask(text: str) -> str:
    """The text without the passwords of URLs.

    A masked parameter of a query keeps a short hash, so that different URLs stay different.

    >>> mask("https://host/a.csv?part=2&token=abc")
    'https://host/a.csv?part=2&token=***63906248'
    """
    if ":/" not in text and "=" not in text:
        return text
    if "@" in text:
        text = _BEFORE_AT.sub(_without_password, text)
    return _SECRET.sub(lambda found: f"{found[1]}***{_short_hash(found[2])}", text) if "=" in text else text


def _without_password(found: re.Match[str]) -> str:
    before = _USER.search(found[1]) or _HTTP.search(found[1])
    return f"{found[1][: before.end()]}***@" if before else found[0]


def _escape(character: str) -> str:
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:  # how Python reads a byte that is not UTF-8
        return f"\\x{code - 0xDC00:02x}"
    return character.encode("unicode_escape").decode("ascii")


def _short_hash(secret: str) -> str:
    return hashlib.blake2b(secret.encode("utf-8", "surrogatepass"), digest_size=4).hexdigest()


def printable_json(value: Any) -> Any:
    """A value for JSON, with all of its strings printable."""
    match value:
        case str():
            return printable(value)
        case Mapping():
            return {printable_json(key): printable_json(item) for key, item in value.items()}
        case list() | tuple():
            return [printable_json(item) for item in value]
    return value


#: Punctuation that Markdown or HTML gives a meaning, and that of addresses, which would become links.
_MARKUP: Final = re.compile(r"(?i)[\\`*_{}\[\]()#!|~<>&@$^+=-]|(?<=:)/(?=/)|(?<=\bwww)\.")


def as_markdown(text: str) -> str:
    r"""The text for a page that renders Markdown and HTML: printable, with no markup and no links, line by line.

    Punctuation has a backslash before it. Prefect's pages would show a character reference such as `&#91;` as it is.

    >>> print(as_markdown("[click](http://x)"))
    \[click\]\(http:\//x\)
    """
    return _MARKUP.sub(r"\\\g<0>", printable(text, keep="\n"))


class _PrintableRecord(logging.LogRecord):
    """A log record whose message and traceback are printable; what is in a message cannot begin a line of the log."""

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        if self.exc_info and self.exc_info[1] is not None:
            self.exc_text = printable_traceback(self.exc_info[1])

    def getMessage(self) -> str:  # noqa: N802 - the name in the base class
        """The message with its arguments, on one line."""
        return printable(super().getMessage())


def make_logs_printable() -> None:
    """From now on, all log records of this process are printable, whichever library logs them."""
    logging.setLogRecordFactory(_PrintableRecord)


def printable_traceback(error: BaseException) -> str:
    """The traceback of an error, indented; each message in it is on one line, except notes, which Python splits."""
    items = [item.strip("\n") for item in traceback.format_exception(error)]
    shown = [printable(item, keep="\n" if item.startswith('  File "') else "") for item in items if item]
    return textwrap.indent("\n".join(shown), "  ")


def shortened(name: str) -> str:
    """A name as messages show it; of a long one only the beginning."""
    return name if len(name) <= SHOWN else f"{name[:SHOWN]}..."
