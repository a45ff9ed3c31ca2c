"""C4's rules of lines, as datatrove has them, over the same documents; its count of sentences is switched off.

python with_c4.py PARAGRAPHS.parquet REPORT.json
"""

from __future__ import annotations

import json
import sys
import time
from itertools import groupby
from operator import itemgetter
from pathlib import Path

import pyarrow.parquet as pq
from datatrove.data import Document
from datatrove.pipeline.filters import C4QualityFilter

paragraphs, report = sys.argv[1:]
read = pq.read_table(paragraphs)
lines = list(zip(read["document"].to_pylist(), read["text"].to_pylist(), strict=True))
documents = [
    Document(text="\n".join(text for _, text in its), id=str(number))
    for number, its in groupby(lines, itemgetter(0))
]
quality = C4QualityFilter(min_num_sentences=-1)
began, spent = time.perf_counter(), time.process_time()
kept = sum(document.text.count("\n") + 1 for document in documents if quality.filter(document) is True)
seconds = {"wall": time.perf_counter() - began, "cpu": time.process_time() - spent}
size = sum(len(text.encode()) for _, text in lines)
Path(report).write_text(
    json.dumps({"bytes": size, "lines": len(lines), "removed": len(lines) - kept, **seconds})
)
