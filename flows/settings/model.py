"""What a run may be told: frozen, typed settings, and the only code that reads configuration files.

A configuration file is TOML and states only what differs from the defaults; `config/news.toml` shows every default.
Each table bears the name of the cleaner that it configures, and its keys are the keyword arguments of that cleaner.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import tomllib
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator
from pydantic_core import ErrorDetails

from cleaners.phrases.phrase import Phrase
from flows.errors import ConfigurationError
from flows.settings.phrase_files import built_in_files, read_phrases


class Table(BaseModel):
    """A table of the configuration: unknown keys are refused, and nothing changes once it is read."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Fields(Table):
    """The names that an input's records may give a field; the first that a record has is taken."""

    text: tuple[str, ...] = Field(default=("text",), min_length=1)
    title: tuple[str, ...] = ("title",)
    url: tuple[str, ...] = ("url",)
    source: tuple[str, ...] = ("source",)
    published: tuple[str, ...] = ("published", "date")
    id: tuple[str, ...] = ("id",)

    @field_validator("*", mode="before")
    @classmethod
    def _one_or_many(cls, value: object) -> object:
        if isinstance(value, str):
            return (value,)
        return tuple(value) if isinstance(value, list) else value


class Inputs(Table):
    """How inputs are read."""

    shard_megabytes: int = Field(default=32, ge=1)  # text in a shard; moves only the boundaries of part files
    max_ratio: int = Field(default=200, ge=1)  # a compressed file may grow to this many times its size
    max_document_megabytes: int = Field(default=256, ge=1)  # a larger file of text, or record, is rejected
    min_age: float = Field(
        default=0, ge=0
    )  # seconds since its last change; a younger file waits for a later run
    on_change: Literal["add", "replace", "ignore"] = (
        "add"  # what a new version of a document does to the older one
    )


class Encoding(Table):
    """Bytes to text, and the repair of text that was damaged on its way."""

    enabled: bool = True
    source_history: bool = False  # where bytes leave a doubt, take the charset that the source used before
    unescape_html: Literal["auto", True, False] = "auto"
    remove_terminal_escapes: bool = True
    fix_encoding: bool = True
    restore_byte_a0: bool = True
    replace_lossy_sequences: bool = True
    decode_inconsistent_utf8: bool = True
    fix_c1_controls: bool = True
    fix_latin_ligatures: bool = True
    fix_character_width: bool = False  # would turn Chinese and Japanese punctuation into ASCII
    uncurl_quotes: bool = False  # typographic quotes are no damage
    fix_line_breaks: bool = True
    fix_surrogates: bool = True
    remove_control_chars: bool = True
    normalization: Literal["NFC", "NFD", "NFKC", "NFKD", "none"] = "NFC"


class Language(Table):
    """The language of a document, from its head."""

    enabled: bool = True


class RepeatedHeadline(Table):
    """The headline printed again."""

    enabled: bool = True
    rows: int = Field(default=10, ge=1)  # paragraphs below the first printing in which another is looked for
    min_words: int = Field(default=4, ge=1)  # in a headline


class RelatedArticles(Table):
    """Markers such as "Related Articles" and the teasers after them."""

    enabled: bool = True


class Boilerplate(Table):
    """Boilerplate: share bars, newsletter pleas, cookie and copyright lines, image credits, menus, page ends."""

    enabled: bool = True
    strictness: float = Field(default=0.5, ge=0, le=1)  # of line scores: at 0 none removes, at 1 the most do
    image_credits: bool = True  # "Photo: Nora Quill/Agency", and captions that end so
    pull_quotes: bool = True  # quotations printed once more between the paragraphs
    author_biographies: bool = True  # "Nora Quill is a reporter for ..." at the end
    by_lines: bool = False  # labelled, and kept unless true
    datelines: bool = False  # labelled, and kept unless true


class InlineBoilerplate(Table):
    """Boilerplate inside a paragraph, which stays without it."""

    enabled: bool = True


