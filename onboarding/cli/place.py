"""Where the journal is, looked at before it is opened: a mistyped path must not become a new journal in silence."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from onboarding.errors import SettingsError

if TYPE_CHECKING:
    from onboarding.settings import Settings

__all__ = ["is_blank", "is_on_server", "journal_file", "journal_is_there"]


def is_on_server(settings: Settings) -> bool:
    """Whether the journal is in PostgreSQL: then there is no file to look at."""
    return settings.journal_url.partition("://")[0].partition("+")[0] in ("postgresql", "postgres")


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


def is_blank(path: Path) -> bool:
    """Whether the file is empty and never was a journal: no mark is beside it."""
    return path.is_file() and not path.stat().st_size and not path.with_name(f"{path.name}.mark").exists()


def journal_is_there(settings: Settings, *, makes: bool) -> bool:
    """Whether there is a journal; False only where the command may make one.

    Raises:
        SettingsError: there is none, and the command only reads; or as :func:`journal_file`.
    """
    if is_on_server(settings):
        from onboarding.journal.backends import open_journal

        open_journal(settings.journal_url)  # says what is wrong with the URL
        return True  # nobody makes a database by a mistyped name
    path = journal_file(settings)
    why = unseen = None
    try:
        if is_blank(path):
            why = "the file is empty"
        elif path.exists() or path.is_symlink():
            return True
    except OSError as error:  # a name that no file can have, or a folder that may not be looked into
        unseen = error.strerror or type(error).__name__
    if unseen is not None:
        raise SettingsError(f"ONBOARDING_JOURNAL (or --journal) names a place that cannot be looked at: {unseen}")
    if not makes:
        raise SettingsError(
            f"there is no journal at {path}{f' ({why})' if why else ''}; `onboarding start` makes one "
            "(ONBOARDING_JOURNAL, --journal)"
        )
    return False
