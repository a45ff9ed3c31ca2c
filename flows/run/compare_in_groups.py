"""The comparison of a large run, as tasks that exchange files in the staging folder.

No task holds all shingles, and none decides about all paragraphs. With N paragraphs, of which C have a key in common
with another one (2 % of news), the steps are

    same_tokens        a partition of hashes    -> paragraphs with the same tokens
    merge_same_tokens  the whole                -> the same, sorted
    common_keys        a partition of keys      -> paragraphs with a key in common
    sketch             a slice of the tables    -> sketches of those of its paragraphs, from their texts
    prune              a partition of keys      -> those that may be near-duplicates by their sketches (0.4 % of news)
    group              the whole                -> components of what is left, and groups of these: see
                                                   `cleaners.duplicate.groups`
    extract            a slice of the tables    -> its paragraphs in groups, with their texts, group by group
    decide             a group                  -> decisions, with the buckets and the walk of `find_duplicates`
    settle             the whole                -> fates of documents in several groups; which groups decide again
    assemble           a slice of the shards    -> the decisions on each

A run is large if it has more paragraphs than `Engine.compared_whole`. A step is one task for each item, which reads and
writes files; it can be repeated, as no file is written again with other bytes. What is sent to a task is its number.

Tables are those of the shards, and the parts of the index. A slice is some of them, one after the other: about 128
slices, however many tables there are. A task has one table of its slice in memory at a time.

A partition has the keys of a column, or of several if the run is not very large. It reads these columns of all
fingerprints twice, 12 bytes a row. Only from 2**27 rows on (some 40 GB of text) does a column have several partitions.

Costs: the number of slices and partitions is bounded, so that time grows with N, and not with its square. What a slice
wants of a partition, or a group of a slice, is a piece of a file, which is read alone: see `staged_files.write_pieces`.
Texts are read twice: those of C for the sketches, those in groups to decide.

Memory: a partition has a filter of 128 to 512 MB and what passes it, a tenth of its keys. `merge_same_tokens` and
`group`, which are not divided, hold 8 and 16 bytes for each paragraph with the same tokens as another one, `group` also
for a near-duplicate by its sketch. `settle` counts for each document with some of those in several groups. A group has
about `groups.GROUP` tokens. Crowded templates cost what they cost in `find_duplicates`, within their group; a component
larger than that is one group.

Rounds: groups are made in the order of the run, so that most documents have all their paragraphs in one, where they are
decided for good. The others take as many rounds as their fates depend on each other. After ROUNDS, the run is compared
by one task instead, as small ones are.

Limits: rows have 32-bit numbers, 4e9 in all. Keys of bands have 32 bits, so from 1.7e8 rows on more and more rows share
one by chance; `prune` drops those.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

import polars as pl

from flows.run.comparison.candidates import common_keys, merge_same_tokens, prune, same_tokens, sketch
from flows.run.comparison.compared import Piece, Step, compared_by, folder_of, path_of
from flows.run.comparison.decisions import assemble, decide, settle
from flows.run.comparison.groups import extract, group
from flows.run.engine import Engine, Part
from flows.run.staged_files import write
from flows.run.stages import Run, compare

#: Rounds after which the run is compared as a whole.
ROUNDS: Final = 40


def compare_shards(run: Run, shards: Sequence[str], engine: Engine) -> None:
    """Write the decisions on all shards: in groups if there are many paragraphs, else by one task.

    Groups need the documents in the order given and cannot count what stays of a document with its lead; nor are there
    partitions of the keys for containment. So runs with other settings than the defaults for these have one task.
    """
    s = run.settings.duplicate
    is_divisible = s.enabled and s.keep == "earliest" and not s.keep_leads and s.measure == "jaccard"
    if is_divisible and sum(_count(run, shard) for shard in shards) > engine.compared_whole:
        compare_in_groups(run, shards, engine)
    else:
        engine.each("compare", compare, run, [shards])


def _count(run: Run, shard: str) -> int:
    rows: int = pl.scan_ipc(run.path("fingerprints", shard), glob=False).select(pl.len()).collect().item()
    return rows


def compare_in_groups(run: Run, shards: Sequence[str], engine: Engine) -> None:
    """Write the decisions of `stages.compare`, the same ones."""

    def each(step: Step, numbers: Iterable[int], of_round: int = 0) -> list[Any]:
        pieces = [Piece(number, of_round) for number in numbers]
        return engine.each("compare", step, run, pieces, Part(STEPS.index(step), len(STEPS)))

    write(pl.DataFrame({"shard": shards}), path_of(run, "shards", 0))
    (plan,) = each(count_tasks, [0])
    partitions, slices = range(plan.partitions), range(plan.slices)
    each(same_tokens, range(plan.exact_partitions))
    each(merge_same_tokens, [0])
    each(common_keys, partitions)
    each(sketch, slices)
    each(prune, partitions)
    (groups,) = each(group, [0])
    each(extract, slices)
    changed: Sequence[int] = range(groups)
    for number in range(ROUNDS):
        each(decide, changed, number)
        (changed,) = each(settle, [0], number)
        if not changed:
            each(assemble, slices[plan.indexed :], number)
            break
    else:
        engine.each("compare", compare, run, [shards])
    shutil.rmtree(folder_of(run))


class Plan(NamedTuple):
    """How many tasks there are."""

    exact_partitions: int
    partitions: int
    slices: int
    indexed: int  # slices of tables of the index


def count_tasks(run: Run, _piece: Piece) -> Plan:
    """How many tasks there are."""
    known = compared_by(run)
    return Plan(len(known.exact_partitions), len(known.partitions), len(known.slices), known.keys.indexed)


#: The steps, in order.
STEPS: Final[tuple[Step, ...]] = (
    count_tasks,
    same_tokens,
    merge_same_tokens,
    common_keys,
    sketch,
    prune,
    group,
    extract,
    decide,
    settle,
    assemble,
)
