"""What stays by its form: subheads, introductions, remarks, speakers, attributions, section breaks, letters, items.

Each kind is a function of the `Lines` that a score would remove. Its form is read off the line, the line above and the
line below. Lines that a rule has removed do not count as neighbours, so an advertisement does not part a subhead from
its paragraph. By form alone, a subhead and the headline of another story are the same. So the kinds ask for prose on
both sides, or for wording that is rather an article's; and those that boilerplate resembles most stay only while their
score is not far beyond the threshold (`DOUBTFUL`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from cleaners.boilerplate.line_classifier.context import MENU_PHRASE
from cleaners.boilerplate.line_classifier.exemptions import (
    CAPITAL_LETTERS,
    FEW_WORDS,
    MANY_BOILERPLATE_WORDS,
    MAX_NAME_WORDS,
    MIN_REPEATS,
    Bools,
    amid_prose,
    is_plain,
    page_like,
)
from cleaners.boilerplate.line_classifier.fast_accept import FEW_BOILERPLATE_WORDS
from cleaners.boilerplate.line_classifier.feature_names import (
    ADDRESS,
    BOILERPLATE_WORDS,
    CAPITALISED,
    DIGITS,
    ENDING,
    FEATURE,
    FEATURES,
    FROM_TOP,
    MARKS_NEAR,
    PHRASE_STATE,
    PROSE_AFTER,
    PROSE_BEFORE,
    REPEATS,
    UPPER,
    WORDING,
    WORDS,
)
from cleaners.boilerplate.line_classifier.shape import (
    END_COLON,
    END_COMMA,
    END_NOTHING,
    END_QUESTION,
    END_STOP,
)
from cleaners.boilerplate.line_classifier.table_cells import in_tables
from cleaners.kernels import F32
from cleaners.text.matching import LETTERS, matches
from cleaners.text.prose import SENTENCE_WORDS, is_prose

#: A subhead is above at least this many paragraphs of prose.
PROSE_BELOW_SUBHEAD: Final = 2
#: Words of the sentence that introduces a quotation or a list, at least.
INTRODUCTION_WORDS: Final = 5
#: Lines from the top of a document to its salutation, at most.
SALUTATION_LINES: Final = 6
MAX_ATTRIBUTION_WORDS: Final = 8
#: How often the names of speakers come in a transcript of short answers, at least.
MANY_REPEATS: Final = 12
#: Words of a line of verse, at least.
VERSE_WORDS: Final = 3
#: Feature `wording` of what is hardly more worded like boilerplate than like articles.
HALF: Final = 0.5
#: Shares of words with a capital: a sentence has fewer, a name more.
OF_SENTENCE, OF_NAME = 0.4, 0.6

_OPENS_SENTENCE: Final = r"^[\p{Lu}\p{Lo}\p{N}\"“„«»‘「『(\[—–¿¡]"
_QUOTATION: Final = r"[\"“„«»‘「『].*[\"”“»«’」』][.,]?$"
_QUOTATION_OR_ITEM: Final = r"^[\"“„«»‘「『>*•·▪■●◦–—-]|^\d{1,3}[.)]"
_EXCLAMATION_OR_QUESTION: Final = r"[?!？！؟…][\"'”’»)」』]?$"
_SECTION_BREAK: Final = r"^[*_•·~#=—–-]+(?:\s+[*_•·~#=—–-]+)*$"
_ENDS_IN_COLON: Final = r"[:：]$"
_NAME_AND_COMMA: Final = r"^\p{Lu}[^.!?:;|]{1,40},$"
_SOUND: Final = rf"^(?:[{LETTERS} ]{{0,30}})?[\[(][{LETTERS} ,’'-]{{2,40}}[\])]$"
_SOUND_IN_CAPITALS: Final = rf"^\p{{Ll}}[{LETTERS} ]{{2,30}}[\[(]\p{{Lu}}[\p{{Lu}} ,’'-]{{2,40}}[\])]$"
_POST: Final = r"[—–-] ?.{1,60}\(@\w+\)|^.{15,}\b(?:pic\.twitter\.com|t\.co)/"
_ITEM: Final = r"^([•·∙●○▪■◦–—*-]|[0-9]{1,3}[.)])\s"

_VERSE: Final = r"^[\p{Lu}\"“'‘„«¿¡][^\s:|]*(?: [^\s:|]+){2,9}[\p{L}\p{M},;’'”\"–—-]$"
_MARK_INSIDE: Final = r"\w.*[,;:(–—-].*\w"
_FORM: Final = (
    (r"\p{Lu}[\p{L}\p{M}’'-]*(?: \p{Lu}[\p{L}\p{M}’'-]*)*", "X"),
    (r"[\p{Ll}\p{Lo}][\p{L}\p{M}’'-]*(?: [\p{Ll}\p{Lo}][\p{L}\p{M}’'-]*)*", "x"),
    (r"\p{N}+", "1"),
)


class Lines(NamedTuple):
    """Lines, and the nearest lines above and below them in their documents that no rule has removed, "" for none."""

    text: pl.Series
    above: pl.Series
    below: pl.Series
    prose_above: Bools
    prose_below: Bools
    f: NDArray[Any]  # features, transposed: f[WORDS] is a column


def lines_of(
    text: Iterable[str],
    above: Iterable[str],
    below: Iterable[str],
    f: NDArray[Any] | None = None,
    **features: float,
) -> Lines:
    """`Lines` with these texts and features; without `f`, those are zero but for `features`, by name."""
    texts = [
        given if isinstance(given, pl.Series) else pl.Series(list(given), dtype=pl.String)
        for given in (text, above, below)
    ]
    if f is None:
        f = np.zeros((len(FEATURES), len(texts[0])), np.float32)
        for name, value in features.items():
            f[FEATURE[name]] = value
    prose = [t.to_frame("t").select(is_prose(pl.col("t"))).to_series().to_numpy() for t in texts[1:]]
    return Lines(texts[0], texts[1], texts[2], prose[0], prose[1], f)


def lines_around(frame: pl.DataFrame, rows: NDArray[np.int64], features: F32) -> Lines:
    """The `Lines` of these rows of a frame; `features` has the shape (rows, FEATURES)."""
    text, document = frame.get_column("text"), frame.get_column("document").to_numpy()
    stays = np.flatnonzero(frame.get_column("reason").is_null().to_numpy())
    above, below = np.searchsorted(stays, rows) - 1, np.searchsorted(stays, rows, "right")

    def near(number: NDArray[np.int64]) -> pl.Series:
        exists = (number >= 0) & (number < len(stays))
        there = stays[np.where(exists, number, 0)]
        exists &= document[there] == document[rows]
        return pl.select(pl.when(pl.Series(exists)).then(text.gather(there))).to_series().fill_null("")

    return lines_of(text.gather(rows).fill_null(""), near(above), near(below), features.T)


def is_subhead(lines: Lines) -> Bools:
    """A few words between two paragraphs; at least PROSE_BELOW_SUBHEAD paragraphs follow.

    >>> beside = {"above": ["The crews voted on it."], "below": ["They want more pay."], "words": 3}
    >>> is_subhead(lines_of(["What they want"], **beside, prose_after=5)).item()
    True
    >>> is_subhead(lines_of(["About our company"], **beside, prose_after=1)).item()
    False
    """
    f = lines.f
    few = (
        is_plain(f)
        & (f[WORDS] >= 1)
        & (f[WORDS] <= FEW_WORDS)
        & np.isin(f[ENDING], (END_NOTHING, END_QUESTION))
    )
    worded = (f[WORDING] < HALF) & (f[BOILERPLATE_WORDS] <= FEW_BOILERPLATE_WORDS)
    worded |= f[WORDING] < 0
    between = lines.prose_above & lines.prose_below & (f[PROSE_AFTER] >= PROSE_BELOW_SUBHEAD)
    subhead: Bools = (
        few & worded & between & _has(lines.text, _OPENS_SENTENCE) & _has(lines.below, _OPENS_SENTENCE)
    )
    return subhead


def is_topic(lines: Lines) -> Bools:
    """A few words in capitals above a paragraph, below stars or a line that ends in a colon: the topics of a review.

    Menus have such words, too, but no paragraphs below them.

    >>> beside = {"below": ["The crews want more pay, and so do the mates."], "words": 1, "upper": 1, "prose_after": 5}
    >>> is_topic(lines_of(["PAY"], ["___"], **beside, prose_before=2)).item()
    True
    >>> is_topic(lines_of(["PAY"], ["Sign up for our newsletter"], **beside, prose_before=2)).item()
    False
    """
    f = lines.f
    capitals = (
        (f[WORDS] >= 1) & (f[WORDS] <= FEW_WORDS) & (f[UPPER] > CAPITAL_LETTERS) & (f[ENDING] == END_NOTHING)
    )
    capitals &= (f[PHRASE_STATE] <= MENU_PHRASE) & (f[ADDRESS] == 0)
    opened = (_has(lines.above, _SECTION_BREAK) | _has(lines.above, _ENDS_IN_COLON)) & (f[PROSE_BEFORE] > 0)
    topic: Bools = capitals & opened & lines.prose_below & (f[PROSE_AFTER] >= PROSE_BELOW_SUBHEAD)
    return topic


def is_introduction(lines: Lines) -> Bools:
    """A sentence of the article that ends in a colon, whether or not what it introduces was extracted.

    >>> beside = {"above": ["The crews voted on it."], "below": [""], "ending": END_COLON, "words": 8}
    >>> is_introduction(lines_of(["The letter to the company says this:"], **beside, wording=-1)).item()
    True
    >>> is_introduction(lines_of(["The mate wrote:"], **beside | {"words": 3}, wording=-1)).item()
    True
    >>> is_introduction(lines_of(["You may also want to read these:"], **beside, wording=2)).item()
    False
    """
    f = lines.f
    sentence = (f[WORDS] >= INTRODUCTION_WORDS) & (f[CAPITALISED] < OF_SENTENCE)
    sentence |= (f[WORDS] >= 2) & (
        lines.prose_below | ((lines.below == "").to_numpy() & (f[WORDING] < -HALF))
    )
    sentence &= f[ENDING] == END_COLON
    introduction: Bools = sentence & (f[WORDING] < 0) & (f[PHRASE_STATE] <= 0) & lines.prose_above
    return introduction


def introduces(lines: Lines) -> Bools:
    """A line that ends in a colon, right above a quotation or the first item of a list.

    >>> lines = {"above": ["They spoke."], "below": ["“We want more pay.”"], "ending": END_COLON, "wording": -1}
    >>> introduces(lines_of(["The mate:"], **lines)).item()
    True
    >>> introduces(lines_of(["The mate:"], **lines | {"below": ["Facebook"]})).item()
    False
    """
    f = lines.f
    worded = (f[WORDING] < 0) & (f[PHRASE_STATE] <= 0)
    introducing: Bools = worded & (f[ENDING] == END_COLON) & _has(lines.below, _QUOTATION_OR_ITEM)
    return introducing


def is_remark(lines: Lines) -> Bools:
    """A question or an exclamation between two paragraphs, or the last line of an article: "Who blinks first?".

    >>> beside = {"above": ["Neither side will talk."], "below": [""], "words": 3, "prose_lines": 1}
    >>> is_remark(lines_of(["Who blinks first?"], **beside, wording=-1)).item()
    True
    >>> is_remark(lines_of(["Want more news?"], **beside, wording=1, boilerplate_words=1)).item()
    False
    """
    f = lines.f
    worded = is_plain(f) & (f[WORDING] < 0) & (f[BOILERPLATE_WORDS] <= MANY_BOILERPLATE_WORDS)
    amid = lines.prose_below & (f[PROSE_AFTER] >= PROSE_BELOW_SUBHEAD)
    last = (lines.below == "").to_numpy() & ~page_like(f.T)
    remark: Bools = worded & lines.prose_above & (amid | last) & _has(lines.text, _EXCLAMATION_OR_QUESTION)
    return remark


def is_sentence(lines: Lines) -> Bools:
    """A whole sentence between two paragraphs of an article: a paragraph of one line.

    >>> beside = {"above": ["Neither side will talk."], "below": ["Boats sail again on Monday."], "prose_lines": 1}
    >>> is_sentence(lines_of(["That was on Friday."], **beside, words=4, ending=END_STOP, wording=-1)).item()
    True
    >>> is_sentence(lines_of(["Share with friends."], **beside, words=3, ending=END_STOP, wording=2)).item()
    False
    """
    f = lines.f
    sentence = (f[ENDING] == END_STOP) & (f[WORDS] >= SENTENCE_WORDS) & is_plain(f)
    alone: Bools = sentence & (f[WORDING] < 0) & lines.prose_above & lines.prose_below & ~page_like(f.T)
    return alone


def is_speaker(lines: Lines) -> Bools:
    """The name of a speaker, in any case, above what is said: it comes at least MIN_REPEATS times in the document.

    With MANY_REPEATS, one of the lines beside it may be no prose, as short answers are none.

    >>> beside = {"above": ["That was not so."], "below": ["The crews had voted on it by then."], "words": 2}
    >>> is_speaker(lines_of(["nora quill"], **beside, repeats=7)).item()
    True
    >>> is_speaker(lines_of(["nora quill"], **beside, repeats=1)).item()
    False
    """
    f = lines.f
    name = is_plain(f) & (f[WORDS] >= 1) & (f[WORDS] <= MAX_NAME_WORDS) & (f[DIGITS] == 0)
    worded = (f[BOILERPLATE_WORDS] <= FEW_BOILERPLATE_WORDS) & (f[ENDING] == END_NOTHING)
    both, one = lines.prose_above & lines.prose_below, lines.prose_above | lines.prose_below
    repeated = ((f[REPEATS] >= MIN_REPEATS) & both) | ((f[REPEATS] >= MANY_REPEATS) & one)
    speaker: Bools = name & worded & repeated
    return speaker


def is_attribution(lines: Lines) -> Bools:
    """Who said or wrote it, right below a paragraph that ends in a quotation: "Nora Quill, Harbour Gazette".

    >>> line = {"text": ["Nora Quill, Harbour Gazette"], "words": 4, "capitalised": 1, "below": [""]}
    >>> is_attribution(lines_of(above=["“They never asked us.”"], **line)).item()
    True
    >>> is_attribution(lines_of(above=["They were never asked."], **line)).item()
    False
    """
    f = lines.f
    name = (f[WORDS] >= 2) & (f[WORDS] <= MAX_ATTRIBUTION_WORDS) & (f[CAPITALISED] > OF_NAME)
    name &= (f[PHRASE_STATE] <= 0) & (f[ADDRESS] == 0) & (f[DIGITS] == 0) & (f[ENDING] == END_NOTHING)
    attribution: Bools = (
        name & (f[BOILERPLATE_WORDS] <= MANY_BOILERPLATE_WORDS) & _has(lines.above, _QUOTATION)
    )
    return attribution


def is_section_break(lines: Lines) -> Bools:
    """Stars, dashes or dots between two paragraphs of prose.

    >>> is_section_break(lines_of(["* * *"], ["So it ended in May."], ["In June it began again."])).item()
    True
    >>> is_section_break(lines_of(["* * *"], ["So it ended in May."], ["Home"])).item()
    False
    """
    breaks: Bools = lines.prose_above & lines.prose_below & _has(lines.text, _SECTION_BREAK)
    return breaks


def is_salutation(lines: Lines) -> Bools:
    """The first line of a letter: a few words and a comma, close to the top of the document and right above prose.

    >>> line = {"text": ["Dear Nora,"], "above": [""], "words": 2, "ending": END_COMMA, "capitalised": 1}
    >>> is_salutation(lines_of(below=["We are still without a ferry."], **line)).item()
    True
    >>> is_salutation(lines_of(below=["Our newsletters"], **line)).item()
    False
    """
    f = lines.f
    form = (f[ENDING] == END_COMMA) & (f[WORDS] <= FEW_WORDS) & (f[CAPITALISED] >= OF_SENTENCE) & is_plain(f)
    salutation: Bools = form & (f[FROM_TOP] < SALUTATION_LINES) & lines.prose_below
    return salutation


def is_sign_off(lines: Lines) -> Bools:
    """The end of a letter below its last paragraph: "Yours," or "With kind regards,", and the name below it.

    >>> below = {"below": [""], "words": 2, "prose_before": 4}
    >>> is_sign_off(lines_of(["Yours sincerely,"], ["So we wait for boats."], **below, ending=END_COMMA)).item()
    True
    >>> is_sign_off(lines_of(["Nora Quill"], ["Yours sincerely,"], **below, capitalised=1)).item()
    True
    >>> is_sign_off(lines_of(["Nora Quill"], ["Most read"], **below, capitalised=1)).item()
    False
    """
    f = lines.f
    greets = (f[ENDING] == END_COMMA) & lines.prose_above
    name = (f[CAPITALISED] > OF_NAME) & (f[ENDING] != END_COLON) & _has(lines.above, _NAME_AND_COMMA)
    short = is_plain(f) & (f[WORDS] >= 1) & (f[WORDS] <= FEW_WORDS) & (f[CAPITALISED] + greets > 0)
    closing: Bools = short & (greets | name) & (f[PROSE_BEFORE] > 0) & (f[PROSE_AFTER] == 0)
    return closing


def is_sound(lines: Lines) -> Bools:
    """What a transcript says is heard: "[laughs]", "archived recording [gunshots]".

    >>> beside = {"above": ["That was not so."], "below": ["The crews had voted on it by then."]}
    >>> is_sound(lines_of(["archived recording [CROWD]"], **beside)).item()
    True
    >>> is_sound(lines_of(["tape [GULLS]"], ["That was not so."], ["nora quill"])).item()
    True
    >>> is_sound(lines_of(["[Reply]"], ["That was not so."], ["nora quill"])).item()
    False
    """
    f = lines.f
    worded = (f[BOILERPLATE_WORDS] <= FEW_BOILERPLATE_WORDS) & (f[PHRASE_STATE] <= 0)
    between = _has(lines.text, _SOUND) & lines.prose_above & lines.prose_below
    beside = _has(lines.text, _SOUND_IN_CAPITALS) & (lines.prose_above | lines.prose_below)
    sound: Bools = worded & (between | beside)
    return sound


def is_post(lines: Lines) -> Bools:
    """A post of a social network that the article quotes: text with a short link, or with its author's handle.

    >>> lines_ = ["No boats today. pic.twitter.com/xy — Stell Ferry (@stellferry)", "Follow us @stellferry"]
    >>> is_post(lines_of(lines_, ["", ""], ["", ""])).tolist()
    [True, False]
    """
    post: Bools = (lines.f[PHRASE_STATE] <= 0) & _has(lines.text, _POST)
    return post


def is_item(lines: Lines) -> Bools:
    """An item of a list above the last prose: its neighbour above or below, which no rule has removed, has its mark.

    >>> beside = {"above": ["• Rope"], "prose_after": 3, "prose_lines": 1}
    >>> is_item(lines_of(["• A hand pump"], below=["• Two oars"], **beside)).item()
    True
    >>> is_item(lines_of(["A hand pump"], below=["• Two oars"], **beside)).item()
    False
    """
    f = lines.f
    mark, above, below = (
        t.str.extract(_ITEM).str.replace("^[0-9]+", "1").fill_null("")
        for t in (lines.text, lines.above, lines.below)
    )
    listed: Bools = ((mark != "") & ((mark == above) | (mark == below))).to_numpy()
    item: Bools = listed & (f[PHRASE_STATE] <= 0) & (f[ADDRESS] == 0) & (f[PROSE_AFTER] > 0) & ~page_like(f.T)
    return item


def is_line_of_verse(lines: Lines) -> Bools:
    """A line of a poem or a plain list in an article: it and a line beside it are short, and end with no stop.

    >>> beside = {"above": ["And the boats were all away,"], "below": [""], "words": 6, "wording": -1, "prose_lines": 1}
    >>> is_line_of_verse(lines_of(["And the gulls sat on the quay"], **beside, prose_after=3)).item()
    True
    >>> is_line_of_verse(lines_of(["And the gulls sat on the quay"], **beside, marks_near=1)).item()
    False
    """
    f = lines.f
    beside = _has(lines.above, _VERSE) | _has(lines.below, _VERSE)
    article = (f[MARKS_NEAR] == 0) & (f[PROSE_AFTER] >= PROSE_BELOW_SUBHEAD) & ~page_like(f.T)
    worded = is_plain(f) & (f[WORDING] < 0) & (f[DIGITS] == 0) & (f[WORDS] >= VERSE_WORDS)
    verse: Bools = worded & article & beside & _has(lines.text, _VERSE)
    return verse


def is_entry(lines: Lines) -> Bools:
    """An entry of a list in mid-article: the lines above and below have the same form, with a mark inside.

    >>> beside = {"above": ["Gov. Ada Finch, Ohio"], "below": ["Gov. Ola Lind, Utah"], "prose_lines": 1}
    >>> is_entry(lines_of(["Gov. Piet Maas, New Mexico"], **beside, prose_before=3, prose_after=3)).item()
    True
    >>> is_entry(lines_of(["Gov. Piet Maas, New Mexico"], **beside, prose_before=3)).item()
    False
    """
    f = lines.f
    form = _form_of(lines.text)
    same: Bools = ((form == _form_of(lines.above)) & (form == _form_of(lines.below))).to_numpy()
    article = amid_prose(f.T) & (f[MARKS_NEAR] == 0) & (f[PHRASE_STATE] <= 0) & ~page_like(f.T)
    entry: Bools = same & article & _has(form, _MARK_INSIDE)
    return entry


def _form_of(text: pl.Series) -> pl.Series:
    """The form of each text: "X. X, x 1" for "Gov. Ada Finch, aged 50"; runs of words with a capital are one word."""
    form = text
    for pattern, replacement in _FORM:
        form = form.str.replace_all(pattern, replacement)
    return form


#: The kinds of lines that stay whatever their score.
STAYS: Final[tuple[Callable[[Lines], Bools], ...]] = (
    introduces, is_attribution, is_section_break, is_salutation, is_sign_off, is_sound, is_post,
)  # fmt: skip
#: The kinds of lines that stay unless their score is far beyond the threshold, see `lists.SURE`.
DOUBTFUL: Final[tuple[Callable[[Lines], Bools], ...]] = (
    is_subhead, is_topic, is_introduction, is_remark, is_sentence, is_speaker, is_item, is_entry,
    is_line_of_verse,
)  # fmt: skip


def stays_by_form(frame: pl.DataFrame, rows: NDArray[np.int64], features: F32) -> Bools:
    """Whether each of these lines is of a kind that stays whatever its score; `features` are those of `rows`."""
    lines = lines_around(frame, rows, features)
    # what stands above all prose may be a ticker
    stays: Bools = _any(STAYS, lines) | (in_tables(frame, rows) & (lines.f[PROSE_BEFORE] > 0))
    return stays


def may_stay_by_form(frame: pl.DataFrame, rows: NDArray[np.int64], features: F32) -> Bools:
    """Whether each of these lines is of a kind that stays while its score is in doubt."""
    return _any(DOUBTFUL, lines_around(frame, rows, features))


def _any(kinds: tuple[Callable[[Lines], Bools], ...], lines: Lines) -> Bools:
    found = np.zeros(len(lines.text), np.bool_)
    for kind in kinds:
        found |= kind(lines)
    return found


def _has(text: pl.Series, pattern: str) -> Bools:
    found: Bools = matches(text, pattern).to_numpy()
    return found
