"""What the documentation says is so."""

from __future__ import annotations

import doctest
import importlib
import pkgutil
import re

import pytest

import cleaners
import flows
from cleaners import REASONS
from flows.dataset.tables import SCHEMAS
from flows.settings.bundled import config_folder
from support import ROOT

MODULES = [
    info.name
    for package in (cleaners, flows)
    for info in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
    # have no examples; the one takes long to import, the other runs the command
    if info.name not in ("flows.clean", "flows.cli.__main__")
]


@pytest.mark.parametrize("name", MODULES)
def test_examples(name: str) -> None:
    """The examples in docstrings give what they show."""
    assert doctest.testmod(importlib.import_module(name)).failed == 0


def test_the_readme_names_what_there_is() -> None:
    """The README has every reason, every column of every table, and the names of the commands' make targets."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for reason in REASONS:
        assert f"| `{reason}` |" in readme
    for table, schema in SCHEMAS.items():
        columns = re.escape(", ".join(schema))
        assert re.search(rf"^\| (?:\w+, )*{table}(?:, \w+)* \| {columns} \|$", readme, re.MULTILINE)
    for target in ("run", "test", "test-all", "check", "format"):
        assert f"make {target}" in readme
        assert f"\n{target}: " in (ROOT / "Makefile").read_text(encoding="utf-8")


def test_every_language_has_its_phrases() -> None:
    """There are phrase files for the languages that the README promises."""
    files = {path.stem for path in (config_folder() / "phrases").glob("*.toml")}
    assert {"en", "de", "fr", "es", "pt", "it", "nl", "ru", "zh", "ja", "ar"} <= files
