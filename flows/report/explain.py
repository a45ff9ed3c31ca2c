"""A document as a marked-up proof: every paragraph, whether it is kept and why, and what was repaired in it.

Decisions that need other documents (lines that a site repeats, paragraphs published before) cannot be shown for one
file. Near-duplicates inside the file are shown.
"""

from __future__ import annotations

import polars as pl
from rich.console import Console
from rich.text import Text

from cleaners.attributes import label_lines
from cleaners.duplicate.cleaner import duplicate
from cleaners.duplicate.rarest_shingles import merge_frequencies
from flows import inputs
from flows.dataset.layout import is_dataset
from flows.printable import printable
from flows.run.clean_shard import TITLE_BEFORE, TITLE_FIXES, clean_shard, decide, fingerprints_of
from flows.settings import Settings, lexicon_of, phrases_of
from flows.settings.model import DuplicateDocument


def explain(file: str, settings: Settings, console: Console) -> None:
    """Print the proof of each document in `file`; `-` marks removed text, `~` marks repairs.

    Raises InputMissing if the file does not exist.
    """
    found = inputs.find([file], is_dataset=is_dataset, outside_links=settings.inputs.outside_links)
    phrases, lexicon = phrases_of(settings), lexicon_of(settings)
    for shard in inputs.read(found, settings.inputs, settings.fields, {}):
        if len(shard.documents):
            documents, frame = clean_shard(shard.documents, settings, phrases, lexicon)
            # a single file cannot show whether a document was published before
            alone = settings.model_copy(update={"duplicate_document": DuplicateDocument(enabled=False)})
            frequencies = merge_frequencies([]) if settings.duplicate.method == "exact" else None
            (decisions,) = decide([fingerprints_of(frame, documents, alone, frequencies)], [], alone)
            paragraphs = duplicate(frame, decisions).with_columns(
                label_lines(frame.get_column("text"), lexicon)
            )
            by_document = paragraphs.partition_by("document", maintain_order=True, as_dict=True)
            for number, document in enumerate(documents.iter_rows(named=True)):
                _print_document(document, by_document.get((number,)), console)
        for uri, error in shard.rejected.iter_rows():
            console.print(_line(uri, "red"))
            console.print(_line(f"  rejected: {error}", "red"))
            console.print()


def _print_document(document: dict[str, object], paragraphs: pl.DataFrame | None, console: Console) -> None:
    about = [f"charset {document['encoding']}"] if document["encoding"] else []
    about += [f"language {document['language']}"] if document["language"] else []
    about += [f"source {document['source']}"] if document["source"] else []
    console.print(_line(str(document["uri"]), "bold"))
    console.print(_line("  " + ", ".join(about), "dim"))
    if document["title"]:
        console.print(_line(f"  title: {document['title']}"))
    fixes = document[TITLE_FIXES]
    if isinstance(fixes, list):
        console.print(_line(f"~ title: {document[TITLE_BEFORE]!r} ({', '.join(map(str, fixes))})", "yellow"))
    console.print()
    removed = kept = 0
    for row in () if paragraphs is None else paragraphs.iter_rows(named=True):
        if row["reason"]:
            removed += 1
            console.print(_line("- ", "red") + _line(row["text"], "red strike"))
            why = f"{row['reason']}: {row['rule']}{_detail(row)}{_witness(row, document)}"
            console.print(_line(f"    {why}", "red"))
        else:
            kept += bool(row["text"])
            console.print(
                _line("  ") + _line(row["text"] or "(empty after repair)", "" if row["text"] else "dim")
            )
            if row["label"]:
                console.print(_line(f"    {row['label']}, kept", "dim"))
        if row["before"] is not None:
            console.print(_line(f"~   {', '.join(row['fixes'])}; it was: {row['before']}", "yellow"))
    console.print()
    console.print(_line(f"  {kept} paragraphs kept, {removed} removed", "dim"))
    console.print()


def _line(text: str, style: str = "") -> Text:
    """One line of a proof; a line break in what it quotes is shown as an escape."""
    return Text(printable(text), style)


def _detail(row: dict[str, object]) -> str:
    return f" ({row['detail']})" if row["detail"] else ""


def _witness(row: dict[str, object], document: dict[str, object]) -> str:
    if row["duplicate_of_position"] is None:
        return ""
    where = (
        "this document" if row["duplicate_of_document_id"] == document["document_id"] else "another document"
    )
    return f"; duplicate of paragraph {row['duplicate_of_position']} of {where}, Jaccard {row['jaccard']:.2f}"
