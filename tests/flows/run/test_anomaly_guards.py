"""Anomaly guards: which runs are held, given the runs before them."""

from __future__ import annotations

import math
import random
import statistics
from collections.abc import Sequence
from typing import Any

import polars as pl
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from cleaners import REASONS
from flows.dataset.source_stats import SCHEMA, last_of_each
from flows.run.anomaly_guards import BLOCKS, FLOOR, MAD, Anomaly, find_anomalies
from flows.settings.model import Guards

#: (documents of ten words, those of them that were removed whole)
Run = tuple[int, int]
GUARDS = Guards()


def counts(
    run: int, documents: int, removed: int, *, source: str | None = "gazette", **more: Any
) -> dict[str, Any]:
    """A row of source statistics: documents of ten words each, some removed whole as boilerplate."""
    row: dict[str, Any] = dict.fromkeys(SCHEMA, 0)
    row |= {"run_id": f"r{run:06d}", "whole": False, "source": source, "documents": documents}
    row |= {"paragraphs": documents, "words": 10 * documents, "words_squared": 100.0 * documents}
    return row | {"boilerplate": 10 * removed} | more


def frame(rows: Sequence[dict[str, Any]]) -> pl.DataFrame:
    """Rows of source statistics as a frame."""
    return pl.DataFrame(list(rows), schema=SCHEMA)


def history(runs: Sequence[Run], **more: Any) -> pl.DataFrame:
    """The statistics of one source in earlier runs."""
    return frame([counts(n, *run, **more) for n, run in enumerate(runs, 1)])


def found(runs: Sequence[Run], now: Run, guards: Guards = GUARDS) -> list[str]:
    """The measures for which `now` is held after `runs`."""
    return [f.measure for f in find_anomalies(history(runs), frame([counts(len(runs) + 1, *now)]), guards)]


sizes = st.integers(1, 60)
runs_of = st.lists(sizes.flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n))), max_size=60)
one_run = sizes.flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n)))


