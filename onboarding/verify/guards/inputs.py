"""The guards against bad input: what is looked at before anything is done with it, and what an error may say."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import Any

from onboarding import frames
from onboarding.engine import messages
from onboarding.journal.memory import MemoryJournal
from onboarding.machine import checks
from onboarding.service import onboarding, reading
from onboarding.verify.guards.patching import in_place_of
from onboarding.verify.mutants import mutant

__all__: list[str] = []

_ADDRESSES = import_module("onboarding.machine.web_address")
_FRAME, _COMMANDS = "onboarding.cli.failure", "onboarding.cli.commands.app"
"""The program is a room above this one, and needs an extra: it is looked at only when it is there to be called."""


@mutant("picture-hosts", "a picture lies on a host that is listed", part="bad-input",
        case="must-refuse-picture-lookalike")  # fmt: skip
def _picture_hosts() -> Iterator[None]:
    with in_place_of(_ADDRESSES, "_is_allowed", lambda host, allowed: any(parent in host for parent in allowed)):
        yield


@mutant("host-numbers", "a host that is a number is an address, however it is written", part="bad-input",
        case="must-refuse-picture-by-number")  # fmt: skip
def _host_numbers() -> Iterator[None]:
    with in_place_of(_ADDRESSES, "host_name", str.lower), in_place_of(_ADDRESSES, "_is_allowed", lambda *_: True):
        yield


@mutant(
    "ids", "what is no id is not looked for, and not repeated", part="bad-input", case="must-refuse-id-that-is-none"
)
def _ids() -> Iterator[None]:
    with in_place_of(reading, "id_of", lambda journey: journey):
        yield


@mutant("texts", "a text is one that can be stored", part="bad-input", case="must-refuse-key-half-a-letter")
def _texts() -> Iterator[None]:
    with in_place_of(onboarding, "text_of", lambda value, _: value):
        yield


@mutant("moments", "a length of time is one that there can be", part="bad-input", case="must-refuse-older-than-time")
def _moments() -> Iterator[None]:
    with in_place_of(reading, "moment_before", lambda now, ago, _: None if ago is None else now - ago):
        yield


@mutant("clean-frames", "an error leaves without the variables that hold what was handed in", part="bad-input",
        case="must-refuse-field-unknown")  # fmt: skip
def _clean_frames() -> Iterator[None]:
    with in_place_of(frames, "_cut", lambda error: error):
        yield


@mutant("names-cut", "what is no name is not repeated in full", part="bad-input", case="send-60")
def _names_cut() -> Iterator[None]:
    def whole(name: object) -> str:
        return str(name)

    with in_place_of(messages, "quoted", whole), in_place_of(reading, "quoted", whole):
        yield


@mutant("recall", "what was taken back is not applied later", part="bad-input",
        case="must-refuse-message-nobody-looks-at")  # fmt: skip
def _recall() -> Iterator[None]:
    async def pretend(self: MemoryJournal, message: str) -> bool:
        del self, message
        return True

    with in_place_of(MemoryJournal, "recall", pretend):
        yield


def _passed(*_: Any) -> None: ...


@mutant("ways", "a flow is refused that has a state without a way in or out", part="bad-input",
        case="must-refuse-flow-no-way-out")  # fmt: skip
def _ways() -> Iterator[None]:
    with in_place_of(checks, "exits", _passed), in_place_of(checks, "reachable", _passed):
        yield


@mutant("doubt-declared", "a flow is refused whose once step does not say what happens in doubt", part="bad-input",
        case="must-refuse-flow-doubt-undeclared")  # fmt: skip
def _doubt_declared() -> Iterator[None]:
    with in_place_of(checks, "_check_doubt", _passed):
        yield


@mutant("last-net", "no traceback reaches a terminal", part="bad-input", case="command-2", quick=True)
def _last_net() -> Iterator[None]:
    def bare(arguments: list[str]) -> int:
        return int(import_module(_COMMANDS).command(arguments) or 0)

    with in_place_of(import_module(_FRAME), "_guarded", bare):
        yield


@mutant("one-sentence", "what is wrong with a call is said in one sentence", part="bad-input", case="command-2")
def _one_sentence() -> Iterator[None]:
    failure = import_module(_FRAME)
    say = failure.say

    def talkative(sentence: str) -> None:
        say(sentence)
        say("see the manual")

    with in_place_of(failure, "say", talkative):
        yield
