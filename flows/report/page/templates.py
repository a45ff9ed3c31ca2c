"""The templates of pages and proofs, compiled once on each machine."""

from __future__ import annotations

import base64
import hashlib
import marshal
from collections.abc import Callable, Mapping, MutableMapping
from datetime import datetime
from functools import cache
from pathlib import Path
from types import CodeType
from typing import Any, Final

import jinja2
from markupsafe import Markup

from cleaners.derived import derived, hash_of
from flows.report.copies.delays import in_words
from flows.report.differences import sides
from flows.report.page.proofs import shown

FOLDER: Final = Path(__file__).parent.parent / "templates"
#: Characters of any text on the page; those that may be longer are cut before.
MOST_CHARACTERS: Final = 4_000


class _Loader(jinja2.FileSystemLoader):
    """Templates of a folder, compiled; what they compile to is kept on disk as machine code is."""

    def load(
        self,
        environment: jinja2.Environment,
        name: str,
        globals: MutableMapping[str, Any] | None = None,  # noqa: A002 - jinja2 names it
    ) -> jinja2.Template:
        """The template of that name."""
        source, path, up_to_date = self.get_source(environment, name)

        def compiled() -> bytes:
            code: CodeType = environment.compile(source, name, path)
            return marshal.dumps(code)

        code = marshal.loads(
            derived(f"template-{name}", hash_of(jinja2.__version__, str(path), source), compiled)
        )
        return environment.template_class.from_code(environment, code, globals or {}, up_to_date)


@cache
def environment() -> jinja2.Environment:
    """The templates of pages and proofs. All text in them is escaped, and printable."""
    environment = jinja2.Environment(
        loader=_Loader(FOLDER),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: shown(value, MOST_CHARACTERS) if type(value) is str else value,
    )
    filters: Mapping[str, Callable[..., Any]] = {
        "number": lambda value: f"{value:,}",
        "date": date_of,
        "percent": percent,
        "hours": in_words,
        "moment": lambda text: datetime.fromisoformat(text).strftime("%d %B %Y, %H:%M UTC").lstrip("0"),
    }
    environment.filters.update(filters)
    style, script = ((FOLDER / name).read_text(encoding="utf-8") for name in ("page.css", "page.js"))
    policy = (
        f"default-src 'none'; style-src '{source_hash(style)}'; script-src '{source_hash(script)}'; "
        "base-uri 'none'; form-action 'none'"
    )
    environment.globals["cells"] = lambda row, names: [f"{row[name]:,}" for name in names]
    environment.globals["sides"] = sides
    environment.globals.update(style=Markup(style), script=Markup(script), policy=Markup(policy))
    return environment


def source_hash(content: str) -> str:
    """The source expression of a content security policy for an inline script or style."""
    return f"sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}"


def date_of(moment: datetime | str) -> str:
    """A date, with its time of day if it is not midnight.

    >>> date_of(datetime(2024, 3, 1, 8, 30)), date_of(datetime(2024, 3, 1))
    ('2024-03-01 08:30', '2024-03-01')
    """
    return str(moment)[:16].replace("T", " ").removesuffix(" 00:00")


def percent(share: float | None) -> str:
    """A share in percent, with as many digits as it is worth.

    >>> [percent(share) for share in (0, 0.00004, 0.0123, 0.5, 0.99996, 1)]
    ['0 %', '< 0.1 %', '1.2 %', '50.0 %', '> 99.9 %', '100 %']
    """
    if share is None:
        return "–"
    if share in (0, 1):
        return f"{share:.0%}".replace("%", " %")
    if share < 0.0005:
        return "< 0.1 %"
    if 0.9995 < share < 1:
        return "> 99.9 %"
    return f"{100 * share:.1f} %"
