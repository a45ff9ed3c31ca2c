"""copydesk from Python: a run over files, and the pipeline over a data frame.

from flows import clean, clean_frame
"""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import polars as pl

from flows.errors import UsageError

if TYPE_CHECKING:
    from cleaners.lexicon import Lexicon
    from flows.dataset.summary import Outcome
    from flows.run.alone import Alone
    from flows.settings import Settings

#: Bytes of text that are cleaned at once.
SHARD: Final = 64_000_000
_EPOCH: Final = date(1970, 1, 1).toordinal()
#: What a row may have beside its text; a column of that name is taken unless another is named.
_ABOUT: Final[Mapping[str, pl.DataType]] = {
    "title": pl.String(),
    "source": pl.String(),
    "published": pl.Datetime("us", "UTC"),
}
_WITH_A_REASON: Final = (
    *("row", "position", "text", "reason", "rule", "detail"),
    *("duplicate_of_row", "duplicate_of_position", "jaccard"),
)
_REPAIRED: Final = ("row", "field", "position", "before", "after", "fixes")


class Cleaned(NamedTuple):
    """What `clean_frame` returns. In each table `row` (UInt32) is the place of the text in the frame that was given.

    `position` counts the paragraphs of a text from 0.
    """

    #: A row a text of which something is left: row, title (repaired), language, text, words, paragraphs,
    #: removed_paragraphs.
    documents: pl.DataFrame
    #: A row a removed paragraph: row, position, text, reason, rule, detail, and for a near-duplicate its witness:
    #: duplicate_of_row, duplicate_of_position, jaccard.
    removed: pl.DataFrame
    #: The same of what reasons with `action = "label"` found. It stays in the text.
    labelled: pl.DataFrame
    #: A row a by-line, dateline or time stamp, removed or not: row, position, label.
    labels: pl.DataFrame
    #: A row a repaired title or paragraph: row, field, position, before, after, fixes.
    repaired: pl.DataFrame


def clean(
    inputs: str | Path | Sequence[str | Path],
    out: str | Path,
    config: Settings | str | Path | None = None,
    *,
    retry_rejected: bool = False,
) -> Outcome:
    """Clean the new and changed inputs, publish them as a run of the dataset in `out`, and return the outcome.

    It is what `copydesk run` does without a server. `inputs` are files, folders, globs or URLs; `config` is a
    configuration file, or the settings that `flows.settings.read_settings` returns. Raises what
    `flows.run.plan.execute_run` and `read_settings` raise, all of it `flows.errors.CopydeskError`. `out` may be a URL.
    """
    from flows.dataset.remote import local_folder
    from flows.run.engine import Threads, workers
    from flows.run.plan import execute_run

    settings = _settings(config)
    given = [inputs] if isinstance(inputs, str | Path) else inputs
    engine = Threads(workers(settings), lambda *_: None)
    return execute_run(
        list(map(str, given)), local_folder(out), settings, engine, retry_rejected=retry_rejected
    )


def clean_frame(
    frame: Any,
    text: str = "text",
    *,
    title: str | None = None,
    source: str | None = None,
    published: str | None = None,
    config: Settings | str | Path | None = None,
) -> Cleaned:
    """The texts of a data frame, cleaned as the only run of a new dataset would clean them; nothing is written.

    `frame` is a polars DataFrame or LazyFrame, a pandas DataFrame, or an Arrow table. `text` is the column of texts,
    one document a row, in the order in which near-duplicates are decided: the first one stays. `title`, `source` (of
    which repeated lines are known) and `published` (a date or a time) are columns that help; those that are not named
    are columns of that name, if there are any. All texts must fit in memory.

    Raises UsageError if a column is missing or holds something else, and ConfigurationError for a wrong `config`.

    >>> import polars as pl
    >>> from flows import clean_frame
    >>> ferry = "The night ferry sails again from Monday, the harbour board said, after nine weeks in the dock."
    >>> texts = [f"{ferry}\\nShare on Facebook", "It rained in Pell, and the cafÃ© stayed shut.", ferry.upper()]
    >>> cleaned = clean_frame(pl.DataFrame({"text": texts}))
    >>> cleaned.documents.select("row", "words", "removed_paragraphs").rows()
    [(0, 17, 1), (1, 9, 0)]
    >>> cleaned.removed.select("row", "reason", "duplicate_of_row").rows()
    [(0, 'boilerplate', None), (2, 'duplicate', 0)]
    >>> cleaned.repaired.get_column("after").item()
    'It rained in Pell, and the café stayed shut.'
    """
    from flows.run.alone import clean_alone
    from flows.run.engine import workers
    from flows.settings import lexicon_of, phrases_of

    settings = _settings(config)
    wanted = {"title": title, "source": source, "published": published}
    needed = {text, *(name or field for field, name in wanted.items())}
    shards = list(_shards(_documents(_in_polars(frame, needed), text, wanted)))
    lexicon = lexicon_of(settings)
    cleaned = clean_alone(shards, settings, phrases_of(settings), lexicon, workers(settings))
    return _tables(cleaned, settings.labels, lexicon)


