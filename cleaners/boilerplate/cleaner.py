"""The cleaner `boilerplate`: share bars, newsletter pleas, cookie notices, image credits, menus, page ends."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import polars as pl

from cleaners.attributes import label_lines
from cleaners.boilerplate.author_biography import author_biographies as biographies_of_authors
from cleaners.boilerplate.image_credit import image_credits as credits_of_images
from cleaners.boilerplate.line_classifier.classify import classify_lines
from cleaners.boilerplate.line_classifier.model import LineModel
from cleaners.boilerplate.menu import MIN_ENTRIES, menus
from cleaners.boilerplate.page_end import MAX_PARAGRAPH_AFTER, page_ends
from cleaners.boilerplate.page_head import page_heads
from cleaners.boilerplate.page_lines import page_lines
from cleaners.boilerplate.picture_gallery import picture_galleries
from cleaners.boilerplate.prefilter import possible_kinds
from cleaners.boilerplate.pull_quote import pull_quotes as quotes_pulled
from cleaners.boilerplate.share_bar import button_lines, share_bars
from cleaners.boilerplate.stray_mark import stray_marks
from cleaners.lexicon import Lexicon
from cleaners.paragraphs import remove_rows
from cleaners.phrases.articles import keep_article_lines
from cleaners.phrases.phrase import Phrase
from cleaners.phrases.search import lines_of, search
from cleaners.phrases.topics import on_topic_sentences
from cleaners.text.prose import is_prose
from cleaners.text.utf8 import utf8

REASON: Final = "boilerplate"
#: A document with at least OF_DUMP lines of menus is the dump of a whole page. There the phrases of FOOTERS open a page
#: end, too, if no paragraph after them has more than WORDS_OF_TEASER words.
OF_DUMP: Final = 10
WORDS_OF_TEASER: Final = 25
IMAGE_CREDIT: Final = "image-credit"
#: The kinds of lines that are known by phrases and have a switch: the names of the phrases.
CREDIT, DISCLAIMER, LIST_LABEL, EDITORS_NOTE = "credit", "disclaimer", "list-label", "editors-note"
FOOTERS: Final = ":(?:newsletter|subscribe|share|follow-us|copyright|cookies|app|tips)$"


def boilerplate(
    frame: pl.DataFrame,
    *,
    phrases: Sequence[Phrase],
    lexicon: Lexicon,
    found: pl.DataFrame | None = None,
    model: LineModel | None = None,
    strictness: float = 0.5,
    image_credits: bool = True,
    pull_quotes: bool = True,
    author_biographies: bool = True,
    credits: bool = True,  # noqa: A002, the name of the setting
    disclaimers: bool = True,
    list_labels: bool = True,
    editors_notes: bool = False,
    by_lines: bool = False,
    datelines: bool = False,
) -> pl.DataFrame:
    """The frame with the reason `boilerplate` on the lines that belong to the page and not to the article.

    Rules, in this order; the first that matches a line gives its `rule`:

    - "phrase en:newsletter" and the like: a phrase of the action `line` matches the line. A phrase of `where = "end"`
      counts only if there is prose above the line in its document and none below. A sentence about the topic of the
      article stays, see `cleaners.phrases.topics`, and so do questions and short answers between its paragraphs, see
      `cleaners.phrases.articles`.
    - "share bar": the line has only names of share services and buttons such as "Share" or "Print". It has at least two
      of them, or one and is in a run of at least two such lines.
    - "mark without a word": see `cleaners.boilerplate.stray_mark`.
    - Phrases of some names have a switch: `image-credit`, `credit`, `disclaimer`, `list-label` and `editors-note`.
    - Unless switched off, "image credit" and "image caption with credit" (`cleaners.boilerplate.image_credit`),
      "picture gallery" (`cleaners.boilerplate.picture_gallery`, by the switch of image credits), "pull quote"
      (`cleaners.boilerplate.pull_quote`) and "author biography" (`cleaners.boilerplate.author_biography`). If
      switched on, "by-line" and "dateline" (`cleaners.attributes`).
    - "page end", and the rule of the phrase that opens it: see `cleaners.boilerplate.page_end`.
    - "menu": see `cleaners.boilerplate.menu`.
    - "page head": see `cleaners.boilerplate.page_head`.
    - "line score": the score of the line under `model` reaches the threshold for `strictness` (0 to 1), and the line is
      not exempt, see `cleaners.boilerplate.line_classifier.exemptions`. At 0, or without a model, no line is scored.

    These lines stay whatever they look like: those that a phrase of the action `keep` matches, the first occurrence of
    the title of a document, and those of a kind that is switched off.

    `lexicon` has the words by which share bars, credits, author biographies, by-lines and dates are known. `found` is
    the result of `cleaners.phrases.search.search` for the frame and the phrases, if the caller has it
    already; lines may have been removed since.

    >>> from cleaners.paragraphs import to_paragraphs
    >>> text = "The ferry sails again on Monday.\\nSign up for our newsletter\\nFacebook | Twitter"
    >>> documents = pl.DataFrame({"text": [text], "title": ["Ferry sails"],
    ...                           "source": ["gazette"], "language": ["en"]})
    >>> phrase = Phrase("en", "newsletter", ("Sign up for our newsletter",))
    >>> lexicon = Lexicon(share_services=("Facebook", "Twitter"))
    >>> boilerplate(to_paragraphs(documents), phrases=[phrase], lexicon=lexicon)["rule"].to_list()
    [None, 'phrase en:newsletter', 'share bar']
    """
    undecided = _undecided(frame)
    if found is None or undecided is not frame:  # what was found may lack the lines that are removed
        found = search(undecided, phrases)
    texts = utf8(undecided.get_column("text").fill_null(""))
    lines = lines_of(undecided)
    looked = lines.with_columns(possible_kinds(lines, texts, lexicon))
    beside = [  # kinds of lines that have a switch: whether to remove them, and the lines
        (image_credits, credits_of_images(looked, lexicon)),
        (image_credits, picture_galleries(looked, lexicon)),
        (
            pull_quotes,
            quotes_pulled(lines, texts, found.filter(pl.col("action") != "keep").get_column("row")),
        ),
        (author_biographies, biographies_of_authors(looked, lexicon)),
    ]
    stays = [rows.get_column("row") for goes, rows in beside if not goes]
    kept_phrases = [
        name
        for name, goes in (
            (IMAGE_CREDIT, image_credits),
            (CREDIT, credits),
            (DISCLAIMER, disclaimers),
            (LIST_LABEL, list_labels),
            (EDITORS_NOTE, editors_notes),
        )
        if not goes
    ]
    stays.append(_with_phrases(found, kept_phrases))
    found = found.filter(~_named(kept_phrases))
    found = keep_article_lines(found, undecided, lines, stays)
    rules = [rows for goes, rows in beside if goes]
    if by_lines or datelines:
        removed_labels = [*["by-line"] * by_lines, *["dateline"] * datelines]
        labels = pl.DataFrame([lines["row"], label_lines(lines["text"], lexicon).alias("rule")])
        rules.append(labels.filter(pl.col("rule").is_in(removed_labels)))
    removed = remove_rows(undecided, _by_rules(undecided, looked, found, phrases, lexicon, rules), REASON)
    if model is not None and strictness > 0:
        scored = classify_lines(removed, found, phrases, lexicon, model, strictness, texts)
        removed = remove_rows(removed, scored, REASON)
    if undecided is frame:
        return removed
    return removed.with_columns(
        pl.when(frame.get_column("reason").is_null()).then(name).otherwise(frame.get_column(name)).alias(name)
        for name in ("reason", "rule", "detail")
    )


def _with_phrases(found: pl.DataFrame, names: Sequence[str]) -> pl.Series:
    """The rows in which every phrase of the action `line` or `teaser` has one of these names.

    A plea for money that begins as an editor's note does is a plea.
    """
    about = found.filter(pl.col("action").is_in(["line", "teaser"])).group_by("row").agg(_named(names).all())
    return about.filter("rule").get_column("row")


def _named(names: Sequence[str]) -> pl.Expr:
    """Whether a phrase that was found has one of the names (Boolean)."""
    return pl.col("rule").str.extract("^phrase [^:]+:(.*)$").is_in(names)


def _undecided(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame without the removals of an earlier pass, so that this pass decides on the same frame as that one."""
    own = frame.get_column("reason") == REASON
    if not own.any():
        return frame
    return frame.with_columns(
        pl.when(~own.fill_null(False)).then(name).alias(name) for name in ("reason", "rule", "detail")
    )


