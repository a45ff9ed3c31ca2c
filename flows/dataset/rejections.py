"""The rejected inputs of a run, grouped by kind: how many there are, one example, and the way out.

Errors quote names, values and places. Two errors are of one kind if they are the same without these.
"""

from __future__ import annotations

import re
from functools import reduce
from typing import Final, NamedTuple

import polars as pl

from flows.inputs.rejections import waits_for

MOST_KINDS: Final = 200
#: What varies between errors of one kind, and what stands for it. In this order; a URL and a place come first.
_VARYING: Final = (
    (r"^\S+://\S+: ", ""),  # the page of a WARC file
    (r"^(a record without a URL|(line|row|record|page) [\d,]+): ", ""),
    (r"(not JSON|damaged \w+): .*$", "$1"),
    (r" after (line|row|record) [\d,]+.*$", ""),
    (r'"[^"]*"', '""'),
    (r"\(it has .*$", "()"),  # names of fields, with any brackets
    (r"\([^()]*\)", "()"),
    (r"^a (\.\w+ )+file ", "a file "),
    (r", to /.*; ", ", to /; "),
    (r"/\S+", "/"),
    (r"\d[\d.,]*", "0"),
)
#: The beginning of an error, in its kind, and what a person can do about it where the error itself does not say so.
_WAYS_OUT: Final = (
    (r"cannot be read|it takes more memory", "the next run tries it again"),
    (r"(truncated|damaged)\b", "fetch the file again; a changed file is read again"),
    (r"not JSON|row |line |no text: no ", "mend it; a changed file is read again"),
    (r"no text|.*(contains|holds) no |.*(is|are) not read", "nothing, unless you expected an article there"),
    (r"larger than |.* data that grows ", "raise that bound if you trust the file"),
)
_ELSE: Final = "mend or remove it; a changed file is read again"
#: Beginnings of what follows a semicolon and is advice, not a remark.
_ADVICE: Final = re.compile(
    r"(?i)(convert|decompress|export|extract|fetch|get|map|name|pip install|read|remove|save|set|take|to |unpack|use|"
    r"write|choose|load)\b"
)


class RejectionKind(NamedTuple):
    """Rejected inputs and records of one kind."""

    kind: str  # the error, without what varies
    number: int
    uri: str  # of the first
    error: str  # of the first

    @property
    def what(self) -> str:
        """The error of the example, without the advice at its end."""
        what, _, advice = self.error.rpartition("; ")
        if not what or not _ADVICE.match(advice):
            return self.error
        return f"{what})" if what.count("(") > what.count(")") else what

    @property
    def way_out(self) -> str:
        """What a person can do about it, as an order without a full stop."""
        if remedy := waits_for(self.error):
            if remedy.startswith("copydesk["):
                return f'pip install "{remedy}"'
            return f"set {remedy} in a configuration (`copydesk init` writes one), and name it with --config"
        what, _, advice = self.error.rpartition("; ")
        if what and _ADVICE.match(advice):
            return advice
        return next((way for beginning, way in _WAYS_OUT if re.match(beginning, self.kind)), _ELSE)


def rejection_kinds(rejected: pl.LazyFrame) -> tuple[RejectionKind, ...]:
    """The kinds of the rejected rows (columns: uri, error), the most frequent first; no more than `MOST_KINDS`."""
    kind = reduce(lambda error, one: error.str.replace_all(*one), _VARYING, pl.col("error"))
    grouped = (
        rejected.select(kind.alias("kind"), "uri", "error")
        .group_by("kind", maintain_order=True)
        .agg(pl.len(), pl.col("uri").first(), pl.col("error").first())
        .sort("len", descending=True, maintain_order=True)
        .head(MOST_KINDS)
    )
    return tuple(RejectionKind(*row) for row in grouped.collect().iter_rows())
