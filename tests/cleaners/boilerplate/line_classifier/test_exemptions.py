"""Exemptions: which lines stay whatever their score, and which similar lines are removed."""

from __future__ import annotations

import pytest
from boilerplate.model_file import write_model

from cleaners.boilerplate.line_classifier.model import read_model

from .classifying import PROSE, amid, gone

#: To this model every line is rather boilerplate.
DOUBTFUL = read_model(
    write_model([{"value": 2.5}], {"article": (9.0, 3, 2, 1, 0), "page": (9.0, 3, 2, 1, 0)}, {})
)


@pytest.mark.parametrize(
    "lines",
    [
        [
            "What the new timetable brings:",
            "- A boat every hour until nine",
            "- Bicycles for free",
            "- No dogs at noon",
        ],
        ["1. Anna Berg, 41 votes", "2. Piet Maas, 38 votes", "3. Ola Lind, 12 votes"],
        ["| Berth 1 | 17 |", "| Berth 2 | 23 |"],
        ["Nine days ashore"],
        ["“We are glad it is over”"],
        ["What happens next"],
        ["What did the crews ask for?"],
        ["And so the boats sail again."],
    ],
)
def test_what_belongs_to_an_article_stays(lines: list[str]) -> None:
    """Introduced lists, tables, subheads and short sentences amid prose stay, whatever their score."""
    assert not set(gone(amid(*lines))) & set(lines)


@pytest.mark.parametrize(
    "line",
    [
        "渡輪明天恢復航行",
        "渡輪 The Ferry",
        "九日ぶりの運航再開",
        "9일 만에 운항 재개",
        "عودة العبارة إلى العمل",
        "เรือกลับมาแล้ว",
    ],
)
def test_scripts_without_case_need_higher_scores(line: str) -> None:
    """In scripts without case, a line with no phrase in it and no removed line beside it needs a higher score."""
    assert gone([line, *PROSE, line], DOUBTFUL) == []
    assert line in gone([*PROSE, "Share on Facebook", line, "Subscribe to our newsletter"], DOUBTFUL)


def test_scripts_without_case_need_no_phrase_with_a_high_score() -> None:
    """A line of menu text below an article in such a script goes by its score alone."""
    assert gone([*PROSE, "渡輪明天恢復航行"]) == ["渡輪明天恢復航行"]


@pytest.mark.parametrize(
    "lines",
    [
        ["> Harbour | Weather", ">", "|> Home", *PROSE],
        ["Nine days ashore on the pier", *PROSE],
        ["A first story, about the harbour."],
        [*PROSE, "Short."],
        ["Share of votes", "Boats and nets"],
        [*PROSE, "So it was read by nobody.", "Share and subscribe as you like it.", "That was all of it."],
        [
            "The boat went out",
            "the boat came in",
            "and all the town",
            "stood on the quay",
            "to hear the crew",
            "sing",
        ]
        * 2,
    ],
)
def test_what_stays_whatever_stands_around(lines: list[str]) -> None:
    """Quoted mail and possible headlines stay; without marked lines so do sentences, short documents and poems."""
    assert gone(lines) == []


@pytest.mark.parametrize(
    "lines",
    [
        ["By Nora Quill", "14 May 2019, 10:30", *PROSE],
        [*PROSE, "14:05", "By Nora Quill, Harbour Gazette"],
        [PROSE[0], "TIDE 31.2", "PIER 28.4", PROSE[1]],
        [PROSE[0], "Nora Quill", "Piet Maas", PROSE[1]],
        [PROSE[0], "Overview", PROSE[1], "The pier", PROSE[2]],
        [*PROSE, "and a paper boat that nobody had asked for"],
        [PROSE[0], *["[bells]", "NORA QUILL", PROSE[1]] * 3, PROSE[2]],
    ],
)
def test_what_stays_in_an_article(lines: list[str]) -> None:
    """By-lines, time stamps, results, speakers, subheads of short documents and unstopped sentences stay."""
    assert gone(lines) == []


