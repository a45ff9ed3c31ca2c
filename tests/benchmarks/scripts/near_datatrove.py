"""Near-duplicates by datatrove's four stages of MinHash: runs of three words, 25 bands of 5; clusters chain.

python near_datatrove.py TEXTS.parquet WORK REMOVED.json
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path

import pyarrow.parquet as pq
from datatrove.executor import LocalPipelineExecutor
from datatrove.pipeline.dedup import (
    MinhashDedupBuckets,
    MinhashDedupCluster,
    MinhashDedupFilter,
    MinhashDedupSignature,
)
from datatrove.pipeline.dedup.minhash import MinhashConfig
from datatrove.pipeline.readers import JsonlReader
from datatrove.pipeline.writers import JsonlWriter


def main(given: str, out: str, report: str) -> None:
    """Do the job, stage by stage."""
    work = Path(out)
    shutil.rmtree(work, ignore_errors=True)
    (work / "input").mkdir(parents=True)
    rows = pq.read_table(given).to_pylist()
    (work / "input" / "0.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    config = MinhashConfig(n_grams=3, num_buckets=25, hashes_per_bucket=5)
    signatures, buckets, remove, kept = (
        str(work / name) for name in ("signatures", "buckets", "remove", "kept")
    )
    read = JsonlReader(str(work / "input"))
    stages = (
        ([read, MinhashDedupSignature(signatures, config)], 1),
        ([MinhashDedupBuckets(signatures, buckets, config=config)], config.num_buckets),
        ([MinhashDedupCluster(buckets, remove, config)], 1),
        ([read, MinhashDedupFilter(remove), JsonlWriter(kept, compression=None)], 1),
    )
    for number, (pipeline, tasks) in enumerate(stages):
        logs = str(work / f"logs{number}")
        LocalPipelineExecutor(pipeline, tasks=tasks, workers=1, logging_dir=logs).run()
    left = {
        json.loads(line)["id"] for path in Path(kept).glob("*.jsonl") for line in path.open(encoding="utf-8")
    }
    Path(report).write_text(json.dumps([row["id"] for row in rows if row["id"] not in left]))


if __name__ == "__main__":
    os.environ["DATATROVE_COLORIZE_LOGS"] = "0"
    main(*sys.argv[1:])
