"""Whatever happens to a file of a dataset is found by `verify`, and does no harm to the next run."""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest

from flows.dataset import Dataset
from flows.errors import CopydeskError
from flows.maintenance import expire, restore, rollback
from flows.verify import verify_folder
from small_runs import LONG_AGO, aged, run, story

from .damaging import BAKERS, CHOIR, COAST, LATER, MUSEUM, ORCHARD, RECORDS, write

SETTINGS: Final[dict[str, Any]] = {"language": {"enabled": False}, "duplicate": {"method": "exact"}}
CASES: Final = 300


class Made(NamedTuple):
    """A dataset, the same one a run earlier, and what the next run makes of it."""

    out: Path
    before: Path
    next: Callable[[Path], None]
    result: dict[str, bytes]  # the files of the next run


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """A dataset with all kinds of files: of runs that were published, expired, undone and restored."""
    folder = tmp_path_factory.mktemp("made")
    inputs, out, before = folder / "in", folder / "out", folder / "before"
    inputs.mkdir()
    write(inputs / "1.jsonl", RECORDS)
    run(inputs, out, SETTINGS)
    write(inputs / "2.jsonl", LATER)
    run(inputs, out, SETTINGS)
    aged(out, "r000001", LONG_AGO)
    expire(Dataset(out), LONG_AGO.replace(year=2021))
    write(
        inputs / "3.jsonl", [{"id": "k", "text": f"{COAST}\n{CHOIR}\n{story(1)}\nAdvertisement"}, {"id": "l"}]
    )
    run(inputs, out, SETTINGS)
    rollback(Dataset(out), "r000003")
    run(inputs, out, SETTINGS)
    restore(Dataset(out), reason="boilerplate")
    os.utime(inputs / "1.jsonl")
    run(inputs, out, SETTINGS)
    shutil.copytree(out, before)
    write(inputs / "4.jsonl", [{"id": "m", "text": f"{ORCHARD}\n{story(2)}\n{story(3)}\n{BAKERS}"}])
    os.utime(inputs / "2.jsonl")
    run(inputs, out, SETTINGS)
    write(
        inputs / "5.jsonl", [{"id": "n", "text": f"{story(2)}\n{MUSEUM}\n{story(1)}\nAdvertisement\n{COAST}"}]
    )
    write(inputs / "4.jsonl", [{"id": "m", "text": f"{ORCHARD}\n{story(2)}\n{story(3)}\n{BAKERS}", "n": 1}])
    after = Path(shutil.copytree(out, folder / "after"))

    def once_more(copy: Path) -> None:
        run(inputs, copy, SETTINGS)

    once_more(after)
    return Made(out, before, once_more, result(after))


def result(out: Path) -> dict[str, bytes]:
    """All parts of the last run: the same decisions make the same bytes."""
    run_id = Dataset(out).runs()[-1]
    return {
        str(path.relative_to(out)): path.read_bytes()
        for base in (out, out / "_copydesk")
        for path in base.glob(f"*/run={run_id}/part-*")
    }


def flip(path: Path, _other: Path, dice: random.Random) -> None:
    """Flip one bit."""
    data = bytearray(path.read_bytes())
    data[dice.randrange(len(data))] ^= 1 << dice.randrange(8)
    path.write_bytes(data)


def cut(path: Path, _other: Path, dice: random.Random) -> None:
    """Truncate the file."""
    path.write_bytes(path.read_bytes()[: dice.randrange(path.stat().st_size)])


def blank(path: Path, _other: Path, dice: random.Random) -> None:
    """Fill a block with zeros."""
    data = path.read_bytes()
    start = dice.randrange(len(data))
    end = min(len(data), start + dice.choice((16, 64, 512, 4096)))
    path.write_bytes(data[:start] + bytes(end - start) + data[end:])


def lose(path: Path, _other: Path, _dice: random.Random) -> None:
    """Delete the file."""
    path.unlink()


def swap(path: Path, other: Path, _dice: random.Random) -> None:
    """Put a file of the same name in its place, of another run, or as it was a run earlier."""
    shutil.copy(other, path)


DAMAGES: Final = (flip, cut, blank, lose, swap)
#: What a run earlier were sound files: the next run brings them up to date.
EARLIER_IS_SOUND: Final = ("history.parquet", "seen.parquet", "inventory.json", "card.json", "README.md")


def kind_of(name: str) -> str:
    """The kind of a file: its path without run and number."""
    return "/".join(part for part in name.split("/") if not part.startswith(("run=", "r0")))


def files(out: Path) -> dict[str, list[str]]:
    """The files of a dataset by their kind."""
    kinds: dict[str, list[str]] = {}
    for path in sorted(path for path in out.rglob("*") if path.is_file() and path.name != "lock"):
        name = path.relative_to(out).as_posix()
        kinds.setdefault(kind_of(name), []).append(name)
    return kinds


def other_of(made: Made, name: str) -> Path:
    """The file that is swapped for this one."""
    others = [other for other in files(made.out)[kind_of(name)] if other != name]
    return made.out / others[0] if others else made.before / name


class Case(NamedTuple):
    """A file of the dataset, and what happens to it."""

    name: str
    damage: Callable[[Path, Path, random.Random], None]
    seed: int = 0

    def __str__(self) -> str:
        return f"{self.damage.__name__} {self.name} ({self.seed})"


def wrong(made: Made, case: Case, copy: Path, caplog: pytest.LogCaptureFixture) -> str:
    """Do the damage in a copy. `verify` names the file, and the next run is refused with its name, or unharmed.

    The answer says what is not so; "" if all is.
    """
    shutil.copytree(made.out, copy, copy_function=os.link)
    try:
        path, other = copy / case.name, other_of(made, case.name)
        before = path.read_bytes()
        path.unlink()
        path.write_bytes(before)  # no longer a link to the file of the whole dataset
        if case.damage is swap and not other.exists():
            return ""
        case.damage(path, other, random.Random(str(case)))
        if path.exists() and path.read_bytes() == before:
            return ""
        sound = case.damage is swap and path.name in EARLIER_IS_SOUND
        problems = list(verify_folder(copy))
        if not sound and not any(path.name in problem for problem in problems):
            return f"{case}: not found: {problems}"
        caplog.clear()
        try:
            made.next(copy)
        except CopydeskError as error:
            return "" if path.name in str(error) else f"{case}: refused without its name: {error}"
        if result(copy) != made.result:
            return f"{case}: the next run is another"
        if list(verify_folder(copy)) == [] and not sound and path.name not in caplog.text:
            return f"{case}: repaired in silence"
        return ""
    finally:
        shutil.rmtree(copy)


def cases(made: Made) -> list[Case]:
    """Each kind of file with each kind of damage, one of each kind of file first; then the same with other seeds."""
    kinds = list(files(made.out).values())
    return [
        Case(names[turn // len(DAMAGES) % len(names)], DAMAGES[(turn + number) % len(DAMAGES)], turn)
        for turn in range(CASES)
        for number, names in enumerate(kinds)
    ][:CASES]


def test_damage_to_each_kind_of_file_is_found(
    made: Made, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Each kind of file, damaged in one way or another: found and named, and the next run is refused or unharmed."""
    some = cases(made)[: len(files(made.out))]
    assert {case.damage for case in some} == set(DAMAGES)
    assert [problem for case in some if (problem := wrong(made, case, tmp_path / "copy", caplog))] == []


@pytest.mark.slow
def test_random_damage_is_found(made: Made, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """300 cases of damage, at random places in each kind of file."""
    problems = [problem for case in cases(made) if (problem := wrong(made, case, tmp_path / "copy", caplog))]
    assert problems == []
