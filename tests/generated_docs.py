"""Tables in READMEs that follow from the code: `python -m tests.generated_docs` writes them.

- README.md: the columns of the published tables, and the reasons of removals;
- flows/README.md: the exit codes, the options of the commands, and what each column means;
- config/README.md: the settings. Keys, defaults and allowed values come from the model. The words come from the
  comments in config/news.toml, or from those in the model where that file has none.
"""

from __future__ import annotations

import inspect
import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, Literal, get_args, get_origin

import typer
from pydantic import SecretStr
from pydantic.fields import FieldInfo

from cleaners import PIPELINE
from flows.cli import app
from flows.dataset.summary import REPLACED
from flows.dataset.tables import MEANINGS, ROWS, SCHEMAS
from flows.errors import EXIT_CODES
from flows.settings import model
from flows.settings.model import Settings, Table

ROOT: Final = Path(__file__).parent.parent

SHOWN: Final = 4  # elements of a default

#: Where the comments of config/news.toml begin, and so do the lines that continue one.
_COMMENT: Final = re.compile(r"^(?P<code>[^#]*?)\s*# (?P<comment>.+)$")


def settings_tables() -> str:
    """A Markdown table for each table of the settings, in their order, the keys without a table first."""
    words = _words_of_news_toml((ROOT / "config" / "news.toml").read_text(encoding="utf-8"))
    parts = [
        _markdown_table(
            Settings, "", words, [k for k, f in Settings.model_fields.items() if not _is_table(f)]
        )
    ]
    for path, table in _tables(Settings):
        keys = [key for key, field in table.model_fields.items() if not _is_table(field)]
        intro = words.get((path, ""), "") or (table.__doc__ or "")
        parts.append(f"### [{path}]\n\n{_sentence(intro)}\n\n{_markdown_table(table, path, words, keys)}")
    return "\n\n".join(parts)


def columns() -> str:
    """A Markdown table of the published tables and their columns; tables with the same ones share a row."""
    alike: dict[str, list[str]] = {}
    for table, schema in SCHEMAS.items():
        alike.setdefault(", ".join(schema), []).append(table)
    rows = [f"| {', '.join(tables)} | {names} |" for names, tables in alike.items()]
    return "\n".join(["| table | columns |", "| --- | --- |", *rows])


def dictionary() -> str:
    """A Markdown table for each published table: what its columns mean."""
    parts = []
    for table, schema in SCHEMAS.items():
        rows = [f"| `{column}` | {MEANINGS[table][column]} |" for column in schema]
        head = f"A row of `{table}` is {ROWS[table]}."
        parts.append("\n".join([head, "", "| column | meaning |", "| --- | --- |", *rows]))
    return "\n\n".join(parts)


def reasons() -> str:
    """A Markdown table of the reasons, and what each of them removes."""
    rows = [f"| `{cleaner.name}` | {cleaner.summary} |" for cleaner in PIPELINE if cleaner.verb == "remove"]
    replaced = (
        f'| `{REPLACED}` | the older version of a document that changed, with `on_change = "replace"` |'
    )
    return "\n".join(["| reason | what is removed |", "| --- | --- |", *rows, replaced])


def exit_codes() -> str:
    """A Markdown table of the exit codes."""
    rows = [f"| {code} | {meaning} |" for code, meaning in EXIT_CODES.items()]
    return "\n".join(["| exit code | meaning |", "| ---: | --- |", *rows])


def options() -> str:
    """A Markdown table of the options and arguments of all commands."""
    group: Any = typer.main.get_command(app)
    named = [("", group), *((name, group.commands[name]) for name in group.list_commands(None))]
    rows = ["| command | option | meaning |", "| --- | --- | --- |"]
    for name, command in named:
        for number, one in enumerate(command.params):
            if one.param_type_name == "argument":
                shown = f"{one.name.upper()}{'...' if one.nargs == -1 else ''}"
            else:
                value = "" if one.is_flag else f" {(one.metavar or one.name).upper()}"
                shown = f"{', '.join(sorted(one.opts, key=len))}{value}"
            first = f"`copydesk {name}`".replace(" `", "`") if number == 0 else ""
            rows.append(f"| {first} | `{shown}` | {one.help} |")
    return "\n".join(rows)


#: (README, name of the block in it) and what writes the block.
BLOCKS: Final[dict[tuple[str, str], Callable[[], str]]] = {
    ("README.md", "columns"): columns,
    ("README.md", "reasons"): reasons,
    ("config/README.md", "settings"): settings_tables,
    ("flows/README.md", "exit codes"): exit_codes,
    ("flows/README.md", "options"): options,
    ("flows/README.md", "dictionary"): dictionary,
}


def updated(readme: str, content: str) -> str:
    """The content of a README with its blocks as they should be; ValueError if the comments around one are missing."""
    for (path, name), write in BLOCKS.items():
        if path == readme:
            begin, end = (
                f"<!-- {name}: written by `python -m tests.generated_docs` -->",
                f"<!-- end of {name} -->",
            )
            if content.count(begin) != 1 or content.count(end) != 1:
                raise ValueError(f"{readme} lacks the two lines {begin} and {end}")
            before, rest = content.split(begin)
            content = f"{before}{begin}\n\n{write()}\n\n{end}{rest.split(end)[1]}"
    return content


