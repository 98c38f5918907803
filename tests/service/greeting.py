"""A small flow and its API: greet, wait for an answer, send it off."""

from __future__ import annotations

import asyncio
from typing import Any, ClassVar

from onboarding import (
    ASK,
    Done,
    Failed,
    Flow,
    Secret,
    Waiting,
    Working,
    later,
    minutes,
    on_input,
    once,
    repeatable,
    seconds,
)
from onboarding.api.endpoints import ENDPOINTS
from onboarding.api.observe import Call, announce, report

__all__ = ["Greeting", "GreetingApi"]


class GreetingApi:
    """Counts what it is asked; ``hold`` keeps an answer back until it is set."""

    def __init__(self) -> None:
        self.greeted: list[str] = []
        self.sent: list[str] = []
        self.hold: asyncio.Event | None = None
        self.under_way = asyncio.Event()

    async def greet(self, name: str) -> None:
        announce(ENDPOINTS["set_avatar"])
        self.greeted.append(name)
        _answered("set_avatar")

    async def send(self, name: str) -> None:
        announce(ENDPOINTS["reset_password"])
        self.under_way.set()
        if self.hold is not None:
            await self.hold.wait()
        self.sent.append(name)
        _answered("reset_password")


def _answered(name: str) -> None:
    endpoint = ENDPOINTS[name]
    report(Call(name, endpoint.section, endpoint.effect, "answered", 200, "m0000000", 0.0))


class Greeting(Flow, name="greeting", version=1):
    """Greets somebody, and sends the answer off."""

    name: str
    password: Secret | None = None
    answer: Secret = later()

    states: ClassVar = [
        Working("greeting"),
        Waiting("awaiting_answer", up_to=minutes(10)),
        Working("sending"),
        Done("answered"),
        Failed("silent"),
        Failed("odd"),
    ]
    transitions: ClassVar = [
        ["greeted", "greeting", "awaiting_answer"],
        ["answered", "awaiting_answer", "sending"],
        ["greet_again", "awaiting_answer", "greeting"],
        ["timed_out", "awaiting_answer", "silent"],
        ["sent", "sending", "answered"],
        ["odd", "sending", "odd"],
    ]

    @repeatable(then="greeted", cooldown=seconds(60), at_most=3)
    async def greeting(self, api: Any) -> None:
        await api.greet(self.name)

    @on_input
    def answered(self, text: Secret) -> None:
        self.answer = text

    @once(then="sent", otherwise=["odd"], in_doubt=ASK)
    async def sending(self, api: Any) -> None:
        await api.send(self.name)
