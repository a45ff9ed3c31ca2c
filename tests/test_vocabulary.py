"""Words that copydesk does not use: the field has a standard term, or they are a sign of translated prose."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from support import ROOT

#: A word as a regular expression, and what to write instead.
WORDS: Final = {
    # jargon of our own
    r"furniture": "boilerplate",
    r"(?<!red )strik(?:e|es|ing)\b|struck": "remove ('red strike' is a style of rich)",
    r"splic(?:e|es|ed|ing)": "inline boilerplate",
    r"carry_out|carries_out": "execute_run",
    r"\bJob\b": "Run",
    r"tall(?:y|ies|ied)": "counts, source_stats",
    r"upkeep": "maintenance",
    r"\btwins?\b": "exact duplicates",
    r"hopeful": "prefilter",
    r"\bspar(?:e|ed|ing)\b|\bexcepted\b": "protect",
    r"first[ _]look": "prefilter",
    r"(?:taken?|takes|took)[ _]back": "rolled back",
    r"\byoung(?:er)?\b": "too recent",
    r"\bbegun\b": "prefix_hash",
    r"\bclear(?:ing|ed)\b": "fast accept",
    r"\b(?:the|a) judge\b": "the line classifier",
    r"\bcomfort": "consequence",
    r"\btold\b|\btell(?:s|ing)?\b": "say, know, show, detect, report",
    # signs of translated prose
    r"\bnobody\b": "no one, or a verb with its subject",
    r"\bwhoever\b": "anyone who",
    r"\bso many\b": "this many, or the number",
    r"\bone's own\b": "your own",
    r"\b(?:is|are) to be\b": "must, will",
    r"\bas ever\b": "as before",
    r"\bwhat of\b": "what happens to",
}

#: Where a word is an article's, and not ours.
ALLOWED: Final = {
    ("flows/inputs/markup/fragments.py", "strike"),  # a tag of HTML
    ("flows/inputs/sniffing.py", "strike"),
    ("flows/inputs/markup/warc.py", "tell"),  # a method of files
    ("cleaners/repeated_line/closing_sentences.py", "told"),  # "he told reporters"
}


def texts() -> Iterator[tuple[str, str]]:
    """(path, content) of all code, configuration and documentation; phrases are words of other people."""
    patterns = (
        "cleaners/**/*.py",
        "flows/**/*.py",
        "config/*.toml",
        "README.md",
        "*/README.md",
        "tests/benchmarks/*.md",
    )
    for path in sorted({path for pattern in patterns for path in ROOT.glob(pattern)} | {ROOT / "Makefile"}):
        yield path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")


@pytest.mark.parametrize("word", WORDS)
def test_no_word_of_the_old_vocabulary_is_left(word: str) -> None:
    """Identifiers, comments, messages, settings and documentation use the standard term instead."""
    pattern = re.compile(word, re.IGNORECASE if word.islower() else 0)
    found = [
        f"{name}:{number}: {line.strip()[:100]}"
        for name, content in texts()
        for number, line in enumerate(content.splitlines(), 1)
        for match in pattern.finditer(line)
        if (name, match[0]) not in ALLOWED
    ]
    assert not found, f"write {WORDS[word]}:\n" + "\n".join(found)


def test_files_have_no_old_names() -> None:
    """Neither modules nor folders are named with an old word."""
    paths = [
        p.relative_to(ROOT) for p in [*Path(ROOT / "cleaners").rglob("*"), *Path(ROOT / "flows").rglob("*")]
    ]
    names = [str(path) for path in paths if "__pycache__" not in path.parts]
    assert not [name for name in names for word in WORDS if re.search(word, name.replace("_", " "))]
