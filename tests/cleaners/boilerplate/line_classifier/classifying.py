"""Helpers for tests of the line classifier: small documents, and the lines that it removes from them."""

from __future__ import annotations

import polars as pl
from boilerplate.model_file import write_model

from cleaners.boilerplate.cleaner import boilerplate
from cleaners.boilerplate.line_classifier.model import LineModel, read_model
from flows.settings import Settings, phrases_of
from support import LEXICON, frame_of

#: To this model every line is boilerplate.
ALWAYS: LineModel = read_model(
    write_model([{"value": 9.0}], {"article": (9.0, 3, 2, 1, 0), "page": (9.0, 3, 2, 1, 0)}, {})
)
PHRASES = phrases_of(Settings())

PROSE = [
    "The northern ferry will sail again on Monday, the harbour master told the council on Thursday evening.",
    "Crews had stayed ashore for nine days, after the company had cut their pay without a word to anybody.",
    "Passengers in the two villages across the bay had taken the long road round, which takes an hour more.",
    "Nobody could say on Friday what the strike had cost, and the company would not speak of it to reporters.",
    "The council wants to hear both sides in May, and may then put the line out to tender for the first time.",
]


def gone(lines: list[str], model: LineModel = ALWAYS, strictness: float = 0.5) -> list[str]:
    """The lines that are removed by their score, without sentences of the article."""
    frame = boilerplate(frame_of(lines), phrases=PHRASES, lexicon=LEXICON, model=model, strictness=strictness)
    scored = frame.filter(pl.col("rule").str.starts_with("line score"))["text"].to_list()
    return [line for line in scored if line not in PROSE]


def amid(*lines: str) -> list[str]:
    """The lines in the middle of an article."""
    return [*PROSE, *lines, *PROSE[::-1]]
