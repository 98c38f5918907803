"""A process is really killed while it makes a journal, brings an old one up to date, or changes its keys."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sqlite3
import sys
import threading
from collections.abc import Callable, Coroutine, Sequence
from contextlib import closing, suppress
from functools import partial
from pathlib import Path
from typing import Any

from onboarding.errors import JournalError
from onboarding.journal import SqliteJournal, add_primary_key, drop_old_keys, load_key_file, rotate
from onboarding.journal.connection import SqliteSession, migrate
from onboarding.journal.schema import APPLICATION_ID, VERSIONS
from onboarding.verify.storage.aftermath import go_on, half_way
from onboarding.verify.storage.disk import Disk
from onboarding.verify.storage.stage import Found, Stage
from onboarding.verify.storage.vfs import hook
from onboarding.verify.storage.world import World

__all__ = ["cases", "do"]

_DOING = ("opening", "rotating", *(f"migrating-{version}" for version in VERSIONS[:-1]))
_ITS_OWN = frozenset({"alembic_version", "tallies"})
"""Tables that an older journal fills by itself."""
_EVENTS = frozenset({"open", "os.rename", "os.link", "os.remove", "os.mkdir"})
"""What Python itself does to files, as ``sys.addaudithook`` tells it: a key file is not SQLite's."""


def cases(places: Sequence[int]) -> list[str]:
    """Their names: what it was doing, and how far it had come."""
    return [f"kill/{what}/{place}" for place in places for what in _DOING]


async def do(stage: Stage, arguments: Sequence[str], rng: random.Random) -> Found:
    """Kill it there, go on with what is left, and judge."""
    what, permille = arguments
    found = Found()
    if not hasattr(os, "fork"):
        found.skipped = "processes cannot be forked here, so that none is killed while it opens a journal"
        return found
    world = stage.world(stage.disk("new"), rng) if what == "opening" else await half_way(stage, rng, crashed=False)
    work = _rotating if what == "rotating" else _opening
    if what.startswith("migrating"):
        _set_back(world.path, what.partition("-")[2])
    saved = _files(world)
    total = _forked(world.path, work, None) or 0
    _restore(world, saved)
    found.counts["kills"] += _forked(world.path, work, 1 + total * int(permille) // 1000) is None
    hook(world.disk)
    if what == "rotating":
        await _rotating(world.path)
        found.faults += await _left_behind(world.path)
    await go_on(stage, world, found)
    if found.counts["journeys quarantined"] or found.counts["journals refused"]:
        found.faults.append("what was left cannot be read, or not all of it")
    return found


# What is killed


async def _opening(path: Path) -> None:
    journal = SqliteJournal(path)
    await journal.open()
    await journal.close()


async def _rotating(path: Path) -> None:
    """As ``onboarding keys rotate`` does it."""
    journal, keys = SqliteJournal(path), path.with_name(path.name + ".keys")
    await journal.open()
    keyring = load_key_file(keys)
    if len(keyring.ids) == 1:
        keyring = add_primary_key(keys)
    await rotate(journal, keyring, batch=2)
    drop_old_keys(keys)
    await journal.close()


async def _left_behind(path: Path) -> list[str]:
    """Whether anything is still sealed with a key that was dropped."""
    journal, keyring = SqliteJournal(path), load_key_file(path.with_name(path.name + ".keys"))
    await journal.open()
    again = await rotate(journal, keyring)
    await journal.close()
    return [f"{again} values were left under an old key"] if again else []


def _forked(path: Path, work: Callable[[Path], Coroutine[Any, Any, None]], kill_at: int | None) -> int | None:
    """Do it in a process of its own: how many steps it took; None: it was killed.

    Raises:
        JournalError: it ended otherwise.
    """
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        _in_child(path, work, kill_at, writer)
    os.close(writer)
    with os.fdopen(reader) as answer:
        told = answer.read()
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL:
        return None
    if not told:
        raise JournalError("what was to be killed did not come to its end, though nobody killed it")
    return int(told)


def _in_child(path: Path, work: Callable[[Path], Coroutine[Any, Any, None]], kill_at: int | None, told: int) -> None:
    ended: list[bool] = []

    def do_it() -> None:
        with suppress(Exception):
            asyncio.run(work(path))
            ended.append(True)

    try:
        disk = Disk(path)
        disk.kill_at = kill_at
        hook(disk)
        sys.addaudithook(partial(_watch, disk))
        # The loop that runs in this thread is the parent's.
        thread = threading.Thread(target=do_it)
        thread.start()
        thread.join()
        if ended:
            os.write(told, str(disk.changes).encode())
    finally:
        os._exit(0)


def _watch(disk: Disk, event: str, arguments: tuple[Any, ...]) -> None:
    if event in _EVENTS and str(arguments[0]).startswith(str(disk.journal.parent)):
        disk.step()


# What it finds


def _set_back(path: Path, version: str) -> None:
    """Put everything into a journal as an older version of the package made it."""
    older = path.with_name("older.db")
    older.touch(0o600)
    session = SqliteSession(older, 1.0)
    with session.engine.connect() as connection:
        migrate(connection, version)
        connection.exec_driver_sql(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.commit()
    session.engine.dispose()
    with closing(sqlite3.connect(older)) as database:
        database.execute("ATTACH ? AS newer", [str(path)])
        for (table,) in database.execute("SELECT name FROM main.sqlite_schema WHERE type = 'table'").fetchall():
            if table not in _ITS_OWN:
                known = [row[1] for row in database.execute(f"PRAGMA newer.table_info({table})")]
                names = ", ".join(
                    f'"{row[1]}"' for row in database.execute(f"PRAGMA main.table_info({table})") if row[1] in known
                )
                # What it holds when it is new, such as a count of commits, is in the other one too.
                database.execute(f"DELETE FROM main.{table}")  # noqa: S608 - a name of ours
                database.execute(f"INSERT INTO main.{table} ({names}) SELECT {names} FROM newer.{table}")  # noqa: S608 - names of ours
        database.commit()
        database.execute("DETACH newer")
        database.execute("PRAGMA journal_mode = WAL")
    for end in ("-wal", "-shm", ".mark"):
        path.with_name(path.name + end).unlink(missing_ok=True)
    path.write_bytes(older.read_bytes())
    for end in ("", "-wal", "-shm"):
        older.with_name(older.name + end).unlink(missing_ok=True)


def _files(world: World) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in world.path.parent.iterdir() if not path.name.endswith("-shm")}


def _restore(world: World, saved: dict[Path, bytes]) -> None:
    for path in [*world.path.parent.iterdir()]:
        if path not in saved:
            path.unlink()
    for path, content in saved.items():
        path.touch(0o600)
        path.write_bytes(content)
