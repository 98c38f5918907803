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
        (
            [*RESET, "--secrets-from", "/dev/zero"],
            "--secrets-from cannot be read: it is longer than a million characters",
        ),
        (
            ["start", "task-watch", "--user-id", "u", "--task-type", "JOB_TYPE_TA_OPEN", "--deadline", "-1d"],
            "deadline",
        ),
        ([*RESET, "--secrets-from", "nowhere.json"], "the file of --secrets-from cannot be read: No such file"),
        ([*RESET, "--timeout", "soon"], "password-reset needs --phone"),
        (["start", "task-watch", "--user-id", "u", "--task-type", "x"], "task-watch cannot start: task_type: "),
        (["start", "kyc-update", "--user-id", "u", "--changes", "{"], "--changes does not hold JSON"),
        (
            ["start", "kyc-update", "--user-id", "u", "--changes", '{"base": {"a": NaN}}'],
            "--changes does not hold JSON",
        ),
        (
            ["start", "kyc-update", "--user-id", "u", "--changes", '{"base": {"a": 1e400}}'],
            "neither checked nor stored",
        ),
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
        (["list", "--after", "nope"], "that is no journey's id: one is written in full"),
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
    again = program.here("cancel", journey)
    assert (again.code, again.sentence) == (1, "it was cancelled already, in 'awaiting_code'")
    late = program.here("send", journey, "code_entered", "--secrets-from", "-", hand_in={"code": "123456"})
    assert (late.code, late.sentence) == (1, "the journey was cancelled in 'awaiting_code'")
    wiped = program.here("show", journey, "--reveal", "new-password")
    assert (wiped.code, wiped.sentence) == (2, "new_password was wiped when the journey ended")


def test_settings_that_are_missing_are_named(program: Program) -> None:
    ended = program.here("worker", tenant_id=None, api_token=None)
    assert ended.code == 2
    assert "ONBOARDING_TENANT_ID and ONBOARDING_API_TOKEN must be set" in ended.sentence


def test_a_module_that_does_not_load_is_one_sentence_without_the_values_of_its_error(program: Program) -> None:
    (program.folder / "unloadable.py").write_text("raise RuntimeError('Hunter22')\n")
    ended = program("graph", "unloadable:Flow")
    assert (ended.code, ended.sentence) == (
        2, "the module unloadable cannot be loaded: RuntimeError at unloadable.py:1"
    )  # fmt: skip
    assert "Hunter22" not in ended.err


def test_commands_that_only_look_go_on_without_a_flow_that_does_not_load(program: Program, phone: str) -> None:
    (program.folder / "unloadable.py").write_text("from onboarding import NotThere\n")
    broken = {"flows": "unloadable:Flow"}
    journey = program.here("start", "phone-verification", "--phone", phone).out.strip()
    why = "the module unloadable cannot be loaded: ImportError at unloadable.py:1: cannot import name 'NotThere'"
    for words in (["list"], ["list", "--count"], ["show", journey], ["audit", journey]):
        looked = program.here(*words, **broken)
        assert looked.code == 0
        assert f"onboarding: {why}" in looked.err
        assert "(of ONBOARDING_FLOWS; it is left out)" in looked.err
        assert phone not in looked.err
    assert journey in program.here("list", **broken).out
    for words in (["list", "--after", "x"], ["show", journey, "--reveal", "nothing"]):
        refused = program.here(*words, **broken)
        assert refused.code != 0
        assert "left out" not in refused.sentence, "what refuses a command is said alone"
    for words in (["start", "phone-verification", "--phone", phone], ["worker", "--once"]):
        refused = program.here(*words, **broken)
        assert (refused.code, refused.out) == (2, "")
        assert refused.sentence.startswith(why)
    checked = {check["name"]: check for check in program.here("doctor", "--json", **broken).document["checks"]}
    assert checked["flows"]["found"].startswith(why)
    assert "mend the flow" in checked["flows"]["remedy"]


def test_what_a_journey_waits_for_is_said_with_the_options_that_it_takes(program: Program) -> None:
    source = (
        "from typing import ClassVar\nfrom onboarding import *\n"
        "class AddressMove(Flow, name='address-move'):\n    street: str = ''\n"
        "    states: ClassVar = [Waiting('asking', up_to=days(1)), Done('moved'), Failed('late')]\n"
        "    transitions: ClassVar = [['told', 'asking', 'moved'], ['timed_out', 'asking', 'late']]\n"
        "    @on_input\n    def told(self, new_street: str) -> None:\n        self.street = new_street\n"
    )
    (program.folder / "moving.py").write_text(source)
    settings = {"flows": "moving:AddressMove"}
    run = program.here("run", "address-move", **settings)
    journey = run.out.split()[1]
    assert (run.code, run.sentence) == (4, f"go on with: onboarding send {journey} told --new-street TEXT")
    assert "this journey of address-move" in program.here("send", journey, "--help", **settings).out
    assert program.here("send", journey, "told", "--new-street", "Elm Row", **settings).code == 0


def test_fields_that_are_refused_make_no_journal(program: Program) -> None:
    place = program.folder / "new" / "journal.db"
    place.parent.mkdir(mode=0o700)
    for command in ("start", "run"):
        refused = program.here(command, "phone-verification", "--phone", "1", journal=f"sqlite:///{place}")
        assert refused.code == 2
        assert refused.sentence.startswith("phone-verification cannot start: phone:")
    assert not list(place.parent.iterdir())


@pytest.mark.parametrize("command", ["list", "audit", "worker --once"])
def test_an_empty_file_is_not_made_a_journal_by_a_command_that_reads(program: Program, command: str) -> None:
    place = program.folder / "empty.db"
    place.touch(mode=0o600)
    refused = program.here(*command.split(), journal=f"sqlite:///{place}")
    assert (refused.code, refused.out) == (2, "")
    assert refused.sentence.startswith(f"there is no journal at {place} (the file is empty); `onboarding start` makes")
    assert program.here("doctor", journal=f"sqlite:///{place}").code == 0
    assert place.stat().st_size == 0
    assert [each.name for each in program.folder.iterdir()] == ["empty.db"]


def test_an_error_that_nobody_foresaw_is_one_sentence_without_its_text(program: Program) -> None:
    odd = (
        "from typing import ClassVar\nfrom onboarding import *\n"
        "class Odd(type(Flow)):\n    def __getattribute__(cls, name):\n"
        "        if name == 'definition':\n            raise RuntimeError('Hunter22')\n"
        "        return super().__getattribute__(name)\n"
        "class Broken(Flow, metaclass=Odd, name='broken'):\n"
        "    states: ClassVar = [Working('a'), Done('b')]\n    transitions: ClassVar = [['done', 'a', 'b']]\n"
        "    @read(then='done')\n    async def a(self, api): ...\n"
    )
    (program.folder / "broken.py").write_text(odd)
    ended = program("graph", "broken:Broken")
    assert (ended.code, ended.sentence) == (1, "an unexpected error (RuntimeError); -v (before the command) says where")
    verbose = program("-v", "graph", "broken:Broken")
    assert "broken.py:6 in __getattribute__" in verbose.err
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
