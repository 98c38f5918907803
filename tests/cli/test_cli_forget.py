"""``forget``: a person is erased, the history stays."""

from __future__ import annotations

import subprocess

import pytest
from cli_program import Program


@pytest.fixture
def journey(program: Program, phone: str) -> str:
    """One that was cancelled."""
    journey = program.here("start", "phone-verification", "--phone", phone, "--key", f"key-of-{phone}").out.strip()
    assert program.here("cancel", journey, "--reason", "canary: the caller asked for it").code == 0
    return journey


def raw(program: Program) -> bytes:
    files = [str(place) for place in program.folder.iterdir() if place.name.startswith("journal.db")]
    return subprocess.run(["cat", *files], capture_output=True, check=True, timeout=30).stdout


def test_a_journey_is_forgotten_once_and_for_all(program: Program, phone: str, journey: str) -> None:
    assert b"canary" in raw(program)
    forgotten = program.here("forget", journey)
    assert (forgotten.code, forgotten.err) == (0, "")
    assert forgotten.out == f"the person was erased from {journey}; its history stays\n"
    assert b"canary" not in raw(program)
    again = program.here("forget", journey, "--json")
    assert (again.code, again.document["id"], again.document["outcome"]["forgotten"]) == (0, journey, True)
    shown = program.here("show", journey)
    assert (shown.code, shown.err) == (0, "")
    assert "its data were erased" in shown.out
    assert "canary" not in shown.out
    document = program.here("show", journey, "--json").document
    assert [row["trigger"] for row in document["transitions"]][-2:] == ["cancelled", "forgotten"]
    assert "mac" not in document["transitions"][0]
    assert "data" not in document
    assert journey in program.here("list").out
    assert program.here("wait", journey).code == 1
    revealed = program.here("show", journey, "--reveal", "phone")
    assert (revealed.code, revealed.sentence) == (2, "the journey was forgotten: its data were erased")
    drawn = program.here("show", journey, "--graph")
    assert (drawn.code, drawn.err) == (0, "")
    assert program.here("audit").code == 0
    assert program.here("keys", "rotate").code == 0
    assert program.here("worker", "--once").code == 0
    second = program.here("start", "phone-verification", "--phone", phone, "--key", f"key-of-{phone}").out.strip()
    assert second != journey


def test_what_is_under_way_is_not_forgotten(program: Program, phone: str) -> None:
    journey = program.here("start", "phone-verification", "--phone", phone).out.strip()
    refused = program.here("forget", journey)
    assert refused.code == 1
    assert "cancel it first" in refused.sentence
    assert program.here("show", journey, "--reveal", "phone").out == f"{phone}\n"


def test_all_that_ended_long_ago_is_forgotten_where_it_is_confirmed(program: Program, journey: str) -> None:
    refused = program.here("forget", "--older-than", "0s")
    assert (refused.code, refused.sentence) == (2, "what is forgotten is gone: add --yes")
    assert program.here("forget", "--older-than", "30d", "--yes").out == "0 journeys forgotten\n"
    assert program.here("show", journey, "--reveal", "phone").code == 0
    assert program.here("forget", "--older-than", "0s", "--yes").out == "1 journey forgotten\n"
    document = program.here("forget", "--older-than", "0s", "--yes", "--json").document
    assert document == {"forgotten": 0, "refused": 0, "reasons": []}
    assert program.here("show", journey, "--reveal", "phone").code == 2


def test_at_a_terminal_a_person_is_asked_first(program: Program, journey: str) -> None:
    for answer, expected in (("n", 0), ("y", 2)):
        terminal = program.in_terminal("forget", "--older-than", "0s")
        terminal.until("It cannot be undone")
        terminal.type(answer)
        assert terminal.end() == (2 if answer == "n" else 0), terminal.shown
        assert program.here("show", journey, "--reveal", "phone").code == expected


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "the id of a journey, or --older-than"),
        (("some", "--older-than", "1d"), "the id of a journey, or --older-than"),
        (("--older-than", "soon", "--yes"), "--older-than must be a length of time"),
        (("--older-than", "1d", "--yes", "--damaged"), "--damaged goes with the id"),
        (("nobody",), "no journey's id"),
    ],
)
def test_what_makes_no_sense_is_refused_in_a_sentence(program: Program, arguments: tuple[str, ...], words: str) -> None:
    program.make_journal()
    refused = program.here("forget", *arguments)
    assert (refused.code, refused.out) == (2, "")
    assert words in refused.sentence
