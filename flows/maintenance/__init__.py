"""Maintenance of a published dataset: roll back, expire, restore, relabel, merge parts, rebuild the index."""

from flows.maintenance.compact_runs import compact
from flows.maintenance.rebuild_index import reindex
from flows.maintenance.relabel_rows import relabel
from flows.maintenance.replace_documents import replace_older
from flows.maintenance.restore_text import restore
from flows.maintenance.take_out_runs import expire, finish_rollback, older_runs, rollback

__all__ = [
    "compact",
    "expire",
    "finish_rollback",
    "older_runs",
    "reindex",
    "relabel",
    "replace_older",
    "restore",
    "rollback",
]
