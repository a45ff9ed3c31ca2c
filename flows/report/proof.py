"""A document as a marked-up proof: every paragraph of it, in place, with what was done to it and why.

These are values, which `explain` and the page of a run show; the JSON of `copydesk explain --json` has the same fields
under the same names. Where they come from is another matter: a dataset, a run that is held, or a file that is judged.

All strings are as they are in the published tables: untrusted, and neither escaped nor masked. What shows them must see
to that.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Witness:
    """The paragraph that a near-duplicate is a duplicate of."""

    document_id: str
    position: int  # in that document, from 0
    text: str | None  # None if it is nowhere to be found any more: its run expired, or it is in a reference
    uri: str | None  # this and what follows: None if unknown, as for an expired run
    url: str | None
    title: str | None
    source: str | None
    published: datetime | None
    jaccard: float | None  # the exact similarity of the two paragraphs
    in_reference: bool = False


@dataclass(frozen=True, slots=True)
class ProofParagraph:
    """A paragraph: what it says, what it said before repair, and why it was removed, if it was."""

    position: int  # from 0, in the document as it was read
    text: str  # after repair; empty if repair left nothing of it
    reason: str | None  # why it was removed; None if it was kept
    rule: str | None  # of the reason; or, in a kept paragraph, of a label that is a reason
    detail: str | None
    before: str | None  # the text as it was decoded, if repair changed it
    fixes: tuple[str, ...]  # what repair did, in order
    label: str | None  # what a kept line is: a by-line, a dateline, or a reason whose action is "label"
    witness: Witness | None

    @property
    def is_removed(self) -> bool:
        """Whether it was removed, for whatever reason."""
        return self.reason is not None

    @property
    def is_labelled(self) -> bool:
        """Whether it stays in the text although there is a reason, whose action is "label"."""
        return self.reason is None and self.rule is not None

    @property
    def is_repaired(self) -> bool:
        """Whether repair changed it by more than white space."""
        return self.before is not None


@dataclass(frozen=True, slots=True)
class Proof:
    """A document with all of its paragraphs, kept and removed, in order."""

    document_id: str
    uri: str
    url: str | None
    source: str | None
    title: str | None  # after repair
    title_before: str | None  # if repair changed it
    title_fixes: tuple[str, ...]
    language: str | None
    encoding: str | None
    published: datetime | None
    run_id: str | None  # None if it is not published
    paragraphs: tuple[ProofParagraph, ...]

    @property
    def removed(self) -> tuple[ProofParagraph, ...]:
        """The paragraphs that were removed."""
        return tuple(one for one in self.paragraphs if one.is_removed)

    @property
    def kept(self) -> tuple[ProofParagraph, ...]:
        """The paragraphs that are in `documents`."""
        return tuple(one for one in self.paragraphs if not one.is_removed and one.text)

    def reasons(self) -> Mapping[str, int]:
        """Reason -> number of paragraphs that were removed for it, the most frequent first."""
        counted = Counter(one.reason for one in self.paragraphs if one.reason is not None)
        return dict(sorted(counted.items(), key=lambda item: (-item[1], item[0])))


def as_json(proof: Proof) -> dict[str, Any]:
    """The proof for a JSON file: the fields above under their names, times in ISO 8601."""
    return {name: _plain(value) for name, value in asdict(proof).items()}


def _plain(value: Any) -> Any:
    match value:
        case dict():
            return {name: _plain(item) for name, item in value.items()}
        case list() | tuple():
            return [_plain(item) for item in value]
        case datetime():
            return value.isoformat()
    return value
