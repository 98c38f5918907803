"""Where the journal is: a mistyped path is said, a place that cannot be used too, and nothing is made in silence."""

from __future__ import annotations

from pathlib import Path

import pytest
from cli_program import Program

UNKNOWN = "01a204b9-30cd-777e-9ce5-dc97cc6f3bbb"
READERS = (
    ("list",), ("list", "--count"), ("show", UNKNOWN), ("wait", UNKNOWN), ("worker", "--once"), ("cancel", UNKNOWN),
    ("retry", UNKNOWN), ("retry", "--all-parked"), ("send", UNKNOWN, "code_entered"), ("graph", UNKNOWN),
    ("resolve", UNKNOWN, "--landed", "--reason", "x"), ("keys", "rotate"), ("audit",), ("forget", UNKNOWN),
    ("archive", "--older-than", "1d", "--to", "archive.db"),
)  # fmt: skip


def entries(folder: Path) -> set[str]:
    return {path.name for path in folder.rglob("*")}


@pytest.mark.parametrize("command", READERS, ids=" ".join)
def test_a_command_that_only_reads_makes_no_journal_and_says_so(program: Program, command: tuple[str, ...]) -> None:
    ended = program.here("--journal", "sqlite:///mistyped/journal.db", *command)
    assert (ended.code, ended.out) == (2, "")
    path = program.folder / "mistyped" / "journal.db"
    assert ended.sentence.startswith(f"there is no journal at {path}; `onboarding start` makes one")
    assert entries(program.folder) == set()


def test_a_journal_that_is_made_is_said_once_and_not_beside_json(program: Program, phone: str) -> None:
    start = ("start", "phone-verification", "--phone", phone)
    first = program.here(*start)
    assert first.all_err == f"onboarding: made a new journal at {program.folder / 'journal.db'}\n"
    assert program.here(*start).all_err == ""
    other = {"journal": f"sqlite:///{program.folder / 'other.db'}"}
    assert program.here(*start, "--json", **other).all_err == ""
    watch = ("run", "task-watch", "--user-id", "u", "--task-type", "JOB_TYPE_TA_OPEN", "--timeout", "0s")
    assert "made a new journal" in program.here(*watch, journal="sqlite:///third.db").all_err


@pytest.mark.parametrize("command", [("list",), ("start", "phone-verification", "--phone", "13800000001"), ("worker",)])
def test_a_journal_in_memory_is_refused_as_it_would_be_gone_when_the_command_ends(
    program: Program, command: tuple[str, ...]
) -> None:
    ended = program.here("--journal", "memory://", *command)
    assert (ended.code, ended.out) == (2, "")
    assert "a journal in memory is gone when the command ends" in ended.sentence


@pytest.fixture
def unusable(program: Program) -> dict[str, str]:
    """Places in which no journal can be made, and what is said of each."""
    (program.folder / "file").touch()
    (program.folder / "open").mkdir()
    (program.folder / "open").chmod(0o777)
    found = {
        f"{program.folder}/file/journal.db": "is not a folder",
        f"{program.folder}/open/journal.db": "run chmod go-w on it",
    }
    if Path("/proc/self").exists():
        found |= {"/proc/journal.db": "give a path where", "/proc/below/journal.db": "give a path where"}
    return found


def test_a_place_that_cannot_be_used_is_said_by_start_and_found_by_doctor(
    program: Program, unusable: dict[str, str]
) -> None:
    before = entries(program.folder)
    for path, said in unusable.items():
        journal = ("--journal", f"sqlite:///{path}")
        started = program.here(*journal, "start", "phone-verification", "--phone", "13800000001")
        assert (started.code, started.out) == (1, "")
        assert said in started.sentence
        assert "another process" not in started.sentence
        checks = {check["name"]: check for check in program.here(*journal, "doctor", "--json").document["checks"]}
        assert checks["journal"]["ok"] is False, path
        assert said in checks["journal"]["found"]
        assert checks["journal"]["remedy"]
    assert entries(program.folder) == before


def test_doctor_tries_the_place_of_a_journal_to_come_and_leaves_nothing_behind(program: Program) -> None:
    for journal in ("sqlite:///journal.db", "sqlite:///not/yet/there/journal.db"):
        checks = program.here("--journal", journal, "doctor", "--json").document["checks"]
        assert {check["name"]: check["ok"] for check in checks}["journal"] is True
    assert entries(program.folder) == set()
