"""Text files and Markdown files, each one document."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Final

from cleaners.decoding.decoder import NotText, decode
from flows.inputs.bounds import MEGABYTE, Unreadable, beyond_memory
from flows.inputs.names import folder_of
from flows.inputs.reader import Input, Options, Row, chunks_of, too_large
from flows.inputs.records import front_matter
from flows.inputs.records.documents import (
    Document,
    Refused,
    document_id,
    to_document,
)
from flows.inputs.records.field_names import NO_NAME, FieldNames
from flows.inputs.records.titles import title_of_markdown, title_of_text
from flows.inputs.tracing import Trace, content_hash

_REST: Final = NO_NAME  # the field that holds the text of a Markdown file; no YAML key can have this name
_LONGEST_LINE: Final = 200  # characters of a field with an unknown name; longer ones are paragraphs
_PARAGRAPH: Final = 40  # characters that a text has at least


def read_text(given: Input, options: Options, trace: Trace) -> Iterator[Row]:
    """The whole file as one document; its source is the name of the folder, its title a first line that is one.

    Front matter counts if it has a field of a document.
    """
    yield _document(given, options, trace, is_markdown=False)


def read_markdown(given: Input, options: Options, trace: Trace) -> Iterator[Row]:
    """The whole file as one document; keys of front matter are read like the fields of a record.

    Without a title among them, the heading that the text begins with is the title.
    """
    yield _document(given, options, trace, is_markdown=True)


def _document(given: Input, options: Options, trace: Trace, *, is_markdown: bool) -> Row:
    fields, charsets = options.fields, options.charsets
    data = whole(given, options, trace)
    folder = folder_of(given.uri)
    try:
        text, encoding = decode(data, charsets.get(folder or ""))
        found = front_matter.split(text)
        is_front_matter = is_markdown and not text.startswith("{")  # which may as well be an example
        if found and not (is_front_matter or fields.choice(found[0]).mapped):
            found = None
        if not found and (lines := front_matter.lines(text)) and _are_known(lines[0], fields):
            found = lines
        if found:
            record, rest = _with_its_text(*found, fields)
            if not rest or rest.isspace():
                raise Refused("no text: nothing follows the front matter")
            document = to_document(
                {**record, _REST: rest},
                _of_rest(fields),
                uri=given.uri,
                content=data,
                encoding=encoding,
                source=folder,
            )
            title = title_of_markdown(rest) if is_markdown else title_of_text(rest)
            document = document._replace(title=document.title or title)
        elif not text or text.isspace():
            raise Refused("no text: the file contains only white space")
        else:
            content = content_hash(data)
            name = document_id(given.uri, content)
            title = title_of_markdown(text) if is_markdown else title_of_text(text)
            document = Document(
                name, None, given.uri, folder, None, title, None, encoding, None, content, None, text.encode()
            )
    except (NotText, Refused, front_matter.TooDeep) as error:
        raise Unreadable(str(error)) from error
    return document, len(data)


def _are_known(record: dict[str, Any], fields: FieldNames) -> bool:
    """Whether lines at the head of a text are fields of its article: a title and another one, and no paragraphs."""
    choice = fields.choice(record)
    known = {*choice.mapped, *(name for name, _ in choice.text)}
    return (
        bool(choice.title)
        and bool(choice.url or choice.published or choice.source)
        and all(name in known or len(value) <= _LONGEST_LINE for name, value in record.items())
    )


def _with_its_text(record: dict[str, Any], rest: str, fields: FieldNames) -> tuple[dict[str, Any], str]:
    """The fields and the rest of the text, with what a field such as `Text: ...` has of it, the first lines."""
    for name, rank in fields.choice(record).text:
        value = record.get(name)
        if (
            not fields.is_teaser(rank)
            and isinstance(value, str)
            and len(value) >= _PARAGRAPH
            and " " in value
        ):
            record, rest = {one: record[one] for one in record if one != name}, f"{value}\n\n{rest}"
    return record, rest


@lru_cache(maxsize=8)
def _of_rest(fields: FieldNames) -> FieldNames:
    return FieldNames(fields.settings.model_copy(update={"text": (_REST,)}))


def whole(given: Input, options: Options, trace: Trace) -> bytes:
    """All bytes of a file; raises Unreadable if it is too large or empty."""
    settings = options.settings
    limit = settings.max_document_megabytes * MEGABYTE
    if given.size > limit:
        raise Unreadable(too_large(settings))
    if problem := beyond_memory(given.size):
        raise Unreadable(f"cannot be read: {problem}")
    kept: list[bytes] = []
    length = 0
    for chunk in chunks_of(given, options, trace):
        length += len(chunk)
        if length > limit:
            raise Unreadable(too_large(settings))
        kept.append(chunk)
    if not length:
        raise Unreadable("no text: the file is empty")
    return b"".join(kept)
