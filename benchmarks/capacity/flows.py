"""What the generated journeys wait with: a wait that does not end while something is measured."""

from __future__ import annotations

from typing import Any, ClassVar

from onboarding import Done, Failed, Flow, Trigger, Waiting, Working, days, on_input, read

__all__ = ["LongWait"]


class LongWait(Flow, name="long-wait", version=1):
    """Waits a year for a word."""

    about: str

    states: ClassVar = [
        Working("beginning"),
        Waiting("awaiting_word", up_to=days(365)),
        Done("heard", "the word was said"),
        Failed("unheard", "nobody said it"),
    ]
    transitions: ClassVar = [
        ["begun", "beginning", "awaiting_word"],
        ["word_said", "awaiting_word", "heard"],
        ["timed_out", "awaiting_word", "unheard"],
    ]

    @read(then="begun")
    async def beginning(self, _: Any) -> Trigger:
        return None

    @on_input
    def word_said(self) -> None:
        """Go on."""
