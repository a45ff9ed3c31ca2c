"""Files bundled with copydesk: the `config` folder, its phrase files, and the weights of the line classifier."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

import flows
from flows.errors import ConfigurationError

if TYPE_CHECKING:
    from cleaners.boilerplate.line_classifier.model import LineModel

WEIGHTS: Final = "line_scores.json"
#: The phrase file of names that are the same in every language.
EVERY_LANGUAGE: Final = "mul"


def config_folder() -> Path:
    """The folder `config`: inside the installed package or, in a working copy, at the top of the repository.

    Raises ConfigurationError if there is neither.
    """
    package = Path(flows.__file__).resolve().parent
    for folder in (package / "config", package.parent / "config"):
        if folder.is_dir():
            return folder
    raise ConfigurationError(f"{package / 'config'}: not found; the installation of copydesk is incomplete")


def built_in_phrase_files(languages: Iterable[str] | Literal["all"] = "all") -> list[Path]:
    """The phrase files that come with copydesk, for the given languages or for all, sorted by name.

    The file with the names that are the same in every language is always among them.

    Raises ConfigurationError for a language that has no file.
    """
    files = {path.stem: path for path in sorted((config_folder() / "phrases").glob("*.toml"))}
    if languages == "all":
        return list(files.values())
    wanted = sorted({*languages, EVERY_LANGUAGE})
    for language in wanted:
        if language not in files:
            raise ConfigurationError(
                f'[phrases] languages: there are no phrases for "{language}"; available: {", ".join(files)}'
            )
    return [files[language] for language in wanted]


@functools.cache
def line_classifier_model() -> LineModel:
    """The model of the line classifier, read once from `config/line_scores.json`.

    Raises ConfigurationError if the file cannot be read or does not fit this version.
    """
    # it brings the kernels, and settings are read before numba is prepared, see `flows.cli.start`
    from cleaners.boilerplate.line_classifier.model import read_model

    path = config_folder() / WEIGHTS
    try:
        return read_model(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"{path}: {error}") from error
