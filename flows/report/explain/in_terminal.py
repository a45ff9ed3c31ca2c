"""Proofs as lines of a terminal: removed text is crossed out and marked `-`, labelled text `*`, repaired text `~`.

The marks are there with and without colours. Everything passes `printable` before it is wrapped, so that escapes count
as the characters that they are shown as.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from rich.console import Console
from rich.text import Text

from flows.printable import printable
from flows.report.differences import Stretch, abridged, differences
from flows.report.explain.wording import Totals, about, alike, fate, repair, where, why
from flows.report.proof import Proof, ProofParagraph

_OLD, _NEW = "red strike", "green bold"
_MARKS: Final = {"same": ("", "", ""), "old": ("[-", "-]", _OLD), "new": ("{+", "+}", _NEW)}
#: How to read the differences, for the end of the output.
LEGEND: Final = "[-before repair, or only here-]{+after repair, or only in the witness+}"
#: The least number of columns for text.
_NARROW: Final = 20


def proof_lines(proof: Proof, console: Console, note: str = "", uri: str | None = None) -> Iterator[Text]:
    """The lines of a proof, no wider than the console; `uri` is shown instead of that of the proof."""
    yield from _wrapped(Text(printable(proof.title or uri or proof.uri), "bold"), console)
    facts = [uri or proof.uri] if proof.title else []
    for fact in (*facts, about(proof), fate(proof), note):
        if fact:
            yield from _wrapped(Text(printable(fact), "dim"), console)
    if proof.title_before is not None:
        changed = _difference(proof.title_before, proof.title or "")
        yield from _wrapped(
            Text.assemble((f"title repaired by {', '.join(proof.title_fixes)}: ", "yellow"), changed), console
        )
    yield Text()
    digits = len(str(proof.paragraphs[-1].position)) if proof.paragraphs else 1
    was_long = False
    for n, group in enumerate(alike(proof.paragraphs)):
        block = [list(_paragraph(one, console, digits)) for one in group]
        is_long = any(len(lines) > 1 for lines in block)
        if n and (is_long or was_long):
            yield Text()
        was_long = is_long
        for lines in block:
            yield from lines
        for said in _explanation(group[-1], proof):
            yield from _wrapped(said, console, " " * (digits + 5))
    yield Text()
    yield from _wrapped(Text(Totals.of(proof).sentence(), "dim"), console)


def lines_of(said: str, console: Console, style: str = "") -> Iterator[Text]:
    """A sentence as lines that are no wider than the console."""
    yield from _wrapped(Text(printable(said), style), console)


def has_differences(proof: Proof) -> bool:
    """Whether `LEGEND` explains something in a proof."""
    return any(
        one.is_repaired or (one.witness and one.witness.text not in (None, one.text))
        for one in proof.paragraphs
    )


def _paragraph(paragraph: ProofParagraph, console: Console, digits: int) -> Iterator[Text]:
    """The text of a paragraph, with its position before the first line and its mark before each."""
    if paragraph.is_removed:
        mark, style, of_mark = "-", "red strike", "red"
    elif paragraph.is_labelled:
        mark, style, of_mark = "*", "", "cyan"
    elif paragraph.is_repaired:
        mark, style, of_mark = "~", "" if paragraph.text else "dim", "yellow"
    else:
        mark, style, of_mark = " ", "", ""
    text = Text(printable(paragraph.text) or "(nothing is left after repair)", style)
    first = Text.assemble((f"{paragraph.position:>{digits}} ", "dim"), (f"{mark} ", of_mark))
    more = Text.assemble(" " * (digits + 1), (f"{mark} ", of_mark))
    for n, line in enumerate(_lines(text, console, digits + 3)):
        yield (more if n else first) + line


def _explanation(paragraph: ProofParagraph, proof: Proof) -> Iterator[Text]:
    """What is said below a paragraph."""
    style = "red" if paragraph.is_removed else "cyan" if paragraph.is_labelled else "dim"
    witness = paragraph.witness
    if said := why(paragraph):
        line = Text(printable(said), style)
        if witness:
            line.append(printable(f"; witness: {where(witness, proof)}"), style)
            if witness.text not in (None, paragraph.text):
                line.append(": ", style).append_text(_difference(paragraph.text, witness.text or ""))
        yield line
    if said := repair(paragraph):
        yield Text.assemble(
            (f"{printable(said)}: ", "yellow"), _difference(paragraph.before or "", paragraph.text)
        )


def _difference(old: str, new: str) -> Text:
    """The words in which two texts differ, with some around them."""
    line = Text()
    for kind, text in abridged([Stretch(kind, printable(text)) for kind, text in differences(old, new)]):
        before, after, style = _MARKS[kind]
        line.append(f"{before}{text}{after}", style)
    return line


def _wrapped(text: Text, console: Console, indent: str = "") -> Iterator[Text]:
    for line in _lines(text, console, len(indent)):
        yield Text(indent) + line


def _lines(text: Text, console: Console, indent: int) -> Iterator[Text]:
    """The text cut at words, and within words that are longer than a line, to what is left of the console's width."""
    for line in text.wrap(console, max(_NARROW, console.width - indent), overflow="fold"):
        line.rstrip()
        yield line
