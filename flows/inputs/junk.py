"""Files that no one means by a folder: half downloads, markers, what systems, editors and crawlers leave behind.

They are skipped and counted. One that is named as an INPUT itself is read like any other file.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

#: Kind -> names of files, as a pattern; compressions of some have the same kind.
_FILES: Final = {
    "hidden": r"\.(?!\.?\Z).*",
    "half download": (
        r".*\.(?:part|crdownload|download|partial|tmp|temp|filepart|opdownload|incomplete|inprogress|!ut|aria2|bc!)"
    ),
    "lock file": r"~\$.*|.*\.(?:lock|lck)",
    "backup": r".+~|.*\.(?:bak|swp|swo)",
    "marker": r"_(?:SUCCESS|FAILED|metadata|common_metadata|(?:committed|started)_\d+|last_checkpoint)",
    "system file": r"Thumbs\.db(?::encryptable)?|ehthumbs(?:_vista)?\.db|desktop\.ini|Icon\r",
    "checksum": r".*\.(?:md5|sha1|sha256|sha512|crc|crc32|sfv|sig)|(?:MD5|SHA1|SHA256|SHA512)(?:SUMS?)(?:\.txt)?",
    "crawler file": r"wget-log(?:\.\d+)?|hts-[a-z_]+\.(?:txt|lst|lock)|hts-nohup\.out|requests\.seen|spider\.state",
    "site file": (
        r".*\.(?:css|scss|less|js|mjs|map|woff2?|ttf|eot|ico|cur)(?:[?@](?:[\w%&=:,;+~-]|\.(?![a-z]+\Z))*)?|favicon\..*"
        r"|(?:site\.)?(?:web)?manifest\.json|.*\.webmanifest|browserconfig\.xml"
    ),
}
_FOLDERS: Final = {
    "crawler file": r"hts-cache|requests\.queue",
    "hidden": r"\.(?!\.?\Z).*",
    "half download": r"_temporary|_temp|.*\.(?:download|inprogress)",
    "marker": r"_delta_log|_spark_metadata|_committed_\d+",
    "system file": r"__MACOSX|\$RECYCLE\.BIN|System Volume Information|@eaDir|lost\+found",
}


def _compiled(kinds: Mapping[str, str]) -> re.Pattern[str]:
    named = (f"(?P<{kind.replace(' ', '_')}>{pattern})" for kind, pattern in kinds.items())
    return re.compile(f"(?:{'|'.join(named)})\\Z", re.DOTALL | re.IGNORECASE)


_FILE: Final = _compiled(_FILES)
_FOLDER: Final = _compiled(_FOLDERS)


def junk(name: str, *, is_folder: bool = False) -> str:
    """The kind of junk that a file or folder of this name is; "" if it is none.

    Mirrors of sites keep the query of a style sheet or script in its name: `style.css?ver=5.9`, on Windows with `@`.

    >>> junk("news.txt.part"), junk("_SUCCESS"), junk("__MACOSX", is_folder=True), junk("part-0001.txt")
    ('half download', 'marker', 'system file', '')
    """
    found = (_FOLDER if is_folder else _FILE).match(name)
    return str(found.lastgroup).replace("_", " ") if found else ""
