"""The formats of files: which can be read, and which a file has by its name and by its content."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache, partial
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import xxhash

from flows.inputs.bounds import ROW, Unreadable
from flows.inputs.compression import COMPRESSIONS
from flows.inputs.junk import junk
from flows.inputs.names import in_place, uri_of
from flows.inputs.reader import Format, Input, Options, Row, growth_of, head_of
from flows.inputs.records.documents import Document, Rejected
from flows.inputs.records.partitions import columns_of, filled, partitions_below
from flows.inputs.sniffing import has_tags, sniff
from flows.inputs.text_kinds import has_commands
from flows.inputs.tracing import Trace
from flows.inputs.unread import UNREAD, Unread, endings_of

if TYPE_CHECKING:
    from flows.inputs.archives import Member

MAX_ARCHIVES: Final = 3  # within each other


def rows_of(
    given: Input, options: Options, trace: Trace, raw: Iterator[bytes] | None = None
) -> tuple[Format, Iterator[Row]]:
    """(format, rows) of an input, by its content; `raw` are the bytes of a file in an archive. Raises Unreadable."""
    found = format_by_content(head_of(given, options, trace, raw), given.format, options.fields.settings.text)
    return found, found.read(given, options, trace)


def _later(place: str, given: Input, options: Options, trace: Trace) -> Iterator[Any]:
    """What the function at this place of the package yields: imported when called, as few runs need all formats."""
    return _function(place)(given, options, trace)


@cache  # finding it takes as long as reading a small file
def _function(place: str) -> Callable[[Input, Options, Trace], Iterator[Any]]:
    module, function = place.split(":")
    found: Callable[[Input, Options, Trace], Iterator[Any]]
    found = getattr(import_module(f"flows.inputs.{module}"), function)
    return found


def _read_archive(
    members: Callable[[Input, Options, Trace], Iterator[Member]], given: Input, options: Options, trace: Trace
) -> Iterator[Row]:
    """The rows of the files in an archive, each read as if it were a file of its own, or why it cannot be."""
    from flows.inputs.markup.in_records import extracted

    if given.depth >= MAX_ARCHIVES:
        raise Unreadable(f"an archive within {MAX_ARCHIVES} archives; unpack it")
    bounds = growth_of(given.size, options)
    options = options._replace(within=bounds)
    names: Counter[int] = Counter()  # by their hashes
    for member in members(given, options, trace):
        label = uri_of(member.name) or r"\x00"
        *folders, name = member.name.split("/")
        kinds = (
            *(junk(one, is_folder=True) for one in folders),
            junk(name),
            "link" if member.is_link else "",
        )
        if kind := next(filter(None, kinds), ""):
            options.skipped[kind] += 1
            continue
        key = xxhash.xxh3_64_intdigest(label.encode())
        names[key] += 1
        number = names[key]
        uri = f"{given.uri}#{label}" if number == 1 else f"{given.uri}#{label}##{number}"
        found, compression = format_of(name)
        partitions = (*given.partitions, *partitions_below("/", f"/{member.name}"))
        one = Input(uri, member.size, 0, found, "", compression, partitions=partitions, depth=given.depth + 1)
        columns = columns_of(partitions, in_place(uri), options.fields) if partitions else None
        try:
            count = 0
            known_as, rows = rows_of(one, options, Trace(), member.content)
            for row, length in extracted(rows, options) if known_as.has_fields else rows:
                count += 1
                bounds.add(ROW, "archived")
                yield filled(row, columns) if columns and isinstance(row, Document) else row, length
            if not count:
                raise Unreadable("no text: the file contains no records")
        except (Unreadable, MemoryError) as error:
            if bounds.is_exceeded:
                raise
            yield Rejected(uri, str(error) or "it takes more memory than there is"), 0
    if not names:
        raise Unreadable("no text: the archive contains no file that is read")


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
    Format("zip", (".zip",), partial(_read_archive, partial(_later, "archives:zip_members"))),
    Format(
        "tar",
        (".tar", ".tgz", ".tbz", ".tbz2", ".txz", ".tzst"),
        partial(_read_archive, partial(_later, "archives:tar_members")),
    ),
)

#: Formats whose files need not have anything distinctive, so that the name counts. Damaged Parquet is no text, either.
_NAMED: Final = frozenset((
    "text", "markdown", "jsonl", "json", "csv", "mail", "warc", "arc", "settings", "robots", "sitemap", "parquet",
))  # fmt: skip
_TAGGED: Final = frozenset(("html", "feed", "xml"))  # formats that hold tags
#: What programs write under the name of a spreadsheet; a table without a name is one of cells in lines.
_TABLES: Final = frozenset(("html", "tags", "xml", ""))
_WORDS: Final = 4  # text has more


def _refuse(unread: Unread, given: Input, _options: Options, _trace: Trace) -> Iterator[Row]:
    raise unread.refusal(given.uri.rpartition("/")[2])
    yield


_KINDS: Final = {
    **{one.name: Format(one.name, tuple(one.endings.split()), partial(_refuse, one)) for one in UNREAD},
    **{one.name: one for one in FORMATS},
}
_BY_ENDING: Final = {ending: one for one in _KINDS.values() for ending in one.endings}
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


def format_by_content(head: bytes, named: Format, text_fields: tuple[str, ...]) -> Format:
    """The format of a file that begins with `head`; `named` is what its name says.

    The name counts where the content is not distinctive. But it does not make plain text a picture.
    """
    kind = sniff(head, text_fields)
    if named.name == "sheet" and kind in _TABLES and _is_prose(head):
        return named if kind else _KINDS["csv"]
    if not kind:
        if not head or named.name in _NAMED or (named.name in _TAGGED and has_tags(head)):
            return named
        if named.name == "tex" and has_commands(head):
            return named
        return TEXT if _is_prose(head) else named
    if named.name == "markdown" and _is_in_markdown(kind, head):
        return named
    if kind == "tags":
        return named if named.name in _NAMED - {TEXT.name} else _KINDS["html"]
    if named.name in ("json", "jsonl") and kind in ("json", "jsonl", "python", "script"):
        return named
    return _KINDS[kind]


def _is_in_markdown(kind: str, head: bytes) -> bool:
    """Whether Markdown may begin like that: with macros for its formulas, a picture in SVG, or an example of a page."""
    begins_with_tag = head.lstrip().startswith(b"<")
    return kind == "tex" or (kind == "image" and begins_with_tag) or (kind == "html" and not begins_with_tag)


def _is_prose(head: bytes) -> bool:
    """Whether this is text without any doubt: some words in UTF-8, of which the last may be cut off."""
    try:
        head.decode()
    except UnicodeDecodeError as error:
        if len(head) - error.start > 3 or error.reason != "unexpected end of data":
            return False
    return b"\0" not in head and len(head.split(None, _WORDS)) > _WORDS
