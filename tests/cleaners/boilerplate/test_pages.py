"""Whole pages: what is removed with menus, page heads and page ends, and what stays among them."""

from __future__ import annotations

from cleaners.boilerplate.cleaner import boilerplate
from cleaners.phrases.phrase import Phrase
from support import LEXICON, WHY, frame_of

PROSE = (
    "The harbour office said on Tuesday that the first boats would sail again at noon, if the wind let them."
)
ARTICLE = [
    PROSE,
    PROSE.replace("Tuesday", "Friday"),
    PROSE.replace("first", "last"),
    PROSE.replace("noon", "dusk"),
]
PHRASES = (
    Phrase("xx", "terms", ("Contact us", "Log in", "Subscribe"), where="end"),
    Phrase("xx", "menu", ("Home", "News", "Weather", "Careers"), action="menu"),
    Phrase("xx", "comments", ("# comments",), action="tail"),
    Phrase("xx", "related", ("Related stories",), action="block"),
    Phrase("xx", "ours", ("Weather",), action="keep", source="gazette.example"),
)


def rules(
    lines: list[str], *, title: str | None = None, source: str | None = None
) -> list[tuple[str, str | None]]:
    """The lines of a document outside its article, each with the rule that removes it."""
    frame = boilerplate(frame_of(lines, title=title, source=source), phrases=PHRASES, lexicon=LEXICON)
    return [(text, rule) for text, rule in frame.select("text", WHY).rows() if text not in ARTICLE]


def removed(lines: list[str], *, title: str | None = None, source: str | None = None) -> list[str]:
    """The lines that are removed."""
    return [text for text, rule in rules(lines, title=title, source=source) if rule]


MENU = ["Home", "News", "Log in", "Contact us", "Weather"]


def test_menu() -> None:
    """Three different entries in a run, two of them a site's, are a menu; it is removed from the first to the last."""
    assert rules([*MENU, *ARTICLE]) == [(line, "menu") for line in MENU]


def test_few_entries_are_no_menu() -> None:
    """A repeated entry counts once, and entries that articles have, too, are not enough."""
    assert removed(["Home", "Home", "Home", "Log in", *ARTICLE]) == []
    assert removed(["Home", "News", "Weather", "Log in", *ARTICLE]) == []


def test_prose_ends_a_run() -> None:
    """Entries between paragraphs are subheads."""
    assert (
        removed([ARTICLE[0], "Home", ARTICLE[1], "Log in", ARTICLE[2], "Contact us", ARTICLE[3], "News"])
        == []
    )


def test_what_the_article_mentions_stays_in_a_menu() -> None:
    """An unknown entry that occurs in the prose word for word belongs to the article."""
    lines = ["Home", "First boats", "Log in", "Contact us", *ARTICLE]
    assert removed(lines) == ["Home", "Log in", "Contact us"]


def test_headline_within_a_menu_stays() -> None:
    """A line of four words or more without a bullet could be the headline, and by-lines and datelines stay."""
    lines = ["Home", "Boats sail again at noon", "By Nora Quill", "14 May 2019", "Log in", "Contact us"]
    assert removed([*lines, *ARTICLE]) == ["Home", "Log in", "Contact us"]


def test_keep_protects_an_entry() -> None:
    """An entry that a phrase of the action `keep` matches stays in its menu."""
    assert "Weather" not in removed([*MENU, *ARTICLE], source="gazette.example")


def test_page_head() -> None:
    """Above the headline, if there is a menu, lines that are neither prose nor by-lines are removed."""
    lines = [*MENU, "Get ten crossings for the price of nine", "By Nora Quill", "Boats sail again at noon"]
    found = rules([*lines, *ARTICLE], title="Boats sail again at noon | Harbour Gazette")
    assert found[5:] == [
        ("Get ten crossings for the price of nine", "page head"),
        ("By Nora Quill", None),
        ("Boats sail again at noon", None),
    ]
    assert removed([*MENU, "Get ten crossings for the price of nine", *ARTICLE]) == MENU


COMMENTS = ["Old Tom", "About time too, says everybody on the mainland.", "Fishwife", "Bicycles?"]


def test_page_end() -> None:
    """A phrase of the action `tail` opens the page end: it is removed with all that follows."""
    assert rules([*ARTICLE, "2 comments", *COMMENTS]) == [
        ("2 comments", "phrase xx:comments"),
        *((line, "page end: after phrase xx:comments") for line in COMMENTS),
    ]


def test_no_page_end_before_the_article_has_ended() -> None:
    """A page end needs prose before it, and no adjacent, long or final paragraphs of prose after it."""
    assert removed([ARTICLE[0], "2 comments", *COMMENTS]) == []
    assert removed(["2 comments", *ARTICLE]) == []
    long = "and so on " * 70 + "to the end of the day."
    assert removed([*ARTICLE * 5, "2 comments", long, "Bicycles?"]) == []
    assert removed([*ARTICLE * 5, "2 comments", "Bicycles?", PROSE]) == []


def test_single_paragraph_after_a_block() -> None:
    """A single paragraph of prose after the heading of a block could end the article; several are summaries."""
    last = "Nobody on the quay had thought so."
    block = ["Related stories", "Mayor opens bridge"]
    assert removed([*ARTICLE, *block, last, "Bicycles?"]) == []
    summaries = [last, "Why the night train is late", "It never was on time.", "Bicycles?"]
    assert removed([*ARTICLE, *block, *summaries]) == [*block, *summaries]


def test_lists_of_the_article_stay_below_it() -> None:
    """Lines that the prose mentions word for word stay in a page end."""
    assert removed([*ARTICLE, "2 comments", "The first boats", "Bicycles?"]) == ["2 comments", "Bicycles?"]
