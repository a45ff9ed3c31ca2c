"""WARC and WET: each page that was fetched, or each text that was extracted from one, is a document."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any, BinaryIO, Final, NamedTuple, cast

from cleaners.decoding.decoder import NotText
from flows.inputs.bounds import MEGABYTE, Growth, Unreadable, beyond_memory
from flows.inputs.markup.extraction import FIELDS, decoded, missing, page
from flows.inputs.reader import Input, Options, Row, chunks_of, growth_of, too_large
from flows.inputs.records.documents import Refused, Rejected, to_document
from flows.inputs.tracing import Trace

OK: Final = 200  # the status of an answer that has the page
_REDIRECT: Final = 3  # the first digit of that of one that has another address
_PAGES: Final = ("text/html", "application/xhtml+xml")
_TEXTS: Final = ("text/plain",)
_TYPES: Final = frozenset(("warcinfo", "request", "metadata", "revisit", "continuation"))  # that hold no page


def read_warc(given: Input, options: Options, trace: Trace) -> Iterator[Row]:
    """One document per web page or text; the number in the uri is that of the record in the file.

    Requests, redirects, errors, images and the like hold no article and have no row; they are counted as skipped.
    """
    try:
        from fastwarc.warc import ArchiveIterator
    except ImportError as error:
        raise Unreadable(missing("fastwarc", "a WARC file")) from error
    stream = _Stream(chunks_of(given, options, trace))
    passed: Counter[str] = Counter()
    growth = growth_of(given.size, options)  # of pages that are compressed in their records
    number = rows = 0
    try:
        for record in ArchiveIterator(
            cast(BinaryIO, stream), auto_decode="all", quirks_mode=True, fsspec_args=False
        ):
            number += 1
            row = _row(record, f"{given.uri}#{number}", options, growth)
            if isinstance(row, _Passed):
                passed[row.what] += 1
                options.skipped[row.kind] += 1
            else:
                rows += 1
                yield row
    except Unreadable as error:
        raise Unreadable(f"{error} after record {number}" if number else str(error)) from error
    except BaseException as error:
        # a panic of the native code is no Exception
        if isinstance(error, Exception) or type(error).__name__ == "PanicException":
            raise Unreadable(f"damaged WARC ({str(error)[:200]}) after record {number}") from error
        raise
    stream.drain()
    if not rows:
        counts = ", ".join(f"{count} of {kind}" for kind, count in sorted(passed.items()))
        raise Unreadable(
            f"no text: none of the {number} records is a page or a text ({counts or 'none at all'})"
        )


class _Passed(NamedTuple):
    """Why a record of a WARC file is no article."""

    what: str  # in full
    kind: str  # one of a few, as skipped records are counted


def _row(record: Any, uri: str, options: Options, growth: Growth) -> Row | _Passed:
    """The row of a record, or the kind of one that holds no article."""
    kind = record.headers.get("WARC-Type", "unknown").strip().lower()
    http = record.http_headers if record.is_http else None
    media = (record.http_content_type if http is not None else record.headers.get("Content-Type")) or ""
    media = media.partition(";")[0].strip().lower()
    if kind not in ("response", "resource", "conversion"):
        return _Passed(f"type {kind}", f"WARC {kind if kind in _TYPES else 'other'} record")
    if http is not None and http.status_code != OK:
        return _Passed(
            f"status {http.status_code}",
            f"WARC {'redirect' if http.status_code // 100 == _REDIRECT else 'error'}",
        )
    if media not in (*_PAGES, *_TEXTS):
        return _Passed(f"media type {media or 'unknown'}", "WARC non-text record")
    url = record.headers.get("WARC-Target-URI", "").strip("<>") or None
    if media in _TEXTS and url is not None and url.endswith("/robots.txt"):
        return _Passed("robots.txt", "WARC non-text record")
    limit = options.settings.max_document_megabytes * MEGABYTE
    data = record.reader.read(limit + 1)
    growth.add(len(data), "WARC")
    if len(data) > limit:
        return Rejected(uri, too_large(options.settings)), 0
    if problem := beyond_memory(len(data)):
        return Rejected(uri, problem), 0
    try:
        text, encoding = decoded(data, record.http_charset if http is not None else None)
        found: dict[str, Any] = {"text": text}
        if media in _PAGES:
            found = page(text, url, options.settings.html)
        found["url"] = url or found.get("url")
        found.setdefault("published", record.headers.get("WARC-Date"))
        found["id"] = record.record_id
        return to_document(found, FIELDS, uri=uri, content=data, encoding=encoding), len(data)
    except (NotText, Refused, Unreadable) as error:
        return Rejected(uri, f"{url or 'a record without a URL'}: {error}"), 0


class _Stream:
    """Chunks of bytes as a file."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks, self._rest, self._at = chunks, memoryview(b""), 0

    def read(self, size: int = -1) -> bytes:
        """The next bytes, at most `size`; none at the end."""
        while not self._rest:
            chunk = next(self._chunks, None)
            if chunk is None:
                return b""
            self._rest = memoryview(chunk)
        size = len(self._rest) if size < 0 else size
        found, self._rest = bytes(self._rest[:size]), self._rest[size:]
        self._at += len(found)
        return found

    def tell(self) -> int:
        """How many bytes were read."""
        return self._at

    def drain(self) -> None:
        """Read what is left, for the hash of the file."""
        for _ in self._chunks:
            pass
