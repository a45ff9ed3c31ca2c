"""The cheap test that clears most lines: a sentence that reads like none of boilerplate is the article's."""

from __future__ import annotations

from typing import Any, Final

from cleaners.boilerplate.line_classifier.shape import (
    ADDRESSES,
    CAPITALISED,
    END_STOP,
    ENDING,
    I32,
    SEPARATORS,
    SMALL,
    WORDS,
)
from cleaners.text.tokens import kernel

SENTENCE: Final = 3  # words
#: What share of a line's words boilerplate has rather than articles, of a line that is nobody's for sure.
FEW_BOILERPLATE_WORDS: Final = 0.3


@kernel
def is_accepted(counts: I32, mark: int, boilerplate_words: Any) -> bool:
    """Whether a line of these `COUNTS` is a sentence in which there is no phrase, no address and no separator.

    Most of its words begin with small letters, and `boilerplate_words`, what its words weigh in phrases, is little.
    """
    return (
        counts[ENDING] == END_STOP
        and counts[WORDS] >= SENTENCE
        and mark <= 0
        and counts[ADDRESSES] + counts[SEPARATORS] == 0
        and 2 * counts[CAPITALISED] < max(counts[CAPITALISED] + counts[SMALL], 1)
        and boilerplate_words <= FEW_BOILERPLATE_WORDS
    )
