"""Any sequence of runs and maintenance: the dataset is what a simple model predicts."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flows.dataset import Dataset
from flows.maintenance import compact, expire, restore, rollback
from small_runs import LONG_AGO, aged, plain, record, run, story, swept
from support import table

SHARE = "Share this article on Facebook"
SAID = plain("boilerplate") | {"duplicate": {"enabled": False}}

#: A run with this number of new documents of each source, or a command on the runs that are there.
STEPS = st.one_of(
    st.tuples(st.just("run"), st.sampled_from(["evening.example", "morning.example"]), st.integers(1, 2)),
    st.tuples(st.just("rollback"), st.integers(0, 3)),
    st.tuples(st.just("restore"), st.integers(0, 3)),
    st.tuples(st.just("compact")),
    st.tuples(st.just("expire"), st.integers(0, 2)),
)


@dataclass
class Model:
    """What the dataset should be: a document has a story, and a line that is removed unless it is protected."""

    runs: dict[str, list[tuple[int, str, bool]]] = field(
        default_factory=dict
    )  # id -> (number, source, kept line)
    protected: set[str] = field(default_factory=set)
    new: list[tuple[int, str]] = field(default_factory=list)  # inputs that no run of the dataset has read
    given: int = 0  # the number of the last run

    def texts(self) -> Counter[tuple[str, str, str]]:
        """(run, record, text) of every document."""
        return Counter(
            (run_id, f"id-{number}", "\n\n".join([story(number), SHARE] if kept else [story(number)]))
            for run_id, documents in self.runs.items()
            for number, _, kept in documents
        )

    def removed(self) -> int:
        """The number of rows of `removed`."""
        return sum(not kept for documents in self.runs.values() for _, _, kept in documents)


@settings(max_examples=settings().max_examples // 8, suppress_health_check=list(HealthCheck))
@given(steps=st.lists(STEPS, min_size=3, max_size=7))
def test_any_history(tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[object, ...]]) -> None:
    """Runs, rollbacks, restorations, compactions and expiries in any order each do their work, and leave no damage."""
    follow(tmp_path_factory.mktemp("history"), steps)


def follow(folder: Path, steps: list[tuple[object, ...]]) -> None:
    """Apply the steps to a dataset and to the model."""
    out, inputs, model, numbers = folder / "out", folder / "in", Model(), iter(range(1000))
    inputs.mkdir()
    for step in [("run", "evening.example", 2), *steps]:
        ids = list(model.runs)
        match step:
            case ("run", str() as source, int() as count):
                for number in (next(numbers) for _ in range(count)):
                    (inputs / f"{number:04d}.jsonl").write_text(
                        json.dumps({**record(number, SHARE), "source": source}) + "\n"
                    )
                    model.new.append((number, source))
                model.given += 1
                assert run(inputs, out, SAID).run_id == f"r{model.given:06d}"
                model.runs[f"r{model.given:06d}"] = [
                    (n, s, s in model.protected) for n, s in sorted(model.new)
                ]
                model.new = []
                aged(out, f"r{model.given:06d}", LONG_AGO + timedelta(days=model.given))
            case ("rollback", int() as back) if ids:
                for gone in rollback(Dataset(out), ids[-1 - min(back, len(ids) - 1)]):
                    model.new += [(number, source) for number, source, _ in model.runs.pop(gone)]
            case ("restore", int() as which) if ids:
                run_id = ids[which % len(ids)]
                documents = model.runs[run_id]
                if any(not kept for _, _, kept in documents):
                    restore(Dataset(out), run=run_id)
                    model.protected |= {source for _, source, kept in documents if not kept}
                    model.runs[run_id] = [(number, source, True) for number, source, _ in documents]
            case ("compact",):
                compact(Dataset(out))
            case ("expire", int() as many) if ids:
                old = ids[: many % len(ids)]
                if old:
                    moment = LONG_AGO + timedelta(days=int(old[-1][1:]), hours=1)
                    for gone in expire(Dataset(out), moment):
                        del model.runs[gone]
        assert Dataset(out).runs() == list(model.runs)
        if model.runs:
            rows = table(out, "documents").select("run_id", "record_id", "text").rows()
            assert Counter(rows) == model.texts()
            assert len(table(out, "removed")) == model.removed()
    swept(out)
