"""The regular expressions of `inline_shapes`."""

from __future__ import annotations

import functools
import re
from typing import Final, NamedTuple

from cleaners.lexicon import Lexicon, Opening, any_name, any_of, any_pattern, name_forms
from cleaners.repeated_line.whole_promo import PromoPatterns, promo_patterns

#: How the names of shortcodes begin.
SHORTCODE_WORDS: Final = (
    "embed",
    "pullquote",
    "audio",
    "caption",
    "gallery",
    "video",
    "playlist",
    "youtube",
    "tweet",
)
#: Who wrote the paragraph, at its end: "--Nora Quill". It is no part of a plea.
_BY: Final = r" ?(?:--|[–—]) ?[A-Z]"
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
    r"|^(?:Story highlights|NRPLUS MEMBER ARTICLE|Facebook Twitter Pinterest|Skip Twitter post by @\w{1,20}) (?=\S)"
)
#: How the messages at the start of a text begin.
LABELS: Final = (
    *("Image c", "Image s", "Media c", "Story highlights ", "NRPLUS MEMBER ", "Facebook Twitter "),
    "Skip Twitter post ",
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
    """The patterns that depend on the words of the selected languages."""

    glued_name: re.Pattern[str]  # "Jane Doe Jane Roe Doe", where a headline is glued to it
    repeated_name: re.Pattern[str]  # "Jane Doe Jane Roe Doe ": first and last name are repeated
    related: re.Pattern[str]  # "(RELATED: ...)", "[Read more: ...]"
    notice: re.Pattern[str]  # "Story continues below advertisement"
    notice_begins: tuple[str, ...]
    plea: re.Pattern[str]  # "Click here to subscribe." as the last sentence
    credit: re.Pattern[str]  # "(Reporting by Nora Quill)" at the end; its group is what follows the label
    credit_label: re.Pattern[str]  # "Reporting by"
    promo: PromoPatterns  # the sentences before it


@functools.cache
def inline_patterns(lexicon: Lexicon) -> InlinePatterns:
    """The patterns for the words of a lexicon."""
    related = any_name(lexicon.related_labels, _BORDER)
    mark = any_name(lexicon.advertisement_marks, _BORDER)
    after, anywhere = (
        any_pattern(_opening(notice) for notice in lexicon.inline_notices if notice.after_sentence == ended)
        for ended in (True, False)
    )
    credit = any_of(lexicon.closing_credits)
    middle = (  # nothing else can match what an attempt has matched
        r"(?>(?:[^\W\d_a-z][\w.,()“”\"’'-]*+|[(“\"‘'][\w.,()“”\"’'-]*+"
        rf"|{any_of(lexicon.name_particles)}) )"
    )
    return InlinePatterns(
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
        notice=re.compile(rf"(?:{mark} ?[-–—:]? ?)?(?:\b{anywhere}|(?<=[.!?”\"’)] ){after})\.?(?: ?{mark})?"),
        notice_begins=tuple(
            sorted(name_forms(begin for notice in lexicon.inline_notices for begin in notice.begins))
        ),
        plea=re.compile(
            rf"(?<={_SENTENCE_END}){any_pattern(map(_opening, lexicon.inline_pleas))}(?:(?!{_BY})[^.!?]){{0,100}}[.!]?$"
        ),
        credit=re.compile(
            rf"[(（]\s?{credit}(?!\w)\s?[:：/]?\s?([^()（）]{{2,400}})(?:[)）]|$)", re.IGNORECASE
        ),
        credit_label=re.compile(rf"(?<!\w){credit}(?!\w)", re.IGNORECASE),
        promo=promo_patterns(lexicon),
    )


def _opening(opening: Opening) -> str:
    return any_name(opening.begins, _BORDER) + opening.continues
