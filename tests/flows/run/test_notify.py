"""Notices of failed runs: their contents, their recipients, and that they never fail a run or leak a secret."""

from __future__ import annotations

import json
import logging
import sys
from pathlib import Path
from typing import Any

import pytest

from flows.dataset import Dataset
from flows.errors import Held, Locked
from flows.run import compare_in_groups
from flows.run.notify import notify, notify_on_failure
from flows.settings.model import Notify
from support import Copydesk

from .webhooks import Hook, hook

__all__ = ["hook"]  # a fixture


def settings(**given: Any) -> Notify:
    """The table [notify] with these keys."""
    return Notify.model_validate(given)


def test_a_webhook_is_notified(hook: Hook) -> None:
    """It receives one JSON object with the event, a sentence for people, and the dataset."""
    notify(settings(webhook=hook.url), "failed", "disk full", Path("/data/news"), flow_run="clean news")
    (said,) = hook.posted
    assert said["text"].endswith("the run of /data/news failed: disk full")
    assert (said["event"], said["message"], said["out"]) == ("failed", "disk full", "/data/news")
    assert said["flow_run"] == "clean news"
    assert {"host", "time"} < said.keys()


def test_a_webhook_may_come_from_the_environment(hook: Hook, monkeypatch: pytest.MonkeyPatch) -> None:
    """With "$NAME" the URL stays out of the configuration file."""
    monkeypatch.setenv("OPS_WEBHOOK", hook.url)
    notify(settings(webhook="$OPS_WEBHOOK"), "held", "why", Path("/data/news"))
    assert [said["event"] for said in hook.posted] == ["held"]
    assert "the run of /data/news is held: why" in hook.posted[0]["text"]


def test_a_command_is_notified(tmp_path: Path) -> None:
    """It reads the same object from stdin."""
    code = "import sys; open(sys.argv[1], 'w').write(sys.stdin.read())"
    notify(
        settings(command=[sys.executable, "-c", code, str(tmp_path / "notice")]),
        "crashed",
        "gone",
        Path("/out"),
    )
    assert json.loads((tmp_path / "notice").read_text())["event"] == "crashed"


