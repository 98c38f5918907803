"""A disk that fails when it is told to, and loses what was not synced when its power is cut.

It watches the files of one journal through :mod:`onboarding.verify.storage.vfs`. Beside what SQLite really writes, it
keeps for each file what a power cut could not take any more, and every write since.
"""

from __future__ import annotations

import os
import random
import signal
import threading
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from onboarding.verify.storage.vfs import OK, Operation

__all__ = ["CHANGES", "Disk", "Fault"]

CHANGES = frozenset({Operation.WRITE, Operation.TRUNCATE, Operation.SYNC, Operation.DELETE})
"""What changes a file, or makes a change of it last."""

_SECTOR = 512
_DEAD = 10  # SQLITE_IOERR
_KEPT = (0.0, 0.0, 0.5, 0.9, 1.0)
"""How much of what was not synced is on the disk after all: often nothing, which is what a journal must bear."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What goes wrong, and when.

    Attributes:
        what: the operations that it befalls.
        at: the number, from 1, of the first of them that fails.
        code: SQLite's result code for it.
        lasting: whether every one from then on fails, until the disk is repaired.
        file: how the names of the files end that it befalls; empty: of all.
    """

    what: frozenset[Operation]
    at: int
    code: int
    lasting: bool = False
    file: str = ""


@dataclass(slots=True)
class _Change:
    """A write, a truncation (no data) or a deletion (no place) that is not synced."""

    at: int | None
    data: bytes | None = None


@dataclass(slots=True)
class _File:
    """What is kept of one file.

    Attributes:
        synced: its content as of its last sync; None: it may not even be there.
        pending: what was done to it since.
        older: the file of that name that was deleted before, while its deletion is not known to last.
    """

    synced: bytes | None
    pending: list[_Change] = field(default_factory=list)
    older: _File | None = None


