"""The id of a dataset, by which a table that was made of it elsewhere is known as its own.

The first export gives the id. It is in no other file, stays when the folder moves, and is copied with it.
"""

from __future__ import annotations

import uuid

from flows.dataset.checksums import read_json, write_json
from flows.dataset.dataset import Dataset
from flows.dataset.layout import Layout
from flows.errors import CopydeskError


def read_identity(layout: Layout) -> str | None:
    """The id of a dataset, None if it was given none; raises CopydeskError if the file that has it is damaged."""
    path = layout.identity_file
    try:
        return str(read_json(path)["id"])
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError) as error:
        raise CopydeskError(f"{path} is damaged ({error}): restore it from a backup") from error


def give_identity(dataset: Dataset) -> str:
    """The id of a dataset, which is given now if it has none, under its lock.

    Raises Locked if it has none and another process is writing the dataset, CopydeskError if it cannot be written.
    """
    if (known := read_identity(dataset)) is not None:
        return known
    with dataset.writing():
        if read_identity(dataset) is None:
            write_json(dataset.identity_file, {"id": str(uuid.uuid4())})
    return give_identity(dataset)


def how_to_claim(layout: Layout, identity: str) -> str:
    """How a dataset gets back the id that it had."""
    return f"echo '{{\"id\": \"{identity}\"}}' > '{layout.identity_file}'"
