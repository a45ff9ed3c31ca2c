"""Labelled sets, what is made of them, and the points at which a score removes."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import zstandard

from boilerplate.scoring import NEVER, Scored, after_rules, best_thresholds, figures, threshold_for
from boilerplate.sets import Document, LabelledSet, cropped, labelled_sets, repeated_on_sites

ARTICLE = "The northern ferry will sail again on Monday, the harbour master told the council on Thursday."


def whole_pages(pages: int = 40) -> LabelledSet:
    """Pages with a menu, an article of five paragraphs, and a footer."""
    lines = [
        "Home",
        "Harbour news",
        *[ARTICLE] * 5,
        "Read our guide to the tides of the northern bay this summer",
        "Contact",
    ]
    keep = [False, False, *[True] * 5, False, False]
    documents = [Document(f"p{n}", f"g{n}", "en", None, lines, keep) for n in range(pages)]
    return LabelledSet("pages.fullpage", "real", documents)


@pytest.mark.parametrize("style", ["sparse", "dense"])
def test_cropped(style: str) -> None:
    """A crop has nearly all of the article and a part of the boilerplate, the same one each time."""
    crop = cropped(whole_pages(), style, 1)
    assert crop == cropped(whole_pages(), style, 1)
    assert crop != cropped(whole_pages(), style, 2)
    keep, whole = crop.keep(), whole_pages().keep()
    assert 0.9 < keep.sum() / whole.sum() <= 1
    assert 0 < (~keep).sum() < 0.7 * (~whole).sum()
    assert len(crop.frame()) == len(keep) == len(crop.words())


def test_labelled_sets(tmp_path: Path) -> None:
    """Records with labels become documents; headlines are kept, empty lines dropped; other files are left out."""
    folder = tmp_path / "data" / "boilerplate"
    folder.mkdir(parents=True)
    for name, record in {
        "a": {
            "id": 1,
            "lang": "de",
            "url": "https://www.gazette.example/x",
            "lines": ["A  b", " ", "C"],
            "labels": [1, 0, 0],
        },
        "b": {"id": 1, "text": "A", "with": [], "without": []},
        "c": {"id": 2, "lines": ["A"], "labels": ["headline"]},
    }.items():
        (folder / f"{name}.jsonl.zst").write_bytes(zstandard.compress(json.dumps(record).encode() + b"\n"))
    first, second = labelled_sets(tmp_path)
    assert first.documents == [Document("a-0", "gazette.example", "de", None, ["A b", "C"], [True, False])]
    assert (second.documents[0].keep, second.documents[0].language) == ([True], "?")


def test_repeated_on_sites(tmp_path: Path) -> None:
    """What eight documents of a site hold is boilerplate, figures aside; what a few hold may be anything."""
    path = tmp_path / "sites.jsonl.zst"
    texts = [
        f"{ARTICLE}\nA story of its own, number {'abcdefghij'[n]}\n{n} comments" + "\nSeldom" * (n < 3)
        for n in range(10)
    ]
    lines = [json.dumps({"source": "gazette", "text": text, "title": None}) for text in texts]
    path.write_bytes(zstandard.compress("\n".join(lines).encode()))
    labelled = repeated_on_sites(path, 10, 1)
    assert labelled.kind == "weak"
    first = labelled.documents[0]
    assert first.lines[1:] == ["A story of its own, number a", "0 comments", "Seldom"]
    assert first.keep == [False, True, False, True]
    assert first.sure == [True, True, True, False]


def scored(odds: list[float], keep: list[bool], words: list[int], page: bool = False) -> Scored:
    """A set of lines without features."""
    n = len(odds)
    no = np.zeros(n, np.bool_)
    return Scored(
        "s", "real", np.array(["x"] * n), np.array(keep), np.array(words), np.array(["en"] * n), np.array(["d"] * n),
        np.array(["g"] * n), np.zeros(n, np.int64), no, ~no, np.arange(n), np.zeros((n, 1), np.float32),
        np.zeros(0, np.uint32), np.zeros(n + 1, np.int64), no, np.zeros(n, np.float32), np.full(n, page),
    )  # fmt: skip


def test_figures() -> None:
    """Recall counts lines, what is kept counts words; lines under the threshold of their kind stay."""
    lines = scored([3, 2, 1, NEVER], [False, True, False, True], [1, 10, 1, 90])
    odds = np.array([3, 2, 1, NEVER])
    high, low = figures(lines, odds, (2.5, -9)), figures(lines, odds, (0.0, 9))
    assert (high.precision, high.recall, high.kept) == (1, 0.5, 1)
    assert (low.precision, low.recall, low.kept) == (pytest.approx(2 / 3), 1, pytest.approx(0.9))


def test_thresholds() -> None:
    """The lowest threshold is taken at which enough words are kept, in the worst of the sets."""
    odds = np.array([3.0, 2.0, 1.0, NEVER])
    lines = scored(odds.tolist(), [False, True, False, True], [1, 10, 1, 90])
    assert 1.9 < threshold_for(lines, odds, 0.95) <= 2.1
    assert threshold_for(lines, odds, 0.85) <= 1
    pages = scored(odds.tolist(), [False] * 3 + [True], [1, 1, 1, 9], True)
    article, page = best_thresholds([lines, pages], {"s": odds}, 0.95, -np.inf)
    assert 2 < article <= 3
    assert page <= 1
    assert best_thresholds([lines, pages], {"s": odds}, 0.95, 1.5) == (article, 1.5)


def test_labels_by_chance() -> None:
    """Of whole pages a short line far from the article is not learnt from, whatever its label."""
    pages = whole_pages(1)
    (page,) = pages.documents
    lines = [
        Document(
            page.name, page.group, "en", None, [*page.lines, *["Tides"] * 3], [*page.keep, False, False, True]
        )
    ]
    sure = after_rules(LabelledSet("pages.fullpage", "real", lines)).sure
    assert sure.tolist() == [True] * 11 + [False]
