"""One journey's row is damaged, and the file is not: that journey is left alone by name, and all others go on."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Sequence
from contextlib import closing

from onboarding.verify.storage.aftermath import go_on, half_way
from onboarding.verify.storage.stage import Found, Stage
from onboarding.verify.storage.world import World

__all__ = ["cases", "do"]

_HEAD = "UPDATE journeys SET {} WHERE id = :id"
_FOUND: dict[str, str] = {
    "data-bit": "UPDATE journey_data SET data = :turned WHERE journey = :id",
    "data-cut": "UPDATE journey_data SET data = substr(data, 1, 40) WHERE journey = :id",
    "data-empty": "UPDATE journey_data SET data = X'' WHERE journey = :id",
    "data-text": "UPDATE journey_data SET data = 'text' WHERE journey = :id",
    "data-gone": "DELETE FROM journey_data WHERE journey = :id",
    "data-swapped": "UPDATE journey_data SET data = (SELECT data FROM journey_data WHERE journey = :other) "
    "WHERE journey = :id",
    "status": _HEAD.format("status = 'workinf'"),
    "phase": _HEAD.format("phase = 'sendinf'"),
    "state": _HEAD.format("state = 'awaiting_kode'"),
    "state-bytes": _HEAD.format("state = CAST(X'61FF62' AS TEXT)"),
    "flow-bytes": _HEAD.format("flow = CAST(X'61FF62' AS TEXT)"),
    "status-bytes": _HEAD.format("status = CAST(X'FF' AS TEXT)"),
    "flow": _HEAD.format("flow = 'no-such-flow'"),
    "version": _HEAD.format("version = 99"),
    "version-text": _HEAD.format("version = 'first'"),
    "due-text": _HEAD.format("due = 'soon'"),
    "due-far": _HEAD.format("due = 9000000000000000000"),
    "due-long-past": _HEAD.format("due = -9000000000000000000"),
    "created": _HEAD.format("created = 'once'"),
    "updated": _HEAD.format("updated = X'00'"),
    "entered": _HEAD.format("entered = 9000000000000000000"),
    "revision": _HEAD.format("revision = 'new'"),
    "seq": _HEAD.format("seq = 'last'"),
    "attempt": _HEAD.format("attempt = 'again'"),
}
"""What must be found, for it keeps the journey from being read."""
_BORNE: dict[str, str] = {
    "note": _HEAD.format("status = 'parked', note = '{', due = NULL"),
    "note-empty": _HEAD.format("status = 'parked', note = '{}', due = NULL"),
    "note-none": _HEAD.format("status = 'parked', note = NULL, due = NULL"),
    "note-bytes": _HEAD.format("status = 'parked', note = CAST(X'7BFF7D' AS TEXT), due = NULL"),
    "history-bytes": "UPDATE transitions SET dest = CAST(X'61FF62' AS TEXT) WHERE journey = :id",
    "history-gone": "DELETE FROM transitions WHERE journey = :id",
    "history-time": "UPDATE transitions SET at = 'then' WHERE journey = :id",
    "message-payload": "INSERT INTO inbox (id, journey, kind, name, payload, at) "
    "VALUES ('m', :id, 'input', 'code_entered', randomblob(80), 0)",
    "message-kind": "INSERT INTO inbox (id, journey, kind, name, payload, at) "
    "VALUES ('m', :id, 'inpuf', 'code_entered', NULL, 0)",
    "message-time": "INSERT INTO inbox (id, journey, kind, name, payload, at) "
    "VALUES ('m', :id, 'cancel', 'cancel', NULL, 'then')",
}
"""What may keep the journey from going on, and nothing else."""
_EDITED: dict[str, str] = {
    "history-edited": "UPDATE transitions SET worker = 'somebody else' WHERE journey = :id AND seq = 2",
    "history-shortened": "DELETE FROM transitions WHERE journey = :id AND seq = "
    "(SELECT max(seq) FROM transitions WHERE journey = :id)",
    "history-moved": "UPDATE transitions SET seq = CASE seq WHEN 1 THEN 1000 ELSE seq END WHERE journey = :id",
}
"""What somebody did who can write to the file: the audit finds it."""


def cases(places: Sequence[int]) -> list[str]:
    """Their names."""
    del places
    return [f"row/{damage}" for damage in (*_FOUND, *_BORNE, *_EDITED)]


async def do(stage: Stage, arguments: Sequence[str], rng: random.Random) -> Found:
    """Damage one journey, and let all go on."""
    (damage,) = arguments
    found = Found()
    world = await half_way(stage, rng, crashed=False)
    victim = _victim(world, rng)
    if victim is None:
        found.skipped = "no journey of these flows waits for anything, so that none can be damaged half-way"
        return found
    _damage(world, victim, {**_FOUND, **_BORNE, **_EDITED}[damage])
    found.counts["damaged journeys"] += 1
    if damage in _EDITED:
        await _audit(world, victim, found)
        return found
    await go_on(stage, world, found, only=victim, must=damage in _FOUND)
    return found


async def _audit(world: World, victim: str, found: Found) -> None:
    await world.open()
    assert world.onboarding is not None
    named = {finding.journey for finding in (await world.onboarding.audit()).findings}
    await world.close()
    if victim not in named:
        found.faults.append("its history was changed, and the audit does not find it")
    if named - {victim}:
        found.faults.append("the audit accuses journeys that nobody touched")


def _victim(world: World, rng: random.Random) -> str | None:
    with closing(sqlite3.connect(world.path)) as database:
        waiting = database.execute("SELECT id FROM journeys WHERE status = 'waiting' ORDER BY id").fetchall()
    return rng.choice(waiting)[0] if waiting else None


def _damage(world: World, journey: str, statement: str) -> None:
    with closing(sqlite3.connect(world.path)) as database:
        data = bytearray(database.execute("SELECT data FROM journey_data WHERE journey = ?", [journey]).fetchone()[0])
        data[len(data) // 2] ^= 1
        other = next(id_ for id_ in world.journeys.values() if id_ != journey)
        database.execute(statement, {"id": journey, "other": other, "turned": bytes(data)})
        database.commit()
