"""Pull quotes: which of two copies goes, and which lines only look like one."""

from __future__ import annotations

import polars as pl
import pytest

from cleaners.boilerplate.cleaner import boilerplate
from cleaners.boilerplate.pull_quote import HEAD_LINES, MAX_PULLED
from cleaners.boilerplate.repeated_text import longer_lines
from cleaners.phrases.phrase import Phrase
from cleaners.phrases.search import lines_of
from cleaners.text.utf8 import utf8
from support import LEXICON, frame_of

#: Enough paragraphs for a head; none is repeated.
ABOVE = [
    f"The harbour office said on {day} that the first boats would sail again, if the wind let them."
    for day in ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
]
BELOW = "Nobody could say when the second ferry would be ready, or who would pay for the work on it."

QUOTE = "“We had almost forgotten what the mainland smells like”"
WHOLE = "“We had almost forgotten what the mainland smells like,” said the woman who keeps the island's shop."
SENTENCE = "A town that loses its ferry loses its school within three winters, and then its shop."
RUNNING = f"The teacher had seen it on two islands. {SENTENCE} She has begun to count the winters."


def pulled(*lines: str, **options: bool) -> list[str]:
    """Which of the lines go as pull quotes, below ABOVE and above BELOW."""
    frame = boilerplate(frame_of([*ABOVE, *lines, BELOW]), phrases=(), lexicon=LEXICON, **options)
    gone: list[str] = frame.filter(pl.col("rule") == "pull quote")["text"].to_list()
    return gone


@pytest.mark.parametrize(
    ("copy", "paragraph"),
    [
        (QUOTE, WHOLE),
        (QUOTE.upper(), WHOLE),
        (f"{QUOTE} — Ada Finch, shopkeeper", WHOLE),
        (
            "“A town that loses its only ferry … loses its shop.”",
            "“A town that loses its only ferry first loses its shop,” she says.",
        ),
        (SENTENCE, RUNNING),
        (f"{SENTENCE} — Ada Finch", RUNNING),
        ("“[A] town that loses its ferry loses its school within three winters.”", RUNNING),
        (
            "“We had neither bread nor milk for nine days. We had no boats either.”",
            "“We had neither bread nor milk for nine days,” said the baker, who is old. “We had no boats either.”",
        ),
        (
            "„Wir hatten schon fast vergessen, wie das Festland riecht.“",
            "„Wir hatten schon fast vergessen, wie das Festland riecht“, sagte die Frau, die den Laden führt.",
        ),
        (
            "« On avait presque oublié l'odeur du continent. »",
            "« On avait presque oublié l'odeur du continent », dit la dame qui tient la seule boutique de l'île.",
        ),
        (
            "Мы уже почти забыли, как пахнет большая земля и чем пахнет город.",
            "Мы уже почти забыли, как пахнет большая земля и чем пахнет город. Так сказала хозяйка лавки в порту.",
        ),
        (
            "「私たちは本土の匂いをもうほとんど忘れていました。」",
            "島で唯一の店を営む女性は「私たちは本土の匂いをもうほとんど忘れていました」と港で記者団に語った。",
        ),
        (
            "“我们几乎已经忘记了大陆的气味是什么样的。”",
            "岛上唯一一家商店的女店主周一在码头对记者说：“我们几乎已经忘记了大陆的气味是什么样的，真的。”她没有再说别的话。",
        ),
    ],
)
def test_the_copy_that_is_set_apart_goes(copy: str, paragraph: str) -> None:
    """It goes whether it stands before or after the paragraph, which stays."""
    assert pulled(copy, BELOW.replace("ferry", "boat"), paragraph) == [copy]
    assert pulled(paragraph, BELOW.replace("ferry", "boat"), copy) == [copy]
    assert pulled(copy, paragraph, pull_quotes=False) == []


@pytest.mark.parametrize(
    "line",
    [
        "“We want to forget what the mainland smells like”",  # other words
        "‘We had almost forgotten what the mainland smells like’",  # short, and no quotation marks
        "“What the Mainland Smells Like”",  # a subhead
        "what the mainland smells like",
        f"• {QUOTE}",
        f"3. {QUOTE}",
        "We had almost forgotten what the mainland smells like. — Stell Shop (@stellshop) 4 May 2019",
        WHOLE,
    ],
)
def test_what_stays(line: str) -> None:
    """Other words, subheads, items of lists, posts of a social network, and the paragraph itself stay."""
    assert pulled(line, BELOW.replace("ferry", "boat"), WHOLE) == []


def test_refrains_stay() -> None:
    """A line that is printed more than once stays."""
    assert pulled(SENTENCE, WHOLE, SENTENCE, BELOW.replace("ferry", "boat"), RUNNING) == []


def test_a_question_may_be_a_subhead() -> None:
    """A question without quotation marks stays, although a paragraph asks it, too."""
    question = "What does a town do that has lost its ferry, its school and its shop?"
    assert pulled(question, f"{question} Nobody asks that before it is too late, the teacher says.") == []


def test_the_head_stays() -> None:
    """Decks and a summary in the first lines stay, although the body says the same; so do adjacent lines below."""
    second = "The company wants to hear nothing of it before the spring, and says so to everybody."
    body = [RUNNING, BELOW.replace("ferry", "boat"), f"Few were surprised. {second} That is how it is."]
    for head in ([SENTENCE], [ABOVE[0], SENTENCE], [*ABOVE[: HEAD_LINES - 1], SENTENCE]):
        frame = boilerplate(frame_of([*head, *body]), phrases=(), lexicon=LEXICON)
        assert frame["reason"].is_null().all()
    assert pulled(SENTENCE, second, *body) == []
    assert pulled(SENTENCE, BELOW.replace("ferry", "train"), second, *body) == [SENTENCE, second]


def test_an_article_printed_twice_is_no_pull_quote() -> None:
    """Where one paragraph holds more than MAX_PULLED lines, it is the article once more, and the lines stay."""
    lines = [
        f"On the {day} day of the strike nobody sailed to the island, and nobody came."
        for day in ("first", "second", "third")
    ]
    assert len(lines) > MAX_PULLED
    apart = [
        line
        for pair in zip(lines, ABOVE[:3], strict=True)
        for line in (pair[0], pair[1].replace("boats", "trains"))
    ]
    assert pulled(*apart, " ".join(lines)) == []


def test_one_copy_always_stays() -> None:
    """A copy in a line of boilerplate, which may go itself, does not count."""
    plea = f"{SENTENCE} Sign up for our newsletter and read more about the ferry every week."
    phrase = Phrase("en", "newsletter", ("Sign up for our newsletter",), match="anywhere", max_words=60)
    frame = frame_of([*ABOVE, SENTENCE, BELOW, plea])
    removed = boilerplate(frame, phrases=[phrase], lexicon=LEXICON).filter(pl.col("reason").is_not_null())
    assert SENTENCE not in removed["text"].to_list()


def test_copies_are_found_at_any_place() -> None:
    """A longer line is found wherever it holds the copy, and whatever stands beside the two."""
    for shift in range(9):
        frame = frame_of([SENTENCE, "x" * shift + RUNNING, "Nothing else."])
        pairs = longer_lines(lines_of(frame), utf8(frame["text"]))
        assert pairs.rows() == [(0, 1)]
