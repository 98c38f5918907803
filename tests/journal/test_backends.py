from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import onboarding.journal
from onboarding.errors import SettingsError
from onboarding.journal import MemoryJournal, SqliteJournal, open_journal


def test_three_slashes_are_relative_and_four_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    relative = open_journal("sqlite:///below/journal.db")
    assert isinstance(relative, SqliteJournal)
    assert relative.place == str(tmp_path / "below" / "journal.db")
    assert open_journal("sqlite:////var/journal.db").place == "/var/journal.db"
    assert SqliteJournal("sqlite:////var/journal.db").place == "/var/journal.db"
    assert SqliteJournal(Path("/var/journal.db")).place == "/var/journal.db"


def test_memory_is_a_journal_of_its_own() -> None:
    assert isinstance(open_journal("memory://"), MemoryJournal)


@pytest.mark.parametrize(
    "url",
    [
        "", "journal.db", "sqlite://", "sqlite:///", "sqlite:///:memory:", "sqlite:///folder/", "sqlite:///x.db?mode=ro",
        "mysql://user:hunter2@host/db", "postgresql://user:hunter2@host/db", "postgresql+asyncpg://user:hunter2@host/db",
    ],
)  # fmt: skip
def test_any_other_url_is_refused_saying_what_fits_and_not_the_url(url: str) -> None:
    with pytest.raises(SettingsError, match="ONBOARDING_JOURNAL") as refused:
        open_journal(url)
    assert "sqlite:///" in str(refused.value)
    assert "hunter2" not in str(refused.value)


def test_postgresql_is_said_to_be_not_available() -> None:
    with pytest.raises(SettingsError, match="not available"):
        open_journal("postgresql://host/db")


def test_every_export_is_there_once() -> None:
    names = onboarding.journal.__all__
    assert len(set(names)) == len(names)
    for name in names:
        assert getattr(onboarding.journal, name) is not None
    with pytest.raises(AttributeError):
        _ = onboarding.journal.nothing


def test_importing_loads_no_database_and_opening_a_journal_in_memory_neither() -> None:
    code = (
        "import sys, onboarding.journal as j; j.open_journal('memory://');"
        "print(sorted({'sqlalchemy', 'alembic', 'cryptography', 'filelock'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
