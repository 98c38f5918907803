"""A file of keys, for its owner alone: one key a line, the primary first, comments after ``#``."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from filelock import FileLock, Timeout

from onboarding.errors import JournalBusy, JournalError, SettingsError
from onboarding.journal.files import check_file, make_folder, sync_folder
from onboarding.journal.sealing import Keyring

__all__ = ["add_primary_key", "create_key_file", "drop_old_keys", "load_key_file"]

_HEADER = """\
# Keys of an onboarding journal: the first seals, the others only open what was sealed before.
# Without them the journal cannot be read. Keep a copy apart from the journal's backups.
"""
_WHAT = "key file"
_BUSY_TIMEOUT = 10.0


def load_key_file(path: str | os.PathLike[str]) -> Keyring:
    """The keys in a file.

    Raises:
        JournalError: the file is missing, open to others, a symbolic link, or of another owner.
        SettingsError: it does not hold keys.
    """
    return _keyring(Path(path), _read(Path(path)))


def create_key_file(path: str | os.PathLike[str]) -> Keyring:
    """Make a file with one new key, or load the one that is there; of two at once, both get the same.

    Raises:
        JournalError: it cannot be made; or as :func:`load_key_file` says.
    """
    file = Path(path)
    make_folder(file.parent)
    if not file.is_symlink() and not file.exists():
        _place(file, [_Key(Keyring.generate_key())], replace=False)
    return load_key_file(file)


def add_primary_key(path: str | os.PathLike[str]) -> Keyring:
    """Put a new key first; the present ones go on opening.

    Give it to every process that writes, then rotate the journal, then :func:`drop_old_keys`.
    """
    return _change(Path(path), lambda keys: [_Key(Keyring.generate_key()), *keys])


def drop_old_keys(path: str | os.PathLike[str]) -> Keyring:
    """Keep the primary key alone. What is still sealed with another is lost: rotate the journal first."""
    return _change(Path(path), lambda keys: keys[:1])


class _Key:
    """One key of a file, which does not show itself in a traceback that prints variables."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def get_secret_value(self) -> str:
        return self._text


def _read(file: Path) -> list[_Key]:
    check_file(file, _WHAT)
    fault = text = None
    try:
        text = file.read_text("utf-8")
    except UnicodeDecodeError:
        fault = "it is not text"
    except OSError as error:
        fault = error.strerror or type(error).__name__
    if text is None:
        raise JournalError(f"the key file {file} cannot be read: {fault}")
    lines = (line.partition("#")[0].strip() for line in text.splitlines())
    return [_Key(line) for line in lines if line]


def _keyring(file: Path, keys: Sequence[_Key]) -> Keyring:
    try:
        return Keyring(keys)
    except SettingsError:
        pass
    raise SettingsError(f"the key file {file} (ONBOARDING_KEYS) does not hold keys: see onboarding keys new")


def _change(file: Path, change: Callable[[list[_Key]], list[_Key]]) -> Keyring:
    """Replace the keys at once, one process at a time: a key lost here is data lost."""
    check_file(file, _WHAT)
    lock = FileLock(file.with_name(file.name + ".lock"), _BUSY_TIMEOUT, mode=0o600, fallback_to_soft=False)
    try:
        with lock:
            keys = _read(file)
            _keyring(file, keys)
            _place(file, change(keys), replace=True)
            return load_key_file(file)
    except Timeout:
        pass
    raise JournalBusy(f"another process is changing the key file {file}: try again")


def _place(file: Path, keys: Sequence[_Key], *, replace: bool) -> None:
    """Write a whole file beside it, make it durable, then give it the name: nobody ever sees half of it."""
    draft = file.with_name(f".{file.name}.{secrets.token_hex(8)}")
    fault = None
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as opened:
            opened.write(_HEADER + "".join(f"{key.get_secret_value()}\n" for key in keys))
            opened.flush()
            os.fsync(opened.fileno())
        if replace:
            draft.replace(file)
        else:
            # Unlike a rename, a link never replaces: whoever comes second reads what the first one made.
            with suppress(FileExistsError):
                os.link(draft, file)
        sync_folder(file.parent)
    except OSError as error:
        fault = error.strerror or type(error).__name__
    finally:
        draft.unlink(missing_ok=True)
    if fault is not None:
        raise JournalError(f"the key file {file} cannot be written: {fault}")
