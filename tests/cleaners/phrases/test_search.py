"""Finding phrases: the cheap tests that clear most lines clear none that a phrase matches."""

from __future__ import annotations

import dataclasses

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

import cleaners.phrases.search
from cleaners.boilerplate.cleaner import boilerplate
from cleaners.paragraphs import remove
from cleaners.phrases.candidates import Prefilter, candidates
from cleaners.phrases.phrase import Phrase
from cleaners.phrases.search import find, search
from cleaners.phrases.tables import Tables, any_of, make_tables
from cleaners.related_articles import related_articles
from flows.settings.bundled import built_in_phrase_files
from flows.settings.phrase_files import read_phrases
from support import LEXICON, frame_of

WORDINGS = (
    "Read # more harbour stories",
    "see also:",
    "foto",
    "ad",
    "版权所有",
    "écoutez aussi",
    "it’s free",
    "İzmir",
    "ΟΔΟΣ",
    "ещё фото",
    "# fotos",
)
REGEXES = (r"^\W*see\b.{0,9}\bboats?\b", r"\bfree\b:?$", r"é\b", r"(?-i:FOTO)", r"^\\?b", r"\bad\b{1}s?")
SIMPLE_REGEXES = (
    r"^\W*(?:see|ad) ?(?:also|boats):",
    r"^©",
    r"^[ *(]*οδος",
    r"(?:foto|boats) (?:free|see)",
    r"ещё",
)
PHRASES = (
    *(
        Phrase("xx", f"line-{n}", (wording,), where="end" if n == 1 else "any")
        for n, wording in enumerate(WORDINGS)
    ),
    *(
        Phrase("xx", f"start-{n}", (wording,), match="start", max_words=60)
        for n, wording in enumerate(WORDINGS)
    ),
    *(
        Phrase("xx", f"anywhere-{n}", (wording,), match="anywhere", max_words=60)
        for n, wording in enumerate(WORDINGS)
    ),
    *(
        Phrase("xx", f"regex-{n}", (regex,), match="regex", max_words=60)
        for n, regex in enumerate((*REGEXES, *SIMPLE_REGEXES))
    ),
    Phrase("xx", "other", ("Other boats",), action="block"),
    Phrase("xx", "foto", ("foto also",), action="keep", match="start"),
)
#: Without what is so short that it cannot be told whether a line holds it.
LONG_PHRASES = tuple(
    phrase
    for phrase in PHRASES
    if phrase.match in ("line", "start")
    or (min(len(text.encode()) for text in phrase.texts) >= 4 and not {*REGEXES} & {*phrase.texts})
)
PIECES = st.sampled_from(
    [
        *WORDINGS,
        *(wording.upper() for wording in WORDINGS),
        *(
            "read 1,204 more harbour stories",
            "ＦＯＴＯ",
            "e\u0301coutez",
            "boats",
            "free",
            "Other boats",
            "渡輪",
        ),
        *(" ", "  ", "\t", "\xa0", ":", " :", "“", "(", "- ", "...", "*", "#", "7", "\u200b", "\u0307"),
        *("ad", "e", "é", "b", "\\b", "bs"),
        *(
            "foto\u0301",
            "fo\xadto",
            "ſee alſo:",
            "ßEE",
            "İZMİR",
            "ızmır",
            "izmir",
            "ÉCOUTEZ AUSSI",
            "版权",
            "©",
        ),
        *("ΟΔΟΣ", "οδος", "οδοσ", "Ещё", "ЕЩЁ", "ещё фото", "Ⅷ", "ﬁ", "😀", "\0"),
    ]
)
LONG = " the ferry to the island sails at noon" * 4
LINES = st.builds(
    lambda start, pieces, end: start + "".join(pieces) + end,
    st.sampled_from(["", "", "“", "(", "  ", "* ", "* #", "\u200b", "7 ", "渡"]),
    st.lists(PIECES, min_size=1, max_size=4),
    st.sampled_from(["", LONG]),
)


def every_line(text: pl.Series, _: Prefilter, longest: int) -> pl.DataFrame:
    """Every line as a candidate, but those of quoted mail and tables; a long one only by how it begins."""
    may = ~text.str.contains("^[>|]")
    short = may & (text.str.len_chars() <= longest)
    return pl.DataFrame({"is_line": short, "starts": may, "starts_regex": short, "holds": short})


