"""What a run did, in numbers: documents, paragraphs and words read, kept, and removed by reason."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from functools import reduce
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeAlias

import polars as pl

from cleaners import REASONS
from flows.dataset.rejections import RejectionKind
from flows.printable import as_markdown, printable, shortened

MAX_NAMES: Final = 4  # of a field that are shown
#: The reason for text that a new version of its document replaced; no cleaner has it.
REPLACED: Final = "replaced"


#: Reason -> (documents touched, paragraphs, words).
ByReason: TypeAlias = dict[str, tuple[int, int, int]]


@dataclass(frozen=True)
class Counts:
    """Counts that add up over shards.

    `removed` and `labelled` map a reason to (documents touched, paragraphs, words). What is labelled is kept, too.
    """

    documents: int = 0  # read, whether kept or not
    documents_kept: int = 0
    paragraphs: int = 0
    paragraphs_kept: int = 0
    words: int = 0
    words_kept: int = 0
    bytes: int = 0  # of repaired text, in UTF-8
    repaired: int = 0  # paragraphs
    rejected: int = 0
    leads: int = 0  # paragraphs that stay as leads, although they have a witness
    removed: ByReason = field(default_factory=dict)
    labelled: ByReason = field(default_factory=dict)

    @classmethod
    def of(
        cls, frame: pl.DataFrame, documents: pl.DataFrame, rejected: pl.DataFrame, *, leads: int = 0
    ) -> Counts:
        """The counts of one shard, from its paragraphs, published documents and rejected inputs.

        The paragraphs have `words` and `labelled`.
        """
        found = frame.select("reason", "document", "words", "labelled").filter(pl.col("reason").is_not_null())
        text = frame.get_column("text")  # an empty one has no words
        return cls(
            documents=frame["document"].n_unique(),
            documents_kept=len(documents),
            paragraphs=int((text != "").sum()),
            paragraphs_kept=int(documents["paragraphs"].sum()),
            words=int(frame["words"].sum()),
            words_kept=int(documents["words"].sum()),
            bytes=int(text.str.len_bytes().sum()),
            repaired=int(frame["before"].is_not_null().sum()),
            rejected=len(rejected),
            leads=leads,
            removed=by_reason(found.filter(~pl.col("labelled")), "document"),
            labelled=by_reason(found.filter("labelled"), "document"),
        )

    def __add__(self, other: Counts) -> Counts:
        sums: dict[str, Any] = {}
        for name, mine in vars(self).items():
            theirs = getattr(other, name)
            sums[name] = _added(mine, theirs) if isinstance(mine, dict) else mine + theirs
        return Counts(**sums)

    def __neg__(self) -> Counts:
        negated: dict[str, Any] = {}
        for name, value in vars(self).items():
            is_dict = isinstance(value, dict)
            negated[name] = {key: (-d, -p, -w) for key, (d, p, w) in value.items()} if is_dict else -value
        return Counts(**negated)

    @classmethod
    def total(cls, counts: Iterable[Counts]) -> Counts:
        """The sum of the counts of shards."""
        return reduce(Counts.__add__, counts, cls())

    def to_json(self) -> dict[str, Any]:
        """The counts as the manifest has them."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Counts:
        """The counts from a manifest."""
        reasons = {
            name: {reason: tuple(n) for reason, n in value[name].items()} for name in ("removed", "labelled")
        }
        return cls(**{**value, **reasons})

    def rows(self) -> list[tuple[str, str, str, str, str]]:
        """(what, documents, paragraphs, words, share of words) for the closing table.

        The documents of a reason are those in which it removed something, so they are not added up.
        """

        def row(
            what: str, documents: int | None, paragraphs: int, words: int
        ) -> tuple[str, str, str, str, str]:
            touched = "" if documents is None else f"{documents:,}"
            return what, touched, f"{paragraphs:,}", f"{words:,}", share(words, self.words)

        rows = [
            row("in", self.documents, self.paragraphs, self.words),
            row("kept", self.documents_kept, self.paragraphs_kept, self.words_kept),
        ]
        for what, found in (("removed", self.removed), ("labelled", self.labelled)):
            of = [(reason, *found[reason]) for reason in (*REASONS, REPLACED) if reason in found]
            if of or what == "removed":
                rows.append(row(what, None, sum(one[2] for one in of), sum(one[3] for one in of)))
            rows += [row(*one) for one in of]
        return rows


def by_reason(rows: pl.DataFrame, document: str = "document_id") -> ByReason:
    """Rows with `reason` and `words`, counted by reason; `document` is the column with the document."""
    counted = rows.group_by("reason").agg(pl.col(document).n_unique(), pl.len(), pl.col("words").sum())
    return {
        reason: (documents, paragraphs, words) for reason, documents, paragraphs, words in counted.iter_rows()
    }


