"""RSS and Atom: each item is a document."""

from __future__ import annotations

from collections.abc import Iterator

from flows.inputs.markup.extraction import FIELDS, ask
from flows.inputs.markup.fragments import fragment_text
from flows.inputs.reader import Input, Options, Row
from flows.inputs.table_rows import to_row
from flows.inputs.text_files import whole
from flows.inputs.tracing import Trace


def read_feed(given: Input, options: Options, trace: Trace) -> Iterator[Row]:
    """One document per item: its content, or else its summary, with title, link, date and id."""
    data = whole(given, options, trace)
    for number, item in enumerate(ask("feed", data, size=len(data)), start=1):
        markup = item.pop("html")
        record = {name: value for name, value in item.items() if value}
        record["text"] = fragment_text(markup)
        if title := item.get("title"):
            record["title"] = fragment_text(title)
        yield to_row(record, FIELDS, f"{given.uri}#{number}", "utf-8")
