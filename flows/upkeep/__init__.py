"""What is done to a published dataset: runs are taken back, struck text is restored, parts are merged, old runs go."""

from flows.upkeep.compaction import compact
from flows.upkeep.cutting import expire, finish_rollback, rollback
from flows.upkeep.reindexing import reindex
from flows.upkeep.replacing import replace_older
from flows.upkeep.restoring import restore

__all__ = ["compact", "expire", "finish_rollback", "reindex", "replace_older", "restore", "rollback"]