def test_pages_with_hardly_any_prose_need_higher_scores() -> None:
    """In a page that is a list of short lines, a line is removed only if its score is higher than elsewhere."""
    names = [f"Boat Number {n}" for n in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"]
    page = [*names, *PROSE[:1], "Share on Facebook", "Advertisement", *names[::-1]]
    assert gone(page, DOUBTFUL) == []
    assert set(gone(page)) == set(names)
    assert gone([*names, *PROSE, "Share on Facebook", "Advertisement", *names[::-1]], DOUBTFUL)


def test_evidence() -> None:
    """Amid an article, separators, addresses and capitals are evidence, and so is a phrase nearby."""
    for line in (
        "Harbour | Weather | Tides",
        "desk@gazette.example",
        "https://gazette.example/tides",
    ):
        assert gone(amid(line)) == [line]
    assert gone(amid("HARBOUR WEEKLY", "PIER MONTHLY")) == ["HARBOUR WEEKLY", "PIER MONTHLY"]
    assert gone(amid("Harbour weekly", "Sign up for our newsletter")) == ["Harbour weekly"]


@pytest.mark.parametrize("line", ["Ada Finch", "NOTABLES", "About the tides", "Harbour weekly"])
def test_a_few_words_alone_between_paragraphs_stay(line: str) -> None:
    """Subheads and names of speakers stay between paragraphs, even near boilerplate; not alone, they are removed."""
    assert gone(amid(line)) == []
    assert gone(amid("Sign up for our newsletter", PROSE[1], line)) == []
    assert gone(amid(line, "Sign up for our newsletter")) == [line]


def test_the_rows_of_a_table_stay() -> None:
    """Rows between bars belong to a table, and so does the rule below its head."""
    assert (
        gone(amid("| Day | Tide |", "| --- | --- |", "| Monday | low |", "Sign up for our newsletter")) == []
    )


def test_short_sentences_of_an_article_stay() -> None:
    """Answers of two words stay below the prose, but not after boilerplate, on a long page, or without full stops."""
    answers = ["Thank you.", "Subscribe free."]
    assert gone([*PROSE, *answers, "Share on Facebook"]) == []
    assert gone([*PROSE, "Boil it.", "Let it cool", "Serve it.", "Share on Facebook"]) == []
    assert gone([*PROSE, "Thank you", "Share on Facebook"]) == ["Thank you"]
    assert gone([*PROSE, "Share on Facebook", *answers]) == answers
    assert gone([*PROSE, *answers, "Share on Facebook", *["Boats and nets"] * 60])[:2] == answers


def test_sounds_in_a_transcript_stay() -> None:
    """A sound such as "[bells]" stays wherever it stands; a button in brackets is removed."""
    assert gone([*PROSE, "[bells]", "Share on Facebook"]) == []
    assert gone([*PROSE, "[Harbour Weekly]", "Share on Facebook"]) == ["[Harbour Weekly]"]


def test_measures() -> None:
    """Measures on adjacent lines stay, even on a whole page; a single figure among short lines does not."""
    measured = ["200 g of flour", "100 g of butter", "2 pinches of salt"]
    page = [PROSE[0], "Boats", "Nets", *measured, "Ropes", "12 knots", "Sails", "Subscribe to our newsletter"]
    assert not set(gone(page)) & set(measured)
    assert {"Boats", "12 knots"} <= set(gone(page))


@pytest.mark.parametrize(
    "lines",
    [
        ["Harbour ward 31.2", "Quay ward 28.4", "Pier ward 9.9"],
        ["Ropes and nets are sold on the quay from noon."],
    ],
)
def test_what_stays_beside_boilerplate(lines: list[str]) -> None:
    """Adjacent names with figures, and sentences, stay below the article even if lines beside them are removed."""
    assert not set(gone([*PROSE, "Boats", *lines, "Share on Facebook", "Subscribe to our newsletter"])) & set(
        lines
    )


def test_a_short_headline_stays_above_the_article() -> None:
    """Two words stay as the first line close above the first paragraph, but not with a phrase between."""
    assert gone(["Fog again", *PROSE]) == []
    assert "Fog again" in gone(["Fog again", "Share on Facebook", *PROSE])
    assert gone(["Fog again", "Wednesday", *PROSE]) == ["Wednesday"]


def test_a_headline_stays_between_a_menu_and_the_article() -> None:
    """In a short document a line like a headline stays close above the first paragraph, whatever is above it."""
    headline = "Ferry crews sail again"
    assert headline not in gone(["Menu", "Search", "Sign in", headline, *PROSE])
    assert headline not in gone(["Menu", "Search", "Sign in", headline, "Wednesday", *PROSE])
    assert headline in gone(["Menu", "Search", headline, "Share on Facebook", *PROSE])


def test_speakers_stay_though_answers_are_short() -> None:
    """Repeated names in capitals stay, whatever is said between them."""
    talk = ["NORA QUILL", "And then?", "PIET MAAS", "Nothing."] * 3
    assert not {"NORA QUILL", "PIET MAAS"} & set(gone([*PROSE, *talk, "Share on Facebook"]))


def test_below_the_prose_of_few_lines_a_removal_needs_evidence() -> None:
    """A list may be most of a short article: its lines are removed only near a phrase or at an edge of the document."""
    names = [f"Boat of {name}" for name in "ABCDEFGHIJKLMNO"]
    page = [*PROSE[:3], *names, PROSE[3], *["Nets"] * 4, "Share on Facebook"]
    assert set(gone(page)) == {"Nets"}
    assert set(names[4:]) <= set(gone([*page, *["Nets"] * 40]))
    assert set(names[4:]) <= set(gone(["Nets", "Advertisement", *names, *PROSE[:3], "Share on Facebook"]))


@pytest.mark.parametrize("line", ["“Harbour weekly”", '"Harbour weekly"', "« Harbour weekly »", "„Harbour“"])
def test_what_is_quoted_stays(line: str) -> None:
    """A line in quotation marks is a statement, or the name of something in the article."""
    assert gone([*PROSE, line, "Share on Facebook"]) == []
