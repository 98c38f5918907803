"""What the help texts promise is there."""

from __future__ import annotations

import re
from importlib.metadata import version

import pytest
from cli_program import Program

from onboarding.api.choices import TaskType

COMMANDS = (
    "demo", "sandbox", "doctor", "flows", "graph", "run", "start", "send", "wait", "list", "show", "cancel", "retry",
    "resolve", "worker", "keys", "audit", "forget", "archive",
)  # fmt: skip


def words(text: str) -> str:
    return re.sub(r"[\s│╭╮╰╯─]+", " ", text)


def test_the_help_lists_every_command_and_what_exit_codes_say(program: Program) -> None:
    shown = program("--help")
    assert (shown.code, shown.err) == (0, "")
    assert [name for name in COMMANDS if f"│ {name} " not in shown.out] == []
    assert "3 parked: a person is needed" in words(shown.out)
    assert program.here().out == shown.out


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(program: Program, command: str) -> None:
    shown = program.here(command, "--help")
    assert (shown.code, shown.err) == (0, "")
    assert f"Usage: onboarding {command}" in words(shown.out)


def test_a_flows_help_lists_its_fields_with_their_types_and_what_is_required(program: Program) -> None:
    shown = words(program.here("run", "password-reset", "--help").out)
    assert "--phone PHONE a mobile number, such as +8613812345678 (required)" in shown
    assert "--new-password (asked) a secret: asked for, or taken from --secrets-from; refused here" in shown
    assert "--send-sms --no-send-sms" in shown
    assert "--ticket" not in shown
    watch = words(program.here("start", "task-watch", "--help").out)
    assert [kind for kind in TaskType if kind.value not in watch] == [], "whole words"
    assert "(default: 5m)" in watch
    assert "--timeout" not in watch
    assert "password-reset Reset a forgotten password" in words(program.here("run", "--help").out)


def test_the_version_is_the_packages(program: Program) -> None:
    assert program.here("--version").out == f"onboarding {version('onboarding')}\n"