def copies(
    dataset: str | Path, by: str = "sources", *, order: str = "published", share: float = 0.5
) -> pl.LazyFrame:
    """What a published dataset printed more than once: the table that `copydesk copies --by` shows, as a lazy frame.

    `by` is "paragraphs" (a row for each that was printed more than once), "pairs" (of documents with text in common),
    "sources" (who copies whom) or "clusters" (documents around the one from which they have at least this `share` of
    their words). `order` says which print is the first: that with the earliest date ("published"), or the one that was
    read first and is kept ("read"). The section "Copies" of flows/README.md has the columns.

    Collect it with `engine="streaming"`, or sink it, if it may be large. Memory grows with the number of copies, not
    with texts. Raises UsageError if there is no such dataset, table or order, or if `share` is not in (0, 1].
    """
    from flows.dataset import Dataset
    from flows.dataset.remote import local_folder
    from flows.report.copies.names import By, Order
    from flows.report.copies.query import Copies

    for given, names in ((by, By), (order, Order)):
        if given not in list(names):
            raise UsageError(f"there is no {given!r}: choose one of {', '.join(names)}")
    published = Dataset(local_folder(dataset))
    if not published.exists():
        raise UsageError(f"{dataset} is not a copydesk dataset")
    return Copies(published, Order(order), share).table(By(by))


def dataset_files(dataset: str | Path, table: str = "documents") -> list[str]:
    """The Parquet files of a table of a published dataset, as it is now: paths, or URLs of a dataset behind a URL.

    Give them to polars, DuckDB, Spark or another reader. Behind a URL, nothing else is exact: a folder there also has
    what a run is uploading, or what one that was killed had uploaded, until the next one removes it. The files of an
    older list may be gone after a rollback or the like, which is an error and no wrong answer. Only the newest commit
    is read for it.

    Raises UsageError if there is no such dataset or table, and CopydeskError if the storage cannot be read.
    """
    from flows.dataset.listing import files_of

    return files_of(dataset, table)


def _settings(config: Settings | str | Path | None) -> Settings:
    from flows.settings import Settings, read_settings

    return config if isinstance(config, Settings) else read_settings(Path(config) if config else None)


def _in_polars(frame: Any, needed: Collection[str]) -> pl.DataFrame:
    """A table of any of the kinds that `clean_frame` takes. Raises UsageError if it is of none.

    Of a pandas frame and an Arrow table only the columns of these names are taken, if it has any: the others may hold
    what polars cannot.
    """
    if isinstance(frame, pl.DataFrame):
        return frame
    if isinstance(frame, pl.LazyFrame):
        return frame.collect()
    pandas, arrow = sys.modules.get("pandas"), sys.modules.get("pyarrow")
    try:
        if pandas and isinstance(frame, pandas.DataFrame):
            mine = [name in needed for name in frame.columns]
            frame = frame.loc[:, mine] if any(mine) else frame
        elif arrow and isinstance(frame, arrow.Table | arrow.RecordBatch):
            places = [place for place, name in enumerate(frame.schema.names) if name in needed]
            frame = frame.select(places) if places else frame
        return pl.DataFrame(frame)
    except (TypeError, ValueError, NotImplementedError, pl.exceptions.PolarsError) as error:
        raise UsageError(
            f"a data frame is wanted (polars, pandas or Arrow), not {type(frame).__name__}: {error}"
        ) from error


def _documents(frame: pl.DataFrame, text: str, wanted: Mapping[str, str | None]) -> pl.DataFrame:
    """The columns that the pipeline needs of a document, a row each; row numbers are their ids."""
    texts = _column(frame, text, "text")
    if texts.dtype not in (pl.String, pl.Null, pl.Categorical, pl.Enum):
        raise UsageError(f'column "{text}" has the type {texts.dtype}, but texts are wanted')
    if len(frame) >= 1 << 32:
        raise UsageError(f"{len(frame):,} rows are too many: give fewer than 2**32")
    about = []
    for field, dtype in _ABOUT.items():
        name = wanted[field]
        if name is None and (field not in frame.columns or field == text):
            about.append(pl.repeat(None, len(frame), dtype=dtype, eager=True).alias(field))
            continue
        column = _column(frame, name or field, field)
        try:
            about.append(_as(column, dtype).alias(field))
        except (pl.exceptions.PolarsError, OverflowError) as error:
            if name is not None:
                raise UsageError(
                    f'column "{name}" has the type {column.dtype}; for {field}, {dtype} is wanted'
                ) from error
            about.append(pl.repeat(None, len(frame), dtype=dtype, eager=True).alias(field))
    ids = pl.arange(0, len(frame), dtype=pl.UInt32, eager=True).cast(pl.String).alias("document_id")
    return pl.DataFrame([ids, texts.cast(pl.String).alias("text"), *about])


