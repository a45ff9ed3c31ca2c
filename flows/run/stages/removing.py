"""The stage `remove`: the repeated lines of a shard go, and the remaining paragraphs get fingerprints."""

from __future__ import annotations

from cleaners.duplicate.cleaner import eligible
from flows.dataset.exceptions import protect
from flows.run import staged_files
from flows.run.clean_shard import count_words, fingerprints_of, without_repeated_lines
from flows.run.stages.counting import frequencies_of, frequent_lines
from flows.run.stages.paragraphs import is_done, read_paragraphs, write_paragraphs
from flows.run.stages.run import Run


def remove_repeated(run: Run, shard: str) -> None:
    """Remove a shard's repeated lines and inline boilerplate, fingerprint the remaining paragraphs, count words."""
    if is_done(run.path("cleaned", shard), run.path("paragraphs", shard)):
        return
    documents = staged_files.read(run.path("documents", shard))
    frame = read_paragraphs(run, "cleaned", shard, documents)
    if run.settings.repeated_line.enabled:
        keys = staged_files.read(run.path("line_keys", shard))
        cleaned = without_repeated_lines(frame, frequent_lines(run, keys), keys, run.settings, run.lexicon)
        frame = protect(cleaned, documents, run.exceptions, since=frame)
    fingerprints = fingerprints_of(frame, documents, run.settings, frequencies_of(run)).fingerprints.collect()
    rows = frame.select(eligible()).to_series().arg_true()
    staged_files.write(fingerprints.with_columns(rows.alias("row")), run.path("fingerprints", shard))
    write_paragraphs(frame.with_columns(count_words(frame, fingerprints)), run.path("paragraphs", shard))
    for kind in ("cleaned", "line_keys"):
        run.path(kind, shard).unlink(missing_ok=True)
