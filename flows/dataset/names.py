"""Names of files and folders of a dataset that are known below its layout, too: by what copies it to object storage."""

from __future__ import annotations

from typing import Final

STATE_FOLDER: Final = "_copydesk"
#: In STATE_FOLDER.
LOCK: Final = "lock"
STAGING: Final = "staging"
REPORTS: Final = "reports"
SUSPECTS: Final = "suspects"
POSTINGS: Final = "postings"
LINE_TOTALS: Final = "line_totals"
REFERENCES: Final = "references"
WORKING_COPY_JSON: Final = "working_copy.json"
#: In STAGING.
EXCHANGE: Final = "exchange"
