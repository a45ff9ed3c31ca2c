"""Lines that are names and a phrase: "Additional reporting by Nora Quill in Stell"."""

from __future__ import annotations

from typing import Final

#: Words in lower case between names, at most: "in", "and staff writer".
MAX_WORDS_BETWEEN: Final = 3
#: Marks that stand beside a word; a list of names has no question and no exclamation.
_MARKS: Final = ".,;:()[]{}/|•·–—-\"'“”‘’«»"
_NOT_IN_NAMES: Final = "?!"


def names_follow(words: list[str]) -> bool:
    """Whether the words are names, as they stand after "Additional reporting by".

    There are at most MAX_WORDS_BETWEEN words in lower case in a row, at most one before the first name, and none after
    the last. A script without capitals has no words in lower case.

    >>> names_follow("Nora Quill in Stell and the Associated Press.".split())
    True
    >>> names_follow("Nora Quill showed that the ferry was late.".split())
    False
    """
    return _are_names(words, before=1, after=0)


def names_precede(words: list[str]) -> bool:
    """Whether the words are names, as they stand before "contributed to this report".

    None in lower case stands before the first name. If only the first word has a capital, it may be one because a
    sentence begins there, and then it stands alone.

    >>> names_precede("— Staff writer Nora Quill in Stell".split()), names_precede("Three economists".split())
    (True, False)
    """
    capitals = [word for word in map(_bare, words) if word and not word[0].islower()]
    return _are_names(words, before=0, after=MAX_WORDS_BETWEEN) and (
        len(capitals) > 1 or len(capitals) == sum(map(bool, map(_bare, words)))
    )


def _are_names(words: list[str], before: int, after: int) -> bool:
    found, run = False, 0
    for word in words:
        bare = _bare(word)
        if any(mark in word for mark in _NOT_IN_NAMES):
            return False
        if not bare:
            continue
        if bare[0].islower():
            run += 1
            if run > (MAX_WORDS_BETWEEN if found else before):
                return False
        else:
            found, run = True, 0
    return found and run <= after


def _bare(word: str) -> str:
    return word.strip(_MARKS)
