"""What kind of file begins with some bytes, whatever its name is.

Only what is distinctive counts. Prose may begin with `<`, `{`, `[`, "From:" or a quoted "%PDF": so a web page needs its
outer tags or several tags of blocks, mail needs several header lines, JSON a key, and CSV a header with a field of text
and regular rows. All else is left open, and then the file's name decides.
"""

from __future__ import annotations

import codecs
import csv
import json
import re
from functools import lru_cache
from typing import Final

from flows.inputs.text_kinds import is_prose, text_kind
from flows.inputs.tracing import HEAD
from flows.settings.usual_names import ID, PUBLISHED, SOURCE, TEXT_RANKS, TITLE, URL

#: Kind -> how such a file begins, as a pattern over bytes. The kinds are names of formats, see `formats`.
SIGNATURES: Final = {
    "parquet": rb"PAR1",
    "zip": rb"PK(?:\x03\x04|\x05\x06|\x07\x08|00PK)",
    "pdf": rb"\s{0,9}%PDF-\d\.\d(?:\s*(?:[\r\n%]|\Z)|[^ -~])",
    "rtf": rb"\s{0,9}\{\\rtf\d",
    "postscript": rb"%!PS-Adobe|\xc5\xd0\xd3\xc6",
    "office": rb"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
    "warc": rb"\s{0,9}WARC/[01]\.\d+\r?\n",
    "arc": rb"filedesc://\S+ \S+ \d{8,14} ",
    "image": (
        rb"\x89PNG\r\n|GIF8[79]a(?![ -~]{6})|\xff\xd8\xff|RIFF.{4}WEBP|BM.{4}\0{4}|II\*\0|MM\0\*"
        rb"|\0\0\x01\0[^\0]\0|8BPS\0|AT&TFORM|\0\0\0.ftyp(?:avif|heic|heix|mif1|msf1)|\0\0\0\x0cjP  "
    ),
    "media": (
        rb"ID3[\x02-\x04]|OggS\0|fLaC\0|RIFF.{4}(?:WAVE|AVI )|\x1a\x45\xdf\xa3|\0\0\0.ftyp|FLV\x01"
        rb"|\xff[\xfb\xf3\xf2].{0,60}\0\0|FORM\0.{3}AIF|MThd\0|\0\0\x01\xba|\x30\x26\xb2\x75\x8e\x66\xcf\x11"
    ),
    "font": rb"wOF[F2](?:\0\x01|OTTO)|\0\x01\0\0\0[^\0]\0|OTTO\0|ttcf\0",
    "program": rb"\x7fELF|MZ[^\0]{0,60}\0|\xca\xfe\xba\xbe|[\xcf\xce]\xfa\xed\xfe|\xfe\xed\xfa[\xce\xcf]|\0asm|dex\n03",
    "archive": (
        rb"7z\xbc\xaf\x27\x1c|Rar!\x1a\x07|MSCF\0|!<arch>\n|xar!\0|07070[17][0-9a-fA-F]{20}|\xed\xab\xee\xdb"
        rb"|\x60\xea.{0,40}\0"
    ),
    "compressed": (
        rb"\x04\x22\x4d\x18|\x1f[\x8b\x9d\xa0]|LZIP\x01|\xff\x06\0\0sNaPpY|\x89LZO\0|\x5d\0\0.{2}\xff{8}"
        rb"|\x28\xb5\x2f\xfd|BZh[1-9]1AY&SY|\xfd7zXZ\0"
    ),
    "sqlite": rb"SQLite format 3\0",
    "data": (
        rb"ARROW1\0|FEA1|ORC\x08|Obj\x01|\x89HDF|\x93NUMPY|\x80[\x02-\x05](?:\x95|[\]}c(])|CDF[\x01\x02]|.{8}DUCK.\0{7}"
        rb"|RD[XA][23]\n|MATLAB 5\.0|<stata_dta>|\x0b\xad"
    ),
    "pointer": rb"version https://git-lfs\.github\.com/spec/",
}
_SIGNATURE: Final = re.compile(
    b"|".join(b"(?P<%b>%b)" % (name.encode(), pattern) for name, pattern in SIGNATURES.items()), re.DOTALL
)
_TAR_HEADER: Final = 512
#: Byte order marks, and ASCII in UTF-16 without one; the names are those of codecs.
_WIDE: Final = re.compile(
    rb"(?P<utf_8>\xef\xbb\xbf)|(?P<utf_32>\xff\xfe\0\0|\0\0\xfe\xff)|(?P<utf_16>\xff\xfe|\xfe\xff)"
    rb"|(?P<utf_16_le>(?:[\t-~]\0){4})|(?P<utf_16_be>(?:\0[\t-~]){4})"
)

