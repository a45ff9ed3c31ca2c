"""Text that is no article: what programs write, and what people write for programs, known by how its lines look.

Each kind begins as only such files do, and no prose follows; or most of its lines have a form that prose never has. So
an article that quotes a subtitle, a log, a program or a line of TeX is none of them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from flows.settings.usual_names import PUBLISHED, SOURCE, TEXT, TITLE, URL

#: Names of fields in records of news.
FIELDS: Final = frozenset((*TEXT, *TITLE, *URL, *SOURCE, *PUBLISHED))
#: Kind -> how such a file begins. The kinds are names of `unread.UNREAD`.
_BEGINNINGS: Final = {
    "subtitles": rb"WEBVTT(?:\s*\Z|[ \t]*\n)|\{\d{1,7}\}\{\d{1,7}\}",
    "bibliography": (
        rb"TY  - [A-Z]{3,6}\s*\n|(?:\s*+%[^\n]*+\n)*+\s*+@[a-zA-Z]{3,14}\{[^\s,{}]{1,80},\s*\n\s*[a-z]{2,20}\s*="
    ),
    "cookies": rb"# (?:Netscape )?HTTP Cookie File",
    "shortcut": rb"\[InternetShortcut\]\s*\n|\[Desktop Entry\]\s*\n",
    "calendar": rb"BEGIN:V(?:CALENDAR|CARD)\s*\n",
    "patch": rb"diff --git a/|--- \S[^\n]*\n\+\+\+ \S[^\n]*\n@@ ",
    "sql": (
        rb"COPY [\w.\"]+ ?(?:\([^)\n]*\) ?)?FROM stdin;|"
        rb"(?:-- [^\n]{0,200}\n|(?:--)?[ \t]*+\n){0,9}"
        rb"(?:/\*!\d{5} |(?:CREATE|DROP) TABLE (?:IF (?:NOT )?EXISTS )?[\w.`\"\[]+"
        rb"|INSERT INTO [\w.`\"\[\]]+ ?(?:\(|VALUES))"
    ),
    "cdx": rb" ?CDX [A-Za-z](?: [A-Za-z])+\s*\n|!?[a-z0-9-]+(?:,[a-z0-9-]+)*\)/\S* \d{14} (?:\{\"|\S+ \S+/)",
    "gdelt": (
        rb"\d{14}-T?\d{1,6}\t\d{14}\t\d\t|\d{7,12}\t\d{8}\t\d{6}\t\d{4}\t\d{4}\.\d{3,4}\t|\d{7,12}\t\d{14}\t\d{14}\t\d\t"
    ),
    "script": (
        rb"(?:(?:var|let|const) [\w$]{1,60}|(?:window|self|module)\.[\w$.\[\]\"']{1,60}|export default) ?=? ?[\[{]"
        rb"|[\w$.]{1,60}\([\[{]\s*[\"{\[]|[\"']use strict[\"'];|(?:\(|!)function ?\("
    ),
    "program": rb"#! ?/(?:usr/(?:local/)?)?bin/",
    "python": rb"[\[(]{0,2}\{(?:'[^'\n]{1,80}'|\d{1,9}): (?:[^\n]*[}\]),]\s*(?:\n|\Z)|[^\n]{60000})",
    "yaml": rb"- [A-Za-z_]\w{0,40}: [^\n]*\n(?:  [^\n]*\n){0,9}?  [A-Za-z_]\w{0,40}:(?: |\n)",
    "log": (
        rb"--(?:\d{4}-\d\d-\d\d )?\d\d:\d\d:\d\d--  ?[a-z]{3,5}://|HTTrack\d[^\n]{0,80} launched on "
        rb"|Wget \d[^\n]{0,60}\n|\* {1,3}Trying \d"
    ),
}  # fmt: skip
#: The same of beginnings that no prose has, whatever follows.
_CERTAIN_BEGINNINGS: Final = {
    "subtitles": (
        rb"WEBVTT[^\n]{0,200}\n(?:[^\n]{0,200}\n){0,20}?[\d:.]{5,12} --> "
        rb"|\[Script Info\]\s*\n(?:;|[A-Z][A-Za-z ]{2,30}:)"
    ),
    "sql": (
        rb"(?:-- [^\n]{0,200}\n|(?:--)?[ \t]*+\n){0,9}"
        rb"(?:-- (?:MySQL|MariaDB|PostgreSQL|SQLite)[^\n]{0,30} dump|PRAGMA \w+ ?= ?\w+;)"
    ),
}  # fmt: skip


def _named(patterns: Mapping[str, bytes]) -> re.Pattern[bytes]:
    return re.compile(
        b"|".join(b"(?P<%b>%b)" % (kind.encode(), pattern) for kind, pattern in patterns.items())
    )


_BEGINNING: Final = _named(_BEGINNINGS)
_CERTAIN: Final = _named(_CERTAIN_BEGINNINGS)
#: A line of prose: a letter or a quote first, the end of a sentence last, and no code.
_PROSE: Final = re.compile(
    rb"(?![A-Z][A-Z0-9]  - )[A-Za-z\"'\x80-\xff][^\t{}<>=|\\\[\]]{38,}(?:[.!?:][\"')]{0,2}|[\x80-\xff])\s*\Z"
)
_PROSE_SHARE: Final = 3  # in an article that begins with code, one of that many lines, or half of the text
#: Lines of a list in YAML, and the fields of records.
_YAML_LINE: Final = re.compile(rb"- |-\Z| |#|\.\.\.\s*\Z")
_YAML_FIELD: Final = re.compile(rb"(?:- |  )([A-Za-z_]\w{0,40}):(?: |\Z)")
_LEVEL: Final = (
    rb"(?:DEBUG|INFO|NOTICE|WARN(?:ING)?|ERROR|CRITICAL|FATAL|TRACE|debug|info|notice|warn(?:ing)?|error)"
)
_TIME: Final = rb"\d{4}[-/]\d\d[-/]\d\d[T _]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?"
#: Kind -> lines that only such files have.
_LINES: Final = {
    "subtitles": (
        rb"\s*(?:\d{1,3}:)?\d{1,2}:\d\d[.,:]\d{2,3} *--> *(?:\d|\Z)"
        rb"|\d{1,2}:\d\d:\d\d\.\d{3},\d{1,2}:\d\d:\d\d\.\d{3}\s*\Z|\[\d\d:\d\d\.\d\d\d?\]"
    ),
    "log": (
        rb"[\[(]?%(time)b[\])]?[ \t:|,-]{1,4}"
        rb"(?:[^\n]{0,60}?[\[ |(:]%(level)b[\]:| ),]|\s*-?\d{1,3}\s+\d+ [a-z]{3,6}://)"
        rb"|%(level)b:[\w.]{1,60}:|\[?%(level)b\]?[ :-]{1,3}[\[(]?%(time)b"
        rb"|\S{2,60} \S{1,40} \S{1,40} \[\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}\] \""
        rb"|[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d [\w.-]+ [\w./-]+(?:\[\d+\])?: "
    )
    % {b"time": _TIME, b"level": _LEVEL},
    "urls": rb"\s*<?(?:https?|ftp)://\S+\s*\Z",
    "ads": rb"\s*[\w-]+(?:\.[\w-]+)+\s*,\s*[\w.:@/-]{1,80}\s*,\s*(?:DIRECT|RESELLER)\b",
    "checksums": rb"[0-9a-fA-F]{32,128} [ *]\S|(?:MD5|SHA\d{1,3}) ?\([^)\n]+\) ?= ?[0-9a-f]{32,128}\s*\Z",
    "cookies": rb"(?:#HttpOnly_)?\.?[\w.-]+\t(?:TRUE|FALSE)\t/\S*\t(?:TRUE|FALSE)\t\d+\t\S+",
    "robots": (
        rb"(?i:\s*(?:user-agent|disallow|allow|sitemap|crawl-delay|host|noindex|clean-param|request-rate|visit-time"
        rb"|content-signal)[ \t]*:)"
    ),
}  # fmt: skip
_LINE: Final = {kind: re.compile(pattern) for kind, pattern in _LINES.items()}
#: What may stand before such lines: a comment, the number of a subtitle, or who sings.
_BEFORE: Final = re.compile(rb"#|\d{1,7}\s*\Z|\[(?:ar|ti|al|by|au|re|ve|offset|length):")
#: How many lines that are not blank may stand for each of these at most; 1 of other kinds.
_FOR_EACH: Final = {"subtitles": 6, "log": 2, "ads": 2, "robots": 2}
_COMMENTED: Final = frozenset(
    ("urls", "ads", "cookies", "robots")
)  # kinds in which lines with # are comments
_ROBOTS: Final = re.compile(
    rb"\s*(?:user-agent|sitemap)[ \t]*:", re.IGNORECASE
)  # the first line that is no comment
_ROBOTS_LINE: Final = re.compile(rb"\s*[A-Za-z-]{3,30}[ \t]*:")
_SONG: Final = re.compile(rb"\[(?:ar|ti|al|by|au|re|ve|offset|length):[^\]]*\]\s*\Z")
_LOOKED_AT: Final = 1 << 16  # bytes at the beginning,
_LINES_LOOKED_AT: Final = 200  # and lines that are not blank

_TEX_BEGINS: Final = re.compile(rb"(?:\s*+%[^\n]*+\n)*+\s*+\\[A-Za-z]{2,}")
_TEX_DOCUMENT: Final = re.compile(
    rb"^[ \t]*\\(?:documentclass|documentstyle|begin\s*\{document\})", re.MULTILINE
)
_TEX_LINE: Final = re.compile(rb"^[ \t]*\\[A-Za-z]{2,}\*?(?:[\[{ \t]|$)", re.MULTILINE)
_TEX_COMMAND: Final = re.compile(rb"\\[A-Za-z]{2,}\*?[\[{]")
_MIN_COMMANDS: Final = 3  # that begin lines, in a part of a TeX document


def text_kind(text: bytes) -> str:
    r"""The kind of text that begins with `text` in UTF-8; "" for prose.

    >>> text_kind(b"1\n00:00:01,000 --> 00:00:02,500\nThe ferry sails.\n"), text_kind(rb"\documentclass{article}")
    ('subtitles', 'tex')
    """
    start = text[:_LOOKED_AT].lstrip()
    if b"\r" in start:
        start = start.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if found := _CERTAIN.match(start):
        return found.lastgroup or ""
    if found := _BEGINNING.match(start):
        kind = found.lastgroup or ""
        return kind if _is_of_kind(kind, _lines(start, text)) else ""
    if start[:1] in (b"\\", b"%") and _is_tex(start):
        return "tex"
    first = start.partition(b"\n")[0]
    if not _BEFORE.match(first) and not any(pattern.match(first) for pattern in _LINE.values()):
        return ""
    lines = _lines(start, text)
    plain = [line for line in lines if not line.lstrip().startswith(b"#")]
    for kind, pattern in _LINE.items():
        of_kind = (plain if kind in _COMMENTED else lines)[:_LINES_LOOKED_AT]
        if _begins(of_kind, pattern, kind):
            number = sum(pattern.match(line) is not None for line in of_kind)
            if number * _FOR_EACH.get(kind, 1) >= len(of_kind) and (
                kind != "urls" or _are_urls(lines, plain)
            ):
                return kind
    return ""


def is_prose(line: bytes) -> bool:
    """Whether a line surely is of an article."""
    return _PROSE.match(line) is not None


def has_commands(head: bytes) -> bool:
    """Whether there is any command of TeX in the beginning of a file."""
    return _TEX_COMMAND.search(head) is not None


def _lines(start: bytes, text: bytes) -> list[bytes]:
    """The lines of a beginning that are not blank."""
    lines = [line for line in start.split(b"\n") if line and not line.isspace()]
    if len(text) >= _LOOKED_AT and len(lines) > 1:
        del lines[-1]  # it may be cut off
    return lines


def _is_of_kind(kind: str, lines: list[bytes]) -> bool:
    """Whether lines that begin like a kind are no article that begins with an example of it."""
    if kind == "yaml":
        names = {found[1].decode() for line in lines if (found := _YAML_FIELD.match(line))}
        return all(map(_YAML_LINE.match, lines)) and len(FIELDS.intersection(map(str.casefold, names))) >= 2
    lines = lines[:_LINES_LOOKED_AT]
    if kind == "sql" and b"VALUES" in lines[0] and lines[0].count(b"'") % 2:
        return True  # a text goes on in the next line
    prose = [len(line) for line in lines if is_prose(line)]
    return len(prose) * _PROSE_SHARE < len(lines) and sum(prose) * 2 < sum(map(len, lines))


def _are_urls(lines: list[bytes], plain: list[bytes]) -> bool:
    """Whether there are no more comments than URLs."""
    return len(plain) * 2 >= len(lines)


def _begins(lines: list[bytes], pattern: re.Pattern[bytes], kind: str) -> bool:
    """Whether the first lines are those of a kind."""
    if not lines:
        return False
    if kind == "robots":
        return _ROBOTS.match(lines[0]) is not None and all(map(_ROBOTS_LINE.match, lines))
    first = lines
    if kind == "subtitles":
        # the number of a subtitle stands above its time, and who sings a song above all
        first = [line for line in lines[:20] if not _SONG.match(line)]
        first = first[1:] if first and first[0].strip().isdigit() else first
    return bool(first) and pattern.match(first[0]) is not None


def _is_tex(text: bytes) -> bool:
    if not _TEX_BEGINS.match(text):
        return False
    return _TEX_DOCUMENT.search(text) is not None or len(_TEX_LINE.findall(text)) >= _MIN_COMMANDS
