"""The judge of lines: features of the lines that nobody has decided on, their scores, and the guards of a strike.

A score alone strikes nothing. It says how furniture looks; what looks so may belong to the article nevertheless: its
lists, its tables, its subheads. So a strike needs evidence beside the score, and some lines are never struck.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from cleaners.furniture.by_line import label_lines
from cleaners.lines.characters import characters
from cleaners.lines.columns import FEATURE
from cleaners.lines.features import line_features
from cleaners.lines.furniture_words import furniture_words
from cleaners.lines.ngrams import NgramWeights
from cleaners.lines.places import ENTRY, HIT, KEPT, NEAR, STRUCK
from cleaners.lines.rules import rules
from cleaners.lines.score import KINDS, LineModel, log_odds
from cleaners.lines.shape import BEGIN_BULLET, BEGIN_CAPITAL, BEGIN_DIGIT, END_COLON, END_NOTHING, END_STOP
from cleaners.lines.words import F32
from cleaners.phrases.phrase import Phrase
from cleaners.texts.tokens import I64, U8
from cleaners.texts.utf8 import starts_of, utf8

RULE: Final = "line score"

Bools = NDArray[np.bool_]


def judge_lines(
    frame: pl.DataFrame,
    found: pl.DataFrame,
    phrases: Sequence[Phrase],
    model: LineModel,
    strictness: float,
    texts: tuple[U8, I64] | None = None,
) -> pl.DataFrame:
    """(row, rule) of the lines that go by their score, as "line score 0.97: short, no sentence, neighbours struck".

    `frame` has been through the rules of phrases and structure, and `found` is what its phrases say. The answer depends
    on the frame's texts, on `found` and on what these rules have struck, and on nothing that a score has struck.
    `texts` are the `utf8` of the frame's texts, where these are known already, empty where there is none.
    """
    rows, features = features_of(frame, found, phrases, model.ngrams, texts)
    may = _places_allow(frame, found, rows, features)
    may &= frame.get_column("reason").is_null().to_numpy()[rows]
    rows, features = rows[may], features[may]
    # nothing was trained on scripts without case, whatever is known of the language
    foreign = _is_foreign(frame, model)[rows] | (_of(features, "caseless") > CASELESS)
    margin = np.where(foreign, model.margin, 0)
    article, page = (model.threshold_at(strictness, kind) for kind in KINDS)
    needed = np.where(page_like(features), page, article) + margin + caution(features)
    odds = log_odds(features, model, needed.min(initial=np.inf))
    struck = odds >= needed
    struck[struck] = _texts_allow(frame, rows[struck])  # of few lines these must be looked at
    return pl.DataFrame(
        {
            "row": pl.Series(rows[struck], dtype=pl.UInt32),
            "rule": pl.Series(rules(features[struck], odds[struck], model), dtype=pl.String),
        }
    )


def may_be_struck(frame: pl.DataFrame, found: pl.DataFrame, rows: NDArray[np.int64], features: F32) -> Bools:
    """Whether the guards let these lines of a frame go if their scores say so.

    Beside what `may_go` keeps stay, in any document, by-lines, datelines, time stamps and quoted mail; and amid the
    prose of an article a line in which, or near which, phrases find only what subheads and lists of articles say, too.
    """
    may = _places_allow(frame, found, rows, features)
    may[may] = _texts_allow(frame, rows[may])
    return may


def _places_allow(frame: pl.DataFrame, found: pl.DataFrame, rows: NDArray[np.int64], features: F32) -> Bools:
    """Whether `may_go` lets the lines go, and none of them has nothing but an article's phrases amid prose."""
    may = may_go(features)
    either = _of_either(found, len(frame))
    sure = (_marks(frame, found) > 0) & ~either
    vague = either[rows] | (
        (_of(features, "mark") <= 0) & (_of(features, "marks_near") > 0) & ~_near(sure, frame)[rows]
    )
    may &= ~(vague & ~page_like(features) & _amid_prose(features))
    return may


