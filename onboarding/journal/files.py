"""Files that hold what must stay private: made with the right permissions, refused with wrong ones.

Nothing here opens a file that exists: closing a descriptor of an SQLite file would drop every lock that this
process holds on it (POSIX advisory locks belong to the process, not to the descriptor).
"""

from __future__ import annotations

import os
import stat
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

from onboarding.errors import JournalError

__all__ = ["check_beside", "check_file", "make_file", "make_folder", "sync_folder", "try_folder"]

_PRIVATE_FILE = 0o600
_PRIVATE_FOLDER = 0o700
_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH
_POSIX = sys.platform != "win32"
_ELSEWHERE = "give a path where this user may write"


def make_folder(folder: Path) -> None:
    """Create ``folder`` and what is missing above it, for the owner alone; check the one that is there.

    Raises:
        JournalError: it cannot be created, is no folder, or others may write to it.
    """
    missing = []
    for place in (folder, *folder.parents):
        if place.exists():
            break
        missing.append(place)
    fault = None
    for place in reversed(missing):
        try:
            place.mkdir(mode=_PRIVATE_FOLDER, exist_ok=True)
            with suppress(OSError):  # a power cut must not take the folder with all that is in it
                sync_folder(place.parent)
        except OSError as error:
            fault = error.strerror or type(error).__name__
            break
    if fault is not None:
        raise JournalError(f"the folder {folder} cannot be created: {fault}; {_ELSEWHERE}")
    _check_folder(folder)


def try_folder(folder: Path) -> None:
    """Whether a journal could be made in ``folder``; nothing of the trial is left behind.

    Raises:
        JournalError: as :func:`make_folder` and :func:`make_file` would say.
    """
    there = next(place for place in (folder, *folder.parents) if place.exists())
    if there == folder or not there.is_dir():
        _check_folder(there)
    fault = None
    try:
        with tempfile.TemporaryDirectory(prefix=".onboarding-", dir=there):
            return
    except OSError as error:
        fault = error.strerror or type(error).__name__
    raise JournalError(f"nothing can be written into the folder {there}: {fault}; {_ELSEWHERE}")


def make_file(path: Path, what: str) -> bool:
    """Create an empty file for the owner alone, or check the one that is there; True if it was created.

    Args:
        path: where the file belongs; its folder exists.
        what: what to call it in a message, such as ``journal``.

    Raises:
        JournalError: it cannot be created, or :func:`check_file` refuses it.
    """
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
    fault = None
    try:
        os.close(os.open(path, flags, _PRIVATE_FILE))
    except FileExistsError:
        check_file(path, what)
        return False
    except OSError as error:
        fault = error.strerror or type(error).__name__
    if fault is not None:
        raise JournalError(f"the {what} {path} cannot be created: {fault}; {_ELSEWHERE}")
    return True


def check_file(path: Path, what: str) -> None:
    """Refuse a file that others could read, change or have put there.

    Raises:
        JournalError: it is missing, a symbolic link, no regular file, of another owner, or open to others.
    """
    try:
        facts = path.lstat()
    except OSError as error:
        facts = None
        fault = error.strerror or type(error).__name__
    if facts is None:
        raise JournalError(f"the {what} {path} cannot be read: {fault}")
    _check(facts, path, what, "give the path that it points to")


def check_beside(path: Path) -> None:
    """The same for what lies beside the journal ``path``, where it is there: its log, and the files of its locks.

    Raises:
        JournalError: as :func:`check_file`.
    """
    for ending in ("-wal", "-shm", ".lock", ".owner", ".mark"):
        place = path.with_name(path.name + ending)
        # The last one that closes the journal takes the log away: it may be gone at any moment.
        with suppress(OSError):
            facts = place.lstat()
            _check(facts, place, "file beside the journal,", "remove it")


def _check(facts: os.stat_result, path: Path, what: str, instead: str) -> None:
    if stat.S_ISLNK(facts.st_mode):
        raise JournalError(f"the {what} {path} is a symbolic link: {instead}")
    if not stat.S_ISREG(facts.st_mode):
        raise JournalError(f"the {what} {path} is not a regular file: give another path")
    if not _POSIX:
        return
    if facts.st_uid != _user():
        raise JournalError(f"the {what} {path} belongs to another user: chown it to the user that runs this process")
    if facts.st_mode & _OTHERS:
        raise JournalError(f"the {what} {path} is open to other users: run chmod 600 on it")


def sync_folder(folder: Path) -> None:
    """Make a new or renamed name in ``folder`` survive a power cut."""
    if not _POSIX:
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _check_folder(folder: Path) -> None:
    facts = folder.stat()
    if not stat.S_ISDIR(facts.st_mode):
        raise JournalError(f"{folder} is not a folder: give another path")
    if not _POSIX:
        return
    if facts.st_uid not in (_user(), 0):
        raise JournalError(f"the folder {folder} belongs to another user: use a folder of your own")
    # Whoever may write to the folder may replace the file, or plant a -wal beside it; a sticky bit stops
    # only the first.
    if facts.st_mode & _OTHERS_WRITE:
        raise JournalError(f"other users may write to the folder {folder}: run chmod go-w on it or use another")


def _user() -> int:
    return -1 if sys.platform == "win32" else os.geteuid()
