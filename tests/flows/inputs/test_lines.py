"""Chunks of bytes as lines."""

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
def test_lines_do_not_depend_on_the_chunks(
    end: bytes, lengths: list[int], sizes: list[int], limit: int
) -> None:
    """Every line is complete and in order, or None if longer than the limit; only the last may lack its end."""
    wanted = [b"abcdefghijkl"[:length] for length in lengths]
    data = end.join(wanted)
    head, rest = b"#" * (1 << 16) + end, data  # the head, which determines the charset, is one chunk
    chunks = [head]
    for size in sizes:
        chunks, rest = [*chunks, rest[:size]], rest[size:]
    chunks = [chunk for chunk in [*chunks, rest] if chunk]
    messages = [line if len(line) <= limit else None for line in wanted]
    if messages[-1] == b"":
        messages.pop()
    name, found = lines(iter(chunks), limit)
    assert (name, list(found)) == ("utf-8", [None, *messages])
    _, ends, parts = blocks(iter(chunks), limit)
    assert ends == end
    assert [line for part in parts for line in ([None] if part is None else part.split(end))] == [
        None,
        *messages,
    ]
