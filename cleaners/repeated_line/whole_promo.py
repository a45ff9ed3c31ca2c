"""A promo goes whole: the sentences before a closing plea that belong to the same promo.

"Want our news in your inbox? Sign up here." is one promo of two sentences. Once its plea is known, the sentences before
it are judged more severely than the sentences of an article.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from cleaners.lexicon import Lexicon, any_of, any_pattern

#: Sentences of a promo, besides the plea, at most, and the characters of the longest.
MAX_SENTENCES: Final = 6
MAX_CHARACTERS: Final = 140
#: Where a promo has at least this many sentences, and OUTWEIGHS times as many words as what stands before it, that
#: is its headline, if it has no more words than this.
MANY_SENTENCES: Final = 3
OUTWEIGHS: Final = 1.5
MAX_HEADLINE_WORDS: Final = 20
#: The longest text that only asks, in characters; a plea right behind it makes it a promo.
MAX_QUESTION: Final = 200
#: A plea of so few words answers the question before it: "Want our news in your inbox? Sign up here."
MAX_ANSWER_WORDS: Final = 3

#: Characters at the end of a text in which its promo stands.
_REACH: Final = MAX_SENTENCES * MAX_CHARACTERS
_SENTENCE_START: Final = re.compile(r"[.!?…。！？][\"'”’»)]*\s+(?=[^\s\da-z])")
_ASKS: Final = re.compile(r"[?？][\"'”’»)]*$")
_ENDS: Final = re.compile(r"[.!。！]$")


class PromoPatterns(NamedTuple):
    """How the sentences of a promo are known."""

    plea: re.Pattern[str]
    speech: re.Pattern[str]


def promo_patterns(lexicon: Lexicon) -> PromoPatterns:
    """The patterns for the words of a lexicon."""
    return PromoPatterns(
        re.compile(any_pattern(lexicon.plea_patterns)),
        re.compile(rf"(?i)\b{any_of(lexicon.speech_verbs)}\b|^[\"“„«]"),
    )


def without_promo(text: str, plea: str, patterns: PromoPatterns) -> str:
    """The text, from whose end a plea was cut, without the sentences of the same promo at its end.

    Those are the last sentences that a word of pleas is in, if they report no speech; a question that a short plea
    answers; and what is left, if it only asks. If the promo is long, the little that is left is its headline, and goes.

    >>> patterns = promo_patterns(Lexicon(plea_patterns=("newsletter", "sign up"), speech_verbs=("said",)))
    >>> without_promo("Boats sail. We have a newsletter on boats.", "Sign up here.", patterns)
    'Boats sail.'
    >>> without_promo("Boats sail. She said they had a newsletter.", "Sign up here.", patterns)
    'Boats sail. She said they had a newsletter.'
    >>> without_promo("Why do boats sail at night?", "Sign up here.", patterns)
    ''
    """
    end, promo = len(text), 1 + len(_SENTENCE_START.findall(plea.strip()))
    starts = [0, *(match.end() for match in _SENTENCE_START.finditer(text, max(0, end - _REACH)))]
    sentences = [(at, text[at:stop].strip()) for at, stop in zip(starts, [*starts[1:], end], strict=True)]
    answers = len(plea.split()) <= MAX_ANSWER_WORDS and _ENDS.search(plea.strip())
    for start, sentence in reversed(sentences[-MAX_SENTENCES:]):
        asks = answers and end == len(text) and _ASKS.search(sentence)
        if len(sentence) > MAX_CHARACTERS or not (asks or _is_of_promo(sentence, patterns)):
            break
        end, promo = start, promo + 1
    rest = text[:end].rstrip()
    left, words = len(rest.split()), len(text[end:].split()) + len(plea.split())
    headline = promo >= MANY_SENTENCES and left <= MAX_HEADLINE_WORDS and words >= OUTWEIGHS * left
    only_asks = len(rest) <= MAX_QUESTION and all(_ASKS.search(s) for at, s in sentences if at < end)
    return "" if headline or only_asks else rest


def _is_of_promo(sentence: str, patterns: PromoPatterns) -> bool:
    return bool(patterns.plea.search(sentence.lower())) and not patterns.speech.search(sentence)
