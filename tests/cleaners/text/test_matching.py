"""Patterns that are compiled once."""

from __future__ import annotations

import string
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import polars as pl
import pytest
from polars.testing import assert_series_equal

from cleaners.text import matching
from cleaners.text.matching import CACHED_PATTERNS, LETTERS, matches
from flows.run.clean_shard import clean_documents
from flows.settings import Settings, phrases_of
from support import LEXICON, ROOT, frame_of

TEXT = pl.Series("text", ["By Nora Quill", None, "", "14 May"])


@pytest.mark.parametrize("pattern", ["[0-9]", "^By ", "(?i)QUILL$", r"^\p{Lu}|^$"])
def test_matches_what_polars_matches(pattern: str) -> None:
    """The answer is that of polars, name and nulls included, for no text too."""
    assert_series_equal(matches(TEXT, pattern), TEXT.str.contains(pattern))
    assert_series_equal(matches(TEXT.clear(), pattern), TEXT.clear().str.contains(pattern))


def test_a_wrong_pattern_is_told() -> None:
    """What polars says of a pattern that is none comes through."""
    with pytest.raises(pl.exceptions.ComputeError):
        matches(TEXT, "(")


def test_letters_are_all_letters_of_text() -> None:
    """`LETTERS` has every letter but letter-like symbols, and no mark, space or digit of Latin and Chinese text."""
    symbols = {*range(0x2000, 0x2C00), 0x2E2F, *range(0x3031, 0x3040)}
    codes = [code for code in range(0x40000) if not 0xD800 <= code < 0xE000 and code not in symbols]
    characters = pl.Series([chr(code) for code in codes])
    held = characters.filter(characters.str.contains(f"^[{LETTERS}]$"))
    assert set(characters.filter(characters.str.contains(r"^\p{L}$"))) <= set(held)
    assert not set(
        " \t\n\xa0" + string.digits + string.punctuation + "«»¿¡·×÷‘’“”–—…•€、。「」（），：！？😀"
    ) & set(held)


def seconds(match: Callable[[pl.Series, str], pl.Series], patterns: list[str]) -> float:
    """How much CPU time it takes to match all patterns."""
    start = time.process_time()
    for pattern in patterns:
        match(TEXT, pattern)
    return time.process_time() - start


def slow_patterns(word: str) -> list[str]:
    """More patterns than polars keeps for a thread; each takes milliseconds to compile and next to none to match."""
    return [rf"^{word}{n}\p{{L}}{{12}}" for n in range(CACHED_PATTERNS + 8)]


def test_patterns_stay_compiled() -> None:
    """All patterns are compiled in the first round only."""
    patterns = slow_patterns("stays")
    first = seconds(matches, patterns)
    assert min(seconds(matches, patterns) for _ in range(3)) < first / 4


def test_polars_forgets_patterns() -> None:
    """Without the threads polars compiles them again in every round. If this fails, `matching` is no longer needed."""
    patterns = slow_patterns("goes")
    first = seconds(lambda text, pattern: text.str.contains(pattern), patterns)
    assert (
        min(seconds(lambda text, pattern: text.str.contains(pattern), patterns) for _ in range(3)) > first / 4
    )


def test_the_threads_hold_all_patterns(monkeypatch: pytest.MonkeyPatch) -> None:
    """The cleaners of a document use no more patterns in a thread than polars keeps for it."""
    used: dict[str, set[str]] = {}

    def contains(text: pl.Series, pattern: str) -> pl.Series:
        used.setdefault(threading.current_thread().name, set()).add(pattern)
        return text.str.contains(pattern)

    monkeypatch.setattr(matching, "_contains", contains)
    settings = Settings()
    stories = [
        path.read_text(errors="replace")
        for path in sorted((ROOT / "seeds" / "articles").glob("*-*/*.txt"))
        if path.parent.name != "bad-inputs"
    ]
    lines = [line for story in stories for line in story.splitlines() if line]
    clean_documents(
        frame_of([*lines, "Share on Facebook", "Friday 12 March", "£12", *lines[-9:]]),
        settings,
        phrases_of(settings),
        LEXICON,
    )
    assert sum(map(len, used.values())) > 20
    assert max(map(len, used.values())) <= CACHED_PATTERNS


def test_from_several_threads() -> None:
    """Threads may ask at the same time."""
    with ThreadPoolExecutor(4) as pool:
        for found in pool.map(lambda n: matches(TEXT, f"^{n % 2}4 May"), range(40)):
            assert len(found) == len(TEXT)
