"""What cannot be done is said in one sentence, with an exit code that says whose turn it is."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from cli_program import Program

UNKNOWN = "01a204b9-30cd-777e-9ce5-dc97cc6f3bbb"
RESET = ("run", "password-reset")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nonsense"], "no such command 'nonsense'; see: onboarding --help"),
        (["--nonsense"], "no such option: --nonsense"),
        (["run"], "missing command; see: onboarding run --help"),
        (["run", "nonsense"], "no flow is named 'nonsense'; known are: avatar-change"),
        (["run", "nonsense:Nowhere"], "there is no flow at 'nonsense:Nowhere'"),
        (["run", "json:loads"], "is not a flow"),
        ([*RESET, "--nonsense", "1"], "no such option: --nonsense"),
        ([*RESET], "password-reset needs --phone"),
        ([*RESET, "--phone", "13800000001"], "password-reset needs new_password, and there is no terminal"),
        ([*RESET, "--phone", "1", "--new-password", "Hunter22"], "--new-password is a secret and is not taken"),
        ([*RESET, "--new-password=Hunter22"], "--new-password is a secret and is not taken"),
        ([*RESET, "--phone", "1", "Hunter22"], "there is an argument too many; see: onboarding run password-reset"),
        ([*RESET, "--secrets-from", "nowhere.json"], "the file of --secrets-from cannot be read: No such file"),
        ([*RESET, "--timeout", "soon"], "password-reset needs --phone"),
        (["start", "task-watch", "--user-id", "u", "--task-type", "x"], "task-watch cannot start: task_type: "),
        (["start", "kyc-update", "--user-id", "u", "--changes", "{"], "--changes does not hold JSON"),
        (["start", "kyc-update", "--user-id", "u", "--changes", "@x"], "the file of --changes cannot be read"),
        (["start", "kyc-update", "--user-id", "u", "--changes", "{}"], "changes: must be a JSON object with"),
        (["start", "kyc-update", "--user-id", "u", "--account", "{}"], "no such option: --account"),
        (["send"], "missing command; see: onboarding send --help"),
        (["send", UNKNOWN, "code_entered"], "no journey"),
        (["show", UNKNOWN], "no journey"),
        (["show"], "missing argument 'ID'"),
        (["wait", UNKNOWN], "no journey"),
        (["wait", UNKNOWN, "--timeout", "soon"], "--timeout must be a length of time"),
        (["cancel", UNKNOWN], "no journey"),
        (["retry"], "retry needs the ids of journeys, or --all-parked"),
        (["retry", UNKNOWN], "no journey"),
        (["resolve", UNKNOWN, "--reason", "x"], "resolve needs --landed or --not-landed"),
        (["resolve", UNKNOWN, "--landed"], "resolve needs --reason"),
        (["list", "--status", "nonsense"], "is no status; there are: working"),
        (["list", "--older-than", "yesterday"], "--older-than must be a length of time"),
        (["list", "--limit", "0"], "invalid value for '--limit'"),
        (["list", "--flow", "nope"], "no flow is named 'nope'; known are: avatar-change"),
        (["list", "--count", "--flow", "nope"], "no flow is named 'nope'"),
        (["list", "--after", "nope"], "the journal holds no journey of that id"),
        (["list", "--limit"], "option '--limit' requires an argument; see: onboarding list --help"),
        (["show", UNKNOWN, "--reveal"], "option '--reveal' requires an argument; see: onboarding show --help"),
        ([*RESET, "--phone"], "option '--phone' requires an argument; see: onboarding run password-reset --help"),
        (["start", "task-watch", "--user-id", "", "--task-type", "JOB_TYPE_TA_OPEN"], "--user-id must not be empty"),
        (["graph", "nonsense"], "no flow is named"),
        (["graph", UNKNOWN], "no journey"),
        (["graph", "password-reset", "--format", "png"], "--format must be one of mermaid, dot, svg"),
        (["--journal", "nonsense", "list"], "ONBOARDING_JOURNAL must be sqlite:///"),
        (["--log-json", "/nowhere/log", "list"], "the file /nowhere/log of --log-json cannot be written"),
        (["sandbox", "--strength", "weak"], "--strength must be one of middle, strong, superstrong"),
        (["sandbox", "--host", "999.0.0.1"], "the sandbox cannot listen on 999.0.0.1"),
        (["keys"], "missing command; see: onboarding keys --help"),
        (["worker", "--concurrency", "0"], "invalid value for '--concurrency'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_usage_is_one_sentence_and_exit_code_2(program: Program, arguments: list[str], said: str) -> None:
    program.make_journal()
    ended = program.here(*arguments)
    assert (ended.code, ended.out) == (2, "")
    assert said.lower() in ended.sentence.lower()
    assert "Hunter22" not in ended.err


@pytest.mark.parametrize(
    ("secrets", "said"),
    [
        ("nonsense Hunter22", "--secrets-from does not hold JSON"),
        (["Hunter22"], "--secrets-from must hold a JSON object"),
        ({"Hunter22": "x"}, "--secrets-from holds 1 name that password-reset does not have"),
        ({"new_password": 1}, "new_password: "),
        ({"new_password": ""}, "--new-password must not be empty"),
        ('{"new_password": "Hunter22", "new_password": "Hunter23"}', "--secrets-from holds a name twice"),
        ('{"new_password": "Hunter22", "new-password": "Hunter23"}', "--secrets-from holds a name twice"),
        ({"new_password": "Hunter22", "phone": "1"}, "phone: must be a mobile number"),
    ],
)
def test_secrets_that_do_not_fit_are_refused_without_being_shown(program: Program, secrets: Any, said: str) -> None:
    options = () if isinstance(secrets, dict) and "phone" in secrets else ("--phone", "13800000001")
    ended = program.here("start", "password-reset", *options, "--secrets-from", "-", hand_in=secrets)
    assert (ended.code, ended.out) == (2, "")
    assert said in ended.sentence
    assert "Hunter22" not in ended.err


def test_an_input_that_is_not_taken_now_is_a_failure_not_wrong_usage(program: Program, phone: str) -> None:
    run = program.here(*RESET, "--phone", phone, "--secrets-from", "-", hand_in={"new_password": "Neu12345"})
    journey = run.out.split()[1]
    wrong = program.here("send", journey, "code_entered", "--code", "123456")
    assert (wrong.code, wrong.out) == (2, "")
    assert "--code is a secret" in wrong.sentence
    assert program.here("send", journey, "nonsense").sentence == (
        "password-reset has no input 'nonsense'; it has: code_entered, resend"
    )
    early = program.here("show", journey, "--reveal", "ticket")
    assert (early.code, early.sentence) == (2, "ticket is not there, or not there any more")
    cancelled = program.here("cancel", journey)
    assert (cancelled.code, cancelled.out) == (0, f"{journey} is cancelled in awaiting_code\n")
    late = program.here("send", journey, "code_entered", "--secrets-from", "-", hand_in={"code": "123456"})
    assert (late.code, late.sentence) == (1, "the journey was cancelled in 'awaiting_code'")
    wiped = program.here("show", journey, "--reveal", "new-password")
    assert (wiped.code, wiped.sentence) == (2, "new_password was wiped when the journey ended")


def test_settings_that_are_missing_are_named(program: Program) -> None:
    ended = program.here("worker", tenant_id=None, api_token=None)
    assert ended.code == 2
    assert "ONBOARDING_TENANT_ID and ONBOARDING_API_TOKEN must be set" in ended.sentence


def test_an_error_that_nobody_foresaw_is_one_sentence_without_its_text(program: Program) -> None:
    (program.folder / "broken.py").write_text("raise RuntimeError('Hunter22')\n")
    ended = program("graph", "broken:Flow")
    assert (ended.code, ended.sentence) == (1, "an unexpected error (RuntimeError); -v (before the command) says where")
    verbose = program("-v", "graph", "broken:Flow")
    assert "broken.py:1 in <module>" in verbose.err
    assert "Hunter22" not in ended.err + verbose.err


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device that is always full")
@pytest.mark.parametrize("command", ["graph password-reset", "flows --json", "flows", "--help"])
def test_a_result_that_cannot_be_written_is_said(program: Program, command: str) -> None:
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run(
            [sys.executable, "-m", "onboarding", *command.split()], cwd=program.folder, env=program.environment(),
            stdout=full, stderr=subprocess.PIPE, text=True, timeout=30, check=False,
        )  # fmt: skip
    assert ended.returncode == 1
    assert ended.stderr == "onboarding: standard output cannot be written: No space left on device\n"


def test_a_reader_that_goes_away_is_no_error_to_be_told(program: Program) -> None:
    shown = program.start("graph", "password-reset")
    assert shown.stdin is not None
    assert shown.stdout is not None
    assert shown.stderr is not None
    shown.stdin.close()
    shown.stdout.close()
    assert shown.stderr.read() == ""
    assert shown.wait(20) == 1
    shown.stderr.close()


@pytest.mark.parametrize(
    ("missing", "command", "extra"),
    [
        ("typer", "list", "cli"),
        ("rich", "--help", "cli"),
        ("starlette", "demo", "sandbox"),
        ("uvicorn", "sandbox", "sandbox"),
    ],
)
def test_a_missing_extra_is_named(missing: str, command: str, extra: str, tmp_path: Path) -> None:
    code = f"import sys; sys.modules[{missing!r}] = None; from onboarding.cli import main; main([{command!r}])"
    ended = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, check=False, capture_output=True, text=True, timeout=30
    )
    assert ended.returncode == 2
    assert ended.stderr.startswith("onboarding: ")
    assert ended.stderr.endswith(f"needs the extra '{extra}': pip install 'onboarding[{extra}]'\n")
    assert ended.stderr.count("\n") == 1
