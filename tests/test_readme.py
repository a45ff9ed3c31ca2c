"""The READMEs are true: what they show as output is output, what they show as commands and code works."""

from __future__ import annotations

import doctest
import re
import shlex
import textwrap
import tomllib
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import typer
from generated_docs import BLOCKS, updated

import cleaners.paragraphs
from cleaners import PIPELINE, REASONS, Cleaner
from flows.cli import app
from flows.errors import ConfigurationError
from flows.report.proof import Proof, ProofParagraph, Witness
from flows.settings import read_settings
from flows.settings.phrase_files import read_phrases
from support import ROOT, Copydesk

READMES = (
    "README.md",
    *(f"{folder}/README.md" for folder in ("config", "flows", "cleaners", "tests/benchmarks", "seeds")),
)
CONTENT = {name: (ROOT / name).read_text(encoding="utf-8") for name in READMES}

#: What placeholders of commands stand for, where a value is checked.
VALUES = {"DATE": "2025-01-01", "R": "boilerplate", "RUN": "r000001"}


def fenced(name: str, language: str) -> list[str]:
    """The contents of the blocks of code of that language in a README."""
    found = re.findall(rf"^( *)```{language}\n(.*?)^ *```$", CONTENT[name], re.DOTALL | re.MULTILINE)
    return [textwrap.dedent(block) for _, block in found]


def commands() -> Iterator[tuple[str, str]]:
    """(README, line) of each command line: indented, in a block, or in backquotes."""
    for name, content in CONTENT.items():
        lines = [line for line in content.splitlines() if re.match(r" {4,}\S", line)]
        lines += re.findall(r"`(copydesk [^`]+)`", content.replace("\n", " "))
        yield from ((name, line.strip()) for line in lines)


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The dataset that `make run` makes of the seeds."""
    from flows.run.engine import Threads
    from flows.run.plan import execute_run

    folder = tmp_path_factory.mktemp("readme") / "OUT"
    execute_run([str(ROOT / "seeds/articles")], folder, read_settings(), Threads(2, lambda *_: None))
    return folder


def test_the_readme_is_short_and_in_order() -> None:
    """At most 200 lines: what it does, try, install, your own folder, results, reasons, tools, schedule, links."""
    lines = CONTENT["README.md"].splitlines()
    assert len(lines) <= 200
    assert [line[3:] for line in lines if line.startswith("## ")] == [
        "Try it",
        "Install it",
        "Clean your own folder",
        "What you get",
        "Why a line is gone",
        "Read it in six tools",
        "Schedule it",
        "More",
        "Contribute",
    ]


def test_explain_prints_what_the_readme_shows(copydesk: Copydesk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The proof at the top is the literal output of the command above it, at 80 columns."""
    (file,) = re.findall(r"^ {4}\$ copydesk explain (\S+)$", CONTENT["README.md"], re.MULTILINE)
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("COLUMNS", "80")
    answer = copydesk("explain", file)
    assert answer.code == 0
    assert fenced("README.md", "text")[0] == answer.out


def test_the_json_of_a_proof_is_documented() -> None:
    """flows/README.md names the fields of a proof, in their order."""
    for part in (Proof, ProofParagraph, Witness):
        assert f"| {', '.join(part.__slots__)} |" in CONTENT["flows/README.md"]


@pytest.mark.parametrize("readme", sorted({readme for readme, _ in BLOCKS}))
def test_generated_tables_are_current(readme: str) -> None:
    """Columns, reasons and settings are those of the code; else run `python -m tests.generated_docs`."""
    assert updated(readme, CONTENT[readme]) == CONTENT[readme]


