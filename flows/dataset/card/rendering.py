"""The card as text: front matter in YAML, and Markdown from a template.

Names of sources, inputs and settings come from outside. In YAML they are values that PyYAML writes; in Markdown they
stand in code spans, or as plain text without any markup.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final

import jinja2
import polars as pl
import yaml

from flows.dataset.card.facts import Facts
from flows.dataset.checksums import BLANK, SEAL
from flows.dataset.summary import Counts
from flows.dataset.tables import MAY_BE_NULL, MEANINGS, ROWS, SCHEMAS
from flows.printable import as_markdown, printable

SHOWN: Final = 50  # sources, languages, inputs; of the others, only how many there are
LENGTH: Final = 160  # characters of a name
NAMED: Final = 3  # sources in the title

#: Bounds of the Hub's size categories.
_SIZES: Final = {
    10**3: "1K",
    10**4: "10K",
    10**5: "100K",
    10**6: "1M",
    10**7: "10M",
    10**8: "100M",
    10**9: "1B",
}
_TYPES: Final = {
    pl.String(): "string",
    pl.UInt32(): "integer (32 bits, unsigned)",
    pl.Float32(): "number (32 bits)",
    pl.Datetime("us", "UTC"): "timestamp (microseconds, UTC)",
    pl.List(pl.String()): "list of strings",
}


def render(facts: Facts, template: str) -> bytes:
    """The card, with a blank for its checksum."""
    environment = jinja2.Environment(
        undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True
    )
    environment.filters |= {
        "code": code,
        "text": text_of,
        "runs": _runs,
        "count": lambda number: f"{number:,}",
        "size": lambda size: f"{size / 1e6:,.1f} MB" if size >= 1e6 else f"{size / 1e3:,.1f} KB",
        "json": lambda value: json.dumps(value, ensure_ascii=False),
        "type": lambda dtype: _TYPES[dtype],
    }
    front = yaml.safe_dump(front_matter(facts), sort_keys=False, allow_unicode=True, width=10**6)
    content = environment.from_string(template).render(
        facts=facts,
        front=front,
        title=title(facts),
        sources=len([name for name in facts.sources if name]),
        counts=facts.counts,
        shares=_shares(facts.counts),
        groups=[
            ("Sources", "source", *_largest(facts.sources)),
            ("Languages", "language", *_largest(facts.languages)),
        ],
        given=_newest(facts.given),
        configurations=_newest(facts.configurations),
        schemas=SCHEMAS,
        meanings=MEANINGS,
        may_be_null=MAY_BE_NULL,
        rows=ROWS,
        seal=f'"{SEAL}": "{BLANK.decode()}"',
    )
    return content.encode()


def front_matter(facts: Facts) -> dict[str, Any]:
    """The front matter. Tables without rows are not in `configs`, because Hugging Face datasets cannot load them."""
    codes = sorted(name for name in facts.languages if re.fullmatch("[a-z]{2,3}", name))
    return {
        "pretty_name": title(facts),
        **({"language": codes} if codes else {}),
        "license": printable(str(facts.publish.get("license", "unknown"))),
        "size_categories": [size_category(facts.counts.documents_kept)],
        "tags": ["news", "text", "deduplicated", "copydesk"],
        "configs": [
            {
                "config_name": table,
                "data_files": f"{table}/*/*.parquet",
                **({"default": True} if table == "documents" else {}),
            }
            for table, (rows, _) in facts.tables.items()
            if rows or table == "documents"
        ],
    }


def title(facts: Facts) -> str:
    """The title that the settings give, or one of the names of the largest sources."""
    if given := str(facts.publish.get("title", "")).strip():
        return _cut(printable(given))
    largest = [name for name, _ in _ordered(facts.sources) if name]
    if not largest:
        return "News articles"
    more = len(largest) - NAMED
    names = [_cut(name) for name in largest[: NAMED if more > 1 else NAMED + 1]]
    if more > 1:
        names.append(f"{more:,} more sources")
    return "News of " + " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def size_category(documents: int) -> str:
    """The Hub's category for a number of rows.

    >>> size_category(55), size_category(1000), size_category(2_000_000_000)
    ('n<1K', '1K<n<10K', 'n>1B')
    """
    below = ""
    for bound, name in _SIZES.items():
        if documents < bound:
            return f"{below}<n<{name}" if below else f"n<{name}"
        below = name
    return f"n>{below}"


def text_of(text: str) -> str:
    """A text from outside without markup; as it is if no character of it could be markup.

    >>> text_of("News of harbour-gazette"), text_of("<b>")
    ('News of harbour-gazette', '&#60;b&#62;')
    """
    text = _cut(printable(text))
    return text if re.fullmatch(r"(?:[^\W_]|[ ,.'-](?<!www\.))+", text, re.IGNORECASE) else as_markdown(text)


def code(text: str) -> str:
    """A text from outside as a code span, or without markup if it has characters that could end the span or a cell.

    >>> code("courier/a.txt"), code("a`b")
    ('`courier/a.txt`', 'a&#96;b')
    """
    text = _cut(printable(text))
    plain = text.strip() and not re.search(r"[`|\\]", text)
    return f"`{text}`" if plain else as_markdown(text)


def _cut(text: str) -> str:
    return text if len(text) <= LENGTH else f"{text[:LENGTH]}..."


def _runs(span: tuple[str, str]) -> str:
    first, last = span
    return first if first == last else f"{first} to {last}"


def _shares(counts: Counts) -> list[tuple[str, int, int, int, str]]:
    """(what, documents, paragraphs, words, percent of words) of what was read, kept and removed."""
    rows = [
        ("read", counts.documents, counts.paragraphs, counts.words),
        ("kept", counts.documents_kept, counts.paragraphs_kept, counts.words_kept),
        *((f"`{reason}`", *numbers) for reason, numbers in counts.removed.items()),
    ]
    return [(*row, _percent(row[3], counts.words)) for row in rows]


def _percent(part: int, whole: int) -> str:
    if not whole:
        return ""
    percent = 100 * part / whole
    return "<0.1" if 0 < percent < 0.1 else f"{percent:.1f}"


def _ordered(sums: Mapping[str, list[int]]) -> list[tuple[str, list[int]]]:
    """Names with their documents and words, those with most documents first."""
    return sorted(sums.items(), key=lambda item: (-item[1][0], item[0]))


def _largest(sums: Mapping[str, list[int]]) -> tuple[list[tuple[str, int, int]], int]:
    """(name, documents, words) of the largest, and how many others there are."""
    ordered = _ordered(sums)
    return [(name, *numbers) for name, numbers in ordered[:SHOWN]], len(ordered) - SHOWN  # type: ignore[misc]


def _newest(ranges: Mapping[str, list[str]]) -> tuple[list[tuple[str, list[str]]], int]:
    """Names with their runs, the newest first, and how many others there are."""
    ordered = sorted(ranges.items(), key=lambda item: (len(item[1][1]), item[1][1]), reverse=True)
    return ordered[:SHOWN], len(ordered) - SHOWN
