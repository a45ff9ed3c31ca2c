"""`copydesk verify`: it says nothing of a whole dataset, and tells every damage that can be told."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from flows.dataset import Dataset, write_manifest
from flows.dataset.tables import SCHEMAS, TABLES
from flows.errors import CopydeskError, UsageError
from flows.run.engine import Threads
from flows.run.plan import execute_run
from flows.settings.model import Settings
from flows.verify import verify, verify_folder
from support import Answer

FERRY = (
    "The night ferry to Holm will carry no lorries until the quay wall has been shored up, the harbour board said, and "
    "hauliers were told to book the longer crossing by way of the northern islands instead."
)
BAKERS = (
    "Bakers along the canal asked the council for a later closing hour on market days, because flour barges now reach "
    "the lower lock only in the early evening, and loaves sell best while they are warm."
)
ORCHARD = (
    "An orchard that had been given up after the flood was planted again by pupils of two schools, who chose old kinds "
    "of pear and plum and will sell the fruit for the upkeep of the village hall."
)
MUSEUM = (
    "The clock museum opens its tower on Sunday, and visitors who climb all the steps may watch the great wheel being "
    "oiled by hand, as the keeper has done it since the works were brought over from the old mint."
)
TRAM = (
    "Tram drivers will practise on the new bridge without passengers for a fortnight, after which line four is to run "
    "across it every ten minutes, and the old loop beside the gas works will be taken up."
)
CHOIR = (
    "The choir of the rowing club sang for the first time since its boat house burned down, in a barn that a farmer "
    "had swept for it, before an audience that sat upon bales of straw and asked for three songs more."
)
COAST = (
    "A coast path that winter storms had cut was opened again on its old course, a little farther from the edge, after "
    "the parish bought two strips of meadow and volunteers set out the new stiles."
)
RECORDS: list[dict[str, Any]] = [
    {"id": "a", "title": "Ã‰tude for a quay", "text": f"{FERRY}\n{BAKERS}\nShort.", "desk": "city"},
    {"id": "b", "text": f"{ORCHARD}\nThe cafÃ© beside it stays open.\nAdvertisement\n{MUSEUM}", "pages": 3},
    {"id": "c", "title": '"Quoted"', "text": f"{TRAM}\n\x01\x02\n{FERRY.replace('lorries', 'trucks')}"},
    {"id": "d", "text": "\x01\x02\x03"},
    {"id": "e", "text": f"{ORCHARD}\n{MUSEUM}"},
    {"id": "f", "text": ""},
    {"id": "g", "text": f"{CHOIR}\nThe naÃ¯ve plan failed."},
]
LATER: list[dict[str, Any]] = [
    {
        "id": "h",
        "text": f"{CHOIR}\n{BAKERS.replace('warm', 'fresh')}\n{'Nothing else was heard of it. ' * 20}",
    },
    {"id": "i", "text": f"{FERRY}\n{TRAM}"},
    {"id": "j", "text": COAST},
]

Frame = Callable[[pl.DataFrame], pl.DataFrame]
Damage = Callable[[Path], None]


def run(given: Path, out: Path, said: dict[str, Any] | None = None) -> None:
    """One run of the plan."""
    settings = Settings.model_validate(said or {})
    execute_run([str(given)], out, settings, Threads(2, lambda _stage, _done, _total: None))


def write(path: Path, records: list[dict[str, Any]]) -> Path:
    """A JSONL file of the records."""
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    return path


def two_runs(folder: Path, said: dict[str, Any] | None = None) -> Path:
    """A dataset of two runs, in which there is something of everything."""
    run(write(folder / "first.jsonl", RECORDS), folder / "out", said)
    run(write(folder / "second.jsonl", LATER), folder / "out", said)
    return folder / "out"


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The dataset that is damaged here, whole."""
    return two_runs(tmp_path_factory.mktemp("whole"))


