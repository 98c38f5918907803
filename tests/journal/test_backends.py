from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import onboarding.journal
from onboarding.errors import MissingExtra, SettingsError
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
        "mysql://user:hunter2@host/db", "postgresql+asyncpg://user:hunter2@host/db", "postgresql://user:hunter2@host",
        "postgresql://user:hunter2@host:port/db", "postgresql://user:hunter2@host/db?pooling=hunter2",
        "postgresql://user:hunter2@host/db?lease=0", "postgresql://user:hunter2@host/db?wait=-1", "postgresql://user:hunter2@host/db?listen=hunter2",
        "postgresql://user:hunter/2@host/db", "postgresql://user:hunter#2@host/db",
    ],
)  # fmt: skip
def test_any_other_url_is_refused_saying_what_fits_and_not_the_url(url: str) -> None:
    with pytest.raises(SettingsError, match="ONBOARDING_JOURNAL") as refused:
        open_journal(url)
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg"])
def test_a_journal_in_postgresql_shows_where_it_is_and_not_its_password(scheme: str) -> None:
    journal = open_journal(f"{scheme}://user:hunter2%40@host:5433/db?sslmode=require&lease=30")
    assert journal.place == "postgresql://host:5433/db"
    assert "hunter2" not in f"{journal!r} {vars(journal)}"


def test_without_the_driver_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(MissingExtra, match=r"onboarding\[postgres\]"):
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
        "print(sorted({'sqlalchemy', 'alembic', 'cryptography', 'filelock', 'psycopg'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
