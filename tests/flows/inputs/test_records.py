"""The host of a URL: the fast path agrees with `urlsplit`."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.inputs.records.documents import host

PARTS = [
    "http", "https", "HTTP", ":", "/", "//", "://", "http://", "https://", "www.", "WWW.", "a", "A", "a.org", ".",
    "-", "_", "@", "user:pw@", ":80", ":8080", ":x", "?", "#", "[", "]", "[::1]", "\n", " ", "\\", "%41", "é", "①",
    "\u2100", "/path", "?q=http://b.org/", "\0",
]  # fmt: skip


@given(st.lists(st.sampled_from(PARTS), max_size=7).map("".join) | st.text())
def test_the_host_agrees_with_urlsplit(url: str) -> None:
    """Except for a leading "www."; a URL that `urlsplit` refuses has no host."""
    try:
        messages = urlsplit(url).hostname
    except ValueError:
        messages = None
    assert host(url) == ((messages or "").removeprefix("www.") or None)


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("http://www.example.org", "example.org"),
        ("https://www.example.org/a?b#c", "example.org"),
        ("http://example.org?a", "example.org"),
        ("http://example.org#a", "example.org"),
        ("http://example.org\n", "example.org"),
        ("http://WWW.Example.ORG/", "example.org"),
        ("http://user@example.org:80/", "example.org"),
        ("https://web.archive.org/web/20310104120000/https://www.example.org/a", "example.org"),
        ("http://web.archive.org/web/2031id_/http://Example.org:80", "example.org"),
        ("https://web.archive.org/web/", "web.archive.org"),
        ("https://web.archive.org/about", "web.archive.org"),
        ("http://www./", None),
        ("http:///a", None),
        ("", None),
        (None, None),
    ],
)
def test_hosts(url: str | None, name: str | None) -> None:
    """A host is in lower case, without user, port and "www."."""
    assert host(url) == name
