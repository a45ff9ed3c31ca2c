"""Repeated headlines: which lines are removed, and which look alike and stay."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from cleaners import repeated_headline as module
from cleaners.paragraphs import remove
from cleaners.repeated_headline import repeated_headline
from support import LEXICON, WHY, frame_by_title, load_cases, why

CASES = load_cases("repeated_headline")


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_cases(case: dict[str, Any]) -> None:
    """Each line is removed by the rule that stands beside it, or stays."""
    frame = frame_by_title((case["title"], [text for text, _ in case["lines"]]))
    assert repeated_headline(frame, lexicon=LEXICON).select("text", WHY).rows() == [
        tuple(line) for line in case["lines"]
    ]


def test_all_cases_in_one_frame() -> None:
    """A document has the same decisions in a frame of many as alone."""
    frame = frame_by_title(*((case["title"], [text for text, _ in case["lines"]]) for case in CASES))
    assert why(repeated_headline(frame, lexicon=LEXICON)) == [
        rule for case in CASES for _, rule in case["lines"]
    ]


def test_a_removed_paragraph_is_no_first_printing() -> None:
    """If an earlier cleaner removed the first printing, the second one counts as the first."""
    headline = "Ferry strike ends after nine days of talks"
    frame = frame_by_title((headline, [headline, headline, headline]))
    frame = remove(frame, pl.Series([True, False, False]), "boilerplate", "label")
    assert repeated_headline(frame, lexicon=LEXICON)["reason"].to_list() == [
        "boilerplate",
        None,
        "repeated_headline",
    ]


def test_rows_says_how_far() -> None:
    """A later printing among the next `rows` rows is removed; farther down, a short headline stays."""
    lines = ["Ferry strike ends today", "One.", "Two.", "Three.", "Four.", "Ferry strike ends today"]
    frame = frame_by_title((lines[0], list(lines)))
    assert repeated_headline(frame, lexicon=LEXICON, rows=5)["reason"][5] == "repeated_headline"
    assert repeated_headline(frame, lexicon=LEXICON, rows=4)["reason"][5] is None


def test_the_title_may_go_from_the_text() -> None:
    """With `keep_title_in_text` off, the first printing of the title goes; a headline without a title stays."""
    lines: list[str | None] = ["Night ferry sails again", "It leaves at noon, the harbour office said."]
    frame = frame_by_title(
        ("Night ferry sails again", lines), (None, lines), ("Another title of this", lines)
    )
    removed = repeated_headline(frame, lexicon=LEXICON, keep_title_in_text=False)
    assert removed["rule"].to_list() == ["title again", None, None, None, None, None]


def test_min_words_says_what_is_a_headline() -> None:
    """Without a title, a first line of at least `min_words` words is a headline."""
    frame = frame_by_title((None, ["Ferry strike ends", "Ferry strike ends", "The boats sail."]))
    assert repeated_headline(frame, lexicon=LEXICON)["reason"].null_count() == 3
    assert repeated_headline(frame, lexicon=LEXICON, min_words=3)["reason"].to_list() == [
        None,
        "repeated_headline",
        None,
    ]


@pytest.mark.parametrize(
    "documents", [[], [(None, [None])], [("", [""])], [("A title of five words", [None, "", "***", None])]]
)
def test_nothing_to_do(documents: list[tuple[str | None, list[str | None]]]) -> None:
    """Empty frames, null and empty texts, and titles that no line repeats change nothing."""
    frame = frame_by_title(*documents)
    assert_frame_equal(repeated_headline(frame, lexicon=LEXICON), frame)


HEADLINE = st.sampled_from(
    [
        "Ferry strike ends after nine days",
        "渡輪罷工九天後正式結束",
        "Fähren fahren nach neun Tagen wieder",
        "Ferry strike",
    ]
)
LINE = st.one_of(
    HEADLINE,
    HEADLINE.map(str.upper),
    HEADLINE.map(lambda line: line + " - Harbour Gazette"),
    HEADLINE.map(lambda line: line + "."),
    st.sampled_from(
        [None, "", "***", "By Nora Quill", "The first boats sail again at noon, the harbour said."]
    ),
)


@given(st.lists(st.tuples(st.none() | HEADLINE, st.lists(LINE, min_size=1, max_size=15)), max_size=4))
def test_the_first_printing_stays(documents: list[tuple[str | None, list[str | None]]]) -> None:
    """A second pass changes nothing, and for each removed line the document keeps an earlier printing."""
    cleaned = repeated_headline(frame_by_title(*documents), lexicon=LEXICON)
    assert_frame_equal(repeated_headline(cleaned, lexicon=LEXICON), cleaned)
    for _, document in cleaned.group_by("document", maintain_order=True):
        kept: set[str] = set()
        for text, reason in document.select("text", "reason").rows():
            key = "".join(filter(str.isalnum, (text or "").lower())).removesuffix("harbourgazette")
            if reason is None:
                kept.add(key)
            else:
                assert key in kept


#: Characters that the prefilter cannot read, that vanish, change the one before them, or change in number.
ODD = st.sampled_from(
    ["\u0301", "\u0333", "\u2017", "™", "①", "ß", "Σ", "ﬁ", "İ", "é", "…", "“", "”", "*", "ａ", "輪", " "]
)
LONG = "Ferry strike at the old harbour ends after nine days and a night of talks, the union says"
CUT = st.tuples(st.sampled_from([LONG, "Straße"]) | LINE.map(str), st.integers(0, 40)).map(
    lambda cut: (cut[0][: cut[1]], cut[0][cut[1] :])
)
WRITTEN = st.one_of(
    st.tuples(ODD | st.just(""), LINE, ODD | st.just("")).map(
        lambda parts: None if parts[1] is None else parts[0] + parts[1] + parts[2]
    ),
    st.tuples(CUT, ODD | st.sampled_from(["", "s", "S"])).map(lambda parts: parts[1].join(parts[0])),
    st.sampled_from([LONG, LONG.upper(), LONG + " again", "Gazette: " + LONG, LONG + " - Harbour Gazette"]),
)


def test_a_mark_may_stand_by_itself() -> None:
    """A letter with a combining mark equals the composed letter, also at the ends of a title."""
    written = "Cafe\u0301 owners end their strike at the old cafe\u0301"
    headline = "Café owners end their strike at the old café"
    frame = frame_by_title((written, ["By Nora Quill", headline, headline]))
    assert repeated_headline(frame, lexicon=LEXICON)["reason"].to_list() == [None, None, "repeated_headline"]


def test_a_line_longer_than_the_title() -> None:
    """The title with a site name before or after it is a printing of it, whatever the first line is."""
    title = "Ferry strike ends after nine days"
    for line in (f"{title} - Harbour Gazette", f"Gazette: {title}"):
        frame = frame_by_title((title, ["By Nora Quill", line, line]))
        assert repeated_headline(frame, lexicon=LEXICON)["reason"].to_list() == [
            None,
            None,
            "repeated_headline",
        ]


@given(
    st.lists(
        st.tuples(st.none() | WRITTEN, st.lists(WRITTEN | st.text(ODD | st.sampled_from("ab1"), max_size=4))),
        max_size=4,
    ),
    st.integers(1, 4),
)
def test_the_prefilter_loses_nothing(
    documents: list[tuple[str | None, list[str | None]]], min_words: int
) -> None:
    """The prefilter by the ends of lines, which saves most of the work, does not change the result."""
    frame = frame_by_title(*documents)
    quick = repeated_headline(frame, lexicon=LEXICON, min_words=min_words)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "same_ends", lambda lines: pl.repeat(True, len(lines), eager=True))
        assert_frame_equal(repeated_headline(frame, lexicon=LEXICON, min_words=min_words), quick)


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        ("Ferry strike ends after nine days of talks", "headline again: further down"),
        (
            "FERRY STRIKE ENDS AFTER NINE DAYS OF TALKS",
            "headline again: written in other case or punctuation, further down",
        ),
        (
            "Ferry Strike Ends After Nine Days of Talks",
            "headline again: written in other case or punctuation, further down",
        ),
        (
            "Ferry strike ends after nine days of talks | Harbour Gazette",
            "headline again: with site name, further down",
        ),
        ("Ferry strike ends after nine days of talks.", None),
        ("“Ferry strike ends after nine days of talks”", None),
        ("Ferry strike ends after ten days of talks", None),
        ("Ferry strike ends after nine days of talks:", None),
    ],
)
def test_a_long_headline_in_mid_text(line: str, rule: str | None) -> None:
    """Far below the first printing, a long headline is removed in any case and with a site name; a sentence stays."""
    headline = "Ferry strike ends after nine days of talks"
    between = [f"Paragraph {n} tells of the talks, hour by hour." for n in range(30)]
    frame = frame_by_title((headline, [headline, *between, line, "So it was."]))
    assert why(repeated_headline(frame, lexicon=LEXICON)) == [None] * 31 + [rule, None]