def _as(column: pl.Series, dtype: pl.DataType) -> pl.Series:
    """The values in that type. Raises PolarsError if they are of another kind."""
    if dtype == pl.String:
        if column.dtype.is_nested() or column.dtype in (pl.Binary, pl.Object):
            raise pl.exceptions.InvalidOperationError
        return column.cast(pl.String)
    if column.dtype in (pl.Date, pl.Datetime):
        column = _of_known_years(column)
    if isinstance(column.dtype, pl.Datetime) and column.dtype.time_zone is not None:
        return column.dt.convert_time_zone("UTC").dt.cast_time_unit("us")
    if column.dtype not in (pl.Date, pl.Datetime, pl.Null):
        raise pl.exceptions.InvalidOperationError
    return column.cast(pl.Datetime("us")).dt.replace_time_zone("UTC")


def _of_known_years(column: pl.Series) -> pl.Series:
    """The dates or times, null where they are not of the years 1 to 9999: polars panics at those that are far out."""
    unit = column.dtype.time_unit if isinstance(column.dtype, pl.Datetime) else "days"
    days = column.to_physical() // {"days": 1, "ms": 86_400_000, "us": 86_400_000_000}.get(
        unit or "us", 86_400_000_000_000
    )
    known = days.is_between(date.min.toordinal() - _EPOCH, date.max.toordinal() - _EPOCH)
    return pl.select(pl.when(known).then(column)).to_series()


def _column(frame: pl.DataFrame, name: str, field: str) -> pl.Series:
    if name not in frame.columns:
        raise UsageError(f'no column "{name}" for {field}; there are {", ".join(frame.columns) or "none"}')
    return frame.get_column(name)


def _shards(documents: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """The documents in parts of about SHARD bytes of text; those without a text are left out."""
    documents = documents.filter(pl.col("text").is_not_null())
    if documents.is_empty():
        yield documents
        return
    size = documents.get_column("text").str.len_bytes().cast(pl.Int64)
    shard = ((size.cum_sum() - size) // SHARD).alias("shard")
    yield from documents.with_columns(shard).partition_by("shard", maintain_order=True, include_key=False)


def _tables(cleaned: Sequence[Alone], labelled: Collection[str], lexicon: Lexicon) -> Cleaned:
    """The result, from all shards; `labelled` are the reasons whose action is "label"."""
    from cleaners.attributes import label_lines
    from cleaners.text.shingles import count_tokens
    from flows.dataset.actions import is_labelled
    from flows.run.clean_shard import repaired, with_texts

    parts = []
    for documents, paragraphs in cleaned:
        row = documents.get_column("document_id").cast(pl.UInt32).alias("row")
        frame = paragraphs.with_columns(
            row.gather(paragraphs.get_column("document")),
            count_tokens(paragraphs.get_column("text").fill_null("")).alias("words"),
            pl.col("duplicate_of_document_id").cast(pl.UInt32).alias("duplicate_of_row"),
        )
        frame = frame.with_columns(is_labelled(frame, labelled, "row"))
        found = frame.filter(pl.col("reason").is_not_null())
        kept = with_texts(documents.select(row, "title", "language"), frame)
        labels = frame.with_columns(label_lines(frame.get_column("text"), lexicon))
        changes = repaired(documents.with_columns(pl.lit(None, pl.String).alias("uri")), paragraphs)
        parts.append(
            Cleaned(
                kept.filter(pl.col("text").is_not_null()),
                found.filter(~pl.col("labelled")).select(_WITH_A_REASON),
                found.filter("labelled").select(_WITH_A_REASON),
                labels.filter(pl.col("label").is_not_null()).select("row", "position", "label"),
                changes.with_columns(pl.col("document_id").cast(pl.UInt32).alias("row")).select(_REPAIRED),
            )
        )
    return Cleaned(*(pl.concat(tables, rechunk=True) for tables in zip(*parts, strict=True)))
