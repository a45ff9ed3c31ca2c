"""The I/O of copydesk: files, Prefect, the command line. The text processing is in `cleaners`.

From Python, `clean` runs the pipeline over files, and `clean_frame` over a data frame; see `flows.frames`.
`copies` has what a dataset printed more than once, and `dataset_files` lists the files of a table, for readers of a
dataset on object storage.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flows.frames import Cleaned, clean, clean_frame, copies, dataset_files

__all__ = ["Cleaned", "clean", "clean_frame", "copies", "dataset_files"]


def __getattr__(name: str) -> Any:
    """The public names, whose module is imported when the first of them is asked for: the command starts sooner."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from flows import frames

    return getattr(frames, name)
