"""The card of a dataset, `OUT/README.md`: true, up to date, readable in six tools, inert, and nobody else's file."""

from __future__ import annotations

import logging
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import markdown_it
import polars as pl
import pytest
import yaml

from flows.dataset import Dataset, card
from flows.dataset.card import renewal
from flows.dataset.card.facts import Facts, current_facts, read_kept
from flows.dataset.tables import MEANINGS, ROWS, SCHEMAS, TABLES
from flows.maintenance import compact, expire, reindex, restore, rollback
from flows.settings.model import Duplicate
from flows.verify import verify
from small_runs import LONG_AGO, aged, plain_run, record, run, story
from support import Copydesk, Jsonl, json_lines

FERRY = (
    "The night ferry to Holm will carry no lorries until the quay wall has been shored up, the harbour board said, and "
    "hauliers were told to book the longer crossing by way of the northern islands instead."
)
CUT, WITNESS = "https://bee.example/2", "https://ant.example/1"
RECORDS: list[dict[str, Any]] = [
    {
        "id": "1",
        "source": "ant",
        "url": WITNESS,
        "date": "2031-05-04",
        "text": f"{FERRY}\n\nThe cafÃ© is open.",
    },
    {
        "id": "2",
        "source": "bee",
        "url": CUT,
        "date": "2031-05-06",
        "text": f"{story(1)}\n\n{FERRY}\n\n{story(2)}",
    },
    {"id": "3", "source": "bee", "text": ""},
]


def text_of(out: Path) -> str:
    """The card."""
    return (out / "README.md").read_text(encoding="utf-8")


def front_matter(out: Path) -> dict[str, Any]:
    """The front matter of the card."""
    _, front, _ = text_of(out).split("---\n", 2)
    found = yaml.safe_load(front)
    assert isinstance(found, dict)
    return found


def cells(out: Path, first: str) -> list[str]:
    """The cells of the row of a Markdown table that begins with `first`."""
    (line,) = re.findall(rf"^\| {re.escape(first)} \|.*$", text_of(out), re.MULTILINE)
    return [cell.strip() for cell in line.strip("|").split("|")]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dataset of two runs with rows in every table."""
    folder = tmp_path_factory.mktemp("card")
    later = [record(4, "Share this article on Facebook")]
    for name, records, settings in (
        ("a.jsonl", RECORDS, None),
        ("b.jsonl", later, {"boilerplate": {"action": "label"}}),
    ):
        (folder / name).write_bytes(json_lines(*records))
        run(folder / name, folder / "news", settings)
    return folder / "news"


@pytest.fixture
def out(made: Path, tmp_path: Path) -> Path:
    """A copy of that dataset."""
    return Path(shutil.copytree(made, tmp_path / "news"))


def test_every_column_has_a_sentence(made: Path) -> None:
    """The data dictionary has a row for every column of every table, with a plain sentence."""
    assert {table: set(of) for table, of in SCHEMAS.items()} == {
        table: {column for column in of if column in SCHEMAS[table]} for table, of in MEANINGS.items()
    }
    assert set(ROWS) == set(SCHEMAS)
    for table, schema in SCHEMAS.items():
        _, _, section = text_of(made).partition(f"\n### {table}\n")
        rows = re.findall(
            r"^\| `(\w+)` \| [\w ,()]+ \| (?:never|may be) \| ([A-Z].*\.) \|$", section.split("\n#")[0], re.M
        )
        assert dict(rows) == {column: MEANINGS[table][column] for column in schema}


def test_the_card_counts_all_runs(made: Path) -> None:
    """Documents, paragraphs, words, sources, languages, days and inputs are those of all runs together."""
    documents, removed = (
        pl.read_parquet(made / name, hive_partitioning=False) for name in ("documents", "removed")
    )
    words = documents["words"].sum()
    assert cells(made, "kept")[1:4] == [str(len(documents)), str(documents["paragraphs"].sum()), str(words)]
    assert cells(made, "read")[1:3] == ["3", str(documents["paragraphs"].sum() + len(removed))]
    assert cells(made, "`duplicate`")[1:3] == ["1", "1"]
    for source, number in documents["source"].value_counts().iter_rows():
        assert cells(made, f"`{source}`")[1] == str(number)
    assert cells(made, "`en`")[1] == str(len(documents.filter(language="en")))
    assert "2 articles have a date, from 2031-05-04 to 2031-05-06." in text_of(made)
    for name, number in (("a", 1), ("b", 2)):
        assert cells(made, f"`{made.parent}/{name}.jsonl`") == [
            f"`{made.parent}/{name}.jsonl`",
            f"r00000{number}",
        ]
    for table in TABLES:
        rows = len(pl.read_parquet(made / table, hive_partitioning=False))
        assert cells(made, f"[{table}](#{table})")[2] == str(rows)


def test_the_front_matter_is_a_dataset_cards(made: Path) -> None:
    """The front matter has what the Hub wants to know."""
    front = front_matter(made)
    assert front["pretty_name"] == "News of ant, bee and evening.example"
    assert (front["license"], front["size_categories"], front["language"]) == ("unknown", ["n<1K"], ["en"])
    assert [one["config_name"] for one in front["configs"]] == list(TABLES)


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning", "ignore::FutureWarning")
def test_hugging_face_loads_each_table(made: Path, tmp_path: Path, table: str) -> None:
    """`load_dataset(OUT, table)` reads all rows and the columns of the table; without a table it reads `documents`."""
    import datasets  # takes a second

    rows = datasets.load_dataset(str(made), table, split="train", cache_dir=str(tmp_path))
    assert rows.column_names == list(SCHEMAS[table])
    assert len(rows) == len(pl.read_parquet(made / table, hive_partitioning=False))
    if table == "documents":
        assert len(datasets.load_dataset(str(made), split="train", cache_dir=str(tmp_path))) == len(rows)


def test_a_table_without_rows_is_not_offered(tmp_path: Path, jsonl: Jsonl) -> None:
    """Hugging Face datasets cannot load a table without rows, so the front matter has none."""
    plain_run(jsonl([record(1)]), tmp_path / "out")
    assert [one["config_name"] for one in front_matter(tmp_path / "out")["configs"]] == ["documents"]


def snippets(out: Path, heading: str) -> list[str]:
    """The Python of a section of the card."""
    _, _, section = text_of(out).partition(f"\n## {heading}\n")
    return re.findall(r"^```python\n(.*?)^```", section.split("\n## ")[0], re.MULTILINE | re.DOTALL)


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning", "ignore::FutureWarning")
def test_six_tools_read_it_as_the_card_says(
    made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each snippet, run in the folder of the card, reads every document. Spark is not installed, and not tried."""
    import datasets

    monkeypatch.chdir(made)
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path)
    found = snippets(made, "Read it")
    tools = [
        re.findall(r"^(?:import|from) (polars|duckdb|pyarrow|pandas|datasets|pyspark)", one, re.M)[0]
        for one in found
    ]
    assert tools == ["polars", "duckdb", "pyarrow", "pandas", "datasets", "pyspark"]
    for tool, snippet in zip(tools[:-1], found, strict=False):
        names: dict[str, Any] = {}
        exec(snippet, names)
        assert len(names["documents"]) == 3, tool


