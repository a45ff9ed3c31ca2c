"""The frame: how a text becomes paragraphs, and what the two verbs do to them."""

from __future__ import annotations

import random
import re
import unicodedata
from itertools import pairwise

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from cleaners.paragraphs import SCHEMA, remove, rewrite, rewrite_rows, to_paragraphs
from cleaners.text.white_space import WHITE_SPACE

LINE_BREAKS = "\r\n\x85\u2028\u2029"
TEXTS = st.text(
    st.one_of(st.sampled_from(" \t\r\n\x85\u2028\u2029\x0b\x1cabcde.>漢"), st.characters(codec="utf-8"))
)


def documents(*texts: str | None) -> pl.DataFrame:
    """Documents of these texts."""
    return pl.DataFrame(
        {
            "text": texts,
            "source": "s",
            "title": None,
            "language": None,
        },
        schema=dict.fromkeys(("text", "source", "title", "language"), pl.String),
    )


def paragraphs(text: str) -> list[str]:
    """The paragraphs of one text."""
    return to_paragraphs(documents(text))["text"].to_list()


def test_white_space_is_pythons() -> None:
    """WHITE_SPACE is every character that Python holds to be white space."""
    assert set(WHITE_SPACE) == {chr(c) for c in range(0x110000) if chr(c).isspace()}


@given(st.lists(TEXTS, max_size=4))
def test_nothing_but_white_space_is_lost(texts: list[str]) -> None:
    """The paragraphs of a document, put together, are its text but for white space; positions count from 0."""
    frame = to_paragraphs(documents(*texts))
    assert frame.schema == pl.Schema(SCHEMA)
    for n, text in enumerate(texts):
        mine = frame.filter(pl.col("document") == n)
        assert "".join("".join(mine["text"]).split()) == "".join(text.split())
        assert mine["position"].to_list() == list(range(len(mine)))


@given(TEXTS)
def test_a_paragraph_is_a_stripped_line(text: str) -> None:
    """No paragraph is blank, has white space but no-break spaces at its ends, or holds a line break."""
    for paragraph in paragraphs(text):
        assert paragraph.strip()
        assert paragraph == paragraph.strip(WHITE_SPACE.replace("\xa0", ""))
        assert not set(paragraph) & set(LINE_BREAKS)


@given(st.lists(TEXTS, max_size=5))
def test_a_documents_paragraphs_are_its_own(texts: list[str]) -> None:
    """Documents read together give the paragraphs that each gives alone."""
    together = to_paragraphs(documents(*texts))
    number = pl.lit(0, pl.UInt32).alias("document")
    for n in range(len(texts)):
        mine = together.filter(pl.col("document") == n).with_columns(number)
        assert_frame_equal(mine, to_paragraphs(documents(*texts)[n : n + 1]))


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\x85", "\u2028", "\u2029", "\n\n", "\r\n \r\n"])
def test_every_line_end_ends_a_paragraph(end: str) -> None:
    """CR LF, LF, CR, NEL, U+2028 and U+2029 end a line, blank lines between or not."""
    assert paragraphs(f"The ferry left.{end}Nobody waved.") == ["The ferry left.", "Nobody waved."]


def test_a_no_break_space_at_the_end_stays_for_repair() -> None:
    """U+00A0 at the end of a line may be half of a damaged letter: it is left to repair."""
    assert paragraphs("voil\u00c3\u00a0\n\u00a0\nla mer") == ["voil\u00c3\u00a0", "la mer"]


def test_null_and_blank_texts_have_no_paragraphs() -> None:
    """A document without text, or with white space only, has no rows."""
    assert to_paragraphs(documents(None, "", " \n\t\r\n\u3000")).is_empty()
    assert to_paragraphs(documents()).schema == pl.Schema(SCHEMA)


WRAPPED = """\
The harbour master said on Tuesday that the last of the old cranes
would be taken down before the winter, although nobody had yet been
found who would pay for the work, and the council was told that the
scrap was worth less than the barge that must carry it away."""


def test_wrapped_lines_are_joined() -> None:
    """A run of lines filled to one width is one paragraph; a blank line ends the run."""
    joined = WRAPPED.replace("\n", " ")
    assert paragraphs(WRAPPED) == [joined]
    early = (
        joined.replace("cranes ", "cranes\n")
        .replace("nobody had ", "nobody had\n")
        .replace("council was ", "council was\n")
        .replace("must carry ", "must carry\n")
    )
    assert paragraphs(early) == [joined]
    assert paragraphs(f"Cranes\n\n{WRAPPED}\n\n{WRAPPED}\n") == ["Cranes", joined, joined]


