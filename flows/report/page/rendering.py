"""The page of a run as HTML: self-contained, inert whatever the input says, and without any request.

Text of the input reaches the page in two ways only: escaped by Jinja2, or in one block of JSON without `<`, `>` and
`&`. Scripts and styles run only by their hash, as the content security policy at the top of the page says.
"""

from __future__ import annotations

import base64
import hashlib
import shlex
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, Final

import orjson
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from cleaners import REASONS
from flows.dataset.summary import Counts
from flows.errors import CopydeskError
from flows.report.page import numbers, plots
from flows.report.page.copies import Copies, copies
from flows.report.page.proofs import proofs, shown
from flows.report.page.reading import RunTables
from flows.report.page.sampling import BORDERLINE, sample
from flows.report.page.thresholds import Scores, Similarities, chance, scores, similarities
from flows.settings import Settings

TEMPLATES: Final = Path(__file__).parent.parent / "templates"
#: Bytes of a page. What the tables show is bounded; a sample that is too large for the rest of it is cut.
MOST_BYTES: Final = 5_000_000
#: Similarities from this one on are on the plot, or from a fifth below the threshold on.
FIRST_SIMILARITY: Final = 0.5
#: What could end a script element, or is a line break to older parsers of JavaScript, and how JSON writes it.
JSON_ESCAPES: Final = {
    b"<": b"\\u003c",
    b">": b"\\u003e",
    b"&": b"\\u0026",
    "\u2028".encode(): b"\\u2028",
    "\u2029".encode(): b"\\u2029",
}
#: A proof without values, which the script of the page fills.
_NOTHING: Final = dict.fromkeys(
    ("uri", "source", "title", "title_before", "language", "encoding", "published", "text", "position"), ""
)
BLANK: Final[Mapping[str, Any]] = {
    **_NOTHING,
    "paragraphs": [
        {
            **dict.fromkeys(("position", "text", "reason", "rule", "detail", "before", "label"), ""),
            "fixes": [],
            "witness": {**_NOTHING, "jaccard": ""},
        }
    ],
}