@pytest.fixture
def out(whole: Path, tmp_path: Path) -> Path:
    """A copy of that dataset, to be damaged."""
    return Path(shutil.copytree(whole, tmp_path / "out"))


def folder_of(out: Path, table: str, number: int = 1) -> Path:
    """The folder of a table, or of a kind of state, of a run."""
    return (out if table in TABLES else out / "_copydesk") / table / f"run=r{number:06d}"


def part_of(out: Path, table: str, number: int = 1) -> Path:
    """The one part of a table, or of a kind of state, of a run."""
    (path,) = folder_of(out, table, number).glob("part-*.parquet")
    return path


def rewrite(table: str, change: Frame, number: int = 1, lost: tuple[str, ...] = ()) -> Damage:
    """A part changed, and the manifest put right again: all but the counts; `lost` are keys of the metadata."""

    def damage(out: Path) -> None:
        path = part_of(out, table, number)
        before = pl.read_parquet(path, hive_partitioning=False)
        metadata = pl.read_parquet_metadata(path)
        after = change(before)
        assert lost or list(after.schema.items()) != list(before.schema.items()) or not after.equals(before)
        kept = {key: value for key, value in metadata.items() if key not in (*lost, "ARROW:schema")}
        after.write_parquet(path, metadata=kept)
        put_right(out, number)

    return damage


def put_right(out: Path, number: int = 1) -> None:
    """Write rows, bytes and checksums of what is there into the manifest of a run."""

    def change(manifest: dict[str, Any]) -> None:
        for name in list(manifest["files"]):
            table, _, part = name.partition("/")
            path = folder_of(out, table, number) / part
            del manifest["files"][name]
            if path.exists():
                rows = pl.scan_parquet(path).select(pl.len()).collect().item()
                digest = hashlib.blake2b(path.read_bytes(), digest_size=16).hexdigest()
                manifest["files"][name] = {"rows": rows, "bytes": path.stat().st_size, "blake2b": digest}

    retell(change, number)(out)


def retell(change: Callable[[dict[str, Any]], object], number: int = 1) -> Damage:
    """The manifest of a run changed."""

    def damage(out: Path) -> None:
        path = folder_of(out, "runs", number) / "run.json"
        manifest = json.loads(path.read_text())
        change(manifest)
        write_manifest(path, manifest)

    return damage


def date_altered(out: Path) -> None:
    """Another year in the manifest, of which nothing else tells."""
    path = folder_of(out, "runs", 1) / "run.json"
    path.write_text(path.read_text().replace('"finished": "20', '"finished": "10'))


def put(column: str, value: object, where: pl.Expr | None = None, of: int = 0) -> Frame:
    """Another value in the row of number `of` among those for which `where` holds."""

    def change(frame: pl.DataFrame) -> pl.DataFrame:
        row = frame.with_row_index().filter(True if where is None else where)["index"][of]
        new = value if isinstance(value, pl.Expr) else pl.lit(value)
        there = pl.int_range(pl.len()) == row
        return frame.with_columns(
            pl.when(there).then(new.cast(frame.schema[column])).otherwise(column).alias(column)
        )

    return change


def without(where: pl.Expr) -> Frame:
    """Without the rows for which `where` holds."""
    return lambda frame: frame.filter(~where)


def last_of_all(frame: pl.DataFrame) -> pl.DataFrame:
    """The rows the other way round."""
    return frame.reverse()


def first_again(frame: pl.DataFrame) -> pl.DataFrame:
    """The first row twice."""
    return pl.concat([frame[:1], frame])


DUPLICATE = pl.col("reason") == "duplicate"
FURNITURE = pl.col("reason") == "boilerplate"
WENT_WHOLE = pl.col("reason") == "duplicate_document"
TITLE = pl.col("field") == "title"
PARAGRAPH = (pl.col("field") == "text") & (pl.col("after") != "")
EMPTIED = (pl.col("field") == "text") & (pl.col("after") == "")


