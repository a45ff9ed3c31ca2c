"""The uri of an input: its path or URL, in a form that no other input and no record shares."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import unquote

#: Name and value of each folder that is a column, from the outermost on; the value is None where the column is null.
Partitions = tuple[tuple[str, str | None], ...]
_NULL: Final = "__HIVE_DEFAULT_PARTITION__"
_ESCAPE: Final = re.compile(rb"\\x([0-9a-f]{2})")


def uri_of(path: str) -> str:
    r"""The path as text that no other input and no record shares.

    A record's uri is that of its file, `#` and a number. So `#` is escaped, and so are bytes that are not UTF-8, and
    what already looks like an escape.

    >>> uri_of("/news/#1.txt"), uri_of("/news/caf\udce9.txt"), uri_of(r"/news/caf\xe9.txt")
    ('/news/\\x231.txt', '/news/caf\\xe9.txt', '/news/caf\\x5cxe9.txt')
    """
    if "#" in path or r"\x" in path:
        path = path.replace(r"\x", r"\x5cx").replace("#", r"\x23")
    return path if path.isascii() else os.fsencode(path).decode("utf-8", "backslashreplace")


def path_of(uri: str) -> str:
    r"""What `uri_of` was given.

    >>> path_of(uri_of("/news/caf\udce9 #1.txt"))
    '/news/caf\udce9 #1.txt'
    """
    return os.fsdecode(_ESCAPE.sub(lambda found: bytes([int(found[1], 16)]), uri.encode()))


def folder_of(uri: str) -> str | None:
    r"""The name of the folder of an input; what is at the top of an archive is in the folder of the archive.

    >>> folder_of("/news/courier/1.txt"), folder_of("/news/all.zip#courier/1.txt"), folder_of("/news/all.zip#1.txt")
    ('courier', 'courier', 'news')
    """
    return in_place(uri).rpartition("/")[0].rpartition("/")[2].replace(r"\x23", "#") or None


def in_place(uri: str) -> str:
    """The uri that a file in an archive would have if the archive were unpacked where it is.

    >>> in_place("/news/all.zip#../courier/1.txt")
    '/news/courier/1.txt'
    """
    if "#" not in uri:
        return uri
    *folders, name = (part.rpartition("#")[2] for part in uri.split("/"))
    return "/".join(("", *(folder for folder in folders if folder not in ("", ".", "..")), name))


def partitions_below(folder: str, path: str) -> Partitions:
    """The columns in the names of the folders between `folder` and the file at `path`.

    >>> partitions_below("/news", "/news/source=Pell%20Post/2019/lang=en/part-0.parquet")
    (('source', 'Pell Post'), ('lang', 'en'))
    """
    folder = folder.rstrip("/") + "/"
    if not path.startswith(folder):
        return ()
    return tuple(_columns(path.removeprefix(folder).split("/")[:-1]))


def _columns(folders: list[str]) -> Iterator[tuple[str, str | None]]:
    for folder in folders:
        name, equals, value = folder.partition("=")
        if name and equals:
            yield _text(name), None if value == _NULL else _text(value)


def _text(written: str) -> str:
    return os.fsencode(unquote(written, errors="surrogateescape")).decode("utf-8", "backslashreplace")
