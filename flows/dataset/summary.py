"""What a run did, counted: documents, paragraphs and words in, kept and removed by reason."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from functools import reduce
from pathlib import Path
from typing import Any, Final

import polars as pl

from cleaners.paragraphs import REASONS

#: The reason of what a new version of its document has replaced; no cleaner's.
REPLACED: Final = "replaced"


@dataclass(frozen=True)
class Counts:
    """Counts that add up over shards; `removed` maps a reason to (documents touched, paragraphs, words)."""

    documents: int = 0  # read, whether anything of them was kept or not
    documents_kept: int = 0
    paragraphs: int = 0
    paragraphs_kept: int = 0
    words: int = 0
    words_kept: int = 0
    bytes: int = 0  # of text, in UTF-8, as it was read or repaired
    repaired: int = 0  # paragraphs
    rejected: int = 0
    removed: dict[str, tuple[int, int, int]] = field(default_factory=dict)

    @classmethod
    def of(cls, frame: pl.DataFrame, documents: pl.DataFrame, rejected: pl.DataFrame) -> Counts:
        """The counts of one shard: of its paragraphs (with `words`), its published documents, its rejected inputs."""
        removed = (
            frame.filter(pl.col("reason").is_not_null())
            .group_by("reason")
            .agg(pl.col("document_id").n_unique(), pl.len(), pl.col("words").sum())
        )
        real = frame.filter(pl.col("text") != "")
        return cls(
            documents=frame["document_id"].n_unique(),
            documents_kept=len(documents),
            paragraphs=len(real),
            paragraphs_kept=int(documents["paragraphs"].sum()),
            words=int(real["words"].sum()),
            words_kept=int(documents["words"].sum()),
            bytes=int(real["text"].str.len_bytes().sum()),
            repaired=int(frame["before"].is_not_null().sum()),
            rejected=len(rejected),
            removed={reason: (d, p, w) for reason, d, p, w in removed.iter_rows()},
        )

    def __add__(self, other: Counts) -> Counts:
        mine, theirs = asdict(self), asdict(other)
        removed: dict[str, tuple[int, int, int]] = {}
        for reason in (*REASONS, REPLACED):
            if reason in self.removed or reason in other.removed:
                a, b = (t.removed.get(reason, (0, 0, 0)) for t in (self, other))
                removed[reason] = (a[0] + b[0], a[1] + b[1], a[2] + b[2])
        return Counts(
            **{name: mine[name] + theirs[name] for name in mine if name != "removed"}, removed=removed
        )

    @classmethod
    def total(cls, source_stats: Iterable[Counts]) -> Counts:
        """The sum of the shards' counts."""
        return reduce(Counts.__add__, source_stats, cls())

    def to_json(self) -> dict[str, Any]:
        """As the manifest has it."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Counts:
        """What `to_json` gave, read back."""
        return cls(**{**value, "removed": {reason: tuple(n) for reason, n in value["removed"].items()}})

    def rows(self) -> list[tuple[str, str, str, str]]:
        """(what, documents, paragraphs, words) for the closing table."""

        def row(what: str, *counts: int) -> tuple[str, str, str, str]:
            documents, paragraphs, words = (f"{n:,}" for n in counts)
            return what, documents, paragraphs, words

        return [
            row("in", self.documents, self.paragraphs, self.words),
            row("kept", self.documents_kept, self.paragraphs_kept, self.words_kept),
            *(
                row(reason, *self.removed[reason])
                for reason in (*REASONS, REPLACED)
                if reason in self.removed
            ),
        ]


@dataclass(frozen=True)
class Outcome:
    """What a run came to; `run_id` is None where there was nothing new and nothing was published."""

    out: Path
    run_id: str | None
    inputs: int  # found
    read: int  # of these, new or changed
    counts: Counts
    seconds: float
    waiting: int = 0  # inputs too young to be read, and last lines that are not finished

    def line(self) -> str:
        """The outcome in one line of plain text."""
        if self.run_id is None:
            what = "nothing new" if self.inputs else "no input found"
            return (
                f"{what}: {self.inputs:,} inputs, {self.read:,} of them new or changed{self.left_over()}; "
                f"{self.out} is as it was"
            )
        t = self.counts
        return (
            f"{self.run_id}: kept {t.documents_kept:,} of {t.documents:,} documents, {t.paragraphs_kept:,} of "
            f"{t.paragraphs:,} paragraphs; {t.repaired:,} repaired, {t.rejected:,} inputs rejected{self.left_over()}; "
            f"{t.bytes / 1e6:,.1f} MB of text at {self.megabytes_a_second:,.1f} MB/s; {self.out}"
        )

    def left_over(self) -> str:
        """What was left to a later run, in words, if anything was."""
        return f", {self.waiting:,} left to a later run" if self.waiting else ""

    @property
    def megabytes_a_second(self) -> float:
        """Text that went through, in MB a second of the whole run."""
        return self.counts.bytes / 1e6 / max(self.seconds, 1e-9)

    def markdown(self) -> str:
        """The outcome as a Markdown table with a line above it."""
        table = ["| | documents | paragraphs | words |", "|---|---:|---:|---:|"]
        table += [f"| {' | '.join(row)} |" for row in self.counts.rows()]
        return "\n".join([self.line(), "", *table])
