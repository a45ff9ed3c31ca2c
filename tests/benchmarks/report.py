"""The results as Markdown tables, and the section of tests/benchmarks/README.md that holds them."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any

Results = Mapping[str, Any]

BEGIN, END = (
    "<!-- benchmarks: written by `python -m tests.benchmarks readme` -->",
    "<!-- end of benchmarks -->",
)
#: CPU seconds; a shorter lap says nothing about growth.
SHORTEST_LAP = 0.2
PLOT = "growth.svg"  # beside the README


def section(results: Mapping[str, Results], differs: Mapping[str, str]) -> str:
    """Everything that was measured, part by part; what was not is left out."""
    parts: dict[str, Callable[[Results], str]] = {
        "peers": lambda found: _peers(found, differs),
        "steps": _steps,
        "templates": _templates,
        "growth": _growth,
        "profile": _profile,
        "startup": _startup,
        "first": _first,
        "hourly": _hourly,
        "incremental": _incremental,
        "nearduplicates": _near_duplicates,
        "hostile": _hostile,
        "year": _year,
    }
    told = [_machine(next(iter(results.values())))] if results else []
    told += [write(results[name]) for name, write in parts.items() if name in results]
    return "\n\n".join(told) + "\n"


def into(readme: str, text: str) -> str:
    """The README with `text` between the two comments; ValueError if they are missing."""
    if readme.count(BEGIN) != 1 or readme.count(END) != 1:
        raise ValueError(f"the README lacks the two lines {BEGIN} and {END}")
    before, rest = readme.split(BEGIN)
    return f"{before}{BEGIN}\n\n{text}\n{END}{rest.split(END)[1]}"


def table(header: Sequence[str], rows: Iterable[Sequence[str]], left: int = 1) -> str:
    """A Markdown table; all but the first `left` columns are numbers."""
    keys = ["---"] * left + ["---:"] * (len(header) - left)
    return "\n".join(f"| {' | '.join(row)} |" for row in (header, keys, *rows))


def seconds(value: float) -> str:
    """Seconds with three digits that count."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def times(of: Mapping[str, float], other: Mapping[str, float]) -> str:
    """How many times as long the other takes: of the least, and of the medians."""
    return f"{_digits(other['min'] / of['min'])} ({_digits(other['median'] / of['median'])})"


