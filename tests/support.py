"""What tests use by name: where the repository is, how a table is read, what a command answers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import polars as pl
from hypothesis import strategies as st

from cleaners.paragraphs import SCHEMA

ROOT = Path(__file__).parent.parent


@dataclass(frozen=True)
class Answer:
    """What the command answered."""

    code: int
    out: str
    err: str


def table(out: Path, name: str) -> pl.DataFrame:
    """A published table, read as a reader does that knows nothing but its folder."""
    return pl.read_parquet(out / name, hive_partitioning=False)


def frame_of(*documents: tuple[str | None, list[str | None]]) -> pl.DataFrame:
    """A frame of documents given as (source, lines)."""
    rows = [
        {"document_id": f"d{n}", "position": position, "text": text, "source": source}
        for n, (source, lines) in enumerate(documents)
        for position, text in enumerate(lines)
    ]
    return pl.DataFrame(rows, schema=SCHEMA, orient="row") if rows else pl.DataFrame(schema=SCHEMA)


def any_documents(
    lines: st.SearchStrategy[str | None],
) -> st.SearchStrategy[list[tuple[str | None, list[str | None]]]]:
    """Some documents of two sources, and of none, made of these lines; as `frame_of` takes them."""
    return st.lists(
        st.tuples(st.sampled_from(["a.example", "b.example", None]), st.lists(lines, min_size=1, max_size=6)),
        max_size=16,
    )


def body(n: int) -> str:
    """A paragraph that no other document has."""
    return f"Report {n} tells at length and in its own words what was said in the harbour office that day."
