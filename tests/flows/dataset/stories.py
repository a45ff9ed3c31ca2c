"""Texts of inputs that change from run to run, and what a dataset has of them."""

from __future__ import annotations

from pathlib import Path

from support import table

STORIES = [
    "The ferry to the outer islands will sail twice a day until the new pier is finished next spring.",
    "A bakery on the market square has been handing out yesterday's bread to whoever asks since January.",
    "Engineers measured the tower again and found that it leans no further than it did ten years ago.",
    "The council voted by a narrow margin to keep the swimming pool open through the winter months.",
    "Three herons nested in the park this year, the first in living memory, and drew a daily crowd.",
]


def ends(out: Path, name: str = "documents") -> list[str]:
    """The end of the uri of each row of a table, in order."""
    return [uri.rpartition("/")[2] for uri in table(out, name)["uri"]]
