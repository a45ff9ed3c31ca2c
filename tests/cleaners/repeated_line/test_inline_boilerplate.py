"""Boilerplate inside a paragraph: what is removed, and what stays."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from cleaners.lexicon import Lexicon, Opening
from cleaners.paragraphs import remove
from cleaners.repeated_line.closing_sentences import closing_sentences
from cleaners.repeated_line.count_tables import merge_counts
from cleaners.repeated_line.inline_boilerplate import (
    FIX,
    inline_boilerplate,
    repeated_inline_boilerplate,
    without_shapes,
)
from cleaners.repeated_line.inline_patterns import inline_patterns
from cleaners.repeated_line.inline_prefilter import possible_shapes
from cleaners.repeated_line.inline_shapes import MAX_ROUNDS, SHAPES
from cleaners.repeated_line.line_counts import count_source_lines
from cleaners.repeated_line.line_keys import line_keys
from support import LEXICON, frame_by_source, load_cases

from .counting import SOURCE, count

CASES = load_cases("inline_boilerplate")
PLEA = "Join the conversation below."
NUMBERS = ("first", "second", "third", "fourth", "fifth", "sixth")


def sentence(n: int) -> str:
    """A sentence that no other document has."""
    return f"Report {n} tells in its own words what was said in the harbour office on the day of the strike."


def without_inline_boilerplate(text: str) -> str:
    """The text without any shape; the others beside it have boilerplate, too."""
    texts = pl.Series(["Boats sail. [embed]", text, "Click here to subscribe."])
    return str(without_shapes(texts, LEXICON)[0].gather([1]).item())


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_cases(case: dict[str, Any]) -> None:
    """A paragraph loses only its boilerplate and records its old text; one that is nothing else is removed."""
    (row,) = inline_boilerplate(frame_by_source((SOURCE, [case["text"]])), lexicon=LEXICON).to_dicts()
    becomes = case.get("becomes", case["text"])
    if becomes == "":
        assert (row["reason"], row["rule"], row["text"]) == ("boilerplate", case["rule"], case["text"])
    else:
        assert (row["reason"], row["text"]) == (None, becomes)
        changed = becomes != case["text"]
        assert (row["before"], row["fixes"]) == ((case["text"], [FIX]) if changed else (None, None))


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_cases_within_other_text(case: dict[str, Any]) -> None:
    """Boilerplate is removed from a longer paragraph, too, unless it must stand at the end."""
    text = f"{case['text']} It was the ninth day of the strike."
    if "becomes" not in case:
        assert without_inline_boilerplate(case["text"]) == case["text"]
    elif case["becomes"] and "at the end" not in case["name"]:
        assert without_inline_boilerplate(text) == f"{case['becomes']} It was the ninth day of the strike."


def test_cases_are_half_negative() -> None:
    """About half of the cases are negative."""
    stays = sum("becomes" not in case for case in CASES)
    assert 0.4 * len(CASES) <= stays <= 0.6 * len(CASES)


def test_removed_paragraphs_are_left_alone() -> None:
    """A paragraph that an earlier cleaner removed keeps its text."""
    frame = frame_by_source((SOURCE, ["Boats sail. [pullquote] They are late."]))
    removed = remove(frame, pl.Series([True]), "boilerplate", "a rule")
    assert_frame_equal(inline_boilerplate(removed, lexicon=LEXICON), removed)


PIECES = st.sampled_from(
    [
        *(case["text"] for case in CASES),
        "MORE",
        "Jane Doe Jane DoeFerry",
        "(function(){",
        "})();",
        "googletag",
        "[Related: ",
        "]",
        ")",
        "Story continues below advertisement",
        "Image copyright Post Image caption ",
        "Media playback is unsupported on your device",
        "Boats sail.",
        "Click here to subscribe.",
    ]
)
TEXTS = st.lists(PIECES, min_size=1, max_size=5).map(" ".join)


@given(TEXTS)
def test_nothing_is_left_and_nothing_is_added(text: str) -> None:
    """A second pass changes nothing; no character is added."""
    shorter = without_inline_boilerplate(text)
    assert without_inline_boilerplate(shorter) == shorter
    letters = iter(text)
    assert all(letter in letters for letter in shorter)  # what is left stood there in that order
    assert shorter == shorter.strip() or text != text.strip()


def one_by_one(text: str) -> tuple[str, str | None]:
    """What `without_shapes` returns for a text, with every shape tried in every round."""
    first = None
    for _ in range(MAX_ROUNDS):
        before = text
        for shape in SHAPES:
            shorter = shape(text, inline_patterns(LEXICON))
            if shorter != text and first is None:
                first = shape.__name__.replace("_", " ")
            text = shorter
        if text == before:
            break
    return text, first


@given(st.lists(TEXTS, max_size=4))
def test_the_prefilter_changes_nothing(texts: list[str]) -> None:
    """Shapes that a text cannot have need not be tried, neither at first nor after others were removed."""
    found = without_shapes(pl.Series(texts, dtype=pl.String), LEXICON)
    assert list(zip(*found, strict=True)) == [one_by_one(text) for text in texts]


@given(st.lists(st.text(max_size=100) | TEXTS, max_size=4), st.sampled_from(range(len(SHAPES))))
def test_any_text_may_come(texts: list[str], bit: int) -> None:
    """No text raises an error, and a shape changes only texts that may have it, wherever they stand."""
    for text, shapes in zip(texts, possible_shapes(pl.Series(texts, dtype=pl.String), LEXICON), strict=True):
        if not shapes >> bit & 1:
            assert SHAPES[bit](text, inline_patterns(LEXICON)) == text


def test_a_needle_without_a_capital() -> None:
    """A notice that is listed without a capital letter is found everywhere."""
    lexicon = Lexicon(inline_notices=(Opening(("story continues",), " below"),))
    text = pl.Series(
        ["It was late; story continues below. They slept.", "And so on, until the boats came in."]
    )
    assert without_shapes(text, lexicon)[0][0] == "It was late; They slept."


def closing(frame: pl.DataFrame, **options: Any) -> pl.DataFrame:
    """The frame without closing sentences, by its own counts."""
    keys = line_keys(frame, lexicon=LEXICON)
    return repeated_inline_boilerplate(
        frame, merge_counts([count_source_lines(frame, keys=keys)]), keys=keys, lexicon=LEXICON, **options
    )


def test_a_last_sentence_that_a_source_repeats() -> None:
    """A closing sentence after different texts is removed from each paragraph, which records its old text."""
    frame = frame_by_source(
        *((SOURCE, [f"{sentence(n)} {PLEA}"]) for n in range(3)), *((SOURCE, [sentence(n)]) for n in range(9))
    )
    cleaned = closing(frame)
    assert cleaned["text"].to_list() == [sentence(n) for n in (*range(3), *range(9))]
    assert cleaned["before"].to_list()[:4] == [*frame["text"][:3], None]
    assert cleaned["fixes"].to_list()[:4] == [[FIX]] * 3 + [None]


def test_a_protected_paragraph_keeps_its_last_sentence() -> None:
    """What a person restored is not shortened, whatever its source repeats; it still counts for other documents."""
    frame = frame_by_source(*((SOURCE, [f"{sentence(n)} {PLEA}"]) for n in range(9)))
    frame = frame.with_columns((pl.col("document") == 4).alias("protected"))
    assert closing(frame)["text"].to_list() == [
        f"{sentence(n)} {PLEA}" if n == 4 else sentence(n) for n in range(9)
    ]


def test_two_last_sentences() -> None:
    """Several closing sentences at the end of one paragraph are all removed."""
    second = "Follow us on our page for more."
    frame = frame_by_source(
        *((SOURCE, [f"{sentence(n)} {PLEA}"]) for n in range(4)),
        *((SOURCE, [f"{sentence(n)} {PLEA} {second}"]) for n in range(4, 8)),
    )
    assert closing(frame)["text"].to_list() == [sentence(n) for n in range(8)]


@pytest.mark.parametrize(
    ("before", "left"),
    [
        ("Why do the boats of the {n} pier sail at night again?", ""),
        (
            "Nora Quill reports from the {n} pier. Follow us on the page that she keeps.",
            "Nora Quill reports from the {n} pier.",
        ),
        ("Letter {n} from the pier, in the evening. Follow us all day. You may follow us by mail.", ""),
        (
            "Nobody sails from the {n} pier. Who will pay for it?",
            "Nobody sails from the {n} pier. Who will pay for it?",
        ),
        (
            "She told us to sign up at the {n} pier, and then she left.",
            "She told us to sign up at the {n} pier, and then she left.",
        ),
    ],
)
def test_a_promo_goes_whole(before: str, left: str) -> None:
    """With a closing plea go the sentences of its promo; a paragraph that is nothing else is removed."""
    texts = [before.format(n=n) for n in NUMBERS]
    cleaned = closing(
        frame_by_source(*((SOURCE, [f"{text} {PLEA}", sentence(n)]) for n, text in enumerate(texts)))
    )
    first = cleaned.filter(pl.col("position") == 0)
    if left:
        assert first["text"].to_list() == [left.format(n=n) for n in NUMBERS]
    else:
        assert first.select("reason", "rule").unique().rows() == [
            ("boilerplate", "nothing but closing pleas")
        ]
    assert cleaned.filter(pl.col("position") == 1)["reason"].null_count() == len(NUMBERS)


@pytest.mark.parametrize(
    "documents",
    [
        pytest.param([f"{sentence(n)} {PLEA}" for n in range(2)], id="in two documents"),
        pytest.param([f"{sentence(0)} {PLEA}"] * 9, id="after one sentence, in copies of one article"),
        pytest.param([f"{sentence(n)} The trial goes on." for n in range(9)], id="asks for nothing"),
        pytest.param(
            [f"{sentence(n)} She said on Twitter: read more." for n in range(9)], id="somebody said it"
        ),
        pytest.param([f"“{sentence(n)} Join us at noon.”" for n in range(9)], id="ends a quotation"),
        pytest.param([f"Too short. {PLEA}" for _ in range(9)], id="too little before it"),
        pytest.param([PLEA for _ in range(9)], id="a line of its own"),
        pytest.param(
            [f"{sentence(n)} Join us {'and others ' * 12}below." for n in range(9)], id="a long one"
        ),
        pytest.param([f"{sentence(n)} and he asked them to join us." for n in range(9)], id="no sentence"),
    ],
)
def test_last_sentences_that_stay(documents: list[str]) -> None:
    """A sentence stays if few documents have it, or copies of one article, or if it may be the article's own."""
    frame = frame_by_source(*((SOURCE, [text]) for text in documents))
    assert_frame_equal(closing(frame), frame)


