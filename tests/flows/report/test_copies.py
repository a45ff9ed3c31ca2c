"""What was printed more than once: paragraphs, pairs of documents, sources, clusters; from tables that are made up."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any, NamedTuple

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.dataset.tables import SCHEMAS
from flows.report.copies.clusters import clusters
from flows.report.copies.links import ABOUT, Links, link
from flows.report.copies.names import Order
from flows.report.copies.tables import pairs, paragraphs, sources

MONDAY = datetime(2024, 3, 4, 8, tzinfo=UTC)


class Document(NamedTuple):
    """A document of the dataset, with the words that were kept, and when it was printed, in hours."""

    source: str | None = "courier"
    words: int = 0
    hour: float | None = None
    run: int = 1


class Copy(NamedTuple):
    """A paragraph that repeats another one, with its words; documents are given by their place in the list."""

    document: int
    position: int
    of: int
    of_position: int
    words: int = 10
    table: str = "removed"


def about(documents: Sequence[Document]) -> pl.DataFrame:
    """What `link` asks for, in the order in which the documents were read."""
    rows = [
        {
            "document_id": f"d{number}",
            **dict.fromkeys(ABOUT),
            "source": one.source,
            "title": f"Title {number}",
            "published": None if one.hour is None else MONDAY + timedelta(hours=one.hour),
            "words": one.words,
            "run_id": f"r{one.run:06}",
        }
        for number, one in enumerate(documents)
    ]
    columns = ("document_id", *ABOUT, "words", "run_id")
    return pl.DataFrame(rows, schema={name: SCHEMAS["documents"][name] for name in columns})


def texts(copies: Sequence[Copy]) -> pl.DataFrame:
    """The rows of `removed` and `labelled`."""
    rows = [
        {
            "document_id": f"d{one.document}",
            "position": one.position,
            "text": " ".join(["word"] * one.words),
            "reason": "duplicate",
            "duplicate_of_document_id": f"d{one.of}",
            "duplicate_of_position": one.of_position,
            "in": one.table,
        }
        for one in copies
    ]
    schema = {name: SCHEMAS["removed"][name] for name in list(rows[0])[:-1]} if rows else SCHEMAS["removed"]
    return pl.DataFrame(rows, schema={**schema, "in": pl.String()})


def linked(documents: Sequence[Document], copies: Sequence[Copy], order: Order = Order.PUBLISHED) -> Links:
    """The links of these copies."""
    known = about(documents)
    return link(texts(copies).lazy(), lambda ids: known.join(ids, on="document_id", how="semi"), order)


def groups(links: Links, share: float = 0.5) -> list[list[str]]:
    """The documents of each cluster, the one in the middle first."""
    found: dict[str, list[str]] = defaultdict(list)
    for middle, document in clusters(links, share).select("cluster", "document_id").iter_rows():
        found[middle].append(document)
    return list(found.values())


@st.composite
def datasets(draw: st.DrawFn) -> tuple[list[Document], list[Copy]]:
    """Documents, and copies as the keep rule leaves them: each of a paragraph of an earlier document that was kept."""
    hours = st.one_of(st.none(), st.integers(0, 6))
    documents = [
        Document(draw(st.sampled_from(["courier", "echo", None])), draw(st.integers(0, 60)), draw(hours))
        for _ in range(draw(st.integers(1, 7)))
    ]
    copies = []
    for number in range(1, len(documents)):
        for position in range(draw(st.integers(0, 3))):
            of = draw(st.integers(0, number - 1))
            # positions from 10 on are kept paragraphs, so that no witness was removed
            where = draw(st.sampled_from(["removed", "labelled"]))
            copies.append(
                Copy(number, position, of, draw(st.integers(10, 12)), draw(st.integers(1, 30)), where)
            )
    return documents, copies


def by_hand(
    documents: Sequence[Document], copies: Sequence[Copy], order: Order
) -> dict[tuple[int, int], list[int]]:
    """(document, first document): the words of each paragraph in common; as slow as it is plain."""
    prints: dict[tuple[int, int], list[Copy]] = defaultdict(list)
    for copy in copies:
        prints[copy.of, copy.of_position].append(copy)
    found: dict[tuple[int, int], list[int]] = defaultdict(list)
    for (kept, _), others in prints.items():
        members = [
            (kept, max(copy.words for copy in others)),
            *((copy.document, copy.words) for copy in others),
        ]

        def when(number: int) -> tuple[float, int]:
            hour = documents[number].hour
            return (float("inf") if hour is None or order is Order.READ else hour, number)

        first = min((number for number, _ in members), key=when)
        for number, words in members:
            if number != first:
                found[number, first].append(words)
    return found


@given(datasets(), st.sampled_from(Order))
def test_pairs_and_sources_are_those_counted_by_hand(
    dataset: tuple[list[Document], list[Copy]], order: Order
) -> None:
    """Who printed what first, paragraphs and words in common, shares, delays: for any documents and copies."""
    documents, copies = dataset
    links = linked(documents, copies, order)
    expected = by_hand(documents, copies, order)
    length = Counter({number: one.words for number, one in enumerate(documents)})
    for copy in copies:
        length[copy.document] += copy.words * (copy.table == "removed")
    rows = pairs(links).collect().to_dicts()
    assert {(int(row["document_id"][1:]), int(row["first_document_id"][1:])) for row in rows} == set(expected)
    assert [row["words"] for row in rows] == sorted((row["words"] for row in rows), reverse=True)
    by_source: dict[tuple[str | None, str | None], list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        one, first = int(row["document_id"][1:]), int(row["first_document_id"][1:])
        words = expected[one, first]
        assert (row["paragraphs"], row["words"]) == (len(words), sum(words))
        assert row["share"] == pytest.approx(sum(words) / max(length[one], sum(words)))
        assert row["first_share"] == pytest.approx(sum(words) / max(length[first], sum(words)))
        dates = documents[one].hour, documents[first].hour
        assert row["hours"] == (None if None in dates else dates[0] - dates[1])  # type: ignore[operator]
        by_source[row["source"], row["first_source"]].append(row)
    totals = about(documents).group_by("source").agg(pl.col("words").cast(pl.UInt64).sum())
    found = sources(links, totals).to_dicts()
    assert {(row["source"], row["first_source"]) for row in found} == set(by_source)
    for row in found:
        own = by_source[row["source"], row["first_source"]]
        assert (row["pairs"], row["words"]) == (len(own), sum(one["words"] for one in own))
        assert row["documents"] == len({one["document_id"] for one in own})
        assert row["mostly_copies"] == sum(one["share"] >= 0.5 for one in own)
        known = [one["hours"] for one in own if one["hours"] is not None]
        assert (row["dated"], row["hours"]) == (len(known), median(known) if known else None)


@given(datasets(), st.sampled_from([0.2, 0.5, 1.0]))
def test_a_cluster_is_a_star(dataset: tuple[list[Document], list[Copy]], share: float) -> None:
    """Each member has the share of its words from the one in the middle, and no document is in two clusters."""
    documents, copies = dataset
    links = linked(documents, copies)
    shares = {
        (row["document_id"], row["first_document_id"]): row["share"]
        for row in pairs(links).collect().to_dicts()
    }
    seen: list[str] = []
    for middle, *members in groups(links, share):
        assert members
        assert all(shares[member, middle] >= share for member in members)
        seen += [middle, *members]
    assert len(seen) == len(set(seen))


def test_the_first_print_is_the_earliest_one_or_what_was_read_first() -> None:
    """By date, the agency printed it, although the paper was read before; by order, the paper did."""
    documents = [
        Document("paper", 40, hour=9),
        Document("agency", 0, hour=3),
        Document("weekly", 0, hour=100),
    ]
    copies = [Copy(1, 0, 0, 0), Copy(2, 0, 0, 0)]
    by_date = pairs(linked(documents, copies)).collect()
    assert sorted(by_date.select("source", "first_source", "hours").rows()) == [
        ("paper", "agency", 6.0),
        ("weekly", "agency", 97.0),
    ]
    by_order = pairs(linked(documents, copies, Order.READ)).collect()
    assert sorted(by_order.select("source", "first_source", "hours").rows()) == [
        ("agency", "paper", -6.0),
        ("weekly", "paper", 91.0),
    ]


def test_a_paragraph_has_its_prints_and_its_text() -> None:
    """How often, by whom, where first and where it is kept; with a limit, the most frequent ones come first."""
    documents = [Document("paper", 20, hour=9), Document("agency", hour=3), Document("weekly", hour=100)]
    copies = [Copy(1, 4, 0, 7, words=3), Copy(1, 5, 0, 8), Copy(2, 0, 0, 8), Copy(2, 2, 0, 8)]
    links, rows = linked(documents, copies), texts(copies).lazy()
    found = paragraphs(links, rows).collect()
    assert found["text"].str.len_chars().to_list() == [14, 49]
    assert found["prints"].to_list() == [2, 4]
    row = paragraphs(links, rows, 1).collect().row(0, named=True)
    assert (row["kept_document_id"], row["kept_position"]) == ("d0", 8)
    assert (row["first_document_id"], row["first_position"], row["first_source"]) == ("d1", 5, "agency")
    assert (row["prints"], row["documents"], row["sources"]) == (4, 3, ["agency", "paper", "weekly"])
    assert row["last_published"] == MONDAY + timedelta(hours=100)


def test_clusters_do_not_chain() -> None:
    """B copies the new half of A, whose other half is from Z: B is not in the cluster of Z."""
    documents = [Document(hour=1, words=100), Document(hour=2, words=45), Document(hour=3, words=0)]
    copies = [Copy(1, 0, 0, 0, words=55), Copy(2, 0, 1, 1, words=45)]
    assert groups(linked(documents, copies)) == [["d0", "d1"]]


def test_a_document_that_is_in_no_cluster_can_be_the_middle_of_one() -> None:
    """Along a chain, every other document is in the middle: links are used up two by two."""
    documents = [Document(hour=number, words=40) for number in range(4)]
    copies = [Copy(number, 0, number - 1, 1, words=60) for number in range(1, 4)]
    assert groups(linked(documents, copies)) == [["d0", "d1"], ["d2", "d3"]]


def test_a_template_makes_no_cluster() -> None:
    """A notice of a hundred documents, two fifths of each, joins none of them, and a copy among them only its own."""
    documents = [Document(words=60 if number != 7 else 0, hour=number) for number in range(100)]
    notice = [Copy(number, 1, 0, 1, words=40) for number in range(1, 100)]
    links = linked(documents, [*notice, Copy(7, 0, 3, 0, words=60)])
    assert groups(links) == [["d3", "d7"]]
    assert len(pairs(links).collect()) == 100


def test_a_labelled_copy_is_counted_once() -> None:
    """Its words are among those that its document kept."""
    documents = [Document(words=20), Document(words=20)]
    for where, share in (("labelled", 0.5), ("removed", 1 / 3)):
        (row,) = pairs(linked(documents, [Copy(1, 0, 0, 0, 10, where)])).collect().to_dicts()
        assert row["share"] == pytest.approx(share)


def test_a_print_of_an_expired_run_comes_first() -> None:
    """Nothing is known of its document but the id; its copies have no source and no delay."""
    links = link(
        texts([Copy(0, 0, 9, 0), Copy(1, 0, 9, 0)]).lazy(),
        lambda ids: about([Document(hour=1), Document(hour=2)]).join(ids, on="document_id", how="semi"),
    )
    rows = pairs(links).collect()
    assert sorted(rows["document_id"]) == ["d0", "d1"]
    assert set(rows.select("first_document_id", "first_source", "hours").iter_rows()) == {("d9", None, None)}


def test_without_copies_all_tables_are_empty() -> None:
    """And they have the same columns as with some."""
    documents = [Document(words=20), Document(words=20)]
    some, none = linked(documents, [Copy(1, 0, 0, 0)]), linked(documents, [])
    totals = about(documents).select("source", "words")
    for full, empty in (
        (pairs(some).collect(), pairs(none).collect()),
        (sources(some, totals), sources(none, totals)),
        (clusters(some), clusters(none)),
        (
            paragraphs(some, texts([Copy(1, 0, 0, 0)]).lazy()).collect(),
            paragraphs(none, texts([]).lazy()).collect(),
        ),
    ):
        assert empty.is_empty()
        assert full.schema == empty.schema