def expected(runs: Sequence[Run], now: Run, guards: Guards) -> bool:
    """Whether a run is held, computed step by step from the docstring of `flows.run.anomaly_guards`."""
    if (len(runs) < guards.min_runs and sum(n for n, _ in runs) < guards.min_documents) or not runs:
        return False
    blocks: dict[int, list[Run]] = {}
    for number, run in enumerate(runs):
        blocks.setdefault(number * BLOCKS // max(BLOCKS, len(runs)), []).append(run)
    means = [sum(k for _, k in block) / sum(n for n, _ in block) for block in blocks.values()]
    m = min(max(statistics.median(means), FLOOR), 1 - FLOOR)
    z = [(k / n - m) / math.sqrt(m * (1 - m) / n) for n, k in runs]
    dispersion = max(1.0, (MAD * statistics.median(map(abs, z))) ** 2)
    n, p = now[0], now[1] / now[0]
    divergence = (p * math.log(p / m) if p else 0) + ((1 - p) * math.log((1 - p) / (1 - m)) if p < 1 else 0)
    seen = [k / size + guards.min_rise - p for size, k in runs if size >= n / 2]
    margins = [p - m - guards.min_rise, n / dispersion * divergence + math.log(guards.max_chance)]
    assume(all(abs(margin) > 1e-9 for margin in margins + seen))  # where rounding decides, either is right
    return min(margins) > 0 and max(seen, default=-1) < 0


@given(runs=runs_of, now=one_run, loose=st.booleans())
def test_the_formula_is_the_documented_one(runs: list[Run], now: Run, loose: bool) -> None:
    """The columnar decision equals that of the documented formula computed step by step."""
    guards = Guards(min_runs=3, min_rise=0.05, max_chance=0.05) if loose else Guards(min_runs=3)
    assert ("boilerplate" in found(runs, now, guards)) == expected(runs, now, guards)


@given(runs=runs_of, now=one_run)
def test_no_history_no_guard(runs: list[Run], now: Run) -> None:
    """With fewer than 20 runs and 1,000 documents of a source nothing is held, however bad it is."""
    short = runs[: GUARDS.min_runs - 1]
    assume(sum(n for n, _ in short) < GUARDS.min_documents)
    assert found(short, now) == []


@given(runs=runs_of, now=one_run, at=st.integers(0, 60))
def test_what_was_published_before_is_not_held(runs: list[Run], now: Run, at: int) -> None:
    """A run like one in its history passes, so publishing a held run by hand teaches the guard."""
    taught = [*runs[:at], now, *runs[at:]]
    assert found(taught, now, Guards(min_runs=1)) == []
    worse = (now[0], min(now[0], now[1] + now[0] // 7))
    assert found(taught, worse, Guards(min_runs=1)) == []


@given(runs=runs_of, size=sizes, shares=st.tuples(st.integers(0, 60), st.integers(0, 60)))
def test_worse_is_not_better(runs: list[Run], size: int, shares: tuple[int, int]) -> None:
    """Of two runs of the same size, the one that removes more is held if the other is."""
    less, more = sorted(min(size, share) for share in shares)
    guards = Guards(min_runs=3, max_chance=0.01)
    assert set(found(runs, (size, less), guards)) <= set(found(runs, (size, more), guards))


@given(size=st.integers(25, 60), rate=st.floats(0, 0.2), number=st.integers(20, 50), seed=st.integers())
def test_a_source_is_not_wiped_out(size: int, rate: float, number: int, seed: int) -> None:
    """If up to a fifth used to be removed, a run that removes everything is held."""
    draw = random.Random(seed)
    runs = [(size, sum(draw.random() < rate for _ in range(size))) for _ in range(number)]
    assume(statistics.mean(k / n for n, k in runs) < 0.25)
    assert found(runs, (size, size)) == ["removed", "boilerplate"]


def test_chance_alone_holds_next_to_nothing() -> None:
    """Of 2,000 runs with random removals at various rates and sizes, none is held."""
    draw = random.Random(5)
    rows = []
    for source in range(2000):
        rate, size = draw.random() ** 2, draw.choice([1, 3, 10, 100])
        for run in range(1, 22):
            removed = sum(draw.random() < rate for _ in range(size))
            rows.append(counts(run, size, removed, source=f"s{source}"))
    drawn = frame(rows)
    last = pl.col("run_id") == "r000021"
    assert find_anomalies(drawn.filter(~last), drawn.filter(last), GUARDS) == []


def test_sources_that_vary_are_allowed_to() -> None:
    """A source whose share varies from 0 to 0.6 is not held at 0.7; a steady one is."""
    swinging = [(50, 30 * (n % 2)) for n in range(30)]
    assert found(swinging, (50, 35)) == []
    assert found([(50, 15)] * 30, (50, 35)) == ["removed", "boilerplate"]


def test_one_long_document_is_one_document() -> None:
    """Documents are weighted by words: if one has nearly all words of a run, removing it is not an anomaly."""
    long = counts(31, 10, 0, words=10_090, words_squared=10_000.0**2 + 9 * 100, boilerplate=10_000)
    assert find_anomalies(history([(10, 0)] * 30), frame([long]), GUARDS) == []
    assert found([(10, 0)] * 30, (10, 10)) == ["removed", "boilerplate"]


@pytest.mark.parametrize(
    ("more", "measure", "said"),
    [
        (
            {"repaired": 40},
            "mojibake",
            "gazette: 100.0% of paragraphs repaired (40 documents); 0.0% in its last 30 runs",
        ),
        ({"rejected": 60}, "rejected", "gazette: 60.0% of inputs rejected"),
        ({"cluster": 39}, "cluster", "gazette: 97.5% of documents repeat the same paragraph"),
        (
            {"duplicate_document": 300},
            "duplicate_document",
            "gazette: 75.0% of words removed as duplicate_document",
        ),
    ],
)
def test_each_measure_is_judged(more: dict[str, int], measure: str, said: str) -> None:
    """Repairs, rejections and clusters are tested like removals; messages quote the figures of the history."""
    held = find_anomalies(history([(40, 0)] * 30), frame([counts(31, 40, 0, **more)]), GUARDS)
    messages = {finding.measure: str(finding) for finding in held}
    assert messages[measure].startswith(said)


@given(here=runs_of, there=runs_of, now=st.tuples(one_run, one_run))
def test_sources_are_judged_by_themselves(here: list[Run], there: list[Run], now: tuple[Run, Run]) -> None:
    """Two sources, one of them unnamed, give the same findings as each source alone."""
    guards = Guards(min_runs=3, max_chance=0.01)
    names: tuple[str, None] = ("gazette", None)
    both: list[Anomaly] = []
    for runs, run, name in zip((here, there), now, names, strict=True):
        both += find_anomalies(history(runs, source=name), frame([counts(61, *run, source=name)]), guards)
    together = find_anomalies(
        pl.concat([history(here, source=names[0]), history(there, source=names[1])]),
        frame([counts(61, *run, source=name) for run, name in zip(now, names, strict=True)]),
        guards,
    )
    assert sorted(map(str, together)) == sorted(map(str, both))


def test_the_whole_run_has_a_history_of_its_own() -> None:
    """Many new or small sources can add up to a run that is held as a whole; that finding comes first."""
    before = history([(40, 2)] * 25, whole=True, source=None)
    now = [
        counts(26, 40, 40, whole=True, source=None),
        *(counts(26, 4, 4, source=f"s{n}") for n in range(10)),
    ]
    assert [(f.source, f.measure) for f in find_anomalies(before, frame(now), GUARDS)] == [
        (None, "removed"),
        (None, "boilerplate"),
    ]
    assert str(find_anomalies(before, frame(now), GUARDS)[0]).startswith(
        "the whole run: 100.0% of words removed"
    )


def test_bounds_need_no_history() -> None:
    """A configured bound applies from the first run: to a whole run of any size, to a source from five documents."""
    guards = Guards.model_validate({"bounds": {"removed": 0.5}})
    rows = [
        counts(1, 1, 1, whole=True, source=None),
        counts(1, 4, 4, source="few"),
        counts(1, 5, 3, source="enough"),
        counts(1, 5, 2, source="under"),
    ]
    messages = find_anomalies(frame([]), frame(rows), guards)
    assert [(f.source, f.measure, f.bound) for f in messages] == [
        (None, "removed", 0.5),
        ("enough", "removed", 0.5),
    ]
    assert str(messages[1]) == "enough: 60.0% of words removed (5 documents); [guards.bounds] removed = 0.5"


def test_guards_can_be_switched_off() -> None:
    """With `enabled = false` nothing is held, not even beyond a bound."""
    guards = Guards.model_validate({"enabled": False, "bounds": {"removed": 0.0}})
    assert found([(40, 0)] * 30, (40, 40), guards) == []


def test_every_reason_has_a_bound() -> None:
    """The configuration has a bound for each reason and each measure."""
    from flows.dataset.source_stats import MEASURES
    from flows.settings.model import Bounds

    assert set(REASONS) < set(MEASURES)
    assert set(MEASURES) == set(Bounds.model_fields) - {"min_documents"}


def test_the_history_is_the_last_runs_of_each_source() -> None:
    """A rare source keeps its last runs, however many other runs there were; a run counts once."""
    rows = [counts(n, 5, 1) for n in range(1, 9)] + [counts(2, 7, 1, source="weekly"), counts(8, 5, 1)]
    kept = last_of_each(frame(rows), 3)
    assert kept.select("run_id", "source").rows() == [
        ("r000002", "weekly"),
        ("r000006", "gazette"),
        ("r000007", "gazette"),
        ("r000008", "gazette"),
    ]


def test_a_long_name_of_a_source_is_shortened() -> None:
    """A page chooses the name; it fills neither a terminal nor a notice."""
    message = str(Anomaly("x" * 1_000_000, "removed", 0.9, 12, None, 0, 0.1))
    assert message.startswith("x" * 100)
    assert len(message) < 400
