"""CSV of other dialects than the standard, and CSV whose quotes are damaged."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from flows.inputs.csv_files import rows as csv_rows
from flows.inputs.csv_files.layout import SAMPLE, layout_of
from flows.inputs.csv_files.lines import Lines
from flows.inputs.csv_files.rows import Cells, Damaged
from tests.flows.inputs.reading import documents, errors, shards, texts

PARAGRAPHS = "The old bridge, which is long, stays open.\n\nTraders had warned, loudly, that it would close."


def write(path: Path, content: str | bytes) -> Path:
    """A file with this content."""
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def rows(content: str) -> list[Cells]:
    """The rows of a CSV file that has a column "text"."""
    kept = content.replace("\r\n", "\n").removesuffix("\n").split("\n")
    lines = Lines((line + "\n" for line in kept), "utf-8", "too large", 1_000_000)
    sample, whole = lines.sample(SAMPLE)
    layout = layout_of(sample, whole=whole, has_text=lambda names: "text" in names)
    assert layout is not None
    lines.skip(layout.first)
    return list(csv_rows.rows(lines, layout))


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        # escaped quotes, with and without a delimiter between them
        ('id,text\n"1","He said \\"no, never\\" and left."\n"2","a \\"b\\" c"\n',
         ['He said "no, never" and left.', 'a "b" c']),
        # unquoted, as MySQL writes: escaped delimiters and line ends, and a null
        ("id\ttitle\ttext\n1\t\\N\tone\\\ntwo\n2\tB\ta\\\tb \\\\ c\n", ["one\ntwo", "a\tb \\ c"]),
        # as PostgreSQL writes
        ('id\ttitle\ttext\n1\t\\N\tone\\ntwo "three\n2\tB\tfour\n', ['one\ntwo "three', "four"]),
        # unquoted texts that begin with a quotation mark
        ('id\ttext\n1\t"No," he said.\n2\t"Never," she said.\n3\tPlain.\n',
         ['"No," he said.', '"Never," she said.', "Plain."]),
        # a quotation mark that the next but one row closes
        ('id\ttext\n1\t"It was dark.\n2\tIt was late.\n3\tHe said it was "late" then.\n',
         ['"It was dark.', "It was late.", 'He said it was "late" then.']),
        # quotation marks within an unquoted cell, and around its first word
        ('id,title,text\n1,A,The 12" pipe burst.\n2,B,"Silent" was the word.\n3,C,Plain.\n',
         ['The 12" pipe burst.', '"Silent" was the word.', "Plain."]),
        # quotes that are not doubled, before a comma, too
        ('id,title,text\n1,A,"He said "no", and left"\n2,B,Plain.\n3,C,Plain.\n',
         ['He said "no", and left', "Plain.", "Plain."]),
        ("'id','text'\n'1','one, two'\n'2','it''s late, too'\n", ["one, two", "it's late, too"]),
        ("id,text\n1,'one, two'\n2,'it\\'s late, too'\n", ["one, two", "it's late, too"]),
        ('id, text\n1, "one, two"\n2, three\n3, "four"\n', ["one, two", "three", "four"]),
        ("sep=;\nid;text\n1;one, two\n", ["one, two"]),
        ('"sep=|"\nid|text\n1|one, two; three\n', ["one, two; three"]),
        ('"LAST UPDATE";"14/05/2019 04:01"\nid;text;price\n1;one;3,14\n2;two;2,50\n', ["one", "two"]),
        ("Export of 2019-05-14\n(all, really)\n\nid,text\n1,one\n2,two\n", ["one", "two"]),
        ("Export of 2019-05-14,,\n,,\nid,title,text\n1,A,one\n", ["one"]),
        ("id,title,text\n1,A,one,\n2,B,two,\n", ["one", "two"]),
        ("id,title,text,\n1,A,one,\n2,B,two,\n", ["one", "two"]),
        ("id,title,text,date\n1,A,one\n2,B,two,2019-05-14\n3,C,three\n", ["one", "two", "three"]),
        ("id,text,tags|a|b|c|d\n1,one,x\n2,two,y\n", ["one", "two"]),
        ('"id","text"\n1,one\n2,two\n', ["one", "two"]),
        ("id,text\n1,one\n\n   \n2,two\n", ["one", "two"]),
        ("id,text\n1,one\nid,text\n2,two\n", ["one", "two"]),
        ("id,title,text\n1,A,one\ntext,id,title\ntwo,2,B\n", ["one", "two"]),
        ('id,text,tag\n1,"one, two" ,x\n2,"three, four" ,y\n', ["one, two", "three, four"]),
        # a file that a spreadsheet did not split into cells
        ('"id,title,text"\n"1,A,""one, two"""\n"2,B,three"\n', ["one, two", "three"]),
        # escapes of line ends and of quotes that need none
        ('"id","text"\n"1","one\\ntwo \\"x\\" y"\n"2","it\\\'s"\n', ['one\ntwo "x" y', "it's"]),
        # backslashes that escape nothing
        ('id,text\n1,"C:\\"\n2,"one, two"\n', ["C:\\", "one, two"]),
        ("id:text\n1:one\n2:two\n", ["one", "two"]),
        ("text\none, two\nthree; four\n\"five, six\"\n", ["one, two", "three; four", "five, six"]),
        # a table that R wrote, with names of its rows
        ('"id","text"\n"1","a7","one"\n"2","a9","two"\n', ["one", "two"]),
        (f'id,text\r1,"{PARAGRAPHS}"\r2,two\r', [PARAGRAPHS, "two"]),
        (b"id,text\n1,one" + b"\0" * 90 + b"\n2,two\n", ["one", "two"]),
        ("sep=;\r\nid;text\r\n1;eins\r\n".encode("utf-16"), ["eins"]),
        (f'id,title,text\n1,A,"{PARAGRAPHS}"\n2,"B\nb","{PARAGRAPHS}"\n', [PARAGRAPHS, PARAGRAPHS]),
    ],
)  # fmt: skip
def test_a_dialect_is_recognised(tmp_path: Path, content: str | bytes, expected: list[str]) -> None:
    """Delimiter, quoting, escapes and header are found by the evidence of the rows; nothing is rejected."""
    assert [d["text"] for d in documents(write(tmp_path / "a.csv", content))] == expected


