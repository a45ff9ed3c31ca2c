"""How a staged run is published: its folders are renamed into place one by one, `documents` last."""

from __future__ import annotations

from pathlib import Path

from flows.dataset.layout import STATE, Layout
from flows.dataset.tables import TABLES, sync


def commit(layout: Layout, run_id: str, staged: Path) -> None:
    """Publish the folders `staged/<table>` and `staged/<state>` as `run_id`; the last rename is the commit.

    Every file in them must be on the disk already (`tables.write_part` sees to that).
    """
    for kind in (*STATE, *TABLES[::-1]):
        source, target = staged / kind, layout.folder(kind, run_id)
        if kind in STATE and not source.exists():
            continue  # only a cleaner that is switched off would need it
        target.parent.mkdir(parents=True, exist_ok=True)
        sync(source)
        if kind == "documents":
            # everything the commit depends on must be on the disk before it
            bases = {layout.base(each) for each in (*STATE, *TABLES)} | {layout.root, layout.state}
            for base in filter(Path.exists, bases):
                sync(base)
        source.rename(target)
    sync(layout.base("documents"))
