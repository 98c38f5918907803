"""The verifier on a server: clean on the product, red where a guard is left out, and nothing is left behind."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from onboarding.errors import SettingsError
from onboarding.verify.crash import CrashMatrix
from onboarding.verify.databases import place_of
from onboarding.verify.owners import Owners
from onboarding.verify.plan import Plan
from onboarding.verify.secrecy import Secrets

from .server import Server

pytestmark = pytest.mark.slow
_LEFT = "SELECT datname FROM pg_database WHERE starts_with(datname, 'onboarding_verify')"


@pytest.fixture
def journal(server: Server) -> Iterator[str]:
    """The server as somebody who may make databases, with a password that must be seen nowhere."""
    server.sql("CREATE ROLE verifier LOGIN CREATEDB PASSWORD 'hunter2'")
    yield server.url("postgres").replace("onboarding@", "verifier:hunter2@")
    server.sql("DROP ROLE verifier")


def test_the_command_verifies_owners_on_a_server_tells_no_password_and_leaves_nothing(
    server: Server, journal: str, tmp_path: Path
) -> None:
    words = ["verify", "--quick", "--part", "owners", "--flow", "task-watch", "--flow", "kyc-update", "--report", "r"]
    done = subprocess.run(
        [sys.executable, "-m", "onboarding", *words, "--journal", journal], env=os.environ, cwd=tmp_path,
        stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    report = (tmp_path / "r" / "verify.json").read_text()
    (part,) = json.loads(report)["parts"]
    assert part["findings"] == []
    assert (done.returncode, part["cases"]) == (0, 3)
    assert part["counts"]["kills"] > 1
    assert part["counts"]["stops"] > 2
    assert part["counts"]["takeovers"] >= 2
    assert part["counts"]["slowest takeover in ms"] < 3000
    assert "hunter2" not in report + (tmp_path / "r" / "verify.html").read_text() + done.stdout + done.stderr
    assert server.sql(_LEFT) == []


def test_who_sends_though_its_lease_has_run_out_is_found_out(server: Server, journal: str, tmp_path: Path) -> None:
    plan = Plan(folder=tmp_path, flows=("kyc-update",), case="outlived-lease", mutant="lease", journal=journal)
    result = Owners().run(plan)
    found = {finding.what for finding in result.findings}
    assert "a process that was stopped for longer than its lease sent what another one had done" in found
    assert result.counts["effects doubled"] > 0
    assert server.sql(_LEFT) == []


def test_a_process_that_dies_of_the_effect_on_a_server_does_nothing_twice(
    server: Server, journal: str, tmp_path: Path
) -> None:
    case = "password-change/changing_password/effect@2.9/landed"
    result = CrashMatrix().run(Plan(folder=tmp_path, flows=("password-change",), case=case, journal=journal))
    assert result.findings == ()
    assert (result.cases, result.counts["kills"]) == (1, 1)
    assert server.sql(_LEFT) == []


def test_an_intent_that_is_no_doubt_is_found_out_on_a_server_too(journal: str, tmp_path: Path) -> None:
    case = "password-change/changing_password/effect@2.9/landed"
    plan = Plan(folder=tmp_path, flows=("password-change",), case=case, mutant="crash-doubt", journal=journal)
    assert CrashMatrix().run(plan).findings != ()


def test_the_rows_on_a_server_hold_no_secret_and_one_that_was_put_there_is_found(
    server: Server, journal: str, tmp_path: Path
) -> None:
    result = Secrets().run(Plan(folder=tmp_path, flows=("email-signup",), case="server", journal=journal))
    assert result.findings == ()
    assert (result.counts["planted"], result.counts["found"]) == (1, 1)
    assert result.counts["journeys"] > 0
    assert result.counts["command line calls"] == 3
    assert server.sql(_LEFT) == []
    # The log of changes, which a full run searches: what was put there is nothing that the next flow is searched for.
    changes = b"".join(file.read_bytes() for file in server.changes())
    assert b"planted-" in changes
    assert re.search(rb"token-[0-9a-f]{16}-7", changes) is None


def test_who_may_make_no_databases_and_what_is_no_server_are_told_so(server: Server) -> None:
    server.sql("CREATE ROLE humble LOGIN")
    try:
        with pytest.raises(SettingsError, match="CREATEDB"):
            place_of(server.url("postgres").replace("onboarding@", "humble@"))
    finally:
        server.sql("DROP ROLE humble")
    with pytest.raises(SettingsError, match="postgresql://"):
        place_of("sqlite:///journal.db")
