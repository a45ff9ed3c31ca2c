"""datatrove's MinHash pipeline over paragraphs as documents: local executor, two workers.

python with_datatrove.py INPUT.jsonl OUT REPORT.json

Its own reader, its own ftfy step and its four stages of MinHash. The input is cut into two files, since a task reads
whole files.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path

from datatrove.data import Document, DocumentsPipeline
from datatrove.executor import LocalPipelineExecutor
from datatrove.pipeline.dedup import (
    MinhashDedupBuckets,
    MinhashDedupCluster,
    MinhashDedupFilter,
    MinhashDedupSignature,
)
from datatrove.pipeline.dedup.minhash import MinhashConfig
from datatrove.pipeline.formatters import FTFYFormatter
from datatrove.pipeline.readers import JsonlReader
from datatrove.pipeline.writers import JsonlWriter, ParquetWriter
from laps import Laps

WORKERS = 2


def split(data: DocumentsPipeline, rank: int = 0, world_size: int = 1) -> DocumentsPipeline:
    """A document for each paragraph."""
    for document in data:
        for position, text in enumerate(document.text.split("\n")):
            if text.strip():
                yield Document(text=text.strip(), id=f"{document.id}/{position}")


def cut(given: Path, folder: Path) -> None:
    """Lay the lines of `given` into so many files as there are workers."""
    folder.mkdir()
    size, done = given.stat().st_size, 0
    with given.open("rb") as lines:
        for part in range(WORKERS):
            with (folder / f"{part}.jsonl").open("wb") as file:
                while done < (part + 1) * size / WORKERS and (line := lines.readline()):
                    done += file.write(line)


def rows(folder: Path) -> int:
    """How many rows the Parquet files of a folder have."""
    import pyarrow.parquet as pq

    return sum(pq.ParquetFile(path).metadata.num_rows for path in folder.glob("*.parquet"))


def main(given: str, out: str, report: str) -> None:
    """Do the job, stage by stage."""
    work = Path(out)
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir()
    cut(Path(given), work / "input")
    config = MinhashConfig(n_grams=3, num_buckets=25, hashes_per_bucket=5)
    laps = Laps()

    def execute_run(name: str, pipeline: list[object], tasks: int = WORKERS) -> None:
        logs = tempfile.mkdtemp(dir=work)  # of its own: what a folder of logs says is done is not done again
        # forked workers, unlike those of its fork server, are counted among this process's children
        LocalPipelineExecutor(
            pipeline, tasks=tasks, workers=WORKERS, start_method="fork", logging_dir=logs
        ).run()
        laps(name)

    paragraphs = str(work / "paragraphs")
    read = [JsonlReader(paragraphs)]
    execute_run(
        "repair",
        [
            JsonlReader(str(work / "input")),
            FTFYFormatter(),
            split,
            JsonlWriter(paragraphs, output_filename="${rank}.jsonl", compression=None),
        ],
    )
    execute_run("signatures", [*read, MinhashDedupSignature(str(work / "signatures"), config)])
    execute_run(
        "duplicates",
        [MinhashDedupBuckets(str(work / "signatures"), str(work / "buckets"), config=config)],
        config.num_buckets,
    )
    execute_run("duplicates", [MinhashDedupCluster(str(work / "buckets"), str(work / "remove"), config)], 1)
    kept = work / "kept"
    execute_run(
        "write",
        [*read, MinhashDedupFilter(str(work / "remove")), ParquetWriter(str(kept), compression="zstd")],
    )
    with_text = sum(sum(1 for _ in path.open("rb")) for path in Path(paragraphs).glob("*.jsonl"))
    laps.write(report, with_text, rows(kept))
    shutil.rmtree(work)


if __name__ == "__main__":
    os.environ["DATATROVE_COLORIZE_LOGS"] = "0"
    main(*sys.argv[1:])