def test_fields_that_are_missing_at_the_end_are_not_there(tmp_path: Path) -> None:
    """A shorter row is a document without them, unless it lacks the text."""
    path = write(tmp_path / "a.csv", 'id,title,text,tag\n1,A,"one\ntwo"\n2,B,three,x\n3,C\n')
    assert texts(path) == ["one\ntwo", "three"]
    assert errors(path) == {"a.csv#3": "row 3: 2 fields where the header has 4"}
    path = write(tmp_path / "b.csv", "id,title,text,tag\n1,A,one\n2,B,three,x\n")
    assert [d["metadata"] for d in documents(path)] == [None, '{"tag":"x"}']


def test_nulls_of_databases_are_null(tmp_path: Path) -> None:
    r"""`\N` is no title, and no text."""
    path = write(tmp_path / "a.csv", 'id,title,text,tag\n7,\\N,"a \\"b\\"",\\\\x\n8,"B",\\N,\n')
    (found,) = (row for s in shards(path) for row in s.documents.to_dicts())
    assert (found["title"], found["text"], found["metadata"]) == (None, 'a "b"', r'{"tag":"\\x"}')
    assert errors(path) == {"a.csv#2": 'no text: field "text" is empty'}


def test_an_open_quote_costs_its_row(tmp_path: Path) -> None:
    """All other rows are read, also beyond the sample by which the dialect is judged."""
    for broken in (2, 9000):
        lines = [f"{n},Head {n},Report {n}, of the harbour." for n in range(1, 10_001)]
        lines = [
            line.replace(", of", " of") if n % 2 else line.replace(", of", ": of")
            for n, line in enumerate(lines)
        ]
        lines[broken - 1] = lines[broken - 1].replace("Report", '"Report')
        path = write(tmp_path / "a.csv", "id,title,text\n" + "\n".join(lines) + "\n")
        found = documents(path)
        assert [d["record_id"] for d in found] == [str(n) for n in range(1, 10_001)]
        assert found[broken - 1]["text"].startswith('"Report')