def _texts_allow(frame: pl.DataFrame, rows: NDArray[np.int64]) -> Bools:
    """Whether these lines are neither labelled nor quoted mail, which is nobody's furniture."""
    text = frame.get_column("text").gather(rows)
    stays = text.str.contains(r"^\|?>").fill_null(False) | label_lines(text).is_not_null()
    allowed: Bools = (~stays).to_numpy()
    return allowed


def _near(lines: Bools, frame: pl.DataFrame) -> Bools:
    """Whether one of these lines is NEAR a row, in its document."""
    document = frame.get_column("document_id").rle_id().to_numpy()
    near = np.zeros(len(lines), np.bool_)
    for step in range(1, NEAR + 1):
        same = document[step:] == document[:-step]
        near[step:] |= lines[:-step] & same
        near[:-step] |= lines[step:] & same
    return near


def features_of(
    frame: pl.DataFrame,
    found: pl.DataFrame,
    phrases: Sequence[Phrase],
    ngrams: NgramWeights,
    texts: tuple[U8, I64] | None = None,
) -> tuple[NDArray[np.int64], F32]:
    """(rows, features) of the lines of a frame that may be furniture, struck ones included."""
    runs = frame.get_column("document_id").rle()  # a document's paragraphs are together
    firsts = starts_of(runs.struct.field("len").to_numpy())
    titles = frame.get_column("title").gather(firsts[:-1]).fill_null("")
    words = furniture_words(tuple(phrases))
    rows, features = line_features(
        *(texts or utf8(frame.get_column("text").fill_null(""))),
        firsts,
        *utf8(titles),
        _marks(frame, found),
        *characters(),
        *words,
        *ngrams,
    )
    return rows, features


def _marks(frame: pl.DataFrame, found: pl.DataFrame) -> NDArray[np.int8]:
    """What is known of each line before it is scored."""
    marks = np.zeros(len(frame), np.int8)
    for kind, actions in ((ENTRY, ["menu"]), (HIT, ["line", "teaser", "block", "tail"]), (KEPT, ["keep"])):
        marks[found.filter(pl.col("action").is_in(actions)).get_column("row").to_numpy()] = kind
    gone = frame.get_column("reason").is_in(["related_articles", "boilerplate"])
    marks[gone.fill_null(False).to_numpy()] = STRUCK
    return marks


def _is_foreign(frame: pl.DataFrame, model: LineModel) -> Bools:
    """Whether the document of a row is known to be in a language that the model was not grown on."""
    language = frame.get_column("language")
    return (language.is_not_null() & ~language.is_in(list(model.languages))).to_numpy()


def _of_either(found: pl.DataFrame, size: int) -> Bools:
    """Whether phrases find in a line only what articles have, too, as subheads and in lists: "Overview", "Support"."""
    either = np.zeros(size, np.bool_)
    ambiguous = (pl.col("action") == "menu") | ((pl.col("action") == "line") & pl.col("only_at_end"))
    rows = found.group_by("row").agg(ambiguous.all()).filter("action").get_column("row")
    either[rows.to_numpy()] = True
    return either


def _amid_prose(features: F32) -> Bools:
    return (_of(features, "prose_before") > 0) & (_of(features, "prose_after") > 0)


def _of(features: F32, name: str) -> F32:
    column: F32 = features[:, FEATURE[name]]
    return column


def caution(features: F32) -> F32:
    """What the log-odds of a line must have beyond the threshold, in a document with next to no prose."""
    beyond: F32 = np.where(_of(features, "prose_lines") < LITTLE_PROSE, np.float32(CAUTION), np.float32(0))
    return beyond


def _wording(features: F32) -> Bools:
    """Whether a line reads like a sentence that has lost its stop."""
    wording: Bools = (
        (_of(features, "words") >= WORDING)
        & (_of(features, "capitalised") < FEW_CAPITALS)
        & (_of(features, "ending") == END_NOTHING)
        & (_of(features, "mark") <= 0)
        & (_of(features, "furniture") <= 0.5)
        & (_of(features, "separators") + _of(features, "address") + _of(features, "digits") == 0)
    )
    return wording


