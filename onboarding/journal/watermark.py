"""How many commits a journal has had, kept beside it: a journal that has had fewer is an old copy of itself.

``<file>.mark`` holds 44 bytes: the number of the last commit, and which file on which machine it was. The number in
the journal itself grows within every transaction that writes; this one is written after the commit, and is not
synced: after a crash it may be behind, never ahead. So, when the journal is opened:

- it has had fewer commits than the mark says: it was restored from a backup (or lost what the disk had confirmed);
- the mark is of another file or machine, or gone: it is a copy, and the journal itself may live on elsewhere.

A whole machine that is set back with everything on it (a snapshot) cannot be told from within.
"""

from __future__ import annotations

import hashlib
import os
import struct
import zlib
from contextlib import suppress
from functools import cache
from pathlib import Path

from onboarding.errors import JournalError
from onboarding.journal.files import check_file, make_file, sync_folder

__all__ = ["Watermark"]

_FORM = struct.Struct(">8sQQ16s")
_SUM = struct.Struct(">I")
_MAGIC = b"onbdmark"
_MACHINE = (Path("/etc/machine-id"), Path("/var/lib/dbus/machine-id"))


class Watermark:
    """The mark of a journal.

    Args:
        journal: the journal's path.
    """

    def __init__(self, journal: Path) -> None:
        self._journal = journal
        self._path = journal.with_name(journal.name + ".mark")
        self._descriptor: int | None = None

    @property
    def is_there(self) -> bool:
        """Whether the journal has a mark."""
        return self._path.exists()

    @property
    def lost(self) -> str | None:
        """Why a journal without anything in it must not be taken for a new one; None: it may be one."""
        kept = self._read()
        if kept is None or kept[0] == 0:
            return None
        return (
            f"is missing or empty, and {kept[0]} commits were in it: restore it from a backup; to begin anew, remove "
            f"{self._path.name} too"
        )

    def why_old(self, commits: int) -> str | None:
        """Why a journal with so many commits must not be trusted to know what has happened; None: it may."""
        kept = self._read()
        if kept is None:
            return None if commits == 0 else f"its mark {self._path.name} is missing or damaged"
        number, identity = kept
        if identity != self._identity():
            return "it is a copy: its mark is of another file or machine"
        if number > commits:
            return f"it was set back: {number - commits} later commits are missing"
        return None

    def make(self, commits: int) -> None:
        """Write the mark durably, whatever it was before."""
        make_file(self._path, "journal's mark")
        self.close()
        self.note(commits)
        assert self._descriptor is not None
        os.fsync(self._descriptor)
        sync_folder(self._path.parent)

    def note(self, commits: int) -> None:
        """Note the number of the last commit; a power cut may forget that."""
        if self._descriptor is None:
            check_file(self._path, "journal's mark")
            self._descriptor = os.open(self._path, os.O_WRONLY | getattr(os, "O_CLOEXEC", 0))
        body = _FORM.pack(_MAGIC, commits, *self._identity())
        os.pwrite(self._descriptor, body + _SUM.pack(zlib.crc32(body)), 0)

    def close(self) -> None:
        """Let go of the file."""
        if self._descriptor is not None:
            with suppress(OSError):
                os.close(self._descriptor)
            self._descriptor = None

    def _read(self) -> tuple[int, tuple[int, bytes]] | None:
        try:
            kept = self._path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            why = error.strerror or type(error).__name__
        else:
            body, check = kept[: _FORM.size], kept[_FORM.size :]
            if len(body) < _FORM.size or check != _SUM.pack(zlib.crc32(body)):
                return None
            magic, number, inode, machine = _FORM.unpack(body)
            return (number, (inode, machine)) if magic == _MAGIC else None
        raise JournalError(f"the journal's mark {self._path} cannot be read: {why}")

    def _identity(self) -> tuple[int, bytes]:
        """Which file it is, as its path leads to it now, and on which machine."""
        return self._journal.stat().st_ino, _machine()


@cache
def _machine() -> bytes:
    """Which machine this is; nothing where it has no id, as in many containers, whose names change."""
    for place in _MACHINE:
        with suppress(OSError, UnicodeDecodeError):
            if number := place.read_text("ascii").strip():
                return hashlib.sha256(f"onboarding {number}".encode()).digest()[:16]
    return bytes(16)
