"""Several processes and one file: what holds when one of them is killed."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TypeAlias

import pytest

from onboarding.journal import SqliteJournal, load_key_file

from .samples import a_head, store

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(sys.platform == "win32", reason="signals and fork"),
]

Child: TypeAlias = "subprocess.Popen[str]"
Start: TypeAlias = Callable[[str, Path], Child]


@pytest.fixture
def start() -> Iterator[Start]:
    with ExitStack() as ending:

        def begin(what: str, path: Path) -> Child:
            child = subprocess.Popen(
                [sys.executable, str(Path(__file__).with_name("child.py")), what, str(path)],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            )  # fmt: skip
            ending.enter_context(child)
            ending.callback(child.kill)
            return child

        yield begin


def a_line(child: Child) -> list[str]:
    assert child.stdout is not None
    return child.stdout.readline().split()


async def test_what_was_confirmed_is_there_after_the_writer_is_killed(folder: Path, start: Start) -> None:
    path = folder / "journal.db"
    child = start("write", path)
    said = [a_line(child) for _ in range(400)]
    child.kill()
    assert child.stdout is not None
    # The last line may have been cut by the kill.
    said += [line.split() for line in child.stdout.read().splitlines(keepends=True) if line.endswith("\n")]
    child.wait()
    confirmed: dict[str, int] = {}
    for journey, revision in said:
        confirmed[journey] = max(int(revision), confirmed.get(journey, 0))
    assert len(confirmed) == 8
    journal = SqliteJournal(path)
    await journal.open()
    for journey, at_least in confirmed.items():
        stored = await journal.load(journey)
        assert stored.head.revision >= at_least
        assert stored.data == str(stored.head.revision).encode()
        history = await journal.history(journey)
        assert [record.seq for record in history] == list(range(1, stored.head.seq + 1))
    await journal.close()
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    connection.close()


async def test_one_process_owns_and_another_takes_over_when_it_is_killed(folder: Path, start: Start) -> None:
    path = folder / "journal.db"
    child = start("own", path)
    assert a_line(child) == ["owner", "True"]
    journal = SqliteJournal(path)
    await journal.open()
    assert not await journal.own()
    # Who does not own may still create and read.
    await store(journal, a_head("j1"))
    child.kill()
    child.wait()
    assert await journal.own()
    assert (await journal.head("j1")).id == "j1"
    await journal.close()


async def test_two_journals_of_one_process_do_not_both_own(folder: Path) -> None:
    first, second = SqliteJournal(folder / "journal.db"), SqliteJournal(folder / "journal.db")
    await first.open()
    await second.open()
    assert await first.own()
    assert not await second.own()
    await first.disown()
    assert await second.own()
    await second.close()
    assert await first.own()
    await first.close()


async def test_processes_that_write_at_once_lose_nothing(folder: Path, start: Start) -> None:
    path = folder / "journal.db"
    children = [start("create", path) for _ in range(2)]
    assert [a_line(child) for child in children] == [["created"]] * 2
    assert [child.wait() for child in children] == [0, 0]
    journal = SqliteJournal(path)
    await journal.open()
    assert sum((await journal.count()).values()) == 400
    await journal.close()


async def test_a_new_journal_may_be_opened_by_four_processes_at_once(folder: Path, start: Start) -> None:
    children = [start("first", folder / "new" / "journal.db") for _ in range(4)]
    assert [a_line(child) for child in children] == [["opened", "{}"]] * 4
    assert [child.wait() for child in children] == [0] * 4


async def test_a_forked_child_neither_uses_nor_holds_what_its_parent_opened(folder: Path, start: Start) -> None:
    path = folder / "journal.db"
    parent = start("fork", path)
    assert [a_line(parent) for _ in range(4)] == [["refused", "True"]] * 4
    assert a_line(parent)[0] == "child"
    journal = SqliteJournal(path)
    await journal.open()
    assert not await journal.own(), "the child's close must not have let go of the parent's lock"
    parent.kill()
    parent.wait()
    # The child still lives: it waits for its input to end, when the fixture closes the pipe.
    assert await journal.own()
    await journal.close()


def test_of_processes_that_make_a_key_file_at_once_all_get_the_same(folder: Path, start: Start) -> None:
    children = [start("keys", folder / "keys") for _ in range(4)]
    ids = [a_line(child)[0] for child in children]
    assert [child.wait() for child in children] == [0] * 4
    assert set(ids) == {load_key_file(folder / "keys").ids[0]}
    assert {place.name for place in folder.iterdir()} == {"keys"}