def _alone(features: F32) -> Bools:
    """Whether a line of a few words stands by itself between two paragraphs of prose.

    So stand subheads, the names of those who speak in an interview, and of those whom a quotation is of.
    """
    alone: Bools = (
        _amid_prose(features)
        & (_of(features, "words") <= FEW_WORDS)
        & (_of(features, "to_prose_above") <= 1)
        & (_of(features, "to_prose_below") <= 1)
        & (_of(features, "mark") <= 0)
        & (_of(features, "address") + _of(features, "separators") + _of(features, "digits") == 0)
    )
    return alone


def _speaks(features: F32) -> Bools:
    """Whether a line of a few words comes again and again amid prose, as the names in a transcript do."""
    speaks: Bools = (
        _amid_prose(features)
        & (_of(features, "words") >= 1)
        & (_of(features, "words") <= FEW_WORDS)
        & (_of(features, "repeats") >= AGAIN)
        & (_of(features, "to_prose_below") <= 1)
        & (_of(features, "mark") <= 0)
        & (_of(features, "address") + _of(features, "separators") + _of(features, "digits") == 0)
    )
    return speaks


def _measures(features: F32) -> Bools:
    """Whether a line begins with a figure, as the line above or below it does that is like it: "200 g sugar"."""
    alike = np.maximum(_of(features, "like_above"), _of(features, "like_below"))
    measures: Bools = (
        (_of(features, "beginning") == BEGIN_DIGIT)
        & (_of(features, "words") >= 2)
        & (_of(features, "ending") == END_NOTHING)
        & (alike == ALIKE)
        & (_of(features, "mark") <= 0)
        & (_of(features, "address") + _of(features, "separators") == 0)
    )
    return measures


def _says(features: F32) -> Bools:
    """Whether a line is a sentence that reads like none of furniture."""
    says: Bools = (
        (_of(features, "ending") == END_STOP)
        & (_of(features, "words") >= SENTENCE)
        & (_of(features, "capitalised") < MANY_CAPITALS)
        & (_of(features, "mark") <= 0)
        & (_of(features, "furniture") <= 0.3)
        & (_of(features, "address") + _of(features, "separators") == 0)
    )
    return says


def _counts(features: F32) -> Bools:
    """Whether a line is a name and a figure, as the line above or below it is: results, prices, standings."""
    alike = np.maximum(_of(features, "like_above"), _of(features, "like_below"))
    counts: Bools = (
        (_of(features, "beginning") == BEGIN_CAPITAL)
        & (_of(features, "ending") == END_NOTHING)
        & (_of(features, "words") >= 2)
        & (_of(features, "words") <= FEW_WORDS)
        & (_of(features, "digits") > 0)
        & (alike == ALIKE)
        & (_of(features, "mark") <= 0)
        & (_of(features, "furniture") <= 0.3)
        & (_of(features, "address") + _of(features, "separators") == 0)
    )
    return counts


def page_like(features: F32) -> Bools:
    """Whether a line stands in the dump of a whole page rather than in an article."""
    marked = (_of(features, "mark_density") > PAGE_MARKS) & (_of(features, "lines") >= PAGE_LINES)
    return (_of(features, "prose_lines") < PAGE_PROSE) | marked