def _digits(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def _machine(found: Results) -> str:
    m = found["machine"]
    versions = ", ".join(
        f"{name} {m[name]}" for name in ("copydesk", "polars", "numba", "ftfy", "datasketch")
    )
    quick = " **A quick run, on inputs too small to mean much.**" if found["quick"] else ""
    return (
        f"On {m['cores']} cores ({m['processor']}), {m['memory_gb']} GB, Python {m['python']}, {versions}. "
        "Contenders take turns; times are the least of several, ratios in brackets are of the medians. "
        f"Peak memory is that of the largest process.{quick}"
    )


def _peers(found: Results, differs: Mapping[str, str]) -> str:
    runs = found["contenders"]
    ours = runs["copydesk"]["net"]
    corpus = "the generated corpus" if found["generated"] else "a corpus of news"
    rows, notes = [], []
    for name, one in sorted(runs.items(), key=lambda item: item[1]["net"]["min"]):
        kept = f"{one['kept'] / one['paragraphs']:.1%}" if one["paragraphs"] else ""
        rows.append(
            [
                name,
                seconds(one["net"]["min"]),
                _digits(found["text_mb"] / one["net"]["min"]),
                "" if name == "copydesk" else times(ours, one["net"]),
                seconds(one["cpu"]["min"]),
                f"{one['peak_mb']:,.0f}",
                kept,
                f"{one['times']}",
            ]
        )
    header = ["end to end", "s", "MB/s", "times copydesk's", "CPU s", "peak MB", "kept", "runs"]
    for name, difference in differs.items():
        why = found["failed"].get(name)
        notes.append(f"- {name}: {difference}" + (f". **Not measured: {why}**" if why else ""))
    stages = [
        [name, ", ".join(f"{stage} {seconds(spent['wall'])}" for stage, spent in one["stages"].items())]
        for name, one in runs.items()
        if one["stages"]
    ]
    floor = (
        f" It takes {times(runs['floor']['net'], ours)} times the floor's time." if "floor" in runs else ""
    )
    return (
        f"**End to end**, {found['text_mb']:,.0f} MB of text of {corpus}, each one's time for a single record taken "
        "off. copydesk alone also removes boilerplate, verifies every duplicate and records what it took out."
        f"{floor}\n\n"
        f"{table(header, rows)}\n\n" + "\n".join(notes) + "\n\n" + table(["by stage", "s"], stages, left=2)
    )


def _steps(found: Results) -> str:
    repair = [
        [
            name,
            _digits(one["bytes"] / 1e6 / one["copydesk"]["min"]),
            _digits(one["bytes"] / 1e6 / one["ftfy"]["min"]),
            times(one["copydesk"], one["ftfy"]),
            f"{one['repaired'] / one['paragraphs']:.2%}",
            f"{one['differences']}",
        ]
        for name, one in found["fix_text"].items()
    ]
    header = [
        "fix_text, MB/s of one core",
        "copydesk",
        "ftfy",
        "times as fast",
        "rows changed",
        "differences",
    ]
    signed = found["signatures"]
    ours = signed["seconds"]["copydesk"]
    rows = [
        [name, _digits(signed["megabytes"] / s["min"]), "" if name == "copydesk" else times(ours, s)]
        for name, s in signed["seconds"].items()
    ]
    boilerplate = _boilerplate(found["boilerplate"])
    why = "".join(f"\n\nNot measured: {name}, {reason}" for name, reason in signed["failed"].items())
    signatures = table(["text to 128 signature values, one core", "MB/s", "times copydesk's"], rows)
    return f"**By step**\n\n{table(header, repair)}\n\n{boilerplate}\n\n{signatures}{why}"


def _boilerplate(found: Results) -> str:
    ours = found["seconds"]["copydesk"]
    rows = [
        [
            name,
            _digits(found["megabytes"] / s["min"]),
            "" if name.startswith("copydesk") else times(ours, s),
            f"{found['removed'][name]:.1%}",
        ]
        for name, s in found["seconds"].items()
    ]
    header = ["boilerplate removed, one core", "MB/s", "times copydesk's", "of the lines"]
    why = "".join(f"\n\nNot measured: {name}, {reason}" for name, reason in found["failed"].items())
    return table(header, rows) + why


def _templates(found: Results) -> str:
    rows = [
        [
            f"{one['jaccard']}",
            f"{one['reports']:,}",
            seconds(one["stages"]["compare"]["wall"]) if "compare" in one["stages"] else "",
            seconds(one["net"]["min"]),
            seconds(one["cpu"]["min"]),
            f"{one['peak_mb']:,.0f}",
        ]
        for one in found["runs"]
    ]
    header = ["Jaccard of any two", "reports", "compare s", "run s", "CPU s", "peak MB"]
    return (
        "**Market reports from one template** with five fields, so that each is a near-miss of every other, through "
        f"the search for duplicates alone\n\n{table(header, rows, left=0)}"
    )


def _growth(found: Results) -> str:
    sizes = found["sizes"]
    rows = [
        [
            f"{one['megabytes']:,.0f}",
            seconds(one["wall"]["min"]),
            _digits(one["text_mb"] / one["wall"]["min"]),
            seconds(one["cpu"]["min"]),
            f"{one['peak_mb']:,.0f}",
            f"{one['staging_mb']:,.0f}",
        ]
        for one in sizes
    ]
    last = sizes[-1]
    tenth = min(sizes, key=lambda one: abs(one["megabytes"] - last["megabytes"] / 10))
    ratio = _pace(last) / _pace(tenth)
    how = "generated" if found["generated"] else "multiplied"
    return (
        f"**As the input grows**, {how} corpora, start-up included: a megabyte of {last['megabytes']:,.0f} takes "
        f"{ratio:.2f} times as long as one of {tenth['megabytes']:,.0f}.\n\n"
        f"![seconds and peak memory by size]({PLOT})\n\n"
        + table(["MB", "s", "MB/s", "CPU s", "peak MB", "staging MB"], rows, left=0)
    )


def _pace(one: Results) -> float:
    pace: float = one["wall"]["min"] / one["text_mb"]
    return pace


def _profile(found: Results) -> str:
    steps = found["steps"]
    total = sum(steps.values())
    shown = list(steps.items())[:12]
    rows = [[f"`{name}`", seconds(spent), f"{spent / total:.0%}"] for name, spent in shown]
    rest = total - sum(spent for _, spent in shown)
    rows.append(["all else", seconds(rest), f"{rest / total:.0%}"])
    header = ["step", "CPU s", "share"]
    return f"**Where the time goes**, {found['megabytes']:,.0f} MB, one worker\n\n{table(header, rows)}"


def _startup(found: Results) -> str:
    told = ", ".join(
        f"{name} {one['wall']['min']:.2f} s ({one['wall']['median']:.2f})"
        for name, one in found["contenders"].items()
    )
    return f"**One small file, from shell to shell**, warm: {told}."


def _first(found: Results) -> str:
    return (
        f"**The first run on a machine**, one small file: {found['kernels']} kernels are compiled, by all cores, and "
        f"take {found['kept_mb']:.1f} MB on disk.\n\n{_runs('command', found['runs'])}"
    )


def _hourly(found: Results) -> str:
    return (
        f"**An hourly run**, over a dataset of {found['megabytes']:,.0f} MB, {found['documents']:,} documents\n\n"
        f"{_runs('the hour brought', found['runs'])}"
    )


def _runs(what: str, runs: Mapping[str, Any]) -> str:
    """A table with the costs of some runs."""
    rows = [
        [name, seconds(one["wall"]["min"]), seconds(one["cpu"]["min"]), f"{one['peak_mb']:,.0f}"]
        for name, one in runs.items()
    ]
    return table([what, "s", "CPU s", "peak MB"], rows)


def _incremental(found: Results) -> str:
    runs = found["runs"]
    alone, whole, added = (runs[name] for name in ("single", "whole", "added"))
    named = {"a single record": alone, f"{found['megabytes']:,.0f} MB": whole, "a hundredth more": added}
    wall, cpu = (
        (added[kind]["min"] - alone[kind]["min"]) / max(whole[kind]["min"] - alone[kind]["min"], 0.01)
        for kind in ("wall", "cpu")
    )
    return (
        f"**A hundredth added** to a dataset takes {wall:.1%} of the time of the whole, start-up taken off "
        f"({cpu:.1%} of the processors').\n\n" + _runs("run", named)
    )


def _near_duplicates(found: Results) -> str:
    """The share that each contender removed of each kind of pair."""
    names, labels, pairs = list(found["removed"]), found["labels"], found["pairs"]
    label_of = {"harmless": "states nothing new", "loses": "states something new"}
    rows = []
    for label, words in label_of.items():
        kinds = [kind for kind in pairs if labels[kind] == label]
        for name, *parts in [[f"**{words}**", *kinds], *((kind, kind) for kind in kinds)]:
            total = sum(pairs[kind] for kind in parts)
            shares = [sum(found["removed"][one][kind] for kind in parts) / total for one in names]
            rows.append([name, f"{total:,}", *(f"{share:.1%}" for share in shares)])
    languages = ", ".join(f"{number:,} {name}" for name, number in found["languages"].items())
    failed = "".join(f"\n- {name} failed: {why}" for name, why in found["failed"].items())
    return (
        f"**Near-duplicates with known answers**, {sum(pairs.values()):,} pairs ({languages}): the share of the later "
        "paragraphs that were removed. Where they state nothing new, that is right and the rest was missed; where they "
        "state something new, it is wrong.\n\n" + table(["later paragraph", "pairs", *names], rows) + failed
    )


def _hostile(found: Results) -> str:
    """The texts and stages that grow fastest, and the slowest texts."""
    sizes, laps = found["sizes"], found["seconds"]
    growth = sorted(
        (
            (_exponent(sizes, of_stage), text, stage, of_stage[-1])
            for text, stages in laps.items()
            for stage, of_stage in stages.items()
            if of_stage[-1] >= SHORTEST_LAP
        ),
        reverse=True,
    )
    spent = sorted(((_of_one_file(stages), text) for text, stages in laps.items()), reverse=True)
    fastest = [[text, stage, f"{exponent:.2f}", seconds(lap)] for exponent, text, stage, lap in growth[:10]]
    slowest = [[text, _digits(sizes[-1] / 1e6 / total)] for total, text in spent[:5]]
    return (
        f"**Hostile texts**: {len(laps)} of them from {sizes[0]:,} to {sizes[-1]:,} bytes, through every reader and "
        "cleaner. An exponent of 1 is linear growth, 2 is quadratic.\n\n"
        + table(["text", "stage", "exponent", "CPU s at the largest size"], fastest, left=2)
        + "\n\n"
        + table(["slowest text", "MB/s, slowest reader and all cleaners"], slowest)
    )


def _of_one_file(stages: Mapping[str, Sequence[float]]) -> float:
    """CPU seconds for a file: it is read once, here by the reader that takes longest, and goes through all cleaners."""
    readers = [laps[-1] for stage, laps in stages.items() if stage.startswith("reading ")]
    cleaners = [laps[-1] for stage, laps in stages.items() if not stage.startswith("reading ")]
    return max(readers, default=0.0) + sum(cleaners)


def _exponent(sizes: Sequence[int], laps: Sequence[float]) -> float:
    """The exponent of the growth from the third last size to the last, as the least of its two doublings."""
    doublings = [math.log2(max(b, 1e-4) / max(a, 1e-4)) for a, b in pairwise(laps[-3:])]
    return min(doublings)


def _year(found: Results) -> str:
    first, last = found["hundredth"], found["last"]
    return (
        f"**A year of hourly runs** in one process, a week's compacted at a time: the hundredth of {found['runs']:,} "
        f"takes {seconds(first['wall'])} s ({seconds(first['cpu'])} CPU s), the last {seconds(last['wall'])} s "
        f"({seconds(last['cpu'])} CPU s); there are never more than {found['most_files']:,} files; "
        f"{found['peak_mb']:,.0f} MB of memory."
    )


def plain(markdown: str) -> str:
    """The Markdown as it reads in a terminal: tables in columns, no picture."""
    lines: list[str] = []
    block: list[list[str]] = []
    for line in [*markdown.splitlines(), ""]:
        if line.startswith("|"):
            if not re.fullmatch(r"[|\-: ]+", line):
                block.append([cell.strip() for cell in line.strip("|").split(" | ")])
            continue
        widths = [max(map(len, column)) for column in zip(*block, strict=True)]
        lines += ["  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip() for row in block]
        block = []
        if not line.startswith("!["):
            lines.append(line.replace("**", ""))
    return "\n".join(lines)
