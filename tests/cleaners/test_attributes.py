"""By-lines, datelines and time stamps: what is labelled, and what merely looks like it."""

from __future__ import annotations

import polars as pl
import pytest

from cleaners.attributes import label_lines, line_labels
from cleaners.boilerplate.cleaner import boilerplate
from support import LEXICON, frame_of

PROSE = "The harbour office said on Tuesday that the first boats would sail again at noon."


@pytest.mark.parametrize(
    ("line", "label"),
    [
        ("By Nora Quill", "by-line"),
        ("By Nora Quill and Tom Birch, Staff Writers", "by-line"),
        ("Von Nora Quill", "by-line"),
        ("Par Nora Quill", "by-line"),
        ("Das Gespräch führte Nora Quill.", "by-line"),
        ("Propos recueillis par Nora Quill", "by-line"),
        ("Rozmawiała Nora Quill", "by-line"),
        ("Беседовала Нора Куилл", "by-line"),
        ("Interview by Nora Quill", "by-line"),
        ("Por Nora Quill", "by-line"),
        ("Di Nora Quill", "by-line"),
        ("Autor: Nora Quill", "by-line"),
        ("Автор: Нора Куилл", "by-line"),
        ("記者 王小明 報導", "by-line"),
        ("김수진 기자", "by-line"),
        ("Tom Birch contributed to this report.", "by-line"),
        ("By Reuters", "by-line"),
        ("Oleh Nora Quill", "by-line"),
        ("Analysis by Nora Quill", "by-line"),
        ("14 May 2019", "dateline"),
        ("Port Alder, 4 March 2031", "dateline"),
        ("Tuesday 4 March 2031, Port Alder", "dateline"),
        ("WRENMOUTH (Reuters) -", "dateline"),
        ("May 14, 2019 at 10:30 AM", "dateline"),
        ("Published: 14.05.2019, 10:30 Uhr", "dateline"),
        ("le 14 mai 2019 à 10h30", "dateline"),
        ("14 мая 2019, 10:30", "dateline"),
        ("2019年5月14日 10:30", "dateline"),
        ("PORT STELL (AFP) -", "dateline"),
        ("10:05", "time stamp"),
        ("10.05 Uhr", "time stamp"),
        ("11 a.m. ET", "time stamp"),
        ("--Updated at 5:20 p.m.", "time stamp"),
        ("Updated Wednesday 5/29 at 10:30 a.m. ET", "time stamp"),
        ("Updated at 2:58 p.m. ET on 7/30", "time stamp"),
        ("Actualizado a las 14:05", "time stamp"),
        ("Mis à jour à 14h05", "time stamp"),
        ("Uppdaterad måndag 14.30", "time stamp"),
        ("Stand: 14.05 Uhr", "time stamp"),
        ("Обновлено в 14:05", "time stamp"),
        ("更新: 14:05", "time stamp"),
        ("The ferry to the islands sails at 10:30", None),
        ("Polls open at 7 a.m. and close at 7 p.m.", None),
        ("Posted at 12:24 PM | Permalink", None),
        ("Netloft 21:19", None),
        ("Matthew 6:33", None),
        ("By noon all boats had sailed.", None),
        ("BY THE NUMBERS", None),
        ("Di Mario", None),
        ("By reuters", None),
        ("von Bayern München", None),
        ("The bridge opened on 14 May 2019, then fell down.", None),
        ("Am 14. Mai 2019, als alles begann", None),
        ("BREAKING NEWS -", None),
        ("Environmental Protection Agency (EPA)", None),
        ("Von der Leyen will nicht mehr", None),
        ("Boats 3, Bridges 2", None),
        ("The budget of May 2019 was never passed", None),
        ("In 2019", None),
        ("10:05 the first cars roll on board", None),
        (PROSE, None),
        ("", None),
    ],
)
def test_labels(line: str, label: str | None) -> None:
    """A line is labelled by its form; one that says more than who or when is not."""
    assert label_lines(pl.Series([line]), LEXICON).to_list() == [label]


def test_null_has_no_label() -> None:
    """A line that is null is labelled null."""
    assert label_lines(pl.Series([None, "10:05"], dtype=pl.String), LEXICON).to_list() == [None, "time stamp"]


def test_table_of_labels() -> None:
    """Lines with a label, and no others, are told with their document and position."""
    frame = frame_of(["By Nora Quill", PROSE, "10:05"]).with_columns(pl.lit("d000").alias("document_id"))
    told = line_labels(frame, LEXICON)
    assert told.rows() == [("d000", 0, "by-line"), ("d000", 2, "time stamp")]


def test_kept_unless_the_configuration_removes_them() -> None:
    """By-lines and datelines stay; each goes where its option is on, and time stamps never."""
    frame = frame_of(["By Nora Quill", "14 May 2019", "10:05", PROSE])
    assert boilerplate(frame, phrases=(), lexicon=LEXICON)["rule"].to_list() == [None] * 4
    removed = boilerplate(frame, phrases=(), lexicon=LEXICON, by_lines=True)
    assert removed["rule"].to_list() == ["by-line", None, None, None]
    removed = boilerplate(frame, phrases=(), lexicon=LEXICON, by_lines=True, datelines=True)
    assert removed["rule"].to_list() == ["by-line", "dateline", None, None]