def _added(mine: ByReason, theirs: ByReason) -> ByReason:
    """The sums by reason, in the order of the pipeline."""
    sums = {}
    for reason in (*REASONS, REPLACED):
        if reason in mine or reason in theirs:
            (a, b, c), (d, e, f) = mine.get(reason, (0, 0, 0)), theirs.get(reason, (0, 0, 0))
            sums[reason] = a + d, b + e, c + f
    return sums


def share(part: int, whole: int) -> str:
    """A part of a whole in percent, never rounded to none or to all of it; "" of nothing.

    >>> share(1, 8), share(1, 10_000), share(9_999, 10_000), share(0, 8), share(8, 8)
    ('12.5%', '<0.1%', '>99.9%', '0.0%', '100.0%')
    """
    if not whole:
        return ""
    percent = 100 * part / whole
    if 0 < percent < 0.1:
        return "<0.1%"
    return ">99.9%" if 99.9 < percent < 100 else f"{percent:.1f}%"


def counted(number: int, noun: str) -> str:
    """A number with its noun, which takes an "s" unless it is one.

    >>> counted(1, "input"), counted(1200, "input")
    ('1 input', '1,200 inputs')
    """
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _in_words(skipped: Mapping[str, int]) -> str:
    return ", ".join(
        f"{number:,} {kind}{'s' if number != 1 and kind != 'hidden' else ''}"
        for kind, number in sorted(skipped.items())
    )


class Waits(NamedTuple):
    """Inputs that wait for the same: their rejections are decided anew when it changes."""

    remedy: str  # a setting, or an extra to be installed
    inputs: int
    example: str  # the uri of the first


def remedies(waiting: pl.DataFrame) -> tuple[Waits, ...]:
    """What inputs (columns: uri, waits_for) wait for, the most frequent first."""
    grouped = waiting.group_by("waits_for", maintain_order=True).agg(pl.len(), pl.col("uri").first())
    return tuple(Waits(*row) for row in grouped.sort("len", descending=True, maintain_order=True).iter_rows())


