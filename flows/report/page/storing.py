"""Where the pages of runs lie, who writes them, and how many are kept."""

from __future__ import annotations

import logging
import re
from pathlib import Path
from typing import Final

from flows.dataset import Dataset
from flows.dataset.summary import Outcome
from flows.dataset.tables import whole_file
from flows.errors import message_of
from flows.settings import Settings

_log: Final = logging.getLogger(__name__)

#: Pages of a dataset that are kept, those of the newest runs.
KEPT: Final = 50


def write_page(dataset: Dataset, run_id: str) -> Path:
    """Write the page of a run, published or held, and return its path; older pages than the newest `KEPT` go.

    It appears under its name only when it is complete. Raises UsageError if there is no such run, CopydeskError if its
    manifest is damaged, and OSError if the page cannot be written.
    """
    from flows.report.page.reading import RunTables
    from flows.report.page.rendering import render

    page = render(RunTables.of(dataset, run_id))
    path = dataset.report_file(run_id)
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(path) as partial:
        partial.write_text(page, encoding="utf-8")
    for old in sorted(found for found in path.parent.iterdir() if re.fullmatch(r"r\d{6,}\.html", found.name))[
        :-KEPT
    ]:
        old.unlink(missing_ok=True)
    return path


def page_after(outcome: Outcome, settings: Settings) -> Path | None:
    """The page of the run that has just ended, written if it is not there; None if there is none.

    There is none where nothing was new, with `report = false`, and where it cannot be written: that fails no run, and
    is logged.
    """
    if outcome.run_id is None or not settings.report:
        return None
    try:
        dataset = Dataset(outcome.out)
        path = dataset.report_file(outcome.run_id)
        return path if path.exists() else write_page(dataset, outcome.run_id)
    except Exception as error:  # the run has ended, and its page can be written later
        _log.warning("the report of %s was not written: %s", outcome.run_id, message_of(error))
        _log.debug("", exc_info=True)
        return None
