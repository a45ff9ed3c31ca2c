"""From texts to MinHash signatures of 128 values over their shingles of three tokens: copydesk or datasketch.

    python signatures.py copydesk|datasketch PARAGRAPHS.parquet REPORT.json

Seconds are of the processor, since only one is used.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import polars as pl


def copydesk(text: pl.Series) -> Any:
    """Tokenised, hashed and signed in columns."""
    from cleaners.duplicate.minhash import signatures

    return signatures(text)


def datasketch(text: pl.Series) -> Any:
    """Split at white space, and signed in bulk."""
    from datasketch import MinHash

    words = [row.lower().split() for row in text.to_list()]
    return MinHash.bulk(
        ([" ".join(w[i : i + 3]).encode() for i in range(max(1, len(w) - 2))] for w in words), num_perm=128
    )


which, paragraphs, report = sys.argv[1:]
sign = {"copydesk": copydesk, "datasketch": datasketch}[which]
text = pl.read_parquet(paragraphs).get_column("text")
sign(text.head(100))
start = time.process_time()
sign(text)
seconds = time.process_time() - start
Path(report).write_text(json.dumps({"bytes": int(text.str.len_bytes().sum()), "seconds": {which: seconds}}))
