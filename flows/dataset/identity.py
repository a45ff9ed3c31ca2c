"""The id of a dataset, by which a table that was made of it elsewhere is known as its own.

The first export gives the id. It is in no other file, stays when the folder moves, and is copied with it.
"""

from __future__ import annotations

import os
import uuid

from flows.dataset.checksums import read_json, write_json
from flows.dataset.layout import Layout
from flows.dataset.tables import sync
from flows.errors import CopydeskError, remedy


def read_identity(layout: Layout) -> str | None:
    """The id of a dataset, None if it was given none; raises CopydeskError if the file that has it is damaged."""
    path = layout.identity_file
    try:
        return str(read_json(path)["id"])
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError) as error:
        raise CopydeskError(f"{path} is damaged ({error}): restore it from a backup") from error


def give_identity(layout: Layout) -> str:
    """The id of a dataset, which is given now if it has none; if two processes do so at once, both get the same.

    Raises CopydeskError if it cannot be written.
    """
    if known := read_identity(layout):
        return known
    path = layout.identity_file
    own = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        write_json(own, {"id": str(uuid.uuid4())})
        try:
            os.link(own, path)
        except FileExistsError:
            pass
        finally:
            own.unlink()
        sync(layout.state)
    except OSError as error:
        raise CopydeskError(f"cannot write {path}: {error.strerror}{remedy(error)}") from error
    return give_identity(layout)


def how_to_claim(layout: Layout, identity: str) -> str:
    """How a dataset gets back the id that it had."""
    return f"echo '{{\"id\": \"{identity}\"}}' > '{layout.identity_file}'"
