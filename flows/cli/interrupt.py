"""Ctrl-C: answered at once, whatever the process is at.

Python hands a signal to its main thread, which may be waiting for native code, and ends only when all threads are done
with theirs. So another thread waits for the signal, too, and ends the process if the main thread has not done so within
a moment. That is no more than `kill -9`, which a dataset survives at any instant.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from flows.cli.logs import is_on_stderr

_log: Final = logging.getLogger(__name__)

GRACE: Final = 0.5  # seconds for the main thread to end the process
EXIT_CODE: Final = 130
#: Clears the line of progress, and shows the cursor.
_CLEAR: Final = "\r\x1b[2K\x1b[?25h"


class Interrupt:
    """The answer to Ctrl-C, which is given once."""

    def __init__(self, consequence: Callable[[], str], grace: float) -> None:
        self._consequence = consequence
        self._grace = grace
        self._said = threading.Lock()
        self.is_signalled = False

    def say(self) -> None:
        """Print the message, unless it was printed before."""
        if self._said.acquire(blocking=False):
            with contextlib.suppress(OSError, ValueError):
                after = self._consequence()
                message = f"interrupted{f'; {after}' if after else ''}"
                if _log.hasHandlers():
                    _log.error("%s", message, extra={"event": {"event": "end", "exit_code": EXIT_CODE}})
                if not is_on_stderr():
                    clear = _CLEAR if sys.stderr.isatty() else ""
                    getattr(sys.stderr, "rich_proxied_file", sys.stderr).write(clear)
                    sys.stderr.write(f"copydesk: {message}\n")
                    sys.stderr.flush()

    def watch(self, signals: int) -> None:
        """Read signals, a byte each, from a descriptor; end the process soon after SIGINT, or at the second one."""
        ending: threading.Timer | None = None
        while number := os.read(signals, 1):
            if number[0] != signal.SIGINT:
                continue
            self.is_signalled = True
            if ending is not None:
                self.end()
            if self._grace > 1 and not is_on_stderr():
                sys.stderr.write("copydesk: stopping; press Ctrl-C again to end at once\n")
            ending = threading.Timer(self._grace, self.end)
            ending.daemon = True
            ending.start()

    def end(self) -> None:
        """End the process, also if the message cannot be written."""
        speaking = threading.Thread(target=self.say, daemon=True)
        speaking.start()
        speaking.join(0.3)
        os._exit(EXIT_CODE)


@contextmanager
def answering_interrupts(consequence: Callable[[], str], grace: float = GRACE) -> Iterator[None]:
    """Answer Ctrl-C within `grace` seconds inside the block, by a message with its consequence and exit code 130.

    Outside of the main thread, where there are no signals, nothing is done.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    interrupt = Interrupt(consequence, grace)
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    watcher = threading.Thread(target=interrupt.watch, args=(reader,), daemon=True)
    before = signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    watcher.start()
    try:
        yield
    except KeyboardInterrupt:
        interrupt.say()
        sys.exit(EXIT_CODE)  # which waits for threads, until the timer ends that
    finally:
        if (
            not interrupt.is_signalled
        ):  # otherwise the process is about to end, at the second signal at the latest
            signal.set_wakeup_fd(before)
            os.close(writer)
            watcher.join()
            os.close(reader)