def every_wording(lines: pl.DataFrame, tables: Tables) -> pl.DataFrame:
    """The lines that begin with a wording, each compared with each."""
    wordings = pl.DataFrame({"wording": list(tables.start)}, schema={"wording": pl.String})
    pairs = lines.join(wordings, how="cross")
    return pairs.filter(pl.col("folded").str.starts_with(pl.col("wording")))


@pytest.mark.parametrize("phrases", [PHRASES, LONG_PHRASES], ids=["all", "long"])
@given(texts=st.lists(LINES, max_size=6))
def test_the_prefilter_drops_no_match(phrases: tuple[Phrase, ...], texts: list[str]) -> None:
    """What is found is the same where every line is looked at."""
    lines = pl.DataFrame(
        {"row": range(len(texts)), "text": texts, "source": [None] * len(texts)},
        schema={"row": pl.UInt32, "text": pl.String, "source": pl.String},
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cleaners.phrases.search, "candidates", every_line)
        patch.setattr(cleaners.phrases.search, "_beginning", every_wording)
        slow = find(lines, phrases)
    assert_frame_equal(find(lines, phrases), slow)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cleaners.phrases.search, "_MANY_LINES", 0)
        assert_frame_equal(find(lines, phrases), slow)


def test_most_lines_are_ruled_out() -> None:
    """Lines that have nothing of a phrase are candidates for none."""
    prefilter = make_tables(read_phrases(built_in_phrase_files())).prefilter
    assert make_tables(LONG_PHRASES).prefilter.window >= 4
    lines = [
        "The last boat out of Wrenmouth will once again leave after dark.",
        "“From the first Monday of October,” the Corriedale Line said, “a night crossing is to run.”",
        "Im Hafen von Wrenmouth lag am Montag kein einziges Schiff, und die Möwen hatten Ruhe.",
        "Le ferry de nuit à destination de l’île a été supprimé voilà six hivers déjà…",
        "В понедельник в порту не было ни одного судна.",
        "渡輪公司說，夜間航班下月恢復。",
    ]
    assert candidates(pl.Series(lines), prefilter).sum().row(0) == (0, 0, 0, 0)


@pytest.mark.parametrize(
    ("phrase", "text", "is_found"),
    [
        (Phrase("xx", "a", ("Foto",)), "Foto" + " ." * 50, True),
        (Phrase("xx", "a", ("Foto",)), "Foto" + " ." * 70, False),
        (Phrase("xx", "a", ("#…”",), match="anywhere"), "Page 7…”", False),
        (Phrase("xx", "a", ("#…”",), match="anywhere"), "Page #…”", True),
        (Phrase("xx", "a", ("Foto",), match="anywhere"), "x" * 295 + " foto", True),
        (Phrase("xx", "a", ("Foto",), match="anywhere"), "x" * 296 + " foto", False),
    ],
)
def test_limits(phrase: Phrase, text: str, is_found: bool) -> None:
    """A line alone is no longer than a wording may be, a line at all no longer than boilerplate is."""
    lines = pl.DataFrame(
        {"row": [0], "text": [text], "source": [None]},
        schema={"row": pl.UInt32, "text": pl.String, "source": pl.String},
    )
    phrase = dataclasses.replace(phrase, max_words=300)
    assert len(find(lines, [phrase])) == is_found


@pytest.mark.parametrize(
    "text", ['"Accept all"', "« Accept all »", "„Accept all“ says the button", '"Accept all", again']
)
def test_what_is_quoted_is_not_found(text: str) -> None:
    """What an article quotes at the beginning of a line is not boilerplate, unless a phrase may stand anywhere."""
    lines = pl.DataFrame(
        {"row": [0], "text": [text], "source": [None]},
        schema={"row": pl.UInt32, "text": pl.String, "source": pl.String},
    )
    phrases = [
        Phrase("xx", "cookies", ("Accept all",), match=match) for match in ("line", "start", "anywhere")
    ]
    assert find(lines, phrases)["phrase"].to_list() == [2]


def test_no_phrases_and_no_lines() -> None:
    """Without phrases nothing is found, and nothing in no lines."""
    lines = pl.DataFrame(
        {"row": [0, 1], "text": ["Foto", None], "source": [None, None]},
        schema={"row": pl.UInt32, "text": pl.String, "source": pl.String},
    )
    assert find(lines, []).is_empty()
    assert find(lines.clear(), PHRASES).schema == find(lines, PHRASES).schema
    assert find(lines, PHRASES)["row"].unique().to_list() == [0]


