"""The prefilter of lines: it rejects no line that a pattern matches."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cleaners.boilerplate import author_biography, image_credit, share_bar, stray_mark
from cleaners.boilerplate.prefilter import (
    AUTHOR_NOTE,
    BUTTONS,
    COUNTS,
    CREDIT_CHARACTERS,
    ENDS_IN_CREDIT,
    ENDS_IN_NAMES,
    MAX_AUTHOR_NOTE,
    MAX_BUTTONS,
    MAX_CAPTION,
    MAX_STRAY_MARK,
    STRAY_MARK,
    possible_kinds,
)
from cleaners.text.utf8 import utf8
from support import LEXICON

KINDS = (STRAY_MARK, BUTTONS, ENDS_IN_CREDIT, AUTHOR_NOTE, ENDS_IN_NAMES)
LONGEST = (MAX_STRAY_MARK, MAX_BUTTONS, MAX_CAPTION, MAX_AUTHOR_NOTE, MAX_CAPTION)
BIOGRAPHY = "Nora Quill is a reporter for the Gazette."


def prefiltered(text: str) -> set[int]:
    """The kinds that a text may be."""
    line = pl.DataFrame({"row": [0], "document": [0]}, schema={"row": pl.UInt32, "document": pl.UInt32})
    possible = possible_kinds(line, utf8(pl.Series([text])), LEXICON).item()
    return {kind for kind in (*KINDS, COUNTS) if possible & kind}


def matched(text: str) -> set[int]:
    """The kinds whose patterns match a text, if it is not too long."""
    patterns = (
        stray_mark._STRAY,
        "|".join(share_bar.patterns(LEXICON)[:2]),
        f"{image_credit.patterns(LEXICON).brackets[1:]}|{image_credit.patterns(LEXICON).end}",
        author_biography.biography(LEXICON),
        image_credit.patterns(LEXICON).names,
    )
    texts = (text, text, text[-CREDIT_CHARACTERS:], text, text[-CREDIT_CHARACTERS:])
    return {
        kind
        for kind, pattern, most, part in zip(KINDS, patterns, LONGEST, texts, strict=True)
        if text and len(text.encode()) <= most and pl.Series([part]).str.contains(pattern).item()
    }


PIECES = st.sampled_from(
    [
        *(
            "|",
            "•",
            "→",
            "-",
            "(",
            ")",
            "]",
            " ",
            "\u00a0",
            "Share",
            "Facebook",
            "x.com",
            "google +",
            "печать",
            "12",
        ),
        *(
            "“",
            "”",
            '"',
            ".",
            "，",
            "Nora Quill",
            "Élodie Blanc",
            "Quill’s",
            "de la",
            "is a",
            "the author",
            "The Author",
            ", a sailor,",
            "van",
            "–",
        ),
        *(
            "About the author: Nora Quill",
            "reporter",
            "(AP Photo/Nora Quill)",
            ". REUTERS/Nora Quill",
            "/dpa",
            "Photo: Reuters",
            "图：新华社",
            "写真：共同",
        ),
        *(
            "The harbour office said on Tuesday that the boats would sail. ",
            "\u3042" * 60,
            "Nora O'Brien-Quill",
            "_",
        ),
    ]
)
TEXTS = st.lists(st.one_of(PIECES, st.text(max_size=3)), max_size=8).flatmap(
    lambda pieces: st.sampled_from(["", " "]).map(lambda joint: joint.join(pieces))
)


@given(TEXTS)
def test_the_prefilter_misses_nothing(text: str) -> None:
    """A text that a pattern matches passes the prefilter."""
    assert matched(text) <= prefiltered(text)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("| • |", STRAY_MARK),
        ("Share | Facebook", BUTTONS),
        ("The pier at dawn. (AP Photo/Nora Quill)", ENDS_IN_CREDIT),
        ("Photo: Nora Quill/Reuters" + " and others" * 10, ENDS_IN_CREDIT),
        ("The pier at dawn. REUTERS/Nora Quill", ENDS_IN_NAMES),
        ("The pier at dawn. Hide Caption 1 of 2 The pier at night. Hide Caption 2 of 2", COUNTS),
        ("Фото 1 из 2 Порт утром. Фото 2 из 2 Порт ночью.", COUNTS),
        (BIOGRAPHY, AUTHOR_NOTE),
        (f"“{BIOGRAPHY}", AUTHOR_NOTE),
        ("About the author: Nora Quill is a reporter.", AUTHOR_NOTE),
        ("Nora de la Quill, the daughter of a sailor, was an editor.", AUTHOR_NOTE),
    ],
)
def test_kinds(text: str, kind: int) -> None:
    """A typical text of each kind passes the prefilter."""
    assert kind in prefiltered(text)


def test_sentences_are_rejected() -> None:
    """An ordinary sentence of an article is of no kind."""
    assert prefiltered("The harbour office said that the first boats would sail again at noon.") == set()
    assert prefiltered("Nora Quill said on Tuesday that she would sail at noon.") == set()
    assert prefiltered("“The harbour is open again,” the office said at noon.") == set()
