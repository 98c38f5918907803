"""A run of the command line shows nobody: not in the list of processes, not in what it prints, logs or stores."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from canaries import found
from people import CANARIES, EMAIL, NAME, NEW_PASSWORD, PASSWORD, PHONE, TOKEN

from onboarding.sandbox import SandboxConfig, SandboxDesk, SandboxServer

pytestmark = pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="there is no /proc here")


def command_lines() -> dict[int, bytes]:
    """The arguments of every process that can be seen."""
    lines: dict[int, bytes] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                lines[int(folder.name)] = (folder / "cmdline").read_bytes()
            except OSError:  # it has ended meanwhile
                continue
    return lines


def test_nothing_secret_or_personal_of_a_run_is_among_its_arguments_its_words_or_its_files(tmp_path: Path) -> None:
    folder, log_file = tmp_path / "private", tmp_path / "log.jsonl"
    with SandboxServer(config=SandboxConfig(token=TOKEN)) as server:
        desk = SandboxDesk(server.url)
        user = desk.create_user(NAME, phone=PHONE, email=EMAIL, password=PASSWORD)
        # The change waits for its answer until the list of processes has been read.
        desk.add_fault("2.9", "delay", seconds=1)
        environment = {
            **os.environ, "ONBOARDING_BASE_URL": server.url, "ONBOARDING_TENANT_ID": "T001117",
            "ONBOARDING_API_TOKEN": TOKEN, "ONBOARDING_JOURNAL": f"sqlite:///{folder}/journal.db",
        }  # fmt: skip
        arguments = ["-vv", "--log-json", str(log_file), "run", "password-change", "--secrets-from", "-", "--json"]
        with subprocess.Popen(
            [sys.executable, "-m", "onboarding", *arguments],
            cwd=tmp_path, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        ) as process:  # fmt: skip
            assert process.stdin is not None
            handed_in = {"login_name": PHONE, "password": PASSWORD, "new_password": NEW_PASSWORD}
            process.stdin.write(json.dumps(handed_in).encode())
            process.stdin.close()
            process.stdin = None
            until = time.monotonic() + 30
            while not desk.requests(endpoint="2.9") and process.poll() is None and time.monotonic() < until:
                time.sleep(0.01)
            lines = command_lines()
            output, errors = process.communicate(timeout=30)
    assert process.returncode == 0, errors.decode()
    assert b"password-change" in lines[process.pid], "it was read while the journey was under way"
    canaries = {**CANARIES, "user id": user}
    assert [hits for line in lines.values() if (hits := found(canaries, line))] == []
    told = {"output": output, "errors": errors, "log": log_file.read_bytes()}
    told |= {path.name: path.read_bytes() for path in folder.iterdir()}
    assert b"password_changed" in told["output"]
    assert b"password_changed" in told["log"]
    assert {place: hits for place, text in told.items() if (hits := found(canaries, text))} == {}


def test_a_canary_among_the_arguments_of_a_process_is_found() -> None:
    waits = [sys.executable, "-c", "print(flush=True); input()", PHONE]
    with subprocess.Popen(waits, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()  # started, and not only forked: before, its arguments may not stand there yet
        hits = found(CANARIES, command_lines()[process.pid])
        process.communicate(b"\n")
    assert "phone (raw)" in hits