def test_the_share_counts() -> None:
    """In a source of very many documents, three are too few."""
    texts = [f"{sentence(n)} {PLEA}" if n < 3 else sentence(n) for n in range(60)]
    frame = frame_by_source(*((SOURCE, [text]) for text in texts))
    assert closing(frame)["text"].str.contains(PLEA, literal=True).sum() == 0
    assert closing(frame, min_share=0.3)["text"].str.contains(PLEA, literal=True).sum() == 3


def test_other_sources_stay() -> None:
    """A sentence is removed only where its own source repeats it."""
    texts = [(SOURCE, f"{sentence(n)} {PLEA}") for n in range(4)] + [
        ("other.example", f"{sentence(9)} {PLEA}")
    ]
    frame = frame_by_source(*((source, [text]) for source, text in texts), (None, [f"{sentence(8)} {PLEA}"]))
    assert closing(frame)["text"].str.contains(PLEA, literal=True).to_list() == [False] * 4 + [True] * 2


SENTENCES = st.sampled_from(
    [
        "Join us.",
        "Read more about it on www.post.example.",
        "Boats sail.",
        'He said "no."',
        "Ende…",
        "so",
        "Ünï ¿qué?",
        "詳細はこちら。",
    ]
)


@given(st.lists(st.lists(SENTENCES, max_size=6).map(" ".join), max_size=8))
def test_closing_sentences_are_at_the_end(texts: list[str]) -> None:
    """The sentence and the text before it make up the whole text, except for white space."""
    found = closing_sentences(pl.Series(texts, dtype=pl.String), LEXICON)
    for row, start, last, before in found.rows():
        assert texts[row].encode()[start:].decode() == last
        assert before == texts[row][: len(before)]
        assert texts[row][len(before) :].strip() == last


@given(
    st.lists(
        st.tuples(st.sampled_from(["a", "b"]), st.lists(SENTENCES, min_size=1, max_size=6).map(" ".join)),
        max_size=12,
    )
)
def test_doing_it_twice(documents: list[tuple[str | None, str]]) -> None:
    """A second pass with the same table changes nothing, and no paragraph becomes empty."""
    frame = frame_by_source(
        *((source, [f"{sentence(n % 5)} {text}"]) for n, (source, text) in enumerate(documents))
    )
    table = count(frame)
    once = repeated_inline_boilerplate(frame, table, keys=line_keys(frame, lexicon=LEXICON), lexicon=LEXICON)
    assert_frame_equal(
        repeated_inline_boilerplate(once, table, keys=line_keys(once, lexicon=LEXICON), lexicon=LEXICON), once
    )
    assert (once["text"].str.len_bytes() > 0).all()
    assert all(
        after == before[: len(after)] for after, before in zip(once["text"], frame["text"], strict=True)
    )
