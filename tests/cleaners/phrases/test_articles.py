"""What phrases match and is the article's: questions and answers amid its paragraphs, the title printed first."""

from __future__ import annotations

import pytest

from cleaners.boilerplate.cleaner import boilerplate
from cleaners.phrases.phrase import Phrase
from support import LEXICON, frame_of, removed_lines

PROSE = [
    "The northern ferry will sail again on Monday, the harbour master told the council on Thursday evening.",
    "Crews had stayed ashore for nine days, after the company had cut their pay without a word to anybody.",
]
PHRASES = [
    Phrase("en", "comments", ("What do you think?", "Share your thoughts.", "Fähre kehrt zurück")),
    Phrase("en", "cookies", ("Agree", "Accept all")),
    Phrase("en", "share", ("Share",)),
]


def gone(lines: list[str], title: str | None = None) -> list[str]:
    """Those of the lines that go."""
    return removed_lines(boilerplate(frame_of(lines, title=title), phrases=PHRASES, lexicon=LEXICON))


@pytest.mark.parametrize("line", ["What do you think?", "“What do you think?”", "Agree.", "Accept all."])
def test_what_is_said_amid_paragraphs_stays(line: str) -> None:
    """A question or an answer of two words stays between paragraphs, with short lines beside it, too."""
    assert gone([PROSE[0], line, PROSE[1]]) == []
    assert gone([PROSE[0], "No.", line, "Never.", PROSE[1]]) == []


@pytest.mark.parametrize("line", ["What do you think?", "Agree."])
def test_what_is_said_elsewhere_goes(line: str) -> None:
    """Below the article, far from a paragraph, or beside other boilerplate the same line is boilerplate."""
    assert gone([*PROSE, line]) == [line]
    assert gone([PROSE[0], line, "Share", PROSE[1]]) == [line, "Share"]
    assert gone([PROSE[0], "No.", "Never.", "Well.", line, PROSE[1]]) == [line]


def test_labels_and_calls_amid_paragraphs_go() -> None:
    """What is no question and no answer of two words goes between paragraphs, too."""
    assert gone([PROSE[0], "Agree", PROSE[1]]) == ["Agree"]
    assert gone([PROSE[0], "Share your thoughts.", PROSE[1]]) == ["Share your thoughts."]


def test_the_first_printing_of_the_title_stays() -> None:
    """A title stays where it is printed first, whatever marks are at its ends and whatever case it is in."""
    title = "Fähre kehrt zurück"
    assert gone([title, *PROSE], title) == []
    assert gone(["Share", "»Fähre kehrt ZURÜCK!«", *PROSE], title) == ["Share"]
    assert gone([title, *PROSE, title], title) == [title]
    assert gone([title, *PROSE], "Fähre") == [title]
    assert gone([title, *PROSE]) == [title]
