"""The pairs of near-duplicates: made by seed, each with the edit that it is named after, and nothing else."""

from __future__ import annotations

import json
import re
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from . import __main__ as command
from . import report
from .near_duplicates.making import KINDS, LANGUAGES, Pair, pairs, pool


@cache
def made() -> list[Pair]:
    """Forty pairs of each kind."""
    return list(pairs(len(KINDS) * 40))


def words(text: str) -> list[str]:
    """The words of a text, whatever their case and punctuation."""
    return re.findall(r"\w+", text.casefold())


def of_kind(kind: str) -> list[Pair]:
    """The pairs of a kind."""
    return [pair for pair in made() if pair.kind == kind]


def test_the_same_seed_gives_the_same_pairs() -> None:
    """Of each kind as many, in all languages; another seed gives others."""
    assert list(pairs(60)) == made()[:60]
    assert list(pairs(60, seed=1)) != made()[:60]
    assert set(Counter(pair.kind for pair in made()).values()) == {40}
    assert {pair.lang for pair in made()} == set(LANGUAGES)
    assert {pair.kind: pair.label for pair in made()} == {kind: label for kind, label, _ in KINDS}


def test_there_are_sixty_sentences_and_more() -> None:
    """In six languages, and each has what every edit needs."""
    assert sum(len(pool(language).sentences) for language in LANGUAGES) >= 60
    for language in LANGUAGES:
        of = pool(language)
        assert len(of.clauses) >= 2
        assert of.additions
        kinds = set(re.findall(r"\[(.):", "".join(of.sentences)))
        assert kinds >= set("rfwn-c")


def test_the_edit_is_the_one_of_its_kind() -> None:
    """Figures, added words and words left out are those that the name of the kind promises."""
    for pair in of_kind("same words, other case and punctuation"):
        assert words(pair.witness) == words(pair.later)
        assert pair.witness != pair.later
    for pair in of_kind("other figure"):
        assert re.findall(r"\d+", pair.witness) != re.findall(r"\d+", pair.later)
        assert re.sub(r"\d+", "", pair.witness) == re.sub(r"\d+", "", pair.later)
    for pair in of_kind("shortened by a sentence"):
        assert pair.witness.startswith(pair.later)
    for kind in ("new clause", "new sentence", "a market code added"):
        for pair in of_kind(kind):
            assert len(pair.later) > len(pair.witness)
            assert not Counter(pair.witness) - Counter(pair.later)
    for kind in ("number in words", "other day", "other month", "negation added", "negation left out"):
        for pair in of_kind(kind):
            later, witness = Counter(words(pair.later)), Counter(words(pair.witness))
            assert 1 <= (later - witness).total() + (witness - later).total() <= 4
            assert re.findall(r"\d+", pair.witness) == re.findall(r"\d+", pair.later)


def test_only_the_two_of_a_pair_resemble_each_other() -> None:
    """Two witnesses have next to no run of three words in common."""
    shingles = [
        {tuple(one[place : place + 3]) for place in range(len(one) - 2)}
        for one in (words(pair.witness) for pair in made() if pair.lang == "en")
    ]
    assert max(len(a & b) / len(a | b) for n, a in enumerate(shingles) for b in shingles[:n]) < 0.1


def test_the_pairs_are_written_for_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As JSON Lines, as many as are asked for."""
    path = tmp_path / "pairs.jsonl"
    monkeypatch.setattr("sys.argv", ["benchmarks", "nearduplicates", "--write", str(path), "--pairs", "30"])
    command.main()
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert rows == [pair._asdict() for pair in made()[:30]]


def test_the_table_has_shares_by_kind() -> None:
    """A row for each kind, and one for each of the two labels, which sums up its kinds."""
    found = {
        "pairs": {"reworded": 4, "shortened": 4, "other day": 2},
        "labels": {"reworded": "harmless", "shortened": "harmless", "other day": "loses"},
        "languages": {"en": 10},
        "removed": {"copydesk": {"reworded": 4, "shortened": 2, "other day": 0}},
        "failed": {"peer": "not installed"},
    }
    text = report._near_duplicates(found)
    assert "| **states nothing new** | 8 | 75.0% |" in text
    assert "| **states something new** | 2 | 0.0% |" in text
    assert "| shortened | 4 | 50.0% |" in text
    assert text.endswith("- peer failed: not installed")
