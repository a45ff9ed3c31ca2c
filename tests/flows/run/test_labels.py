"""Labels: what a reason finds stays in the text and is listed in `labelled`; all promises hold as for removals."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cleaners import REASONS
from flows import clean_frame
from flows.dataset import Dataset
from flows.dataset.tables import TABLES
from flows.maintenance import relabel
from flows.verify import verify
from small_runs import PLAIN, plain, published, record, run, story, swept
from support import Answer, Copydesk, Jsonl, table

from .stories import digests
from .test_promises import FEW, RECORDS, put_together

#: An example takes four runs.
FEWER = settings(FEW, max_examples=max(2, FEW.max_examples // 3))

SHARE = "Share this article on Facebook"
LABEL = {"action": "label"}
SOME: dict[str, Any] = plain("boilerplate")
#: Which reasons label.
ACTIONS = st.sets(st.sampled_from(REASONS)).map(sorted)
KEY = ("uri", "position", "reason", "rule", "detail", "jaccard")


def labelling(*reasons: str, within: dict[str, Any] | None = None) -> dict[str, Any]:
    """The settings with the action "label" for these reasons."""
    known = within or {}
    return known | {reason: known.get(reason, {}) | LABEL for reason in reasons}


def test_labelled_paragraphs_stay_and_are_listed(tmp_path: Path, jsonl: Jsonl) -> None:
    """A label leaves the text as it is; the row in `labelled` is that which `removed` would have."""
    records = jsonl([record(1, SHARE, story(2)), record(3, story(2), story(4))])
    run(records, tmp_path / "gone", SOME)
    counts = run(records, tmp_path / "kept", labelling("boilerplate", "duplicate", within=SOME)).counts
    gone, kept = (published(tmp_path / out) for out in ("gone", "kept"))
    assert kept["labelled"] == gone["removed"]
    assert [row["reason"] for row in kept["labelled"]] == ["boilerplate", "duplicate"]
    assert gone["labelled"] == kept["removed"] == []
    assert [row["text"] for row in kept["documents"]] == [
        "\n\n".join([story(1), SHARE, story(2)]),
        "\n\n".join([story(3), story(2), story(4)]),
    ]
    assert [(row["paragraphs"], row["removed_paragraphs"]) for row in kept["documents"]] == [(3, 0), (3, 0)]
    assert (counts.paragraphs, counts.paragraphs_kept, counts.words_kept) == (6, 6, counts.words)
    assert counts.removed == {}
    assert counts.labelled == {"boilerplate": (1, 1, 5), "duplicate": (1, 1, 53)}
    swept(tmp_path / "kept")


def test_a_labelled_paragraph_is_no_witness(tmp_path: Path, jsonl: Jsonl) -> None:
    """A~B~C: B is labelled as a duplicate of A; C, which resembles only B, is kept, now and in a later run."""
    words = story(7).split()
    b, c = [*words[:5], *["one", "two"], *words[7:]], [*words[:5], *["one", "two"], *words[7:]]
    c[-6:-4] = ["and", "more"]
    said = PLAIN | {"duplicate": LABEL | {"same_numbers": False, "threshold": 0.8}}
    texts = [story(7), " ".join(b), " ".join(c)]
    for name, files in {"one": [texts], "many": [[text] for text in texts]}.items():
        for n, each in enumerate(files):
            path = jsonl(
                [{"id": str(hash_), "text": text} for hash_, text in enumerate(each)], f"{name}{n}.jsonl"
            )
            run(path, tmp_path / name, said)
        assert table(tmp_path / name, "labelled")["text"].to_list() == texts[1:2]
        assert len(table(tmp_path / name, "documents")) == 3
        swept(tmp_path / name)


@pytest.mark.parametrize("labels", [("duplicate",), ("duplicate", "duplicate_document"), ("too_short",)])
def test_a_document_is_not_cut_to_its_labels(tmp_path: Path, jsonl: Jsonl, labels: tuple[str, ...]) -> None:
    """A document that would go whole stays whole if any of its text is labelled, its new paragraphs too."""
    copy = {**record(1, story(2), story(3), story(4), story(5), "A new end for it all."), "id": "copy"}
    short = {"id": "short", "text": "Too little of it."}
    records = jsonl([record(1, story(2), story(3), story(4), story(5)), copy, short])
    run(records, tmp_path / "out", labelling(*labels, within=PLAIN | {"too_short": {"min_words": 5}}))
    found = table(tmp_path / "out", "labelled")
    by_reason = dict(found.group_by("reason").len().iter_rows())
    texts = dict(table(tmp_path / "out", "documents").select("record_id", "text").iter_rows())
    if "duplicate" in labels:
        assert by_reason == {"duplicate": 5, "duplicate_document": 1}
        assert texts["copy"] == "\n\n".join(copy["text"].split("\n\n"))
        assert "short" not in texts
    else:
        assert by_reason == {"too_short": 1}
        assert texts["short"] == short["text"]
        assert "copy" not in texts
    swept(tmp_path / "out")


def test_what_makes_no_sense_is_refused(tmp_path: Path, jsonl: Jsonl, copydesk: Copydesk) -> None:
    """Only reasons have an action; a mistake is named, with what may be labelled."""
    config = tmp_path / "c.toml"

    def refused(content: str) -> str:
        config.write_text(content)
        answer: Answer = copydesk("run", jsonl([record(1)]), "--out", tmp_path / "out", "--config", config)
        assert answer.code == 2
        return answer.err

    assert "[inline_boilerplate]: only reasons have an action" in refused(
        '[inline_boilerplate]\naction = "label"'
    )
    assert "action: input should be 'remove' or 'label', not 'mark'" in refused(
        '[duplicate]\naction = "mark"'
    )


@FEWER
@given(records=RECORDS, labels=ACTIONS, cut=st.integers(0, 8))
def test_all_promises_hold_with_labels(
    records: list[dict[str, Any]], labels: list[str], cut: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Promises 1 to 3, whatever is labelled; the decisions do not depend on it, and later changes lead to the same.

    Nothing vanishes, each witness is kept and unlabelled (`verify` looks), two runs add up to one. The rows of
    `removed` and `labelled` together are always the same, and `relabel` makes each dataset the other.
    """
    if not records:
        return
    folder = tmp_path_factory.mktemp("run")
    paths = []
    for n, one in enumerate(records):
        paths.append(folder / f"{n}.jsonl")
        paths[-1].write_text(json.dumps(one) + "\n", encoding="utf-8")
    said: dict[str, Any] = {
        "repeated_line": {"enabled": False},
        "duplicate": {"short": "exact", "min_tokens": 3},
        "too_short": {"min_words": 3},
    }
    run(paths, folder / "one", labelling(*labels, within=said))
    for part in (paths[:cut], paths[cut:]):
        run(part, folder / "many", labelling(*labels, within=said))
    run(paths, folder / "gone", said)
    assert list(verify(Dataset(folder / "one"))) == []
    one, gone = (put_together(folder / out) for out in ("one", "gone"))
    assert one == gone
    found = [
        pl.concat([table(folder / out, name).select(KEY) for name in ("removed", "labelled")]).sort(KEY)
        for out in ("one", "many", "gone")
    ]
    assert all(a.equals(b) for a, b in pairwise(found))
    for name in TABLES:
        once, twice = (table(folder / out, name).drop("run_id") for out in ("one", "many"))
        assert once.sort(once.columns).equals(twice.sort(once.columns), null_equal=True), name
    before = {out: published(folder / out) for out in ("one", "gone")}
    for reason in labels:
        relabel(Dataset(folder / "one"), reason, "remove")
        relabel(Dataset(folder / "gone"), reason, "label")
    assert published(folder / "gone") == before["one"]
    assert published(folder / "one") == before["gone"]
    assert [list(verify(Dataset(folder / out))) for out in ("one", "gone")] == [[], []]


