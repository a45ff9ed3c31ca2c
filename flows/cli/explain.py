"""The command that shows proofs of documents: explain."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flows.cli.app import Config, app, examples, open_dataset, say, warn
from flows.cli.home import dataset_folder, expand_home
from flows.cli.look import exit_if_lost
from flows.cli.paging import paged
from flows.errors import CopydeskError, UsageError
from flows.report.streams import Screen

if TYPE_CHECKING:
    from flows.report.explain.read_back import Place
    from flows.report.proof import Proof


@dataclass(frozen=True)
class _Shown:
    """What there is to show."""

    proofs: Iterator[Proof]
    notes: Mapping[Place, str]
    rejected: Sequence[tuple[str, str]]
    end: str  # by what a file was judged

    def note(self, proof: Proof) -> str:
        """What else there is to say about a document."""
        from flows.report.explain.read_back import Place

        return self.notes.get(Place(proof.run_id or "", proof.document_id), "")


@app.command(
    epilog=examples(
        "copydesk explain article.txt                  # what a run would remove, and why",
        "copydesk explain wire.jsonl --record 12       # one record of a file",
        "copydesk explain article.txt --out /data/news # judged by what is published",
        "copydesk explain --out /data/news --document https://host/article",
        "copydesk explain wire.jsonl --html proof.html",
    )
)
def explain(
    file: Annotated[
        str | None,
        typer.Argument(
            help="An input file, or URL; if it has many records, all are shown.",
            callback=expand_home,
            show_default=False,
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            help="Folder or URL of a dataset: a FILE is judged by its memory, a document is looked up in it.",
            callback=dataset_folder,
        ),
    ] = None,
    document: Annotated[
        str | None,
        typer.Option(
            "--document",
            help="A document of the dataset: its document_id, or the beginning of it, its uri or its url; or a file, "
            "for all that was read of it.",
        ),
    ] = None,
    record: Annotated[
        str | None,
        typer.Option("--record", help="Only this record: its number, as in its uri (#12), or its own id."),
    ] = None,
    html: Annotated[
        str | None,
        typer.Option("--html", help="Write a page to this file instead; - is the standard output."),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print JSON instead: an object for each document, a line each.")
    ] = False,
    no_pager: Annotated[
        bool, typer.Option("--no-pager", help="Print all at once, also in a terminal.")
    ] = False,
    config: Config = None,
) -> None:
    """Show documents as marked-up proofs: what is removed, by which rule and why, and what was repaired.

    Nothing is published. Of a FILE, the proof shows what a run would do; of a document, what was done.
    """
    if html is not None and as_json:
        raise UsageError("--html and --json exclude each other")
    if (file is None) == (document is None):
        raise UsageError("name either a FILE, or a --document of a dataset (--out)")
    if document is not None and out is None:
        raise UsageError("--document needs --out, the folder of its dataset")
    import polars as pl

    try:
        with _found(out, document, record) if document else _judged(file, out, record, config) as shown:
            if html is not None:
                _write_page(shown, html)
            elif as_json:
                _print_json(shown)
            else:
                # no wider than the terminal or COLUMNS; without either, 80 columns
                with paged(Screen(), wanted=not no_pager) as screen:
                    _print_proofs(shown, screen)
    except pl.exceptions.PolarsError as error:
        if out is None:
            raise
        raise CopydeskError(
            f"{out} cannot be read ({error}): `copydesk verify {out}` shows what is damaged"
        ) from error
    exit_if_lost()


@contextmanager
def _found(out: Path | None, document: str, record: str | None) -> Iterator[_Shown]:
    """The documents of a dataset that a name means."""
    from flows.report.explain.finding import find_documents, only_record
    from flows.report.explain.read_back import proofs
    from flows.report.explain.tables import published_tables

    dataset = open_dataset(out or Path())
    found = find_documents(dataset, document)
    places, rejected = found.places, found.rejected
    if found.tables is None:
        yield _Shown(iter(()), {}, rejected, "")
        return
    if record is not None:
        places, rejected = only_record(found.tables, places, record), ()
    yield _Shown(proofs(found.tables, places, published_tables(dataset)), found.notes, rejected, "")


@contextmanager
def _judged(file: str | None, out: Path | None, record: str | None, config: Path | None) -> Iterator[_Shown]:
    """What a run would do with a file."""
    from itertools import chain

    from flows.cli.progress import ready_kernels
    from flows.report.explain.finding import only_record
    from flows.report.explain.judging import judged, settings_of
    from flows.report.explain.read_back import proofs
    from flows.report.explain.tables import published_tables
    from flows.settings import read_settings

    dataset = None if out is None else open_dataset(out)
    settings = settings_of(dataset) if dataset and config is None else read_settings(config)
    ready_kernels(warn)
    with judged(file or "", settings, dataset) as found:
        new, known, rejected = found.places, found.published.places, found.rejected
        memory = None if dataset is None else published_tables(dataset)
        if record is not None:
            everywhere = found.tables if memory is None else found.tables + memory
            chosen = set(only_record(everywhere, (*known, *new), record))
            new, known = (tuple(p for p in places if p in chosen) for places in (new, known))
            rejected = ()
        notes = {
            place: "; ".join(
                filter(None, ["published already, not read again", found.published.notes.get(place)])
            )
            for place in known
        }
        published = proofs(memory, known) if memory is not None else iter(())
        end = found.by
        if dataset and config is None and (runs := dataset.runs()):
            end += f" The settings are those of {runs[-1]}."
        yield _Shown(chain(published, proofs(found.tables, new, memory)), notes, rejected, end)


def _print_proofs(shown: _Shown, screen: Screen) -> None:
    """The proofs as text, a line for what was rejected, and a summary."""
    from rich.text import Text

    from flows.report.explain.in_terminal import LEGEND, has_differences, lines_of, proof_lines
    from flows.report.explain.wording import Totals, near

    totals = Totals(rejected=len(shown.rejected))
    legend = False
    for proof in shown.proofs:
        lines = proof_lines(proof, screen, shown.note(proof), near(proof.uri))
        screen.print(Text("\n").join(lines), "")  # all at once: a call takes as long as some ten lines
        if not screen.has_reader:  # who left the pager, or `head`, has seen enough
            return
        totals.add(proof)
        legend = legend or has_differences(proof)
    for uri, error in shown.rejected:
        for line in lines_of(f"{near(uri)}: rejected: {error}", screen, "red"):
            screen.print(line)
        screen.print("")
    end = [totals.in_all()] if totals.documents != 1 or totals.rejected else []
    end += [LEGEND] if legend else []
    end += [shown.end] if shown.end else []
    for said in end:
        for line in lines_of(said, screen, "dim"):
            screen.print(line)


def _print_json(shown: _Shown) -> None:
    """An object for each document, in ASCII, so that the strings are exact and yet harmless to a terminal."""
    from flows.report.proof import as_json

    for uri, error in shown.rejected:
        warn.print(f"copydesk: {uri}: rejected: {error}")
    for proof in shown.proofs:
        say.file.write(f"{json.dumps(as_json(proof))}\n")
        if not say.has_reader:
            return
    say.file.flush()


def _write_page(shown: _Shown, target: str) -> None:
    """A page with all proofs, in a file that appears when it is complete, or on the standard output."""
    from flows.dataset.tables import whole_file
    from flows.report.explain.page import page

    pieces = page(((proof, shown.note(proof)) for proof in shown.proofs), shown.rejected, shown.end)
    if target == "-":
        for piece in pieces:
            say.file.write(piece)
            if not say.has_reader:
                return
        say.file.flush()
        return
    path = Path(expand_home(target))
    if path.is_dir():
        raise UsageError(f"--html needs the name of a file, not of a folder: {path}")
    with whole_file(path) as partial, partial.open("w", encoding="utf-8") as file:
        file.writelines(pieces)
    say.print(f"{path} is written")
