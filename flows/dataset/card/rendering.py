"""The card as text: front matter in YAML, and Markdown from a template.

Names of sources, inputs and settings come from outside. In YAML they are values that PyYAML writes; in Markdown they
stand in code spans, or as plain text without any markup.
"""

from __future__ import annotations

import json
import re
import string
from collections.abc import Mapping, Sequence
from typing import Any, Final

import polars as pl
import yaml

from flows.dataset.card.facts import Facts
from flows.dataset.checksums import BLANK, SEAL
from flows.dataset.summary import Counts, counted
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
    named = sum(1 for name in facts.sources if name)
    counts = facts.counts
    settings = "In the last run, all settings were the defaults."
    if facts.settings:
        values = [
            (code(path), _as_code(value), _as_code(default))
            for path, (value, default) in facts.settings.items()
        ]
        settings = "In the last run, these settings differed from the defaults:\n\n" + table(
            ("setting", "value", "default"), values
        )
    content = string.Template(template).substitute(
        front=yaml.safe_dump(front_matter(facts), sort_keys=False, allow_unicode=True, width=10**6),
        title=text_of(title(facts)),
        documents=f"{counts.documents_kept:,}",
        sources=f" of {counted(named, 'source')}" if named else "",
        tables=table(
            ("table", "one row is", "rows", "Parquet"),
            [
                (f"[{name}](#{name})", ROWS[name], rows, _size(size))
                for name, (rows, size) in facts.tables.items()
            ],
        ),
        shares=table(("", "documents", "paragraphs", "words", "% of words"), _shares(counts)),
        repaired=f"{counts.repaired:,}",
        rejected=f"{counts.rejected:,}",
        days=f"\n{facts.dated:,} articles have a date, from {facts.earliest} to {facts.latest}."
        if facts.dated
        else "",
        by_source=_largest("source", facts.sources),
        by_language=_largest("language", facts.languages),
        runs=counted(facts.runs, "run"),
        last=facts.last,
        versions=_newest("copydesk", facts.versions),
        given=_newest("input", facts.given),
        configurations=_newest("settings, phrases and word lists, as a hash", facts.configurations),
        settings=settings,
        dictionary="\n\n".join(map(_dictionary, SCHEMAS)),
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


def table(head: Sequence[str], rows: Sequence[Sequence[str | int]], others: int = 0) -> str:
    """A Markdown table, and how many others there are; what is in its cells is Markdown already.

    >>> print(table(("source", "words"), [("`a`", 1200)], others=3))
    | source | words |
    | --- | ---: |
    | `a` | 1,200 |
    <BLANKLINE>
    And 3 more.
    """
    numbers = [any(re.match(r"[<\d]", str(row[column])) for row in rows) for column in range(len(head))]
    lines = [head, ["---:" if number else "---" for number in numbers]]
    lines += [[f"{cell:,}" if isinstance(cell, int) else cell for cell in row] for row in rows]
    more = f"\n\nAnd {others:,} more." if others > 0 else ""
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + more


def text_of(text: str) -> str:
    """A text from outside without markup; as it is if no character of it could be markup.

    >>> text_of("News of harbour-gazette"), text_of("<b>")
    ('News of harbour-gazette', '\\\\<b\\\\>')
    """
    text = _cut(printable(text))
    return text if re.fullmatch(r"(?:[^\W_]|[ ,.'-](?<!www\.))+", text, re.IGNORECASE) else as_markdown(text)


def code(text: str) -> str:
    """A text from outside as a code span, or without markup if it has characters that could end the span or a cell.

    >>> code("courier/a.txt"), code("a`b")
    ('`courier/a.txt`', 'a\\\\`b')
    """
    text = _cut(printable(text))
    plain = text.strip() and not re.search(r"[`|\\]", text)
    return f"`{text}`" if plain else as_markdown(text)


def _cut(text: str) -> str:
    return text if len(text) <= LENGTH else f"{text[:LENGTH]}..."


def _as_code(value: object) -> str:
    return code(json.dumps(value, ensure_ascii=False))


def _size(size: int) -> str:
    return f"{size / 1e6:,.1f} MB" if size >= 1e6 else f"{size / 1e3:,.1f} KB"


def _shares(counts: Counts) -> list[tuple[str, int, int, int, str]]:
    """(what, documents, paragraphs, words, percent of words) of what was read, kept, removed and labelled."""
    rows = [
        ("read", counts.documents, counts.paragraphs, counts.words),
        ("kept", counts.documents_kept, counts.paragraphs_kept, counts.words_kept),
        *((f"`{reason}`", *numbers) for reason, numbers in counts.removed.items()),
        *((f"`{reason}`, labelled", *numbers) for reason, numbers in counts.labelled.items()),
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


def _largest(what: str, sums: Mapping[str, list[int]]) -> str:
    """A table of the largest: name, documents, words."""
    ordered = _ordered(sums)
    rows: list[list[str | int]] = [
        [code(name) if name else "unknown", *numbers] for name, numbers in ordered[:SHOWN]
    ]
    return table((what, "documents", "words"), rows, len(ordered) - SHOWN)


def _newest(what: str, ranges: Mapping[str, list[str]]) -> str:
    """A table of names with the first and the last of their runs, the newest first."""
    ordered = sorted(ranges.items(), key=lambda item: (len(item[1][1]), item[1][1]), reverse=True)
    rows = [
        (code(name), first if first == last else f"{first} to {last}")
        for name, (first, last) in ordered[:SHOWN]
    ]
    return table((what, "runs"), rows, len(ordered) - SHOWN)


def _dictionary(name: str) -> str:
    """What a table's columns are."""
    rows = [
        (
            f"`{column}`",
            _TYPES[dtype],
            "may be" if column in MAY_BE_NULL[name] else "never",
            MEANINGS[name][column],
        )
        for column, dtype in SCHEMAS[name].items()
    ]
    head = ("column", "type", "null", "meaning")
    return f"### {name}\n\nOne row is {ROWS[name]}.\n\n{table(head, rows)}"
