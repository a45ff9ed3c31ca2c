"""Which documents of an input that was read before are new, and of which older ones they are new versions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from typing import NamedTuple

from flows.inputs.compression import Unreadable
from flows.inputs.records import Document, document_id
from flows.inputs.text_files import Row


class Earlier(NamedTuple):
    """A document that an earlier run read of an input."""

    document_id: str
    uri: str
    record_id: str | None
    content: str  # its hash, see `tracing.content_hash`
    replaced: bool  # whether a later version has taken its place


def unknown(
    rows: Iterable[Row], present: Iterable[Row], earlier: Sequence[Earlier], *, ignore: bool
) -> Iterator[Row]:
    """Of the rows of an input those that no earlier run has read of it, with the ids of their `older` versions.

    A document is known by its content, wherever in the input it stands: of several with the same content so many are
    known as there were. `present` has the input's rows once more, and is gone through first: what of `earlier` is not
    among them has been changed or taken away. An unknown document is the new version of those of them that have its
    record id, or, where one of the two has no record id, its uri. One whose older version still stands in the input is
    another document. What was replaced is not known any more; if it comes back it is a new version, with another id.
    With `ignore`, new versions are left out.
    """
    former = {e.document_id for e in earlier if e.replaced}
    earlier = [e for e in earlier if not e.replaced]
    rows, present = _renamed(rows, former), _renamed(present, former)
    ids, known = {e.document_id for e in earlier}, Counter(e.content for e in earlier)
    there, contents = _present(present, ids, known)
    gone = _gone(earlier, there, contents)
    by_record: dict[str, list[Earlier]] = {}
    by_uri: dict[str, list[Earlier]] = {}
    for one in gone:
        by_uri.setdefault(one.uri, []).append(one)
        if one.record_id is not None:
            by_record.setdefault(one.record_id, []).append(one)
    protect = known - Counter(e.content for e in earlier if e.document_id in there)
    for row, size in rows:
        if not isinstance(row, Document):
            yield row, size
            continue
        if row.document_id in ids:
            continue
        if protect[row.content] > 0:
            protect[row.content] -= 1
            continue
        older = by_record.get(row.record_id, []) if row.record_id is not None else []
        older = older or [e for e in by_uri.get(row.uri, []) if e.record_id is None or row.record_id is None]
        if older and ignore:
            continue
        yield row._replace(older=tuple(e.document_id for e in older) or None), size


def _renamed(rows: Iterable[Row], former: Set[str]) -> Iterator[Row]:
    """The rows, with other ids for documents that have the id of one that was replaced."""
    for row, size in rows:
        if isinstance(row, Document):
            name = row.document_id
            while name in former:
                name = document_id(name, row.content.encode())
            yield row._replace(document_id=name), size
        else:
            yield row, size


def _present(rows: Iterable[Row], ids: set[str], known: Counter[str]) -> tuple[set[str], Counter[str]]:
    """Of what is known the ids, and the contents with their number, that are among the rows."""
    there: set[str] = set()
    contents: Counter[str] = Counter()
    try:
        for row, _ in rows:
            if isinstance(row, Document):
                if row.document_id in ids:
                    there.add(row.document_id)
                if row.content in known:
                    contents[row.content] += 1
    except Unreadable:
        pass  # the rows are gone through again, and it is told then
    return there, contents


def _gone(earlier: Sequence[Earlier], there: set[str], contents: Counter[str]) -> list[Earlier]:
    """The documents whose content is not in the input any more, or less often than it was."""
    left = contents - Counter(e.content for e in earlier if e.document_id in there)
    gone = []
    for one in earlier:
        if one.document_id in there:
            continue
        if left[one.content] > 0:
            left[one.content] -= 1
        else:
            gone.append(one)
    return gone


#: Gives what earlier runs have read of the input of that uri.
Lookup = Callable[[str], Sequence[Earlier]]


def nothing_earlier(_uri: str) -> Sequence[Earlier]:
    """No document was read before."""
    return ()
