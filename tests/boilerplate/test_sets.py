"""Labelled sets, what is made of them, and the points at which a score removes."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path

import numpy as np
import pytest
import zstandard

from boilerplate.labels import consistent
from boilerplate.scoring import DECISIVE, LARGE, NEVER, Family, Scored, after_rules, best_thresholds, families
from boilerplate.sets import Document, LabelledSet, clean_texts, kind_of, labelled_sets, repeated_on_sites
from boilerplate.training import beyond

ARTICLE = "The northern ferry will sail again on Monday, the harbour master told the council on Thursday."


def whole_pages(pages: int) -> LabelledSet:
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


def test_consistent_labels() -> None:
    """Headlines, dates, and lines whose labels contradict each other or those of most sites teach nothing."""

    def labelled(name: str, site: str, title: str, lines: list[tuple[str, bool]]) -> LabelledSet:
        text, keep = map(list, zip(*lines, strict=True))
        return LabelledSet(name, "real", [Document("d", site, "en", title, text, keep)])

    share = [("Share this page", False)]
    sets = [labelled(f"x.{n}", f"site-{n}", "", [*share, (ARTICLE, True)]) for n in range(9)]
    sets += [
        labelled(
            "x.a", "one", "Ferry sails", [("FERRY SAILS!", True), ("Tides", True), ("12 March 2021", True)]
        ),
        labelled("x.b", "one", "Ferry sails", [("Tides", False), ("Harbour dues", False), ("***", False)]),
        labelled("x.c", "two", "", [("Tides", False), ("Share this page", True)]),
    ]
    *many, first, second, third = (sure.tolist() for sure in consistent(sets))
    assert many == [[True, True]] * 9
    assert first == [False, False, False]
    assert second == [False, True, True]
    assert third == [True, False]


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
    (folder / "extracted").mkdir()
    (folder / "a.jsonl.zst").rename(folder / "extracted" / "a.jsonl.zst")
    second, first = labelled_sets(tmp_path)
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


def scored(name: str, keep: list[bool], words: list[int], page: bool = False) -> Scored:
    """A set of lines without features."""
    n = len(keep)
    no = np.zeros(n, np.bool_)
    return Scored(
        name, "real", np.array(["x"] * n), np.array(keep), np.array(words), np.array(["en"] * n), np.array(["d"] * n),
        np.array(["g"] * n), np.zeros(n, np.int64), no, ~no, np.arange(n), np.zeros((n, 1), np.float32),
        np.zeros(0, np.uint32), np.zeros(n + 1, np.int64), np.zeros((3, n), np.bool_),
        np.zeros((3, n), np.float32), np.full(n, page),
    )  # fmt: skip


ODDS = np.array([3, 2, 1, NEVER])


def test_figures() -> None:
    """Recall counts lines, what is kept counts words; lines under the threshold of their kind stay."""
    (family,) = families([scored("s.x", [False, True, False, True], [1, 10, 1, 90])], {"s.x": ODDS})
    high, low = family.figures((2.5, -9)), family.figures((0.0, 9))
    assert (high.precision, high.recall, high.kept) == (1, 0.5, 1)
    assert (low.precision, low.recall, low.kept) == (pytest.approx(2 / 3), 1, pytest.approx(0.9))


def test_what_is_judged() -> None:
    """Small sets of a kind are judged together, large ones with others of their source; lines without odds are not."""
    large = [scored(f"{source}.x", [True] * 4, [LARGE] * 4) for source in ("a", "b", "b_articles")]
    small = [scored(f"{source}.x", [True] * 4, [9] * 4) for source in ("c", "d")]
    odds = {s.name: ODDS for s in (*large, *small)} | {"d.x": np.array([np.nan, np.nan, 1, 2])}
    judged = {f.name: f.figures((0, 0)).lines for f in families([*large, *small], odds)}
    assert judged == {"x of a": 4, "x of b": 8, "x of others": 6}


def test_thresholds() -> None:
    """The lowest thresholds are taken at which enough words are kept in the worst family."""
    lines = Family(
        "lines",
        [scored("s.x", [False, True, False, True], [DECISIVE, 10 * DECISIVE, DECISIVE, 90 * DECISIVE])],
        [ODDS],
        0.1,
    )
    pages = Family("pages", [scored("s.y", [False] * 3 + [True], [1, 1, 1, DECISIVE], True)], [ODDS], 0.1)
    article, page = best_thresholds([lines, pages], 0.5, -np.inf)
    assert 2 < article <= 3
    assert page <= 1
    assert best_thresholds([lines, pages], 0.5, 1.5) == (article, 1.5)
    assert best_thresholds([lines], 1, -np.inf)[0] <= 1


def test_beyond_thresholds() -> None:
    """The margin is what a family needs beyond the thresholds, 0 where it keeps enough."""
    lines = Family(
        "lines",
        [scored("s.x", [False, True, False, True], [DECISIVE, 10 * DECISIVE, DECISIVE, 90 * DECISIVE])],
        [ODDS],
        0.05,
    )
    assert beyond(lines, (1.5, 0)) == pytest.approx(0.625)
    assert beyond(lines, (2.5, 0)) == 0


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


def test_clean_texts(tmp_path: Path) -> None:
    """Of a packed folder, texts are taken without their front matter, notes not at all; every line is to be kept."""
    text = "The ferry sails again.\n\n" + "The crews want more pay. " * 15
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w") as archive:
        for name, content in (
            ("a.txt", f"---\ndate: 1\n---\n{text}"),
            ("b.txt", "A note"),
            ("a-meta.txt", text),
        ):
            entry = tarfile.TarInfo(name)
            entry.size = len(content.encode())
            archive.addfile(entry, io.BytesIO(content.encode()))
    packed = tmp_path / "gazette.tar.zst"
    packed.write_bytes(zstandard.ZstdCompressor().compress(plain.getvalue()))
    clean = clean_texts(packed, "en", 9)
    (document,) = clean.documents
    assert document.lines[0] == "The ferry sails again."
    assert document.keep == [True, True]
    assert kind_of(clean.name) == "clean text"
