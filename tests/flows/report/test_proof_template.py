"""The HTML of one proof, as `explain --html` shows it: from the values of `flows.report.proof`, without a script."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

from flows.report.differences import sides
from flows.report.page.templates import environment


def proof(*paragraphs: dict[str, Any], **about: Any) -> SimpleNamespace:
    """A proof with these paragraphs; fields that are not given are None."""
    fields = ("text", "reason", "rule", "detail", "before", "label", "witness")
    return SimpleNamespace(
        **{
            **dict.fromkeys(("document_id", "uri", "url", "source", "title", "title_before"), None),
            **dict.fromkeys(("language", "encoding", "published", "run_id"), None),
            **about,
        },
        paragraphs=[
            SimpleNamespace(**{**dict.fromkeys(fields), "fixes": (), "position": n, **one})
            for n, one in enumerate(paragraphs)
        ],
    )


def html(value: SimpleNamespace) -> str:
    """The proof as HTML."""
    template = environment().get_template("proof.html.jinja")
    return str(template.module.proof(value))  # type: ignore[attr-defined]


def witness(text: str | None, **about: Any) -> SimpleNamespace:
    """A witness with that text."""
    fields = ("document_id", "position", "uri", "url", "title", "source", "published", "jaccard")
    return SimpleNamespace(**{**dict.fromkeys(fields), "text": text, **about})


def test_a_proof_has_every_value_and_no_control() -> None:
    """Title, source, date, reasons, repairs and labels are there; what is not known has no place; no button is."""
    shown = html(
        proof(
            {"text": "A kept line."},
            {
                "text": "Share on Facebook",
                "reason": "boilerplate",
                "rule": "phrase en:share",
                "detail": "as listed",
            },
            {"text": "It’s late.", "before": "Itâ€™s late.", "fixes": ("fix_encoding",)},
            {"text": "By Nora Quill", "label": "by-line"},
            {"text": ""},
            title="Ferry late",
            source="courier",
            published=datetime(2024, 3, 1, 8, 30, tzinfo=UTC),
            uri="/in/a.txt",
        )
    )
    text = " ".join(re.sub(r"<[^>]*>", " ", shown).split())
    for words in ("Ferry late", "courier", "2024-03-01 08:30", "/in/a.txt", "boilerplate", "phrase en:share"):
        assert words in text
    assert "Before repair ( fix_encoding ): Itâ€™s late." in text
    assert "by-line , kept" in text
    assert "(empty after repair)" in text
    assert "language" not in text
    assert "<del>Share on Facebook</del>" in shown
    assert "<button" not in shown


def test_the_difference_from_the_witness_is_marked() -> None:
    """In the removed paragraph and in its witness, which stand side by side."""
    near = witness("The ferry left at noon.", source="echo", jaccard=0.81234)
    shown = html(
        proof({"text": "The ferry left on Monday.", "reason": "duplicate", "rule": "x", "witness": near})
    )
    assert "<del>The ferry left <mark>on Monday.</mark></del>" in shown
    assert "The ferry left <mark>at noon.</mark>" in shown
    assert "0.81<" in shown
    gone = html(proof({"text": "Same.", "reason": "duplicate", "rule": "x", "witness": witness(None)}))
    assert "(not found any more)" in gone


def test_text_is_escaped() -> None:
    """Nothing of a document is markup, and controls are shown."""
    shown = html(proof({"text": "<b>x</b> \x1b[31m \u202e"}, title="<script>", uri="javascript:x"))
    assert "<b>x" not in shown
    assert "<script>" not in shown
    assert "\\x1b[31m \\u202e" in shown


def test_differences_are_of_words_or_of_characters_without_spaces() -> None:
    """Pieces join to the text again; scripts without spaces are compared by character."""
    one, other = sides("他昨天早上到了。", "他昨天晚上到了。")
    assert [piece.text for piece in one if piece.is_different] == ["早"]
    assert [piece.text for piece in other if piece.is_different] == ["晚"]
    for text in ("", "a  b\n", "He said: no.", "雨だ today"):
        assert "".join(piece.text for piece in sides(text, "He says yes.")[0]) == text