@dataclass(frozen=True)
class Outcome:
    """The outcome of a run; `run_id` is None if there was nothing new to publish."""

    out: Path
    run_id: str | None
    inputs: int  # found
    read: int  # those of them that are new or changed
    counts: Counts
    seconds: float
    waiting: int = 0  # inputs that changed too recently, and inputs whose last line is incomplete
    skipped: Mapping[str, int] = field(default_factory=dict)  # kind of junk -> files that were not read
    fields: tuple[
        tuple[str, str, int], ...
    ] = ()  # each field, its name in records, and the number of documents
    waits: tuple[Waits, ...] = ()  # inputs that were rejected until a setting or an extra changes that
    lossy_quotes: tuple[
        tuple[str, int], ...
    ] = ()  # sources with quotes that may have become question marks, and in how many paragraphs
    rejections: tuple[RejectionKind, ...] = ()  # what was rejected, by kind
    is_first: bool = False  # whether the dataset had no run before
    limit: int = 0  # of new records, if it was reached
    unread: tuple[
        tuple[int, str, str], ...
    ] = ()  # records of a reference that could not be read: number, first, why

    @property
    def is_unreadable(self) -> bool:
        """Whether a first run read nothing, although there was something to read: probably a mistake of the user's."""
        return self.is_first and bool(self.counts.rejected) and not self.counts.documents

    def line(self) -> str:
        """The outcome in one line of plain text."""
        if self.run_id is None:
            what = "nothing new" if self.inputs else "no input found"
            return (
                f"{what}: {counted(self.inputs, 'input')}, {self.read:,} of them new or changed{self.left_over()}; "
                f"{self.out} is as it was"
            )
        t = self.counts
        return (
            f"{self.run_id}: kept {t.documents_kept:,} of {t.documents:,} documents, {t.paragraphs_kept:,} of "
            f"{t.paragraphs:,} paragraphs; {t.repaired:,} repaired, {counted(t.rejected, 'input')} "
            f"rejected{self.left_over()}; "
            f"{t.bytes / 1e6:,.1f} MB of text at {self.megabytes_a_second:,.1f} MB/s; {self.out}"
        )

    def fields_line(self) -> str:
        """Which names in records were taken for which field, in one line; "" if they are all their own.

        >>> Outcome(Path(), "r000001", 1, 1, Counts(), 1.0, fields=(("text", "body", 2), ("id", "id", 2))).fields_line()
        'fields: text from "body"'
        """
        said = []
        for key, of in self.names().items():
            names = sorted(of, key=lambda name: -of[name])
            if names == [key]:
                continue
            parts = [
                f'"{shortened(name)}"' + (f" ({of[name]:,})" if len(of) > 1 else "")
                for name in names[:MAX_NAMES]
            ]
            said.append(f"{key} from {', '.join(parts)}{', ...' if len(names) > MAX_NAMES else ''}")
        return f"fields: {'; '.join(said)}" if said else ""

    def waits_line(self) -> str:
        """What rejected inputs wait for, in one line; "" if none waits.

        >>> waits = (Waits("[fields] text", 9, "/in/a.csv"), Waits("copydesk[html]", 3, "/in/b.html"))
        >>> Outcome(Path(), None, 20, 0, Counts(), 1.0, waits=waits).waits_line()
        '12 inputs wait: 9 for [fields] text (as /in/a.csv), 3 for copydesk[html] (as /in/b.html)'
        """
        if not self.waits:
            return ""
        number = sum(one.inputs for one in self.waits)
        said = [f"{one.inputs:,} for {one.remedy} (as {printable(one.example)})" for one in self.waits]
        return f"{counted(number, 'input')} wait{'s' if number == 1 else ''}: {', '.join(said)}"

    def limit_line(self) -> str:
        """That the run ended at its limit, in one line; "" if it did not."""
        if not self.limit:
            return ""
        return (
            f"stopped after {counted(self.limit, 'new record')}, as --limit says; the next run reads the rest"
        )

    def quotes_line(self) -> str:
        """In how many paragraphs question marks may stand for quotes, in one line; "" if in none.

        >>> Outcome(Path(), "r000001", 2, 2, Counts(), 1.0, lossy_quotes=(("pell-post", 9), ("", 3))).quotes_line()
        'question marks may stand for quotes in 12 paragraphs: pell-post 9, documents without a source 3'
        """
        if not self.lossy_quotes:
            return ""
        number = sum(paragraphs for _, paragraphs in self.lossy_quotes)
        said = [
            f"{shortened(source) or 'documents without a source'} {paragraphs:,}"
            for source, paragraphs in self.lossy_quotes[:MAX_NAMES]
        ]
        more = ", ..." if len(self.lossy_quotes) > MAX_NAMES else ""
        return (
            f"question marks may stand for quotes in {counted(number, 'paragraph')}: {', '.join(said)}{more}"
        )

    def leads_line(self) -> str:
        """How many paragraphs stay as leads, in one line; "" if none.

        >>> Outcome(Path(), "r000001", 2, 2, Counts(leads=7), 1.0).leads_line()
        'kept as leads, although printed before: 7 paragraphs'
        """
        leads = self.counts.leads
        return f"kept as leads, although printed before: {counted(leads, 'paragraph')}" if leads else ""

    def references_line(self) -> str:
        """How many records of references could not be read, in one line; "" if all were.

        >>> Outcome(Path(), "r000001", 1, 1, Counts(), 1.0, unread=((2, "/in/a.jsonl#7", "no text"),)).references_line()
        'not compared: 2 records of references (as /in/a.jsonl#7: no text)'
        """
        if not self.unread:
            return ""
        _, uri, error = self.unread[0]
        number = counted(sum(one[0] for one in self.unread), "record")
        return f"not compared: {number} of references (as {printable(uri)}: {shortened(error)})"

    def notes(self) -> list[str]:
        """What else there is to know, a line each."""
        read = self.fields_line(), self.limit_line(), self.waits_line()
        return [*filter(None, (*read, self.quotes_line(), self.leads_line(), self.references_line()))]

    def names(self) -> dict[str, dict[str, int]]:
        """Field of the settings -> its names in records -> the number of documents."""
        found: dict[str, dict[str, int]] = {}
        for key, name, number in self.fields:
            of = found.setdefault(key, {})
            of[name] = of.get(name, 0) + number
        return found

    def left_over(self) -> str:
        """How many inputs are left to a later run, and what was skipped, in words; "" if nothing."""
        left = f", {self.waiting:,} left to a later run" if self.waiting else ""
        return f"{left}; skipped: {_in_words(self.skipped)}" if self.skipped else left

    @property
    def megabytes_a_second(self) -> float:
        """Throughput of the whole run, in MB of text a second."""
        return self.counts.bytes / 1e6 / max(self.seconds, 1e-9)

    def markdown(self) -> str:
        """The outcome in one line, and a Markdown table."""
        table = ["| | documents | paragraphs | words | of words |", "|---|---:|---:|---:|---:|"]
        table += [f"| {' | '.join(row)} |" for row in self.counts.rows()]
        return "\n".join(
            [
                as_markdown(" ".join(filter(None, (self.line(), *self.notes())))),
                "",
                *table,
            ]
        )
