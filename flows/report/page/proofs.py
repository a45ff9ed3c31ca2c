"""The sampled removals in their documents: each with its neighbours, and with its witness.

The records have the fields of `flows.report.proof`. A document on the page is an excerpt: the paragraphs around the
sampled ones, long ones shortened. So the page stays small whatever the corpus.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

import orjson
import polars as pl

from cleaners.duplicate.decisions import uri_in_reference
from flows.printable import printable
from flows.report.page.documents import ABOUT, Documents, read_witnesses
from flows.report.page.near_misses import NearMisses
from flows.report.page.reading import RunTables

AROUND: Final = 1  # paragraphs shown before and after a sampled one
MOST_OF_REMOVED: Final = 1_600  # characters of a removed paragraph, of its witness, of a text before repair
MOST_OF_KEPT: Final = 320  # of a kept paragraph beside it
#: Bytes of all proofs as JSON.
MOST_BYTES: Final = 3_000_000
#: Zero width joiners belong to the spelling of many languages.
JOINERS: Final = "\u200c\u200d"

_KEY: Final = ["document_id", "position"]
_OTHER: Final = ["duplicate_of_document_id", "duplicate_of_position"]


def proofs(
    run: RunTables, sampled: pl.DataFrame, near: NearMisses, documents: Documents
) -> list[dict[str, Any]]:
    """The documents of the sample as excerpts, in its order, as many as `MOST_BYTES` hold.

    `sampled` is as `sampling.sample` returns it. A near miss is a kept paragraph with `near`: why it was kept.
    """
    chosen = pl.concat(
        [
            sampled.select(*_KEY, "turn", "margin"),
            near.pairs.select(
                *_KEY,
                (2 * pl.int_range(pl.len())).alias("turn"),
                pl.col("other_id").alias("near_id"),
                pl.col("other_position").alias("near_position"),
                pl.col("jaccard").alias("near_jaccard"),
                "same_numbers",
            ),
        ],
        how="diagonal",
    ).unique(_KEY, keep="first")
    around = _around(documents.paragraphs, chosen)
    witnesses = _witnesses(run, around, documents)
    about = {row["document_id"]: row for row in documents.about.iter_rows(named=True)}
    titles = dict(documents.titles.iter_rows())
    excerpts: dict[str, list[dict[str, Any]]] = {}
    for row in around.iter_rows(named=True):
        excerpts.setdefault(row["document_id"], []).append(_paragraph(row, witnesses))
    first = (
        chosen.group_by("document_id").agg(pl.col("turn").min()).sort("turn", "document_id")["document_id"]
    )
    found: list[dict[str, Any]] = []
    size = 0
    for document_id in first:
        if document_id not in excerpts:
            continue
        proof = {
            "document_id": document_id,
            "run_id": run.run_id,
            **{name: shown(about.get(document_id, {}).get(name)) for name in ABOUT},
            "title_before": shown(titles.get(document_id)),
            "paragraphs": excerpts[document_id],
        }
        size += len(orjson.dumps(proof))
        if size > MOST_BYTES:
            break
        found.append(proof)
    return found


def _around(paragraphs: pl.DataFrame, chosen: pl.DataFrame) -> pl.DataFrame:
    """The chosen paragraphs and their neighbours, each with the number of paragraphs of its document, `of`."""
    numbered = paragraphs.with_columns(
        pl.int_range(pl.len()).over("document_id").alias("place"), pl.len().over("document_id").alias("of")
    )
    places = numbered.join(chosen, on=_KEY, how="semi").select("document_id", "place")
    near = pl.concat(
        [places.with_columns(pl.col("place") + step) for step in range(-AROUND, AROUND + 1)]
    ).unique()
    return (
        numbered.join(near, on=["document_id", "place"], how="semi", maintain_order="left")
        .join(chosen, on=_KEY, how="left", maintain_order="left")
        .with_columns(
            pl.coalesce(_OTHER[0], "near_id"),
            pl.coalesce(_OTHER[1], "near_position"),
            pl.coalesce(pl.col("jaccard").cast(pl.Float64), "near_jaccard"),
        )
        .sort(_KEY)
    )


def _paragraph(row: dict[str, Any], witnesses: dict[tuple[str, int], dict[str, Any]]) -> dict[str, Any]:
    """A paragraph as the page has it; one of the sample has its turn there, and its margin if it has one."""
    most = MOST_OF_KEPT if row["turn"] is None and row["reason"] is None else MOST_OF_REMOVED
    found: dict[str, Any] = {"position": row["position"], "text": shown(row["text"], most), "of": row["of"]}
    for name in ("reason", "rule", "detail", "label"):
        if row[name] is not None:
            found[name] = shown(row[name])
    if row["labelled"]:
        found["labelled"] = True
    if row["before"] is not None:
        found |= {"before": shown(row["before"], most), "fixes": row["fixes"]}
    if row["turn"] is not None:
        found["turn"] = row["turn"]
    if row["margin"] is not None:
        found["margin"] = round(row["margin"], 4)
    if row[_OTHER[0]] is not None:
        place = (row[_OTHER[0]], row[_OTHER[1]])
        uri = shown(uri_in_reference(row["rule"], row["detail"]))
        unknown = {"document_id": place[0], "position": place[1], "text": None, "uri": uri}
        found["witness"] = {**witnesses.get(place, unknown), "jaccard": round(row["jaccard"], 4)}
    if row["same_numbers"] is not None:
        found["near"] = "just under the threshold" if row["same_numbers"] else "other figures"
    return found


def _witnesses(
    run: RunTables, around: pl.DataFrame, documents: Documents
) -> dict[tuple[str, int], dict[str, Any]]:
    """(document id, position) -> what is known of each witness of these paragraphs."""
    others = around.select(pl.col(name).alias(key) for name, key in zip(_OTHER, _KEY, strict=True))
    places = others.drop_nulls().unique()
    here = documents.paragraphs.join(places, on=_KEY, how="semi").select(*_KEY, "text")
    missing = places.join(here, on=_KEY, how="anti")
    found = here.join(documents.about, on="document_id", how="left")
    if len(missing):
        found = pl.concat([found, read_witnesses(run, missing)], how="diagonal")
    names = (*_KEY, "text", "uri", "url", "title", "source", "published")
    return {
        (row["document_id"], row["position"]): {name: shown(row[name], MOST_OF_REMOVED) for name in names}
        for row in found.iter_rows(named=True)
    }


def shown(value: Any, most: int = 400) -> Any:
    """A value as the page has it: printable, without passwords, and cut in the middle if it is long."""
    if isinstance(value, datetime):
        return value.isoformat()
    if not isinstance(value, str):
        return value
    if len(value) > most:
        value = shortened(value, most)
    # most text has nothing to escape or to mask
    if value.isascii() and value.isprintable() and ":/" not in value and "=" not in value:
        return value
    return printable(value, keep=JOINERS)


def shortened(text: str, most: int) -> str:
    """Beginning and end of a long text, cut between words where there is a space.

    >>> shortened("The ferry to the island did not sail on Monday because of the storm.", 40)
    'The ferry to the island … the storm.'
    """
    head, tail = text[: most * 2 // 3], text[-(most // 3) :]
    if (space := head.rfind(" ")) > len(head) - 30 and space > 0:
        head = head[:space]
    if 0 <= (space := tail.find(" ")) < 30:
        tail = tail[space + 1 :]
    return f"{head} … {tail}"
