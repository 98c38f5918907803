"""The audit: whatever somebody does to the file is found, and the journey and the row are named."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from greeting import Greeting, GreetingApi

from onboarding import Onboarding, Settings, UnknownJourney
from onboarding.audit import Audit

pytestmark = pytest.mark.anyio


@dataclass
class File:
    """The journal's file, in other hands.

    Two journeys that ended well, of four rows each. Early are the sealed data of the first one while it
    waited.
    """

    path: Path
    one: str
    two: str
    early: bytes

    def run(self, statement: str, *values: Any) -> None:
        connection = sqlite3.connect(self.path)
        connection.execute(statement, values)
        connection.commit()
        connection.close()


@pytest.fixture
async def file(anyio_backend: str, settings: Settings, api: GreetingApi, tmp_path: Path) -> File:
    async with Onboarding(settings, flows=[Greeting], api=api) as onboarding:
        one = await onboarding.wait((await onboarding.start(Greeting, name="a")).id)
        early = (await onboarding.journal.load(one.id)).data
        await onboarding.wait((await onboarding.send(one.id, "answered", text="hi")).id)
        two = await onboarding.run(Greeting, name="b", answer=lambda _: ("answered", {"text": "ho"}))
        assert len(await onboarding.history(one.id)) == len(await onboarding.history(two.id)) == 4
    return File(tmp_path / "private" / "journal.db", one.id, two.id, early)


@pytest.fixture
def look(settings: Settings, api: GreetingApi) -> Callable[..., Any]:
    async def look(journey: str | None = None) -> Audit:
        async with Onboarding(settings, flows=[Greeting], api=api, worker=False) as onboarding:
            return await onboarding.audit(journey)

    return look


async def test_a_journal_that_nobody_touched_is_as_it_was_written(file: File, look: Callable[..., Any]) -> None:
    found = await look()
    assert (found.ok, found.journeys, found.transitions, found.found, found.findings, found.unsigned) == (
        True, 2, 8, 0, (), 0,
    )  # fmt: skip
    assert (await look(file.one)).transitions == 4
    with pytest.raises(UnknownJourney):
        await look("nobody")


ADD = "INSERT INTO transitions (journey, seq, at, trigger, source, dest, attempt) "
COPY = (
    "INSERT INTO transitions SELECT journey, 5, at, trigger, source, dest, attempt, duration, endpoint, http_status, "
    "mcode, worker, detail, mac"
)
OTHER = "(SELECT at, worker, mac FROM transitions WHERE journey = :two AND seq = 2)"
EDITS: dict[str, tuple[str, list[tuple[int, str]]]] = {
    "a time": ("UPDATE transitions SET at = at + 1 WHERE journey = :one AND seq = 3", [(3, "was changed")]),
    "a trigger": ("UPDATE transitions SET trigger = 'x' WHERE journey = :one AND seq = 1", [(1, "was changed")]),
    "a code": ("UPDATE transitions SET mcode = 'm0010002' WHERE journey = :one AND seq = 4", [(4, "was changed")]),
    "words": ("UPDATE transitions SET detail = '' WHERE journey = :one AND seq = 2", [(2, "was changed")]),
    "words that are bytes": (
        "UPDATE transitions SET detail = x'00ff' WHERE journey = :one AND seq = 2", [(2, "was changed")],
    ),
    "two rows": (
        "UPDATE transitions SET worker = 'x' WHERE journey = :one AND seq IN (2, 3)",
        [(2, "was changed"), (3, "cannot be checked")],
    ),
    "a signature": (
        "UPDATE transitions SET mac = randomblob(32) WHERE journey = :one AND seq = 2",
        [(2, "was changed"), (3, "cannot be checked")],
    ),
    "a short signature": (
        "UPDATE transitions SET mac = x'00' WHERE journey = :one AND seq = 4", [(4, "was changed")],
    ),
    "a signature that is text": (
        "UPDATE transitions SET mac = 'text' WHERE journey = :one AND seq = 4", [(4, "was changed")],
    ),
    "no signature": (
        "UPDATE transitions SET mac = NULL WHERE journey = :one AND seq = 3", [(3, "not signed"), (4, "cannot be")],
    ),
    "no signature at the end": (
        "UPDATE transitions SET mac = NULL WHERE journey = :one AND seq = 4", [(4, "not signed")],
    ),
    "no signatures at the beginning": (
        "UPDATE transitions SET mac = NULL WHERE journey = :one AND seq < 3",
        [(3, "the signatures of the rows before")],
    ),
    "no signatures": (
        "UPDATE transitions SET mac = NULL WHERE journey = :one", [(4, "not the row that the sealed data know")],
    ),
    "a row is gone": ("DELETE FROM transitions WHERE journey = :one AND seq = 2", [(2, "it is missing")]),
    "the first row is gone": ("DELETE FROM transitions WHERE journey = :one AND seq = 1", [(1, "it is missing")]),
    "two rows are gone": (
        "DELETE FROM transitions WHERE journey = :one AND seq IN (2, 3)", [(2, "missing, with all up to row 3")],
    ),
    "the end is gone": (
        "DELETE FROM transitions WHERE journey = :one AND seq > 2",
        [(4, "ends with row 2"), (3, "cut off the end of the history, with all up to row 4")],
    ),
    "the head": ("UPDATE journeys SET state = 'silent' WHERE id = :one", [(4, "stands in 'silent'")]),
    "the note": ("UPDATE journeys SET note = '[' WHERE id = :one", [(4, "unreadable")]),
    "a row is added": (
        ADD + "VALUES (:one, 5, 1, 'parked', 'answered', 'answered', 0)",
        [(5, "not signed"), (4, "ends with row 5")],
    ),
    "a copied row is added": (
        COPY + " FROM transitions WHERE journey = :one AND seq = 4",
        [(5, "another order: it was written as row 4"), (4, "ends with row 5")],
    ),
    "sealed data": (
        "UPDATE journey_data SET data = (SELECT data FROM journey_data WHERE journey = :two) WHERE journey = :one",
        [(4, "does not open")],
    ),
    "sealed data that are empty": (
        "UPDATE journey_data SET data = x'' WHERE journey = :one", [(4, "not a sealed value")],
    ),
    "sealed data of before": (
        "UPDATE journey_data SET data = :early WHERE journey = :one", [(3, "an earlier state of them was put back")],
    ),
    "a row of the other": (
        "UPDATE transitions SET (at, worker, mac) = " + OTHER + " WHERE journey = :one AND seq = 2",
        [(2, "belongs to another journey"), (3, "cannot be checked")],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", EDITS)
async def test_what_was_done_to_a_journey_is_found_and_named(file: File, look: Callable[..., Any], name: str) -> None:
    statement, expected = EDITS[name]
    connection = sqlite3.connect(file.path)
    named = {"one": file.one, "two": file.two, "early": file.early}
    assert connection.execute(statement, {n: v for n, v in named.items() if f":{n}" in statement}).rowcount > 0
    connection.commit()
    connection.close()
    found = await look()
    assert (found.ok, found.found) == (False, len(expected))
    assert len(found.findings) == len(expected), found.findings
    for (seq, words), finding in zip(sorted(expected), sorted(found.findings, key=lambda f: f.seq), strict=True):
        assert (finding.journey, finding.seq) == (file.one, seq)
        assert words in finding.what
        assert finding.what.startswith(f"journey {file.one}, row {seq}: ")
    assert (await look(file.one)).findings == found.findings
    assert (await look(file.two)).ok


async def test_rows_that_changed_places_are_found_and_named(file: File, look: Callable[..., Any]) -> None:
    for old, new in ((2, -1), (3, 2), (-1, 3)):
        file.run("UPDATE transitions SET seq = ? WHERE journey = ? AND seq = ?", new, file.one, old)
    found = await look()
    assert [(finding.seq, finding.what.partition("order: ")[2]) for finding in found.findings] == [
        (2, "it was written as row 3"), (3, "it was written as row 2"),
    ]  # fmt: skip


async def test_histories_that_changed_places_are_found_in_both_journeys(file: File, look: Callable[..., Any]) -> None:
    connection = sqlite3.connect(file.path)
    for old, new in ((file.one, "x"), (file.two, file.one), ("x", file.two)):
        connection.execute("UPDATE transitions SET journey = ? WHERE journey = ?", (new, old))
    connection.commit()
    connection.close()
    assert {finding.journey for finding in (await look()).findings} == {file.one, file.two}


async def test_an_end_that_was_cut_off_with_the_head_put_back_is_still_found(
    file: File, look: Callable[..., Any]
) -> None:
    file.run("DELETE FROM transitions WHERE journey = ? AND seq > 2", file.one)
    file.run("UPDATE journeys SET seq = 2, state = 'awaiting_answer' WHERE id = ?", file.one)
    (finding,) = (await look()).findings
    assert (finding.journey, finding.seq) == (file.one, 3)
    assert "cut off" in finding.what


async def test_what_is_left_of_a_journey_that_was_taken_away_is_found(file: File, look: Callable[..., Any]) -> None:
    file.run("DELETE FROM journeys WHERE id = ?", file.one)
    (finding,) = (await look()).findings
    assert (finding.journey, finding.seq) == (file.one, None)
    assert "the journey itself is gone" in finding.what
    file.run("DELETE FROM journey_data WHERE journey = ?", file.two)
    missing = next(finding for finding in (await look()).findings if finding.journey == file.two)
    assert "sealed data" in missing.what
    assert "gone" in missing.what


async def test_a_message_that_was_exchanged_is_found(
    settings: Settings, api: GreetingApi, file: File, look: Callable[..., Any]
) -> None:
    async with Onboarding(settings, flows=[Greeting], api=api) as onboarding:
        three = await onboarding.wait((await onboarding.start(Greeting, name="c")).id)
    file.run(
        "INSERT INTO inbox (id, journey, kind, name, payload, at) VALUES ('m1', ?, 'input', 'answered', ?, 1)",
        three.id, file.early,
    )  # fmt: skip
    (finding,) = (await look()).findings
    assert (finding.journey, finding.seq) == (three.id, 2)
    assert "m1" in finding.what


async def test_rows_from_before_there_were_signatures_are_counted_and_no_finding(
    settings: Settings, api: GreetingApi, file: File, look: Callable[..., Any]
) -> None:
    """A journal that an older version wrote: no row is signed, and no sealed data know of a signature."""
    async with Onboarding(settings, flows=[Greeting], api=api, worker=False) as onboarding:
        sealer, journal = onboarding._sealer, onboarding.journal
        three = await onboarding.start(Greeting, name="c")
        stored = await journal.load(three.id)
        flow, book, _ = sealer.unseal(three.id, stored.data, flow="greeting", version=1, state="greeting")
        book.signed, book.mac = 0, ""
        data = sealer.seal(three.id, flow, book)
    file.run("UPDATE journey_data SET data = ? WHERE journey = ?", data, three.id)
    file.run("UPDATE transitions SET mac = NULL WHERE journey = ?", three.id)
    found = await look()
    assert (found.ok, found.unsigned) == (True, 1)
    async with Onboarding(settings, flows=[Greeting], api=api) as onboarding:
        await onboarding.wait(three.id)
    # From now on its rows are signed.
    found = await look()
    assert (found.ok, found.transitions, found.unsigned) == (True, 10, 1)
    file.run("UPDATE transitions SET at = 1 WHERE journey = ? AND seq = 2", three.id)
    assert [(finding.journey, finding.seq) for finding in (await look()).findings] == [(three.id, 2)]


async def test_what_is_going_on_meanwhile_is_no_finding(settings: Settings, api: GreetingApi) -> None:
    async with Onboarding(settings, flows=[Greeting], api=api) as onboarding:
        ids = [(await onboarding.start(Greeting, name=str(number))).id for number in range(60)]
        while any(each.status.value == "working" for each in await onboarding.list(limit=1000)):
            assert (await onboarding.audit()).findings == ()
        assert (await onboarding.audit()).journeys == len(ids)
