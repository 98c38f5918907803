"""Where the journal is, looked at before it is opened: a mistyped path must not become a new journal in silence."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from onboarding.errors import SettingsError

if TYPE_CHECKING:
    from onboarding.settings import Settings

__all__ = ["journal_file", "journal_is_there"]


def journal_file(settings: Settings) -> Path:
    """The journal's file.

    Raises:
        SettingsError: it is kept in memory, which ends with the command, or its URL is none.
    """
    from onboarding.journal.backends import open_journal, sqlite_path

    if settings.journal_url == "memory://":
        raise SettingsError(
            "a journal in memory is gone when the command ends: set ONBOARDING_JOURNAL, or give --journal in front of "
            "the command, as sqlite:///path.db"
        )
    open_journal(settings.journal_url)  # says what is wrong with the URL
    return sqlite_path(settings.journal_url).absolute()


def journal_is_there(settings: Settings, *, makes: bool) -> bool:
    """Whether there is a journal; False only where the command may make one.

    Raises:
        SettingsError: there is none, and the command only reads; or as :func:`journal_file`.
    """
    path = journal_file(settings)
    why = None
    try:
        if path.exists() or path.is_symlink():
            return True
    except OSError as error:  # a name that no file can have, or a folder that may not be looked into
        why = error.strerror or type(error).__name__
    if why is not None:
        raise SettingsError(f"ONBOARDING_JOURNAL (or --journal) names a place that cannot be looked at: {why}")
    if not makes:
        raise SettingsError(
            f"there is no journal at {path}; `onboarding start` makes one (ONBOARDING_JOURNAL, --journal)"
        )
    return False
