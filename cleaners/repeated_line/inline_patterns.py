"""The regular expressions of `inline_shapes`, and the hints that select the texts to search."""

from __future__ import annotations

import functools
import re
from typing import Final, NamedTuple

from cleaners.lexicon import Lexicon, Opening, any_name, any_of, any_pattern, name_forms

#: Literals of which one is in every text that a shape changes, those of the lexicon and brackets aside; and patterns of
#: which such a text has a match.
_LITERALS: Final = (" MORE", "layback is ", "Image c", "Media c", "Image s", "function")
_HINTS: Final = r" MORE|layback is |Image c|Media c|Image s|function ?[\w$]* ?\("
_SHORTCODE_HINTS: Final = (
    r"\[/?embed|\[/?pull|\[/?audio|\[/?caption|\[/?gallery|\[/?video|\[/?playlist|\[/?youtube|\[/?tweet"
)
OPENING_BRACKET: Final = r"[(\[（【［]"
_BORDER: Final = r"\b"  # of a word, for Python's `re`
_SENTENCE_END: Final = r"[.!?…”\"’)] "

#: The longest teasers after a name, in characters.
MAX_SPAN: Final = 1500

_NAME: Final = r"[^\W\d_][\w’'-]+"
#: The end of the teasers after a name.
MORE: Final = re.compile(r" MORE\b")

PLAYER: Final = re.compile(
    r"(?:Media playback is (?:un|not )?supported on (?:your|this) device ?)"
    r"(?:Media caption ?)?|^Image (?:copyright|source) [^.!?]{2,60}? Image caption |^(?:Image|Media) caption (?=\S)"
)

_NESTED: Final = r"[^()\[\]]*(?:[(\[][^()\[\]]*[)\]][^()\[\]]*)*"
SHORTCODE: Final = re.compile(
    r"\[/?(?:pullquote|embedtweet|embed|audio-clip|youtube)(?: [^\[\]]{1,300})?/?\]"
    r"|\[(?:caption|gallery|video|audio|playlist|tweet)(?: [a-z_]+=[^\[\]]{1,300})/?\]"
    r"|\[/(?:caption|gallery|video|audio|playlist|tweet)\]"
)

#: Names that are frequent in the scripts of web pages and rare in articles about programming.
PAGE_SCRIPT: Final = re.compile(
    r"googletag|dataLayer|\bgtag\(|\bfbq\(|_gaq\b|document\.write|createElement|getElementsByTagName|getElementById|taboola"
    r"|outbrain|adsbygoogle|window\._|jQuery\(|\$\(document\)|addEventListener|OneSignal|disqus|twttr|FB\.init|instgrm"
    r"|readyState|setTimeout|insertBefore|innerHTML"
)
FUNCTION: Final = re.compile(r"\bfunction ?[\w$]* ?\([\w$, ]{0,80}\) ?\{")
#: What may belong to a function, from right to left before its name.
BEFORE_FUNCTION: Final = ("(", " ", ";!+(")
CALLED: Final = re.compile(r"[\w$.]{2,60}\($")
CALLED_END: Final = re.compile(r"[\w$.]{2}\($")
OPENING: Final = {"(": ")", "{": "}", "[": "]"}


class InlinePatterns(NamedTuple):
    """The patterns that depend on the words of the selected languages.

    Three of them are prefilters for polars: a text that a shape changes has a match of `literals` and of `hints`, or
    one of OPENING_BRACKET and of `bracket_hints`. Those that end in `begins` are prefilters for single shapes. They
    mind no border of a word: Python's `re` skips a word at once by its first letter, but not by a border.
    """

    literals: str
    hints: str
    bracket_hints: str
    glued_name: re.Pattern[str]  # "Jane Doe Jane Roe Doe", where a headline is glued to it
    repeated_name: re.Pattern[str]  # "Jane Doe Jane Roe Doe ": first and last name are repeated
    related: re.Pattern[str]  # "(RELATED: ...)", "[Read more: ...]"
    related_begins: re.Pattern[str]
    notice: re.Pattern[str]  # "Story continues below advertisement"
    notice_begins: re.Pattern[str]
    plea: re.Pattern[str]  # "Click here to subscribe." as the last sentence
    plea_begins: re.Pattern[str]  # with the end of the sentence before it


@functools.cache
def inline_patterns(lexicon: Lexicon) -> InlinePatterns:
    """The patterns for the words of a lexicon."""
    plea_begins = [begin for plea in lexicon.inline_pleas for begin in plea.begins]
    notice_begins = [begin for notice in lexicon.inline_notices for begin in notice.begins]
    related = any_name(lexicon.related_labels, _BORDER)
    two_letters = any_of(label[:2] for label in name_forms(lexicon.related_labels))
    mark = any_name(lexicon.advertisement_marks, _BORDER)
    after, anywhere = (
        any_pattern(_opening(notice) for notice in lexicon.inline_notices if notice.after_sentence == ended)
        for ended in (True, False)
    )
    middle = (  # nothing else can match what an attempt has matched
        r"(?>(?:[^\W\d_a-z][\w.,()“”\"’'-]*+|[(“\"‘'][\w.,()“”\"’'-]*+"
        rf"|{any_of(lexicon.name_particles)}) )"
    )
    return InlinePatterns(
        literals="|".join((*map(re.escape, _LITERALS), *_begins(lexicon))),
        hints=f"{_HINTS}|{any_name(plea_begins)}|{any_name(notice_begins)}",
        bracket_hints=f"{_SHORTCODE_HINTS}|{OPENING_BRACKET}{two_letters}",
        glued_name=re.compile(
            rf"(?<![\w’'-])({_NAME}+)(,? (?:Jr|Sr)\.)? {middle}{{1,6}}?\1(?! [^JS])(?:\2)?"
            r"(?=[^\s\w.,;:!?)’'-]|['’]?[^\W_a-z]|[a-z]*[A-Z])"
        ),
        repeated_name=re.compile(
            rf"(?<![\w’'-])(({_NAME}) ({_NAME})) \2 {middle}{{0,3}}?\3 (?=[A-Z0-9'‘“\"])"
        ),
        related=re.compile(
            r"(?:\((?=.{5,300}\))|\[(?=.{5,300}\]))"
            rf"{related} ?: ?\S{_NESTED}[)\]]"
            rf"|[（【［]{related}[:：][^（）【】［］]{{2,200}}[）】］]"
        ),
        related_begins=re.compile(OPENING_BRACKET + two_letters),
        notice=re.compile(rf"(?:{mark} ?[-–—:]? ?)?(?:\b{anywhere}|(?<=[.!?”\"’)] ){after})\.?(?: ?{mark})?"),
        notice_begins=re.compile(any_name(notice_begins, "")),
        plea=re.compile(
            rf"(?<={_SENTENCE_END}){any_pattern(map(_opening, lexicon.inline_pleas))}[^.!?]{{0,100}}[.!]?$"
        ),
        plea_begins=re.compile(_SENTENCE_END + any_name(plea_begins, "")),
    )


def _opening(opening: Opening) -> str:
    return any_name(opening.begins, _BORDER) + opening.continues


def _begins(lexicon: Lexicon) -> list[str]:
    openings = (*lexicon.inline_pleas, *lexicon.inline_notices)
    forms = name_forms(begin for opening in openings for begin in opening.begins)
    return list(map(re.escape, sorted(forms)))
