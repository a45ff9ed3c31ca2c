"""Settings: what a configuration file may contain, and how mistakes in it are reported."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from pydantic import ValidationError

from flows.errors import ConfigurationError
from flows.settings import Settings, configuration_hash, phrases_of, read_settings
from flows.settings.bundled import config_folder
from support import LEXICON


def test_the_example_configuration_is_the_default() -> None:
    """config/news.toml shows every key with its default value, and nothing else."""
    path = config_folder() / "news.toml"
    assert read_settings(path) == Settings()
    shown = tomllib.loads(path.read_text(encoding="utf-8"))
    assert {name: set(value) if isinstance(value, dict) else None for name, value in shown.items()} == {
        name: set(value) if isinstance(value, dict) else None
        for name, value in Settings().model_dump().items()
    }


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[boilerplat]\nenabled = false", 'unknown table "boilerplat"; did you mean "boilerplate"?'),
        ("[too_short]\nmin_word = 3", '[too_short]: unknown key "min_word"; did you mean "min_words"?'),
        ("worker = 2", 'unknown key "worker"; did you mean "workers"?'),
        ('workers = "two"', "workers: input should be a valid integer, not 'two'"),
        (
            "[duplicate]\nthreshold = 1.5",
            "[duplicate]: threshold: input should be less than or equal to 1, not 1.5",
        ),
        ('[duplicate]\nshort = "drop"', "[duplicate]: short: input should be 'keep' or 'exact', not 'drop'"),
        ('[too_short]\nenabled = "yes"', "[too_short]: enabled: input should be a valid boolean, not 'yes'"),
        ("[fields]\ntext = 5", "[fields]: text: input should be a valid tuple, not 5"),
        ("duplicate = 3", "duplicate: input should be a valid dictionary"),
        ("[duplicate]\nn = \nthreshold = 1", "(at line 2, column 5)"),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, content: str, message: str) -> None:
    """An error names the file, the table and the key, and suggests what was probably meant."""
    path = tmp_path / "mine.toml"
    path.write_text(content)
    with pytest.raises(ConfigurationError) as error:
        read_settings(path)
    assert str(error.value).startswith(str(path))
    assert message in str(error.value)


def test_all_mistakes_are_reported_together(tmp_path: Path) -> None:
    """Two mistakes give two lines."""
    path = tmp_path / "mine.toml"
    path.write_text("[duplicate]\nn = 0\nshrt = 1\n")
    with pytest.raises(ConfigurationError) as error:
        read_settings(path)
    assert len(str(error.value).splitlines()) == 2


def test_a_message_shows_no_secret_and_no_line_of_its_own(tmp_path: Path) -> None:
    """A webhook of the wrong type is not shown; a key is text, whatever is in it."""
    path = tmp_path / "mine.toml"
    path.write_text('[notify]\nwebhook = ["http://host/s3cret"]\n["a\\nb\\u001b[2J"]\nc = 1\n')
    with pytest.raises(ConfigurationError) as error:
        read_settings(path)
    assert "s3cret" not in str(error.value)
    assert sorted(str(error.value).splitlines()) == [
        f"{path}, [notify]: webhook: input should be a valid string",
        f'{path}: unknown table "a\\nb\\x1b[2J"',
    ]


def test_phrase_files_may_be_in_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A `~` is the home folder; other paths are relative to the configuration."""
    monkeypatch.setenv("HOME", "/home/someone")
    path = tmp_path / "mine.toml"
    path.write_text('[phrases]\nfiles = ["~/a.toml", "b.toml"]\n')
    assert read_settings(path).phrases.files == ("/home/someone/a.toml", f"{tmp_path}/b.toml")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """A missing configuration file, or one that is not UTF-8, is an error that names the file."""
    with pytest.raises(ConfigurationError, match="cannot be read"):
        read_settings(tmp_path / "none.toml")
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigurationError, match="not UTF-8"):
        read_settings(tmp_path / "bytes.toml")


def test_settings_do_not_change() -> None:
    """Settings are frozen."""
    with pytest.raises(ValidationError, match="frozen"):
        Settings().duplicate.n = 4  # type: ignore[misc]


def test_phrase_files_are_relative_to_the_configuration(tmp_path: Path) -> None:
    """A user's phrase file is named relative to the configuration, and its phrases follow the built-in ones."""
    (tmp_path / "mine.toml").write_text(
        'language = "en"\n[[phrase]]\nname = "harbour-club"\ntexts = ["Join the Harbour Club"]\n',
        encoding="utf-8",
    )
    (tmp_path / "run.toml").write_text('[phrases]\nlanguages = ["en"]\nfiles = ["mine.toml"]\n')
    phrases = phrases_of(read_settings(tmp_path / "run.toml"))
    assert phrases[-1].name == "harbour-club"
    assert {phrase.language for phrase in phrases} == {"en"}


def test_the_configuration_hash_covers_decisions(tmp_path: Path) -> None:
    """Anything that can change a decision changes the hash; workers and the location of a phrase file do not."""
    plain = Settings()
    phrases = phrases_of(plain)
    assert configuration_hash(plain, phrases, LEXICON) == configuration_hash(
        Settings(workers=7), phrases, LEXICON
    )
    other = plain.model_copy(
        update={"phrases": plain.phrases.model_copy(update={"files": ("/elsewhere.toml",)})}
    )
    assert configuration_hash(plain, phrases, LEXICON) == configuration_hash(other, phrases, LEXICON)
    assert configuration_hash(plain, phrases, LEXICON) != configuration_hash(plain, phrases[1:], LEXICON)
    strict = Settings.model_validate({"duplicate": {"threshold": 0.9}})
    assert configuration_hash(plain, phrases, LEXICON) != configuration_hash(strict, phrases, LEXICON)