def test_the_questions_are_answered(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The snippets say why an article was cut, what is left, which article has the same, and what was repaired."""
    monkeypatch.chdir(made)
    names: dict[str, Any] = {}
    script = "\n".join(snippets(made, "Ask it"))
    exec(script.replace("https://news.example/article", CUT), names)
    assert names["cuts"].select("position", "text", "reason").rows() == [(1, FERRY, "duplicate")]
    assert names["left"]["text"].to_list() == [f"{story(1)}\n\n{story(2)}"]
    assert names["witnesses"].select("text", "url_of_witness", "jaccard").rows() == [(FERRY, WITNESS, 1.0)]
    assert names["by_rule"]["paragraphs"].sum() == len(pl.read_parquet("removed", hive_partitioning=False))
    exec(script.replace("https://news.example/article", WITNESS), names)
    assert names["repairs"].select("before", "after").rows() == [("The cafÃ© is open.", "The café is open.")]


def test_what_changes_the_dataset_renews_the_card(out: Path) -> None:
    """Every command that changes runs renews the card, and what it counts is what counting anew gives."""
    (out.parent / "c.jsonl").write_bytes(json_lines(record(5), record(6)))
    commands: dict[str, Callable[[], object]] = {
        "run": lambda: run(out.parent / "c.jsonl", out),
        "rollback": lambda: rollback(Dataset(out), "r000003"),
        "restore": lambda: restore(Dataset(out), reason="duplicate"),
        "compact": lambda: compact(Dataset(out)),
        "run again": lambda: run(out.parent / "c.jsonl", out),
        "reindex": lambda: reindex(Dataset(out), Duplicate(threshold=0.9)),
    }
    for name, command in commands.items():
        before = text_of(out)
        command()
        dataset = Dataset(out)
        documents = dataset.scan("documents").collect()
        assert cells(out, "kept")[1] == str(len(documents)), name
        assert (text_of(out) != before) == (name != "reindex"), name
        assert read_kept(dataset).facts == current_facts(dataset, Facts()), name
        assert list(verify(dataset)) == [], name


def test_an_expired_run_is_not_counted(out: Path) -> None:
    """`expire` takes a run out of the card, and what was counted is what is there."""
    aged(out, "r000001", LONG_AGO)
    expire(Dataset(out), LONG_AGO.replace(year=2021))
    assert cells(out, "kept")[1] == "1"
    assert "r000001" not in text_of(out)


def test_a_held_run_is_counted_when_it_is_published(tmp_path: Path, jsonl: Jsonl, copydesk: Copydesk) -> None:
    """A run that is held is not in the card; published it is, discarded it is not."""
    out = tmp_path / "out"
    plain_run(jsonl([record(1)], "1.jsonl"), out)
    before = text_of(out)
    config = tmp_path / "held.toml"
    config.write_text(
        "[guards.bounds]\nmin_documents = 1\nduplicate = 0.1\nremoved = 0.1\n", encoding="utf-8"
    )
    for number, decision in ((2, "discard"), (3, "publish")):
        copies = [{**record(1), "id": f"{number}-{n}"} for n in range(3)]
        path = jsonl([*copies, record(number)], f"{number}.jsonl")
        assert copydesk("run", path, "--out", out, "--config", config, "--quiet").code == 3
        assert text_of(out) == before
        assert copydesk(decision, out, f"r{number:06d}").code == 0
        assert (text_of(out) == before) == (decision == "discard")
    assert cells(out, "kept")[1] == "2"


def test_the_same_dataset_has_the_same_card(out: Path, made: Path) -> None:
    """The card is a function of the dataset: written anew, by another command, elsewhere, it is the same."""
    before = text_of(out)
    (out / "README.md").unlink()
    (out / "_copydesk" / "card.json").unlink()
    with Dataset(out).writing():
        pass
    assert text_of(out) == before == text_of(made)


def test_nothing_new_writes_nothing(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A command that changes nothing writes neither the card nor what it counts, and reads no manifest for it."""
    before = {path: path.stat().st_mtime_ns for path in (out / "README.md", out / "_copydesk" / "card.json")}
    with Dataset(out).writing():
        pass  # the copy's manifests are other files
    before = {path: path.stat().st_ino for path in before}
    monkeypatch.setattr("flows.dataset.card.facts.read_manifests", None)
    monkeypatch.setattr(renewal, "write_sealed", None)
    with Dataset(out).writing():
        pass
    assert before == {path: path.stat().st_ino for path in before}


def test_a_run_reads_only_its_own_manifest(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What earlier runs count is kept, so that a run costs the same after thousands of them."""
    with Dataset(out).writing():
        pass
    read: list[str] = []
    original = card.facts.read_manifests

    def listen(layout: Any, span: Any) -> Any:
        read.append(str(span))
        return original(layout, span)

    monkeypatch.setattr("flows.dataset.card.facts.read_manifests", listen)
    (out.parent / "c.jsonl").write_bytes(json_lines(record(5)))
    run(out.parent / "c.jsonl", out)
    assert read == ["r000003"]


def test_a_crash_leaves_the_card_as_it_was(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed after its commit, a run leaves the older card, and nothing is damaged; the next command renews it."""
    (out.parent / "c.jsonl").write_bytes(json_lines(record(5)))
    before = text_of(out)

    class Killed(BaseException):
        pass

    def die(*_: object) -> None:
        (out / ".README.md.partial").write_text("half")
        raise Killed

    monkeypatch.setattr(renewal, "write_sealed", die)
    with pytest.raises(Killed):
        run(out.parent / "c.jsonl", out)
    monkeypatch.undo()
    assert text_of(out) == before
    assert list(verify(Dataset(out))) == []
    with Dataset(out).writing():
        pass
    assert cells(out, "kept")[1] == "4"
    assert not list(out.glob(".*"))


def test_a_card_that_cannot_be_written_fails_nothing(
    out: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The run is published, and the command says what went wrong; the next one tries again."""
    (out.parent / "c.jsonl").write_bytes(json_lines(record(5)))

    def full(path: Path, *_: object) -> None:
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr(renewal, "write_sealed", full)
    assert run(out.parent / "c.jsonl", out).run_id == "r000003"
    assert "README.md is as it was: [Errno 28] No space left on device" in caplog.text
    monkeypatch.undo()
    with Dataset(out).writing():
        pass
    assert cells(out, "kept")[1] == "4"


@pytest.mark.parametrize(
    "change", [lambda _: "# Ours\n", lambda text: text.replace("News of ant", "Ours of ant")]
)
def test_what_a_person_wrote_stays(
    out: Path, change: Callable[[str], str], caplog: pytest.LogCaptureFixture
) -> None:
    """A README.md of somebody else, or a card that was changed, stays as it is, and this is said once."""
    ours = change(text_of(out))
    (out / "README.md").write_text(ours, encoding="utf-8")
    assert any("README.md is not what was written" in problem for problem in verify(Dataset(out)))
    for number in (5, 6):
        (out.parent / "c.jsonl").write_bytes(json_lines(record(number)))
        run(out.parent / "c.jsonl", out)
    assert text_of(out) == ours
    assert [one.levelno for one in caplog.records if "stays as it is" in one.message] == [logging.WARNING]
    assert list(verify(Dataset(out))) == []
    (out / "README.md").unlink()
    with Dataset(out).writing():
        pass
    assert cells(out, "kept")[1] == str(len(Dataset(out).scan("documents").collect()))


def test_a_lost_card_is_missed(out: Path, caplog: pytest.LogCaptureFixture) -> None:
    """`verify` says that the card is gone; the next command that writes says so, too, and writes it anew."""
    (out / "README.md").unlink()
    assert any("README.md is missing" in problem for problem in verify(Dataset(out)))
    with Dataset(out).writing():
        pass
    assert "README.md is missing" in caplog.text
    assert list(verify(Dataset(out))) == []
    assert cells(out, "kept")[1] == "3"


def test_the_settings_of_the_newest_run_count(tmp_path: Path, jsonl: Jsonl) -> None:
    """Title and license are as `[publish]` says; with `card = false` there is none, and one that was there goes."""
    out = tmp_path / "out"
    publish = {"title": "Valley: *news*", "license": "cc-by-4.0"}
    plain_run(jsonl([record(1)], "1.jsonl"), out, {"publish": publish, "duplicate": {"threshold": 0.9}})
    assert (front_matter(out)["pretty_name"], front_matter(out)["license"]) == ("Valley: *news*", "cc-by-4.0")
    assert "\n# Valley: \\*news\\*\n" in text_of(out)
    assert cells(out, "`[duplicate] threshold`")[1:] == ["`0.9`", "`0.8`"]
    assert "`[publish]" not in text_of(out)
    plain_run(
        jsonl([record(2)], "2.jsonl"), out, {"publish": {"card": False}, "duplicate": {"threshold": 0.9}}
    )
    assert not (out / "README.md").exists()
    assert list(verify(Dataset(out))) == []
    plain_run(jsonl([record(3)], "3.jsonl"), out, {"duplicate": {"threshold": 0.9}})
    assert cells(out, "kept")[1] == "3"


def test_without_runs_there_is_no_card(out: Path) -> None:
    """A dataset whose last run was rolled back has no card, and a new one has none before its first run."""
    rollback(Dataset(out), "r000001")
    assert not (out / "README.md").exists()
    assert list(verify(Dataset(out))) == []
    with Dataset(out.parent / "new").writing():
        pass
    assert [path.name for path in (out.parent / "new").iterdir()] == ["_copydesk"]


HOSTILE = (
    *(
        "<script>alert(1)</script>",
        "[x](javascript:alert(1))",
        "![](https://evil.example/p.png)",
        "`code` | more",
    ),
    *(
        "---\nlicense: mit\n---",
        "a: [b, {c: d}]",
        "no",
        "\u202eevil\x1b[31m",
        "www.evil.example",
        "a|b\\",
        "`",
        "   ",
    ),
)


def test_untrusted_names_are_inert(tmp_path: Path, jsonl: Jsonl) -> None:
    """Sources, inputs and settings add nothing to the front matter, and no markup, link or control character."""
    out, name = tmp_path / "out", "<img src=x>`|[a](b)\u202e.jsonl"
    records = [{**record(number), "source": source} for number, source in enumerate(HOSTILE)]
    settings = {"fields": {"text": ["text", "`<b>`|"]}, "publish": {"title": "---\n<i>x</i>"}}
    plain_run(jsonl(records, name), out, settings)
    front = front_matter(out)
    assert front["license"] == "unknown"
    assert [*front] == ["pretty_name", "license", "size_categories", "tags", "configs"]
    assert text_of(out).isprintable() or not re.search(
        "[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]", text_of(out)
    )
    body = text_of(out).split("---\n", 2)[2]
    html = markdown_it.MarkdownIt("gfm-like", {"linkify": False}).render(body)
    assert not re.search(r"<(?:script|img|i|b)\b", html)
    assert set(re.findall(r'(?:href|src)="([^"]*)"', html)) == {f"#{table}" for table in TABLES}
    sources = html[html.index("<h2>Sources") : html.index("<h2>Languages")]
    assert sources.count("<tr>") == 1 + len({*records_sources(out)})
    assert all(row.count("<td") == 3 for row in sources.split("<tr>")[2:])


def records_sources(out: Path) -> list[str | None]:
    """The sources in the dataset."""
    return pl.read_parquet(out / "documents", hive_partitioning=False)["source"].to_list()
