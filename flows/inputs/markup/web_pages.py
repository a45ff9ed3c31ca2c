"""Web pages: the article of each is a document."""

from __future__ import annotations

from collections.abc import Iterator

from cleaners.decoding.decoder import NotText
from flows.inputs.bounds import Unreadable
from flows.inputs.markup.extraction import FIELDS, decoded, page
from flows.inputs.markup.fragments import fragment_text
from flows.inputs.markup.in_records import kind_of
from flows.inputs.names import folder_of
from flows.inputs.reader import Input, Options, Row
from flows.inputs.records.documents import Refused, to_document
from flows.inputs.text_files import whole
from flows.inputs.tracing import Trace


def read_html(given: Input, options: Options, trace: Trace) -> Iterator[Row]:
    """The article of the page as one document; the source is the host of its URL, or else the name of the folder."""
    data = whole(given, options, trace)
    try:
        text, encoding = decoded(data)
        try:
            record = page(text, None, options.settings.html)
        except Unreadable:
            if kind_of(text) != "fragment" or not (plain := fragment_text(text)):
                raise
            record = {"text": plain}
        document = to_document(
            record, FIELDS, uri=given.uri, content=data, encoding=encoding, source=folder_of(given.uri)
        )
    except (NotText, Refused) as error:
        raise Unreadable(str(error)) from error
    yield document, len(data)
