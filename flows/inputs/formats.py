"""The formats of files: which can be read, and which a file has by its name.

Nothing here brings a reader: what is found need not be read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache, partial
from importlib import import_module
from typing import Any, Final, NamedTuple

from flows.inputs.compression import COMPRESSIONS
from flows.inputs.reader import Format, Input, Options, Row
from flows.inputs.tracing import Trace
from flows.inputs.unread import UNREAD, Unread, endings_of


def _later(place: str, given: Input, options: Options, trace: Trace) -> Iterator[Any]:
    """What the function at this place of the package yields: imported when called, as few runs need all formats."""
    return _function(place)(given, options, trace)


@cache  # finding it takes as long as reading a small file
def _function(place: str) -> Callable[[Input, Options, Trace], Iterator[Any]]:
    module, function = place.split(":")
    found: Callable[[Input, Options, Trace], Iterator[Any]]
    found = getattr(import_module(f"flows.inputs.{module}"), function)
    return found


TEXT: Final = Format("text", (".txt",), partial(_later, "text_files:read_text"), one_document=True)

#: Every format that is read; no other module names one. Its name is its kind in `sniffing`, so that a file is known by
#: its content. A file with an ending that is neither here nor below is `TEXT`, unless its content is distinctive.
FORMATS: Final = (
    TEXT,
    Format("markdown", (".md", ".markdown"), partial(_later, "text_files:read_markdown"), one_document=True),
    Format("jsonl", (".jsonl", ".ndjson"), partial(_later, "json_files.reader:read_jsonl"), has_fields=True),
    Format("json", (".json",), partial(_later, "json_files.reader:read_json"), has_fields=True),
    Format("csv", (".csv", ".tsv"), partial(_later, "csv_files.reader:read_csv"), has_fields=True),
    Format("parquet", (".parquet",), partial(_later, "parquet_files.reader:read_parquet"), has_fields=True),
    Format("warc", (".warc", ".wet"), partial(_later, "markup.warc:read_warc")),
    Format("feed", (".rss", ".atom"), partial(_later, "markup.feeds:read_feed")),
    Format("mail", (".eml", ".mbox"), partial(_later, "markup.mail:read_mail")),
    Format(
        "html",
        (".html", ".htm", ".xhtml", ".shtml"),
        partial(_later, "markup.web_pages:read_html"),
        one_document=True,
    ),
    Format("zip", (".zip",), partial(_later, "by_content:read_zip")),
    Format("tar", (".tar", ".tgz", ".tbz", ".tbz2", ".txz", ".tzst"), partial(_later, "by_content:read_tar")),
)


def _refuse(unread: Unread, given: Input, _options: Options, _trace: Trace) -> Iterator[Row]:
    raise unread.refusal(given.uri.rpartition("/")[2])
    yield


#: Kind of `sniffing` -> its format, read or not.
KINDS: Final = {
    **{one.name: Format(one.name, tuple(one.endings.split()), partial(_refuse, one)) for one in UNREAD},
    **{one.name: one for one in FORMATS},
}
_BY_ENDING: Final = {ending: one for one in KINDS.values() for ending in one.endings}
_BY_ENDING.update({ending: one for one in FORMATS for ending in one.endings})


class Named(NamedTuple):
    """What a file's name says about its content."""

    format: Format
    compression: str = ""  # a value of COMPRESSIONS, or ""


def format_of(name: str) -> Named:
    """The format and compression that a file's name implies; without a known ending, the file is plain text.

    >>> found = format_of("articles.JSONL.gz")
    >>> found.format.name, found.compression
    ('jsonl', 'gzip')
    >>> format_of("us-ford-idUSN1737").format.name, format_of("paper.pdf").format.name
    ('text', 'pdf')
    """
    ending, compression = endings_of(name)
    return Named(_BY_ENDING.get(ending, TEXT), COMPRESSIONS.get(compression, ""))
