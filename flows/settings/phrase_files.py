"""Phrase files: TOML in, `cleaners.phrases.phrase.Phrase` and `cleaners.lexicon.Lexicon` out.

A phrase file has a `language`, words by role, and any number of phrases. All of them are optional:

    language = "en"

    [words]                        # the roles are the fields of `Lexicon`
    by = ["by", "written by"]
    months = ["January", "Jan"]
    inline_pleas = [{ begins = ["Sign up"], continues = " for our newsletter" }]

    [[phrase]]
    name = "newsletter"            # letters, digits and hyphens; the rule in reports is "phrase en:newsletter"
    texts = ["Sign up for our newsletter", "Get our daily briefing"]
    match = "line"                 # or "start", "anywhere", "before_names", "after_names", "regex"
    max_words = 12                 # a longer line does not match; not allowed with "line"
    action = "line"                # or "teaser", "block", "tail", "menu", "keep"
    where = "any"                  # or "end": only where no prose of the article follows; not for "tail"
    source = "example.org"         # only in documents of this source

`name` and `texts` of a phrase are required. The other keys default to the values shown, and `source` to none.
`cleaners.phrases.phrase.Phrase` and `cleaners.lexicon.Lexicon` explain each key.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Sequence
from dataclasses import fields
from functools import lru_cache
from itertools import starmap
from pathlib import Path
from typing import Any, Final, NamedTuple

import polars as pl

from cleaners.derived import derived
from cleaners.lexicon import Lexicon, Opening
from cleaners.phrases.phrase import (
    ACTIONS,
    DEFAULT_MAX_WORDS,
    MATCHES,
    MAX_WORDING_CHARACTERS,
    WHERES,
    Phrase,
)
from flows.errors import ConfigurationError

#: What fewer files hold is sooner parsed than read from where it is kept.
MANY_FILES: Final = 3
_FILE_KEYS: Final = ("language", "words", "phrase")
_ROLES: Final = tuple(field.name for field in fields(Lexicon))
_OPENINGS: Final = ("inline_pleas", "inline_notices")
_OPENING_KEYS: Final = Opening._fields
_KEYS: Final = ("name", "texts", "match", "max_words", "action", "where", "source")
_CHOICES: Final = {"action": ACTIONS, "match": MATCHES, "where": WHERES}


class PhraseFile(NamedTuple):
    """What a phrase file holds."""

    phrases: tuple[Phrase, ...]
    words: dict[str, tuple[str | Opening, ...]]  # by role


def read_phrases(paths: Sequence[Path]) -> tuple[Phrase, ...]:
    """The phrases of the files, in the order of `paths` and of their entries.

    Raises ConfigurationError, naming file, line and key, if a file cannot be read, is not TOML, has an unknown or
    missing key or an invalid value, or if a regular expression does not compile.
    """
    return tuple(phrase for file in _read(paths) for phrase in file.phrases)


def read_lexicon(paths: Sequence[Path]) -> Lexicon:
    """The words of the files, joined by role and without repetitions; raises what `read_phrases` raises."""
    words: dict[str, dict[str | Opening, None]] = {role: {} for role in _ROLES}
    for file in _read(paths):
        for role, values in file.words.items():
            words[role].update(dict.fromkeys(values))
    return Lexicon(**{role: tuple(values) for role, values in words.items()})  # type: ignore[arg-type]


def _read(paths: Sequence[Path]) -> tuple[PhraseFile, ...]:
    return _parsed(tuple((Path(path), _content(Path(path))) for path in paths))


@lru_cache(maxsize=4)  # a long-lived scheduler reads the same files in every run
def _parsed(files: tuple[tuple[Path, str], ...]) -> tuple[PhraseFile, ...]:
    if len(files) < MANY_FILES:
        return tuple(starmap(_parse, files))
    # a plain tuple is read much sooner than a Phrase
    code = Path(__file__).read_text(encoding="utf-8")
    stamp = "\0".join([code, *(f"{path}\1{content}" for path, content in files)])
    kept = derived(
        "phrase-files",
        stamp,
        lambda: [
            ([tuple(vars(p).values()) for p in file.phrases], file.words) for file in starmap(_parse, files)
        ],
    )
    return tuple(PhraseFile(tuple(starmap(Phrase, phrases)), words) for phrases, words in kept)


def _content(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{path}: is not UTF-8 (byte {error.start})") from error


def _parse(path: Path, content: str) -> PhraseFile:
    try:
        table = tomllib.loads(content)
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{path}: {error}") from error
    _refuse_unknown(table, _FILE_KEYS, str(path))
    language = table.get("language", path.stem)
    if not isinstance(language, str) or not language:
        raise ConfigurationError(f'{path}: language must be a string such as "en"')
    entries = table.get("phrase", [])
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise ConfigurationError(f"{path}: phrase must be a list of tables, each headed [[phrase]]")
    headers = _headers(content, len(entries))
    phrases = tuple(
        _phrase(language, entry, f"{path}, {header}") for entry, header in zip(entries, headers, strict=True)
    )
    return PhraseFile(phrases, _words(table.get("words", {}), f"{path}, [words]"))


def _words(table: object, where: str) -> dict[str, tuple[str | Opening, ...]]:
    """The words of a file by role; `where` locates the table in error messages."""
    if not isinstance(table, dict):
        raise ConfigurationError(f"{where}: words must be a table, headed [words]")
    _refuse_unknown(table, _ROLES, where)
    words: dict[str, tuple[str | Opening, ...]] = {}
    for role, values in table.items():
        place = f"{where}: {role}"
        if not isinstance(values, list):
            raise ConfigurationError(f"{place} must be a list")
        if role in _OPENINGS:
            words[role] = tuple(_opening(value, place) for value in values)
        elif all(isinstance(value, str) and value.strip() for value in values):
            words[role] = tuple(values)
            for value in values if role.endswith("_patterns") else ():
                _refuse_bad_pattern(value, place)
        else:
            raise ConfigurationError(f"{place} must be a list of strings that are not blank")
    return words


def _opening(value: object, where: str) -> Opening:
    if not isinstance(value, dict):
        raise ConfigurationError(f'{where}: each must be like {{ begins = ["Sign up"], continues = " for" }}')
    _refuse_unknown(value, _OPENING_KEYS, where)
    begins, continues, after = (value.get(key) for key in _OPENING_KEYS)
    if (
        not isinstance(begins, list)
        or not all(isinstance(one, str) and one.strip() for one in begins)
        or not begins
    ):
        raise ConfigurationError(f"{where}: begins must be one or more strings that are not blank")
    if not isinstance(continues, str):
        raise ConfigurationError(f"{where}: continues must be a regular expression")
    if after not in (None, True, False):
        raise ConfigurationError(f"{where}: after_sentence must be true or false, not {after!r}")
    try:
        if re.compile(f"(?:{continues})").groupindex:
            raise re.error("groups must not have names")
    except re.error as error:
        raise ConfigurationError(
            f'{where}: continues: "{continues}" is not a regular expression: {error}'
        ) from error
    return Opening(tuple(begins), continues, bool(after))


def _headers(content: str, count: int) -> list[str]:
    """A name for each entry in errors: the line of its heading, or its number if headings cannot be located."""
    lines = [
        n
        for n, line in enumerate(content.splitlines(), 1)
        if "[[" in line and re.match(r"\s*\[\[\s*phrase\s*\]\]", line)
    ]
    if len(lines) == count:
        return [f"line {n}, [[phrase]]" for n in lines]
    return [f"[[phrase]] number {n}" for n in range(1, count + 1)]


def _phrase(language: str, entry: dict[str, Any], where: str) -> Phrase:
    """The phrase of an entry; `where` locates it in error messages."""
    _refuse_unknown(entry, _KEYS, where)
    for key in ("name", "texts"):
        if key not in entry:
            raise ConfigurationError(f'{where}: key "{key}" is missing')
    name, texts = entry["name"], entry["texts"]
    if not isinstance(name, str) or not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name):
        raise ConfigurationError(
            f'{where}: name must consist of lower-case letters, digits and hyphens, like "app-promo"'
        )
    where = f'{where} "{name}"'
    if isinstance(texts, str):
        texts = [texts]
    if not isinstance(texts, list) or not texts or not all(isinstance(text, str) for text in texts):
        raise ConfigurationError(f"{where}: texts must be one or more strings")
    for key, choices in _CHOICES.items():
        value = entry.get(key, choices[0])
        if value not in choices:
            hint = _did_you_mean(value, choices)
            raise ConfigurationError(
                f"{where}: {key} must be one of {', '.join(choices)}, not {value!r}{hint}"
            )
    match = entry.get("match", MATCHES[0])
    for text in texts:
        _refuse_bad_text(text, match, where)
    max_words = entry.get("max_words", DEFAULT_MAX_WORDS)
    if isinstance(max_words, bool) or not isinstance(max_words, int) or max_words < 1:
        raise ConfigurationError(
            f"{where}: max_words must be a whole number of at least 1, not {max_words!r}"
        )
    action = entry.get("action", ACTIONS[0])
    if "where" in entry and action in ("tail", "menu"):
        raise ConfigurationError(f'{where}: where has no effect if action is "{action}"')
    if match == "line" and "max_words" in entry:
        raise ConfigurationError(f'{where}: max_words has no effect if match is "line"')
    source = entry.get("source")
    if source is not None and (not isinstance(source, str) or not source):
        raise ConfigurationError(f'{where}: source must be a string such as "example.org"')
    return Phrase(
        language=language,
        name=name,
        texts=tuple(texts),
        action=action,
        match=match,
        max_words=max_words,
        where=entry.get("where", WHERES[0]),
        source=source,
    )


def _refuse_bad_text(text: str, match: str, where: str) -> None:
    if match == "regex":
        _refuse_bad_pattern(text, f"{where}: texts")
    elif len(text) > MAX_WORDING_CHARACTERS:
        raise ConfigurationError(
            f'{where}: texts: "{text[:30]}..." is longer than {MAX_WORDING_CHARACTERS} characters'
        )
    elif not re.search(r"[^\W_]|#", text):
        raise ConfigurationError(f'{where}: texts: "{text}" has no letters or digits')


def _refuse_bad_pattern(pattern: str, where: str) -> None:
    if not pattern:
        raise ConfigurationError(f"{where}: an empty regular expression matches every line")
    try:
        # as a part of a larger pattern, which it must not break out of
        matches_nothing = pl.Series([""]).str.contains(f"(?i)(?:{pattern})").any()
    except pl.exceptions.ComputeError as error:
        wrong = [line[7:] for line in str(error).splitlines() if line.startswith("error: ")]
        raise ConfigurationError(
            f'{where}: "{pattern}" is not a regular expression: {wrong[0] if wrong else error}'
        ) from error
    if matches_nothing:
        raise ConfigurationError(
            f'{where}: "{pattern}" matches every line, because it matches the empty string'
        )


def _refuse_unknown(table: dict[str, Any], keys: Sequence[str], where: str) -> None:
    for key in table:
        if key not in keys:
            raise ConfigurationError(f'{where}: unknown key "{key}"{_did_you_mean(key, keys)}')


def _did_you_mean(word: object, choices: Sequence[str]) -> str:
    close = difflib.get_close_matches(str(word), choices, n=1)
    return f'; did you mean "{close[0]}"?' if close else ""
