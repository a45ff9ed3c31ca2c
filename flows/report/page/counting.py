"""What a run did, counted: reasons, sources, runs, charsets, languages, repairs, rejections, guards."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import polars as pl

from cleaners import PIPELINE, REASONS
from flows.dataset.source_stats import shares
from flows.dataset.summary import REPLACED, Counts
from flows.report.page.reading import RunTables

#: Rows of a table on the page; what is beyond is summed up in one row.
MOST_ROWS: Final = 25
RULES_SHOWN: Final = 8  # of a reason
EXAMPLES: Final = 2  # of a fix
#: Repaired texts among which examples are looked for first.
MOST_REPAIRED: Final = 10_000

SUMMARIES: Final[Mapping[str, str]] = {
    **{cleaner.name: cleaner.summary for cleaner in PIPELINE if cleaner.verb == "remove"},
    REPLACED: "the older version of a document that changed",
}
#: What is different in errors of one kind: quotations, paths, numbers.
_VARIES: Final = r"""\"[^\"]*\"|'[^']*'|/\S+|\d[\d,.]*"""


class Reason(NamedTuple):
    """What was removed, or labelled, for one reason."""

    name: str
    labelled: bool  # whether it stays in the text
    summary: str
    documents: int
    paragraphs: int
    words: int
    share: float  # of the words that came in
    rules: tuple[tuple[str, int], ...]  # the most frequent rules, with their paragraphs
    other_rules: int  # paragraphs of all other rules


def reasons(run: RunTables, counts: Counts) -> list[Reason]:
    """Each reason of the run, in the order of the pipeline: what it removed, then what was labelled."""
    rules = (
        run.found()
        .group_by("labelled", "reason", "rule")
        .len()
        .collect()
        .sort("len", "rule", descending=[True, False])
    )
    found = []
    for labelled, by_reason in ((False, counts.removed), (True, counts.labelled)):
        for name in (*REASONS, REPLACED):
            if name not in by_reason:
                continue
            documents, paragraphs, words = by_reason[name]
            of = rules.filter(reason=name, labelled=labelled).select("rule", "len")
            top = tuple(of.head(RULES_SHOWN).iter_rows())
            rest = int(of.slice(RULES_SHOWN)["len"].sum())
            share = words / max(counts.words, 1)
            found.append(
                Reason(name, labelled, SUMMARIES[name], documents, paragraphs, words, share, top, rest)
            )
    return found


def sources(run: RunTables) -> tuple[list[dict[str, Any]], int]:
    """(the sources that lost most words, a row each with a count for each reason; how many sources there are)."""
    stats = run.sources.filter(pl.col("documents") + pl.col("rejected") > 0)
    removed = pl.sum_horizontal(*(pl.col(reason) for reason in REASONS)).alias("removed")
    rows = stats.with_columns(removed).sort("removed", "words", descending=True, maintain_order=True)
    shown = rows.head(MOST_ROWS).to_dicts()
    if len(rows) > MOST_ROWS:
        rest = rows.slice(MOST_ROWS)
        numbers = rest.select(pl.col(pl.UInt32, pl.UInt64).sum()).to_dicts()[0]
        shown.append({"rest": len(rest), "source": None, **numbers})
    return shown, len(rows)


def earlier_runs(run: RunTables) -> list[dict[str, Any]]:
    """The run and those before it, a row each with the words removed by reason, in order."""
    return run.whole_runs.to_dicts()


def counted(run: RunTables, column: str) -> list[tuple[str | None, int]]:
    """(value, documents) of a column of `documents`, the most frequent first; the rest is one row, ""."""
    found = (
        run.scan("documents").group_by(column).len().collect().sort("len", column, descending=[True, False])
    )
    rows = [(value, int(n)) for value, n in found.head(MOST_ROWS).iter_rows()]
    rest = int(found.slice(MOST_ROWS)["len"].sum())
    return [*rows, ("", rest)] if rest else rows