class RepeatedLine(Table):
    """Lines that one source repeats across its documents."""

    enabled: bool = True
    min_documents: int = Field(default=5, ge=2)  # in so many documents of the source
    min_share: float = Field(default=0.01, ge=0, le=1)  # and in this share of them
    min_words: int = Field(default=3, ge=1)  # in a line; a shorter one goes only in the company of others
    max_characters: int = Field(default=400, ge=1)  # in a line; a longer one is an article's


class Duplicate(Table):
    """Near-duplicate paragraphs."""

    enabled: bool = True
    n: int = Field(default=3, ge=1, le=16)  # tokens in a shingle
    threshold: float = Field(default=0.8, gt=0, le=1)
    min_tokens: int = Field(default=10, ge=1)  # shorter paragraphs are compared only for equality
    short: Literal["keep", "exact"] = "keep"
    method: Literal["minhash", "exact"] = "minhash"  # how candidates are found
    same_numbers: bool = True
    window_days: float = Field(
        default=0, ge=0
    )  # witnesses are of runs of the last so many days; 0: of all runs


class DuplicateDocument(Table):
    """A document that goes whole because nearly all of it was printed before."""

    enabled: bool = True
    document_share: float = Field(default=0.8, gt=0, le=1)


class TooShort(Table):
    """A document that goes whole because too little of it is left."""

    enabled: bool = True
    min_words: int = Field(default=1, ge=0)


class Phrases(Table):
    """The phrases of boilerplate: which languages, and files of one's own beside them."""

    languages: tuple[str, ...] | Literal["all"] = "all"
    files: tuple[str, ...] = ()

    @field_validator("*", mode="before")
    @classmethod
    def _tuple(cls, value: object) -> object:
        return tuple(value) if isinstance(value, list) else value


class Bounds(Table):
    """The largest shares that a run may have, of the whole run and of each source; 1 is no bound."""

    min_documents: int = Field(default=5, ge=1)  # a source with fewer in the run is not held to them
    removed: float = Field(default=1.0, ge=0, le=1)  # of words, for whatever reason; then by reason
    repeated_headline: float = Field(default=1.0, ge=0, le=1)
    related_articles: float = Field(default=1.0, ge=0, le=1)
    boilerplate: float = Field(default=1.0, ge=0, le=1)
    repeated_line: float = Field(default=1.0, ge=0, le=1)
    duplicate: float = Field(default=1.0, ge=0, le=1)
    duplicate_document: float = Field(default=1.0, ge=0, le=1)
    too_short: float = Field(default=1.0, ge=0, le=1)
    rejected: float = Field(default=1.0, ge=0, le=1)  # of inputs
    mojibake: float = Field(default=1.0, ge=0, le=1)  # of paragraphs, repaired
    cluster: float = Field(default=1.0, ge=0, le=1)  # of documents, in which one paragraph was removed again


class Publish(Table):
    """What is done to the dataset after a run."""

    compact_after: int = Field(
        default=0, ge=0
    )  # folders of runs that are merged when there are more; 0: never


class Guards(Table):
    """When a run is held for a person to look at, and not published."""

    enabled: bool = True
    min_runs: int = Field(default=20, ge=1)  # of a source, before its history is asked,
    min_documents: int = Field(default=1000, ge=1)  # unless it has so many documents
    window: int = Field(default=50, ge=1)  # runs of a source that are its history
    min_rise: float = Field(default=0.15, ge=0, le=1)  # of a share over its history
    max_chance: float = Field(default=1e-6, gt=0, lt=1)  # that the history would give such a share
    bounds: Bounds = Bounds()


class Notify(Table):
    """Who is told of a run that failed, crashed, was cancelled or is held."""

    webhook: SecretStr = SecretStr("")  # a URL that JSON is posted to, or "$NAME": of the environment
    command: tuple[str, ...] = ()  # a program and its arguments; it reads the same JSON
    timeout: float = Field(default=10.0, gt=0, le=600)  # seconds

    @field_validator("command", mode="before")
    @classmethod
    def _tuple(cls, value: object) -> object:
        return tuple(value) if isinstance(value, list) else value