def test_links_lead_somewhere() -> None:
    """Every relative link in a README names a file or folder, and every anchor a heading in it."""
    for name, content in CONTENT.items():
        for target in re.findall(r"\]\(([^)\s]+)\)", content):
            if "://" in target:
                continue
            path, _, anchor = target.partition("#")
            file = (ROOT / name).parent / path if path else ROOT / name
            assert file.exists(), f"{name}: {target}"
            if anchor:
                headings = re.findall(r"^#+ (.+)$", file.read_text(encoding="utf-8"), re.MULTILINE)
                anchors = {re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-") for h in headings}
                assert anchor in anchors, f"{name}: {target}"


def test_commands_are_accepted() -> None:
    """Every `copydesk` command of a README exists, and takes the options and arguments that are shown."""
    group: Any = typer.main.get_command(app)
    shown = set()
    for name, line in commands():
        if "copydesk " not in line or re.match(r"(prefect|COPYDESK_|docker build)", line):
            continue
        line = re.sub(r"^.*?\bcopydesk ", "", line).split(" | ")[0]
        words = [
            VALUES.get(word, word)
            for word in shlex.split(line.replace("[", "").replace("]", ""), comments=True)
        ]
        if not words or words[0] not in group.commands:
            options = [option for one in group.params for option in one.opts]
            assert words[0] in ("COMMAND", *options), f"{name}: copydesk {line}"
            continue
        shown.add(words[0])
        if words[1:]:
            with group.make_context("copydesk", [words[0]], resilient_parsing=True) as context:
                group.commands[words[0]].make_context(words[0], words[1:], parent=context)
    assert shown == set(group.commands)


def test_make_targets_exist() -> None:
    """Every `make` target of a README is in the Makefile."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.search(r"\.PHONY: (.*)", makefile)[1].split())  # type: ignore[index]
    for name, content in CONTENT.items():
        for target in re.findall(r"(?:`|^ {4})make ([a-z-]+)", content, re.MULTILINE):
            assert target in targets, f"{name}: make {target}"


def test_the_table_of_make_run(out: Path, copydesk: Copydesk) -> None:
    """`make run` prints the numbers that the README shows, apart from the time it took."""
    shown = fenced("README.md", "text")[1]
    removed = pl.read_parquet(out / "removed", hive_partitioning=False)
    by_reason = [line.split() for line in shown.splitlines() if line.strip().startswith(REASONS)]
    assert [line[0] for line in by_reason] == [
        reason for reason in REASONS if reason in set(removed["reason"])
    ]
    for name, documents, paragraphs, _, _ in by_reason:
        counts = removed.filter(reason=name)
        assert (counts["document_id"].n_unique(), len(counts)) == (int(documents), int(paragraphs))
    kept = pl.read_parquet(out / "documents", hive_partitioning=False)
    assert f"kept {len(kept)} {kept['paragraphs'].sum()} {kept['words'].sum():,}" in " ".join(shown.split())
    rejected = pl.read_parquet(out / "rejected", hive_partitioning=False)
    repaired = pl.read_parquet(out / "repaired", hive_partitioning=False).filter(field="text")
    assert f"{len(repaired)} paragraphs repaired; " in shown
    assert f"\n{len(rejected)} inputs rejected:\n" in shown
    assert "copydesk report out\n" in shown


def test_queries_work(out: Path, monkeypatch: pytest.MonkeyPatch, copydesk: Copydesk) -> None:
    """The query about removals finds some, and the command about an article what was removed of it."""
    monkeypatch.chdir(out.parent)
    (why,) = (block for block in fenced("README.md", "python") if "removed" in block)
    names: dict[str, Any] = {"polars": pl}
    exec(why.replace("removed.group_by", "by_rule = removed.group_by"), names)
    assert len(names["by_rule"]) > 5
    (url,) = re.findall(r"copydesk explain --out OUT --document (\S+)", CONTENT["README.md"])
    assert "1 removed (repeated_headline 1)" in copydesk("explain", "--out", out, "--document", url).out


@pytest.mark.slow
@pytest.mark.parametrize("tool", ["polars", "duckdb", "pyarrow", "pandas", "datasets"])
def test_tools_read_the_dataset(out: Path, monkeypatch: pytest.MonkeyPatch, tool: str) -> None:
    """The line of each tool reads every document; Spark is not installed, and not tried."""
    monkeypatch.chdir(out.parent)
    monkeypatch.setenv("HF_DATASETS_CACHE", str(out.parent / "cache"))
    (line,) = re.findall(rf"^{tool}\..*$", CONTENT["README.md"], re.MULTILINE)
    module = __import__("pyarrow.dataset" if tool == "pyarrow" else tool)
    read = eval(line, {tool: module})
    rows = len(read["train"] if tool == "datasets" else read)
    assert rows == len(pl.read_parquet(out / "documents", hive_partitioning=False))


def test_the_pipeline_of_data_frames() -> None:
    """The examples of flows/README.md for data frames and columns of texts do what is written beside them."""
    blocks = fenced("flows/README.md", "python")
    (frames,) = (block for block in blocks if "clean_frame(" in block)
    (texts,) = (block for block in blocks if "fix_text(" in block)
    names: dict[str, Any] = {}
    exec(frames, names)
    exec(texts, names)
    cleaned = names["cleaned"]
    for table, columns in re.findall(r"^cleaned\.(\w+) +# ([a-z_, ]+)", frames, re.MULTILINE):
        assert getattr(cleaned, table).columns == columns.split(", ")
    assert names["kept"]["clean"].null_count() == 1
    assert names["fix_text"]("The cafÃ© isn&#39;t open.") == "The café isn't open."


@pytest.mark.parametrize("readme", ["README.md", "config/README.md", "flows/README.md"])
def test_configurations_are_valid(readme: str, tmp_path: Path) -> None:
    """Every configuration and every phrase file of a README is one that copydesk accepts."""
    blocks = fenced(readme, "toml")
    assert blocks
    for block in blocks:
        path = tmp_path / "mine.toml"
        path.write_text(block, encoding="utf-8")
        if "[[phrase]]" in block:
            assert read_phrases([path])
        else:
            read_settings(path)


def test_a_mistake_is_named_as_shown(tmp_path: Path) -> None:
    """config/README.md quotes the message about an unknown key."""
    path = tmp_path / "mine.toml"
    path.write_text("[too_short]\nmin_word = 3\n")
    with pytest.raises(ConfigurationError) as error:
        read_settings(path)
    assert str(error.value).replace(f"{tmp_path}/", "") in CONTENT["config/README.md"]


def test_the_frame_of_the_example() -> None:
    """The first example in cleaners/README.md removes the second printing of the headline."""
    names: dict[str, Any] = {"print": lambda frame: names.update(shown=frame)}
    exec(fenced("cleaners/README.md", "python")[0], names)
    assert names["shown"]["reason"].to_list() == [None, "repeated_headline", None]


def test_the_cleaner_of_the_example(monkeypatch: pytest.MonkeyPatch) -> None:
    """The worked example of a cleaner does what its doctest shows, and its entry and settings fit it."""
    _, file, entry, settings, *_ = fenced("cleaners/README.md", "python")
    monkeypatch.setattr(cleaners.paragraphs, "REASONS", (*REASONS, "weather_line"))
    module = types.ModuleType("weather_line")
    exec(file, module.__dict__)
    module.__dict__["weather_line"].__module__ = "weather_line"
    assert doctest.testmod(module) == (0, 4)
    cleaner = eval(entry, {"Cleaner": Cleaner})
    assert cleaner.rules == (module.__dict__["RULE"],)
    assert cleaner.name not in {known.name for known in PIPELINE}
    from flows.settings import model

    names = dict(vars(model))
    exec(f"from __future__ import annotations\n{settings}", names)
    table = names["WeatherLine"]()
    shown = tomllib.loads(fenced("cleaners/README.md", "toml")[0])
    assert table.model_dump() == shown["weather_line"]


def test_the_phrases_of_the_example(tmp_path: Path) -> None:
    """The phrase file of the new language can be read."""
    path = tmp_path / "is.toml"
    path.write_text(fenced("cleaners/README.md", "toml")[1], encoding="utf-8")
    assert [phrase.rule for phrase in read_phrases([path])] == [
        "phrase is:related-articles",
        "phrase is:newsletter",
    ]


def test_every_cleaner_is_explained() -> None:
    """README.md or cleaners/README.md names each cleaner and what it does; the former's table is generated."""
    content = CONTENT["README.md"] + CONTENT["cleaners/README.md"]
    for cleaner in PIPELINE:
        assert re.search(rf"\b{cleaner.name}\b", content)