#: What may stand before the first tag that says what a document is: declarations, comments, instructions.
_PROLOG: Final = re.compile(
    rb"(?:\s++|<\?[^>]{0,500}\?>|<!--(?:(?!-->)[\s\S]){0,4000}-->|<!DOCTYPE\s+(?!html\b)[^>\[]{0,400}>)*",
    re.IGNORECASE,
)
_TAG: Final = re.compile(rb"<(/?[a-z_!][\w:.-]*)", re.IGNORECASE)
_PAGE: Final = frozenset(b"!doctype html head body".split())
_BLOCKS: Final = frozenset(
    b"p div span h1 h2 h3 h4 h5 h6 ul ol li dl table tbody thead tr td th section article header footer main nav "
    b"aside figure figcaption blockquote pre form script style meta link title base center br hr img a iframe noscript "
    b"template button picture video svg font b i u s em strong small sup sub mark del ins q cite code kbd samp abbr "
    b"time details summary center dd dt caption colgroup col label input select option audio source embed object big "
    b"tt wbr address fieldset".split()
)
_INLINE: Final = frozenset(  # prose may begin with them
    b"a span br img font svg b i u s em strong small sup sub mark del ins q cite code kbd samp abbr time big tt "
    b"wbr label".split()
)
_ROOTS: Final = {
    b"rss": "feed",
    b"feed": "feed",
    b"rdf:rdf": "feed",
    b"urlset": "sitemap",
    b"sitemapindex": "sitemap",
    b"svg": "image",
}
#: What Excel and its imitators write in a spreadsheet that is XML or a web page.
_SHEET: Final = re.compile(
    rb"urn:schemas-microsoft-com:office:(?:excel|spreadsheet)\b|progid=\"Excel\.Sheet\""
)
_LAST_TAG: Final = re.compile(rb"</[a-z][\w:.-]*>\s*\Z", re.IGNORECASE)
_MIN_TAGS: Final = 3  # of blocks, in a page without its outer tags
_BLOCK_ENDS: Final = re.compile(rb"</(?:p|div|li|td|tr|h[1-6])>", re.IGNORECASE)
#: A page after a server's headers or warnings.
_LATE_PAGE: Final = re.compile(
    rb"^[ \t]*<(?:!doctype\s+html|html)[\s>][^\0]{0,2000}?<(?:head|title|meta|body)[\s>]",
    re.IGNORECASE | re.MULTILINE,
)
_NOISE: Final = 1 << 12  # bytes before and in its beginning
_TEXT_TO_A_TAG: Final = 1000  # bytes between the ends of blocks in a page, at most

_KEY: Final = re.compile(rb'\s*(\[\s*)?\{\s*(?:\}|"(?:[^"\\\n]|\\.){0,200}"\s*:\s*["\[{\dtfnNI-])')
#: What a browser writes about its traffic.
_HAR: Final = re.compile(rb'\s*\{\s*"log"\s*:\s*\{\s*"(?:version|creator|browser|pages|entries|comment)"\s*:')

_HEADER: Final = re.compile(rb"([!-9;-~]{1,76}):[^\n]*(?:\n|\Z)|[ \t][^\n]*(?:\n|\Z)")
_MBOX: Final = re.compile(
    rb"From \S+ +(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) [A-Z][a-z]{2} [ \d]?\d [\d:]{5,8} .{0,20}\d{4}"
)
#: Lines in the head of mail that no one writes by hand; one of them is needed, and
_TECHNICAL: Final = frozenset(
    b"message-id mime-version received content-transfer-encoding dkim-signature".split()
)
_MAIL: Final = frozenset(
    b"from to cc subject date reply-to sender return-path delivered-to content-type".split()
)  # others
_MIN_HEADERS: Final = 3

