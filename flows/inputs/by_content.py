"""Files read by their content, whatever their names say, and the files in archives as if each were one of its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final

import xxhash

from flows.inputs.archives import Member, tar_members, zip_members
from flows.inputs.bounds import ROW, Unreadable
from flows.inputs.formats import KINDS, TEXT, format_of
from flows.inputs.junk import junk
from flows.inputs.markup.in_records import extracted
from flows.inputs.names import in_place, partitions_below, uri_of
from flows.inputs.reader import Format, Input, Options, Row, growth_of, head_of
from flows.inputs.records.documents import Document, Rejected
from flows.inputs.records.partitions import columns_of, filled
from flows.inputs.sniffing import has_tags, sniff
from flows.inputs.text_kinds import has_commands
from flows.inputs.tracing import Trace

MAX_ARCHIVES: Final = 3  # within each other
#: Formats whose files need not have anything distinctive, so that the name counts. Damaged Parquet is no text, either.
_NAMED: Final = frozenset((
    "text", "markdown", "jsonl", "json", "csv", "mail", "warc", "arc", "settings", "robots", "sitemap", "parquet",
))  # fmt: skip
_TAGGED: Final = frozenset(("html", "feed", "xml"))  # formats that hold tags
#: What programs write under the name of a spreadsheet; a table without a name is one of cells in lines.
_TABLES: Final = frozenset(("html", "tags", "xml", ""))
_WORDS: Final = 4  # text has more


def rows_of(
    given: Input, options: Options, trace: Trace, raw: Iterator[bytes] | None = None
) -> tuple[Format, Iterator[Row]]:
    """(format, rows) of an input, by its content; `raw` are the bytes of a file in an archive. Raises Unreadable."""
    found = format_by_content(head_of(given, options, trace, raw), given.format, options.fields.settings.text)
    return found, found.read(given, options, trace)


def format_by_content(head: bytes, named: Format, text_fields: tuple[str, ...]) -> Format:
    """The format of a file that begins with `head`; `named` is what its name says.

    The name counts where the content is not distinctive. But it does not make plain text a picture.
    """
    kind = sniff(head, text_fields)
    if named.name == "sheet" and kind in _TABLES and _is_prose(head):
        return named if kind else KINDS["csv"]
    if not kind:
        if not head or named.name in _NAMED or (named.name in _TAGGED and has_tags(head)):
            return named
        if named.name == "tex" and has_commands(head):
            return named
        return TEXT if _is_prose(head) else named
    if named.name == "markdown" and _is_in_markdown(kind, head):
        return named
    if kind == "tags":
        return named if named.name in _NAMED - {TEXT.name} else KINDS["html"]
    if named.name in ("json", "jsonl") and kind in ("json", "jsonl", "python", "script"):
        return named
    return KINDS[kind]


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


def read_zip(given: Input, options: Options, trace: Trace) -> Iterator[Row]:
    """The rows of the files in a zip archive."""
    return _rows_in(zip_members(given, options, trace), given, options)


def read_tar(given: Input, options: Options, trace: Trace) -> Iterator[Row]:
    """The rows of the files in a tar archive."""
    return _rows_in(tar_members(given, options, trace), given, options)


def _rows_in(members: Iterator[Member], archive: Input, options: Options) -> Iterator[Row]:
    """The rows of the files in an archive, each read as if it were a file of its own, or why it cannot be."""
    if archive.depth >= MAX_ARCHIVES:
        raise Unreadable(f"an archive within {MAX_ARCHIVES} archives; unpack it")
    bounds = growth_of(archive.size, options)
    options = options._replace(within=bounds)
    names: Counter[int] = Counter()  # by their hashes
    for member in members:
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
        uri = f"{archive.uri}#{label}" if number == 1 else f"{archive.uri}#{label}##{number}"
        found, compression = format_of(name)
        partitions = (*archive.partitions, *partitions_below("/", f"/{member.name}"))
        one = Input(
            uri, member.size, 0, found, "", compression, partitions=partitions, depth=archive.depth + 1
        )
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
