"""The stages of a run: plain functions of the run and one item, which exchange files in the run's staging folder.

    read     inputs           -> documents and rejected, shard by shard
    clean    a shard          -> its paragraphs, repaired and cleaned as far as no other document is needed; counts of
                                 its lines and, if shingles are ranked, of its shingles
    count    a partition      -> how often each source printed a line, in this run and in earlier ones
    remove   a shard          -> its repeated lines and inline boilerplate; fingerprints of the remaining paragraphs
    compare  all shards       -> the near-duplicates and their witnesses
    split    a shard          -> the parts of the published tables

A stage writes each file whole or not at all, reads only what earlier stages wrote, and is deterministic. So it can be
repeated, alone, on any machine that shares the folder. What no later stage reads is removed, so that the folder holds
every text once.
"""

from flows.run.stages.cleaning import clean
from flows.run.stages.comparing import compare, compared, older_versions
from flows.run.stages.counting import count_lines, merge_partitions, partitions, rank_shingles
from flows.run.stages.reading import Batch, ReadShard, ledger, read_inputs
from flows.run.stages.removing import remove_repeated
from flows.run.stages.run import Run
from flows.run.stages.splitting import rejections, split, write_source_stats

__all__ = [
    "Batch",
    "ReadShard",
    "Run",
    "clean",
    "compare",
    "compared",
    "count_lines",
    "ledger",
    "merge_partitions",
    "older_versions",
    "partitions",
    "rank_shingles",
    "read_inputs",
    "rejections",
    "remove_repeated",
    "split",
    "write_source_stats",
]
