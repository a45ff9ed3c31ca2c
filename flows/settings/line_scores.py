"""The weights of the scorer of lines, read once from the file that comes with copydesk."""

from __future__ import annotations

import functools

from cleaners.boilerplate.line_classifier.model import LineModel, read_model
from flows.errors import ConfigurationError
from flows.settings.phrase_files import config_folder

FILE = "line_scores.json"


@functools.cache
def line_scores() -> LineModel:
    """The model of `config/line_scores.json`.

    Raises ConfigurationError where the file cannot be read, or is none that this version can use.
    """
    path = config_folder() / FILE
    try:
        return read_model(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"{path}: {error}") from error
