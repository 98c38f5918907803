"""Lists and histories can be read in a terminal of any width: no id, word or time is broken in two."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cli_program import Program
from rich.cells import cell_len

from onboarding.cli.grid import Layout, grid, labelled, wrapped
from onboarding.cli.listing import LAYOUTS, row_of
from onboarding.cli.timeline import HISTORY, timeline_rows
from onboarding.engine import Journey, Parked, ParkKind
from onboarding.journal import Status, TransitionRecord

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
WIDTHS = (80, 90, 100, 120)
REASON = "mend the settings (address, tenant, token) or the flow, then retry"


def journey(number: int, flow: str, state: str, status: Status, more: dict[str, Any]) -> Journey:
    facts: dict[str, Any] = {
        "version": 1, "in_doubt": False, "attempt": 1, "updated": NOW, "entered": NOW,
        "created": NOW - timedelta(minutes=59, seconds=59), "due": NOW + timedelta(minutes=59, seconds=59),
    }  # fmt: skip
    id_ = f"01a204b9-30cd-777e-9ce5-{number:012x}"
    return Journey(id_, flow, state=state, status=status, **{**facts, **more})


@pytest.fixture
def journeys() -> list[Journey]:
    parked = Parked(ParkKind.REJECTED, "the token has expired", REASON, NOW)
    kinds: list[tuple[str, str, Status, dict[str, Any]]] = [
        ("mobile-registration", "awaiting_code", Status.WAITING, {"accepts": ("code_entered", "resend")}),
        ("password-reset", "resetting_password", Status.WORKING, {"in_doubt": True}),
        ("task-watch", "watching", Status.POLLING, {"attempt": 13}),
        ("avatar-change", "setting_avatar", Status.PARKED, {"parked": parked, "due": None}),
        ("email-registration", "registered", Status.DONE, {"due": None}),
    ]
    return [journey(number, *kinds[number % 5]) for number in range(40)]


def history() -> list[TransitionRecord]:
    rows = [
        ("started", "", "requesting_code", None, None),
        ("code_sent", "requesting_code", "awaiting_code", "m0000000", None),
        ("ticket_issued", "verifying_code", "resetting_password", "SANDBOX_CODE_WRONG", None),
        ("in_doubt", "resetting_password", "resetting_password", None,
         "the connection broke before the answer was complete; looked into when a late request would have landed"),
        ("retry", "watching", "watching", "PUB_AUTH_0000018", "no usable answer: HTTP 500; again in 4 min 12 s"),
    ]  # fmt: skip
    return [
        TransitionRecord(
            journey="j", seq=number, at=NOW + timedelta(seconds=number), trigger=trigger, source=source, dest=dest,
            attempt=1, duration=0.029, mcode=mcode, detail=detail,
        )
        for number, (trigger, source, dest, mcode, detail) in enumerate(rows, 1)
    ]  # fmt: skip


def check(lines: list[str], cells: set[str], width: int) -> None:
    """Every line fits, and every word of every cell stands whole in one of them."""
    assert [line for line in lines if cell_len(line) > width] == []
    for cell in cells:
        whole = re.findall(r"\d+(?:\.\d+)? (?:ms|s|min|h|d)\b|\S+", cell)
        assert [part for part in whole if not any(part in line for line in lines)] == [], width


@pytest.mark.parametrize("width", WIDTHS)
def test_a_list_fits_and_breaks_no_word(journeys: list[Journey], width: int) -> None:
    rows = [row_of(each, NOW) for each in journeys]
    lines = [line.plain for line in grid(LAYOUTS, rows, width)]
    check(lines, {cell for row in rows for cell in row.values()}, width)
    assert [line[:36] for line in lines if line.startswith("01a2")] == [each.id for each in journeys]


@pytest.mark.parametrize("width", WIDTHS)
def test_a_history_fits_and_breaks_no_word(width: int) -> None:
    rows = timeline_rows(history())
    lines = [line.plain for line in grid(HISTORY, rows, width)]
    columns = ("#", "at", "trigger", "to", "took", "answer", "note")
    check(lines, {row[name] for row in rows for name in columns}, width)


def test_a_history_without_long_notes_stands_below_its_heading_in_a_terminal_of_any_width() -> None:
    rows = [{**row, "note": note} for row, note in zip(timeline_rows(history()), ["", "short", *[""] * 3], strict=True)]
    whole = [line.plain for line in grid(HISTORY, rows, None)]
    enough = max(map(cell_len, whole))
    for width in range(80, 220):
        lines = [line.plain for line in grid(HISTORY, rows, width)]
        assert lines[0].split()[:3] == ["#", "at", "trigger"], width
        assert [line for line in lines if cell_len(line) > width] == []
        assert width < enough or lines == whole, width


@pytest.mark.parametrize("width", [20, 40, 60])
def test_a_terminal_that_is_too_narrow_for_any_layout_gets_cells_below_each_other(
    journeys: list[Journey], width: int
) -> None:
    lines = [line.plain for line in grid(LAYOUTS, [row_of(each, NOW) for each in journeys], width)]
    assert [each.id for each in journeys if not any(each.id in line for line in lines)] == []
    assert any("awaiting_code" in line for line in lines)


@pytest.mark.parametrize(
    ("ahead", "says"),
    [(90, "1 min 30 s"), (0, "now"), (-59, "now"), (-60, "1 min late"), (-450, "7 min 30 s late"), (None, "")],
)
def test_what_is_due_and_not_taken_up_is_said_to_be_late(journeys: list[Journey], ahead: int | None, says: str) -> None:
    due = None if ahead is None else NOW + timedelta(seconds=ahead)
    assert row_of(replace(journeys[0], due=due), NOW)["due in"] == says


def test_without_a_terminal_a_row_is_one_line(journeys: list[Journey]) -> None:
    lines = [line.plain for line in grid(LAYOUTS, [row_of(each, NOW) for each in journeys], None)]
    assert len(lines) == 2 + len(journeys)
    assert all(line == line.rstrip() for line in lines)
    assert REASON in lines[5]


def test_a_fact_is_wrapped_to_the_right_of_its_label() -> None:
    lines = [line.plain for line in labelled("parked", "it was refused twice within 4 min 12 s", 33)]
    assert lines == ["parked       it was refused twice", "             within 4 min 12 s"]
    assert wrapped("after 12 min 30 s more", 10) == ["after", "12 min 30 s", "more"]


def test_characters_that_take_two_columns_are_counted_as_two() -> None:
    rows = [{"name": "陈大文", "note": "x"}, {"name": "Ada", "note": "y"}]
    lines = [line.plain for line in grid([Layout(("name", "note"))], rows, 80)]
    assert [cell_len(line.rpartition(mark)[0]) for line, mark in zip(lines[2:], "xy", strict=True)] == [9, 9]


@pytest.mark.parametrize("width", [80, 100])
def test_a_real_terminal_of_that_width_shows_whole_words(program: Program, phone: str, width: int) -> None:
    journey = program.here("start", "phone-verification", "--phone", phone).out.strip()
    program.columns = width
    for command in (("list",), ("show", journey)):
        terminal = program.in_terminal(*command)
        assert terminal.end() == 0
        lines = terminal.shown.splitlines()
        assert max(map(len, lines)) <= width
        assert [word for word in (journey, "phone-verification", "working") if word not in terminal.shown] == []
