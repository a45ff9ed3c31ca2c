"""Bundled files: where they are, which phrase files there are, and the weights of the line classifier."""

from __future__ import annotations

from pathlib import Path

import pytest

from cleaners.boilerplate.line_classifier.model import KINDS
from flows.errors import ConfigurationError
from flows.settings import bundled
from flows.settings.bundled import WEIGHTS, built_in_phrase_files, config_folder, line_classifier_model
from support import ROOT

LANGUAGES = ("ar", "de", "en", "es", "fr", "it", "ja", "nl", "pt", "ru", "zh")


def test_built_in_phrase_files() -> None:
    """Every promised language has a file; selected files come sorted, once each, with that of all languages."""
    assert {path.stem for path in built_in_phrase_files()} >= set(LANGUAGES)
    assert [path.stem for path in built_in_phrase_files(["fr", "de", "fr"])] == ["de", "fr", "mul"]
    with pytest.raises(
        ConfigurationError,
        match=r'^\[phrases\] languages: there are no phrases for "tlh"; available: ar, ',
    ):
        built_in_phrase_files(["tlh"])


def test_config_folder_of_a_working_copy() -> None:
    """In a working copy the folder is the repository's."""
    assert config_folder() == ROOT / "config"


def test_config_folder_of_a_wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In an installed package the folder is inside the package, whatever the current folder; without it, an error."""
    package = tmp_path / "flows"
    package.mkdir()
    monkeypatch.setattr(bundled.flows, "__file__", str(package / "__init__.py"))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigurationError, match="the installation of copydesk is incomplete"):
        config_folder()
    (package / "config" / "phrases").mkdir(parents=True)
    assert config_folder() == package / "config"
    assert built_in_phrase_files() == []


def test_the_bundled_weights() -> None:
    """The file is small, states its scores on unseen data, and its thresholds fall as strictness rises."""
    assert (config_folder() / WEIGHTS).stat().st_size <= 200_000
    model = line_classifier_model()
    assert set(model.thresholds) == set(KINDS)
    for thresholds in model.thresholds.values():
        assert list(thresholds) == sorted(thresholds, reverse=True)
    assert {"unseen sites", "unseen extractors and sites"} <= set(
        model.about["precision_recall_and_words_kept"]
    )


@pytest.mark.parametrize("content", [None, "{}"])
def test_unusable_weights(content: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing or unsuitable file is an error that names it."""
    monkeypatch.setattr(bundled, "config_folder", lambda: tmp_path)
    if content is not None:
        (tmp_path / WEIGHTS).write_text(content)
    with pytest.raises(ConfigurationError, match=WEIGHTS):
        line_classifier_model.__wrapped__()