#: Of the lines of an article so many are prose at the least, and of a longer one phrases mark no more than so many.
PAGE_PROSE: Final = 0.25
PAGE_MARKS: Final = 0.03
PAGE_LINES: Final = 30
#: On a page with less prose, most of what is there may be the article's list, so that its lines go only if their
#: log-odds are so much higher.
LITTLE_PROSE: Final = 0.08
CAUTION: Final = 1.5
CASELESS: Final = 0.1  # of the letters of a line, so that "渡輪 The Ferry" is a line of its script
HEADLINE: Final = 4  # words
WORDING: Final = 8  # words
FEW_CAPITALS: Final = 0.2  # of the words
FEW_LINES: Final = 12
FEW_WORDS: Final = 6
AGAIN: Final = 3  # times
SENTENCE: Final = 6  # words
MANY_CAPITALS: Final = 0.5  # of the words
ALIKE: Final = 4  # ways
#: In a document without a phrase of which fewer lines are prose, nothing tells furniture from the rest.
BARE_PROSE: Final = 0.1


def may_go(features: F32) -> Bools:
    """Whether the guards let a line go if its score says so.

    Always kept are: what a phrase keeps; rows of tables; lines that measure out one thing after the other; names
    with figures, one after the other; sentences that read like none of furniture; the first line of a document, if
    it may be its headline; in a document in which no phrase is found, what ends as a sentence does, and the lines
    if there are but two; and in scripts without case, on which nothing was trained, whatever has no phrase on it
    and no struck line right beside it. In an article a few words alone between two paragraphs of prose stay, unless
    a phrase, an address, separators or figures are in them, and so do those that come again and again before a
    paragraph. In an article, and in a document with hardly any prose or of a few lines in which no phrase is found,
    as in a poem, a strike needs evidence: a phrase near, an address, separators, capitals, words of furniture, or,
    in an article, a place at the edge of the document or of its prose. Capitals of a line with figures, and words
    of furniture, are none amid prose, nor is the place in a document of a few lines. Items of a list that a
    sentence or a colon introduces stay, and what reads like a sentence without its stop.
    """
    short = _of(features, "lines") < FEW_LINES
    unmarked = _of(features, "mark_density") == 0
    bare = unmarked & (short | (_of(features, "prose_lines") < BARE_PROSE))
    page = page_like(features) & ~bare
    mark, near = _of(features, "mark"), _of(features, "marks_near")
    beginning, opening = _of(features, "beginning"), _of(features, "run_opening")
    is_item = (beginning == BEGIN_BULLET) | (beginning == BEGIN_DIGIT)
    listed = is_item & ((opening == END_COLON) | (opening == END_STOP)) & (near == 0) & (mark <= 0)
    table = (_of(features, "table") > 0) & (_of(features, "characters") > 1)  # "|" alone is no row
    beside = (_of(features, "struck_above") > 0) | (_of(features, "struck_below") > 0)
    foreign = (_of(features, "caseless") > CASELESS) & (mark <= 0) & ~beside
    plain = unmarked & ((_of(features, "ending") == END_STOP) | (_of(features, "lines") <= 2))
    furniture = _of(features, "furniture") > 0.5
    # "SPD 31.2" is a result
    capitals = (_of(features, "upper") > 0.7) & ~((_of(features, "digits") > 0) & _amid_prose(features))
    headline = (
        (_of(features, "from_top") == 0) & (_of(features, "words") >= HEADLINE) & (mark <= 0) & ~furniture
    )
    edge = (
        (_of(features, "from_top") < 3)
        | (_of(features, "from_bottom") < 5)
        | ((_of(features, "prose_after") == 0) & (_of(features, "prose_before") > 0))
    )
    # of a short document every line is at an edge
    edge &= ~(bare & page_like(features)) & ~(_amid_prose(features) & short)
    evidence = (
        (mark > 0)
        | (near > 0)
        | (_of(features, "address") > 0)
        | (_of(features, "separators") > 0)
        | capitals
        | (furniture & ~_amid_prose(features))
        | edge
    )
    allowed: Bools = (
        (mark != KEPT)
        & ~table
        & ~foreign
        & ~headline
        & ~plain
        & ~_measures(features)
        & ~_says(features)
        & ~_counts(features)
        & (page | (evidence & ~listed & ~_wording(features) & ~_alone(features) & ~_speaks(features)))
    )
    return allowed