def _tables(table: type[Table], prefix: str = "") -> list[tuple[str, type[Table]]]:
    """(path, model) of each table within a table, depth first."""
    found = []
    for name, field in table.model_fields.items():
        if _is_table(field):
            inner: type[Table] = field.annotation  # type: ignore[assignment]
            found += [(f"{prefix}{name}", inner), *_tables(inner, f"{prefix}{name}.")]
    return found


def _is_table(field: FieldInfo) -> bool:
    return isinstance(field.annotation, type) and issubclass(field.annotation, Table)


def _markdown_table(table: type[Table], path: str, words: dict[tuple[str, str], str], keys: list[str]) -> str:
    in_model = _words_of_model(table)
    rows = [("key", "default", "allowed", "meaning"), ("---", "---", "---", "---")]
    for key in keys:
        field = table.model_fields[key]
        meaning = (words.get((path, key), "") or in_model.get(key, "")).rstrip(",:")
        rows.append(
            (f"`{key}`", f"`{_as_toml(field.default)}`", _allowed(field), meaning.replace("|", "\\|"))
        )
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _as_toml(value: Any) -> str:
    if isinstance(value, SecretStr):
        value = value.get_secret_value()
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and value != 1.0 else str(value)
    if isinstance(value, tuple) and len(value) > SHOWN:
        first = json.dumps(list(value[:SHOWN]), ensure_ascii=False).rstrip("]")
        return f"{first}, ...]"  # the rest is in config/news.toml
    return json.dumps(list(value) if isinstance(value, tuple) else value, ensure_ascii=False)


def _allowed(field: FieldInfo) -> str:
    """The values that a key may have, in words."""
    annotation = field.annotation
    if get_origin(annotation) is Literal:
        return ", ".join(f"`{json.dumps(value)}`" for value in get_args(annotation))
    if get_origin(annotation) is dict:
        return "table"
    if get_args(annotation) and str in [get_origin(a) or a for a in get_args(annotation)]:
        return "list of texts"
    if get_origin(annotation) is not None:  # tuple[str, ...] | Literal["all"]
        return '`"all"`, or a list of texts'
    names = {bool: "`true`, `false`", int: "whole number", float: "number", str: "text", SecretStr: "text"}
    return names[annotation] + _bounds(field)  # type: ignore[index]


def _bounds(field: FieldInfo) -> str:
    limits = {
        name: getattr(rule, name)
        for rule in field.metadata
        for name in ("ge", "gt", "le", "lt")
        if getattr(rule, name, None) is not None
    }
    words = {"ge": "at least {}", "gt": "above {}", "le": "at most {}", "lt": "below {}"}
    return "".join(f", {words[name].format(value)}" for name, value in limits.items())


def _words_of_news_toml(content: str) -> dict[tuple[str, str], str]:
    """The comment at each (table, key) and (table, ""); a comment alone on its line continues the one above."""
    words: dict[tuple[str, str], str] = {}
    path, at = "", ("", "")
    for line in content.splitlines():
        if not line.strip():
            at = ("", "-")  # what follows continues nothing
            continue
        found = _COMMENT.match(line)
        code, comment = (found["code"].strip(), found["comment"]) if found else (line.strip(), "")
        if code.startswith("["):
            path = code.strip("[]")
            at = (path, "")
        elif code:
            at = (path, code.partition("=")[0].strip())
        if comment:
            words[at] = f"{words.get(at, '')} {comment.strip()}".strip()
    return words


def _words_of_model(table: type[Table]) -> dict[str, str]:
    """The comment at each key of a model: at the end of its line, or above it with `#:`."""
    words: dict[str, str] = {}
    for owner in reversed(table.__mro__):
        if owner.__module__ != model.__name__ or owner is Table:
            continue
        try:
            source = inspect.getsource(owner)
        except (OSError, TypeError):  # the model of the bounds is made, not written
            continue
        above: list[str] = []
        for line in source.splitlines():
            if line.strip().startswith("#:"):
                above.append(line.strip()[2:].strip())
                continue
            if found := re.match(r"    (\w+): [^#]*(?:# (.+))?$", line):
                words[found[1]] = found[2] or " ".join(above)
            above = []
    return words


def _sentence(text: str) -> str:
    """The first paragraph of a text as a sentence: a capital in front, a full stop behind."""
    first = text.strip().split("\n\n")[0]
    return first[:1].upper() + first[1:].rstrip(".") + "."


def main() -> None:
    """Write the blocks into their READMEs."""
    for name in sorted({path for path, _ in BLOCKS}):
        path = ROOT / name
        path.write_text(updated(name, path.read_text(encoding="utf-8")), encoding="utf-8")
        sys.stdout.write(f"written: {name}\n")


if __name__ == "__main__":
    main()
