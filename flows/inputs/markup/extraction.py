"""Web pages, feeds and mail as records, taken apart in another process: see `worker`.

Crafted ones can keep the libraries busy for ever, make them take any amount of memory, or crash their native code.
"""

from __future__ import annotations

import re
from typing import Any, Final

from cleaners.decoding.decoder import Decoded, decode
from flows.inputs.bounds import Unreadable
from flows.inputs.child_process import Task, lent
from flows.inputs.markup import worker as markup_worker
from flows.inputs.records.field_names import FieldNames
from flows.settings.model import Fields

TASK: Final = Task(
    markup_worker.__file__,
    "extracts text",
    60,
    "its text could not be extracted within {} seconds",
    "its text cannot be extracted (the extractor ended with {}: crashed, or out of memory)",
)
BASE: Final = 500_000_000  # bytes of memory that one page, feed or mail may take, however small it is,
FACTOR: Final = 60  # and for each of its bytes

#: The fields of the records made here.
FIELDS: Final = FieldNames(
    Fields(
        text=("text",),
        title=("title",),
        url=("url",),
        source=("source",),
        published=("published",),
        id=("id",),
    )
)
#: Packages and the extras that install them.
_EXTRAS: Final = {"feedparser": "feeds", "fastwarc": "warc"}
_CHARSET: Final = re.compile(
    rb"<meta\b[^<>]{0,400}?\bcharset\s*=\s*[\"']?\s*([\w.:-]{1,40})|\A\s*<\?xml[^<>]{0,200}?encoding=[\"']([\w.:-]{1,40})",
    re.IGNORECASE,
)
_HEAD: Final = 8192  # bytes in which a page names its charset
#: What a page calls a charset, and the wider one that browsers read it in (WHATWG Encoding Standard).
_WIDER: Final = {
    "iso-8859-1": "windows-1252", "latin1": "windows-1252", "latin-1": "windows-1252", "us-ascii": "windows-1252",
    "iso-8859-9": "windows-1254", "gb2312": "gb18030", "gbk": "gb18030", "shift_jis": "cp932", "sjis": "cp932",
    "euc-kr": "cp949", "ks_c_5601-1987": "cp949", "big5": "big5-hkscs", "tis-620": "windows-874",
}  # fmt: skip


def missing(package: str, what: str = "it") -> str:
    """The error of something that only an extra of copydesk can read."""
    return f'{what} is read with: pip install "copydesk[{_EXTRAS.get(package, "html")}]"'


def decoded(data: bytes, charset: str | None = None) -> Decoded:
    """The text of a page; `charset`, or else what the page says of itself, decides if the bytes are ambiguous."""
    if charset is None and (found := _CHARSET.search(data, 0, _HEAD)):
        charset = (found[1] or found[2]).decode("ascii", "replace")
    name = (charset or "").strip().lower()
    return decode(data, _WIDER.get(name, name) or None)


def page(html: str, url: str | None, mode: str) -> dict[str, Any]:
    """The article of a web page as a record with the fields `FIELDS`. Raises Unreadable."""
    found = ask("page", html, url, mode, size=len(html))
    if not found or not found[0].get("text"):
        raise Unreadable("no text was found in the page")
    return found[0]


def ask(name: str, *arguments: Any, size: int) -> list[dict[str, Any]]:
    """The answer of a function of `worker`. Raises Unreadable if it is an error, or if there is none in time."""
    with lent(TASK) as child:
        child.ask((BASE + FACTOR * size, name, arguments))
        answer: list[dict[str, Any]] | str = child.answer()
        child.is_idle = True
    if isinstance(answer, str):
        package = answer.removeprefix("missing ").partition(".")[0]
        raise Unreadable(missing(package) if answer.startswith("missing ") else answer)
    return answer
