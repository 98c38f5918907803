"""The turn to write: a lock that the kernel takes back when its holder dies.

It is taken and given back for every commit, so its file stays open in between: to open a file for it each time costs
as much as what is written.
"""

from __future__ import annotations

import errno
import os
import time
from contextlib import suppress
from pathlib import Path

from filelock import FileLock, Timeout

try:
    import fcntl
except ImportError:  # Windows: there are no advisory locks on open files
    fcntl = None  # type: ignore[assignment]

__all__ = ["Turn", "kernel_lock"]

_PAUSE = 0.002
"""Seconds between two tries."""
_TAKEN = (errno.EWOULDBLOCK, errno.EACCES, errno.EAGAIN)


def kernel_lock(path: Path, timeout: float) -> FileLock:
    """A lock that the kernel lets go of when its holder dies; the file stays, empty, for its owner alone."""
    return FileLock(
        path,
        timeout,
        mode=0o600,
        thread_local=False,
        poll_interval=_PAUSE,
        # A file system without locks gets an error, not a marker file that outlives a crash.
        fallback_to_soft=False,
    )


class Turn:
    """The same kind of lock, to be taken often by one thread at a time.

    Args:
        path: the lock's file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None
        self._slow = kernel_lock(path, 0)

    def take(self, patience: float) -> bool:
        """Take it, waiting up to ``patience`` seconds; False: another process kept it. Raises ``OSError``."""
        if fcntl is None:
            try:
                self._slow.acquire(timeout=patience)
            except Timeout:
                return False
            return True
        until = time.monotonic() + patience
        while not self._try():
            if time.monotonic() >= until:
                return False
            time.sleep(_PAUSE)
        return True

    def give_back(self) -> None:
        """Let others have it."""
        if fcntl is None:
            self._slow.release()
        elif self._descriptor is not None:
            fcntl.flock(self._descriptor, fcntl.LOCK_UN)

    def close(self) -> None:
        """Let go of the file."""
        if self._descriptor is not None:
            descriptor, self._descriptor = self._descriptor, None
            with suppress(OSError):
                os.close(descriptor)

    def _try(self) -> bool:
        if self._descriptor is None:
            flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | getattr(os, "O_NOFOLLOW", 0)
            self._descriptor = os.open(self._path, flags, 0o600)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno not in _TAKEN:
                raise
            return False
        if self._is_there():
            return True
        self.close()  # it was removed: what others take is another file
        return False

    def _is_there(self) -> bool:
        assert self._descriptor is not None, "opened before"
        try:
            there = self._path.stat()
        except FileNotFoundError:
            return False
        here = os.fstat(self._descriptor)
        return (there.st_ino, there.st_dev) == (here.st_ino, here.st_dev)