@pytest.mark.parametrize(
    ("given", "logged"),
    [
        (
            {"webhook": "http://127.0.0.1:9/hook/s3cret"},
            "the webhook at 127.0.0.1 could not be notified: <urlopen error",
        ),
        (
            {"webhook": "ftp://example.com/s3cret"},
            "the webhook at example.com could not be notified: not an http",
        ),
        ({"webhook": "s3cret"}, "the webhook at None could not be notified: not an http"),
        ({"webhook": "http://[s3cret/"}, "could not be notified: not an http"),
        ({"webhook": "$NOT_THERE"}, "the environment variable NOT_THERE is not set"),
        ({"command": ["/nowhere/mail-ops", "s3cret"]}, "the command mail-ops could not be run: No such file"),
        ({"command": [sys.executable, "-c", "raise SystemExit(3)", "s3cret"]}, "failed with exit code 3"),
        ({"command": [sys.executable, "-c", "input(); input()", "s3cret"]}, "failed with exit code 1"),
        (
            {"command": [sys.executable, "-c", "import time; time.sleep(60)"], "timeout": 0.05},
            "took more than 0.05 s and was stopped",
        ),
    ],
)
def test_a_notice_never_fails_a_run(
    given: dict[str, Any], logged: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Errors are logged, not raised, and the log contains no secret."""
    with caplog.at_level(logging.WARNING):
        notify(settings(**given), "failed", "disk full", Path("/data/news"))
    assert logged in caplog.text
    assert "s3cret" not in caplog.text


def test_an_error_response_is_logged(hook: Hook, caplog: pytest.LogCaptureFixture) -> None:
    """An HTTP error of the webhook is logged."""
    hook.status = 500
    notify(settings(webhook=hook.url), "failed", "disk full", Path("/data/news"))
    assert "the webhook at 127.0.0.1 could not be notified: HTTP Error 500" in caplog.text
    assert "s3cret" not in caplog.text


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_redirect_is_not_followed(
    hook: Hook, status: int, host: str, caplog: pytest.LogCaptureFixture
) -> None:
    """To another host it would leak the notice, and a redirected POST arrives empty; so it is an error."""
    hook.status, hook.location = status, f"http://{host}:{hook.server.server_port}/elsewhere"
    notify(settings(webhook=hook.url), "failed", "disk full", Path("/data/news"))
    assert [said["path"] for said in hook.posted] == ["/hook/s3cret"]
    assert f"could not be notified: HTTP Error {status}" in caplog.text


def test_a_notice_is_text(hook: Hook) -> None:
    """Nothing in it controls a terminal or hides, passwords are masked, and chat services see no mention."""
    nasty = "a\x1b[2Jb\u202e\x9bc ftp://u:s3cret@h <!channel>\nsecond line"
    notify(settings(webhook=hook.url), "held", nasty, Path("/data/n\x07"), flow_run="clean /data/n\x07")
    (said,) = hook.posted
    assert said["message"] == "a\\x1b[2Jb\\u202e\\x9bc ftp://u:***@h <!channel>\nsecond line"
    assert "&lt;!channel&gt;" in said["text"]
    assert (said["out"], said["flow_run"]) == ("/data/n\\x07", "clean /data/n\\x07")


def test_the_message_of_an_unexpected_error_is_one_line(hook: Hook) -> None:
    """Only copydesk's own messages have lines; another error may quote an input."""
    with pytest.raises(ValueError, match="x"), notify_on_failure(settings(webhook=hook.url), Path("/out")):
        raise ValueError("x\ncopydesk: all is well")
    assert [said["message"] for said in hook.posted] == ["x\\ncopydesk: all is well"]


def test_a_command_may_be_in_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A `~` before its path is the home folder."""
    monkeypatch.setenv("HOME", str(tmp_path))
    program = tmp_path / "mail-ops"
    program.write_text('#!/bin/sh\ncat > "$1"\n')
    program.chmod(0o700)
    notify(settings(command=["~/mail-ops", str(tmp_path / "notice")]), "failed", "gone", Path("/out"))
    assert json.loads((tmp_path / "notice").read_text())["message"] == "gone"


@pytest.mark.parametrize(
    ("error", "events"),
    [
        (Held("r000002 is held"), ["held"]),
        (OSError(28, "No space left on device"), ["failed"]),
        (KeyboardInterrupt(), ["cancelled"]),
        (Locked("another run"), []),
    ],
)
def test_which_errors_are_notified(hook: Hook, error: BaseException, events: list[str]) -> None:
    """Every failure except a lock held by another run; the exception is re-raised."""
    with pytest.raises(type(error)), notify_on_failure(settings(webhook=hook.url), Path("/data/news")):
        raise error
    assert [said["event"] for said in hook.posted] == events


def test_a_run_without_prefect_notifies_too(
    copydesk: Copydesk, hook: Hook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Under cron, without a server, the command itself sends notices; a successful run sends none."""
    (tmp_path / "mine.toml").write_text(f'[notify]\nwebhook = "{hook.url}"\n')
    (tmp_path / "a.txt").write_text("A story about the harbour, written for the notice.")
    command = ["run", tmp_path / "a.txt", "--out", tmp_path / "out", "--config", tmp_path / "mine.toml"]
    with Dataset(tmp_path / "out").writing():
        assert copydesk(*command).code == 4
    with monkeypatch.context() as patch:
        patch.setattr(compare_in_groups, "compare", lambda *_: 1 / 0)
        assert copydesk(*command).code == 5
    assert copydesk(*command).code == 0
    assert [(said["event"], said["message"]) for said in hook.posted] == [("failed", "division by zero")]
