"""Bytes to text: every charset comes back, binary is refused, and no byte is lost."""

from __future__ import annotations

import codecs
import gzip
import importlib.util
import io
import os
import random
import sys
import tarfile
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from cleaners.decoding.decoder import ERRORS, SAMPLE_BYTES, NotText, charset, decode

STORIES = {
    "en": "“It’s a long way to the harbour,” she said — and nobody’s car would start in the café’s yard.\n",
    "de": "Die Brücke über die Außenförde bleibt für größere Fahrzeuge gesperrt, sagte der Bürgermeister.\n",
    "pl": "Władze miasta ogłosiły, że część mostu zostanie zamknięta, gdyż pękły łańcuchy podtrzymujące przęsło.\n",
    "ru": "Власти города объявили, что мост будет закрыт до весны, потому что в опоре нашли трещину.\n",
    "el": "Ο δήμος ανακοίνωσε ότι η γέφυρα θα μείνει κλειστή ως την άνοιξη, επειδή βρέθηκε ρωγμή.\n",
    "tr": "Belediye, köprünün ayağında çatlak bulunduğu için ilkbahara kadar kapalı kalacağını açıkladı.\n",
    "he": "העירייה הודיעה כי הגשר יישאר סגור עד האביב משום שנמצא סדק באחד העמודים שלו.\n",
    "ar": "أعلنت البلدية أن الجسر سيبقى مغلقا حتى الربيع بعد العثور على شق في أحد أعمدته.\n",
    "ja": "市は、橋脚にひびが見つかったため、橋を春まで閉鎖すると発表した。車は川下の橋へ回る。\n",
    "zh": "市政府宣布，由于桥墩发现裂缝，大桥将关闭到春天，车辆须绕行下游的桥。\n",
    "tw": "市政府宣布，由於橋墩發現裂縫，大橋將關閉到春天，車輛須繞行下游的橋。\n",
    "ko": "시는 교각에서 금이 발견되어 다리를 봄까지 폐쇄한다고 밝혔다. 차량은 하류의 다리로 돌아가야 한다.\n",
}
LEGACY = [
    ("en", "cp1252", "windows-1252"),
    ("en", "mac-roman", "mac-roman"),
    ("de", "iso8859-1", "windows-1252"),
    ("de", "cp850", "cp850"),
    ("pl", "cp1250", "windows-1250"),
    ("pl", "iso8859-2", "iso-8859-2"),
    ("ru", "cp1251", "windows-1251"),
    ("ru", "koi8-r", "koi8-r"),
    ("ru", "cp866", "cp866"),
    ("ru", "iso8859-5", "iso-8859-5"),
    ("el", "cp1253", "windows-1253"),
    ("tr", "iso8859-9", "windows-1254"),
    ("he", "cp1255", "windows-1255"),
    ("ar", "cp1256", "windows-1256"),
    ("ja", "shift_jis", "cp932"),
    ("ja", "euc_jp", "euc-jp"),
    ("ja", "iso2022_jp", "iso-2022-jp"),
    ("zh", "gbk", "gb18030"),
    ("zh", "hz", "hz"),
    ("tw", "big5", "big5-hkscs"),
    ("ko", "euc_kr", "cp949"),
    ("ko", "iso2022_kr", "iso-2022-kr"),
]
# printing characters of several scripts, and line feeds
printing = st.text(st.characters(categories=["L", "M", "N", "P", "S", "Zs"], include_characters="\n"))
latin = st.text(st.characters(max_codepoint=0x17F, categories=["L", "N", "P", "Zs"]), min_size=4)


@given(printing)
def test_utf8_comes_back(text: str) -> None:
    """UTF-8, with and without a byte order mark, is what it was."""
    assume(not text.startswith("\ufeff") and "~{" not in text)
    assert decode(text.encode()) == (text, "utf-8")
    assert decode(codecs.BOM_UTF8 + text.encode()) == (text, "utf-8")


