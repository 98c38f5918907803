"""Small flows: one step of each effect, and what may follow it."""

from __future__ import annotations

from typing import Any, ClassVar

from onboarding import (
    ASK,
    Done,
    Failed,
    Flow,
    HandedOver,
    Meaning,
    Polling,
    Secret,
    Trigger,
    Waiting,
    Working,
    later,
    minutes,
    on_input,
    once,
    read,
    repeatable,
    seconds,
)

ENDS: list[Any] = [Working("doing"), Done("finished", "it is done"), Failed("refused", "it was turned away")]
WAYS: list[list[str]] = [["did", "doing", "finished"], ["turned_away", "doing", "refused"]]
TURNED_AWAY: dict[str, str] = {Meaning.NO_SUCH_USER: "turned_away"}


class Look(Flow, name="look", version=1):
    """Reads."""

    seen: str = later()
    states: ClassVar = ENDS
    transitions: ClassVar = WAYS

    @read(then="did", refused=TURNED_AWAY)
    async def doing(self, api: Any) -> None:
        self.seen = "touched"
        await api.look()


class Nudge(Flow, name="nudge", version=1):
    """Does what may be repeated."""

    seen: str = later()
    states: ClassVar = ENDS
    transitions: ClassVar = WAYS

    @repeatable(then="did", cooldown=seconds(60), at_most=3, refused=TURNED_AWAY)
    async def doing(self, api: Any) -> None:
        self.seen = "touched"
        await api.nudge()


class Change(Flow, name="change", version=1):
    """Does what must not be done twice, and can find out whether it was."""

    seen: str = later()
    states: ClassVar = ENDS
    transitions: ClassVar = WAYS

    @once(then="did", refused=TURNED_AWAY, evidence=[Meaning.MOBILE_TAKEN])
    async def doing(self, api: Any) -> None:
        self.seen = "touched"
        await api.change()

    @doing.landed
    async def has_landed(self, api: Any) -> Any:
        return await api.look()


class AskAfterChange(Flow, name="ask-after-change", version=1):
    """Does what must not be done twice, and cannot find out whether it was."""

    states: ClassVar = ENDS
    transitions: ClassVar = WAYS

    @once(then="did", refused=TURNED_AWAY, in_doubt=ASK)
    async def doing(self, api: Any) -> None:
        await api.change()


class LeadOnAfterChange(Flow, name="lead-on-after-change", version=1):
    """Does what must not be done twice, and goes another way when it cannot tell."""

    states: ClassVar = [*ENDS, Failed("lost", "nobody knows")]
    transitions: ClassVar = [*WAYS, ["cannot_tell", "doing", "lost"]]

    @once(then="did", refused=TURNED_AWAY, in_doubt="cannot_tell")
    async def doing(self, api: Any) -> None:
        await api.change()


class CodeEntry(Flow, name="code-entry", version=1):
    """Nudges, waits for a code, changes with it: five tries, three nudges."""

    password: Secret
    code: Secret = later()
    ticket: HandedOver = later()

    states: ClassVar = [
        Working("nudging", forgets=["code"]),
        Waiting("awaiting_code", up_to=minutes(10)),
        Working("changing"),
        Done("changed"),
        Failed("expired"),
        Failed("refused"),
        Failed("used_up"),
    ]
    transitions: ClassVar = [
        ["nudged", "nudging", "awaiting_code"],
        ["no_more", "nudging", "used_up"],
        ["code_entered", "awaiting_code", "changing"],
        ["resend", "awaiting_code", "nudging"],
        ["timed_out", "awaiting_code", "expired"],
        ["changed", "changing", "changed"],
        ["code_wrong", "changing", "awaiting_code", "may_try_again"],
        ["code_wrong", "changing", "refused"],
    ]

    def may_try_again(self) -> bool:
        return self.times("code_wrong") < 5

    @repeatable(then="nudged", cooldown=seconds(60), at_most=3, exhausted="no_more")
    async def nudging(self, api: Any) -> None:
        await api.nudge()

    @on_input
    def code_entered(self, code: Secret) -> None:
        self.code = code

    @once(then="changed", refused={Meaning.CODE_WRONG: "code_wrong"}, in_doubt=ASK)
    async def changing(self, api: Any) -> None:
        await api.change()
        self.ticket = self.code


class Watch(Flow, name="watch", version=1):
    """Polls until something is seen."""

    seen: str = later()

    states: ClassVar = [
        Polling("watching", every=minutes(5), up_to=minutes(60)),
        Done("seen_it"),
        Failed("overdue"),
        Failed("stopped"),
    ]
    transitions: ClassVar = [
        ["moved", "watching", "watching"],
        ["saw", "watching", "seen_it"],
        ["timed_out", "watching", "overdue"],
        ["stop", "watching", "stopped"],
    ]

    @read(otherwise=["moved", "saw"])
    async def watching(self, api: Any) -> Trigger:
        seen: str | None = await api.look()
        return seen

    @on_input
    def stop(self) -> None:
        pass