class Settings(Table):
    """Everything that a run may be told, frozen."""

    workers: int = Field(default=0, ge=0)  # 0: as many as there are cores; never changes what comes out
    fields: Fields = Fields()
    inputs: Inputs = Inputs()
    encoding: Encoding = Encoding()
    language: Language = Language()
    phrases: Phrases = Phrases()
    repeated_headline: RepeatedHeadline = RepeatedHeadline()
    related_articles: RelatedArticles = RelatedArticles()
    boilerplate: Boilerplate = Boilerplate()
    inline_boilerplate: InlineBoilerplate = InlineBoilerplate()
    repeated_line: RepeatedLine = RepeatedLine()
    duplicate: Duplicate = Duplicate()
    duplicate_document: DuplicateDocument = DuplicateDocument()
    too_short: TooShort = TooShort()
    publish: Publish = Publish()
    guards: Guards = Guards()
    notify: Notify = Notify()

    @property
    def removes_inline_boilerplate(self) -> bool:
        """Whether boilerplate inside a paragraph is taken out: it is boilerplate, too."""
        return self.boilerplate.enabled and self.inline_boilerplate.enabled


def read_settings(path: Path | None = None) -> Settings:
    """The settings of a TOML file, or the defaults where there is none.

    Files that the configuration names are looked for beside it. Raises ConfigurationError, naming the file and the line
    or the table and key, for a file that cannot be read, is no TOML, or says something that cannot be.

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
        raise ConfigurationError("\n".join(_explain(path, e) for e in error.errors())) from error
    files = tuple(str(path.parent / name) for name in settings.phrases.files)
    return settings.model_copy(update={"phrases": settings.phrases.model_copy(update={"files": files})})


def _explain(path: Path, error: ErrorDetails) -> str:
    """One line for one thing that is wrong."""
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
        close = difflib.get_close_matches(key, model.model_fields, n=1)
        kind = "table" if isinstance(error["input"], dict) else "key"
        return f'{place}: unknown {kind} "{key}"' + (f'; did you mean "{close[0]}"?' if close else "")
    message = error["msg"][0].lower() + error["msg"][1:]
    return f"{place}: {key}: {message}, not {error['input']!r}"


def phrases_of(settings: Settings) -> tuple[Phrase, ...]:
    """The phrases that the settings ask for: the built-in ones, then those of the user's own files.

    Raises ConfigurationError, naming the file and line, where one of them is wrong.
    """
    built_in = built_in_files(settings.phrases.languages)
    return read_phrases([*built_in, *map(Path, settings.phrases.files)])


#: The keys of [duplicate] by which fingerprints are made.
FINGERPRINTED_BY: Final = ("n", "threshold", "min_tokens", "short", "method")


def fingerprint_rules(settings: Duplicate) -> dict[str, Any]:
    """What `cleaners.duplicate.cleaner.table_of` and `fingerprints.fingerprint` want to know of the settings."""
    return settings.model_dump(include=set(FINGERPRINTED_BY), mode="json")


def fingerprint(settings: Settings, phrases: Sequence[Phrase]) -> str:
    """A hash (32 hexadecimal digits) of all that can change what a run decides: settings and phrases."""
    said = settings.model_dump(
        mode="json",
        exclude={"workers": True, "phrases": {"files"}, "publish": True, "guards": True, "notify": True},
    )
    content = f"[{_as_json(said)}, {_phrases_as_json(tuple(phrases))}]"
    return hashlib.blake2b(content.encode(), digest_size=16).hexdigest()


@lru_cache(maxsize=2)  # a process that runs every hour has the same ones each time
def _phrases_as_json(phrases: tuple[Phrase, ...]) -> str:
    return _as_json([vars(p) for p in phrases])  # none of its fields has fields of its own


def _as_json(value: object) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False)