def render(run: RunTables) -> str:
    """The page of a run; raises CopydeskError if its manifest is damaged."""
    manifest = run.manifest
    try:
        settings, counts = manifest["settings"], Counts.from_json(manifest["counts"])
        sampled = sample(run, settings)
        found = proofs(run, sampled)
        context = _context(run, settings, counts)
    except KeyError as error:
        raise CopydeskError(
            f"the manifest of {run.run_id} lacks {error}: it is older than this version"
        ) from error
    template = environment().get_template("page.html.jinja")
    while True:
        content = _content(run, found)
        page = template.render(
            **context,
            content=content,
            proofs=len(found),
            removals=sum("turn" in p for proof in found for p in proof["paragraphs"]),
        )
        if len(page.encode()) <= MOST_BYTES or not found:
            return page
        found = found[: len(found) * 2 // 3]


def _content(run: RunTables, found: Sequence[Mapping[str, Any]]) -> Markup:
    """What the script of the page reads, as JSON that cannot end the element that it stands in."""
    value = {
        "dataset": str(run.dataset.root),
        "run": run.run_id,
        "borderline": BORDERLINE,
        "proofs": found,
    }
    content = orjson.dumps(value)
    for character, escape in JSON_ESCAPES.items():
        content = content.replace(character, escape)
    return Markup(content.decode())


def _context(run: RunTables, settings: Mapping[str, Any], counts: Counts) -> dict[str, Any]:
    """Everything that the template shows but the proofs."""
    manifest = run.manifest
    reasons = numbers.reasons(run, counts)
    sources, source_count = numbers.sources(run)
    history = numbers.earlier_runs(run)
    similar, scored, copied = similarities(run, settings), scores(run, settings), copies(run)
    return {
        "run": run,
        "manifest": manifest,
        "counts": counts,
        "reasons": reasons,
        "reason_columns": [reason for reason in REASONS if any(row[reason] for row in history)],
        "going": plots.segments(
            [
                ("kept", counts.words_kept, f"kept: {counts.words_kept:,} words"),
                *((one.name, one.words, f"{one.name}: {one.words:,} words") for one in reasons),
            ]
        ),
        "sources": [_with_bar(row) for row in sources],
        "source_count": source_count,
        "history": history,
        "runs_plot": _runs_plot(history, run.run_id) if len(history) > 1 else None,
        "encodings": numbers.counted(run, "encoding"),
        "languages": numbers.counted(run, "language"),
        "fixes": numbers.fixes(run),
        "rejections": numbers.rejections(run),
        "copies": copied,
        "delays_plot": _delays_plot(copied),
        "similar": similar,
        "similar_plot": _similar_plot(similar),
        "chances": _chances(similar),
        "scores": scored,
        "scores_plot": _scores_plot(scored) if scored else None,
        "guards": numbers.guarded(run),
        "guards_on": settings["guards"]["enabled"],
        "changed": _changed(settings),
        "quoted": shlex.quote(str(run.dataset.root)),
        "review": f"copydesk review {shlex.quote(str(run.dataset.root))} marks.json",
        "blank": BLANK,
    }


def _with_bar(row: dict[str, Any]) -> dict[str, Any]:
    """The row of a source, with its bar: how much of its words was removed for each reason."""
    parts = [(reason, row[reason], f"{reason}: {row[reason]:,} words") for reason in REASONS]
    left = row["words"] - row["removed"]
    bar = plots.segments([*parts, ("kept", left, f"kept: {left:,} words")], width=200, height=12)
    return {**row, "bar": bar, "share": row["removed"] / max(row["words"], 1)}


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
    counts = dict(similar.bins)
    places = [round(first + n / 100, 2) for n in range(round((1 - first) * 100))]
    values = [
        (
            f"{at:.2f}",
            [("near", counts.get(at, 0), f"Jaccard {at:.2f} to {at + 0.01:.2f}: {counts.get(at, 0):,}")],
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


@cache
def environment() -> Environment:
    """The templates of pages and proofs. All text is escaped, and printable."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: shown(value, 4_000) if type(value) is str else value,
    )
    environment.filters |= {
        "number": lambda value: f"{value:,}",
        "percent": percent,
        "hours": in_words,
        "moment": lambda text: datetime.fromisoformat(text).strftime("%d %B %Y, %H:%M UTC").lstrip("0"),
    }
    style, script = ((TEMPLATES / name).read_text(encoding="utf-8") for name in ("page.css", "page.js"))
    environment.globals |= {
        "numbers_of": lambda row, names: [f"{row[name]:,}" for name in names],
        "style": Markup(style),
        "script": Markup(script),
        "policy": Markup(
            f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; "
            "base-uri 'none'; form-action 'none'"
        ),
    }
    return environment


def _hash(content: str) -> str:
    """The source expression of a content security policy for an inline script or style."""
    return f"sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}"


def percent(share: float | None) -> str:
    """A share in percent, with as many digits as it is worth.

    >>> [percent(share) for share in (0, 0.00004, 0.0123, 0.5, 0.99996, 1)]
    ['0 %', '< 0.1 %', '1.2 %', '50.0 %', '> 99.9 %', '100 %']
    """
    if share is None:
        return "–"
    if share in (0, 1):
        return f"{share:.0%}".replace("%", " %")
    if share < 0.0005:
        return "< 0.1 %"
    if 0.9995 < share < 1:
        return "> 99.9 %"
    return f"{100 * share:.1f} %"


def in_words(hours: float | None) -> str:
    """A delay in words.

    >>> [in_words(hours) for hours in (None, 0, 0.4, 5, 50, -30)]
    ['no dates', 'at the same time', '24 minutes later', '5 hours later', '2 days later', '30 hours earlier']
    """
    if hours is None:
        return "no dates"
    if hours == 0:
        return "at the same time"
    size = abs(hours)
    for unit, length in (("day", 24), ("hour", 1), ("minute", 1 / 60)):
        if size >= 2 * length or unit == "minute":
            number = round(size / length)
            return f"{number:,} {unit}{'' if number == 1 else 's'} {'later' if hours > 0 else 'earlier'}"
    raise AssertionError
