"""Crash points: the instants at which tests let a process die, each before or after one step that changes a dataset.

    commit <kind>             before a staged folder is renamed into place
    committed                 after `documents` was
    exchange <kind>           before a folder is exchanged
    exchange <kind> offline   between its two renames, where the file system cannot exchange folders
    exchange sweep            before the old folders are removed
    exchange unmark <kind>    before the marker of a folder is removed
    rollback                  between the two exchanges of a rollback

The steps are wrapped from here, so that production code has no fault injection in it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flows.dataset import exchange
from flows.maintenance import take_out_runs


@dataclass(frozen=True)
class Step:
    """A call to a function or method; `matches` says of its arguments whether it is this one."""

    owner: Any
    name: str
    matches: Callable[..., bool]
    before: bool = True  # the process dies before the step, or after it


def step_of(point: str) -> Step:
    """The step of a crash point."""
    match point.split():
        case ["commit", kind]:
            return Step(Path, "rename", lambda old, new: old.name == kind and new.name.startswith("run="))
        case ["committed"]:
            return Step(Path, "rename", step_of("commit documents").matches, before=False)
        case ["exchange", "sweep"]:
            return Step(exchange, "_sweep", lambda _layout: True)
        case ["exchange", kind]:
            return Step(exchange, "_swap", lambda _layout, swapped, **_: swapped == kind)
        case ["exchange", kind, "offline"]:
            return Step(Path, "rename", lambda _old, new: new.name == f".{kind}", before=False)
        case ["exchange", "unmark", kind]:
            return Step(exchange, "_unmark", lambda marker: marker.parent.name == kind)
        case ["rollback"]:
            return Step(take_out_runs, "restore_replaced", lambda *_, **__: True, before=False)
    raise ValueError(f"no crash point {point!r}")


def crash_at(
    point: str, die: Callable[[], object], replace: Callable[[Any, str, object], None] = setattr
) -> None:
    """Let `die` be called at this point; `replace` is how the step is wrapped, such as `monkeypatch.setattr`."""
    step = step_of(point)
    original = getattr(step.owner, step.name)

    def wrapped(*arguments: Any, **named: Any) -> Any:
        here = step.matches(*arguments, **named)
        if here and step.before:
            die()
        result = original(*arguments, **named)
        if here and not step.before:
            die()
        return result

    replace(step.owner, step.name, wrapped)
