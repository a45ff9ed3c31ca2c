"""What inputs say is shown as text: nothing in it controls a terminal, a log, a page, or hides in them."""

from __future__ import annotations

import io
import logging
import re
import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.text import Text

from flows.errors import ConfigurationError, CopydeskError, Held
from flows.printable import (
    as_markdown,
    make_logs_printable,
    mask,
    printable,
    printable_json,
    printable_traceback,
)
from flows.report.streams import Screen

HARMFUL = {"Cc", "Cf", "Cs", "Zl", "Zp"}
#: Any text, with much of what is harmful, lone surrogates included.
TEXTS = st.text(
    st.characters(categories=("Cc", "Cf", "Cs", "Zl", "Zp", "Lu", "Nd", "Po", "Zs"))
    | st.sampled_from("\x1b\x9b\x07\n\r\t\u202e\u2066\u200b\ud800\udcff:/@?=&<*`")
)
OSC = "\x1b]52;c;ZWNobw==\x1b\\"
NASTY = f"{OSC}\x9b2J\u202e\u200b\ncopydesk: done\r\x07\ud800"


def harmful(text: str) -> set[str]:
    """The characters of a text that must not be shown as they are."""
    return {c for c in text if unicodedata.category(c) in HARMFUL}


def test_every_harmful_character_is_escaped() -> None:
    """All of Unicode's control, format, surrogate and separator characters; letters and signs stay."""
    for code in range(sys.maxunicode + 1):
        if unicodedata.category(chr(code)) in HARMFUL:
            shown = printable(chr(code))
            assert shown.startswith("\\")
            assert shown.isascii()
    assert printable("Zürich, 東京 – “naïve” 👍 ﷺ") == "Zürich, 東京 – “naïve” 👍 ﷺ"


@given(TEXTS)
def test_printable_text_has_nothing_harmful(text: str) -> None:
    """Whatever the text, its printable form is one line, can be encoded, and is its own printable form."""
    shown = printable(text)
    assert not harmful(shown)
    assert printable(shown) == shown
    shown.encode()


@given(TEXTS)
def test_the_layout_of_a_message_can_be_kept(text: str) -> None:
    """Line ends may be kept, and nothing else is."""
    assert harmful(printable(text, keep="\n")) <= {"\n"}
    assert printable(text, keep="\n").count("\n") == text.count("\n")


def test_a_byte_that_is_not_utf8_is_shown_as_a_byte() -> None:
    """A file name as Python reads it shows the byte that the disk has."""
    assert printable("caf\udce9.txt") == "caf\\xe9.txt"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("ftp://user:s3cret@host/a.txt", "ftp://user:***@host/a.txt"),
        ("sftp://user:s3c@ret@host:22/a@b.txt", "sftp://user:***@host:22/a@b.txt"),
        ("ftp://user:s3/cret@host/a.txt", "ftp://user:***@host/a.txt"),
        ("ftp://:s3cret@host/a.txt", "ftp://:***@host/a.txt"),
        ("ftp:/user:s3cret@host/out", "ftp:/user:***@host/out"),  # as a path
        ("https://s3cret@host/a.txt", "https://***@host/a.txt"),
        ("https://host:8080/@user/a.txt", "https://host:8080/@user/a.txt"),
        ("http://[::1]:80/@user", "http://[::1]:80/@user"),
        ("abfs://container@account/a.txt", "abfs://container@account/a.txt"),
        ("github://owner:repository@main/a.txt", "github://owner:repository@main/a.txt"),
        ("cannot reach ftp://u:s3cret@h: mail x@y.z", "cannot reach ftp://u:***@h: mail x@y.z"),
        ("s3://k:s3cret@b/x and s3://k:s3cret@b/y", "s3://k:***@b/x and s3://k:***@b/y"),
        ("The score was 3:2 at http://host/ and me@there", "The score was 3:2 at http://host/ and me@there"),
    ],
)
def test_passwords_are_masked(url: str, shown: str) -> None:
    """A password between scheme and host is not shown, whatever it is made of; ports and names are."""
    assert mask(url) == printable(url) == mask(shown) == shown