def test_same_input_same_bytes(tmp_path: Path, jsonl: Jsonl) -> None:
    """Promise 4: with labels, too, the number of workers changes no byte."""
    records = jsonl([record(n, SHARE, story(n // 2)) for n in range(8)])
    for workers in (1, 3):
        run(
            records,
            tmp_path / str(workers),
            labelling("duplicate", "boilerplate", within=SOME),
            workers=workers,
        )
    assert digests(tmp_path / "1") == digests(tmp_path / "3")


def test_a_data_frame_has_labels(jsonl: Jsonl) -> None:
    """`clean_frame` keeps labelled text, and lists it in a table of its own."""
    from flows.settings import Settings

    said = Settings.model_validate(labelling("duplicate", "boilerplate"))
    frame = pl.DataFrame({"text": [f"{story(1)}\n{SHARE}", story(1)]})
    cleaned = clean_frame(frame, config=said)
    assert cleaned.documents["text"].to_list() == [f"{story(1)}\n\n{SHARE}", story(1)]
    assert cleaned.labelled.select("row", "reason", "duplicate_of_row").rows() == [
        (0, "boilerplate", None),
        (1, "duplicate", 0),
    ]
    assert cleaned.removed.is_empty()


def test_the_command_says_what_was_labelled(tmp_path: Path, jsonl: Jsonl, copydesk: Copydesk) -> None:
    """The end of a run, its JSON, `explain` and the card name labelled text apart from removed text."""
    config, out = tmp_path / "c.toml", tmp_path / "out"
    config.write_text('[duplicate]\naction = "label"\n')
    records = jsonl([record(1, SHARE), record(2, story(1))])
    answer = copydesk("run", records, "--out", out, "--config", config, "--json")
    said = json.loads(answer.out)
    assert said["labelled"] == {"duplicate": {"documents": 1, "paragraphs": 1, "words": 53}}
    assert said["removed"] == {"boilerplate": {"documents": 1, "paragraphs": 1, "words": 5}}
    document = table(out, "labelled")["document_id"].item()
    shown = copydesk("explain", "--out", out, "--document", document, "--no-pager").out
    assert "1 * Report 1 says" in shown
    assert "duplicate: same tokens, labelled; witness: paragraph 0" in shown
    assert "2 paragraphs: 2 kept (1 labelled), 0 removed" in shown
    assert copydesk("explain", records, "--config", config, "--no-pager").out.count(", labelled;") == 1
    assert "| `duplicate`, labelled | 1 | 1 | 53 |" in (out / "README.md").read_text()
    assert copydesk("files", out, "labelled").out.count("part-") == 1
