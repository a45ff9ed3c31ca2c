"""Image credits, and captions that end with one: "Photo: Nora Quill", "The pier. (AP Photo/Nora Quill)"."""

from __future__ import annotations

import functools
from typing import Final, NamedTuple

import polars as pl

from cleaners.attributes import label_lines
from cleaners.boilerplate.prefilter import CREDIT_CHARACTERS, ENDS_IN_CREDIT, ENDS_IN_NAMES, may_be
from cleaners.lexicon import Lexicon, any_name, any_of, shortest, spellings
from cleaners.text.matching import LETTERS, matches

CREDIT: Final = "image credit"
CAPTION: Final = "image caption with credit"

#: Longer lines, in bytes, are not credits.
MAX_CREDIT_BYTES: Final = 140

_MARK: Final = f"[^{LETTERS}0-9]"
_PERSON: Final = rf"\p{{Lu}}[{LETTERS}.'’-]*(?:\s[{LETTERS}.'’-]+){{0,4}}"
#: The last pair of brackets at the end of a caption, with what follows it.
_LAST_BRACKETS: Final = r"([(\[][^()\[\]]+[)\]][\W_]{0,2})$"
_LIST_ITEM: Final = r"^(?:[*•·-]|\d{1,2}[.)])\s"
#: What the end of every captioned credit has: a closing bracket, or a mark between the picture and its maker.
_MAY_HOLD_CREDIT: Final = r"[)\]][\W_]{0,2}$|[:：©]"


class Patterns(NamedTuple):
    """The regular expressions of credits."""

    line: str  # "Photo: Nora Quill", "Nora Quill/Getty Images"
    brackets: str  # "(AP Photo/Nora Quill)", at the end of a caption
    end: str  # "Photo: Nora Quill/Reuters", at the end of a caption
    picture: str  # "Photo:"
    names: str  # "The pier at dawn. REUTERS/Nora Quill", at the end of a caption


@functools.cache
def patterns(lexicon: Lexicon) -> Patterns:
    """The patterns for the words of a lexicon."""
    agency, picture = any_name(lexicon.credit_agencies), f"(?i:{any_of(lexicon.pictures)})"
    source = f"(?i:{any_of(lexicon.picture_sources)})"
    links = any_name(lexicon.credit_links)
    labelled = rf"{picture}(?:\s?{source})?\s?[:：©]"
    more_agencies = rf"{agency}(?:\s?(?:[/,|]|{links})\s?(?:{agency}|{_PERSON}))*"
    line = (
        # "Photo: Nora Quill", "Photo credit: ...", "(Foto: dpa)"
        rf"^{_MARK}{{0,4}}{picture}(?:\s?\(s\))?(?:\s?{source})?\s?[:：©]\s?[^\s].{{0,90}}$",
        # "Photo by Nora Quill"
        rf"^{_MARK}{{0,4}}{picture}\s(?i:{any_of(lexicon.after_picture)})\s\p{{Lu}}.{{0,90}}$",
        # "Credit: Nora Quill"
        rf"^{_MARK}{{0,4}}(?i:{any_of(lexicon.credit_labels)})\s?[:：]\s*[^\s].{{0,90}}$",
        # "Nora Quill/Getty Images"
        rf"^{_MARK}{{0,3}}{_PERSON}\s?(?:/|\||{links}|–|—|©)\s?{more_agencies}{_MARK}{{0,3}}$",
        # "Getty Images"
        rf"^{_MARK}{{0,3}}{any_name(lexicon.picture_agencies)}{_MARK}{{0,3}}$",
    )
    # names at the end, with an agency of news or pictures before or after a slash
    any_agency = any_name({*lexicon.agencies, *lexicon.credit_agencies})
    name = r"\p{Lu}[\p{L}.'’-]*(?:\s\p{Lu}[\p{L}.'’-]*){0,3}\s\p{Lu}[\p{L}.'’-]*\p{L}"
    via = rf"(?:{links}\s|via\s)?"
    more = rf"(?:\s?[/,—–]\s?{via}\p{{Lu}}[\p{{L}}.'’ -]{{0,30}}\p{{L}}){{0,3}}"
    named = rf"{any_agency}/{name}{more}|{name}(?:\s?/\s?{name})?\s?/\s?{via}{any_agency}{more}"
    by_agency = rf"{agency}\s?/|{_PERSON}(?:/|\s{links}\s|,\s?){agency}"
    return Patterns(
        line="|".join(line),
        brackets=rf"^[(\[](?:{picture}(?:\s?{source})?\s?[:：]|{by_agency})[^()\[\]]{{0,80}}[)\]]{_MARK}{{0,2}}$",
        end=rf"(?:^|\W){labelled}\s?[{LETTERS}.'’ /&,-]{{0,60}}{agency}[{LETTERS}.'’ /&,-]{{0,40}}{_MARK}{{0,2}}$",
        picture=labelled,
        names=rf"(?:[.!?…][\"”’»)]*\s?|\s\|\s|\s\d{{4}}\s)(?:{named})$|\s\|\s{any_name(lexicon.picture_agencies)}s?$",
    )


