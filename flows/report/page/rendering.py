"""The page of a run as HTML: self-contained, inert whatever the input says, and without any request.

Text of the input reaches the page in two ways only: escaped by Jinja2, or in one block of JSON without `<`, `>` and
`&`. Scripts and styles run only by their hash, as the content security policy at the top of the page says.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson
import polars as pl
from markupsafe import Markup

from flows.dataset.summary import Counts
from flows.errors import CopydeskError
from flows.printable import printable
from flows.report.page.context import context
from flows.report.page.documents import read_documents, witnesses_of
from flows.report.page.near_misses import close_pairs, near_misses
from flows.report.page.proofs import proofs
from flows.report.page.reading import RunTables
from flows.report.page.sampling import BORDERLINE, sample
from flows.report.page.stricter import removed_by_more, some_documents
from flows.report.page.templates import environment
from flows.report.page.thresholds import bands_of

#: Bytes of a page. What the tables show is bounded; a sample that is too large for the rest of it is cut.
MOST_BYTES: Final = 5_000_000
#: Removals in the sample: one for this number of words that came in, within bounds. The page of a small run costs less.
WORDS_OF_A_REMOVAL: Final = 4_000
FEWEST_REMOVALS: Final = 200
MOST_REMOVALS: Final = 1_000
#: What could end a script element, or is a line break to older parsers of JavaScript, and how JSON writes it.
JSON_ESCAPES: Final = {
    b"<": b"\\u003c",
    b">": b"\\u003e",
    b"&": b"\\u0026",
    "\u2028".encode(): b"\\u2028",
    "\u2029".encode(): b"\\u2029",
}
#: A proof without values, which the script of the page fills.
_NOTHING: Final = dict.fromkeys(
    ("uri", "source", "title", "title_before", "language", "encoding", "published", "text", "position"), ""
)
BLANK: Final[Mapping[str, Any]] = {
    **_NOTHING,
    "paragraphs": [
        {
            **dict.fromkeys(("position", "text", "reason", "rule", "detail", "before", "label"), ""),
            "fixes": [],
            "witness": {**_NOTHING, "jaccard": ""},
        }
    ],
}


def render(run: RunTables) -> str:
    """The page of a run; raises CopydeskError if its manifest is damaged, or older than the page can be."""
    try:
        settings, counts = run.manifest["settings"], Counts.from_json(run.manifest["counts"])
        most = min(max(FEWEST_REMOVALS, counts.words // WORDS_OF_A_REMOVAL), MOST_REMOVALS)
        sampled = sample(run, settings, most)
        pairs, odds = close_pairs(run, settings, most // 4)
        some, each = some_documents(run)
        ids = [some, witnesses_of(run, sampled["document_id"]), pairs["document_id"], pairs["other_id"]]
        documents = read_documents(run, pl.concat([sampled["document_id"], *ids]).unique())
        near = near_misses(pairs, odds, documents, settings, bands_of(settings))
        found = proofs(run, sampled, near, documents)
        stricter = removed_by_more(settings, documents, some, each)
        known = context(run, settings, counts, near, stricter)
    except KeyError as error:
        raise CopydeskError(
            f"the manifest of {run.run_id} lacks {error}: another version of copydesk wrote it"
        ) from error
    except pl.exceptions.PolarsError as error:
        raise CopydeskError(
            f"the tables of {run.run_id} cannot be read: {error}; `copydesk verify {run.dataset.root}` says more"
        ) from error
    template = environment().get_template("page.html.jinja")
    while True:
        page = template.render(
            **known,
            blank=BLANK,
            content=_content(run, found),
            proofs=len(found),
            removals=sum("turn" in p and "near" not in p for proof in found for p in proof["paragraphs"]),
        )
        if len(page.encode()) <= MOST_BYTES or not found:
            return page
        found = found[: len(found) * 2 // 3]


def _content(run: RunTables, found: Sequence[Mapping[str, Any]]) -> Markup:
    """What the script of the page reads, as JSON that cannot end the element that it stands in."""
    value = {
        "dataset": printable(str(run.dataset.root)),
        "run": run.run_id,
        "finished": run.manifest["finished"],
        "borderline": BORDERLINE,
        "proofs": found,
    }
    content = orjson.dumps(value)
    for character, escape in JSON_ESCAPES.items():
        content = content.replace(character, escape)
    return Markup(content.decode())
