"""Whole documents of our own writing: what goes of each line by line, and why; half of them must stay as they are."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from flows.run.clean_shard import clean_shard
from flows.settings import Settings, phrases_of
from support import LEXICON, ROOT, WHY, load_cases

CASES: dict[str, dict[str, Any]] = {
    f"{path.stem}: {case['name']}": case
    for path in sorted((ROOT / "tests/cases/documents").glob("*.json"))
    for case in load_cases(f"documents/{path.stem}")
}
SETTINGS = Settings()
PHRASES = phrases_of(SETTINGS)


def edited(*cases: dict[str, Any]) -> list[list[list[str | None]]]:
    """Of each case the lines, each with "reason: rule" or None, after all that needs no other document."""
    documents = pl.DataFrame(
        {
            "document_id": [f"d{n}" for n in range(len(cases))],
            "text": ["\n\n".join(text for text, _ in case["lines"]) for case in cases],
            "source": pl.Series([None] * len(cases), dtype=pl.String),
            "title": pl.Series([case.get("title") for case in cases], dtype=pl.String),
        }
    )
    _, frame = clean_shard(documents, SETTINGS, PHRASES, LEXICON)
    why = pl.concat_str("reason", pl.lit(": "), WHY)
    answers = {
        document: [list(row) for row in rows.select("text", why).rows()]
        for (document,), rows in frame.partition_by("document", as_dict=True).items()
    }
    return [answers[n] for n in range(len(cases))]


@pytest.fixture(scope="module")
def together() -> dict[str, list[list[str | None]]]:
    """What `edited` answers to all cases at once, by their names."""
    return dict(zip(CASES, edited(*CASES.values()), strict=True))


@pytest.mark.parametrize("name", CASES)
def test_case(name: str, together: dict[str, list[list[str | None]]]) -> None:
    """Each line goes for the reason and by the rule that stand beside it, or stays."""
    assert together[name] == CASES[name]["lines"]


@pytest.mark.parametrize("name", [*CASES][::8])
def test_a_document_is_judged_alone_as_among_others(name: str) -> None:
    """The other documents of a shard change nothing; tried with every eighth case."""
    assert edited(CASES[name]) == [CASES[name]["lines"]]


def test_cases_are_many_and_half_of_them_stay() -> None:
    """There are 150 cases or more in ten languages or more, and half of them lose no line."""
    whole = [case for case in CASES.values() if all(why is None for _, why in case["lines"])]
    assert len(CASES) >= 150
    assert len({name.split(":")[0] for name in CASES}) >= 10
    assert 0.4 <= len(whole) / len(CASES) <= 0.6
