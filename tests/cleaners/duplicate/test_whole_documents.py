"""Documents that are removed whole: nearly all duplicate, or too few words left."""

from __future__ import annotations

import pytest

from support import why

from .deduplicating import NEWS, OTHER, run


def test_a_document_printed_before_is_removed_whole() -> None:
    """The new paragraphs of a duplicate document take its reason, and are no witnesses."""
    frame = run(
        [[NEWS, OTHER], [NEWS, OTHER, "and now this"], ["but the rest of it is new here", "and now this"]]
    )
    assert frame.get_column("reason").to_list() == [
        *(None, None),
        *("duplicate", "duplicate", "duplicate_document"),
        *(None, None),
    ]
    assert why(frame)[4] == "printed before: 92 % of the document was printed before"


def test_a_copy_within_the_document_follows_the_document() -> None:
    """In a document that is removed whole, a paragraph with its witness in the same document takes that reason."""
    own = OTHER.replace("choir", "band").replace("river", "quay").replace("lit", "saw")
    frame = run([[NEWS], [NEWS, own, own], [own]], document_share=0.3)
    assert frame.get_column("reason").to_list() == [
        *(None, "duplicate", "duplicate_document", "duplicate_document", None)
    ]
    assert frame.get_column("duplicate_of_document_id").to_list() == [None, "d000", None, None, None]


def test_too_little_left() -> None:
    """A document with fewer than `min_words` words left is removed whole; one without tokens has 0 words."""
    frame = run([[NEWS], ["two words", "three more words"], ["***"]], min_words=6)
    assert why(frame) == [
        None,
        *["too few words left: 5 words left, 6 wanted"] * 2,
        "too few words left: 0 words left, 6 wanted",
    ]
    assert run([["***"]]).get_column("reason").to_list() == ["too_short"]
    assert run([["***"]], min_words=0).get_column("reason").to_list() == [None]
    assert run([["***"]], min_words=None).get_column("reason").to_list() == [None]


@pytest.mark.parametrize(("document_share", "reason"), [(0.5, "duplicate_document"), (0.500000001, None)])
def test_the_share_itself_is_enough(document_share: float, reason: str | None) -> None:
    """18 of 36 tokens reach a share of 0.5, and not of a billionth more."""
    frame = run([[NEWS], [NEWS, OTHER]], document_share=document_share)
    assert frame.get_column("reason").to_list() == [None, "duplicate", reason]