@pytest.mark.parametrize(
    ("start", "wording"),
    [
        ("“Foto", "foto"),
        ("  * (Foto", "foto"),
        ("ＦＯＴＯ", "foto"),
        ("\u200bFo\u200bto", "foto"),
        ("Read 1,204 more", "read # more"),
        ("Read  more", "read more"),
        ("Read\xa0more", "read more"),
        ("Reader : more", "reader: more"),
        ("Resume\u0301s: ", "resumés"),
        ("It’s", "it's"),
        ("Ad", "ad"),
        ("# points", "# points"),
        ("「Foto", "foto"),
        ("* * * - (Read more", "read more"),
        ("The cafe\u0301s", "the cafés"),
        ("(((((The cafe\u0301s", "the cafés"),
    ],
)
def test_wording_at_the_start_of_a_long_line(start: str, wording: str) -> None:
    """However the start of a line is written, the wording is found there."""
    lines = pl.DataFrame(
        {"row": [0], "text": [start + LONG], "source": [None]},
        schema={"row": pl.UInt32, "text": pl.String, "source": pl.String},
    )
    assert len(lines["text"][0]) > 130
    assert len(find(lines, [Phrase("xx", "test", (wording,), match="start", max_words=60)])) == 1


@pytest.mark.parametrize(
    ("regex", "text"),
    [
        (r"\bad\b", "An ad."),
        (r"^a\b?c", "ac"),
        (r"^\\b", r"\boat"),
        (r"\\\bad", "\\ad"),
        (r"\bé|渡\b", "渡"),
        (r"(?-i:AD)\b", "An AD"),
        (r"^a\b{2} c", "a c"),
        (r"\\bad", r"A \bad"),
    ],
)
def test_regexes_with_boundaries_of_words(regex: str, text: str) -> None:
    """A regular expression matches where its engine says so, whatever is tried before it."""
    lines = pl.DataFrame(
        {"row": [0, 1], "text": [text, "Nothing here"], "source": [None, None]},
        schema={"row": pl.UInt32, "text": pl.String, "source": pl.String},
    )
    assert find(lines, [Phrase("xx", "test", (regex,), match="regex")])["row"].to_list() == [0]


def test_regexes_that_cannot_be_joined(monkeypatch: pytest.MonkeyPatch) -> None:
    """Regular expressions are tried one by one where one of them, joined with others, is none."""
    phrase = Phrase("xx", "test", ("(?x) ferry # the boat", "^harbour"), match="regex")
    phrases = (phrase, Phrase("xx", "test", ("noon",), match="regex"))
    lines = pl.DataFrame(
        {"row": [0, 1, 2, 3], "text": ["Ferry", "Harbour", "At noon", "Island"], "source": [None] * 4},
        schema={"row": pl.UInt32, "text": pl.String, "source": pl.String},
    )
    assert None in [any_of(regexes.patterns) for regexes in make_tables(phrases).regexes]
    monkeypatch.setattr(cleaners.phrases.search, "_MANY_LINES", 0)
    assert find(lines, phrases).select("row", "phrase").rows() == [(0, 0), (1, 0), (2, 1)]


@settings(max_examples=settings().max_examples // 3)
@given(st.lists(st.lists(st.tuples(LINES, st.booleans()), min_size=1, max_size=6), max_size=3))
def test_one_search_serves_both_cleaners(documents: list[list[tuple[str, bool]]]) -> None:
    """Cleaners that are handed what was found decide as those that search for themselves."""
    frame = frame_of(*([text for text, _ in lines] for lines in documents))
    gone = pl.Series([gone for lines in documents for _, gone in lines], dtype=pl.Boolean)
    frame = remove(frame, gone, "repeated_headline", "headline again")
    found = search(frame, PHRASES)
    once = related_articles(frame, phrases=PHRASES, found=found)
    assert_frame_equal(once, related_articles(frame, phrases=PHRASES))
    assert_frame_equal(
        boilerplate(once, phrases=PHRASES, lexicon=LEXICON, found=found),
        boilerplate(once, phrases=PHRASES, lexicon=LEXICON),
    )
