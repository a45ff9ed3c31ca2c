"""Damage to the files of a dataset: how it is found, what follows from it, and what repairs it.

A run, and every command that reads a part to write it anew, asks `require_intact` first: what is damaged is neither
used nor written again under a new checksum.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from flows.dataset.checksums import is_as_written, read_json, read_sealed_part
from flows.dataset.layout import OF_NO_RUN, OUTLIVE, PARTS_JSON, RUN_JSON, Layout, Span, parts_in
from flows.dataset.manifests import read_files
from flows.dataset.remote import fetch, fetch_again
from flows.dataset.tables import TABLES
from flows.errors import CopydeskError

#: What follows if a part of that table, or kind of state, is damaged.
CONSEQUENCES: Final = {
    **dict.fromkeys(TABLES, "readers see wrong rows, or none"),
    "ledger": "later runs would read its inputs again",
    "records": "later runs would read records of changed files again",
    "unpublished": "documents that were removed whole could not be restored",
    "index": "later runs would miss near-duplicates",
    "shingle_frequencies": "later runs would miss near-duplicates",
    "line_counts": "later runs would remove other repeated lines",
    "labels": "the labels of by-lines and datelines are wrong; no run reads them",
    "source_stats": "the guards would compare later runs with wrong numbers",
    "runs": "it is unknown how the run was made and which files it has",
    "exceptions": "later runs would remove restored text again",
    "witnesses": "`verify` would miss the witnesses of some duplicates, which have expired",
}
#: Kinds that `reindex` writes anew.
REBUILT: Final = ("index", "shingle_frequencies")


def what_follows(layout: Layout, kind: str, span: Span | str | None = None) -> str:
    """What follows from damage to a part, and how it is repaired; `span` is None if the part belongs to no run."""
    if kind in REBUILT:
        how = f"rebuild it with `copydesk reindex {layout.root}` and your --config"
    elif span is None:
        how = "restore it from a backup"
    else:
        span = Span.of(f"run={span}") or span
        first = next((run_id for run_id in layout.runs() if isinstance(span, Span) and run_id in span), span)
        how = f"restore it from a backup, or {how_to_roll_back(layout, first)}"
    return f"{CONSEQUENCES[kind]}; {how}"


def how_to_roll_back(layout: Layout, first: Span | str) -> str:
    """How to go on without the run `first`."""
    return (
        f"take the run and all later ones back with `copydesk rollback {layout.root} {first}`, and run again"
    )


def damaged_caches(layout: Layout) -> Iterator[tuple[Path, ValueError]]:
    """(path, what is wrong) for the damaged files that are replaced in place and that a run can do without."""
    for path in (layout.seen_file, layout.history_file, layout.card_facts_file):
        try:
            read_json(path) if path.suffix == ".json" else read_sealed_part(path)
        except FileNotFoundError:
            continue
        except ValueError as error:
            yield path, error if str(path) in str(error) else ValueError(f"{path} is damaged: {error}")


def damaged_parts(
    layout: Layout, kinds: Sequence[str], span: Span | str, files: Mapping[str, Mapping[str, Any]]
) -> Iterator[tuple[str, Path, str]]:
    """(kind, path, what is wrong) for the parts of these kinds of a span of runs whose manifest has these `files`."""
    for kind in kinds:
        folder = layout.folder(kind, span)
        fetch(folder)
        try:
            names = [path.name for path in folder.iterdir()]
        except FileNotFoundError:
            names = []
        # readers see what does not begin with a dot or an underscore
        found = {
            name for name in names if (name[0] not in "._" if kind in TABLES else name.startswith("part-"))
        }
        listed = {name.partition("/")[2]: files[name] for name in files if name.startswith(f"{kind}/")}
        for part, entry in sorted(listed.items()):
            if problem := _problem(folder / part, entry):
                yield kind, folder / part, problem
        found -= listed.keys()
        yield from ((kind, folder / part, "is not in the manifest") for part in sorted(found))


def damaged_beside(layout: Layout, kinds: Sequence[str]) -> Iterator[tuple[str, Path, str]]:
    """(kind, path, what is wrong) for the parts of these kinds that belong to no run, or that outlived theirs."""
    for kind in kinds:
        folder = layout.base(kind) if kind in OF_NO_RUN else layout.expired(kind)
        found = {path.name for path in parts_in(folder)}
        path = folder / PARTS_JSON
        try:
            entries = read_json(path) if found or path.exists() else {}
            problems = {name: _problem(folder / name, entry) for name, entry in entries.items()}
        except (OSError, ValueError, KeyError, TypeError) as error:
            yield kind, path, f"is damaged ({error})"
            continue
        yield from ((kind, folder / name, problem) for name, problem in problems.items() if problem)
        yield from ((kind, folder / name, f"is not in {PARTS_JSON}") for name in sorted(found - set(entries)))


def damaged_held(layout: Layout, run_id: str) -> Iterator[tuple[Path, str]]:
    """(path, what is wrong) for the files of a held run, `held.json` aside."""
    publish = layout.held_publish(run_id)
    manifest = publish / "runs" / RUN_JSON
    try:
        files = read_json(manifest)["files"]
    except (OSError, ValueError, KeyError) as error:
        yield manifest, f"is damaged ({error})"
        return
    found = {path.relative_to(publish).as_posix() for path in publish.glob("*/part-*")}
    for name, entry in files.items():
        if problem := _problem(publish / name, entry):
            yield publish / name, problem
    yield from ((publish / name, "is not in the manifest") for name in sorted(found - set(files)))


def _problem(path: Path, entry: Mapping[str, Any]) -> str:
    """What is wrong with a part; "" if nothing is."""
    fetch(path)
    try:
        if is_as_written(path, entry) or (fetch_again(path) and is_as_written(path, entry)):
            return ""
    except FileNotFoundError:
        return "is missing"
    except OSError as error:
        return f"cannot be read ({error.strerror})"
    return f"is not what was written ({entry['bytes']} bytes, {entry['rows']} rows)"


def require_intact(layout: Layout, kinds: Sequence[str], spans: Iterable[Span | str]) -> None:
    """Raise CopydeskError if a part of these kinds and spans of runs is not what was written."""
    spans = list(spans)
    fetch(*(layout.folder(kind, span) for kind in kinds for span in spans))
    for span in spans:
        try:
            files = read_files(layout, span)
        except CopydeskError as error:
            raise CopydeskError(f"{error}: {what_follows(layout, 'runs', span)}") from error
        for kind, path, problem in damaged_parts(layout, kinds, span, files):
            raise CopydeskError(f"{path} {problem}: {what_follows(layout, kind, span)}")


def require_intact_beside(layout: Layout, kinds: Sequence[str]) -> None:
    """Raise CopydeskError if a part of these kinds that belongs to no run, or outlived its own, is damaged."""
    for kind, path, problem in damaged_beside(layout, [k for k in kinds if k in (*OF_NO_RUN, *OUTLIVE)]):
        raise CopydeskError(f"{path} {problem}: {what_follows(layout, kind)}")


def require_part(
    layout: Layout, kind: str, span: Span | str, part: str, files: Mapping[str, Mapping[str, Any]]
) -> Path:
    """The path of a part, whose entry is in `files`; raises CopydeskError if it is not what was written."""
    path = layout.folder(kind, span) / part
    entry = files.get(f"{kind}/{part}")
    if problem := _problem(path, entry) if entry else "is not in the manifest":
        raise CopydeskError(f"{path} {problem}: {what_follows(layout, kind, span)}")
    return path