#: Names of other fields, beside those that copydesk reads.
_FIELDS: Final = (
    "subtitle summary description abstract created_at timestamp time year author authors byline section category topic "
    "label labels tags keywords language lang country index"
)
_IGNORED: Final = re.compile(r"[-_\s.:]+")  # in names
_TEXT: Final = tuple(name for rank in TEXT_RANKS for name in rank)
_OTHERS: Final = frozenset(
    name.replace("_", "") for name in (*TITLE, *URL, *SOURCE, *PUBLISHED, *ID, *_FIELDS.split())
)
_CELL: Final = re.compile(r"(?:\w[\w .:/()-]{0,39})?\Z")  # the number of a row may have no name
_TIME: Final = re.compile(r"\d{1,4}[.:/-]\d[\d.:/-]*\Z")  # no name
#: The header of a table from R's write.table: quoted names with spaces between them.
SPACED: Final = re.compile(r'"[^"\n]+"(?: "[^"\n]+")*\s*\Z')
_SEPARATOR: Final = re.compile(r'"?sep=[,;|\t]"?\Z')
_DELIMITERS: Final = ",;\t|\x01\x1f^~"
_MAX_HEADER: Final = 1000  # bytes
_FIRST_LINE: Final = re.compile(rb"\s*([^\r\n]{0,%d})" % _MAX_HEADER)
_ROWS: Final = 20  # rows that are looked at
_MIN_LINES: Final = 3  # of a table without a header
#: What stands before the tab in a list, an interview, a liveblog or a chronicle.
_LABEL: Final = re.compile(
    rb"(?:[^\w\t]|[\x80-\xff]){1,6}\t|[^\t]{1,60}[:.)\]]\t|(?:1\d|20)\d\d\t|\d{1,4}[:./-]\d\d?(?:[:./-]\d{1,4})?\t"
)


def sniff(head: bytes, text_fields: tuple[str, ...] = ()) -> str:
    r"""The kind of a file that begins with `head`; "" if it is left open, as it is by prose and by nothing at all.

    `head` is the first `HEAD` bytes or more, or all bytes of a smaller file. `text_fields` are further names that the
    field of text of a CSV file may have. The kinds are the keys of `SIGNATURES` and "tar", "html", "tags" (parts of a
    web page), "xml", "feed", "sitemap", "sheet", "json", "jsonl", "har", "mail", "csv" and those of `text_kind`.

    >>> sniff(b"%PDF-1.7\n"), sniff(b"<!doctype html><title>Ferry</title>"), sniff(b'[{"text": "The ferry"}]')
    ('pdf', 'html', 'json')
    >>> sniff(b"<Reuters> - The ferry of Hawes"), sniff(b"[Update] {sic}"), sniff(b"From: a reader\n\nThe ferry")
    ('', '', '')
    """
    if found := _SIGNATURE.match(head):
        return found.lastgroup or ""
    if head[257:262] == b"ustar" or (len(head) >= _TAR_HEADER and b"\0" in head[:100] and _is_tar(head)):
        return "tar"
    text = _as_utf8(head)
    start = text[:100].lstrip()[:1]
    if start == b"<":
        return _markup(text)
    if start in (b"{", b"["):
        return _json(text) or text_kind(text)
    line = _FIRST_LINE.match(text)[1]  # type: ignore[index]  # it may be empty
    if b":" in line and (_MBOX.match(line) or _is_mail(text)):  # also one that is a web page
        return "mail"
    if b"<" in text:
        late = _LATE_PAGE.search(text[:_NOISE])
        if late and not any(map(is_prose, text[: late.start()].splitlines())):
            return "html"
        if _is_full_of_tags(text):
            return "tags"
    if kind := text_kind(text):
        return kind
    if (
        line.startswith(b'"')
        and SPACED.match(line.decode("utf-8", "replace"))
        and _has_spaced_rows(text, line)
    ):
        return "csv"
    if b"\t" in line and _has_tabs(text):
        return "csv"  # without a header
    is_header = len(line) < _MAX_HEADER and _text_cell(text_fields).search(line)
    return "csv" if is_header and _is_csv(text, line) else ""


