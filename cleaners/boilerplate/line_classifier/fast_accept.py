"""Fast accept: a cheap test that accepts most lines as part of the article, so that they need no score."""

from __future__ import annotations

from typing import Final

from cleaners.boilerplate.line_classifier import shape as c
from cleaners.boilerplate.line_classifier.shape import END_STOP
from cleaners.kernels import I32, Real32, helper

MIN_ACCEPTED_WORDS: Final = 3
#: Feature `boilerplate_words` of a line that does not read like boilerplate, at most.
FEW_BOILERPLATE_WORDS: Final = 0.3


@helper
def is_accepted(counts: I32, phrase_state: int, boilerplate_words: Real32) -> bool:
    """Whether a line is accepted: a sentence without a phrase, an address or a separator.

    `counts` are the `COUNTS` of the line. More than half of its cased words begin with a small letter, or none is
    cased. `boilerplate_words`, the mean weight of its words in phrases of boilerplate, is low.
    """
    return (
        counts[c.ENDING] == END_STOP
        and counts[c.WORDS] >= MIN_ACCEPTED_WORDS
        and phrase_state <= 0
        and counts[c.ADDRESSES] + counts[c.SEPARATORS] == 0
        and 2 * counts[c.CAPITALISED] < max(counts[c.CAPITALISED] + counts[c.SMALL], 1)
        and boilerplate_words <= FEW_BOILERPLATE_WORDS
    )
