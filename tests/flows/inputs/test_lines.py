"""Pieces of bytes as lines."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.inputs.lines import blocks, lines


@pytest.mark.parametrize("end", [b"\n", b"\r"])
@given(
    st.lists(st.integers(0, 12), min_size=1, max_size=12),
    st.lists(st.integers(1, 20), max_size=12),
    st.integers(1, 10),
)
def test_lines_do_not_depend_on_the_pieces(
    end: bytes, lengths: list[int], sizes: list[int], limit: int
) -> None:
    """Each is whole and in its place, but None if it is longer than the limit; only the last may be without an end."""
    wanted = [b"abcdefghijkl"[:length] for length in lengths]
    data = end.join(wanted)
    head, rest = b"#" * (1 << 16) + end, data  # what tells the charset is one piece
    pieces = [head]
    for size in sizes:
        pieces, rest = [*pieces, rest[:size]], rest[size:]
    pieces = [piece for piece in [*pieces, rest] if piece]
    messages = [line if len(line) <= limit else None for line in wanted]
    if messages[-1] == b"":
        messages.pop()
    name, found = lines(iter(pieces), limit)
    assert (name, list(found)) == ("utf-8", [None, *messages])
    _, ends, parts = blocks(iter(pieces), limit)
    assert ends == end
    assert [line for part in parts for line in ([None] if part is None else part.split(end))] == [
        None,
        *messages,
    ]
