"""The stage `clean`: a shard is repaired and cleaned as far as no other document is needed."""

from __future__ import annotations

from cleaners.duplicate.cleaner import eligible
from cleaners.duplicate.rarest_shingles import count_shingles
from cleaners.repeated_line.line_counts import count_source_lines
from cleaners.repeated_line.line_keys import line_keys
from flows.dataset.crashes import noting_shard
from flows.run import staged_files
from flows.run.clean_shard import clean_shard
from flows.run.stages.counting import line_ranges
from flows.run.stages.paragraphs import is_done, write_paragraphs
from flows.run.stages.reading import ReadShard
from flows.run.stages.run import Run


def clean(run: Run, read: ReadShard) -> None:
    """Repair and clean a shard as far as no other document is needed; count its lines."""
    if read.shard is not None:
        with noting_shard(run.staging, read.shard):
            _clean(run, read.shard)


def _clean(run: Run, shard: str) -> None:
    if is_done(run.path("read", shard), run.path("documents", shard)):
        return
    read = staged_files.read(run.path("read", shard))
    documents, frame = clean_shard(read, run.settings, run.phrases, run.lexicon, run.exceptions)
    if run.settings.repeated_line.enabled:
        keys = line_keys(frame, lexicon=run.lexicon, max_characters=run.settings.repeated_line.max_characters)
        staged_files.write(keys, run.path("line_keys", shard))
        counts = count_source_lines(frame, documents["published"], keys=keys)
        by_line = counts.sort("line", maintain_order=True)
        staged_files.write_pieces(by_line, run.path("line_counts", shard), "line", line_ranges())
    if run.ranks_shingles:
        texts = frame.filter(eligible()).get_column("text")
        staged_files.write(
            count_shingles(texts, run.settings.duplicate.n), run.path("shingle_frequencies", shard)
        )
    write_paragraphs(frame, run.path("cleaned", shard))
    staged_files.write(documents.drop("text"), run.path("documents", shard))
    run.path("read", shard).unlink(missing_ok=True)
