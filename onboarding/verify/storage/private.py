"""Files that others can read, change or exchange: none is used, and none is made."""

from __future__ import annotations

import os
import random
import stat
from collections.abc import Callable, Sequence
from pathlib import Path

from onboarding.errors import JournalError
from onboarding.journal import SqliteJournal, create_key_file, load_key_file
from onboarding.verify.storage.stage import Found, Stage

__all__ = ["cases", "do"]

_NOBODY = 65534
_BESIDE = ("-wal", "-shm", ".lock", ".owner", ".mark")


def cases(places: Sequence[int]) -> list[str]:
    """Their names."""
    del places
    return [f"private/{name}" for name in ("journal", "keys", "beside", "folder", "made")]


async def do(stage: Stage, arguments: Sequence[str], rng: random.Random) -> Found:
    """Make a journal and its keys, spoil one of their files, and try to use them."""
    del rng
    (name,) = arguments
    found = Found()
    if name == "made":
        found.faults += await _made(stage.folder("new"))
        return found
    for end in _BESIDE if name == "beside" else ("",):
        for way, spoil in _WAYS.items():
            folder = stage.folder("new")
            journal, keys = folder / "journal.db", folder / "keys"
            await _begun(journal, keys)
            spoiled = {"keys": keys, "folder": folder}.get(name, journal.with_name(journal.name + end))
            if name != "folder":
                spoiled.touch(0o600)
            if not (spoil(spoiled) and await _is_used(journal, keys)):
                continue
            found.faults.append(f"the {name} is used although {spoiled.name if end else 'it'} is {way}")
    return found


async def _made(folder: Path) -> list[str]:
    """Whatever this process may do by default, what is made is for its owner alone."""
    before = os.umask(0)
    try:
        journal = SqliteJournal(folder / "inner" / "journal.db")
        await journal.open()
        await journal.own()
        create_key_file(folder / "inner" / "keys")
        made = [folder / "inner", *(folder / "inner").iterdir()]
        found = [f"{path.name} is made so that others can reach it" for path in made if _mode(path) & 0o077]
        await journal.close()
    finally:
        os.umask(before)
    return found


async def _begun(journal: Path, keys: Path) -> None:
    opened = SqliteJournal(journal)
    await opened.open()
    await opened.close()
    create_key_file(keys)


async def _is_used(journal: Path, keys: Path) -> bool:
    """Whether both can be used."""
    opened = SqliteJournal(journal)
    try:
        create_key_file(keys)
        load_key_file(keys)
        await opened.open()
    except JournalError:
        return False
    await opened.close()
    return True


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def _to(mode: int) -> Callable[[Path], bool]:
    def spoil(path: Path) -> bool:
        path.chmod(mode)
        return True

    return spoil


def _exchanged(path: Path) -> bool:
    if path.is_dir():  # the way to a folder may well be a link
        return False
    real = path.rename(path.with_name("elsewhere"))
    path.symlink_to(real)
    return True


def _given_away(path: Path) -> bool:
    """Only who may do everything can give a file away."""
    if os.geteuid() != 0:
        return False
    os.chown(path, _NOBODY, -1)
    return True


_WAYS: dict[str, Callable[[Path], bool]] = {
    "open to its group": _to(0o760),
    "open to all others": _to(0o706),
    "a link": _exchanged,
    "somebody else's": _given_away,
}
