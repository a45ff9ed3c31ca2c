"""The generated corpora."""

from __future__ import annotations

import json
from collections import Counter
from itertools import islice
from pathlib import Path

import zstandard

from benchmarks import corpus, multiply


def test_a_larger_corpus_begins_with_a_smaller_one(tmp_path: Path) -> None:
    """Size decides only where a corpus ends, and the bytes are the same each time."""
    small, large = tmp_path / "small.jsonl", tmp_path / "large.jsonl"
    corpus.write(small, 0.2)
    corpus.write(large, 0.5)
    assert large.read_bytes().startswith(small.read_bytes())
    assert 500_000 <= large.stat().st_size < 600_000


def test_it_is_like_scraped_news() -> None:
    """Most paragraphs are new, some come again, and every record has what a crawler delivers."""
    records = list(islice(corpus.records(), 400))
    assert all(set(r) == {"id", "source", "url", "published", "title", "text"} for r in records)
    paragraphs = Counter(p for r in records for p in r["text"].split("\n") if len(p) > 100)
    again = 1 - len(paragraphs) / paragraphs.total()
    assert 0.02 < again < 0.15


def test_damage_is_as_much_as_was_asked_for() -> None:
    """None, or in nearly every paragraph."""
    whole, damaged = (
        "".join(r["text"] for r in islice(corpus.records(damaged=share), 20)) for share in (0, 0.9)
    )
    assert "â€œ" not in whole
    assert damaged.count("â€œ") > 100


def test_reports_are_near_misses(tmp_path: Path) -> None:
    """Two reports from one template share the shingles that none of five fields is in."""
    for words, expected in ((60, 0.59), (98, 0.73)):
        path = tmp_path / f"{words}.jsonl"
        corpus.write_reports(path, 2, words)
        lines = path.read_text(encoding="utf-8").splitlines()
        first, second = (set(_shingles(json.loads(line)["text"])) for line in lines)
        assert abs(len(first & second) / len(first | second) - expected) < 0.01


def _shingles(text: str) -> list[str]:
    words = text.split()
    return [" ".join(words[i : i + 3]) for i in range(len(words) - 2)]


def test_a_multiplied_corpus_repeats_itself_within_a_copy_only(tmp_path: Path) -> None:
    """What comes twice in the corpus comes twice in each copy; hardly any paragraph is in two copies."""
    given, larger = tmp_path / "given.jsonl", tmp_path / "larger.jsonl.zst"
    corpus.write(given, 0.5)
    multiply.write(given, given.stat().st_size * 2.5 / 1e6, larger)
    with zstandard.open(larger, "rt", encoding="utf-8") as file:
        text = file.read()
    assert text.startswith(given.read_text("utf-8"))
    records = [json.loads(line)["text"].split("\n") for line in text.splitlines()]
    count = len(given.read_text("utf-8").splitlines())
    copy = [
        (paragraph, edited)
        for record, again in zip(records, records[count : 2 * count], strict=False)
        for paragraph, edited in zip(record, again, strict=True)
        if len(paragraph) > 100
    ]
    assert sum(paragraph == edited for paragraph, edited in copy) < 0.1 * len(copy)
    assert len(set(copy)) < 1.01 * len({paragraph for paragraph, _ in copy})