@given(printing, st.sampled_from(["utf-16", "utf-32"]), st.sampled_from(["le", "be"]))
def test_a_byte_order_mark_decides(text: str, family: str, order: str) -> None:
    """UTF-16 and UTF-32 with a mark come back, whatever they hold."""
    assume(text)
    assert decode(f"\ufeff{text}".encode(f"{family}-{order}")) == (text, family)


@given(latin, st.sampled_from(["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"]))
@example("No mark.", "utf-16-le")
def test_without_a_mark_the_nul_bytes_tell(text: str, name: str) -> None:
    """Latin text in UTF-16 and UTF-32 without a mark comes back."""
    assume(text.count("Ā") < 3)  # U+0100, whose NUL is on the wrong side
    text = f"In the end {text}"
    assert decode(text.encode(name)) == (text, name)


@pytest.mark.parametrize(("story", "written", "name"), LEGACY)
def test_legacy_charsets_come_back(story: str, written: str, name: str) -> None:
    """A few sentences are enough to know the charset; it bears the name of the wider one of its family."""
    text = STORIES[story] * 4
    assert decode(text.encode(written)) == (text, name)
    assert codecs.lookup(name)


SHORT_LINES = [
    ("La señora pidió un café y cruzó la calle hacia el puente", "cp1252"),
    ("Ñandúes, águilas y otras aves: más fotos", "cp1252"),
    ("O João não voltou à aldeia antes do anoitecer", "mac-roman"),
    ("De brug blijft één week langer dicht", "cp850"),
    ("Die Brücke über den Fluss bleibt länger gesperrt", "cp850"),
    ("L'expressió no és vàlida, va dir el jutge", "cp1252"),
    ("Miljøet ved havnen skal være bedre til våren", "cp1252"),
    ("Der Zug fährt heute später", "iso8859-15"),
    ("Il ponte è chiuso, ma la città non si ferma più", "cp850"),
    ("Most je zaprt že tretji teden, promet pa še stoji", "iso8859-2"),
    ("Most je zatvoren, a šetnja uz rijeku može početi", "cp1250"),
    ("Podul rămâne închis până în primăvară", "cp1250"),
    ("Tiltas bus uždarytas iki pavasario, sakė meras", "cp1257"),
    ("Мост остаётся закрытым до весны", "koi8-r"),
    ("Мостът остава затворен до пролетта", "mac-cyrillic"),
    ("Міст буде зачинено до весни, кажуть її власники", "cp1251"),
    ("Η γέφυρα θα μείνει κλειστή", "iso8859-7"),
    ("Köprü ilkbahara kadar kapalı kalacak", "cp1254"),
]


@pytest.mark.parametrize(("line", "written"), SHORT_LINES)
def test_the_language_tells_the_charset_of_a_short_line(line: str, written: str) -> None:
    """A line of a few words is read right, though its bytes would be letters in other charsets, too."""
    assert decode(line.encode(written)).text == line
    assert decode(f"{line}\n".encode(written)).text == f"{line}\n"


@pytest.mark.parametrize(
    "line",
    ["“Enough,” said the pilot", "It’s the harbour’s last week", "Tickets are £20 – or £15", "© Gazette"],
)
def test_marks_alone_are_those_of_windows_1252(line: str) -> None:
    """English whose only bytes beyond ASCII are marks has no letters to tell by, and stays what is most common."""
    assert decode(line.encode("cp1252")).text == line


def test_ascii_with_an_escape_is_still_utf8() -> None:
    """A terminal's escapes make no Japanese of an English text."""
    text = "The \x1b[1mharbour\x1b[0m wall ~{see below} and \x1b$\x02 more of it.\n" * 3
    assert decode(text.encode()) == (text, "utf-8")