def _by_rules(
    frame: pl.DataFrame,
    lines: pl.DataFrame,
    found: pl.DataFrame,
    phrases: Sequence[Phrase],
    lexicon: Lexicon,
    rules: Sequence[pl.DataFrame],
) -> pl.DataFrame:
    """The lines that phrases and structure remove, as a table (row, rule, detail).

    `lines` have their `possible_kinds`. `rules` are the lines (row, rule) that other rules have found already.
    """
    kept = found.filter(action="keep")
    by_phrase = (
        _not_in_mid_article(found.filter(action="line"), lines)
        .filter(~pl.col("row").is_in(on_topic_sentences(found, lines, phrases).implode()))
        .select("row", "rule")
    )
    buttons = button_lines(lines, lexicon)
    before = [by_phrase, share_bars(buttons), stray_marks(lines)]
    return (
        pl.concat([*before, *rules, *_of_page(frame, lines, found, buttons, lexicon)], how="diagonal")
        .join(kept, on="row", how="anti", maintain_order="left")
        .unique("row", keep="first", maintain_order=True)
    )


def _of_page(
    frame: pl.DataFrame, lines: pl.DataFrame, found: pl.DataFrame, buttons: pl.DataFrame, lexicon: Lexicon
) -> list[pl.DataFrame]:
    """Tables (row, rule[, detail]) of page ends, menus and page heads, in documents with phrases that suggest them."""
    known = pl.concat(
        [
            found.filter("bare", pl.col("action").is_in(["line", "menu"])).select(
                "row", (pl.col("action") == "line").alias("site")
            ),
            buttons.select("row", pl.lit(True).alias("site")),
        ]
    )
    entries = known.group_by("row").agg(pl.col("site").any()).sort("row")
    openings = (
        found.filter((pl.col("action") == "tail") | ((pl.col("action") == "block") & ~pl.col("only_at_end")))
        .sort("row", pl.col("action") == "block", maintain_order=True)
        .unique("row", keep="first", maintain_order=True)
        .select(
            "row",
            "rule",
            (pl.col("action") == "block").alias("block"),
            pl.lit(MAX_PARAGRAPH_AFTER).alias("longest_after"),
        )
    )
    with_menu = (
        lines.join(entries, on="row", how="semi")
        .group_by("document")
        .len()
        .filter(pl.col("len") >= MIN_ENTRIES)
    ).get_column("document")
    # the heading of a block may have been removed by now, so it is not among `lines`
    with_end = frame.get_column("document").gather(openings.get_column("row"))
    documents = pl.concat([with_menu, with_end]).unique()
    if documents.is_empty():
        return []
    page = page_lines(frame, found, documents)
    of_menus = menus(page, entries, lexicon)
    dumps = (
        page.join(of_menus, on="row", how="semi").group_by("document").len().filter(pl.col("len") >= OF_DUMP)
    )
    footers = (
        found.filter((pl.col("action") == "line") & ~pl.col("only_at_end"))
        .filter(pl.col("rule").str.contains(FOOTERS))
        .join(page.join(dumps, on="document", how="semi"), on="row", how="semi")
        .select("row", "rule", pl.lit(True).alias("block"), pl.lit(WORDS_OF_TEASER).alias("longest_after"))
    )
    openings = pl.concat([openings, footers]).unique("row", keep="first", maintain_order=True).sort("row")
    titles = frame.select("document", "title").unique("document")
    return [page_ends(page, openings), of_menus, page_heads(page, titles, of_menus, lexicon)]


def _not_in_mid_article(found: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
    """The phrases found, without those of `where = "end"` that are not at the end of the article."""
    careful = found.filter("only_at_end")
    if careful.is_empty():
        return found
    documents = lines.join(careful, on="row", how="semi").get_column("document").unique()
    at_end = (
        lines.filter(pl.col("document").is_in(documents.implode()))
        .with_columns(
            (is_prose(pl.col("text")) & ~pl.col("row").is_in(found.get_column("row").implode())).alias(
                "prose"
            )
        )
        .filter(
            ~pl.col("prose").cum_max(reverse=True).over("document")
            & pl.col("prose").cum_max().over("document")
        )
    )
    return found.filter(~pl.col("only_at_end") | pl.col("row").is_in(at_end.get_column("row").implode()))
