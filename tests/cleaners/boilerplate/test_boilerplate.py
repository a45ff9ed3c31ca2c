"""The cleaner `boilerplate`: which lines it removes, by which phrase, and which similar lines of an article stay."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from cleaners.boilerplate.cleaner import boilerplate
from cleaners.paragraphs import remove
from cleaners.phrases.phrase import Phrase
from cleaners.phrases.search import find
from cleaners.text.prose import is_prose, words
from flows.settings.bundled import built_in_phrase_files
from flows.settings.phrase_files import read_phrases
from support import LEXICON, WHY, frame_of, load_cases, removed_lines, why

CASES = load_cases("boilerplate")
PHRASES = read_phrases(built_in_phrase_files())
FEW_PHRASES = read_phrases(built_in_phrase_files(["en", "zh"]))
PROSE = "The harbour office said on Tuesday that the first boats would sail again at noon."


def phrase(*texts: str, **options: Any) -> Phrase:
    """A phrase of these texts, named "test"."""
    return Phrase(language="xx", name="test", texts=texts, **options)


def removed(lines: list[str | None], *phrases: Phrase, source: str | None = None) -> list[str]:
    """The lines of one document that are removed."""
    return removed_lines(boilerplate(frame_of(lines, source=source), phrases=phrases, lexicon=LEXICON))


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_cases(case: dict[str, Any]) -> None:
    """Each line is removed by the rule that the case names, or stays."""
    frame = boilerplate(
        frame_of([text for text, _ in case["lines"]], language=case["name"][:2]),
        phrases=PHRASES,
        lexicon=LEXICON,
    )
    assert frame.select("text", WHY).rows() == [tuple(line) for line in case["lines"]]


def test_all_cases_in_one_frame() -> None:
    """A document gets the same result in a frame with others as alone."""
    frame = boilerplate(
        frame_of(
            *([text for text, _ in case["lines"]] for case in CASES),
            language=[case["name"][:2] for case in CASES],
        ),
        phrases=PHRASES,
        lexicon=LEXICON,
    )
    assert why(frame) == [rule for case in CASES for _, rule in case["lines"]]
    assert set(frame["reason"]) == {None, "boilerplate"}


@pytest.mark.parametrize(
    "line",
    [
        "get the gazette",
        "GET  THE\u00a0GAZETTE!",
        "» Get the Gazette …",
        "Ｇｅｔ the Gazette",
        "Get\u200b the Gazette",
    ],
)
def test_spelling(line: str) -> None:
    """Case, white space, width, invisible characters and punctuation at the ends make no difference."""
    assert removed([line], phrase("Get the Gazette")) == [line]


@pytest.mark.parametrize(
    ("line", "text"),
    [("İLGİLİ HABERLER", "İlgili haberler"), ("PAYLAŞIN", "Paylaşın"), ("Don’t go", "don't go")],
)
def test_spelling_either_way(line: str, text: str) -> None:
    """Turkish letters match in either case, and curly quotes match straight ones."""
    assert removed([line], phrase(text)) == [line]


def test_a_number_sign_stands_for_a_number() -> None:
    """`#` in a phrase matches any number, with or without separators."""
    lines: list[str | None] = ["12 votes", "1,204 votes", "votes", "twelve votes"]
    assert removed(lines, phrase("# votes")) == ["12 votes", "1,204 votes"]


def test_line_matches_whole_lines_only() -> None:
    """A phrase of the match `line` does not match a line that has one more word."""
    assert removed(["Get the Gazette", "Get the Gazette now"], phrase("Get the Gazette")) == [
        "Get the Gazette"
    ]


def test_start() -> None:
    """The match `start` finds whole words at the start of lines of at most `max_words` words."""
    lines: list[str | None] = [
        "Get the Gazette now",
        "Get the Gazettes",
        "Oh, get the Gazette",
        "Get the Gazette a b c",
    ]
    assert removed(lines, phrase("Get the Gazette", match="start", max_words=5)) == ["Get the Gazette now"]


def test_anywhere() -> None:
    """The match `anywhere` finds whole words anywhere in lines of at most `max_words` words."""
    lines: list[str | None] = ["Oh, get the Gazette!", "Forget the Gazette", "You may get the Gazette here"]
    assert removed(lines, phrase("get the gazette", match="anywhere", max_words=5)) == [
        "Oh, get the Gazette!"
    ]


def test_words_of_scripts_without_spaces() -> None:
    """A Chinese phrase is found within a line although no spaces separate words."""
    assert removed(["請立即訂閱本報電子版"], phrase("立即訂閱", match="anywhere")) == ["請立即訂閱本報電子版"]


def test_regex() -> None:
    """The match `regex` ignores case, and applies to lines of at most `max_words` words."""
    lines: list[str | None] = ["Page 3 of 9", "page 3 of 9 of the long minutes"]
    assert removed(lines, phrase(r"^page \d+ of \d+", match="regex", max_words=4)) == ["Page 3 of 9"]


def test_long_lines_match_by_how_they_begin() -> None:
    """A line of more than 300 characters may begin with a phrase, within its limit of words, and match no other."""
    line = "get the gazette " + "and read " * 40
    assert removed([line], phrase("get the gazette", match="start", max_words=1000)) == [line]
    assert removed([line], phrase("get the gazette", match="start", max_words=80)) == []
    for match in ("anywhere", "regex"):
        assert removed([line], phrase("get the gazette", match=match, max_words=1000)) == []


def test_keep_protects() -> None:
    """A line that a phrase of the action `keep` matches stays, whatever rule would remove it, a share bar included."""
    lines: list[str | None] = ["Get the Gazette", "Facebook Twitter", PROSE]
    removes = phrase("Get the Gazette")
    assert removed(lines, removes) == ["Get the Gazette", "Facebook Twitter"]
    assert removed(lines, removes, phrase("get the", "facebook", match="start", action="keep")) == []


def test_keep_of_one_source() -> None:
    """A phrase with a source does not apply to documents of another source, or of none."""
    keep = phrase("Get the Gazette", action="keep", source="gazette.example")
    for source, expected in (
        ("gazette.example", []),
        ("post.example", ["Get the Gazette"]),
        (None, ["Get the Gazette"]),
    ):
        assert removed(["Get the Gazette"], phrase("Get the Gazette"), keep, source=source) == expected


def test_where_end() -> None:
    """A phrase of `where = "end"` counts only after the last prose of a document that has prose."""
    contact = phrase("Contact", where="end")
    assert removed([PROSE, "Contact", PROSE, "Contact"], contact) == ["Contact"]
    assert (
        boilerplate(frame_of([PROSE, "Contact", PROSE]), phrases=[contact], lexicon=LEXICON)[
            "reason"
        ].null_count()
        == 3
    )
    assert removed(["Contact", "Names"], contact) == []


def test_the_first_phrase_names_the_rule() -> None:
    """If two phrases match, the rule names the earlier one."""
    first, second = phrase("Get the Gazette"), Phrase("xx", "later", ("Get the Gazette",))
    assert why(boilerplate(frame_of(["Get the Gazette"]), phrases=[first, second], lexicon=LEXICON)) == [
        "phrase xx:test"
    ]


def test_no_phrases() -> None:
    """Without phrases share bars are still removed; an empty frame stays empty."""
    assert removed(["Share", "Facebook Twitter", None, ""]) == ["Facebook Twitter"]
    assert_frame_equal(boilerplate(frame_of(), phrases=PHRASES, lexicon=LEXICON), frame_of())


@pytest.mark.parametrize(
    ("line", "prose"),
    [
        ("The boats will sail again.", True),
        ("Three words only.", False),
        ("“We will sail again tomorrow.”", True),
        ("Boats will sail again at noon, says port", False),
        ("Will the boats sail again?", False),
        ("Will the boats that have lain in the harbour for nine days sail again?", True),
        ("The office said on Monday that the boats ...", False),
        ("渡輪將於星期二中午恢復航行。", True),
        ("渡輪星期二恢復航行", False),
        ("word " * 19 + "word", True),
    ],
)
def test_is_prose(line: str, prose: bool) -> None:
    """Long lines and whole sentences are prose; headlines and truncated teasers are not."""
    assert pl.select(is_prose(pl.lit(line))).item() is prose


@pytest.mark.parametrize(
    ("text", "count"), [("", 0), ("two  words", 2), ("渡輪罷工", 2), ("ferry 渡輪", 2), ("ferry – bridge", 2)]
)
def test_words(text: str, count: int) -> None:
    """White space separates words; in scripts without spaces, two letters count as a word."""
    assert pl.select(words(pl.lit(text))).item() == count


@given(st.lists(st.sampled_from([None, "", "Get the Gazette", "get the gazette now", "Nothing"]), max_size=8))
def test_find_answers_by_line_then_phrase(texts: list[str | None]) -> None:
    """`find` returns each pair of line and phrase once, in order, and agrees with a naive search."""
    phrases = (
        phrase("Get the Gazette", match="start"),
        phrase("get the gazette"),
        phrase("gazette", match="anywhere"),
    )
    lines = pl.DataFrame(
        {"row": range(len(texts)), "text": texts, "source": [None] * len(texts)},
        schema={"row": pl.UInt32, "text": pl.String, "source": pl.String},
    )
    expected = []
    for row, text in enumerate(texts):
        folded = (text or "").lower()
        hits = (folded.startswith("get the gazette"), folded == "get the gazette", "gazette" in folded)
        expected += [(row, n) for n, hit in enumerate(hits) if hit]
    assert find(lines, phrases).select("row", "phrase").rows() == expected


LINES = st.sampled_from(
    [
        None,
        "",
        "Share",
        "Facebook",
        "Twitter",
        "Facebook Twitter",
        "Contact",
        "Sign up for our newsletter",
        PROSE,
        "廣告",
        "***",
    ]
)


@settings(max_examples=settings().max_examples // 2)
@given(st.lists(st.lists(st.tuples(LINES, st.booleans()), min_size=1, max_size=8), max_size=4))
def test_properties(documents: list[list[tuple[str | None, bool]]]) -> None:
    """Only reason, rule and detail change, a filled reason is never overwritten, and a second pass removes no more."""
    frame = frame_of(*([text for text, _ in lines] for lines in documents))
    before = pl.Series([gone for lines in documents for _, gone in lines], dtype=pl.Boolean)
    frame = remove(frame, before, "repeated_headline", "headline again")
    once = boilerplate(frame, phrases=FEW_PHRASES, lexicon=LEXICON)
    assert_frame_equal(once.drop("reason", "rule", "detail"), frame.drop("reason", "rule", "detail"))
    assert once.filter(before)["reason"].to_list() == ["repeated_headline"] * before.sum()
    assert once["reason"].is_null().equals(once["rule"].is_null())
    assert_frame_equal(boilerplate(once, phrases=FEW_PHRASES, lexicon=LEXICON), once)


@pytest.mark.parametrize(
    ("setting", "line", "default"),
    [
        ("credits", "Nora Quill contributed to this report.", True),
        ("disclaimers", "The opinions expressed here are those of the author.", True),
        ("list_labels", "List 1 of 3", True),
        ("editors_notes", "Editor's note: The ferry sails on Mondays, too.", False),
    ],
)
def test_kinds_of_phrases_with_a_switch(setting: str, line: str, default: bool) -> None:
    """A line of such a kind goes if its switch is on, and stays if it is off, whatever it looks like."""
    frame = frame_of([PROSE, line], language="en")
    for switch, goes in (({}, default), ({setting: True}, True), ({setting: False}, False)):
        cleaned = boilerplate(frame, phrases=FEW_PHRASES, lexicon=LEXICON, **switch)
        assert removed_lines(cleaned) == ([line] if goes else [])
