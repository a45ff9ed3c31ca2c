"""Ctrl-C: the process ends at once with 130, whatever it is at, and the dataset is as before."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from flows.cli.interrupt import answering_interrupts
from support import STORY, Copydesk

#: The command, in which the comparison of paragraphs takes a minute that no signal interrupts.
BUSY = """
import sys, threading
from flows.cli import main
from flows.run import stages

def busy(*_):
    print("busy", flush=True)
    threading.Event().wait(60)

stages.compare = busy
sys.argv[0] = "copydesk"
main()
"""
#: The same, where the main thread is in native code, which no signal reaches.
STUCK = """
import ctypes, sys
from flows.cli import main
from flows.run import execution

def stuck(*_):
    lock, mutex = ctypes.CDLL(None).pthread_mutex_lock, ctypes.create_string_buffer(64)
    lock(mutex)
    print("busy", flush=True)
    lock(mutex)

execution.find_culprits = stuck
sys.argv[0] = "copydesk"
main()
"""


def interrupted(code: str, *arguments: object, times: int = 1) -> tuple[int, str]:
    """The exit code and the messages of a run that gets SIGINT while it is busy."""
    command = [sys.executable, "-c", code, *map(str, arguments)]
    environment = {**os.environ, "PREFECT_API_URL": "", "PREFECT_PROFILES_PATH": os.devnull}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as run:
        assert run.stdout is not None
        assert run.stdout.readline() == "busy\n"
        for _ in range(times):
            run.send_signal(signal.SIGINT)
        _, err = run.communicate(timeout=30)
    return run.returncode, err


@pytest.mark.parametrize(
    "code",
    [
        BUSY,
        pytest.param(
            STUCK, marks=pytest.mark.skipif(sys.platform != "linux", reason="a mutex of another size")
        ),
    ],
    ids=["thread", "main thread"],
)
@pytest.mark.parametrize("times", [1, 2])
def test_ctrl_c_ends_a_busy_run(
    copydesk: Copydesk, story: Path, tmp_path: Path, code: str, times: int
) -> None:
    """Long before the work is done; what was published is untouched, and the next run does the work."""
    out = tmp_path / "out"
    copydesk("run", story, "-o", out)
    more = tmp_path / "more.txt"
    more.write_text(f"{STORY} It will open again in spring, if all goes well.")
    ended, err = interrupted(code, "run", story, more, "-o", out, times=times)
    assert (ended, err) == (130, "copydesk: interrupted; nothing of this run was published\n")
    assert copydesk("verify", out).code == 0
    assert "1 of 1 document" in copydesk("run", story, more, "-o", out).out.replace(
        "1 document, all", "1 of 1 document"
    )


def test_other_commands_are_interrupted_alike(copydesk: Copydesk, monkeypatch: pytest.MonkeyPatch) -> None:
    """They say so, and exit with 130."""

    def interrupt(*_: object) -> list[str]:
        raise KeyboardInterrupt

    monkeypatch.setattr("flows.verify.verify_folder", interrupt)
    answer = copydesk("verify", "somewhere")
    assert (answer.code, answer.err) == (130, "copydesk: interrupted\n")


def test_an_interrupt_is_reported_once(capsys: pytest.CaptureFixture[str]) -> None:
    """Also where no signal came, but an exception of that name; the consequence is that of the moment."""
    with pytest.raises(SystemExit) as ended, answering_interrupts(lambda: "r000002 is published"):
        raise KeyboardInterrupt
    assert ended.value.code == 130
    assert capsys.readouterr().err == "copydesk: interrupted; r000002 is published\n"


def test_signals_are_handled_as_before_after_a_run() -> None:
    """The descriptor for signals is that of before, and other exceptions pass."""
    with pytest.raises(ValueError, match="other"), answering_interrupts(lambda: ""):
        raise ValueError("other")
    assert signal.set_wakeup_fd(-1) == -1