def test_a_quote_that_is_lost_costs_its_row(tmp_path: Path) -> None:
    """In texts of many lines, the row ends before the next line that begins a row."""
    good = [f'{n},"Head, {n}","{PARAGRAPHS}",2019-05-0{n}' for n in range(1, 8)]
    for at, damaged in ((3, good[3].replace('close."', "close.")), (3, good[3].replace(',"The', ",The"))):
        content = "\n".join(["id,title,text,date", *good[:at], damaged, *good[at + 1 :]])
        path = write(tmp_path / "a.csv", content)
        assert [d for d in texts(path) if d == PARAGRAPHS] == [PARAGRAPHS] * 6
        (error,) = errors(path).values()
        assert "row 4: " in error


def test_paragraphs_without_their_quotes_are_no_rows(tmp_path: Path) -> None:
    """They may have as many commas as the header; but no number stands where all other rows have one."""
    story = "Then, at last, it opened.\nSo, they said, it was over.\nNobody came."
    good = [f'{n},Head {n},"{story}"' for n in range(1, 20)]
    damaged = good[9].replace('"Then', "Then")
    path = write(tmp_path / "a.csv", "\n".join(["id,title,text", *good[:9], damaged, *good[10:]]))
    assert [text for text in texts(path) if text != story] == []
    assert len(texts(path)) == 18
    (error,) = errors(path).values()
    assert "fields where the header has 3" in error


@pytest.mark.parametrize("quote", ['"', "'"])
@pytest.mark.parametrize("columns", [["text"], ["title", "text"], ["id", "title", "text"]])
def test_lost_quotes_of_long_texts_cost_their_rows(tmp_path: Path, columns: list[str], quote: str) -> None:
    """Also where no column has numbers: then the next line that opens a quote begins a row."""
    table = [
        {
            "id": str(n),
            "title": f"The title of {'abcdefghijkl'[n]}",
            "text": f"Story {n} began.\n\n{PARAGRAPHS}",
        }
        for n in range(12)
    ]
    file = io.StringIO()
    csv.writer(file, quotechar=quote, lineterminator="\n").writerows(
        [columns, *([row[column] for column in columns] for row in table)]
    )
    whole = [row["text"] for row in table]
    assert texts(write(tmp_path / "a.csv", file.getvalue())) == whole
    begin = f"{quote}Story 5"
    for lost, damaged in ((begin, begin[1:]), (f"close.{quote}", "close.")):
        at = file.getvalue().index(lost, file.getvalue().index("Story 5") - 1)
        content = file.getvalue()[:at] + damaged + file.getvalue()[at + len(lost) :]
        found = texts(write(tmp_path / "b.csv", content))
        assert [text for text in whole if text not in found] == whole[5:6]
        assert len(found) <= len(whole)
        assert errors(tmp_path / "b.csv")


def test_a_file_without_a_header_is_rejected_with_what_to_do(tmp_path: Path) -> None:
    """Its first row is data: long, or numbers and dates."""
    path = write(
        tmp_path / "a.csv", "1,Bridge,The old bridge stays open.,2019-05-14\n2,Bees,It was wet.,2019-05-15\n"
    )
    assert errors(path) == {
        "a.csv": "no header: the first row looks like data (1, Bridge, The old bridge stays open., 2019-05-14); "
        'write the names of the columns above it, one of them "text"'
    }


