"""How a staged run is published: folder by folder into place, `documents` last."""

from __future__ import annotations

from pathlib import Path

from flows.dataset.faults import crash_point
from flows.dataset.layout import STATE, Layout
from flows.dataset.tables import TABLES, sync


def commit(layout: Layout, run_id: str, staged: Path) -> None:
    """Publish the folders `staged/<table>` and `staged/<state>` as `run_id`; the last rename is the commit.

    Every file in them must be on the disk already (`tables.write_part` sees to that).
    """
    for table in (*STATE, *TABLES[::-1]):
        source, target = staged / table, layout.folder(table, run_id)
        if table in STATE and not source.exists():
            continue  # what no cleaner that is switched on has a use for
        target.parent.mkdir(parents=True, exist_ok=True)
        sync(source)
        if table == "documents":
            # the commit is written only when all that belongs to it is
            bases = {layout.base(t) for t in (*STATE, *TABLES)} | {layout.root, layout.state}
            for base in filter(Path.exists, bases):
                sync(base)
        crash_point(f"commit {table}")
        source.rename(target)
    crash_point("committed")
    sync(layout.root / "documents")
