"""Reading a configuration file: TOML in, frozen `Settings` out, and errors that name the table and the key.

A configuration file states only what differs from the defaults; `config/news.toml` shows every default.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import tomllib
from collections.abc import Sequence
from functools import lru_cache
from os.path import expanduser
from pathlib import Path

from pydantic import SecretStr, ValidationError
from pydantic_core import ErrorDetails

from cleaners import REASONS
from cleaners.lexicon import Lexicon
from cleaners.phrases.phrase import Phrase
from flows.errors import ConfigurationError
from flows.settings.bundled import built_in_phrase_files
from flows.settings.fact_files import fact_lists
from flows.settings.model import CONFLICT, Settings, Table
from flows.settings.phrase_files import read_lexicon, read_phrases


def read_settings(path: Path | None = None) -> Settings:
    """The settings of a TOML file, or the defaults if no file is given.

    Paths in the configuration are relative to the file; `~` is the home folder. Raises ConfigurationError, naming the
    file and the line or the table and key, if the file cannot be read, is not TOML, or holds a key or value that is not
    allowed.

    >>> read_settings().duplicate.threshold
    0.8
    """
    if path is None:
        return Settings()
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{path}: is not UTF-8 (byte {error.start})") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{path}: {error}") from error
    try:
        settings = Settings.model_validate(table)
    except ValidationError as error:
        raise ConfigurationError(*(_explain(path, e) for e in error.errors())) from error
    files = tuple(str(path.parent / expanduser(name)) for name in settings.phrases.files)
    against = tuple(_place(path.parent, name) for name in settings.duplicate.against)
    return settings.model_copy(
        update={
            "phrases": settings.phrases.model_copy(update={"files": files}),
            "duplicate": settings.duplicate.model_copy(update={"against": against}),
        }
    )


def _place(folder: Path, name: str) -> str:
    """A URL, or the absolute path of what a configuration file in `folder` names."""
    return name if "://" in name else str((folder / expanduser(name)).absolute())


def _explain(path: Path, error: ErrorDetails) -> str:
    """One validation error as one line."""
    names = [str(step) for step in error["loc"]]
    model: type[Table] = Settings
    tables: list[str] = []
    for name in names[:-1]:
        annotation = model.model_fields[name].annotation if name in model.model_fields else None
        if not (isinstance(annotation, type) and issubclass(annotation, Table)):
            break
        model = annotation
        tables.append(name)
    place = f"{path}, [{'.'.join(tables)}]" if tables else f"{path}"
    key = names[len(tables)]
    if error["type"] == "extra_forbidden":
        if key == "action":
            return f"{place}: only reasons have an action: {', '.join(REASONS)}"
        close = difflib.get_close_matches(key, model.model_fields, n=1)
        kind = "table" if isinstance(error["input"], dict) else "key"
        return f'{place}: unknown {kind} "{key}"' + (f'; did you mean "{close[0]}"?' if close else "")
    message = error["msg"][0].lower() + error["msg"][1:]
    secret = key in model.model_fields and isinstance(model.model_fields[key].default, SecretStr)
    silent = secret or error["type"] == CONFLICT
    return f"{place}: {key}: {message}" + ("" if silent else f", not {error['input']!r}")


def phrases_of(settings: Settings) -> tuple[Phrase, ...]:
    """The phrases that the settings select: the built-in ones, then those of the user's own files.

    Raises ConfigurationError, naming the file and line, if one of them is wrong.
    """
    return read_phrases(_phrase_files(settings))


def lexicon_of(settings: Settings) -> Lexicon:
    """The words of the files that the settings select, in the same order; raises what `phrases_of` raises."""
    return read_lexicon(_phrase_files(settings))


def _phrase_files(settings: Settings) -> list[Path]:
    return [*built_in_phrase_files(settings.phrases.languages), *map(Path, settings.phrases.files)]


def configuration_hash(settings: Settings, phrases: Sequence[Phrase], lexicon: Lexicon) -> str:
    """A hash (32 hexadecimal digits) of everything that can change a run's decisions: settings, phrases and words."""
    decisive = settings.model_dump(
        mode="json",
        exclude={
            **dict.fromkeys(("workers", "report", "publish", "guards", "notify", "engine"), True),
            "phrases": {"files"},
        },
    )
    content = f"[{_as_json(decisive)}, {_words_as_json(tuple(phrases), lexicon)}]"
    return hashlib.blake2b(content.encode(), digest_size=16).hexdigest()


@lru_cache(maxsize=2)  # a long-lived scheduler uses the same phrases and words in every run
def _words_as_json(phrases: tuple[Phrase, ...], lexicon: Lexicon) -> str:
    plain = [vars(p) for p in phrases]  # every field of a Phrase is a plain value
    return ", ".join(map(_as_json, (plain, vars(lexicon), fact_lists())))


def _as_json(value: object) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False)
