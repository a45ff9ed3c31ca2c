"""What the card says of a dataset, in numbers and names that add up over runs.

They come from the manifests and from a few narrow columns of `documents`; no text is read. `_copydesk/card.json` keeps
them, with a key for the folders of runs that they cover. A run adds its own to them; after anything that changes
earlier folders, all are read again.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any, Final

import polars as pl
import xxhash

from flows.dataset.actions import settings_now
from flows.dataset.checksums import checksum, read_json, write_json
from flows.dataset.layout import RUN_JSON, Layout, Span
from flows.dataset.manifests import read_manifests
from flows.dataset.remote import working_copy_in
from flows.dataset.summary import Counts
from flows.dataset.tables import TABLES, scan_parts
from flows.printable import printable, printable_json

#: Tables and keys of the settings that say nothing of the data.
_NOT_OF_DATA: Final = ("workers", "report", "publish", "notify")


@dataclass
class Facts:
    """What is known of the published runs; all names are printable."""

    spans: int = 0  # how many folders of runs these facts cover, the first ones
    key: str = ""  # of these folders, as they were
    runs: int = 0
    last: str = ""  # the newest run
    counts: Counts = field(default_factory=Counts)
    tables: dict[str, list[int]] = field(default_factory=dict)  # table -> rows, bytes
    sources: dict[str, list[int]] = field(default_factory=dict)  # source, "" if unknown -> documents, words
    languages: dict[str, list[int]] = field(default_factory=dict)  # the same by language
    dated: int = 0  # documents with a date,
    earliest: str = ""  # and their days, in ISO 8601
    latest: str = ""
    given: dict[str, list[str]] = field(default_factory=dict)  # input -> the first and the last run given it
    versions: dict[str, list[str]] = field(default_factory=dict)  # the same by version of copydesk
    configurations: dict[str, list[str]] = field(
        default_factory=dict
    )  # the same by hash of the configuration
    settings: dict[str, list[Any]] = field(default_factory=dict)  # of the newest run -> value, default
    publish: dict[str, Any] = field(default_factory=dict)  # the `[publish]` settings of the newest run

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Facts:
        """The facts as `card.json` has them; raises KeyError or TypeError if another version wrote it."""
        return cls(**{**value, "counts": Counts.from_json(value["counts"])})

    def to_json(self) -> dict[str, Any]:
        """The facts for `card.json`."""
        return {**vars(self), "counts": self.counts.to_json()}


@dataclass(frozen=True)
class Kept:
    """What `card.json` keeps."""

    facts: Facts = field(default_factory=Facts)
    template: str = ""  # the hash of the template that the card was written from
    written: bool = False  # whether there is a card
    others: str = ""  # the hash of a README.md that somebody else wrote, and that a command has spoken of


def read_kept(layout: Layout) -> Kept:
    """What `card.json` keeps; nothing if it is missing, damaged, or of another version."""
    try:
        content = read_json(layout.card_facts_file)
        return Kept(**{**content, "facts": Facts.from_json(content["facts"])})
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return Kept()


def write_kept(layout: Layout, kept: Kept) -> None:
    """Write `card.json`, durably."""
    write_json(layout.card_facts_file, {**vars(kept), "facts": kept.facts.to_json()})


def current_facts(layout: Layout, kept: Facts) -> Facts:
    """The facts of the dataset as it is: the kept ones, with the runs since then, or all anew.

    Raises CopydeskError, OSError, KeyError or a polars error if a manifest or a part is missing or damaged.
    """
    spans = layout.spans()
    states = _states(layout, spans)
    covered = kept if _key(states[: kept.spans]) == kept.key and kept.spans <= len(spans) else Facts()
    if covered.spans == len(spans):
        return covered
    facts = deepcopy(covered)
    _add(facts, layout, spans[covered.spans :])
    facts.spans, facts.key = len(spans), _key(states)
    return facts


def _states(layout: Layout, spans: Iterable[Span]) -> list[str]:
    """For each folder of runs, what changes whenever its manifest is written anew: as it is with every file of it."""
    runs, found = layout.base("runs"), []
    if working_copy_in(layout.root) is not None:  # its files may be fetched again at any time
        return [f"{span} {checksum(runs / f'run={span}' / RUN_JSON)}" for span in spans]
    for span in spans:
        status = os.stat(f"{runs}/run={span}/{RUN_JSON}")  # noqa: PTH116 - there may be thousands
        found.append(f"{span} {status.st_ino} {status.st_size} {status.st_mtime_ns}")
    return found


def _key(states: Iterable[str]) -> str:
    return str(xxhash.xxh3_128_hexdigest("\n".join(states).encode()))


def _add(facts: Facts, layout: Layout, spans: Sequence[Span]) -> None:
    """Add the runs in these folders, which come after those that the facts have."""
    newest: Mapping[str, Any] = {}
    facts.tables = {table: list(facts.tables.get(table, (0, 0))) for table in TABLES}
    for span in spans:
        manifests = read_manifests(layout, span)
        for name, entry in manifests.files.items():
            if of := facts.tables.get(name.partition("/")[0]):
                of[0] += entry["rows"]
                of[1] += entry["bytes"]
        for run_id, manifest in manifests.runs.items():
            facts.runs, facts.last, newest = facts.runs + 1, run_id, manifest
            facts.counts += Counts.from_json(manifest["counts"])
            _note(facts.given, manifest.get("given", ()), run_id)
            _note(facts.versions, [manifest["copydesk"]], run_id)
            _note(facts.configurations, [manifest["configuration"]], run_id)
    settings = settings_now(newest) if "settings" in newest else {}
    facts.settings = differing(settings)
    facts.publish = printable_json(settings.get("publish", {}))
    _add_documents(facts, scan_parts([path for span in spans for path in layout.parts("documents", span)]))


def _note(ranges: dict[str, list[str]], names: Iterable[str], run_id: str) -> None:
    for name in names:
        ranges.setdefault(printable(name), [run_id, run_id])[1] = run_id


def _add_documents(facts: Facts, documents: pl.LazyFrame) -> None:
    """Add the documents by source and language, and their days."""
    published = pl.col("published")
    groups = (
        documents.group_by("source", "language")
        .agg(
            pl.len().alias("documents"),
            pl.col("words").cast(pl.UInt64).sum(),
            published.count().alias("dated"),
            published.min().dt.date().cast(pl.String).alias("earliest"),
            published.max().dt.date().cast(pl.String).alias("latest"),
        )
        .sort("source", "language")
        .collect()
    )
    for source, language, number, words, dated, earliest, latest in groups.iter_rows():
        for of, name in ((facts.sources, source), (facts.languages, language)):
            sums = of.setdefault(printable(name or ""), [0, 0])
            sums[0] += number
            sums[1] += words
        facts.dated += dated
        if dated:
            facts.earliest = min(facts.earliest or earliest, earliest)
            facts.latest = max(facts.latest, latest)


def differing(settings: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Path of each setting of a manifest that differs from the defaults -> its value and its default.

    >>> differing({"duplicate": {"threshold": 0.9, "n": 3}, "workers": 2})
    {'[duplicate] threshold': [0.9, 0.8]}
    """
    from flows.settings.model import Settings  # a command that has nothing to add needs none of them

    defaults = Settings().model_dump(mode="json", exclude={"notify"})
    found: dict[str, list[Any]] = {}

    def compare(path: str, value: Mapping[str, Any], default: Mapping[str, Any]) -> None:
        for key, one in value.items():
            other = default.get(key)
            if isinstance(one, dict) and isinstance(other, dict):
                compare(f"{path}.{key}" if path else key, one, other)
            elif one != other:
                found[printable(f"[{path}] {key}" if path else key)] = [printable_json(one), other]

    compare("", {k: v for k, v in settings.items() if k not in _NOT_OF_DATA}, defaults)
    return found
