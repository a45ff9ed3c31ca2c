"""The first look at lines: it misses nothing that a closer look would find."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cleaners.boilerplate import author_biography, image_credit, share_bar, stray_mark
from cleaners.boilerplate.prefilter import (
    BUTTONS,
    END,
    ENDS_IN_CREDIT,
    MARK,
    MAX_BUTTONS,
    MAX_CAPTION,
    MAX_MARK,
    MAX_NOTE,
    MAX_QUOTATION,
    NOTE,
    QUOTATION,
    first_look,
)
from cleaners.text.utf8 import utf8

KINDS = (MARK, BUTTONS, ENDS_IN_CREDIT, QUOTATION, NOTE)
LONGEST = (MAX_MARK, MAX_BUTTONS, MAX_CAPTION, MAX_QUOTATION, MAX_NOTE)
QUOTED = r"""(?s)^[“"„«「『].*[”"“»」』][.,。，]?$"""
BIOGRAPHY = "Nora Quill is a reporter for the Gazette."


def looks(text: str) -> set[int]:
    """The kinds of which a text may be."""
    look = first_look(utf8(pl.Series([text]))).item()
    return {kind for kind in KINDS if look & kind}


def closer_look(text: str) -> set[int]:
    """The kinds whose patterns a text matches, if it is not too long."""
    patterns = (
        stray_mark._STRAY,
        f"{share_bar.SHARE_BAR}|{share_bar._BUTTON_LINE}",
        rf"{image_credit.CREDIT_IN_BRACKETS[1:]}|{image_credit.CREDIT_AT_END}",
        QUOTED,
        author_biography.BIOGRAPHY,
    )
    texts = (text, text, text[-END:], text, text)
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
        ),
        *(
            "About the author: Nora Quill",
            "reporter",
            "(AP Photo/Nora Quill)",
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
def test_the_first_look_misses_nothing(text: str) -> None:
    """What matches a pattern is never cleared."""
    assert closer_look(text) <= looks(text)


@given(TEXTS)
def test_quotations_need_no_closer_look(text: str) -> None:
    """Of quotations the first look tells all."""
    assert (QUOTATION in looks(text)) == (QUOTATION in closer_look(text))


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("| • |", MARK),
        ("Share | Facebook", BUTTONS),
        ("The pier at dawn. (AP Photo/Nora Quill)", ENDS_IN_CREDIT),
        ("Photo: Nora Quill/Reuters" + " and others" * 10, ENDS_IN_CREDIT),
        ("“We had almost forgotten.”", QUOTATION),
        (BIOGRAPHY, NOTE),
        (f"“{BIOGRAPHY}", NOTE),
        ("About the author: Nora Quill is a reporter.", NOTE),
        ("Nora de la Quill, the daughter of a sailor, was an editor.", NOTE),
    ],
)
def test_kinds(text: str, kind: int) -> None:
    """What each kind looks like."""
    assert kind in looks(text)


def test_sentences_are_cleared() -> None:
    """A sentence of an article may be nothing."""
    assert looks("The harbour office said on Tuesday that the first boats would sail again at noon.") == set()
    assert looks("Nora Quill said on Tuesday that she would sail at noon.") == set()
