"""The tables of the benchmarks, and where they are written."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks import report

SPREAD = {"min": 2.0, "median": 3.0}
RUN = {"times": 3, "wall": SPREAD, "cpu": SPREAD, "peak_mb": 512.4, "paragraphs": 10, "kept": 9}
MADE_ON: dict[str, Any] = {
    "quick": True,
    "machine": {
        "processor": "a processor",
        "cores": 2,
        "memory_gb": 24,
        "python": "3.11.7",
        "copydesk": "0.1.0",
        "polars": "2.1.0",
        "numba": "0.68",
        "ftfy": "6.3.1",
        "datasketch": "2.0.0",
    },
}
RESULTS: dict[str, Any] = {
    "peers": {
        **MADE_ON,
        "text_mb": 100,
        "generated": True,
        "contenders": {
            "copydesk": {**RUN, "net": SPREAD, "stages": {"read": {"wall": 0.5}}},
            "plain script": {**RUN, "net": {"min": 90.0, "median": 90.0}, "stages": {}},
        },
        "failed": {"rensa": "cannot be installed: no wheel"},
    },
    "steps": {
        **MADE_ON,
        "fix_text": {
            "generated": {
                "bytes": 4_000_000,
                "paragraphs": 100,
                "repaired": 1,
                "differences": 0,
                "copydesk": SPREAD,
                "ftfy": {"min": 200.0, "median": 600.0},
            }
        },
        "boilerplate": {
            "megabytes": 4,
            "seconds": {"copydesk": SPREAD, "copydesk, two cores": {"min": 1.0}, "C4's rules": SPREAD},
            "removed": {"copydesk": 0.01, "copydesk, two cores": 0.01, "C4's rules": 0.25},
            "failed": {},
        },
        "signatures": {"megabytes": 4, "seconds": {"copydesk": SPREAD, "rensa": SPREAD}, "failed": {}},
    },
    "hostile": {
        **MADE_ON,
        "sizes": [1000, 2000, 4000],
        "seconds": {"spaces": {"encoding": [0.1, 0.4, 1.6]}, "tabs": {"encoding": [0.1, 0.2, 0.4]}},
    },
    "templates": {
        **MADE_ON,
        "runs": [
            {**RUN, "jaccard": 0.59, "reports": 2000, "net": SPREAD, "stages": {"compare": {"wall": 0.25}}}
        ],
    },
    "growth": {
        **MADE_ON,
        "generated": False,
        "sizes": [{**RUN, "megabytes": mb, "text_mb": mb, "staging_mb": mb} for mb in (500, 5000)],
    },
    "profile": {**MADE_ON, "megabytes": 3, "stages": {}, "steps": {"start-up": 3.0, "cleaners.x": 1.0}},
    "startup": {**MADE_ON, "contenders": {"copydesk run": RUN}},
    "first": {**MADE_ON, "runs": {"`copydesk warm`": RUN}, "kernels": 150, "kept_mb": 9.25},
    "hourly": {**MADE_ON, "megabytes": 200, "documents": 50_000, "runs": {"nothing new": RUN}},
    "incremental": {
        **MADE_ON,
        "megabytes": 2000,
        "runs": {
            "single": {**RUN, "wall": {"min": 1.0}, "cpu": {"min": 1.0}},
            "whole": {**RUN, "wall": {"min": 101.0}, "cpu": {"min": 201.0}},
            "added": {**RUN, "wall": {"min": 5.0}, "cpu": {"min": 7.0}},
        },
    },
    "year": {
        **MADE_ON,
        "runs": 8760,
        "hundredth": {"wall": 0.5, "cpu": 0.25},
        "last": {"wall": 0.75, "cpu": 0.5},
        "most_files": 1234,
        "peak_mb": 800.0,
    },
}
DIFFERS = {"plain script": "no verification", "rensa": "another MinHash"}


def test_tables_say_what_was_measured() -> None:
    """Each part has its figures, ratios against copydesk, and what could not be measured, and why."""
    text = report.section(RESULTS, DIFFERS)
    assert "| plain script | 90.0 | 1.11 | 45.0 (30.0) | 2.00 | 512 | 90.0% | 3 |" in text
    assert "- rensa: another MinHash. **Not measured: cannot be installed: no wheel**" in text
    assert "| generated | 2.00 | 0.02 | 100 (200) | 1.00% | 0 |" in text
    assert "| copydesk, two cores | 4.00 |  | 1.0% |" in text
    assert "| C4's rules | 2.00 | 1.00 (1.00) | 25.0% |" in text
    assert "| 0.59 | 2,000 | 0.25 | 2.00 | 2.00 | 512 |" in text
    assert "a megabyte of 5,000 takes 0.10 times as long as one of 500" in text
    assert "| `start-up` | 3.00 | 75% |" in text
    assert "copydesk run 2.00 s (3.00)" in text
    assert "150 kernels are compiled, by all cores, and take 9.2 MB on disk" in text
    assert "| `copydesk warm` | 2.00 | 2.00 | 512 |" in text
    assert "over a dataset of 200 MB, 50,000 documents" in text
    assert "| nothing new | 2.00 | 2.00 | 512 |" in text
    assert "takes 4.0% of the time of the whole, start-up taken off (3.0% of the processors')" in text
    assert "the hundredth of 8,760 takes 0.50 s (0.25 CPU s), the last 0.75 s (0.50 CPU s)" in text


@pytest.mark.parametrize("missing", RESULTS)
def test_a_part_that_was_not_measured_is_left_out(missing: str) -> None:
    """The others are told all the same."""
    text = report.section({name: found for name, found in RESULTS.items() if name != missing}, DIFFERS)
    assert len(text) < len(report.section(RESULTS, DIFFERS))


def test_the_section_of_the_readme_is_replaced() -> None:
    """What stands between the two comments, and nothing else; twice is as good as once."""
    readme = f"before\n\n{report.BEGIN}\nold\n{report.END}\n\nafter\n"
    written = report.into(readme, "new\n")
    assert written == f"before\n\n{report.BEGIN}\n\nnew\n\n{report.END}\n\nafter\n"
    assert report.into(written, "new\n") == written
    with pytest.raises(ValueError, match="lacks the two lines"):
        report.into("before", "new")


def test_tables_in_a_terminal_are_in_columns() -> None:
    """Cells stand below each other, without Markdown's bars and pictures."""
    text = report.table(["a", "number"], [["long name", "1"]])
    assert report.plain(f"![x](y)\n{text}") == "a          number\nlong name  1\n"