def witness_is_last(out: Path) -> None:
    """The first paragraph of the last document for the witness of an earlier one."""
    last = pl.read_parquet(part_of(out, "documents"), hive_partitioning=False)["document_id"][-1]
    rewrite("removed", put("duplicate_of_document_id", last, DUPLICATE))(out)


def document_is_known(out: Path) -> None:
    """The document_id of the first run's first document in the second run too."""
    first = pl.read_parquet(part_of(out, "documents"), hive_partitioning=False)["document_id"][0]
    rewrite("documents", put("document_id", first, of=-1), number=2)(out)


DAMAGED: dict[str, tuple[Damage, str]] = {
    # documents
    "columns in another order": (
        rewrite("documents", lambda d: d.select(d.columns[::-1])),
        "has other columns",
    ),
    "a column of another type": (
        rewrite("documents", lambda d: d.with_columns(pl.col("words").cast(pl.Int64))),
        "has other columns",
    ),
    "metadata of the file lost": (
        rewrite("documents", lambda d: d, lost=("run_id", "configuration")),
        "has run_id = None in its metadata",
    ),
    "index of another configuration": (
        retell(lambda manifest: manifest.update(configuration="0" * 32)),
        "has configuration = ",
    ),
    "a document lost": (rewrite("documents", lambda d: d[1:]), "documents: documents: the manifest counts"),
    "a document twice": (
        rewrite("documents", first_again),
        "r000001: documents, removed: a document is there twice",
    ),
    "documents in another order": (
        rewrite("documents", last_of_all),
        "r000001: documents: rows are in another order than the inputs",
    ),
    "a document's uri": (
        rewrite("documents", put("uri", "/elsewhere.jsonl#1")),
        "r000001: documents, removed, repaired: a document has two uris",
    ),
    "the uri of a document without rows elsewhere": (
        rewrite("documents", put("uri", "/elsewhere.jsonl#1", pl.col("removed_paragraphs") == 0), number=2),
        "r000002: ledger: the input of a document, or of a rejected record, is missing: 1 times, as /elsewhere",
    ),
    "a text altered": (
        rewrite("documents", put("text", pl.col("text").str.replace("night", "dusky"))),
        "r000001: index, documents: the index is not that of the text",
    ),
    "paragraphs in another order": (
        rewrite("documents", put("text", pl.col("text").str.split("\n\n").list.reverse().list.join("\n\n"))),
        "r000001: index: a kept paragraph is missing",
    ),
    "a text empty": (
        rewrite("documents", put("text", "")),
        "r000001: documents: paragraphs are not those of the text",
    ),
    "no text": (rewrite("documents", put("text", None)), "r000001: documents: text is null"),
    "no document_id": (
        rewrite("documents", put("document_id", None)),
        "r000001: documents: document_id is null",
    ),
    "words": (rewrite("documents", put("words", 7)), "r000001: documents: words are not those of the text"),
    "paragraphs": (
        rewrite("documents", put("paragraphs", 4_000_000_000)),
        "r000001: documents: paragraphs are not those of the text",
    ),
    "removed_paragraphs": (
        rewrite("documents", put("removed_paragraphs", 2)),
        "r000001: documents: removed_paragraphs are not those of `removed`",
    ),
    "metadata no JSON": (
        rewrite("documents", put("metadata", "{")),
        "r000001: documents: metadata is no JSON object",
    ),
    "metadata no object": (
        rewrite("documents", put("metadata", "[1]")),
        "r000001: documents: metadata is no JSON object",
    ),
    "a row of another run": (
        rewrite("documents", put("run_id", "r000002")),
        "r000001: documents: rows of another run",
    ),
    "a document of an earlier run": (
        document_is_known,
        "r000002: documents, removed: a document is there twice",
    ),
    # removed
    "no Jaccard": (
        rewrite("removed", put("jaccard", None, DUPLICATE)),
        "r000001: removed: a duplicate without witness or Jaccard",
    ),
    "no witness": (
        rewrite("removed", put("duplicate_of_document_id", None, DUPLICATE), number=2),
        "r000002: removed: a duplicate without witness or Jaccard",
    ),
    "another Jaccard": (
        rewrite("removed", put("jaccard", pl.col("jaccard") - 0.01, DUPLICATE)),
        "r000001: removed: the Jaccard of a duplicate is not what is told",
    ),
    "a witness of nothing": (
        rewrite("removed", put("duplicate_of_document_id", "0" * 32, DUPLICATE)),
        "r000001: removed: the witness of a duplicate is not kept before it",
    ),
    "another witness": (
        rewrite("removed", put("duplicate_of_position", 1, DUPLICATE)),
        "r000001: removed: the Jaccard of a duplicate is not what is told",
    ),
    "a later witness": (witness_is_last, "r000001: removed: the witness of a duplicate is later"),
    "a duplicate of another text": (
        rewrite("removed", put("text", "Two words", DUPLICATE)),
        "r000001: removed: a duplicate is too short to be compared",
    ),
    "a witness without need": (
        rewrite("removed", put("jaccard", 0.9, FURNITURE)),
        "r000001: removed: a witness where there is no duplicate",
    ),
    "no reason": (rewrite("removed", put("reason", None)), "r000001: removed: reason is null"),
    "an unknown reason": (rewrite("removed", put("reason", "taste")), "r000001: removed: unknown reason"),
    "another reason": (
        rewrite("removed", put("reason", "repeated_line", FURNITURE)),
        "r000001: removed: boilerplate: the manifest counts (documents, paragraphs, words)",
    ),
    "too_short, and kept": (
        rewrite("removed", put("reason", "too_short", FURNITURE)),
        "r000001: removed: a document that went whole is in `documents`",
    ),
    "a cleaner that was switched off": (
        retell(lambda manifest: manifest["settings"]["boilerplate"].update(enabled=False)),
        "r000001: removed: by a cleaner that is switched off",
    ),
    "the uri of a removed row": (
        rewrite("removed", put("uri", "/elsewhere.jsonl#2", FURNITURE)),
        "r000001: documents, removed, repaired: a document has two uris",
    ),
    "a removed row lost": (
        rewrite("removed", without(FURNITURE)),
        "r000001: documents: removed_paragraphs are not those of `removed`",
    ),
    "all rows of a document that went whole": (
        rewrite(
            "removed",
            lambda r: r.filter(r["document_id"] != r.filter(WENT_WHOLE | DUPLICATE)["document_id"][-1]),
        ),
        "r000001: documents, removed, repaired: documents: the manifest counts 6, there are 5",
    ),
    "removed rows in another order": (
        rewrite("removed", last_of_all),
        "r000001: removed: rows are in another order than the inputs",
    ),
    "a position moved": (
        rewrite("removed", put("position", 0, DUPLICATE | WENT_WHOLE, of=-1)),
        "r000001: removed, repaired: a position is taken twice",
    ),
    "a position beyond the end": (
        rewrite("removed", put("position", pl.col("position") + 100, FURNITURE)),
        "r000001: documents, removed: positions leave a gap",
    ),
    # repaired
    "another title": (
        rewrite("repaired", put("after", "Another", TITLE)),
        "r000001: repaired: `after` is not the title of the document",
    ),
    "another paragraph": (
        rewrite("repaired", put("after", "Another", PARAGRAPH)),
        "r000001: repaired: `after` is not what stands there",
    ),
    "a repaired row lost": (
        rewrite("repaired", without(PARAGRAPH)),
        "r000001: repaired: paragraphs: the manifest counts 4, there are 2",
    ),
    "an emptied paragraph lost": (
        rewrite(
            "repaired",
            lambda r: r.filter(~EMPTIED | (r["document_id"] == r.filter(EMPTIED)["document_id"][1])),
        ),
        "r000001: repaired: paragraphs: the manifest counts 4, there are 3",
    ),
    "an emptied document lost": (
        rewrite(
            "repaired",
            lambda r: r.filter(~EMPTIED | (r["document_id"] != r.filter(EMPTIED)["document_id"][1])),
        ),
        "r000001: repaired: what repair left empty is missing",
    ),
    "repaired twice": (rewrite("repaired", first_again), "r000001: repaired: a repair is there twice"),
    "repaired in another order": (
        rewrite("repaired", last_of_all),
        "r000001: repaired: rows are in another order than the inputs",
    ),
    "an unknown document": (
        rewrite("repaired", put("document_id", "0" * 32, TITLE)),
        "r000001: repaired: a document that is nowhere",
    ),
    "an unknown field": (
        rewrite("repaired", put("field", "body", TITLE)),
        "r000001: repaired: unknown field",
    ),
    "a title with a position": (
        rewrite("repaired", put("position", 0, TITLE)),
        "r000001: repaired: only a paragraph has a position",
    ),
    "nothing repaired": (
        rewrite("repaired", put("before", pl.col("after"), TITLE)),
        "r000001: repaired: nothing was repaired",
    ),
    # rejected
    "a rejected row lost": (
        rewrite("rejected", lambda r: r[:1]),
        "r000001: rejected: inputs: the manifest counts 2, there are 1",
    ),
    "an emptied document not rejected": (
        rewrite("rejected", put("error", "no text", pl.col("error").str.contains("repair"))),
        "r000001: rejected: a document that repair left empty is missing",
    ),
    # index, ledger, lines
    "rows of the index lost": (
        rewrite("index", lambda i: i[1:]),
        "r000001: index: a kept paragraph is missing: 1 times, as ",
    ),
    "a row of the index too many": (
        rewrite("index", lambda i: pl.concat([i, i[:1].with_columns(position=pl.lit(99, pl.UInt32))])),
        "r000001: index: a paragraph that is not kept",
    ),
    "a row of the index twice": (rewrite("index", first_again), "r000001: index: a paragraph is there twice"),
    "the index in another order": (
        rewrite("index", last_of_all),
        "r000001: index: paragraphs are in another order",
    ),
    "bands of the index": (
        rewrite("index", put("band_00", pl.col("band_01"))),
        "r000001: index, documents: the index is not that of the text",
    ),
    "a row of the ledger lost": (
        rewrite("ledger", lambda ledger: ledger[1:]),
        "r000001: ledger: 0 inputs where the manifest has 1",
    ),
    "a row of the ledger twice": (rewrite("ledger", first_again), "r000001: ledger: an input is there twice"),
    # manifests
    "a date altered": (date_altered, "run.json is not what was written"),
    "no tally": (retell(lambda manifest: manifest.pop("counts")), "r000001: the manifest is damaged"),
    "a tally of another kind": (
        retell(lambda manifest: manifest.update(counts=[1, 2])),
        "r000001: the manifest is damaged",
    ),
    "no settings": (
        retell(lambda manifest: manifest["settings"].pop("duplicate")),
        "r000001: the manifest is damaged",
    ),
    "settings that cannot be": (
        retell(lambda manifest: manifest["settings"]["duplicate"].update(n="three")),
        "r000001: the manifest is damaged",
    ),
    "files of another kind": (
        retell(lambda manifest: manifest.update(files={"documents/part-00000-00000.parquet": 1})),
        "r000001: the manifest is damaged",
    ),
    "the manifest of another run": (
        retell(lambda manifest: manifest.update(run_id="r000002")),
        "r000001: the manifest is damaged: it is that of r000002",
    ),
    "bytes of text": (
        retell(lambda manifest: manifest["counts"].update(bytes=1)),
        "r000001: documents, removed: bytes of text: the manifest counts 1,",
    ),
}


