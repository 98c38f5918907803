"""Files that are cut off, altered, missing or foreign: opened, or refused in one sentence; never passed over."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

from onboarding.journal import Keyring
from onboarding.verify.storage.aftermath import go_on, half_way
from onboarding.verify.storage.stage import Found, Stage

__all__ = ["cases", "do"]

_PAGE = 4096
_HEADER = 100


def _keep(share: float) -> Callable[[Path, random.Random], None]:
    def cut(path: Path, rng: random.Random) -> None:
        del rng
        with path.open("r+b") as opened:
            opened.truncate(int(path.stat().st_size * share))

    return cut


def _pages(path: Path, rng: random.Random) -> None:
    with path.open("r+b") as opened:
        opened.truncate(_PAGE * rng.randrange(1, max(2, path.stat().st_size // _PAGE)))


def _flip(first: int, last: int | None, bits: int) -> Callable[[Path, random.Random], None]:
    """Turn bits over, somewhere between two places."""

    def flip(path: Path, rng: random.Random) -> None:
        content = bytearray(path.read_bytes())
        for _ in range(bits):
            at = rng.randrange(min(first, len(content) - 1), min(last or len(content), len(content)))
            content[at] ^= 1 << rng.randrange(8)
        _write(path, bytes(content))

    return flip


def _blank(path: Path, rng: random.Random) -> None:
    """A page of zeros."""
    content = bytearray(path.read_bytes())
    at = _PAGE * rng.randrange(max(1, len(content) // _PAGE))
    content[at : at + _PAGE] = bytes(len(content[at : at + _PAGE]))
    _write(path, bytes(content))


def _noise(path: Path, rng: random.Random) -> None:
    _write(path, rng.randbytes(3 * _PAGE))


def _text(path: Path, rng: random.Random) -> None:
    del rng
    _write(path, b"These are not the bytes that you are looking for.\n" * 400)


def _empty(path: Path, rng: random.Random) -> None:
    del rng
    _write(path, b"")


def _remove(path: Path, rng: random.Random) -> None:
    del rng
    path.unlink(missing_ok=True)


def _foreign(path: Path, rng: random.Random) -> None:
    """A database, but not a journal."""
    del rng
    _empty_with_log(path)
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE songs (title TEXT)")
        database.commit()


def _newer(path: Path, rng: random.Random) -> None:
    """A journal as a version of the package that is not written yet would leave it."""
    del rng
    with closing(sqlite3.connect(path)) as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
        database.commit()


def _unversioned(path: Path, rng: random.Random) -> None:
    del rng
    with closing(sqlite3.connect(path)) as database:
        database.execute("DELETE FROM alembic_version")
        database.commit()


def _other_keys(path: Path, rng: random.Random) -> None:
    del rng
    _write(path, f"{Keyring.generate_key()}\n".encode())


def _to_all(path: Path, rng: random.Random) -> None:
    del rng
    path.chmod(0o666)


def _empty_with_log(path: Path) -> None:
    for end in ("", "-wal", "-shm"):
        path.with_name(path.name + end).unlink(missing_ok=True)
    path.touch(0o600)


def _write(path: Path, content: bytes) -> None:
    """The same file, with another content."""
    path.write_bytes(content)
    path.chmod(0o600)


_DAMAGES: dict[str, tuple[str, bool, Callable[[Path, random.Random], None]]] = {
    "emptied": ("", False, _empty),
    "emptied-beside-its-log": ("", True, _empty),
    "removed": ("", False, _remove),
    "one-byte": ("", False, _keep(0.0001)),
    "half": ("", False, _keep(0.5)),
    "half-beside-its-log": ("", True, _keep(0.5)),
    "some-pages": ("", False, _pages),
    "last-page-torn": ("", False, _keep(0.999)),
    "bit": ("", False, _flip(_HEADER, None, 1)),
    "bits": ("", False, _flip(_HEADER, None, 12)),
    "many-bits": ("", True, _flip(_HEADER, None, 200)),
    "header-bit": ("", False, _flip(0, _HEADER, 1)),
    "blank-page": ("", False, _blank),
    "noise": ("", False, _noise),
    "text": ("", False, _text),
    "foreign": ("", False, _foreign),
    "newer": ("", False, _newer),
    "unversioned": ("", False, _unversioned),
    "open-to-all": ("", False, _to_all),
    "log-half": ("-wal", True, _keep(0.5)),
    "log-bit": ("-wal", True, _flip(32, None, 1)),
    "log-header-bit": ("-wal", True, _flip(0, 32, 1)),
    "log-removed": ("-wal", True, _remove),
    "log-noise": ("-wal", True, _noise),
    "index-noise": ("-shm", True, _noise),
    "mark-removed": (".mark", False, _remove),
    "mark-noise": (".mark", False, _noise),
    "mark-emptied": (".mark", True, _empty),
    "lock-text": (".lock", False, _text),
    "owner-text": (".owner", False, _text),
    "keys-removed": (".keys", False, _remove),
    "keys-emptied": (".keys", False, _empty),
    "keys-text": (".keys", False, _text),
    "keys-noise": (".keys", False, _noise),
    "keys-bit": (".keys", False, _flip(180, None, 1)),
    "keys-other": (".keys", False, _other_keys),
}
"""What happens to which file, and whether its process had crashed."""

_MUST_REFUSE = frozenset({
    "emptied", "emptied-beside-its-log", "removed", "one-byte", "noise", "text", "foreign", "newer", "open-to-all",
    "keys-removed", "keys-emptied", "keys-text", "keys-noise", "keys-other",
})  # fmt: skip
"""Nothing can be made of these: they must be refused before anything is written over them."""


def cases(places: Sequence[int]) -> list[str]:
    """Their names; what chance decides is decided anew for each number."""
    rounds = max(1, len(places) // 10)
    return [f"file/{damage}/{number}" for number in range(rounds) for damage in _DAMAGES]


async def do(stage: Stage, arguments: Sequence[str], rng: random.Random) -> Found:
    """Do the damage, and go on."""
    damage, _ = arguments
    beside, crashed, harm = _DAMAGES[damage]
    found = Found()
    world = await half_way(stage, rng, crashed=crashed)
    path = world.path.with_name(world.path.name + beside)
    if path.exists():
        harm(path, rng)
    found.counts["damaged files"] += 1
    before = _content(world.path)
    await go_on(stage, world, found)
    refused = found.counts["journals refused"] > 0
    if damage in _MUST_REFUSE and not refused:
        found.faults.append("it was opened, and must be refused")
    if refused and _content(world.path) != before:
        found.faults.append("it was refused, and changed all the same")
    return found


def _content(path: Path) -> bytes | None:
    return path.read_bytes() if path.exists() else None
