"""When the card of a dataset is written, and when not."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import polars as pl
import xxhash

from flows.dataset.card.facts import Kept, current_facts, read_kept, write_kept
from flows.dataset.checksums import is_sealed, write_sealed
from flows.dataset.layout import Layout
from flows.dataset.tables import sync
from flows.errors import CopydeskError

TEMPLATE: Final = Path(__file__).with_name("card.md")

_log: Final = logging.getLogger(__name__)


def renew_card(layout: Layout) -> None:
    """Bring `OUT/README.md` up to date, if there are published runs and the newest one's settings want it.

    The caller holds the lock, and its work is done: a failure is said, and nothing else comes of it.
    """
    try:
        _renew(layout)
    except (CopydeskError, OSError, ValueError, KeyError, TypeError, pl.exceptions.PolarsError) as error:
        _log.warning("%s is as it was: %s", layout.card_file, error)


def _renew(layout: Layout) -> None:
    before = read_kept(layout)
    facts = current_facts(layout, before.facts)
    there = _content(layout)
    is_card = there is not None and bool(is_sealed(there))
    template = TEMPLATE.read_bytes()
    now = Kept(facts, xxhash.xxh3_128_hexdigest(template))
    if not (facts.spans and facts.publish.get("card", True)):
        if before.written or (facts.spans and before.facts is not facts):
            write_kept(layout, Kept(facts))
        if is_card:
            layout.card_file.unlink()
            sync(layout.root)
        return
    if there is not None and not is_card:
        now = Kept(facts, others=xxhash.xxh3_128_hexdigest(there))
        if now.others != before.others:
            _log.warning(
                "%s is not as copydesk wrote it, and stays as it is: remove it for a card of the dataset, or set "
                "card = false under [publish]",
                layout.card_file,
            )
    else:
        now = Kept(facts, now.template, written=True)
        if before.written and there is None:
            _log.warning("%s is missing, and is written anew", layout.card_file)
        if now != before or there is None:
            # brings PyYAML, which a command that changes nothing does not need
            from flows.dataset.card.rendering import render

            write_sealed(layout.card_file, render(facts, template.decode()))
            sync(layout.root)
    if now != before:
        write_kept(layout, now)


def card_agrees(layout: Layout) -> Iterator[str]:
    """What is wrong with the card: it is gone, or is not what copydesk wrote, and no command has seen that yet."""
    try:
        there = _content(layout)
    except OSError as error:
        yield f"{layout.card_file} cannot be read: {error.strerror}"
        return
    if not read_kept(layout).written or (there is not None and is_sealed(there)):
        return
    if there is None:
        yield f"{layout.card_file} is missing: the next command that writes rewrites it"
    else:
        yield (
            f"{layout.card_file} is not what was written: remove it, and the next command that writes rewrites it; or "
            "leave it, if you have changed it, and so will copydesk"
        )


def _content(layout: Layout) -> bytes | None:
    """What `OUT/README.md` contains; None if there is no such file."""
    try:
        return layout.card_file.read_bytes()
    except FileNotFoundError:
        return None