def has_tags(head: bytes) -> bool:
    """Whether there is any markup in the beginning of a file."""
    return _TAG.search(_as_utf8(head)) is not None


def _is_tar(head: bytes) -> bool:
    """Whether this is the first header of a tar file, by its checksum: the oldest ones have no other mark."""
    field = head[148:156].strip(b" \0")
    if not field or not head[0] or not re.fullmatch(rb"[0-7]{1,8}", field):
        return False
    return int(field, 8) == sum(head[:148]) + 8 * 0x20 + sum(head[156:_TAR_HEADER])


def _as_utf8(head: bytes) -> bytes:
    """The head without byte order mark; UTF-16 and UTF-32 as UTF-8."""
    found = _WIDE.match(head)
    if found is None:
        return head
    if found.lastgroup == "utf_8":
        return head[3:]
    return head.decode(str(found.lastgroup), "ignore").encode("utf-8", "ignore").removeprefix(codecs.BOM_UTF8)


def _markup(text: bytes) -> str:
    if _SHEET.search(text, 0, _NOISE):
        return "sheet"
    begin = _PROLOG.match(text)
    at = begin.end() if begin else 0
    first = _TAG.match(text, at)
    if first is None:
        return "xml" if text.lstrip().startswith(b"<?xml ") else ""
    name = first[1].lower()
    if name in _PAGE:
        return "html"
    if name in _ROOTS:
        return _ROOTS[name]
    if text.lstrip().startswith(b"<?xml "):
        return "xml"
    tags = [tag.lower().lstrip(b"/") for tag in _TAG.findall(text, at, at + (1 << 14))]
    if name not in _INLINE and _LAST_TAG.search(
        text, max(at, len(text) - _NOISE)
    ):  # from one end to the other
        return "tags" if all(tag in _BLOCKS for tag in tags) else "xml"
    if name in _BLOCKS:
        if any(tag in _PAGE for tag in tags[:20]):
            return "html"
        return "tags" if sum(tag in _BLOCKS - _INLINE for tag in tags) >= _MIN_TAGS else ""
    # an element that is closed, with no prose after it, and others
    _, closed, after = text.partition(b"</" + first[1])
    after = after.lstrip(b"> \t\r\n")
    return "xml" if closed and after[:1] in (b"", b"<") and len(tags) >= 2 * _MIN_TAGS else ""


def _is_full_of_tags(text: bytes) -> bool:
    """Whether tags go all through a text; an article about a page has lines of its own."""
    ends = len(_BLOCK_ENDS.findall(text))
    if ends < _MIN_TAGS or ends * _TEXT_TO_A_TAG < len(text):
        return False
    return sum(len(line) for line in text.splitlines() if b"<" in line) * 2 >= len(text)


def _json(text: bytes) -> str:
    """Whether this is a list or an object over many lines ("json"), one object a line ("jsonl"), or no JSON ("")."""
    if _HAR.match(text):
        return "har"
    found = _KEY.match(text)
    if found is None:
        return "json" if text.strip() == b"[]" else ""
    start = text.decode("utf-8", "surrogateescape").lstrip()
    try:
        _, end = json.JSONDecoder(strict=False).raw_decode(start)
    except (ValueError, RecursionError):  # damaged, or longer than the head
        if found[1]:
            return "json"
        line = start.partition("\n")[0].rstrip()
        return "json" if line.endswith(("{", "[", ",")) else "jsonl"
    following = start[end:].lstrip(" \t\r\n,")[:1]
    if found[1]:
        return "" if following.isalpha() else "json"
    if following and following not in "{[":
        return ""  # prose that begins with an example
    return "json" if "\n" in start[:end] else "jsonl"


