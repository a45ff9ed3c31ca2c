"""The file of the scorer of lines."""

from __future__ import annotations

from pathlib import Path

import pytest

from cleaners.boilerplate.line_classifier.model import KINDS
from flows.errors import ConfigurationError
from flows.settings import line_scores as module
from flows.settings.phrase_files import config_folder


def test_the_file_that_comes_along() -> None:
    """It is small, tells how good it was on what it had not seen, and its thresholds fall with strictness."""
    assert (config_folder() / module.FILE).stat().st_size <= 200_000
    model = module.line_scores()
    assert set(model.thresholds) == set(KINDS)
    for thresholds in model.thresholds.values():
        assert list(thresholds) == sorted(thresholds, reverse=True)
    assert {"unseen documents", "unseen sets", "unseen languages"} <= set(
        model.about["drop_recall_and_words_kept"]
    )


@pytest.mark.parametrize("content", [None, "{}"])
def test_a_file_that_cannot_be_used(
    content: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A missing or other file is an error that names it."""
    monkeypatch.setattr(module, "config_folder", lambda: tmp_path)
    if content is not None:
        (tmp_path / module.FILE).write_text(content)
    with pytest.raises(ConfigurationError, match=module.FILE):
        module.line_scores.__wrapped__()
