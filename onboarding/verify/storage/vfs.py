"""A file system of SQLite's with a listener in it: everything that SQLite writes, syncs and locks passes through.

SQLite reaches files by a table of functions, its VFS. A copy of the default one is made, with our ``xOpen``; and of
the functions of each file that it opens, those that matter here are replaced. All others stay SQLite's own and are
called by it directly: the files, their locks and the shared memory of the write-ahead log are real.

It works on the very library that the module ``sqlite3`` uses, in the whole process: only for a process that is made for
it. The tables and the callbacks are kept for as long as the process lives.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable
from ctypes import POINTER, Structure, c_char_p, c_int, c_int64, c_void_p
from enum import StrEnum
from typing import Any, ClassVar, Protocol

__all__ = ["OK", "Listener", "Operation", "hook", "why_not"]

OK = 0
_INTERNAL = 2
_IO_ERROR = 10
_MAKE_DEFAULT = 1
_WRITER = 0  # WAL_WRITE_LOCK
_LETTING_GO = 1  # SQLITE_SHM_UNLOCK
_NAME = b"onboarding-verify"


class Operation(StrEnum):
    """What SQLite is about to do to a file."""

    READ = "read"
    WRITE = "write"
    TRUNCATE = "truncate"
    SYNC = "sync"
    DELETE = "delete"
    LOCK = "lock"
    WRITE_LOCK = "write lock"
    """The lock of the write-ahead log that one writer has: SQLite's own, beside that of the journal."""


class Listener(Protocol):
    """What is asked before each operation; one thread at a time for each connection."""

    def opened(self, path: str) -> None:
        """A file was opened."""
        ...

    def before(self, what: Operation, path: str, offset: int, data: bytes) -> int:
        """Zero lets it happen; a result code of SQLite's is what SQLite gets instead."""
        ...

    def after(self, what: Operation, path: str) -> None:
        """It has happened."""
        ...


# A name stays an address: SQLite keeps it, and finds options behind its end.
_OPEN = ctypes.CFUNCTYPE(c_int, c_void_p, c_void_p, c_void_p, c_int, POINTER(c_int))
_DELETE = ctypes.CFUNCTYPE(c_int, c_void_p, c_void_p, c_int)
_CLOSE = ctypes.CFUNCTYPE(c_int, c_void_p)
_READ = ctypes.CFUNCTYPE(c_int, c_void_p, c_void_p, c_int, c_int64)
_TRUNCATE = ctypes.CFUNCTYPE(c_int, c_void_p, c_int64)
_FLAGS = ctypes.CFUNCTYPE(c_int, c_void_p, c_int)
_SHARED_LOCK = ctypes.CFUNCTYPE(c_int, c_void_p, c_int, c_int, c_int)


class _Vfs(Structure):
    """``sqlite3_vfs``, first version; what newer ones add is copied byte by byte."""

    _fields_: ClassVar = [
        ("version", c_int), ("file_size", c_int), ("longest_path", c_int), ("next", c_void_p), ("name", c_char_p),
        ("data", c_void_p), ("open", c_void_p), ("delete", c_void_p), ("access", c_void_p), ("full_path", c_void_p),
        ("dl_open", c_void_p), ("dl_error", c_void_p), ("dl_symbol", c_void_p), ("dl_close", c_void_p),
        ("randomness", c_void_p), ("sleep", c_void_p), ("current_time", c_void_p), ("last_error", c_void_p),
        # version 2
        ("current_time_64", c_void_p),
        # version 3
        ("set_call", c_void_p), ("get_call", c_void_p), ("next_call", c_void_p),
    ]  # fmt: skip


class _Methods(Structure):
    """``sqlite3_io_methods``, third version; an older table is not read past its end."""

    _fields_: ClassVar = [
        ("version", c_int), ("close", c_void_p), ("read", c_void_p), ("write", c_void_p), ("truncate", c_void_p),
        ("sync", c_void_p), ("size", c_void_p), ("lock", c_void_p), ("unlock", c_void_p), ("is_reserved", c_void_p),
        ("control", c_void_p), ("sector_size", c_void_p), ("characteristics", c_void_p),
        # version 2
        ("shm_map", c_void_p), ("shm_lock", c_void_p), ("shm_barrier", c_void_p), ("shm_unmap", c_void_p),
        # version 3
        ("fetch", c_void_p), ("unfetch", c_void_p),
    ]  # fmt: skip


_VFS_SIZE = {1: _Vfs.current_time_64.offset, 2: _Vfs.set_call.offset}
_METHODS_SIZE = {1: _Methods.shm_map.offset, 2: _Methods.fetch.offset}


def _library() -> ctypes.CDLL:
    """The SQLite that this Python uses. Its symbols are found through the module that is linked with it.

    Raises:
        OSError, AttributeError, ImportError: they are hidden, or there is no such file.
    """
    import _sqlite3

    library = ctypes.CDLL(_sqlite3.__file__)
    library.sqlite3_vfs_find.argtypes, library.sqlite3_vfs_find.restype = [c_char_p], POINTER(_Vfs)
    library.sqlite3_vfs_register.argtypes = [POINTER(_Vfs), c_int]
    library.sqlite3_libversion.restype = c_char_p
    return library


def why_not() -> str | None:
    """Why nothing can be put between SQLite and the disk here; None: it can be."""
    if os.name != "posix":
        return "SQLite's file system is only replaced on Linux and macOS"
    try:
        library = _library()
    except (OSError, AttributeError, ImportError):
        return "the SQLite of this Python hides its symbols, so that nothing can be put between it and the disk"
    import sqlite3

    if library.sqlite3_libversion().decode() != sqlite3.sqlite_version:
        return "another SQLite than that of this Python was found, so that nothing is put between it and the disk"
    return None if library.sqlite3_vfs_find(None) else "the SQLite of this Python has no file system"


