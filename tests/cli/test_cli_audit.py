"""``audit``: what somebody did to the file is said, with an exit code."""

from __future__ import annotations

import sqlite3

import pytest
from cli_program import Program


@pytest.fixture
def journey(program: Program, phone: str) -> str:
    """One that a worker has looked at."""
    journey = program.here("start", "phone-verification", "--phone", phone).out.strip()
    assert program.here("worker", "--once").code == 0
    return journey


def change(program: Program, statement: str, *values: str) -> None:
    connection = sqlite3.connect(program.folder / "journal.db")
    assert connection.execute(statement, values).rowcount == 1
    connection.commit()
    connection.close()


def test_a_journal_that_nobody_touched_passes(program: Program, journey: str) -> None:
    for arguments in ((), (journey,)):
        passed = program.here("audit", *arguments)
        assert (passed.code, passed.out) == (0, "")
        assert passed.sentence == "1 journey with 2 rows of history: all is as it was written"
    document = program.here("audit", "--json").document
    assert document == {
        "ok": True, "journeys": 1, "transitions": 2, "found": 0, "findings": [], "unsigned": 0,
    }  # fmt: skip


def test_an_edit_is_named_with_its_journey_and_row(program: Program, journey: str) -> None:
    change(program, "UPDATE transitions SET worker = 'somebody' WHERE journey = ? AND seq = 2", journey)
    failed = program.here("audit")
    said = f"journey {journey}, row 2: it was changed after it was written, or it belongs to another journey"
    assert (failed.code, failed.out) == (1, f"{said}\n")
    assert failed.sentence == "1 journey with 2 rows of history: 1 finding"
    document = program.here("audit", "--json").document
    assert (document["ok"], document["findings"]) == (False, [{"journey": journey, "seq": 2, "what": said}])
    refused = program.here("audit", "nobody")
    assert (refused.code, refused.out) == (2, "")


def test_what_was_written_into_the_file_does_not_steer_the_terminal(program: Program, journey: str) -> None:
    change(program, "UPDATE journeys SET state = ? WHERE id = ?", "\x1b[2Jcleared", journey)
    failed = program.here("audit")
    assert failed.code == 1
    assert "\x1b" not in failed.out


def test_without_its_keys_nothing_is_audited(program: Program, journey: str) -> None:
    del journey
    (program.folder / "journal.db.keys").unlink()
    failed = program.here("audit")
    assert failed.code == 1
    assert "put it back" in failed.sentence
