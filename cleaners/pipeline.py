"""The pipeline: every cleaner, in the order in which a paragraph meets it.

What the flow runs, the reasons, the tables of the configuration, the bounds of the anomaly guards, the contract test
and the table of reasons in the documentation all follow from `PIPELINE`.

A cleaner is a function that takes a frame and returns it. It bears one name everywhere: that of its module, its
function, its table in the configuration, and the reason that it gives. This module imports none of them, so that
whatever only needs the names (settings, the checks of a dataset) starts without loading a kernel.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    import polars as pl

#: What a cleaner needs to see before it can decide.
#:
#: - "text": one text, before the language is known;
#: - "document": one document;
#: - "source": counts of the lines of a whole source;
#: - "dataset": every paragraph that was kept before.
Scope = Literal["text", "document", "source", "dataset"]


@dataclass(frozen=True)
class Cleaner:
    """One cleaner: its name, what it does to a paragraph, and what switches it."""

    name: str
    verb: Literal["rewrite", "remove"]
    scope: Scope
    summary: str
    #: The stable values of `rule`; `*` stands for what a phrase file names.
    rules: tuple[str, ...] = ()
    #: Resources that the flow hands over, as keyword arguments: "phrases", "lexicon", "found", "model".
    takes: tuple[str, ...] = ()
    #: A cleaner without which this one does not run: switching that off switches this off too.
    needs: str | None = None
    #: Where the function is, if not in the package or module of the same name.
    home: str | None = None
    #: The cleaner in whose walk over the paragraphs this one is decided; its function is that cleaner's.
    decided_by: str | None = None

    @property
    def function(self) -> Callable[..., pl.DataFrame]:
        """The function that takes a frame and returns it; its module is imported when it is first asked for."""
        name = self.decided_by or self.name
        found: Callable[..., pl.DataFrame] = getattr(import_module(self.home or f"cleaners.{name}"), name)
        return found


PIPELINE: Final = (
    Cleaner(
        "encoding",
        verb="rewrite",
        scope="text",
        summary="mojibake, HTML entities, control characters and stray white space, repaired",
    ),
    Cleaner(
        "repeated_headline",
        verb="remove",
        scope="document",
        summary="the headline printed again",
        rules=("headline again", "title again"),
        takes=("lexicon",),
    ),
    Cleaner(
        "related_articles",
        verb="remove",
        scope="document",
        summary='headings such as "Related Articles", and the teasers after them',
        rules=("phrase *", "teaser"),
        takes=("phrases", "found"),
    ),
    Cleaner(
        "boilerplate",
        verb="remove",
        scope="document",
        summary="share bars, newsletter pleas, cookie and copyright lines, image credits, menus, page ends",
        rules=(
            *("phrase *", "share bar", "mark without a word", "image credit", "image caption with credit"),
            *(
                "picture gallery",
                "pull quote",
                "author biography",
                "by-line",
                "dateline",
                "menu",
                "page head",
                "page end",
            ),
            "line score",
            "nothing but *",  # what `inline_boilerplate` leaves nothing of
        ),
        takes=("phrases", "lexicon", "found", "model"),
    ),
    Cleaner(
        "inline_boilerplate",
        verb="rewrite",
        scope="document",
        summary="boilerplate inside a paragraph, which stays without it",
        takes=("lexicon",),
        needs="boilerplate",
        home="cleaners.repeated_line",
    ),
    Cleaner(
        "repeated_line",
        verb="remove",
        scope="source",
        summary="lines that a source repeats across its documents",
        rules=("repeated in its source",),
    ),
    Cleaner(
        "duplicate",
        verb="remove",
        scope="dataset",
        summary="near-duplicates of an earlier, kept paragraph, which is named",
        rules=(
            *("near-duplicate", "same tokens"),
            *("near-duplicate in a reference", "same tokens in a reference"),
        ),
    ),
    Cleaner(
        "duplicate_document",
        verb="remove",
        scope="dataset",
        summary="the rest of a document of which nearly all is duplicate",
        rules=("printed before",),
        decided_by="duplicate",
    ),
    Cleaner(
        "too_short",
        verb="remove",
        scope="dataset",
        summary="the rest of a document of which too few words are left",
        rules=("too few words left",),
        decided_by="duplicate",
    ),
)

#: Why a paragraph was removed: the names of the cleaners that remove, in their order.
REASONS: Final = tuple(cleaner.name for cleaner in PIPELINE if cleaner.verb == "remove")
