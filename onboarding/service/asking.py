"""Asking something of a journey: a message to whoever advances it, and the verdict that comes back."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from uuid_utils import uuid7

from onboarding.engine import Journey
from onboarding.engine.asked import id_of, text_of
from onboarding.engine.messages import check_input, check_open, raise_verdict
from onboarding.errors import InvalidData, NotPossible
from onboarding.frames import clean_frames
from onboarding.journal import Message, MessageKind
from onboarding.service.opened import Opened

__all__ = ["Asking"]

_VERDICT_TIMEOUT = 10.0
"""Seconds for the owner of the journal to look at what was handed in."""


class Asking(Opened):
    """The section of ``Onboarding`` that hands something to journeys that are under way."""

    @clean_frames
    async def send(self, journey: str, name: str, /, **values: Any) -> Journey:
        """Hand an input to a journey; it is applied and durable when this returns.

        Raises:
            InputRefused: not accepted now, or no more (``retry_at`` says when, where that is known).
            InvalidData: the values do not fit.
            NotPossible: nobody advances journeys, so nobody looked at it; it was taken back.
        """
        head = await self.journal.head(id_of(journey))
        check_open(head)
        kept = check_input(self.flows[head.flow].definition, name, values, self._context)
        return await self._ask(journey, MessageKind.INPUT, name, kept)

    @clean_frames
    async def cancel(self, journey: str, reason: str = "") -> Journey:
        """End a journey where it stands. Raises ``NotPossible`` if it has ended."""
        return await self._ask(journey, MessageKind.CANCEL, "cancel", {"reason": text_of(reason, "reason")})

    @clean_frames
    async def retry(self, journey: str) -> Journey:
        """Try the present step anew: a parked journey's, or one that waits for its next try.

        In doubt, what tells whether its request took effect is asked again, and nothing sent before it has said so.

        Raises ``NotPossible`` where there is nothing to try, or where nothing but a person can tell (``resolve`` it).
        """
        return await self._ask(journey, MessageKind.RETRY, "retry", {})

    @clean_frames
    async def resolve(self, journey: str, *, landed: bool, reason: str, by: str = "") -> Journey:
        """Say what became of the request of a journey that is parked in doubt.

        Args:
            journey: its id.
            landed: whether the request took effect: then the journey goes on as after a success, else the
                request is sent again.
            reason: on which evidence; the journal keeps it.
            by: who says so.
        """
        if not isinstance(landed, bool):
            raise InvalidData("landed must be True or False: whether the request took effect")
        if not text_of(reason, "reason").strip():
            raise InvalidData("say on which evidence: reason must not be empty")
        values = {"landed": landed, "reason": reason, "by": text_of(by, "by")}
        return await self._ask(journey, MessageKind.RESOLVE, "resolve", values)

    async def _ask(self, journey: str, kind: MessageKind, name: str, values: dict[str, Any]) -> Journey:
        """Post a message, and wait for what its owner makes of it."""
        head = await self.journal.head(id_of(journey))
        number = str(uuid7())
        message = Message(
            id=number, journey=journey, kind=kind, name=name, at=self._clock.now(),
            payload=self._sealer.seal_payload(journey, number, values) if values else None,
        )  # fmt: skip
        change = self._changes.watch(journey)
        await self.journal.post(message)
        self._wake()
        until = self._clock.now() + timedelta(seconds=_VERDICT_TIMEOUT)
        while (verdict := await self.journal.verdict(number)) is None:
            if self._clock.now() >= until and await self.journal.recall(number):
                raise NotPossible(
                    f"nobody looked at it within {_VERDICT_TIMEOUT:.0f} s (the journey is {head.status.value} in "
                    f"{head.state!r}); is a worker running? (onboarding worker)"
                )
            await self._changes.pause(change, until)
            change = self._changes.watch(journey)
        raise_verdict(kind, verdict)
        return await self._get_or_view(await self.journal.head(journey))
