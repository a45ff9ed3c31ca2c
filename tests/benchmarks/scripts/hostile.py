"""How the time of every reader and cleaner grows with hostile texts: `hostile.py SIZES REPORT [NAME...]`.

SIZES are bytes, such as 65536,131072. The report has, for each text and stage, the CPU seconds by size.
"""

from __future__ import annotations

import csv
import io
import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl

from cleaners.duplicate.cleaner import fingerprint_table
from cleaners.duplicate.near_duplicates import find_duplicates
from cleaners.encoding.cleaner import encoding
from cleaners.language.identifier import language_of_documents
from cleaners.paragraphs import to_paragraphs
from cleaners.phrases.search import search
from cleaners.pipeline import PIPELINE
from cleaners.repeated_line.cleaner import repeated_line
from cleaners.repeated_line.count_tables import merge_counts
from cleaners.repeated_line.inline_boilerplate import repeated_inline_boilerplate
from cleaners.repeated_line.line_counts import count_source_lines
from cleaners.repeated_line.line_keys import line_keys
from flows import inputs
from flows.run.clean_shard import options
from flows.settings import Settings, lexicon_of, phrases_of
from flows.settings.bundled import line_classifier_model
from tests.benchmarks.hostile_texts import GENERATORS

settings = Settings()
phrases, lexicon, model = phrases_of(settings), lexicon_of(settings), line_classifier_model()


def laps_of(text: str) -> dict[str, float]:
    """The CPU seconds of each cleaner for a document of this text."""
    laps: dict[str, float] = {}

    def lap(name: str, work: Callable[..., Any], *given: Any, **more: Any) -> Any:
        before = time.process_time()
        done = work(*given, **more)
        laps[name] = laps.get(name, 0.0) + time.process_time() - before
        return done

    with tempfile.TemporaryDirectory() as folder:
        for ending, content in forms_of(text).items():
            path = Path(folder, f"hostile{ending}")
            path.write_bytes(content)
            lap(
                f"reading {ending}",
                lambda found: list(inputs.read(found, settings.inputs, settings.fields)),
                inputs.find([str(path)]),
            )
    document = pl.DataFrame({"document_id": ["d"], "source": ["s"], "title": ["A title"], "text": [text]})
    frame = lap("paragraphs", to_paragraphs, document.with_columns(pl.lit(None, pl.String).alias("language")))
    frame = lap("encoding", encoding, frame, **options(settings.encoding))
    lap("language", language_of_documents, frame["text"], pl.Series([len(frame)]))
    found = lap("phrase search", search, frame, phrases)
    resources = {"phrases": phrases, "lexicon": lexicon, "found": found, "model": model}
    for cleaner in PIPELINE:
        if cleaner.scope == "document":
            taken = {name: resources[name] for name in cleaner.takes}
            frame = lap(
                cleaner.name, cleaner.function, frame, **options(settings.table(cleaner.name)), **taken
            )
    keys = lap("line keys", line_keys, frame, lexicon=lexicon)
    counts = merge_counts([lap("line counts", count_source_lines, frame, keys=keys)])
    frame = lap("repeated_line", repeated_line, frame, counts, keys=keys, lexicon=lexicon)
    frame = lap("closing sentences", repeated_inline_boilerplate, frame, counts, keys=keys, lexicon=lexicon)
    table = lap("fingerprints", fingerprint_table, frame, n=3, threshold=0.8, min_tokens=10, short="keep")
    lap(
        "duplicates",
        find_duplicates,
        [table],
        n=3,
        threshold=0.8,
        same_numbers=True,
        document_share=0.8,
        min_words=1,
    )
    return laps


def forms_of(text: str) -> dict[str, bytes]:
    """The text as files of every format that is read in this process, by ending."""
    encoded = text.encode("utf-8", "surrogatepass")
    rows = io.StringIO(newline="")
    csv.writer(rows).writerows([["text", "title"], [text, "A title"]])
    return {
        ".txt": encoded,
        ".md": b"---\ntitle: a\n---\n" + encoded,
        ".jsonl": json.dumps({"text": text, "title": text[:200]}).encode() + b"\n",
        ".csv": rows.getvalue().encode("utf-8", "surrogatepass"),
        ".tsv": encoded,
    }


def main() -> None:
    """Measure each text at each size and write the report."""
    sizes, report, *names = sys.argv[1:]
    laps_of("Boats sail at noon.\n" * 20)
    result = {}
    for name in names or GENERATORS:
        by_size = {size: laps_of(GENERATORS[name](int(size))) for size in sizes.split(",")}
        result[name] = {
            stage: [laps[stage] for laps in by_size.values()] for stage in next(iter(by_size.values()))
        }
        slow = {
            stage: [round(lap, 2) for lap in laps] for stage, laps in result[name].items() if laps[-1] > 0.3
        }
        print(f"{name:32} {sum(laps[-1] for laps in result[name].values()):6.1f} s {slow or ''}", flush=True)  # noqa: T201
    Path(report).write_text(json.dumps(result))


main()
