"""Proofs as a page of HTML: one file that opens from disk, loads nothing, and runs nothing.

All text passes `printable` and is escaped by Jinja2. Each piece of it is isolated, so that its direction reverses
nothing else. A content security policy allows the page's own style and nothing besides.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import jinja2
from markupsafe import Markup

from flows.printable import printable
from flows.report.differences import Stretch, abridged, differences
from flows.report.explain import wording
from flows.report.page.templates import FOLDER, source_hash
from flows.report.proof import Proof

#: Zero width joiners belong to the spelling of many languages; a browser shows what they do.
JOINERS: Final = "\u200c\u200d"


def page(
    proofs: Iterable[tuple[Proof, str]], rejected: Sequence[tuple[str, str]], end: str = ""
) -> Iterator[str]:
    """The page in pieces, a proof at a time; `proofs` come with what else is said of them, `end` closes the page."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(FOLDER),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters["printable"] = _shown
    environment.globals.update(
        about=wording.about,
        fate=wording.fate,
        why=wording.why,
        repair=wording.repair,
        where=wording.where,
        totals=wording.Totals.of,
        difference=_difference,
    )
    style = environment.get_template("explain.css").render()
    template = environment.get_template("explain.html.jinja")
    yield from template.generate(
        style=Markup(style),
        policy=f"default-src 'none'; style-src '{source_hash(style)}'; base-uri 'none'; form-action 'none'",
        proofs=proofs,
        rejected=rejected,
        end=end,
    )


def _shown(text: str) -> str:
    return printable(text, keep=JOINERS)


def _difference(old: str, new: str) -> list[Stretch]:
    """What differs, with some words around it."""
    return abridged([Stretch(kind, _shown(text)) for kind, text in differences(old, new)])
