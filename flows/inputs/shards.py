"""Inputs as a stream of documents, in shards of bounded size.

An input that cannot be read raises nothing: it becomes a row in `rejected`, and reading continues.
"""

from __future__ import annotations

import logging
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from types import MappingProxyType
from typing import Any, Final, NamedTuple

import polars as pl

from flows.inputs.bounds import MEGABYTE, ROW, Reserve, Unreadable
from flows.inputs.by_content import rows_of
from flows.inputs.markup.in_records import extracted
from flows.inputs.reader import Format, Input, Options, Row, growth_of
from flows.inputs.records.documents import Document, Names, Rejected
from flows.inputs.records.field_names import NO_NAME, FieldNames
from flows.inputs.records.partitions import columns_of, filled
from flows.inputs.rejections import deciding, waits_for
from flows.inputs.tracing import INPUTS, Lookup, Reading, Trace
from flows.inputs.versions import nothing_earlier, unknown
from flows.printable import printable
from flows.settings.model import Fields, Inputs

MAX_ROWS: Final = 100_000  # maximum documents, or rejected records, in a shard
MIN_SHARD: Final = 12 * MEGABYTE  # a smaller shard is not worth its own steps, if the settings ask for none
MAX_NAME: Final = 1000  # characters of a field's name in manifests
MAX_ERROR: Final = 10_000  # characters of an error: more than any path has

DOCUMENTS: Final[dict[str, pl.DataType]] = {
    "document_id": pl.String(),
    "record_id": pl.String(),
    "uri": pl.String(),
    "source": pl.String(),
    "url": pl.String(),
    "title": pl.String(),
    "published": pl.Datetime("us", "UTC"),
    "encoding": pl.String(),
    "text": pl.String(),
    "metadata": pl.String(),
    "content": pl.String(),
    "older": pl.List(pl.String()),
    "file": pl.String(),  # the uri of the input
}
REJECTED: Final[dict[str, pl.DataType]] = {"uri": pl.String(), "error": pl.String()}

#: The beginning of the error of an input that could not be opened or read, for a reason outside of it.
UNOPENED: Final = "cannot be read"
#: What a mistake of ours in a reader raises. It costs the input, not the run, and the input is tried again by the next.
_BUGS: Final = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
)
_log: Final = logging.getLogger(__name__)

_OWN: Final = Document._fields[: Document._fields.index("text")]  # what is a column as it is
#: What `Document.names` are names of, in this order.
_NAMED: Final = ("text", "title", "url", "source", "published", "id")


class Shard(NamedTuple):
    """Some of the documents in input order, what was rejected among them, and the inputs that are finished."""

    documents: pl.DataFrame  # columns: DOCUMENTS
    rejected: pl.DataFrame  # columns: REJECTED
    inputs: pl.DataFrame  # columns: INPUTS
    skipped: Mapping[str, int]  # kind of junk -> files of archives that were skipped
    fields: Mapping[tuple[str, str], int]  # (field, its name in records) -> documents
    is_cut: bool = False  # whether reading ended here because of `limit`, and there is more


