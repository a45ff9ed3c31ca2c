"""Where the last sentence of a paragraph starts: the kernel compared with a regular expression."""

from __future__ import annotations

import re

import polars as pl
from hypothesis import example, given
from hypothesis import strategies as st

from cleaners.repeated_line.closing_sentences import (
    MAX_SENTENCE_BYTES,
    MIN_BYTES_BEFORE,
    _last_sentence_starts,
)
from cleaners.text.utf8 import utf8

ENDS = re.compile(r"""(?:…|[.!?](?:”|’)?)["')]*$""".encode())
PIECES = st.sampled_from(
    [
        *(
            "Boats sail at noon",
            " ",
            " ",
            ". ",
            "! ",
            "? ",
            "… ",
            ".” ",
            "!’ ",
            '." ',
            ".)) ",
            ", ",
            "a",
            "é",
            "漢。",
        ),
        *("Join us", "The ferry to the island is late again this morning ", ".", "’ ", ') "'),
    ]
)


def reference(text: bytes) -> int:
    """The byte where the last sentence starts, by a regular expression; 0 if there is none."""
    for at in range(len(text) - 2, max(MIN_BYTES_BEFORE, len(text) - MAX_SENTENCE_BYTES) - 1, -1):
        if text[at : at + 1] == b" " and ENDS.search(text[:at]):
            return at + 1
    return 0


@given(st.lists(st.lists(PIECES, max_size=14).map("".join), max_size=4))
@example(["Boats sail at noon, so they said at the harbour. Join us now"])
def test_last_sentences(texts: list[str]) -> None:
    """The last sentence starts after the last full stop, its closing marks and a space."""
    starts = _last_sentence_starts(*utf8(pl.Series(texts, dtype=pl.String)))
    assert starts.tolist() == [reference(text.encode()) for text in texts]
