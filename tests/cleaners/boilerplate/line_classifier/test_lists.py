"""Lists in articles: which lines stay although their score would remove them."""

from __future__ import annotations

import numpy as np
import pytest

from cleaners.boilerplate.line_classifier.classify import features_of
from cleaners.boilerplate.line_classifier.feature_names import WORDS
from cleaners.boilerplate.line_classifier.lists import SURE, SURE_OF_STRETCH, forms, in_lists
from cleaners.phrases.search import search
from support import LEXICON, frame_of

from .classifying import ALWAYS, PHRASES, PROSE

#: Two entries of each form.
ENTRIES = {
    "time of day": ["Doors at 7.30pm", "Last boat 23:10"],
    "price": ["Grown-ups £12", "Nur 6 Euro"],
    "temperature": ["Ночью +5", "Lille 7°"],
    "telephone": ["01632 960 114", "0700 12 34 56"],
    "day": ["Friday 12 March", "Sábado, 12"],
    "label and value": ["Born: Sandwick", "Edad: unos cuarenta"],
    "score": ["Netloft 2 - 1 Kerrow", "Quay 0:3 Pier"],
    "rank": ["1. Marit Bakker", "2. Jet de Boer"],
    "year": ["1981", "1987 Council votes"],
    "name and figure": ["Moss, Peter (Lab) 1,031", "Cano, 13"],
}
FOOTER = ["Share on Facebook", "Sign up for our newsletter"]


def staying(lines: list[str], beyond: dict[str, float]) -> list[str]:
    """The lines that stay because they are in lists; `beyond` has their log-odds beyond the threshold, else -1."""
    frame = frame_of(lines)
    found = search(frame, PHRASES)
    rows, features = features_of(frame, found, PHRASES, ALWAYS.ngrams)
    texts = frame["text"].gather(rows).to_list()
    odds = np.array([beyond.get(text, -1.0) for text in texts], np.float32)
    stays = in_lists(frame, rows, features, odds, LEXICON)
    assert not (stays & (odds < 0)).any()
    assert (features[stays, WORDS] > 0).all()
    return [text for text, stay in zip(texts, stays, strict=True) if stay]


def all_at(odds: float, *lines: str) -> dict[str, float]:
    """The same log-odds beyond the threshold for each of these lines."""
    return dict.fromkeys(lines, odds)


def test_every_form_has_its_entries() -> None:
    """These tests have entries of every form."""
    assert ENTRIES.keys() == forms(LEXICON).keys()


@pytest.mark.parametrize("form", forms(LEXICON))
def test_entries_of_a_form_stay_together(form: str) -> None:
    """Two adjacent lines of one form below the article stay, unless their scores are too high."""
    entries = ENTRIES[form]
    assert staying([*PROSE, *entries, *FOOTER], all_at(1.0, *entries)) == entries
    assert staying([*PROSE, *entries, *FOOTER], all_at(SURE, *entries)) == []


def test_one_entry_alone_is_no_list() -> None:
    """A single line with a figure is not a list."""
    assert staying([*PROSE, "Doors at 7.30pm", *FOOTER], all_at(1.0, "Doors at 7.30pm")) == []


def test_what_stands_between_entries_and_above_them() -> None:
    """Venues between dates stay with them, and so does the heading, even if a phrase of menus matches it."""
    lines = ["Program", "Friday 12 March", "Town Hall", "Friday 19 March", "Corn Exchange", "8pm"]
    assert staying([*PROSE, *lines, *FOOTER], all_at(1.0, *lines)) == lines


def test_menus_are_no_lists() -> None:
    """Entries with ornaments, bullets or addresses, and repeated entries, are not parts of a list."""
    for lines in (
        ["Tides » 12", "Boats » 13"],
        ["- Friday 12 March", "- Friday 19 March"],
        ["desk1@gazette.example 12", "desk2@gazette.example 13"],
    ):
        assert staying([*PROSE, *lines, *FOOTER], all_at(1.0, *lines)) == []
    assert staying([*PROSE, *["Posted at 12:30"] * 3, *FOOTER], all_at(1.0, "Posted at 12:30")) == []


def test_entries_above_the_article_are_no_list_of_it() -> None:
    """Lines above the first paragraph are part of the page head."""
    lines = ["Edition: Sandwick", "Weather: fog"]
    assert staying(["Share on Facebook", *lines, *PROSE], all_at(1.0, *lines)) == []


def test_where_the_article_goes_on() -> None:
    """In a short document, lines above a sentence of the article stay, and lines below it do not."""
    sentence = "Every winner was given a brass bell."
    lines = ["Best voice", "Ada Finch", "Best programme", "Nine Days", "Harbour weekly"]
    page = [*PROSE, *lines[:4], sentence, lines[4], *FOOTER]
    assert staying(page, all_at(1.0, *lines)) == lines[:4]
    assert staying([*page, *["Boats and nets"] * 60], all_at(1.0, *lines)) == []
    parted = [*PROSE, *lines[:2], "Advertisement", *lines[2:4], sentence, *FOOTER]
    assert staying(parted, all_at(1.0, *lines)) == []


def test_a_stretch_stays_whole() -> None:
    """One line of many is removed only with a high score; several lines of a few are removed together."""
    lines = ["Ada Finch", "Piet Maas", "Nora Quill", "Ola Lind"]
    doubt = SURE_OF_STRETCH / 2
    assert staying([*PROSE, *lines, *FOOTER], {lines[1]: doubt}) == [lines[1]]
    assert staying([*PROSE, *lines, *FOOTER], {lines[1]: SURE_OF_STRETCH}) == []
    assert staying([*PROSE, *lines, *FOOTER], all_at(doubt, *lines[:2])) == []
    assert staying([*PROSE, *lines[:2], *FOOTER], {lines[1]: doubt}) == []


def test_documents_do_not_know_each_other() -> None:
    """Lines of the next document are not beside the last line of a document."""
    frame = frame_of([*PROSE, "Friday 12 March"], ["Friday 19 March", *PROSE])
    rows, features = features_of(frame, search(frame, PHRASES), PHRASES, ALWAYS.ngrams)
    odds = np.where(frame["text"].gather(rows).str.starts_with("Friday"), 1.0, -1.0).astype(np.float32)
    assert not in_lists(frame, rows, features, odds, LEXICON).any()