def lose(pattern: str, messages: bool = False) -> Damage:
    """Files or folders taken away, and with `messages` taken from the manifest too."""

    def damage(out: Path) -> None:
        for path in list(out.glob(pattern)):
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()
        if messages:
            put_right(out)

    return damage


def scribble(out: Path) -> None:
    """A file that is no Parquet any more, and has the checksum of the manifest."""
    path = part_of(out, "removed")
    rows = len(pl.read_parquet(path))
    data = path.read_bytes()
    path.write_bytes(data[:4] + bytes(len(data) - 8) + data[-4:])
    said = {
        "rows": rows,
        "bytes": len(data),
        "blake2b": hashlib.blake2b(path.read_bytes(), digest_size=16).hexdigest(),
    }
    retell(lambda manifest: manifest["files"].update({f"removed/{path.name}": said}))(out)


def pages(out: Path) -> None:
    """A file whose footer is whole, and whose pages are not."""
    path = part_of(out, "documents")
    data = path.read_bytes()
    path.write_bytes(data[:4] + bytes(400) + data[404:])
    put_right(out)


def cut(out: Path) -> None:
    """A file that ends too early."""
    os.truncate(part_of(out, "documents"), 900)


def add(out: Path) -> None:
    """A file more."""
    shutil.copy(part_of(out, "documents"), folder_of(out, "documents") / "more.parquet")


