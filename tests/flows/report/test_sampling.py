"""Which removals a page shows, and what it says of other thresholds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from flows.dataset import Dataset
from flows.dataset.summary import Counts
from flows.report.page import near_misses, sampling
from flows.report.page.context import context
from flows.report.page.counting import rejections
from flows.report.page.documents import read_documents
from flows.report.page.plots import columns, segments
from flows.report.page.reading import RunTables
from flows.report.page.templates import FOLDER
from flows.report.page.thresholds import bands_of, similarities
from flows.settings import Settings
from small_runs import plain_run, record, story

SETTINGS: dict[str, Any] = Settings().model_dump(mode="json")


def rows(*given: dict[str, Any]) -> pl.DataFrame:
    """Rows of `removed` with these values, the others null."""
    schema = {
        **dict.fromkeys(sampling.COLUMNS, pl.String()),
        "jaccard": pl.Float32(),
        "position": pl.UInt32(),
        "duplicate_of_position": pl.UInt32(),
    }
    return pl.DataFrame([{**dict.fromkeys(schema), **one} for one in given], schema=schema)


def test_a_margin_is_how_far_a_removal_was_from_being_none() -> None:
    """Counted from the threshold, the score that the strictness asks for, the least documents, the least share."""
    strictness = SETTINGS["boilerplate"]["strictness"]
    low, high = sorted(round(sampling.least_score(strictness, kind), 2) for kind in ("article", "page"))
    between = round((low + high) / 2, 2)
    margins = sampling.with_margins(
        rows(
            {"reason": "duplicate", "rule": "near-duplicate", "jaccard": 0.85},
            {"reason": "duplicate", "rule": "same tokens", "jaccard": 1.0},
            {"reason": "boilerplate", "rule": "line score", "detail": f"{high + 0.02:.2f}: short"},
            {"reason": "boilerplate", "rule": "line score", "detail": f"{between:.2f}: short"},
            {"reason": "boilerplate", "rule": "phrase en:share"},
            {"reason": "repeated_line", "rule": "x", "detail": "in 5 of 1,000 documents (1 %) of echo"},
            {"reason": "repeated_line", "rule": "x", "detail": "in 1,000 of 1,000 documents (100 %) of echo"},
            {
                "reason": "duplicate_document",
                "rule": "x",
                "detail": "92 % of the document was printed before",
            },
        ),
        SETTINGS,
    )["margin"]
    expected = [0.05, None, 0.02, between - low, None, 0, 99, 0.12]
    assert margins.to_list() == [one if one is None else pytest.approx(one, abs=1e-6) for one in expected]


def test_a_sample_takes_borderline_ones_each_rule_and_no_text_too_often(tmp_path: Path) -> None:
    """Half of it is borderline, half goes through the rules by turns; the same text is there three times at most."""
    out = tmp_path / "out"
    texts = [f"{story(n)}\n\nShare on Facebook\n\nSubscribe to our newsletter" for n in range(12)]
    texts += [f"{story(n)}\n\nAdvertisement" for n in range(12, 14)]
    settings = {name: {"enabled": False} for name in ("duplicate", "repeated_line", "language")}
    path = tmp_path / "a.jsonl"
    path.write_text("".join(json.dumps({"id": str(n), "text": text}) + "\n" for n, text in enumerate(texts)))
    plain_run(path, out, {**settings, "boilerplate": {"enabled": True}})
    run = RunTables.of(Dataset(out), "r000001")
    whole = sampling.sample(run, run.manifest["settings"], 100)
    counts = dict(whole.group_by("rule").len().iter_rows())
    assert counts == {"phrase en:share": 3, "phrase en:newsletter": 3, "phrase en:advertisement": 2}
    assert len(set(whole.head(4)["rule"])) == 3  # the longest first, and one of each rule
    assert whole["turn"].is_sorted()
    few = sampling.sample(run, run.manifest["settings"], 3)
    assert few.equals(whole.head(3))


def test_near_misses_have_their_exact_similarity(tmp_path: Path) -> None:
    """Of kept pairs with a band in common, those somewhat below the threshold are found, and those of other figures."""
    out = tmp_path / "out"
    long = " ".join(story(n) for n in range(4))
    less = long.replace("says that the", "says the", 3)
    texts = [long, less, long.replace("Report 3", "Report 4"), story(9)]
    path = tmp_path / "a.jsonl"
    path.write_text("".join(json.dumps({"id": str(n), "text": text}) + "\n" for n, text in enumerate(texts)))
    plain_run(path, out, {"duplicate": {"threshold": 0.95}})
    run = RunTables.of(Dataset(out), "r000001")
    settings = run.manifest["settings"]
    pairs, odds = near_misses.close_pairs(run, settings, 100)
    documents = read_documents(run, pl.concat([pairs["document_id"], pairs["other_id"]]).unique())
    found = near_misses.near_misses(pairs, odds, documents, settings, bands_of(settings))
    assert odds == near_misses.Odds(1.0, 1.0)
    assert found.pairs["jaccard"].is_between(0.7, 1.0).all()
    assert set(found.pairs["same_numbers"]) == {True, False}
    (similarity,) = found.pairs.filter("same_numbers")["jaccard"]
    assert list(found.bins) == [int(100 * similarity)]
    lower = dict(similarities(run, settings, found.bins).others)
    assert lower[0.75] == 1  # about: one paragraph more
    assert lower[0.95] == 0


def test_a_stricter_threshold_removes_less(out: Path) -> None:
    """What thresholds above that of the run would have removed is counted; identical paragraphs go at any."""
    run = RunTables.of(Dataset(out), "r000001")
    found = similarities(run, run.manifest["settings"], {})
    removed = run.scan("removed").collect()["jaccard"].drop_nulls()
    assert dict(found.others) == {
        value: int((removed.cast(pl.Float64) >= value - 1e-6).sum()) for value, _ in found.others
    }
    assert [value for value, _ in found.others] == [0.8, 0.85, 0.9, 0.95, 1.0]
    assert found.near_duplicates + found.same_tokens == len(removed)


def test_rejections_are_grouped_by_kind(tmp_path: Path) -> None:
    """Errors that differ in names and numbers only are one kind, with the first input as its example."""
    path = tmp_path / "a.jsonl"
    path.write_text("\n".join([json.dumps(record(1)), '{"text": 1}', '{"text": 22}', "{broken", ""]))
    plain_run(path, tmp_path / "out")
    kinds = rejections(RunTables.of(Dataset(tmp_path / "out"), "r000001"))
    assert [(kind.inputs, kind.example.rpartition("#")[2]) for kind in kinds] == [(2, "2"), (1, "4")]


def test_every_name_of_the_context_is_one_of_a_page(out: Path) -> None:
    """The context has no numbers that the template does not show."""
    run = RunTables.of(Dataset(out), "r000001")
    nothing = near_misses.NearMisses(pl.DataFrame(), {})
    counts = run.manifest["counts"]
    template = (FOLDER / "page.html.jinja").read_text(encoding="utf-8")
    known = context(run, run.manifest["settings"], Counts.from_json(counts), nothing)
    assert [name for name in known if name not in template] == []


def test_a_plot_stays_within_its_view() -> None:
    """Segments fill their width; columns stand on the axis, are as high as their values, and a nothing is not drawn."""
    bar = segments([("a", 3, ""), ("b", 0, ""), ("c", 1, "")], width=100)
    assert [(one.kind, one.x, one.width) for one in bar] == [("a", 0, 75), ("c", 75, 25)]
    plot = columns([("x", [("a", 10, ""), ("b", 10, "")]), ("y", [("a", 5, ""), ("b", 0, "")])])
    tall, top, low = plot.bars
    assert tall.y + tall.height == plot.bottom == low.y + low.height
    assert top.y + top.height == pytest.approx(tall.y)
    assert low.height == pytest.approx(tall.height / 2, abs=0.1)
    assert columns([]).bars == []