def _is_mail(text: bytes) -> bool:
    names: set[bytes] = set()
    at = len(text) - len(text.lstrip(b"\r\n"))
    while (header := _HEADER.match(text, at)) and at < HEAD:
        if header[1]:
            names.add(header[1].lower())
        elif not names:
            return False
        at = header.end()
    ended = at >= min(len(text), HEAD) or text[at : at + 1] in b"\r\n"
    known = names & (_TECHNICAL | _MAIL)
    return (
        ended
        and len(known) >= _MIN_HEADERS
        and bool(names & _TECHNICAL)
        and bool(names & {b"from", b"received"})
    )


@lru_cache(maxsize=8)
def _text_cell(text_fields: tuple[str, ...]) -> re.Pattern[bytes]:
    """Finds a cell of a header that names a field of text, or the line that names the delimiter for Excel."""
    usual = (name.replace("_", "[-_ .:]?") for name in _TEXT)
    signs = re.escape(_DELIMITERS.encode())
    names = "|".join((*usual, *map(re.escape, text_fields))).encode()
    return re.compile(
        b'(?:^|[%b])[ "\']*(?:\\w+\\.)?(?:%b)[ "\']*(?:$|[%b])|^"?sep=[,;\t|]"?$' % (signs, names, signs),
        re.IGNORECASE,
    )


def _is_csv(text: bytes, line: bytes) -> bool:
    """Whether a header with a field of text begins a table: the rows have as many cells, or it names other fields."""
    header = line.decode("utf-8", "replace")
    if _SEPARATOR.match(header):
        return True
    delimiter = max(_DELIMITERS, key=header.count)
    cells = [cell.strip(" \"'") for cell in header.split(delimiter)]
    if len(cells) == 1:
        return False
    lower = [_IGNORED.sub("", cell.casefold()) for cell in cells]
    if len(set(lower)) < len(lower) or not all(_CELL.match(cell) and not _TIME.match(cell) for cell in cells):
        return False
    others = sum(cell in _OTHERS for cell in lower)
    names_others = others >= 2 or (others >= 1 and " " not in header.strip())
    numbers = _cells(text, delimiter)
    if names_others and (len(numbers) < 2 or len(cells) in numbers[1:]):  # else it is a line of a few words
        return True
    return len(numbers) >= 2 and set(numbers) == {len(cells)}


def _has_spaced_rows(text: bytes, line: bytes) -> bool:
    """Whether the rows of a table from R follow: with as many cells as the header, or with names before these."""
    rest = text.lstrip().partition(b"\n")[2]
    cells = line.count(b'"') // 2
    return b'"' in rest.partition(b"\n")[0] and any(
        _has_regular_rows(rest, " ", many, escape)
        for many in (cells, cells + 1)
        if many > 1
        for escape in ("\\", None)
    )


def _has_tabs(text: bytes) -> bool:
    """Whether all lines have as many tabs between their cells, which are no indents, labels, years or times."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if len(text) >= HEAD:
        lines = lines[:-1]  # it may be cut off
    numbers = {line.count(b"\t") for line in lines[:_ROWS]}
    if len(lines) < _MIN_LINES or len(numbers) > 1 or 0 in numbers:
        return False
    return numbers != {1} or not all(_LABEL.match(line) for line in lines[:_ROWS])


def _has_regular_rows(text: bytes, delimiter: str, cells: int, escape: str | None = None) -> bool:
    """Whether there are rows, and the first ones have that many cells."""
    numbers = _cells(text, delimiter, escape)
    return bool(numbers) and set(numbers) == {cells}


def _cells(text: bytes, delimiter: str, escape: str | None = None) -> list[int]:
    """The numbers of cells in the first rows; none if there is a row that cannot be read."""
    lines = text.decode("utf-8", "replace").splitlines(keepends=True)
    if len(text) >= HEAD:
        lines = lines[:-1]  # it may be cut off
    rows = []
    try:
        for row in csv.reader(iter(lines), delimiter=delimiter, escapechar=escape):
            if row:
                rows.append(len(row))
            if len(rows) > _ROWS:
                break
    except csv.Error:
        return []
    if len(text) >= HEAD and len(rows) <= _ROWS:
        rows = rows[:-1]
    return rows
