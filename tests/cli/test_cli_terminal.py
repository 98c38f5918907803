"""At a terminal a person is asked, secrets without echo; nothing of them is ever seen."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from cli_program import Program

from onboarding.sandbox import SandboxDesk

PASSWORD = "Geheim123"


def command_lines() -> str:
    """What everybody on this machine can see of every process."""
    seen = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            seen.append(path.read_text(errors="replace"))
        except OSError:
            continue
    return "\n".join(seen)


def test_a_journey_is_run_from_its_password_to_its_end_at_a_terminal(
    program: Program, desk: SandboxDesk, phone: str
) -> None:
    terminal = program.in_terminal("run", "password-reset", "--phone", phone)
    terminal.until("new password: ")
    terminal.type("")
    terminal.until("it must not be empty; once more")
    terminal.until("new password: ")
    terminal.type(PASSWORD)
    terminal.until("new password, again: ")
    terminal.type("something else")
    terminal.until("the two differ; once more")
    terminal.until("new password: ")
    terminal.type(PASSWORD)
    terminal.until("again: ")
    terminal.type(PASSWORD)
    terminal.until("code (Enter alone: other choices): ")
    assert PASSWORD not in command_lines()
    assert f"run\0password-reset\0--phone\0{phone}" in command_lines()
    first = desk.messages(phone)[-1]
    terminal.type("not-a-code")
    terminal.until("must be a verification code")
    terminal.until("code (Enter alone")
    terminal.type("")
    terminal.until("  3  leave it waiting")
    terminal.until("which? ")
    terminal.type("4")
    terminal.until("that is none of them: type a number from 1 to 3, or a name")
    terminal.until("which? ")
    terminal.type("2")
    terminal.until("requesting_code -> awaiting_code")
    terminal.until("code (Enter alone")
    second = desk.messages(phone)[-1]
    assert second.n > first.n
    terminal.type(second.code)
    terminal.until("done: password_reset: the new password works")
    assert terminal.end() == 0
    assert [each for each in (PASSWORD, first.code, second.code) if each in terminal.shown] == []


def test_ctrl_c_leaves_the_journey_and_says_how_it_goes_on(program: Program, desk: SandboxDesk, phone: str) -> None:
    terminal = program.in_terminal("run", "phone-verification", "--phone", phone)
    terminal.until("code (Enter alone")
    terminal.interrupt()
    terminal.until("the journey goes on with: onboarding wait ")
    assert terminal.end() == 130
    assert re.search(r"^onboarding: interrupted", terminal.shown, re.MULTILINE), "on a line of its own"
    journey = terminal.shown.rpartition("onboarding wait ")[2].split()[0]
    waiting = program.here("wait", journey)
    assert waiting.code == 4

    terminal = program.in_terminal("send", journey, "code_entered")
    terminal.until("code: ")
    terminal.type(desk.latest_code(phone))
    terminal.until(f"{journey} is done in phone_verified")
    assert terminal.end() == 0


def test_ctrl_c_at_the_first_question_starts_nothing(program: Program, phone: str) -> None:
    terminal = program.in_terminal("run", "password-reset", "--phone", phone)
    terminal.until("new password: ")
    terminal.interrupt()
    assert terminal.end() == 130
    assert "Traceback" not in terminal.shown
    assert not (program.folder / "journal.db").exists()


def test_a_journey_may_be_left_waiting(program: Program, phone: str) -> None:
    terminal = program.in_terminal("run", "phone-verification", "--phone", phone)
    terminal.until("code (Enter alone")
    terminal.type("")
    terminal.until("which? ")
    terminal.type("3")
    terminal.until("go on with: onboarding send ")
    assert terminal.end() == 4


@pytest.mark.parametrize(
    ("options", "settings", "said"),
    [
        (["--phone", "abc"], {}, "password-reset cannot start: phone: must be a mobile number"),
        (["--timeout", "soon"], {}, "--timeout must be a length of time"),
        ([], {"tenant_id": None, "api_token": None}, "ONBOARDING_TENANT_ID and ONBOARDING_API_TOKEN must be set"),
        ([], {"base_url": "http://example.com"}, "ONBOARDING_BASE_URL"),
        ([], {"journal": "memory://"}, "a journal in memory is gone when the command ends"),
        ([], {"journal": "nonsense"}, "ONBOARDING_JOURNAL must be sqlite:///"),
    ],
)
def test_what_can_be_refused_is_refused_before_a_password_is_asked_for(
    program: Program, options: list[str], settings: dict[str, str | None], said: str
) -> None:
    terminal = program.in_terminal("run", "password-reset", "--phone", "13800000001", *options, **settings)
    assert terminal.end() == 2
    assert said in terminal.shown
    assert "new password" not in terminal.shown
    assert not list(program.folder.iterdir())


def test_a_journal_that_cannot_be_opened_is_said_before_a_password_is_asked_for(program: Program) -> None:
    (program.folder / "journal.db").write_text("no journal at all\n")
    (program.folder / "journal.db").chmod(0o600)
    terminal = program.in_terminal("start", "password-reset", "--phone", "13800000001")
    assert terminal.end() == 1
    assert "new password" not in terminal.shown


def test_recording_a_journey_asks_for_its_password_without_an_api(program: Program) -> None:
    without: dict[str, str | None] = {"tenant_id": None, "api_token": None}
    terminal = program.in_terminal("start", "password-reset", "--phone", "13800000001", **without)
    for prompt in ("new password: ", "again: "):
        terminal.until(prompt)
        terminal.type(PASSWORD)
    assert terminal.end() == 0


def test_a_code_is_asked_for_only_where_it_can_be_handed_in(program: Program, phone: str) -> None:
    journey = program.here("run", "phone-verification", "--phone", phone).out.split()[1]
    without: dict[str, str | None] = {"tenant_id": None, "api_token": None}
    terminal = program.in_terminal("send", journey, "code_entered", **without)
    assert terminal.end() == 2
    assert "ONBOARDING_TENANT_ID and ONBOARDING_API_TOKEN must be set" in terminal.shown
    assert program.here("cancel", journey).code == 0
    late = program.in_terminal("send", journey, "code_entered")
    assert late.end() == 1
    assert "the journey was cancelled in 'awaiting_code'" in late.shown
    assert [each for each in (terminal, late) if "code: " in each.shown] == []