def read(
    inputs: Sequence[Input],
    settings: Inputs,
    fields: Fields,
    charsets: Mapping[str, str] | None = None,
    earlier: Lookup = nothing_earlier,
    refused: Mapping[tuple[str, str], str] = MappingProxyType({}),
    begin: Callable[[str], object] = len,
    advance: Callable[[int], object] = abs,
    limit: int = 0,
    following: int = 0,
) -> Iterator[Shard]:
    """The documents of the inputs, in order, and what had to be rejected.

    A shard is closed as soon as it holds two documents and as many bytes as `shard_size` says, or 100,000 rows; a
    document is never split. `following` are the bytes of the inputs that the run reads after these. `charsets` maps a
    source to the charset to prefer if the bytes of a file are ambiguous. If an input was read before (`Input.last`),
    documents already among the `earlier` ones are left out. `refused` maps the printable uri and the content hash of
    documents to the error with which they are rejected. `begin` is called with the uri of each input that is read next,
    `advance` with the bytes of files that were read since it was last called.

    With a `limit`, reading ends after that number of documents and rejections, if there are more. The input in which it
    ends counts as changed when it is read next, so that the rest of it is new then.
    """
    options = Options(settings, FieldNames(fields), charsets or {}, Reserve(), Counter())
    decided_by = deciding(settings, fields)
    documents: list[tuple[Any, ...]] = []
    texts = _Texts()
    used: Counter[Names] = Counter()
    rejected: list[Rejected] = []
    finished: list[tuple[Any, ...]] = []
    size = taken = 0
    is_cut = False
    left = following + sum(given.size for given in inputs)
    wanted = shard_size(settings.shard_megabytes * MEGABYTE, left)
    for given in inputs:
        begin(given.uri)
        before, refused_here = taken, 0
        known_refused = (
            given.last.rejected if given.last is not None else 0
        )  # which come first, and are not new
        columns = columns_of(given.partitions, given.uri, options.fields) if given.partitions else None
        for row, length in _rows(given, options, earlier, decided_by, advance):
            if limit and not isinstance(row, Reading):
                refused_here += isinstance(row, Rejected)
                is_new = not isinstance(row, Rejected) or refused_here > known_refused
                if is_new and taken == limit:
                    is_cut = True
                    refused_here -= isinstance(row, Rejected)
                    break
                taken += is_new
            if (
                refused
                and isinstance(row, Document)
                and (error := refused.get((printable(row.uri), row.content)))
            ):
                rejected.append(Rejected(row.uri, error))
            elif isinstance(row, Document):
                row = row if columns is None else filled(row, columns)
                documents.append((*row[: len(_OWN)], given.uri))
                texts.append(row.text)
                if row.names:
                    used[row.names] += 1
                size += length
            elif isinstance(row, Rejected):
                rejected.append(row)
            else:
                finished.append((given.uri, *row))
                continue
            # polars copies the only row of a frame with each expression
            full = size >= wanted and len(documents) > 1
            if full or len(documents) >= MAX_ROWS or len(rejected) >= MAX_ROWS:
                yield _shard(documents, texts, used, rejected, finished, options)
                used.clear()
                left -= size
                wanted = shard_size(settings.shard_megabytes * MEGABYTE, left)
                documents, texts, rejected, finished, size = [], _Texts(), [], [], 0
        if is_cut:
            if taken > before:
                moved_from = given.last.moved_from if given.last is not None else None
                part = Reading(given.size, -1, rejected=refused_here, moved_from=moved_from)
                finished.append((given.uri, *part))
            break
    if documents or rejected or finished or is_cut:
        yield _shard(documents, texts, used, rejected, finished, options)._replace(is_cut=is_cut)