@pytest.mark.parametrize(
    "name",
    [
        *(
            "X-Amz-Signature",
            "X-Amz-Security-Token",
            "X-Amz-Credential",
            "X-Goog-Signature",
            "GoogleAccessId",
        ),
        *("AWSAccessKeyId", "Signature", "sig", "token", "access_token", "key", "api_key", "apikey"),
        *("client_secret", "password", "auth", "code", "subscription-key"),
    ],
)
def test_parameters_that_give_access_are_masked(name: str) -> None:
    """The parameters of presigned URLs, tokens and keys are not shown; two URLs do not become one."""
    one, other = (mask(f"https://host/a.csv?page=2&{name}={secret}&x=3") for secret in ("s3cret", "0ther"))
    assert "s3cret" not in one
    assert one.startswith(f"https://host/a.csv?page=2&{name}=***")
    assert one.endswith("&x=3")
    assert one != other
    assert mask(one) == one


def test_other_parameters_stay() -> None:
    """Names that only look like keys are not secrets."""
    url = "https://host/a?keyword=harbour&author=May&country=de&monkey=1&format=csv"
    assert mask(url) == url


@given(TEXTS)
def test_markdown_is_only_text(text: str) -> None:
    """Every character that Markdown or HTML gives a meaning has a backslash before it."""
    shown = as_markdown(text)
    assert not set("\\`*_{}[]()!|~<>@&") & set(re.sub(r"\\[!-/:-@\[-`{-~]", "", shown))
    assert harmful(shown) <= {"\n"}


def test_markdown_has_no_links() -> None:
    """An address has a backslash in it, so that it does not become a link by itself."""
    assert as_markdown("see http://x.example, www.x.example, a@x.example") == (
        r"see http:\//x.example, www\.x.example, a\@x.example"
    )


@given(
    st.recursive(
        TEXTS | st.integers() | st.none(), lambda v: st.lists(v) | st.dictionaries(TEXTS, v), max_leaves=6
    )
)
def test_json_is_printable_throughout(value: object) -> None:
    """Keys and strings at any depth; other values stay."""
    assert not harmful(repr(printable_json(value)))


@given(st.lists(TEXTS, min_size=1))
def test_an_error_has_the_lines_that_it_was_given(lines: list[str]) -> None:
    """What a message quotes starts no line of its own."""
    for error in (CopydeskError(*lines), ConfigurationError(*lines), Held(*lines, outcome=None)):
        assert str(error).split("\n") == [printable(line) for line in lines]


@given(TEXTS)
def test_a_screen_shows_text_only(text: str) -> None:
    """Strings, styled text and markup look-alikes, in a terminal with colours; the only escapes are the styles."""
    file = io.StringIO()
    screen = Screen(file=file, force_terminal=True, color_system="standard", width=80)
    screen.print(f"[red]{text}", Text(f"x{text}"), Text(printable(text), "red"))
    shown = file.getvalue().replace("\x1b[31m", "").replace("\x1b[0m", "")
    assert harmful(shown) <= {"\n"}
    assert shown.startswith("[red]" + printable(text))


def test_log_records_are_printable(caplog: pytest.LogCaptureFixture) -> None:
    """The message, its arguments and the traceback of any logger, on lines that no input has made."""
    before = logging.getLogRecordFactory()
    make_logs_printable()
    try:
        try:
            raise ValueError(NASTY)
        except ValueError:
            logging.getLogger("some.library").exception("cannot read %s" + NASTY, NASTY)
    finally:
        logging.setLogRecordFactory(before)
    assert harmful(caplog.text) == {"\n"}
    assert "\ncopydesk: done" not in caplog.text
    assert "Traceback" in caplog.text
    assert "ZWNobw" in caplog.text


def test_a_traceback_is_printable() -> None:
    """Messages of an error, of its cause and of its notes are escaped; the lines of code are readable."""
    try:
        try:
            raise KeyError(NASTY)
        except KeyError as cause:
            error = ValueError(NASTY)
            error.add_note(NASTY)
            raise error from cause
    except ValueError as caught:
        shown = printable_traceback(caught)
    assert harmful(shown) == {"\n"}
    assert '\n    File "' in shown
    assert "raise error from cause" in shown
    assert "\ncopydesk" not in shown
