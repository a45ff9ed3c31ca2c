"""A published document is read back whole: what was kept, removed and repaired, in place, with its witnesses."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl

from flows.dataset import Dataset
from flows.maintenance import compact, expire, restore
from flows.report.explain.finding import find_documents
from flows.report.explain.read_back import Place, proofs
from flows.report.explain.tables import published_tables
from flows.report.proof import Proof
from small_runs import LONG_AGO, PLAIN, aged, plain, record, run, story
from support import ROOT, Jsonl, table


def proof_of(out: Path, name: str) -> Proof:
    """The one proof of what is called so."""
    (proof,) = proofs_of(out, name)
    return proof


def proofs_of(out: Path, name: str) -> list[Proof]:
    """The proofs of what is called so."""
    dataset = Dataset(out)
    found = find_documents(dataset, name)
    return list(proofs(published_tables(dataset), found.places))


def test_nothing_vanishes_from_a_proof(tmp_path: Path) -> None:
    """Of every seed, the kept paragraphs are its text in `documents`, and all others are in `removed` or emptied."""
    out = tmp_path / "out"
    run(ROOT / "seeds" / "articles", out)
    documents, removed, repaired = (table(out, name) for name in ("documents", "removed", "repaired"))
    ids = [*documents["document_id"], *removed["document_id"].unique(maintain_order=True)]
    places = [Place("r000001", one) for one in dict.fromkeys(ids)]
    found = list(proofs(published_tables(Dataset(out)), places))
    assert [proof.document_id for proof in found] == [place.document_id for place in places]
    rows = {row["document_id"]: row for row in documents.to_dicts()}
    for proof in found:
        text = "\n\n".join(one.text for one in proof.kept)
        assert text == (rows[proof.document_id]["text"] if proof.document_id in rows else "")
        assert [one.position for one in proof.paragraphs] == list(range(len(proof.paragraphs)))
        for one in proof.removed:
            if (witness := one.witness) is not None:
                (other,) = (p for p in found if p.document_id == witness.document_id)
                assert witness.text == other.paragraphs[witness.position].text
                assert (witness.uri, witness.source, witness.title) == (other.uri, other.source, other.title)
    assert sum(len(proof.removed) for proof in found) == len(removed)
    assert sum(one.is_repaired for proof in found for one in proof.paragraphs) == len(
        repaired.filter(field="text")
    )
    assert sum(proof.title_before is not None for proof in found) == len(repaired.filter(field="title"))


def test_a_document_that_went_whole_has_all_its_facts(tmp_path: Path, jsonl: Jsonl) -> None:
    """Rows in `removed` are all there is of it, and yet language and date are known."""
    out = tmp_path / "out"
    again: dict[str, Any] = {
        **record(1),
        "id": "again",
        "published": "2025-03-04",
        "url": "https://a.example/1",
    }
    run(jsonl([record(1), again]), out, PLAIN)
    proof = proof_of(out, "https://a.example/1")
    assert proof.kept == ()
    assert proof.published is not None
    assert proof.published.year == 2025
    assert proof.run_id == "r000001"
    witness = proof.removed[0].witness
    assert witness is not None
    assert witness.text == story(1)
    assert witness.jaccard == 1


def test_a_paragraph_that_repair_leaves_empty_keeps_its_place(tmp_path: Path, jsonl: Jsonl) -> None:
    """It is neither kept nor removed, and shows what it was."""
    out = tmp_path / "out"
    run(jsonl([record(1, "\x01\x02", story(2))]), out)
    emptied = [one for one in proof_of(out, str(tmp_path / "news.jsonl")).paragraphs if not one.text]
    assert [(one.position, one.reason, one.before is not None) for one in emptied] == [(1, None, True)]


def test_a_line_is_what_its_label_says(tmp_path: Path, jsonl: Jsonl) -> None:
    """A by-line that is kept has its label."""
    out = tmp_path / "out"
    run(jsonl([{"text": f"By Ottilie Marsh\n\n{story(1)}"}]), out)
    assert [one.label for one in proof_of(out, str(tmp_path / "news.jsonl")).paragraphs] == ["by-line", None]


def test_a_witness_that_expired_is_a_place(tmp_path: Path, jsonl: Jsonl) -> None:
    """Nothing else is known of it."""
    out = tmp_path / "out"
    run(jsonl([record(1)], "a.jsonl"), out, PLAIN)
    aged(out, "r000001", LONG_AGO)
    run(jsonl([record(2, story(1))], "b.jsonl"), out, PLAIN)
    expire(Dataset(out), LONG_AGO.replace(year=2021))
    (gone,) = proof_of(out, str(tmp_path / "b.jsonl")).removed
    assert gone.witness is not None
    assert (gone.witness.text, gone.witness.uri, gone.witness.position) == (None, None, 0)


def test_versions_of_a_document(tmp_path: Path, jsonl: Jsonl) -> None:
    """The newest comes first, and each says what the others are; one that was replaced says by which."""
    out = tmp_path / "out"
    settings = {**PLAIN, "inputs": {"on_change": "replace"}}
    for number in (1, 2, 3):
        run(jsonl([{**record(number), "id": "same"}]), out, settings)
    found = find_documents(Dataset(out), str(tmp_path / "news.jsonl"))
    assert [place.run_id for place in found.places] == ["r000003", "r000002", "r000001"]
    ids = [place.document_id for place in found.places]
    assert found.notes[found.places[0]] == (
        f"version 3 of 3, the newest; the others: {ids[1][:12]} of r000002, {ids[2][:12]} of r000001"
    )
    newest, second, _ = proofs_of(out, str(tmp_path / "news.jsonl"))
    assert [one.text for one in newest.kept] == [story(3)]
    assert [(one.text, one.reason, one.detail) for one in second.removed] == [
        (story(2), "replaced", f"of document {newest.document_id}")
    ]


def test_a_version_that_came_back_is_two_documents(tmp_path: Path, jsonl: Jsonl) -> None:
    """A text that was replaced and is published again has the same id in two runs, each with its own rows."""
    out = tmp_path / "out"
    settings = {**PLAIN, "inputs": {"on_change": "replace"}}
    for number in (1, 2, 1):
        run(jsonl([{**record(number), "id": "same"}]), out, settings)
    found = proofs_of(out, str(tmp_path / "news.jsonl"))
    assert [(proof.run_id, len(proof.kept)) for proof in found] == [
        ("r000003", 1),
        ("r000002", 0),
        ("r000001", 0),
    ]


def test_a_dataset_that_was_changed_since(tmp_path: Path, jsonl: Jsonl) -> None:
    """Restored text is kept text, and compacted runs have the same proofs."""
    out = tmp_path / "out"
    share = "Share this article on Facebook"
    for number in (1, 2):
        run(jsonl([record(number, share)], f"{number}.jsonl"), out, plain("boilerplate"))
    before = proof_of(out, str(tmp_path / "2.jsonl"))
    assert [one.text for one in before.removed] == [share]
    compact(Dataset(out))
    assert proof_of(out, str(tmp_path / "2.jsonl")) == before
    restore(Dataset(out), reason="boilerplate")
    after = proof_of(out, str(tmp_path / "2.jsonl"))
    assert [one.text for one in after.kept] == [story(2), share]
    assert table(out, "removed").select(pl.len()).item() == 0