class Disk:
    """Where a journal's files lie. Everything that SQLite does to them passes :meth:`before`.

    Args:
        journal: the path of the journal; its ``-wal`` and other files beside it are watched too.
    """

    def __init__(self, journal: Path) -> None:
        self.journal = journal
        self.fault: Fault | None = None
        self.cut_at: int | None = None
        """The change, counted from 1, at which the power goes; the change itself may be torn."""
        self.kill_at: int | None = None
        """The change before which this process is killed."""
        self.copy_at: int | None = None
        """The change before which ``copied`` becomes what all files hold."""
        self.copied: dict[str, bytes] | None = None
        self.dead = False
        self.changes = 0
        self.failed = 0
        self._befallen = 0
        self._files: dict[str, _File] = {}
        self._guard = threading.RLock()  # reading a file may be told to "step" too

    def step(self) -> None:
        """Something changes on the disk, through SQLite or not: it may be the last thing that this process does."""
        with self._guard:
            self._step()

    def contents(self) -> dict[str, bytes]:
        """What every file holds now, as whoever copies them finds it."""
        with self._guard:
            return self._contents()

    def repair(self) -> None:
        """From now on nothing fails any more."""
        with self._guard:
            self.fault = None

    # What SQLite does

    def opened(self, path: str) -> None:
        """Keep what an existing file holds: it lay there before."""
        if not self._is_ours(path):
            return
        with self._guard:
            known = self._files.get(path)
            if known is None:
                there = Path(path).read_bytes() if _has_content(path) else b""
                is_database = path == str(self.journal)
                self._files[path] = _File(there if there or is_database else None)
            elif known.pending and known.pending[-1].at is None:
                self._files[path] = _File(None, older=known)

    def before(self, what: Operation, path: str, offset: int, data: bytes) -> int:
        """Decide what becomes of an operation, and take note of it."""
        if not self._is_ours(path):
            return OK
        with self._guard:
            if self.dead:
                return _DEAD
            if what in CHANGES:
                self._step()
            code = self._failure(what, path)
            if code != OK:
                self.failed += 1
                return code
            self._keep(what, path, offset, data)
            if what in CHANGES and self.changes == self.cut_at:
                self.dead = True
                return _DEAD
            return OK

    def after(self, what: Operation, path: str) -> None:
        """What was synced, lasts."""
        if what is not Operation.SYNC or not self._is_ours(path):
            return
        with self._guard:
            file = self._files.setdefault(path, _File(None))
            if file.synced is None and path != str(self.journal):
                self._sync_folder()  # SQLite does, with the first sync of a log or a journal that it has made
            content = bytearray(file.synced or b"")
            for change in file.pending:
                _apply(content, change)
            self._files[path] = _File(bytes(content))

    def _sync_folder(self) -> None:
        """What was deleted stays so."""
        for path, file in list(self._files.items()):
            if file.pending and file.pending[-1].at is None:
                del self._files[path]
            file.older = None

    def _keep(self, what: Operation, path: str, offset: int, data: bytes) -> None:
        change = {
            Operation.WRITE: _Change(offset, data), Operation.TRUNCATE: _Change(offset), Operation.DELETE: _Change(None)
        }.get(what)  # fmt: skip
        if change is not None:
            self._files.setdefault(path, _File(None)).pending.append(change)

    def _failure(self, what: Operation, path: str) -> int:
        fault = self.fault
        if fault is None or what not in fault.what or not path.endswith(fault.file):
            return OK
        self._befallen += 1
        hit = self._befallen >= fault.at if fault.lasting else self._befallen == fault.at
        return fault.code if hit else OK

    def _step(self) -> None:
        self.changes += 1
        if self.changes == self.copy_at:
            self.copied = self._contents()
        if self.changes == self.kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

    def _contents(self) -> dict[str, bytes]:
        found = {}
        for path, file in self._files.items():
            content = bytearray(file.synced or b"")
            for change in file.pending:
                _apply(content, change)
            found[path] = bytes(content)
        return found

    def _is_ours(self, path: str) -> bool:
        return path.startswith(str(self.journal))

    # What a power cut leaves

    def come_back(self, rng: random.Random) -> None:
        """Let the files be what they are when the power is back. Nothing may have them open.

        What was synced is there. Of everything else each sector is as one of the writes left it, or as none did.
        """
        kept = rng.choice(_KEPT)
        for path in self._paths():
            file = self._files.get(str(path))
            content = None if file is None else _remains(file, rng, kept)
            if content is not None:
                path.touch(0o600)
                path.write_bytes(content)  # the same file as before, with another content
            elif file is not None or path.name.endswith("-shm"):
                path.unlink(missing_ok=True)
        self._files.clear()
        self.dead, self.cut_at, self.fault = False, None, None

    def _paths(self) -> list[Path]:
        beside = [self.journal.with_name(self.journal.name + end) for end in ("-wal", "-shm", "-journal")]
        return [self.journal, *beside]


def _remains(file: _File, rng: random.Random, kept: float) -> bytes | None:
    """One file after the power cut; None: it is not there."""
    if file.older is not None and file.synced is None and rng.random() >= kept:
        return _remains(file.older, rng, kept)
    content = None if file.synced is None else bytearray(file.synced)
    for change in file.pending:
        if change.at is None:
            if rng.random() < kept:
                return None
        elif change.data is None:
            if rng.random() < kept and content is not None:
                _apply(content, change)
        else:
            for piece in _sectors(change.at, change.data):
                if rng.random() < kept:
                    content = bytearray() if content is None else content
                    _apply(content, piece)
    return None if content is None else bytes(content)


def _sectors(at: int, data: bytes) -> list[_Change]:
    """A write as the disk does it: sector by sector, none of which is ever half written."""
    first = _SECTOR - at % _SECTOR
    cuts = [0, *range(first, len(data), _SECTOR), len(data)]
    return [_Change(at + start, data[start:end]) for start, end in pairwise(cuts) if end > start]


def _apply(content: bytearray, change: _Change) -> None:
    if change.at is None:
        content.clear()
    elif change.data is None:
        del content[change.at :]
    else:
        content.extend(bytes(max(0, change.at - len(content))))
        content[change.at : change.at + len(change.data)] = change.data


def _has_content(path: str) -> bool:
    return Path(path).exists() and Path(path).stat().st_size > 0
