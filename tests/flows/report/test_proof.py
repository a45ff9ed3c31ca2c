"""A proof counts what was done to a document, and is JSON under the names of its fields."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from flows.report.proof import Proof, ProofParagraph, Witness, as_json

WITNESS = Witness(
    "d1", 3, "The ferry sails.", "/a.txt", None, None, "gazette", datetime(2025, 5, 1, tzinfo=UTC), 0.9
)


def paragraph(
    position: int,
    text: str,
    reason: str | None = None,
    before: str | None = None,
    witness: Witness | None = None,
) -> ProofParagraph:
    """A paragraph with a rule if it has a reason, and a fix if it has a text before."""
    fixes = () if before is None else ("fix_encoding",)
    return ProofParagraph(position, text, reason, reason and "rule", None, before, fixes, None, witness)


PROOF = Proof(
    "d2", "/b.txt", None, None, "Ferry", None, (), "en", "utf-8", datetime(2025, 5, 2, tzinfo=UTC), "r000001",
    (
        paragraph(0, "Café", before="CafÃ©"),
        paragraph(1, "", before="\x00"),
        paragraph(2, "Share", reason="boilerplate"),
        paragraph(3, "The ferry sails.", reason="duplicate", witness=WITNESS),
        paragraph(4, "Follow us", reason="boilerplate"),
    ),
)  # fmt: skip


def test_what_is_kept_and_what_is_removed() -> None:
    """A paragraph without a reason is kept, unless repair left nothing of it; reasons are counted."""
    assert [one.position for one in PROOF.kept] == [0]
    assert [one.position for one in PROOF.removed] == [2, 3, 4]
    assert list(PROOF.reasons().items()) == [("boilerplate", 2), ("duplicate", 1)]
    assert [one.is_repaired for one in PROOF.paragraphs] == [True, True, False, False, False]


def test_a_proof_as_json() -> None:
    """Every field is there under its name, in witnesses, too; times are in ISO 8601."""
    read = json.loads(json.dumps(as_json(PROOF)))
    assert set(read) == set(Proof.__slots__)
    assert read["published"] == "2025-05-02T00:00:00+00:00"
    assert set(read["paragraphs"][3]) == set(ProofParagraph.__slots__)
    assert set(read["paragraphs"][3]["witness"]) == set(Witness.__slots__)
    assert read["paragraphs"][3]["witness"]["published"] == "2025-05-01T00:00:00+00:00"
    assert read["paragraphs"][0]["fixes"] == ["fix_encoding"]
