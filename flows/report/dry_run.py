"""What a dry run says of the files: how many of each format would be read, and what would be rejected as a whole."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any, Final

from rich.filesize import decimal

from flows.dataset.summary import Outcome, counted
from flows.inputs.bounds import Reserve, Unreadable
from flows.inputs.by_content import rows_of
from flows.inputs.formats import FORMATS
from flows.inputs.reader import Format, Input, Options
from flows.inputs.records.field_names import FieldNames
from flows.inputs.tracing import Trace
from flows.settings import Settings

OPENED: Final = 10_000  # files whose content is looked at; of more, the name decides


def files_by_format(new: Sequence[Input], settings: Settings) -> list[dict[str, Any]]:
    """For each format, by the content of the files: its name, the number of files, their bytes, and if it is read."""
    options = Options(settings.inputs, FieldNames(settings.fields), {}, Reserve(), Counter())
    files: Counter[str] = Counter()
    size: Counter[str] = Counter()
    for number, one in enumerate(new):
        name = _format_of(one, options, is_opened=number < OPENED)
        files[name] += 1
        size[name] += one.size
    read = {one.name for one in FORMATS}
    return [
        {"format": name, "files": number, "bytes": size[name], "is_read": name in read}
        for name, number in files.most_common()
    ]


def _format_of(one: Input, options: Options, *, is_opened: bool) -> str:
    if one.problem:
        return "left out"
    found: Format = one.format
    if is_opened:
        with suppress(Unreadable, MemoryError):
            found, rows = rows_of(one, options, Trace())
            del rows
    return found.name


def lines(outcome: Outcome, files: Sequence[dict[str, Any]]) -> Iterator[str]:
    """What would be read, line by line."""
    yield (
        f"dry run: {counted(outcome.inputs, 'input')}, {outcome.read:,} of them new or changed; nothing was written"
    )
    for one in files:
        size = decimal(one["bytes"])
        rejected = "" if one["is_read"] else ", rejected"
        yield f"  {one['format']}: {counted(one['files'], 'file')}, {size}{rejected}"
    if outcome.run_id is not None:
        of = (
            f"the first {outcome.limit:,} new records; --limit N looks at more"
            if outcome.limit
            else "all of it"
        )
        yield f"what would be removed, of {of}:"