@pytest.mark.parametrize(
    "text",
    [
        "\n".join(WRAPPED.splitlines()[:2]),  # two lines prove nothing
        "\n".join(f"> {line}" for line in WRAPPED.splitlines()),  # quoted mail
        (
            "Mayor opens the new bridge over the river after a long delay\n"
            "Ferry crews end their strike after nine days without a deal\n"
            "Council puts off the vote on the harbour until next spring"  # headlines of one length
        ),
        "A short line of verse\nAnd another that runs a good deal further on\nend.",
        (
            "市議會星期二表示，最後一批舊起重機將於冬季前拆除，但至今仍未找到願意支付費用的人，工程因此一再延期，令附近居民感到不滿\n"
            "議員獲告知，廢鐵的價值還不及運走它們的駁船，而碼頭工人則希望保留其中一台作為紀念，並請求市長在下週會面時作出答覆\n"
            "市長辦公室未有回應。"  # a script without spaces is not wrapped at spaces
        ),
        WRAPPED.replace(
            "would be taken down before", "would be taken\ndown before", 1
        ),  # a line that is not full
    ],
)
def test_other_runs_of_lines_stay_lines(text: str) -> None:
    """Lists of headlines, quoted mail, verse, and scripts without spaces are not joined."""
    assert paragraphs(text) == text.split("\n")


def wrapped(run: list[str]) -> bool:
    """Whether a run of lines was wrapped to a width, by the rule in the docstring of `to_paragraphs`."""
    width = max(map(len, run), default=0)
    spaces = WHITE_SPACE.translate(dict.fromkeys(range(0x1C, 0x20)))
    for line, following in pairwise(run):
        word = re.match(f"[^{spaces}]*", following)
        assert word is not None
        reach = len(line) + 1 + len(word[0])
        if word[0] and reach * 100 <= width * 85:
            return False
        if len(line) * 10 < width * 6 or len(re.findall(f"[{spaces}]+", line)) < 2:
            return False
    going_on = sum(unicodedata.category(line[0]) in ("Ll", "Lo") for line in run[1:])
    return (
        len(run) >= 3
        and 40 <= width <= 100
        and not any(line.startswith((">", "|")) for line in run)
        and going_on * 3 >= len(run) - 1
    )


def expected(text: str) -> list[str]:
    """The paragraphs of a text, made line by line."""
    runs: list[list[str]] = [[]]
    for line in re.split("\r\n|[\n\r\x85\u2028\u2029]", text):
        stripped = line.strip(WHITE_SPACE.replace("\xa0", ""))
        if stripped.strip(WHITE_SPACE):
            runs[-1].append(stripped)
        else:
            runs.append([])
    return [paragraph for run in runs for paragraph in ([" ".join(run)] if wrapped(run) else run)]


WORDS = (
    "a",
    "the",
    "harbour",
    "Master",
    "überall",
    "said,",
    "漢字",
    "two\xa0words",
    "x\x1cy",
    "12",
    "ªth",
    "ß",
    "of",
    "in",
)
BREAKS = ("\n",) * 20 + ("\r\n", "\x85", "\u2028", "\n\n", "\n \n", "\n\xa0\n")


def wrapped_text(rng: random.Random) -> str:
    """Lines of much the same width, a few of them changed a little, with line breaks of all kinds between."""
    text = ""
    for _ in range(rng.randint(1, 6)):
        width = rng.choice((38, 39, 40, 41, 60, 99, 100, 101))
        early = rng.choice((0, 0, 4, 10))  # people break lines early
        line = rng.choice(WORDS)
        for word in rng.choices(WORDS, k=rng.randint(2, 50)):
            if len(line) + 1 + len(word) + rng.randint(0, early) > width:
                text += line + rng.choice(BREAKS)
                line = rng.choice(("",) * 20 + (">", "|", "\xa0")) + word
            else:
                line += rng.choice((" ",) * 20 + ("\xa0", "  ", "\x1d")) + word
        text += line + rng.choice(("\n", "\n\n", ""))
    return text


@given(st.lists(st.randoms(use_true_random=False).map(wrapped_text) | TEXTS, max_size=6))
def test_paragraphs_are_what_the_rule_says(texts: list[str]) -> None:
    """Lines are cut, stripped and joined as a plain loop does it by the rule, whatever documents are beside them."""
    frame = to_paragraphs(documents(*texts))
    for n, text in enumerate(texts):
        assert frame.filter(pl.col("document") == n)["text"].to_list() == expected(text)


def line(length: int, beginning: str = "a") -> str:
    """Three words of that length."""
    return f"{beginning} b {'c' * length}"[:length]


