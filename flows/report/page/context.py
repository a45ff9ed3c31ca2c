"""Everything that the page shows but its proofs, as the template takes it."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson

from cleaners import REASONS
from flows.dataset.summary import Counts
from flows.printable import printable
from flows.report.page import counting, plots
from flows.report.page.copies import Copies, copies
from flows.report.page.near_misses import NearMisses
from flows.report.page.reading import RunTables
from flows.report.page.thresholds import Scores, Similarities, chance, scores, similarities
from flows.settings import Settings

#: Similarities from this one on are on the plot, or from a fifth below the threshold on.
FIRST_SIMILARITY: Final = 0.5


def context(
    run: RunTables,
    settings: Mapping[str, Any],
    counts: Counts,
    near: NearMisses,
    stricter: Sequence[tuple[float, int]] = (),
) -> dict[str, Any]:
    """The names that the template knows."""
    manifest = run.manifest
    reasons = counting.reasons(run, counts)
    removed = [one for one in reasons if not one.labelled]
    sources, source_count = counting.sources(run)
    history = counting.earlier_runs(run)
    similar, scored, copied = similarities(run, settings, near.bins), scores(run, settings), copies(run)
    return {
        "run": run,
        "manifest": manifest,
        "counts": counts,
        "reasons": reasons,
        "reason_columns": [reason for reason in REASONS if any(row[reason] for row in history)],
        "going": plots.segments(
            [
                ("kept", counts.words_kept, f"kept: {counts.words_kept:,} words"),
                *((one.name, one.words, f"{one.name}: {one.words:,} words") for one in removed),
            ]
        ),
        "gone": plots.segments(
            [(one.name, one.words, f"{one.name}: {one.words:,} words") for one in removed]
        ),
        "sources": _with_bars(sources),
        "source_count": source_count,
        "history": history,
        "runs_plot": _runs_plot(history, run.run_id) if len(history) > 1 else None,
        "encodings": counting.counted(run, "encoding"),
        "languages": counting.counted(run, "language"),
        "fixes": counting.fixes(run),
        "rejections": counting.rejections(run),
        "copies": copied,
        "delays_plot": _delays_plot(copied),
        "similar": similar,
        "similar_plot": _similar_plot(similar),
        "chances": _chances(similar),
        "scores": scored,
        "stricter": stricter,
        "scores_plot": _scores_plot(scored) if scored else None,
        "guards": counting.guarded(run),
        "guards_on": settings["guards"]["enabled"],
        "changed": _changed(settings),
        "quoted": shlex.quote(printable(str(run.dataset.root))),
        "review": f"copydesk review {shlex.quote(printable(str(run.dataset.root)))} marks.json",
    }


def _with_bars(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The rows of sources, each with its share of words removed and a bar of it; the longest is the largest share."""
    shares = [row["removed"] / max(row["words"], 1) for row in rows]
    most = max(shares, default=0) or 1
    return [
        {
            **row,
            "share": share,
            "bar": plots.segments(
                [(reason, row[reason], f"{reason}: {row[reason]:,} words") for reason in REASONS],
                width=200 * share / most,
            ),
        }
        for row, share in zip(rows, shares, strict=True)
    ]


def _runs_plot(history: Sequence[Mapping[str, Any]], run_id: str) -> plots.Plot:
    values = [
        (
            row["run_id"],
            [
                (
                    reason,
                    row[reason] / max(row["words"], 1),
                    f"{row['run_id']}, {reason}: {row[reason]:,} words",
                )
                for reason in REASONS
            ],
        )
        for row in history
    ]
    place = next((n for n, row in enumerate(history) if row["run_id"] == run_id), None)
    return plots.columns(values, percent=True, every=-(-len(values) // 8), marked=place)


def _delays_plot(copied: Copies) -> plots.Plot | None:
    if not any(number for _, number in copied.delays):
        return None
    values = [(name, [("copies", number, f"{name}: {number:,}")]) for name, number in copied.delays]
    return plots.columns(values, height=180)


def _similar_plot(similar: Similarities) -> plots.Plot:
    """The similarities of near-duplicates with the threshold, and over them the chance of a comparison."""
    first = _first_similarity(similar)
    removed, kept = dict(similar.bins), dict(similar.kept)
    places = [round(first + n / 100, 2) for n in range(round((1 - first) * 100))]
    values = [
        (
            f"{at:.2f}",
            [
                ("near", removed.get(at, 0), f"Jaccard from {at:.2f}: {removed.get(at, 0):,} removed"),
                ("under", kept.get(at, 0), f"Jaccard from {at:.2f}: about {kept.get(at, 0):,} kept"),
            ],
        )
        for at in places
    ]
    curve = [chance(at, *similar.bands) for at in [*places, 1.0]] if similar.bands else None
    threshold = {(similar.threshold - first) * 100: f"threshold {similar.threshold:g}"}
    return plots.columns(values, every=10, rules=threshold, curve=curve)


def _first_similarity(similar: Similarities) -> float:
    return min(FIRST_SIMILARITY, max(0.0, round(similar.threshold - 0.2, 1)))


def _chances(similar: Similarities) -> list[tuple[float, float]]:
    """(similarity, chance that such a pair is compared), in steps of a twentieth."""
    if not similar.bands:
        return []
    first = round(_first_similarity(similar) * 20)
    return [(n / 20, chance(n / 20, *similar.bands)) for n in range(first, 21)]


def _scores_plot(scored: Scores) -> plots.Plot:
    first = min(scored.bins[0][0], *scored.least.values())
    first = int(first * 20) / 20
    counts = dict(scored.bins)
    places = [round(first + n / 100, 2) for n in range(round((1 - first) * 100))]
    values = [
        (f"{at:.2f}", [("score", counts.get(at, 0), f"score {at:.2f}: {counts.get(at, 0):,}")])
        for at in places
    ]
    rules = {(least - first) * 100: f"{kind} {least:.2f}" for kind, least in scored.least.items()}
    return plots.columns(values, every=5, rules=rules)


def _changed(settings: Mapping[str, Any]) -> list[tuple[str, str]]:
    """(key, value) of each setting of the run that is not the default of this version."""
    defaults = Settings().model_dump(mode="json")
    found = []
    for key, value in settings.items():
        if key not in defaults:
            continue
        for name, own in value.items() if isinstance(value, Mapping) else [("", value)]:
            default = defaults[key].get(name) if isinstance(value, Mapping) else defaults[key]
            if own != default:
                found.append((f"[{key}] {name}" if name else key, orjson.dumps(own).decode()))
    return found