@pytest.mark.parametrize("story", STORIES)
@pytest.mark.parametrize("name", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
def test_news_in_utf16_needs_no_mark(story: str, name: str) -> None:
    """A few lines in any script are known to be UTF-16 or UTF-32."""
    text = STORIES[story] * 3
    assert decode(text.encode(name)) == (text, name)


@pytest.mark.parametrize(
    "line", ["[" * 70 + "\n", "9" * 70 + "\n", "[9" * 35 + "\n", "A plain line of news.\n"]
)
@pytest.mark.parametrize("places", [[0], [7], [7, 8], [100, 2001, 3002, 9003], [0, 2, 4, 6]])
def test_ascii_with_some_nuls_is_no_utf16(line: str, places: list[int]) -> None:
    """Stray NULs make no Chinese of ASCII, however well its bytes would read as such."""
    data = bytearray((line * 1000).encode())
    for at in places:
        data[at] = 0
    assert decode(bytes(data)) == (data.decode(), "utf-8")


@pytest.mark.parametrize(
    "data",
    [
        b"\0",
        b"\0\1\2\3" * 50,
        b"\x89PNG\r\n\x1a\n and then some",
        b"\xff\xd8\xff\xe0\x00\x10JFIF",
        b"PK\x03\x04 a zip",
        b"%PDF-1.7 text follows",
        gzip.compress(b"text", mtime=0),
        bytes(range(256)) * 40,
        b"some \x01\x02\x03\x04\x05\x06 text",
    ],
)
def test_binary_data_is_refused(data: bytes) -> None:
    """What is no text is refused, in words."""
    with pytest.raises(NotText, match=r"^binary data: "):
        decode(data)


@pytest.mark.parametrize(
    ("length", "refused"), [(12, 0.7), (20, 0.85), (30, 0.95), (60, 0.99), (200, 1), (2000, 1)]
)
def test_random_bytes_are_refused(length: int, refused: float) -> None:
    """Bytes without meaning are told from text, the better the more there are."""
    source = random.Random(length)
    count = 0
    for _ in range(100):
        try:
            decode(source.randbytes(length))
        except NotText:
            count += 1
    assert count >= refused * 100


@pytest.mark.parametrize("text", ["é", "été", "Größe", "¿Qué?", "Å", "Übermäßig", "Ça va ?"])
def test_a_word_of_text_is_text(text: str) -> None:
    """However short it is, text is not taken for binary data."""
    assert decode(text.encode("cp1252")).text == text


def test_a_stray_nul_is_kept() -> None:
    """One NUL in a text is no reason to refuse it, in UTF-8 or in a legacy charset."""
    for name in ("utf-8", "windows-1252"):
        text = STORIES["de"] * 20 + "\0" + STORIES["de"] * 20
        assert decode(text.encode(name)) == (text, name)


def test_a_single_stray_byte_is_no_reason_to_refuse() -> None:
    """An English text with one byte that says nothing is a text."""
    assert decode(b"The wall was repaired.\n\xff\n") == ("The wall was repaired.\n\xff\n", "windows-1252")


def test_nothing_is_an_empty_text() -> None:
    """No bytes are no characters, in UTF-8."""
    assert decode(b"") == ("", "utf-8")


def test_stray_bytes_in_utf8_are_windows_1252() -> None:
    """Files glued together from parts are UTF-8 as far as they can be; the rest is read, not dropped."""
    data = ("Größe, Äther, Öl, Übermut, " * 3).encode() + b"caf\xe9 \x93quoted\x94 \x81"
    assert decode(data) == ("Größe, Äther, Öl, Übermut, " * 3 + "café “quoted” \x81", "utf-8")


@given(printing, st.integers(1, 3))
def test_a_cut_end_costs_one_character(text: str, cut: int) -> None:
    """UTF-8 cut off within its last character loses that one, and says so with U+FFFD."""
    whole = f"{text} über die Brücke € 𝄞".encode()
    assume("~{" not in text)
    assert decode(whole[:-cut]) == (whole[:-4].decode() + "\ufffd", "utf-8")


def test_undefined_bytes_become_c1_controls() -> None:
    """A byte that windows-1252 leaves undefined stays in the text, for repair to see."""
    text, encoding = decode("“It’s the café’s,” he said. ".encode("cp1252") * 5 + b"\x9d\x81")
    assert encoding == "windows-1252"
    assert text.endswith("\x9d\x81")


def _read_by_hand(data: bytes, encoding: str) -> str:
    """What `data` must become: valid parts by the strict codec, each undecodable byte by the rule of the module."""
    text, rest = "", data
    while True:
        try:
            return text + rest.decode(encoding)
        except UnicodeDecodeError as error:
            text += rest[: error.start].decode(encoding)
            wrong, rest = rest[error.start : error.end], rest[error.end :]
            cut = error.reason == "unexpected end of data"
            for byte in wrong:
                if encoding == "utf-8" and not cut:
                    text += bytes([byte]).decode("latin-1" if byte in b"\x81\x8d\x8f\x90\x9d" else "cp1252")
                elif error.encoding == "charmap" and 0x80 <= byte < 0xA0:
                    text += chr(byte)
                elif not (encoding == "utf-8" and byte != wrong[0]):
                    text += "\ufffd"


@st.composite
def damaged_files(draw: st.DrawFn) -> bytes:
    """A story in one of the charsets, at most cut, and with some of its bytes exchanged, put in or left out."""
    story, written, _ = draw(st.sampled_from([*LEGACY, *((story, "utf-8", "") for story in STORIES)]))
    data = bytearray((STORIES[story] * draw(st.integers(1, 4))).encode(written))
    data = data[draw(st.integers(0, 3)) : len(data) - draw(st.integers(0, 40))]
    for _ in range(draw(st.integers(0, 8))):
        at = draw(st.integers(0, len(data)))
        data[at : at + draw(st.integers(0, 1))] = draw(st.binary(max_size=2))
    return bytes(data)


@settings(deadline=None)
@given(
    st.one_of(st.binary(max_size=300), damaged_files(), st.lists(damaged_files(), max_size=3).map(b"".join))
)
@example(b"caf\xe9 \x81\x9d")
@example("Größe, Äther, Öl, Übermut ".encode() + b"\x81\xff\xe2\x82")
@example(("мост " * 9).encode("cp1251") + b"\x98")
@example(("橋を春まで" * 9).encode("cp932") + b"\xfd\x81")
@example(b"\x1b$@!!!!!!!!!!!! ")
def test_no_byte_vanishes(data: bytes) -> None:
    """What strict decoding accepts is in the text as it is, and each byte that it does not has its character there."""
    try:
        text, encoding = decode(data)
    except NotText:
        return
    assert decode(data) == (text, encoding)
    assert codecs.lookup(encoding)
    if encoding.startswith(("iso-2022", "hz", "utf-16", "utf-32")):  # these have states
        there = text.replace("\ufffd", "?")  # what could not be read cannot be written
        assert there.encode(encoding, "replace").decode(encoding) == there
    else:
        assert text == _read_by_hand(data, encoding).removeprefix("\ufeff")


@given(st.binary(max_size=80), st.binary(max_size=80))
def test_streaming_reads_what_decode_reads(first: bytes, second: bytes) -> None:
    """An incremental decoder with the handler `ERRORS` gives the text of the whole."""
    decoder = codecs.getincrementaldecoder("utf-8")(ERRORS)
    streamed = decoder.decode(first) + decoder.decode(second, final=True)
    assert streamed == (first + second).decode("utf-8", ERRORS)


def test_the_preferred_charset_settles_a_doubt() -> None:
    """Bytes that could be two charsets are the one that the source used before."""
    text = "Mińsk: zażółć 17"
    data = text.encode("iso-8859-2")
    assert decode(data, prefer="iso-8859-2") == (text, "iso-8859-2")


@pytest.mark.parametrize(
    "prefer", ["windows-1252", "gb18030", "koi8-r", "utf-8", "no-such-charset", "rot13", "hex", "utf-16"]
)
def test_a_preference_overrides_nothing_certain(prefer: str) -> None:
    """Unicode, bytes not valid in it, and text that is plainly in another charset do not follow the preference."""
    assert decode(STORIES["ru"].encode(), prefer).encoding == "utf-8"
    assert decode((STORIES["ru"] * 4).encode("cp1251"), prefer).text == STORIES["ru"] * 4
    assert decode((STORIES["ja"] * 4).encode("euc_jp"), prefer).text == STORIES["ja"] * 4


def test_a_large_file_is_known_by_samples() -> None:
    """Megabytes of ASCII before the first accent hide nothing."""
    text = "A plain line of English news.\n" * 50_000 + STORIES["ru"] * 20 + "The end of it.\n" * 50_000
    data = text.encode("cp1251")
    assert len(data) > 20 * SAMPLE_BYTES
    assert decode(data) == (text, "windows-1251")


@pytest.mark.parametrize(
    ("story", "written", "name"), [x for x in LEGACY if not x[1].startswith(("iso2022", "hz"))]
)
@pytest.mark.parametrize("end", ["\n", " "])
@pytest.mark.parametrize(("before", "after"), [(9000, 0), (5000, 5000)])
def test_a_few_words_of_a_large_file_tell(
    story: str, written: str, name: str, end: str, before: int, after: int
) -> None:
    """The words beyond ASCII are found wherever they are, in lines and in a text that is one line."""
    english = f"A plain line of English news.{end}"
    text = english * before + STORIES[story].replace("\n", end) * 3 + english * after
    assert charset(text.encode(written)) == name


def test_one_letter_tells_two_charsets_alike() -> None:
    """Where two charsets differ in a letter or two, one within a word decides."""
    text = "Un fait divers a mobilisé la société entière, et l’été a passé là-bas.".replace("’", "'") * 5
    assert charset(text.encode("cp1252")) == "windows-1252"
    assert charset((text + " Sa sœur.").encode("iso-8859-15")) == "iso-8859-15"
    assert charset((text + " 1½ ou 2½ tasses.").encode("cp1252")) == "windows-1252"


@pytest.mark.parametrize("cut", range(4))
def test_a_head_may_end_within_a_character(cut: int) -> None:
    """The charset of a file is known from its first bytes, wherever they end."""
    for story, written, name in LEGACY:
        if not written.startswith("iso2022"):
            data = (STORIES[story] * 8).encode(written)
            assert charset(data[: len(data) - cut]) == name


def _evaluation() -> ModuleType:
    """The module that scores decodings."""
    folder = _shared() / "eval"
    sys.path.insert(0, str(folder))
    try:
        spec = importlib.util.spec_from_file_location("charset_evaluation", folder / "encoding.py")
        assert spec
        assert spec.loader
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module
    finally:
        sys.path.remove(str(folder))


def _shared() -> Path:
    return Path(os.environ.get("COPYDESK_SHARED") or Path(__file__).parents[3] / "shared")


@pytest.mark.shared
def test_labelled_files_are_decoded_right(tmp_path: Path) -> None:
    """Of the detectors' own test files, folder = charset, as many come back as with the best detector."""
    import zstandard

    packed = (_shared() / "data/encoding/bytes.tar.zst").read_bytes()
    unpacked = zstandard.ZstdDecompressor().stream_reader(packed).read()
    with tarfile.open(fileobj=io.BytesIO(unpacked)) as archive:
        archive.extractall(tmp_path, filter="data")
    evaluation = _evaluation()
    trees = [str(p) for name in ("tests", "char-dataset") for p in tmp_path.rglob(name) if p.is_dir()]
    files = evaluation.labelled_files(trees)
    assert len(files) > 400
    right = 0
    for name, data, text in files:
        try:
            right += evaluation.right(decode(data).text, data, name, text)[1]
        except NotText:
            continue
    assert right / len(files) >= 0.995


def test_a_name_in_hz_does_not_make_a_text_hz() -> None:
    """A few characters between HZ's escapes, which are plain ASCII, leave a text as it stands."""
    mail = b"The harbour office was told by ~{5%6+9b~} that the ferry would be late again, as it was last week.\n"
    assert decode(mail) == (mail.decode(), "utf-8")
