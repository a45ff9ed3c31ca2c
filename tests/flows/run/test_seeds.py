"""The seeds, end to end: `make run` gives what seeds/expected.json expects."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from flows.dataset import Dataset
from flows.verify import verify
from small_runs import run
from support import ROOT, table

ARTICLES = ROOT / "seeds" / "articles"
EXPECTED: dict[str, dict[str, Any]] = json.loads(
    (ROOT / "seeds" / "expected.json").read_text(encoding="utf-8")
)


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The dataset of the seeds."""
    folder = tmp_path_factory.mktemp("seeds") / "out"
    run(ARTICLES, folder)
    return folder


def found(out: Path, name: str) -> dict[str, list[dict[str, Any]]]:
    """The rows of a table by the path of their input, relative to the articles."""
    rows: dict[str, list[dict[str, Any]]] = {}
    for row in table(out, name).to_dicts():
        rows.setdefault(row["uri"].removeprefix(f"{ARTICLES}/"), []).append(row)
    return rows


@pytest.mark.parametrize("path", EXPECTED)
def test_article(out: Path, path: str) -> None:
    """Each article is decoded, repaired, cleaned or rejected as seeds/README.md says."""
    expected = EXPECTED[path]
    if "rejected" in expected:
        (row,) = found(out, "rejected")[path]
        assert row["error"].startswith(expected["rejected"])
        return
    documents, removed = found(out, "documents").get(path, []), found(out, "removed").get(path, [])
    reasons = Counter(row["reason"] for row in removed)
    if "removed" in expected:
        assert reasons == expected["removed"], [(row["text"], row["rule"]) for row in removed]
    for reason, least in expected.get("removed_at_least", {}).items():
        assert reasons[reason] >= least
    if "kept_paragraphs" in expected:
        assert sum(row["paragraphs"] for row in documents) == expected["kept_paragraphs"]
    for row in documents:
        if "language" in expected:
            assert row["language"] == expected["language"]
        if "encoding" in expected and path.endswith(".txt"):
            data = (ARTICLES / path).read_bytes()
            assert data.decode(row["encoding"]).strip("\ufeff") == data.decode(expected["encoding"]).strip(
                "\ufeff"
            )
        for text in expected.get("contains", ()):
            assert " ".join(text.split()) in " ".join(row["text"].split())


def test_every_input_is_accounted_for(out: Path) -> None:
    """Every file and record of the seeds is in documents, removed or rejected, and nothing else is there."""
    uris = {path for name in ("documents", "removed", "rejected") for path in found(out, name)}
    assert set(EXPECTED) <= uris
    files = {p.relative_to(ARTICLES).as_posix() for p in ARTICLES.rglob("*") if p.is_file()}
    assert {uri.split("#")[0] for uri in uris} == files


def test_nothing_is_damaged(out: Path) -> None:
    """`verify` finds no damage in the dataset of the seeds."""
    assert list(verify(Dataset(out))) == []
