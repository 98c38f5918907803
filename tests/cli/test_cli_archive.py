"""``archive``: what has ended is moved into a journal of its own, or deleted."""

from __future__ import annotations

import pytest
from cli_program import Program


@pytest.fixture
def journey(program: Program, phone: str) -> str:
    """One that was cancelled."""
    journey = program.here("start", "phone-verification", "--phone", phone, "--key", f"key-of-{phone}").out.strip()
    assert program.here("cancel", journey, "--reason", "the caller asked for it").code == 0
    return journey


def test_what_has_ended_is_moved_and_read_from_the_archive(program: Program, phone: str, journey: str) -> None:
    live = program.here("start", "phone-verification", "--phone", phone).out.strip()
    shown = program.here("show", journey, "--json").document
    moved = program.here("archive", "--older-than", "0s", "--to", "archive.db")
    place = program.folder / "archive.db"
    assert (moved.code, moved.out, moved.err) == (0, f"1 journey moved to {place}\n", "")
    assert program.here("show", journey).code == 2
    assert live in program.here("list").out
    assert journey not in program.here("list").out
    assert program.here("audit").code == 0
    archive = {"journal": f"sqlite:///{place}", "key_file": str(program.folder / "journal.db.keys")}
    assert program.here("show", journey, "--json", **archive).document == shown
    assert journey in program.here("list", **archive).out
    assert program.here("audit", **archive).code == 0
    again = program.here("start", "phone-verification", "--phone", phone, "--key", f"key-of-{phone}")
    assert (again.code, again.out.strip()) == (0, journey)
    nothing = program.here("archive", "--older-than", "0s", "--to", "archive.db", "--json")
    assert nothing.document == {"journeys": 0, "left": 0, "archive": str(place)}


def test_what_is_deleted_is_asked_for_twice(program: Program, journey: str) -> None:
    refused = program.here("archive", "--older-than", "0s", "--delete")
    assert (refused.code, refused.sentence) == (2, "what is deleted is gone: add --yes")
    assert journey in program.here("list").out
    deleted = program.here("archive", "--older-than", "0s", "--delete", "--yes")
    assert (deleted.code, deleted.out, deleted.err) == (0, "1 journey deleted\n", "")
    assert journey not in program.here("list").out


@pytest.mark.parametrize("where", [(), ("--to", "archive.db", "--delete")])
def test_it_is_either_moved_or_deleted(program: Program, where: tuple[str, ...]) -> None:
    program.make_journal()
    refused = program.here("archive", "--older-than", "1d", *where)
    assert (refused.code, refused.sentence) == (2, "archive needs either --to FILE or --delete")


def test_the_journal_is_not_archived_into_itself(program: Program, journey: str) -> None:
    refused = program.here("archive", "--older-than", "0s", "--to", "journal.db")
    assert refused.code == 1
    assert "is the journal itself" in refused.sentence
    assert journey in program.here("list").out
