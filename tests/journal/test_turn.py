"""The turn to write: one at a time, across processes, whatever becomes of the lock's file."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from onboarding.journal.turn import Turn, kernel_lock


def test_of_two_that_want_it_one_gets_it_until_it_is_given_back(folder: Path) -> None:
    one, other = Turn(folder / "lock"), Turn(folder / "lock")
    assert one.take(0)
    assert not other.take(0.01)
    one.give_back()
    assert other.take(0)
    other.give_back()
    assert (folder / "lock").stat().st_mode & 0o777 == 0o600


def test_it_is_the_lock_that_others_know(folder: Path) -> None:
    turn = Turn(folder / "lock")
    with kernel_lock(folder / "lock", 0):
        assert not turn.take(0)
    assert turn.take(0)
    turn.give_back()


def test_a_holder_that_dies_gives_it_back(folder: Path) -> None:
    program = (
        "import pathlib, sys, time; from onboarding.journal.turn import Turn; turn = Turn(pathlib.Path(sys.argv[1]))\n"
        "print(turn.take(0), flush=True); time.sleep(60)"
    )
    turn = Turn(folder / "lock")
    with subprocess.Popen(
        [sys.executable, "-c", program, str(folder / "lock")], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "True\n"
        assert not turn.take(0)
        process.kill()
        process.wait()
    assert turn.take(5)


def test_where_its_file_was_removed_it_is_the_new_file_that_counts(folder: Path) -> None:
    one, other = Turn(folder / "lock"), Turn(folder / "lock")
    assert one.take(0)
    one.give_back()
    (folder / "lock").unlink()
    assert other.take(0)
    assert not one.take(0), "not the old one, which nobody else sees"
    other.give_back()
    assert one.take(0)


def test_a_link_in_its_place_is_not_followed(folder: Path) -> None:
    (folder / "elsewhere").touch()
    (folder / "lock").symlink_to(folder / "elsewhere")
    with pytest.raises(OSError, match="lock"):
        Turn(folder / "lock").take(0)
