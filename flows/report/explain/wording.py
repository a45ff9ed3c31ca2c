"""What is said of a proof, in words that a terminal and a page share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from flows.dataset.summary import REPLACED, counted
from flows.report.proof import Proof, ProofParagraph, Witness


def near(uri: str) -> str:
    """A uri as one types it: a path in the current folder without that folder."""
    try:
        return uri.removeprefix(f"{Path.cwd()}/")
    except OSError:  # the folder is gone
        return uri


def about(proof: Proof) -> str:
    """Where a document comes from, and what it was taken for."""
    said = {
        "source": proof.source,
        "published": proof.published and f"{proof.published:%Y-%m-%d}",
        "language": proof.language,
        "charset": proof.encoding,
    }
    return ", ".join(f"{name} {value}" for name, value in said.items() if value)


def fate(proof: Proof) -> str:
    """What became of a published document, as a sentence without its full stop; "" if it is not published."""
    if not proof.run_id:
        return ""
    who = f"document {proof.document_id[:12]}, run {proof.run_id}"
    if proof.kept:
        return who
    replaced = [one.detail for one in proof.removed if one.reason == REPLACED]
    if replaced:
        return f"{who}: replaced by a new version{_of(replaced[0])}; its text is in `removed` only"
    if proof.removed:
        return f"{who}: it went whole; its text is in `removed` only"
    return f"{who}: repair left nothing of it"


def _of(detail: str | None) -> str:
    return f", {detail.removeprefix('of ')}" if detail else ""


def why(paragraph: ProofParagraph) -> str:
    """Why a paragraph was removed; of a kept one, what it was found to be. "" if there is nothing to say."""
    rule = f": {paragraph.rule}" if paragraph.rule else ""
    detail = f" ({paragraph.detail})" if paragraph.detail else ""
    if paragraph.reason:
        return f"{paragraph.reason}{rule}{detail}"
    kept = "labelled" if paragraph.is_labelled else "kept"
    return f"{paragraph.label}{rule}{detail}, {kept}" if paragraph.label else ""


def repair(paragraph: ProofParagraph) -> str:
    """What repair did to a paragraph; "" if nothing."""
    return f"repaired by {', '.join(paragraph.fixes)}" if paragraph.is_repaired else ""


def where(witness: Witness, proof: Proof) -> str:
    """Which paragraph a witness is, and how similar; of an expired one only the place is known."""
    jaccard = "" if witness.jaccard is None else f", Jaccard {witness.jaccard:.2f}"
    if witness.document_id == proof.document_id:
        return f"paragraph {witness.position} of this document{jaccard}"
    facts = [witness.source, witness.published and f"{witness.published:%Y-%m-%d}"]
    of = near(witness.uri) if witness.uri else f"document {witness.document_id[:12]}"
    from_ = ", ".join(str(one) for one in facts if one)
    lost = ", which has expired" if witness.text is None and not witness.in_reference else ""
    return f"paragraph {witness.position} of {of}{f' ({from_})' if from_ else ''}{jaccard}{lost}"


@dataclass
class Totals:
    """What a number of documents have in all."""

    documents: int = 0
    paragraphs: int = 0
    kept: int = 0
    labelled: int = 0  # of those that were kept
    repaired: int = 0
    emptied: int = 0
    rejected: int = 0
    reasons: Counter[str] = field(default_factory=Counter)

    @classmethod
    def of(cls, *proofs: Proof) -> Totals:
        """The totals of some proofs."""
        totals = cls()
        for proof in proofs:
            totals.add(proof)
        return totals

    def add(self, proof: Proof) -> None:
        """Count a document."""
        self.documents += 1
        self.paragraphs += len(proof.paragraphs)
        self.kept += len(proof.kept)
        self.labelled += sum(one.is_labelled for one in proof.paragraphs)
        self.repaired += sum(one.is_repaired for one in proof.paragraphs)
        self.emptied += len(proof.paragraphs) - len(proof.kept) - len(proof.removed)
        self.reasons.update(proof.reasons())

    def sentence(self) -> str:
        """The paragraphs: how many were kept, removed by reason, left empty by repair; and repaired."""
        return (
            f"{counted(self.paragraphs, 'paragraph')}: {self.kept:,} kept"
            + (f" ({self.labelled:,} labelled)" if self.labelled else "")
            + ", "
            f"{self.reasons.total():,} removed{_by(self.reasons)}"
            + (f", {self.emptied:,} left empty by repair" if self.emptied else "")
            + (f", {self.repaired:,} repaired" if self.repaired else "")
        )

    def in_all(self) -> str:
        """The same with the number of documents, and of what was rejected."""
        said = [f"{counted(self.documents, 'document')}, {self.sentence()}"] if self.documents else []
        said += [f"{self.rejected:,} rejected"] if self.rejected else []
        return "; ".join(said) or "no documents"


def _by(reasons: Mapping[str, int]) -> str:
    ordered = sorted(reasons.items(), key=lambda item: (-item[1], item[0]))
    return f" ({', '.join(f'{reason} {count:,}' for reason, count in ordered)})" if ordered else ""


def alike(paragraphs: Iterable[ProofParagraph]) -> list[list[ProofParagraph]]:
    """The paragraphs in order, neighbours that were removed for the very same reason together."""
    groups: list[list[ProofParagraph]] = []
    for one in paragraphs:
        last = groups[-1][-1] if groups else None
        plain = not any(p.witness or p.is_repaired for p in (one, last) if p)
        if last and one.reason and plain and why(one) == why(last):
            groups[-1].append(one)
        else:
            groups.append([one])
    return groups
