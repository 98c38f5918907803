"""``onboarding demo``: journeys survive the death of what drives them, and nothing is done twice."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from cli_program import Program

from onboarding import AccountApi, Onboarding, Settings
from onboarding.cli.demo.cast import Role
from onboarding.cli.demo.performance import Watch
from onboarding.cli.demo.reckoning import reckon
from onboarding.cli.demo.screen import Row, Screen
from onboarding.cli.demo.stage import Stage
from onboarding.sandbox import SandboxDesk, SandboxServer


@pytest.fixture
def stage(program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Program:
    """With settings of its own that must not reach the demo, and its folders where pytest removes them."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    program.settings.update(base_url="http://127.0.0.1:1", tenant_id="T0", api_token="nobody", journal="memory://")
    (tmp_path / ".env").write_text("ONBOARDING_POLL_EVERY=1h\nONBOARDING_POOL_SIZE=nonsense\n")
    return program


def test_the_demo_kills_its_worker_and_ends_well_all_the_same(stage: Program) -> None:
    demo = stage("demo")
    assert (demo.code, demo.err) == (0, ""), demo.out + demo.err
    assert "killed the worker (SIGKILL)" in demo.out
    first, second = re.findall(r"worker, process (\d+)", demo.out)
    assert first != second
    assert demo.out.index("killed the worker") < demo.out.index("password_works: it had landed")
    assert demo.out.index("killed the worker") < demo.out.index("number_is_registered: it had landed")
    assert "address_is_registered: it had not landed; sent again" in demo.out
    assert "effects done: 4 (of 4), done twice: 0" in demo.out
    ends = re.findall(r"^([\w -]+?)  +(\w+) +ok ", demo.out, re.MULTILINE)
    assert dict(ends) == {
        "password reset": "password_reset", "mobile registration": "registered", "e-mail registration": "registered",
        "KYC update": "account_updated", "account opening": "task_finished", "one that is refused": "task_refused",
    }  # fmt: skip
    pasted = [line.strip() for line in demo.out.splitlines() if " --journal " in line]
    elsewhere = stage.folder / "elsewhere"
    elsewhere.mkdir()
    shown = subprocess.run(
        ["/bin/sh", "-c", pasted[-1]], cwd=elsewhere, env=stage.environment(keys=None), check=True,
        capture_output=True, text=True, timeout=30,
    )  # fmt: skip
    assert "in_doubt" in shown.stdout


def test_the_demo_is_interrupted_without_leaving_a_process(stage: Program) -> None:
    demo = stage.start("demo")
    assert demo.stdout is not None
    worker = re.search(r"process (\d+)", demo.stdout.readline())
    assert worker is not None
    demo.send_signal(signal.SIGINT)
    _, err = demo.communicate(timeout=20)
    assert demo.returncode == 130
    assert "interrupted" in err
    assert not Path(f"/proc/{worker[1]}").exists()


def test_the_demos_worker_ends_when_the_demo_is_killed(stage: Program) -> None:
    demo = stage.start("demo")
    assert demo.stdout is not None
    worker = re.search(r"process (\d+)", demo.stdout.readline())
    assert worker is not None
    demo.kill()
    demo.communicate(timeout=20)
    deadline = time.monotonic() + 20
    while _is_running(int(worker[1])):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _is_running(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.parametrize(
    ("variables", "typed"),
    [
        ({"ONBOARDING_COMMAND": "python3 do.py run"}, "python3 do.py run --journal"),
        ({"UV_RUN_RECURSION_DEPTH": "1", "PATH": "{programs}"}, "uv run onboarding --journal"),
        (
            {"UV_RUN_RECURSION_DEPTH": "1", "PATH": str(Path(sys.executable).parent)},
            f"{sys.executable} -m onboarding --journal",
        ),
        ({"PATH": str(Path(sys.executable).parent)}, "onboarding --journal"),
        ({"PATH": "/nowhere"}, f"{sys.executable} -m onboarding --journal"),
        ({"ONBOARDING_COMMAND": "o", "ONBOARDING_KEYS": "x"}, "ONBOARDING_KEYS=[] o --journal"),
        ({"ONBOARDING_COMMAND": "o", "ONBOARDING_KEY_FILE": "/k"}, "ONBOARDING_KEY_FILE={folder}/journal.db.keys o --"),
    ],
)
def test_the_demo_closes_with_commands_as_they_are_typed_here(
    variables: dict[str, str], typed: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in os.environ if name.startswith(("ONBOARDING_", "UV_RUN"))]:
        monkeypatch.delenv(name)
    (tmp_path / "uv").touch(0o755)
    for name, value in variables.items():
        monkeypatch.setenv(name, value.format(programs=tmp_path))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with SandboxServer() as server:
        stage = Stage(server)
    assert stage.command("list").startswith(typed.format(folder=stage.folder))


def test_a_demo_removes_what_older_ones_left_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    old, fresh, other = (tmp_path / name for name in ("onboarding-demo-old", "onboarding-demo-new", "something-else"))
    for folder in (old, fresh, other):
        folder.mkdir()
        (folder / "journal.db").touch()
    link = tmp_path / "onboarding-demo-link"
    link.symlink_to(other)
    for folder in (old, other):
        os.utime(folder, (1.0, 1.0))
    with SandboxServer() as server:
        made = Stage(server).folder
    assert {path.name for path in tmp_path.iterdir()} == {fresh.name, other.name, link.name, made.name}
    assert (other / "journal.db").exists()


@pytest.mark.anyio
async def test_two_looks_at_once_show_a_transition_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings = Settings.load(
        base_url="http://127.0.0.1:1", tenant_id="T0", api_token="nobody", journal=f"sqlite:///{tmp_path}/journal.db"
    )
    async with Onboarding(settings, worker=False) as onboarding:
        journey = await onboarding.start("phone-verification", phone="13800000301")
        row = Row(Role("phone verification", "phone-verification", "", {}), journey.id, ())
        watch = Watch(onboarding, Screen([row]), [row])
        await asyncio.gather(watch.look(), watch.look())
    assert [record.seq for record in row.history] == [1]
    assert capsys.readouterr().out.count("started") == 1


@pytest.mark.anyio
async def test_the_demos_reckoning_finds_what_was_done_twice() -> None:
    with SandboxServer() as server:
        desk, config = SandboxDesk(server.url), server.sandbox.config
        user = desk.create_user("Ada", phone="13800000300", password="Abcd1234")
        role = Role("KYC update", "kyc-update", "account_updated", {}, effect="account_updated")
        assert not reckon(desk, [role]).right
        async with AccountApi(server.url, tenant_id=config.tenant_id, token=config.token) as api:
            account = (await api.get_account(user)).merged({"base": {"city": "Wanchai"}})
            await api.update_account(user, account)
            assert reckon(desk, [role]).right
            await api.update_account(user, account)
        found = reckon(desk, [role])
    assert (found.done, found.wanted, found.twice, found.right) == (1, 1, 1, False)