DIALECTS = st.fixed_dictionaries(
    {
        "delimiter": st.sampled_from(",;\t|"),
        "quoting": st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]),
        "lineterminator": st.sampled_from(["\n", "\r\n"]),
        "escapes": st.booleans(),
    }
)
CELLS = st.text(st.sampled_from('ab \n",;\t|\\'), max_size=30)


def written(dialect: dict[str, Any], table: list[list[str]]) -> str:
    """A table as the csv module writes it."""
    options = {name: value for name, value in dialect.items() if name != "escapes"}
    escapes = {"doublequote": False, "escapechar": "\\"} if dialect["escapes"] else {}
    file = io.StringIO()
    csv.writer(file, **options, **escapes).writerows(table)
    return file.getvalue()


#: Rows in which quotes and backslashes show what they mean.
PLAIN = [[str(n), "A", f'He said "no, {n}" to the \\ and left.'] for n in range(100, 112)]


@given(dialect=DIALECTS, cells=st.lists(st.tuples(CELLS, CELLS), max_size=8))
@settings(deadline=None)
def test_what_was_written_is_read(dialect: dict[str, Any], cells: list[tuple[str, str]]) -> None:
    """Whatever the cells contain, all rows come back as they are."""
    table = [*PLAIN, *([str(n), *pair] for n, pair in enumerate(cells, 200))]
    assert rows(written(dialect, [["id", "title", "text"], *table])) == table


WORDS = st.sampled_from(
    ['"yes"', "the", "bridge,", "is\nopen;", "and", "late\n\nthen", "a | b", "c\td", "\\"]
)


@given(
    dialect=DIALECTS,
    stories=st.lists(st.lists(WORDS, min_size=3, max_size=20).map(" ".join), min_size=3, max_size=8),
    chance=st.randoms(use_true_random=False),
)
@settings(deadline=None)
def test_one_damaged_quote_costs_one_row(dialect: dict[str, Any], stories: list[str], chance: Any) -> None:
    """A quote that is inserted or lost anywhere changes its row and at most one beside it; all others come back."""
    table = [*PLAIN, *([str(n), "B", story] for n, story in enumerate(stories, 200)), *PLAIN]
    content = written(dialect, [["id", "title", "text"], *table])
    begin = content.index("\n") + 1
    quotes = [at for at in range(begin, len(content)) if content[at] == '"']
    at = chance.choice([chance.randrange(begin, len(content)), chance.choice(quotes)])
    damaged = content[:at] + ('"' if at not in quotes else "") + content[at + (at in quotes) :]
    assume(damaged != content)
    found = rows(damaged)
    whole = [row for row in found if row in table]
    assert len(whole) >= len(table) - 2
    rejected = [row for row in found if isinstance(row, Damaged)]
    others = [row for row in found if row and not isinstance(row, Damaged) and row not in table]
    assert len(whole) + len(rejected) + len(others) >= len(table)


@pytest.mark.parametrize("doubled", [False, True])
@pytest.mark.parametrize("named", [False, True])
def test_tables_from_r_with_spaces(tmp_path: Path, doubled: bool, named: bool) -> None:
    """Rows may have names; quotes are escaped or doubled; NA is null; cells may have delimiters and lines."""
    quote = '""' if doubled else '\\"'
    rows = [
        ('"Dry"', f'"The mill {quote}stands still{quote}, he said; it is dry."', "17"),
        ("NA", '"Two\nlines, of the valley."', "NA"),
        ('"Wet"', '"It rains."', "3.5"),
    ]
    names = [f'"{number}" ' if named else "" for number in range(1, 4)]
    body = "".join(name + " ".join(row) + "\n" for name, row in zip(names, rows, strict=True))
    for name in ("a.txt", "b.csv", "c"):
        (tmp_path / name).write_text(f'"title" "text" "score"\n{body}')
    found = documents(tmp_path)
    assert [one["title"] for one in found] == ["Dry", None, "Wet"] * 3
    assert [one["text"] for one in found[:2]] == [
        'The mill "stands still", he said; it is dry.',
        "Two\nlines, of the valley.",
    ]