class _Hook:
    """The file system and all that must outlive its use."""

    def __init__(self, library: ctypes.CDLL, listener: Listener) -> None:
        self.listener = listener
        self._paths: dict[int, str] = {}
        self._tables: dict[int, tuple[_Methods, _Methods]] = {}
        self._kept: list[Any] = []
        self._base = library.sqlite3_vfs_find(None)
        size = _VFS_SIZE.get(self._base.contents.version, ctypes.sizeof(_Vfs))
        self._own = _Vfs()
        ctypes.memmove(ctypes.byref(self._own), self._base, size)
        self._own.name, self._own.next = _NAME, None
        self._own.open = self._keep(_OPEN(self._open))
        self._own.delete = self._keep(_DELETE(self._delete))
        if library.sqlite3_vfs_register(ctypes.byref(self._own), _MAKE_DEFAULT) != OK:
            raise OSError("SQLite took no other file system")

    def _keep(self, callback: Any) -> int | None:
        self._kept.append(callback)
        return ctypes.cast(callback, c_void_p).value

    def _open(self, vfs: int, name: int | None, file: int, flags: int, out: Any) -> int:
        base = _OPEN(self._base.contents.open)
        code = int(base(vfs, name, file, flags, out))
        if code == OK and name is not None:
            slot = ctypes.cast(file, POINTER(c_void_p))  # the first thing in a file is the address of its functions
            path = _path(name)
            if not _safely(self.listener.opened, path):
                return _INTERNAL
            slot[0] = ctypes.addressof(self._table(slot[0] or 0)[1])
            self._paths[file] = path
        return code

    def _delete(self, vfs: int, name: int, sync: int) -> int:
        path = _path(name)
        base = _DELETE(self._base.contents.delete)
        return self._pass(Operation.DELETE, path, lambda: int(base(vfs, name, sync)))

    def _table(self, original: int) -> tuple[_Methods, _Methods]:
        """A table of functions, and the one that takes its place; made once for each kind of file."""
        if original not in self._tables:
            base, own = _Methods(), _Methods()
            version = c_int.from_address(original).value
            for table in (base, own):
                size = _METHODS_SIZE.get(version, ctypes.sizeof(_Methods))
                ctypes.memmove(ctypes.byref(table), original, size)
            self._tables[original] = base, own
            self._replace(base, own)
        return self._tables[original]

    def _replace(self, base: _Methods, own: _Methods) -> None:
        close, read, write = _CLOSE(base.close), _READ(base.read), _READ(base.write)
        truncate, sync, lock = _TRUNCATE(base.truncate), _FLAGS(base.sync), _FLAGS(base.lock)

        def our_close(file: int) -> int:
            self._paths.pop(file, None)
            return int(close(file))

        def our_read(file: int, data: int, size: int, at: int) -> int:
            return self._pass(Operation.READ, self._paths[file], lambda: int(read(file, data, size, at)), at)

        def our_write(file: int, data: int, size: int, at: int) -> int:
            text = ctypes.string_at(data, size)
            return self._pass(Operation.WRITE, self._paths[file], lambda: int(write(file, data, size, at)), at, text)

        def our_truncate(file: int, size: int) -> int:
            return self._pass(Operation.TRUNCATE, self._paths[file], lambda: int(truncate(file, size)), size)

        def our_sync(file: int, flags: int) -> int:
            return self._pass(Operation.SYNC, self._paths[file], lambda: int(sync(file, flags)))

        def our_lock(file: int, level: int) -> int:
            return self._pass(Operation.LOCK, self._paths[file], lambda: int(lock(file, level)))

        own.close, own.read, own.write = map(self._keep, (_CLOSE(our_close), _READ(our_read), _READ(our_write)))
        own.truncate, own.sync = self._keep(_TRUNCATE(our_truncate)), self._keep(_FLAGS(our_sync))
        own.lock = self._keep(_FLAGS(our_lock))
        if base.version > 1 and base.shm_lock:
            shared_lock = _SHARED_LOCK(base.shm_lock)

            def our_shared_lock(file: int, slot: int, count: int, flags: int) -> int:
                def real() -> int:
                    return int(shared_lock(file, slot, count, flags))

                taken = slot == _WRITER and flags & _LETTING_GO == 0
                return self._pass(Operation.WRITE_LOCK, self._paths[file], real) if taken else real()

            own.shm_lock = self._keep(_SHARED_LOCK(our_shared_lock))

    def _pass(
        self, what: Operation, path: str, real: Callable[[], int], offset: int = 0, data: bytes = b""
    ) -> int:  # fmt: skip
        """Ask, do, tell. What fails in here must not pass for a success: a callback that raises returns zero."""
        try:
            code = self.listener.before(what, path, offset, data)
            if code == OK:
                code = real()
                if code == OK:
                    self.listener.after(what, path)
        except BaseException:  # noqa: BLE001 - nothing may be raised into SQLite
            return _IO_ERROR
        return code


def _path(name: int) -> str:
    return os.fsdecode(ctypes.string_at(name))


def _safely(call: Callable[[str], None], path: str) -> bool:
    try:
        call(path)
    except BaseException:  # noqa: BLE001 - nothing may be raised into SQLite
        return False
    return True


_HOOKS: list[_Hook] = []


def hook(listener: Listener) -> None:
    """Let everything that SQLite does from now on in this process pass by ``listener``, instead of the one before.

    Where that cannot be done (:func:`why_not`), SQLite goes on as it is.
    """
    if not _HOOKS:
        if why_not() is not None:
            return
        _HOOKS.append(_Hook(_library(), listener))
    _HOOKS[0].listener = listener