@functools.cache
def _needles(lexicon: Lexicon) -> tuple[str, ...]:
    """Prefilters: every credit line, and every end of a caption with a credit, contains one of these literals.

    They are regular expressions because polars finds many literals faster so than with `contains_any`.
    """
    agencies = spellings(lexicon.credit_agencies)
    line = (*lexicon.pictures, *lexicon.credit_labels, *lexicon.picture_agencies)
    brackets = [bracket + word for bracket in "([" for word in spellings(lexicon.pictures)]
    return tuple(any_of(shortest({*words, *agencies})) for words in (spellings(line), brackets))


def image_credits(lines: pl.DataFrame, lexicon: Lexicon) -> pl.DataFrame:
    """The image credits, and the captions that end with one, as a table (row, rule).

    `lines` are `lines_of` the frame with their `possible_kinds`. A credit is a line of at most 140 bytes: a word for a
    picture followed by a colon or "by", or only names and a picture agency. A caption has at most 700 bytes, is not an
    item of a list, and ends with a credit in brackets; with a word for a picture, a colon and an agency; or, after a
    sentence, with names and an agency that a slash joins. With such names the last line of an article may be signed.
    """
    text = pl.col("text")
    credit_needles, caption_needles = _needles(lexicon)
    credit = lines.filter(text.str.len_bytes() <= MAX_CREDIT_BYTES)
    for pattern in (credit_needles, patterns(lexicon).line):
        credit = credit.filter(matches(credit.get_column("text"), pattern))
    # "By Jane Doe | Reuters"
    credit = credit.filter(label_lines(credit.get_column("text"), lexicon).ne_missing("by-line"))
    end = pl.col("end")
    caption = (
        lines.filter(may_be(ENDS_IN_CREDIT))
        .with_columns(text.str.slice(-CREDIT_CHARACTERS).alias("end"))
        .filter(end.str.contains(_MAY_HOLD_CREDIT))
    )
    caption = caption.filter(matches(caption.get_column("end"), caption_needles)).filter(
        ~text.str.contains(_LIST_ITEM)
    )
    caption = caption.filter(_ends_in_credit(caption.get_column("end"), patterns(lexicon)))
    named = lines.filter(
        may_be(ENDS_IN_NAMES) & (pl.col("document") == pl.col("document").shift(-1)).fill_null(False)
    ).with_columns(text.str.slice(-CREDIT_CHARACTERS).alias("end"))
    named = named.filter(matches(named.get_column("end"), patterns(lexicon).names)).filter(
        ~text.str.contains(_LIST_ITEM)
    )
    return pl.concat(
        [
            credit.select("row", pl.lit(CREDIT).alias("rule")),
            caption.select("row", pl.lit(CAPTION).alias("rule")),
            named.select("row", pl.lit(CAPTION).alias("rule")),
        ]
    ).unique("row", keep="first", maintain_order=True)


def _ends_in_credit(end: pl.Series, found_by: Patterns) -> pl.Series:
    """Whether each end of a caption has a credit in brackets, or one after a word for a picture (Boolean)."""
    brackets = end.str.extract(_LAST_BRACKETS)
    credited = matches(brackets, found_by.brackets).fill_null(False)
    pictured = matches(end, found_by.picture).arg_true()
    return credited.scatter(pictured.filter(matches(end.gather(pictured), found_by.end)), True)
