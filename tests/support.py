"""What tests use by name: where the repository is, how a table is read, what a command answers."""

from __future__ import annotations

import json
import os
import pty
import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import strategies as st

from cleaners.paragraphs import SCHEMA
from flows.settings import Settings, lexicon_of

ROOT = Path(__file__).parent.parent
#: The words that come with copydesk, of all languages.
LEXICON = lexicon_of(Settings())
STORY = "The swing bridge over the Wend will close on Monday for eleven weeks, the port authority said."

#: The rule of a removed row, with its detail where it has one: "near-duplicate: 31 of 37 shingles".
WHY = (
    pl.col("rule")
    + pl.when(pl.col("detail").is_not_null()).then(": " + pl.col("detail")).otherwise(pl.lit(""))
).alias("why")


def why(frame: pl.DataFrame) -> list[str | None]:
    """`WHY` of each row."""
    return frame.select(WHY)["why"].to_list()


@dataclass(frozen=True)
class Answer:
    """What the command answered."""

    code: int
    out: str
    err: str


def at_a_terminal(*arguments: object, answer: str = "", **environment: str) -> tuple[int, str]:
    """The exit code of the command, run in this process at a terminal, and what it and its pager show there.

    The answer is typed when the command asks. Environment variables are given by name.
    """
    from flows.cli import main

    keyboard, terminal = pty.openpty()
    shown = bytearray()

    def sit_there() -> None:
        answered = False
        while True:
            try:
                shown.extend(os.read(keyboard, 65_536))
            except OSError:  # the terminal has no other end any more
                return
            if not answered and b"[y/N]" in shown:
                os.write(keyboard, answer.encode())
                answered = True

    person = threading.Thread(target=sit_there)
    usual = [os.dup(stream) for stream in range(3)]
    with ExitStack() as closing, pytest.MonkeyPatch.context() as patch:
        for stream, name in enumerate(("stdin", "stdout", "stderr")):
            os.dup2(terminal, stream)
            file = closing.enter_context(
                open(stream, "w" if stream else "r", encoding="utf-8", closefd=False)
            )
            patch.setattr(f"sys.{name}", file)
        os.close(terminal)
        for name, value in ({"TERM": "xterm"} | environment).items():
            patch.setenv(name, value)
        patch.setattr("sys.argv", ["copydesk", *map(str, arguments)])
        person.start()
        try:
            with pytest.raises(SystemExit) as stop:
                main()
        finally:
            closing.close()
            for stream, file_of in enumerate(usual):
                os.dup2(file_of, stream)
                os.close(file_of)
            person.join()
            os.close(keyboard)
    code = stop.value.code
    return code if isinstance(code, int) else 0 if code is None else 1, shown.decode().replace("\r\n", "\n")


#: The fixture `copydesk`: arguments in, an answer out.
Copydesk = Callable[..., Answer]
#: The fixture `jsonl`: records and a file name in, a path out.
Jsonl = Callable[..., Path]

Lines = Sequence[str | None]


def table(out: Path, name: str) -> pl.DataFrame:
    """A published table, read as a reader does that knows nothing but its folder."""
    return pl.read_parquet(out / name, hive_partitioning=False)


def json_lines(*records: object) -> bytes:
    """The records as JSON lines."""
    return b"".join(json.dumps(record, ensure_ascii=False).encode() + b"\n" for record in records)


def load_cases(name: str) -> list[dict[str, Any]]:
    """The cases of `tests/cases/<name>.json`."""
    cases: list[dict[str, Any]] = json.loads((ROOT / f"tests/cases/{name}.json").read_text(encoding="utf-8"))
    return cases


def frame_of(*documents: Lines, first: int = 0, **columns: str | Sequence[str | None] | None) -> pl.DataFrame:
    """The frame of documents given as their lines, numbered from `first`.

    Other columns are given by name: one value for all documents, or a list with one a document.
    """
    values = {
        name: [value] * len(documents) if value is None or isinstance(value, str) else value
        for name, value in columns.items()
    }
    rows = [
        {"document": n + first, "position": position, "text": text, "protected": False}
        | {name: value[n] for name, value in values.items()}
        for n, lines in enumerate(documents)
        for position, text in enumerate(lines)
    ]
    return pl.DataFrame(rows, schema=SCHEMA, orient="row") if rows else pl.DataFrame(schema=SCHEMA)


def ids_of(frame: pl.DataFrame) -> pl.Series:
    """The ids of the documents of a frame: d000, d001 and so on."""
    documents = frame["document"].max()
    return pl.Series(
        [f"d{n:03}" for n in range(documents + 1)] if isinstance(documents, int) else [], dtype=pl.String
    )


def frame_by_source(*documents: tuple[str | None, Lines]) -> pl.DataFrame:
    """The frame of documents given as (source, lines)."""
    return frame_of(*(lines for _, lines in documents), source=[source for source, _ in documents])


def frame_by_title(*documents: tuple[str | None, Lines]) -> pl.DataFrame:
    """The frame of documents given as (title, lines)."""
    return frame_of(*(lines for _, lines in documents), title=[title for title, _ in documents])


def removed_lines(frame: pl.DataFrame) -> list[str]:
    """The texts of the paragraphs that are removed."""
    return frame.filter(pl.col("reason").is_not_null())["text"].to_list()


def without_white_space(text: str) -> str:
    """The text without what Python holds to be white space."""
    return "".join(text.split())


def any_documents(
    lines: st.SearchStrategy[str | None],
) -> st.SearchStrategy[list[tuple[str | None, list[str | None]]]]:
    """Some documents of two sources, and of none, made of these lines; as `frame_by_source` takes them."""
    return st.lists(
        st.tuples(st.sampled_from(["a.example", "b.example", None]), st.lists(lines, min_size=1, max_size=6)),
        max_size=16,
    )


def body(n: int) -> str:
    """A paragraph that no other document has."""
    return f"Report {n} tells at length and in its own words what was said in the harbour office that day."
