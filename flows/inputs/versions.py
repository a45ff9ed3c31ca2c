"""Which documents of a changed input are new, and which older documents they are new versions of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence, Set

from flows.inputs.bounds import Unreadable
from flows.inputs.reader import Row
from flows.inputs.records.documents import Document, document_id
from flows.inputs.tracing import Earlier


def unknown(
    rows: Iterable[Row], present: Iterable[Row], earlier: Sequence[Earlier], *, ignore: bool
) -> Iterator[Row]:
    """The rows of an input that no earlier run has read from it, with the ids of their `older` versions.

    A document is recognised by its content, anywhere in the input; if several had the same content, that many are
    recognised. `present` holds the input's rows a second time, and is read first: `earlier` documents missing from it
    were changed or deleted. An unknown document is a new version of the missing ones that have its record id or, if
    either has no record id, its uri. If the older version is still in the input, they are different documents. Replaced
    documents are no longer recognised; one that comes back is a new version with a different id. With `ignore`, new
    versions are left out.
    """
    former = {e.document_id for e in earlier if e.replaced}
    earlier = [e for e in earlier if not e.replaced]
    rows, present = _renamed(rows, former), _renamed(present, former)
    ids, known = {e.document_id for e in earlier}, Counter(e.content for e in earlier)
    found, contents = _present(present, ids, known)
    missing = _missing(earlier, found, contents)
    by_record: dict[str, list[Earlier]] = {}
    by_uri: dict[str, list[Earlier]] = {}
    for one in missing:
        by_uri.setdefault(one.uri, []).append(one)
        if one.record_id is not None:
            by_record.setdefault(one.record_id, []).append(one)
    left = known - Counter(e.content for e in earlier if e.document_id in found)
    for row, size in rows:
        if not isinstance(row, Document):
            yield row, size
            continue
        if row.document_id in ids:
            continue
        if left[row.content] > 0:
            left[row.content] -= 1
            continue
        older = by_record.get(row.record_id, []) if row.record_id is not None else []
        older = older or [e for e in by_uri.get(row.uri, []) if e.record_id is None or row.record_id is None]
        if older and ignore:
            continue
        yield row._replace(older=tuple(e.document_id for e in older) or None), size


def _renamed(rows: Iterable[Row], former: Set[str]) -> Iterator[Row]:
    """The rows; a document with the id of a replaced one gets another id."""
    for row, size in rows:
        if isinstance(row, Document):
            name = row.document_id
            while name in former:
                name = document_id(name, row.content)
            yield row._replace(document_id=name), size
        else:
            yield row, size


def _present(rows: Iterable[Row], ids: set[str], known: Counter[str]) -> tuple[set[str], Counter[str]]:
    """The known ids among the rows, and the known contents with their counts."""
    found: set[str] = set()
    contents: Counter[str] = Counter()
    try:
        for row, _ in rows:
            if isinstance(row, Document):
                if row.document_id in ids:
                    found.add(row.document_id)
                if row.content in known:
                    contents[row.content] += 1
    except Unreadable:
        pass  # the rows are read again, and the error is reported then
    return found, contents


def _missing(earlier: Sequence[Earlier], found: set[str], contents: Counter[str]) -> list[Earlier]:
    """The documents whose content is no longer in the input, or less often than before."""
    left = contents - Counter(e.content for e in earlier if e.document_id in found)
    missing = []
    for one in earlier:
        if one.document_id in found:
            continue
        if left[one.content] > 0:
            left[one.content] -= 1
        else:
            missing.append(one)
    return missing


def nothing_earlier(_uri: str) -> Sequence[Earlier]:
    """A lookup without any earlier documents."""
    return ()
