"""What the tests of pages share: two runs with something for every section, and one record that tries to break out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from flows.dataset import Dataset
from flows.report.page.storing import write_page
from small_runs import run
from support import ROOT

#: What a page would do if it took text for markup: each of these would set `window.broken`.
SCRIPT = "</script><script>window.broken=1</script><img src=x onerror='window.broken=1'>"
#: The order of what follows would be reversed, and the terminal of whoever prints it would be renamed.
CONTROLS = "\u202egnp.exe\u202c \x1b]0;renamed\x07"

BARRIER = (
    "The tide barrier across the Wren would cost more than the whole town earns in a decade, the engineer said, and "
    "would have to be closed for eleven days in every winter month to be of any use at all to the library."
)


@pytest.fixture(scope="session")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two runs with their pages: the sample articles; and records with copies, a near miss and a hostile one."""
    folder = tmp_path_factory.mktemp("report")
    out, path = folder / "out", folder / "more.jsonl"
    run(ROOT / "seeds" / "articles", out)
    path.write_text("".join(json.dumps(record) + "\n" for record in records()), encoding="utf-8")
    run(path, out)
    for run_id in ("r000001", "r000002"):
        write_page(Dataset(out), run_id)
    return out


def records() -> list[dict[str, Any]]:
    """The records of the second run."""
    nearly = BARRIER.replace("eleven days", "eleven nights").replace("the whole town", "this small town")
    near = BARRIER.replace("decade, the engineer said", "decade, he said")
    hostile = f"Sign up for our newsletter {SCRIPT} {CONTROLS}"
    return [
        {"id": "a", "source": "courier", "date": "2024-03-01T08:00:00Z", "title": "Barrier", "text": BARRIER},
        {
            "id": "b",
            "source": "echo",
            "date": "2024-03-01T11:00:00Z",
            "title": "Again",
            "text": f"Other.\n\n{near}",
        },
        {"id": "c", "source": "echo", "date": "2024-03-02T08:00:00Z", "title": "Nearly", "text": nearly},
        {
            "id": "d",
            "source": f"evil {SCRIPT}",
            "title": f"{SCRIPT} {CONTROLS}",
            "url": "javascript:window.broken=1",
            "text": f"A quiet day at the harbour.\n\nSubscribe to our newsletter\n\n{hostile}\n\nShare on Facebook",
        },
        {
            "id": "e",
            "source": "عربي",
            "title": "سدّ",
            "text": "عاد الصيادون إلى الميناء عند الفجر.\n\nاقرأ أيضا",
        },
    ]
