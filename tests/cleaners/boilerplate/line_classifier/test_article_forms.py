"""Lines that stay by their form: each kind amid an article, and its like among boilerplate."""

from __future__ import annotations

import numpy as np
import pytest

from cleaners.boilerplate.line_classifier.article_forms import may_stay_by_form, stays_by_form
from cleaners.boilerplate.line_classifier.classify import features_of
from cleaners.boilerplate.line_classifier.feature_names import WORDING
from cleaners.boilerplate.line_classifier.table_cells import MIN_ROWS, in_tables
from cleaners.phrases.search import search
from support import frame_of

from .classifying import ALWAYS, PHRASES, PROSE, amid, gone

SAID = "“Nobody had asked us before the boats were sold, and nobody will ask us now that they are gone for good.”"
FOOTER = ["Share on Facebook", "Sign up for our newsletter", "Most read", "Privacy policy"]


def staying(lines: list[str], wording: float) -> tuple[set[str], set[str]]:
    """The lines that stay whatever their score, and while it is in doubt, if all are worded so."""
    frame = frame_of(lines)
    rows, features = features_of(frame, search(frame, PHRASES), PHRASES, ALWAYS.ngrams)
    features[:, WORDING] = wording
    texts = np.array(frame["text"].gather(rows).to_list(), dtype=object)
    kinds = (stays_by_form, may_stay_by_form)
    surely, perhaps = (set(texts[kind(frame, rows, features)]) - set(PROSE) for kind in kinds)
    return surely, perhaps


@pytest.mark.parametrize(
    "lines",
    [
        [SAID, "Ada Finch, Harbour Gazette"],
        [
            "„Uns hat vorher niemand gefragt, und jetzt fragt uns auch keiner mehr.“",
            "Ada Finch, Hafenzeitung",
        ],
        ["« Personne ne nous avait demandé notre avis avant la vente des bateaux. »", "Ada Finch, armatrice"],
    ],
)
def test_attributions_stay(lines: list[str]) -> None:
    """Who said it stays below what was said, and not elsewhere."""
    below = [*PROSE, *lines]
    assert lines[-1] not in gone(below)
    assert lines[-1] in gone([*PROSE, lines[-1], *FOOTER])


def test_letters_keep_salutation_and_sign_off() -> None:
    """The first line of a letter and its last ones stay; a name below a footer goes."""
    letter = ["Dear editor,", *PROSE, "Yours sincerely,", "Ada Finch"]
    assert not {"Dear editor,", "Yours sincerely,", "Ada Finch"} & set(gone(letter))
    assert "Ada Finch" not in staying([*PROSE, *FOOTER, "Ada Finch"], 1.0)[0]


def test_section_breaks_stay() -> None:
    """Stars between two paragraphs stay; at the end of the page they may go."""
    assert staying(amid("* * *"), 1.0)[0] == {"* * *"}
    assert "* * *" not in staying([*PROSE, *FOOTER, "* * *", "Home", "Careers"], 1.0)[0]


@pytest.mark.parametrize(
    "line",
    [
        "What the crews want now",
        "Что будет дальше",
        "Who blinks first in this quarrel?",
        "This is what the letter to the company says:",
        "That is how it was then.",
    ],
)
def test_what_stays_amid_prose(line: str) -> None:
    """Subheads, questions, introductions and sentences stay between paragraphs while their score is in doubt."""
    assert staying(amid(line), -1.0)[1] == {line}
    assert line not in staying([*PROSE, *FOOTER, line, *FOOTER], -1.0)[1]


@pytest.mark.parametrize(
    "line",
    ["Who blinks first in this quarrel?", "This is what you may like to read:", "Tell us what you think."],
)
def test_worded_like_boilerplate(line: str) -> None:
    """The same forms go if they are worded like boilerplate."""
    assert staying([*PROSE, line, *FOOTER], 2.0)[1] == set()


def test_a_colon_before_a_quotation_or_a_list() -> None:
    """The line stays right above a quotation or the first item, and not above buttons."""
    for below in (SAID, "• Two oars", "1. Two oars"):
        assert "The mate:" in staying(amid("The mate:", below), -1.0)[0]
    assert "The mate:" not in staying([*PROSE, "The mate:", *FOOTER], -1.0)[0]


def test_items_and_entries_stay_together() -> None:
    """Items of a list of the article stay, marked or of one form; a bulleted menu below the article does not."""
    items = ["• A hand pump", "• Two oars", "• Rope"]
    entries = ["Capt. Ada Finch, Sandwick", "Capt. Piet Maas, Kerrow", "Capt. Ola Lind, Stell"]
    assert staying(amid(*items), 1.0)[1] >= set(items)
    assert entries[1] in staying(amid(*entries), 1.0)[1]
    assert staying([*PROSE, *FOOTER, *items, *entries], 1.0)[1] == set()


def test_verse_stays() -> None:
    """Lines of verse between paragraphs stay; beside boilerplate the same lines may be teasers."""
    verse = [
        "And the boats were all away,",
        "And nobody stood on the quay,",
        "And the gulls had the town to themselves",
    ]
    assert staying(amid(*verse), -1.0)[1] == set(verse)
    assert staying([*PROSE, *FOOTER, *verse, *PROSE], -1.0)[1] == set()


def test_posts_and_sounds_stay() -> None:
    """Posts that the article quotes and the sounds of a transcript stay; pleas to follow somebody do not."""
    post = "No boats on Monday, and none on Tuesday — Stell Ferry (@stellferry) May 4, 2019"
    for line in (post, "archived recording [CROWD]"):
        assert staying(amid(line), 1.0)[0] == {line}
    assert staying([*PROSE, "Follow us @stellferry", *FOOTER], 1.0)[0] == set()


def test_cells_of_a_table_stay() -> None:
    """Cells stay where their kind recurs in each row; a ticker above all prose and a calendar do not."""
    cells = [
        cell
        for n, name in enumerate(["Utah", "Ohio", "Texas", "Maine"])
        for cell in (name, f"{61.5 - n} %", "$12,400")
    ]
    assert set(cells) <= staying([*PROSE, *cells], 1.0)[0]
    assert not set(cells) & staying([*cells, *PROSE], 1.0)[0]
    for others in (
        [str(day) for day in range(1, 31)],
        [line for n in range(1, 9) for line in (str(n), f"Mayor opens bridge {n}")],
        ["Share", "3 %"] * 5,
        cells[: 3 * (MIN_ROWS - 1)],
    ):
        frame = frame_of([*PROSE, *others])
        assert not in_tables(frame, np.arange(len(PROSE), len(frame))).any()


def test_a_table_ends_with_its_document() -> None:
    """Cells of two documents are no table."""
    half = ["Utah", "61.5 %", "Ohio", "59.9 %"]
    frame = frame_of(half, half)
    assert not in_tables(frame, np.arange(8)).any()