class Fix(NamedTuple):
    """What one kind of repair did."""

    name: str
    texts: int  # paragraphs and titles
    examples: tuple[tuple[str, str], ...]  # (before, after), around the first difference


def fixes(run: RunTables) -> list[Fix]:
    """Each fix with the texts that it changed, the most frequent first."""
    rows = run.scan("repaired").filter(pl.col("fixes").list.len() > 0)
    counts = (
        rows.select(pl.col("fixes").explode(empty_as_null=True, keep_nulls=True))
        .group_by("fixes")
        .len()
        .collect()
        .sort("len", "fixes", descending=[True, False])
    )
    # the shortest texts show the damage best
    first = rows.select("before", "after", "fixes").head(MOST_REPAIRED).collect()
    first = first.with_columns(pl.col("before").str.len_bytes().alias("size")).sort("size", "before", "after")
    found = []
    for name, number in counts.iter_rows():
        having = pl.col("fixes").list.contains(name)
        examples = first.filter(having).head(3 * EXAMPLES)
        if examples.is_empty():  # it is a rare one
            examples = rows.filter(having).head(EXAMPLES).collect()
        pairs = dict.fromkeys(around(*pair) for pair in examples.select("before", "after").iter_rows())
        found.append(Fix(name, number, tuple(list(pairs)[:EXAMPLES])))
    return found


def around(before: str, after: str, width: int = 60) -> tuple[str, str]:
    """Both texts, cut around their first difference.

    >>> around("The mayor said" + " so" * 50 + " it\\u2019s", "The mayor said" + " so" * 50 + " it's", 10)
    ('…so so it’s', "…so so it's")
    """
    same = next((i for i, (a, b) in enumerate(zip(before, after, strict=False)) if a != b), 0)
    start = max(same - width, 0)
    if start and (space := before.find(" ", start, same)) > 0:
        start = space + 1
    lead = "…" if start else ""
    return tuple(
        f"{lead}{text[start : same + 2 * width]}{'…' if len(text) > same + 2 * width else ''}"
        for text in (before, after)
    )  # type: ignore[return-value]


class Rejection(NamedTuple):
    """Inputs that were rejected for the same kind of error."""

    error: str  # of the first
    inputs: int
    example: str  # its uri


def rejections(run: RunTables) -> list[Rejection]:
    """The rejected inputs by kind of error: errors that differ only in numbers, names and paths are one kind."""
    kinds = (
        run.scan("rejected")
        .group_by(pl.col("error").str.replace_all(_VARIES, "…").alias("kind"), maintain_order=True)
        .agg(pl.col("error").first(), pl.len(), pl.col("uri").first())
        .sort("len", descending=True, maintain_order=True)
        .head(MOST_ROWS)
        .collect()
    )
    return [Rejection(*row) for row in kinds.select("error", "len", "uri").iter_rows()]


class Share(NamedTuple):
    """A share that the guards watch: in this run, and in the runs before it."""

    measure: str
    share: float
    usual: float | None  # the median; None without earlier runs
    most: float | None


_MEASURES: Final[Mapping[str, str]] = {
    "removed": "words removed, in all",
    "rejected": "inputs rejected",
    "mojibake": "paragraphs repaired",
    "cluster": "documents that lost the same paragraph",
}


def guarded(run: RunTables) -> list[Share]:
    """The shares of the whole run that the guards watch."""
    before = shares(run.whole_runs.filter(pl.col("run_id") != run.run_id))
    now = shares(run.whole_runs.filter(pl.col("run_id") == run.run_id))
    past = before.group_by("measure").agg(
        pl.col("share").median().alias("usual"), pl.col("share").max().alias("most")
    )
    rows = now.join(past, on="measure", how="left", maintain_order="left")
    return [
        Share(_MEASURES.get(measure, f"words removed as {measure}"), share, usual, most)
        for measure, share, usual, most in rows.select("measure", "share", "usual", "most").iter_rows()
    ]