@pytest.mark.parametrize(
    ("lines", "joined"),
    [
        ([line(100)] * 3, True),
        ([line(101)] * 3, False),
        ([line(40)] * 3, True),
        ([line(39)] * 3, False),
        ([line(100), line(60), line(80, "d" * 40)], True),
        ([line(100), line(59), line(80, "d" * 40)], False),
        ([line(100), line(60), line(50, "d" * 25)], True),
        ([line(100), line(60), line(50, "d" * 24)], False),
        ([line(100), line(60), "\xa0" + line(50)], True),  # whose first word is not known
        ([line(100), line(100), line(100, ">")], False),
        ([line(100), line(100), line(100, "|")], False),
        ([line(100), "a " + "b" * 98, line(100)], False),  # two words
        ([line(100), "a\xa0b " + "c" * 96, line(100)], True),
        ([line(100, "A"), line(100, "A"), line(100), line(100, "A")], True),  # one of three goes on
        ([line(100), line(100, "A"), line(100, "A"), line(100, "A")], False),
    ],
)
def test_limits_of_a_wrapped_run(lines: list[str], joined: bool) -> None:
    """Joined is what keeps to the limits of the rule, and nothing beyond them."""
    assert (
        paragraphs("\n".join(lines)) == expected("\n".join(lines)) == ([" ".join(lines)] if joined else lines)
    )


def test_a_rewrite_tells_what_it_did() -> None:
    """`before` and `fixes` are filled where more than white space changed, and only there."""
    frame = to_paragraphs(documents("caf\u00c3\u00a9\ntwo  blanks\nsame"))
    fixes = pl.Series([["decode"], ["blanks"], None], dtype=pl.List(pl.String))
    done = rewrite(frame, pl.Series(["café", "two blanks", "same"]), fixes)
    assert done["text"].to_list() == ["café", "two blanks", "same"]
    assert done["before"].to_list() == ["caf\u00c3\u00a9", None, None]
    assert done["fixes"].to_list() == [["decode"], None, None]


def test_a_second_rewrite_keeps_the_first_text() -> None:
    """`before` stays what was read, and the fixes add up."""
    frame = to_paragraphs(documents("a b c"))
    for text, fix in (("a b", "one"), ("a", "two")):
        frame = rewrite(frame, pl.Series([text]), pl.Series([[fix]]))
    assert frame.select("text", "before", "fixes").row(0) == ("a", "a b c", ["one", "two"])


def test_a_rewrite_leaves_protected_text_alone() -> None:
    """What a person restored stays as it is, to its white space, and nothing is recorded of it."""
    frame = to_paragraphs(documents("one  two\none  two")).with_columns(protected=pl.Series([True, False]))
    done = rewrite(frame, pl.Series(["one", "one"]), pl.Series([["x"], ["x"]]))
    assert done.select("text", "before", "fixes").rows() == [
        ("one  two", None, None),
        ("one", "one  two", ["x"]),
    ]


def test_a_rewrite_creates_no_line_break() -> None:
    """A text with a line break is refused: it would be two paragraphs."""
    frame = to_paragraphs(documents("one"))
    with pytest.raises(ValueError, match="line break"):
        rewrite(frame, pl.Series(["o\u2028ne"]), pl.Series([["x"]]))


@given(st.lists(st.tuples(st.sampled_from(["a", "a b", "b", ""]), st.booleans(), st.booleans()), min_size=1))
def test_some_rows_are_rewritten_as_all_are(rows: list[tuple[str, bool, bool]]) -> None:
    """`rewrite_rows` does to its rows, repeated rewrites and protected rows included, what `rewrite` does to all."""
    frame = to_paragraphs(documents(*(["a b"] * len(rows))))
    frame = frame.with_columns(pl.Series("protected", [row[1] for row in rows]))
    chosen = pl.Series([n for n, row in enumerate(rows) if row[2]], dtype=pl.UInt32)
    new = pl.Series([row[0] for row in rows])
    fixes = pl.Series([["x"]] * len(rows))
    whole = frame.get_column("text").scatter(chosen, new.gather(chosen))
    for _ in range(2):
        some = rewrite_rows(frame, chosen, new.gather(chosen), fixes.gather(chosen))
        assert_frame_equal(some, rewrite(frame, whole, fixes))
        frame, new = some, new + "!"
        whole = some.get_column("text").scatter(chosen, new.gather(chosen))


def test_a_reason_is_never_overwritten() -> None:
    """`remove` fills reason and rule where there is none yet, and a null condition removes nothing."""
    frame = to_paragraphs(documents("one\ntwo\nthree"))
    frame = remove(frame, pl.Series([True, False, None]), "boilerplate", "first")
    frame = remove(frame, pl.Series([True, True, None]), "repeated_line", pl.Series(["a", "b", "c"]))
    assert frame["reason"].to_list() == ["boilerplate", "repeated_line", None]
    assert frame["rule"].to_list() == ["first", "b", None]


def test_an_unknown_reason_is_refused() -> None:
    """A reason that readers do not know is an error."""
    with pytest.raises(ValueError, match="not a reason"):
        remove(to_paragraphs(documents("one")), pl.Series([True]), "dull", "because")
