"""What is done with a paragraph that a cleaner gave a reason: it is removed, or it stays in the text and is labelled.

Cleaners only find reasons. The action of a reason decides in which table its paragraphs are listed, `removed` or
`labelled`, and that is decided last, when a run makes its tables. Nothing else depends on it: not what later cleaners
find, not the duplicate index, not the counts of lines. So the rows of both tables together are the same under any
actions, and an action can be changed later without the inputs (`flows.maintenance.relabel_rows`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final, Literal

import polars as pl

from cleaners import REASONS

Action = Literal["remove", "label"]

#: Reasons for which a document goes whole.
WHOLE: Final = ("duplicate_document", "too_short")


def is_labelled(rows: pl.DataFrame, labels: Collection[str], document: str = "document_id") -> pl.Series:
    """Whether each row stays in the text although it has a `reason` (Boolean, `labelled`).

    It does if `labels` has its reason. And a document is never cut down to its labelled paragraphs: where it has one,
    what would go because the document goes whole stays as well. `document` is the column with the document.

    >>> rows = pl.DataFrame({"document_id": ["a", "a", "a", "b"],
    ...                      "reason": ["duplicate", "too_short", None, "too_short"]})
    >>> is_labelled(rows, ["duplicate"]).to_list()
    [True, True, False, False]
    """
    if not labels:
        return pl.repeat(False, len(rows), dtype=pl.Boolean, eager=True).alias("labelled")
    own = pl.col("reason").is_in(list(labels)).fill_null(False)
    whole = pl.col("reason").is_in(WHOLE).fill_null(False)
    return rows.select((own | (whole & own.any().over(document))).alias("labelled")).to_series()


def settings_now(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of a run, with the actions that `relabel` has given to reasons since."""
    settings, relabelled = dict(manifest["settings"]), manifest.get("relabelled", {})
    return settings | {reason: settings[reason] | {"action": action} for reason, action in relabelled.items()}


def labels_of(manifest: Mapping[str, Any]) -> frozenset[str]:
    """The reasons of a run whose action is "label"."""
    settings = settings_now(manifest)
    return frozenset(reason for reason in REASONS if settings[reason]["action"] == "label")
