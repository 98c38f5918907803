"""The command line on a journal in PostgreSQL: what it says, and what it never shows."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from .server import Server


def run(url: str, *words: str, **settings: str) -> tuple[int, str]:
    given = {"ONBOARDING_JOURNAL": url, **{f"ONBOARDING_{name}": value for name, value in settings.items()}}
    done = subprocess.run(
        [sys.executable, "-m", "onboarding", *words], env={**os.environ, **given, "COLUMNS": "500"},
        stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


def test_without_keys_it_says_where_they_may_be_and_with_them_it_works(
    server: Server, database: str, tmp_path: Path
) -> None:
    url = server.url(database).replace("onboarding@", "onboarding:hunter2@")
    code, said = run(url, "list")
    assert code != 0
    assert "ONBOARDING_KEY_FILE" in said
    file = str(tmp_path / "keys" / "journal.keys")
    assert run(url, "keys", "new", KEY_FILE=file)[0] == 0
    assert run(url, "list", KEY_FILE=file)[0] == 0
    code, said = run(url, "doctor", KEY_FILE=file)
    assert f"{server.port}/{database}; nobody advances" in said
    assert "hunter2" not in said
    assert run(url, "keys", "rotate", KEY_FILE=file)[0] == 0


def test_a_server_that_is_away_and_a_user_that_is_none_are_said_without_the_password(server: Server) -> None:
    for url, why in (
        ("postgresql://onboarding:hunter2@127.0.0.1:1/x", "cannot be reached"),
        (server.url("postgres").replace("onboarding@", "stranger:hunter2@"), "refuses this user"),
        (server.url("nowhere").replace("onboarding@", "onboarding:hunter2@"), "createdb"),
    ):
        code, said = run(url, "list", KEYS="")
        assert code != 0
        assert why in said
        assert "hunter2" not in said