def forget(out: Path) -> None:
    """All tables gone, and what would tell the format."""
    for name in ("_copydesk/format.json", *TABLES):
        lose(name)(out)


def other_format(out: Path) -> None:
    """JSON that is no format."""
    (out / "_copydesk" / "format.json").write_text("5")


DAMAGED |= {
    "a part missing": (lose("removed/run=r000001/part-*"), "part-00000-00000.parquet is missing"),
    "a part cut": (cut, "is not what was written"),
    "a part added": (add, "r000001: documents/more.parquet is not in the manifest"),
    "no Parquet": (scribble, "cannot be read"),
    "pages of zeros": (pages, "r000001: "),
    "no manifest": (lose("_copydesk/runs/run=r000001"), "r000001: the manifest is damaged"),
    "a part missing also in the manifest": (
        lose("removed/run=r000001", messages=True),
        "r000001: removed/part-00000-00000.parquet is missing, also in the manifest",
    ),
    "the ledger missing also in the manifest": (
        lose("_copydesk/ledger/run=r000001", messages=True),
        "r000001: ledger/part-00000.parquet is missing, also in the manifest",
    ),
    "the documents of a run": (
        lose("documents/run=r000001"),
        "removed/run=r000001 belongs to no published run",
    ),
    "no format": (lose("_copydesk/format.json"), "format.json is missing"),
    "no format and no tables": (forget, "format.json is missing"),
    "a format that says nothing": (other_format, "format.json is damaged"),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_damage_is_found(out: Path, name: str) -> None:
    """Whatever is lost, added, moved or changed is told with run, table and examples, and raises nothing."""
    damage, said = DAMAGED[name]
    damage(out)
    problems = list(verify_folder(out))
    assert any(said in problem for problem in problems), problems


#: Columns of which no other table and no manifest tells what was in them; what they were is lost with them.
HARMLESS = (
    *("record_id", "source", "url", "title", "published", "language", "encoding", "metadata"),
    *("rule", "fixes", "error"),
)


@pytest.mark.parametrize("table", TABLES)
def test_no_value_can_be_missing_or_strange(whole: Path, tmp_path: Path, table: str) -> None:
    """A null in any column, or a strange value, is told or does no harm; nothing is raised."""
    frame = pl.read_parquet(part_of(whole, table), hive_partitioning=False)
    strange = {pl.String: "", pl.UInt32: 4_294_967_295, pl.Float32: float("nan")}
    for column, dtype in SCHEMAS[table].items():
        for value in (None, strange.get(type(dtype))):
            if frame[column].to_list()[0] == value:
                continue
            out = Path(shutil.copytree(whole, tmp_path / "out"))
            rewrite(table, put(column, value))(out)
            problems = list(verify_folder(out))
            shutil.rmtree(out)
            assert problems or column in HARMLESS, column


SETTINGS: dict[str, dict[str, Any]] = {
    "defaults": {},
    "no encoding": {"encoding": {"enabled": False}},
    "no duplicate": {"duplicate": {"enabled": False}},
    "no repeated_line": {"repeated_line": {"enabled": False}},
    "short exact": {"duplicate": {"short": "exact"}},
    "min_words": {"too_short": {"min_words": 50}},
    "other shingles": {"duplicate": {"n": 5, "threshold": 0.5, "min_tokens": 1, "same_numbers": False}},
    "nothing but reading": {
        name: {"enabled": False}
        for name in (
            "encoding",
            "language",
            "repeated_headline",
            "related_articles",
            "boilerplate",
            "repeated_line",
            "duplicate",
            "duplicate_document",
            "too_short",
        )
    },
}


@pytest.mark.parametrize("name", SETTINGS)
def test_nothing_is_said_of_a_whole_dataset(tmp_path: Path, name: str) -> None:
    """However a dataset was made, nothing of it is damaged."""
    assert list(verify_folder(two_runs(tmp_path, SETTINGS[name]))) == []


def test_nothing_is_said_of_rejected_inputs(tmp_path: Path) -> None:
    """A run may have rejected all that it was given."""
    run(
        write(tmp_path / "empty.jsonl", [{"text": ""}, {"text": "\x01"}, {"body": "None."}]), tmp_path / "out"
    )
    assert pl.read_parquet(tmp_path / "out" / "rejected").height == 3
    assert list(verify_folder(tmp_path / "out")) == []


def test_nothing_is_said_of_an_input_that_grew(tmp_path: Path) -> None:
    """A file that has more records in the next run is in both ledgers, each document is there once."""
    run(write(tmp_path / "news.jsonl", RECORDS), tmp_path / "out")
    run(write(tmp_path / "news.jsonl", RECORDS + LATER), tmp_path / "out")
    assert list(verify_folder(tmp_path / "out")) == []


def test_a_commit_that_was_cut_short_is_no_damage(out: Path) -> None:
    """What a crash left of a run that was never published is swept by the next run, and no reader sees it."""
    staged = out / "_copydesk" / "staging" / "r000003-crash" / "publish" / "documents"
    staged.mkdir(parents=True)
    for table in ("removed", "repaired", "rejected"):
        shutil.copytree(folder_of(out, table, 2), folder_of(out, table, 3))
    assert list(verify_folder(out)) == []


def test_no_dataset(tmp_path: Path) -> None:
    """A folder of something else is a mistake of the user's; a dataset of another format is to be migrated."""
    with pytest.raises(UsageError, match="is no dataset"):
        list(verify_folder(tmp_path))
    (tmp_path / "documents").mkdir()
    with pytest.raises(UsageError, match="did not write"):
        list(verify_folder(tmp_path))
    (tmp_path / "_copydesk").mkdir()
    (tmp_path / "_copydesk" / "format.json").write_text('{"format": 99}')
    with pytest.raises(CopydeskError, match="migrate"):
        list(verify_folder(tmp_path))


def test_the_command_exits_with_6(out: Path, copydesk: Callable[..., Answer]) -> None:
    """A whole dataset is exit code 0; a damaged one is 6, with a line for each kind of damage."""
    assert copydesk("verify", out).code == 0
    rewrite("removed", put("jaccard", None, DUPLICATE))(out)
    answer = copydesk("verify", out)
    assert answer.code == 6
    assert answer.err.splitlines() == list(verify(Dataset(out)))