def shard_size(most: int, left: int) -> int:
    """The bytes of the next shard of a run that has `left` bytes to read, at `most`.

    The last shards are smaller and smaller: no worker has to wait long for another one that began a large one last.
    The sizes depend on the sizes of the inputs alone, so that the same inputs give the same shards.

    >>> shard_size(32_000_000, 1_000_000_000), shard_size(32_000_000, 50_000_000), shard_size(32_000_000, 30_000_000)
    (32000000, 25000000, 15000000)
    """
    least = min(MIN_SHARD, most)
    size = min(max(left // 2, least), most)
    return size if left - size >= least // 2 else most


class _Texts:
    """A column of texts, moved to Arrow memory a megabyte at a time so that Python's memory is reused."""

    def __init__(self) -> None:
        self._series = [pl.Series("text", [], pl.String)]
        self._pending: list[bytes] = []
        self._size = 0

    def append(self, text: bytes) -> None:
        """Add a text in UTF-8."""
        self._pending.append(text)
        self._size += len(text)
        if self._size >= MEGABYTE:
            self._flush()

    def series(self) -> pl.Series:
        """All texts."""
        self._flush()
        return pl.concat(self._series, rechunk=True)

    def _flush(self) -> None:
        self._series.append(pl.Series("text", self._pending, pl.Binary).cast(pl.String))
        self._pending, self._size = [], 0


def _rows(
    given: Input, options: Options, earlier: Lookup, decided_by: str, advance: Callable[[int], object]
) -> Iterator[Row | tuple[Reading, int]]:
    """The rows of one input, then its `Reading`; the input itself is rejected if it could not be read to its end."""
    trace, modified = Trace(), given.modified_ns
    rejected: defaultdict[str | None, int] = defaultdict(int)  # what they wait for -> rejections
    done = 0
    try:
        for row in _own_rows(given, options, trace, earlier):
            if isinstance(row[0], Rejected):
                rejected[waits_for(row[0].error)] += 1
            if trace.length > done:
                advance(trace.length - done)
                done = trace.length
            yield row
    except (Unreadable, MemoryError, *_BUGS) as error:
        if isinstance(error, MemoryError):
            error = Unreadable(f"{UNOPENED}: it takes more memory than there is")
        elif not isinstance(error, Unreadable):
            _log.exception("a bug in copydesk, met in %s, which is left out", printable(given.uri))
            error = Unreadable(f"{UNOPENED}: it meets a bug in copydesk, {type(error).__name__}: {error}")
        if str(error).startswith(UNOPENED):
            modified = -1
        rejected[waits_for(str(error))] += 1
        yield Rejected(given.uri, str(error)), 0
    advance(given.size - done)  # also what was not read, or read again
    if given.last is not None and trace.resumed:
        rejected[given.last.waits_for] += given.last.rejected
    resumable = trace.whole and trace.lines is not None
    number = sum(rejected.values())
    yield (
        Reading(
            given.size,
            modified,
            trace.content if trace.whole else None,
            trace.end if resumable else None,
            trace.lines if resumable else None,
            trace.prefix_hash if resumable else None,
            trace.incomplete_tail,
            number,
            given.last.moved_from if given.last is not None else None,
            decided_by if number else None,
            max(filter(None, rejected), key=rejected.__getitem__, default=None),
        ),
        0,
    )


def _own_rows(given: Input, options: Options, trace: Trace, earlier: Lookup) -> Iterator[Row]:
    """The rows of an input; without the known ones, if it was read before. Raises Unreadable, also if it has none."""
    if given.problem:
        raise Unreadable(given.problem)
    found, rows = rows_of(given, options, trace)
    counted = _Counted(_bounded(rows, given, options, trace))
    rows = counted
    if given.last is not None:
        rows = _new_rows(given, options, trace, found, counted, earlier)
    yield from extracted(rows, options) if found.has_fields else rows
    if not counted.count and not trace.incomplete_tail and not trace.resumed:
        raise Unreadable("no text: the file contains no records")


class _Counted(Iterator[Row]):
    """Rows, and their number so far."""

    def __init__(self, rows: Iterator[Row]) -> None:
        self._rows = rows
        self.count = 0

    def __next__(self) -> Row:
        row = next(self._rows)
        self.count += 1
        return row


def _new_rows(
    given: Input, options: Options, trace: Trace, found: Format, rows: Iterator[Row], earlier: Lookup
) -> Iterator[Row]:
    """The rows of an input that was read before, without the documents known since then."""
    first = next(rows, None)  # sets `trace.resumed`
    if first is None:
        return
    rows = chain([first], rows)
    known = earlier(given.uri) if not trace.resumed or _had_open_tail(given.last) else ()
    if trace.resumed:
        # the last line had no line end, so it may have grown since
        tail = f"{given.uri}#{(given.last.lines or 0) + 1}" if given.last else ""
        # several records in one line are numbered within it
        known = [one for one in known if one.uri == tail or one.uri.startswith(f"{tail}.")]
        present = iter([first])
    elif found.one_document:
        present = iter([first])
    else:
        again = options._replace(skipped=Counter())
        _, present = rows_of(replace(given, last=None), again, Trace())
    yield from unknown(rows, present, known, ignore=options.settings.on_change == "ignore")


def _had_open_tail(last: Reading | None) -> bool:
    """Whether the bytes of a reading did not end with a line end."""
    return last is not None and last.prefix_hash != last.content


def _bounded(rows: Iterator[Row], given: Input, options: Options, trace: Trace) -> Iterator[Row]:
    """The rows; those of a compressed file count against its growth: a row of two bytes is still a row here."""
    if not trace.compression or not given.size:
        yield from rows
        return
    growth = growth_of(given.size, options)
    for number, row in enumerate(rows):
        try:
            growth.add(ROW, trace.compression)
        except Unreadable as error:
            raise Unreadable(f"{error} after row {number}") from error
        yield row


def _shard(
    documents: list[tuple[Any, ...]],
    texts: _Texts,
    used: Counter[Names],
    rejected: list[Rejected],
    finished: list[tuple[Any, ...]],
    options: Options,
) -> Shard:
    names = (*_OWN, "file")
    columns = zip(*documents, strict=True) if documents else ([] for _ in names)
    found = {
        name: pl.Series(name, values, pl.Int64() if name == "published" else DOCUMENTS[name]).cast(
            DOCUMENTS[name]
        )
        for name, values in zip(names, columns, strict=True)
    }
    found["text"] = texts.series()
    errors = [(row.uri, printable(_shortened(row.error))) for row in rejected]
    skipped = dict(options.skipped)
    options.skipped.clear()
    return Shard(
        # in their order at once: polars copies the only row of a frame with each expression
        pl.DataFrame([found[name] for name in DOCUMENTS]),
        pl.DataFrame(errors, REJECTED, orient="row"),
        pl.DataFrame(finished, INPUTS, orient="row"),
        skipped,
        _by_field(used),
    )


def _by_field(used: Mapping[Names, int]) -> dict[tuple[str, str], int]:
    found: Counter[tuple[str, str]] = Counter()
    for names, number in used.items():
        for field, name in zip(_NAMED, names, strict=True):
            if name is not None and name != NO_NAME:
                found[field, name[:MAX_NAME]] += number
    return dict(found)


def _shortened(error: str) -> str:
    """The error; one that quotes names as long as a file has only its beginning and its end, which says what to do."""
    half = MAX_ERROR // 2
    return error if len(error) <= MAX_ERROR else f"{error[:half]} ... {error[-half:]}"
